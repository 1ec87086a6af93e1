"""What one endpoint fails to say is asked of the next one; what came stays, and comes once."""

from __future__ import annotations

import socket
from typing import Any

import openai
import pytest
from endpoints import (
    BOOK,
    FIVE,
    LAMP,
    RUG,
    SHELF,
    VASE,
    Kind,
    bad,
    call,
    kinds,
    listed,
    model_of,
)
from patience import where_it_stalls
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from partialstream import (
    AttemptFailed,
    AttemptStarted,
    Hooks,
    IncompleteStreamError,
    ItemRejected,
    ItemRepaired,
    Limits,
    OutputValidationError,
    ProviderError,
    RefusalError,
    Resumed,
    RetriesExhaustedError,
    Snapshot,
)
from partialstream.testing import Answer, ReplayServer, faults

WHOLE = listed("chat", *FIVE)
IN_SHELF = (WHOLE.index("Shelf") + 2) // 4
CUT = Answer(WHOLE, fault=faults.Reset(IN_SHELF))


def provider_of(kind: Kind) -> str:
    return "anthropic" if kind == "anthropic" else "openai"


def enumerated(*products: Any) -> list[tuple[int, Any]]:
    return list(enumerate(products))


@pytest.mark.parametrize("one", ["chat", "responses"])
@kinds
@pytest.mark.parametrize("of_client", [False, True], ids=["call", "client"])
@pytest.mark.parametrize("max_retries", [0, 1])
def test_the_rest_of_a_list_is_asked_of_the_next_one(
    one: Kind, kind: Kind, asynchronous: bool, of_client: bool, max_retries: int
) -> None:
    with (
        ReplayServer([CUT] * (1 + max_retries)) as first,
        ReplayServer(listed(kind, SHELF, VASE, BOOK)) as second,
    ):
        run = call(
            [(one, first), (kind, second)],
            asynchronous=asynchronous,
            of_client=of_client,
            max_retries=max_retries,
        )
        asked = str(second.requests[0].body)
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    # The retry brought nothing new: the model began again, and broke off at the same place.
    failed = [("request", model_of(one), "openai", "disconnected")]
    failed += [("resume", model_of(one), "openai", "disconnected")] * max_retries
    last = ("resume", model_of(kind), provider_of(kind), "complete")
    assert run.told == [*failed, last]
    assert [event.kept for event in run.all(Resumed)] == [2] * (1 + max_retries)
    assert len(first.requests) == 1 + max_retries
    assert len(second.requests) == 1
    assert "Your answer was cut off after 2 complete items" in asked
    assert "Be brief." in asked, "the caller's messages are the same for all"
    assert "Lamp" in asked
    assert "Shelf" not in asked
    assert run.stream.outcome.ok


@kinds
def test_a_list_that_begins_again_is_not_delivered_twice(kind: Kind, asynchronous: bool) -> None:
    with ReplayServer(CUT) as first, ReplayServer(listed(kind, *FIVE)) as second:
        run = call([("chat", first), (kind, second)], asynchronous=asynchronous)
    assert run.error is None
    assert run.items == enumerated(*FIVE)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(WHOLE, fault=faults.Reset(IN_SHELF)), "disconnected"),
        (Answer(WHOLE, fault=faults.Disconnect(IN_SHELF)), "disconnected"),
        (Answer(WHOLE, fault=faults.EndEarly(IN_SHELF)), "disconnected"),
        (Answer(WHOLE, fault=faults.ErrorEvent(IN_SHELF)), "disconnected"),
        (Answer(WHOLE, fault=faults.LengthCut(IN_SHELF)), "truncated"),
        (Answer(WHOLE, fault=faults.Stall(IN_SHELF)), "stalled"),
        (Answer(WHOLE[: WHOLE.index("Shelf")]), "truncated"),
        (Answer(WHOLE.replace('"Shelf",', '"Shelf";')), "invalid"),
    ],
    ids=["reset", "disconnect", "end", "error", "length", "stall", "stop", "malformed"],
)
def test_whatever_breaks_a_response_off(asynchronous: bool, answer: Answer, status: str) -> None:
    rest = listed("chat", SHELF, VASE, BOOK)

    def check(idle: float) -> None:
        with ReplayServer(answer) as first, ReplayServer(rest) as second:
            run = call(
                [("chat", first), ("chat", second)],
                asynchronous=asynchronous,
                limits=Limits(idle_seconds=idle),
            )
        assert run.error is None
        assert run.items == enumerated(*FIVE)
        assert [each[3] for each in run.told] == [status, "complete"]

    where_it_stalls(answer.fault, check)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 422, 429, 500, 503])
def test_a_first_request_that_is_rejected(asynchronous: bool, status: int) -> None:
    rejected = Answer(fault=faults.HTTPError(status))
    with ReplayServer(rejected) as first, ReplayServer(WHOLE) as second:
        run = call([("chat", first), ("chat", second)], asynchronous=asynchronous)
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert [each[0] for each in run.told] == ["request", "request"]
    assert [each[3] for each in run.told] == ["empty", "complete"]
    assert len(first.requests) == len(second.requests) == 1
    assert first.requests[0].body["messages"] == second.requests[0].body["messages"]
    assert [event.number for event in run.all(AttemptStarted)] == [1, 2]
    assert [event.number for event in run.all(AttemptFailed)] == [1]
    assert run.stream.timing.first_item > 0


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_later_request_that_is_rejected(asynchronous: bool, status: int) -> None:
    rejected = Answer(fault=faults.HTTPError(status))
    with (
        ReplayServer(CUT) as first,
        ReplayServer(rejected) as second,
        ReplayServer(listed("chat", SHELF, VASE, BOOK)) as third,
    ):
        run = call([("chat", first), ("chat", second), ("chat", third)], asynchronous=asynchronous)
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert [each[0] for each in run.told] == ["request", "resume", "resume"]
    assert [each[3] for each in run.told] == ["disconnected", "empty", "complete"]
    assert second.requests[0].body["messages"] == third.requests[0].body["messages"]


def closed_port() -> str:
    """The URL of a server that is not there."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@kinds
def test_no_connection(kind: Kind, asynchronous: bool) -> None:
    with ReplayServer(listed(kind, *FIVE)) as second:
        run = call([("chat", closed_port()), (kind, second)], asynchronous=asynchronous)
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert [each[1] for each in run.told] == ["chat-model", model_of(kind)]


@pytest.mark.parametrize("max_retries", [0, 2])
def test_all_fail_to_begin(asynchronous: bool, max_retries: int) -> None:
    count = 1 + max_retries
    with (
        ReplayServer([Answer(fault=faults.HTTPError(500))] * count) as first,
        ReplayServer([Answer(fault=faults.HTTPError(401))] * count) as second,
        ReplayServer([Answer(fault=faults.HTTPError(429))] * count) as third,
    ):
        run = call(
            [("chat", first), ("chat", second), ("instructor", third)],
            asynchronous=asynchronous,
            max_retries=max_retries,
        )
    assert isinstance(run.error, RetriesExhaustedError)
    assert isinstance(run.error.__cause__, ProviderError)
    assert run.error.__cause__.status == 429
    assert isinstance(run.error.__cause__.__cause__, openai.RateLimitError)
    # A request that is rejected permanently is not made again there.
    requests = [len(server.requests) for server in (first, second, third)]
    assert requests == [count, 1, count]
    assert [each.model for each in run.error.attempts] == [
        *["chat-model"] * (count + 1),
        *["instructor-model"] * count,
    ]
    assert {each.outcome.status for each in run.error.attempts if each.outcome} == {"empty"}
    assert [each.number for each in run.error.attempts] == list(range(1, 2 * count + 2))


@kinds
def test_all_fail_in_the_middle(kind: Kind, asynchronous: bool) -> None:
    rest = listed(kind, SHELF, VASE, BOOK)
    cut = Answer(rest, fault=faults.Reset((rest.index("Vase") + 2) // 4))
    with ReplayServer(CUT) as first, ReplayServer(cut) as second:
        run = call([("chat", first), (kind, second)], asynchronous=asynchronous)
    assert run.items == enumerated(LAMP, RUG, SHELF)
    assert isinstance(run.error, RetriesExhaustedError)
    assert isinstance(run.error.__cause__, IncompleteStreamError)
    assert run.error.delivered == 3
    assert [(each.model, each.provider) for each in run.error.attempts] == [
        ("chat-model", "openai"),
        (model_of(kind), provider_of(kind)),
    ]
    assert run.stream.outcome.status == "disconnected"


def test_a_later_request_that_all_reject(asynchronous: bool) -> None:
    with ReplayServer(CUT) as first, ReplayServer(Answer(fault=faults.HTTPError(401))) as second:
        run = call([("chat", first), ("chat", second)], asynchronous=asynchronous)
    assert run.items == enumerated(LAMP, RUG)
    assert isinstance(run.error, RetriesExhaustedError)
    assert isinstance(run.error.__cause__, ProviderError)
    assert run.error.__cause__.status == 401
    assert [each[3] for each in run.told] == ["disconnected", "empty"]


@kinds
def test_invalid_items_are_repaired_by_the_next_one(kind: Kind, asynchronous: bool) -> None:
    with (
        ReplayServer(listed("chat", LAMP, bad(RUG), SHELF)) as first,
        ReplayServer(listed(kind, RUG)) as second,
    ):
        run = call([("chat", first), (kind, second)], asynchronous=asynchronous)
        asked = str(second.requests[0].body)
    assert run.error is None
    assert run.items == [(0, LAMP), (2, SHELF), (1, RUG)]
    assert [each[0] for each in run.told] == ["request", "repair"]
    assert len(run.all(ItemRejected)) == len(run.all(ItemRepaired)) == 1
    assert "1 item of your list is not valid" in asked
    assert run.stream.rejected == []


def test_invalid_items_and_the_rest_are_asked_of_the_next_ones(asynchronous: bool) -> None:
    text = listed("chat", LAMP, bad(RUG), SHELF, VASE)
    cut = Answer(text, fault=faults.Reset((text.index("Vase") + 2) // 4))
    with (
        ReplayServer(cut) as first,
        ReplayServer(listed("chat", VASE, BOOK)) as second,
        ReplayServer(listed("chat", RUG)) as third,
    ):
        run = call([("chat", first), ("chat", second), ("chat", third)], asynchronous=asynchronous)
    assert run.error is None
    assert run.items == [(0, LAMP), (2, SHELF), (3, VASE), (4, BOOK), (1, RUG)]


def test_the_caller_may_still_have_invalid_items_raised(asynchronous: bool) -> None:
    with ReplayServer(listed("chat", LAMP, bad(RUG))) as first, ReplayServer([]) as second:
        run = call(
            [("chat", first), ("chat", second)], asynchronous=asynchronous, on_invalid="raise"
        )
    assert type(run.error) is OutputValidationError
    assert second.requests == []


@pytest.mark.parametrize(
    "fault", [faults.Refusal(IN_SHELF), faults.ContentFilter(IN_SHELF)], ids=["refusal", "filter"]
)
def test_a_no_is_a_no(asynchronous: bool, fault: faults.Fault) -> None:
    with ReplayServer(Answer(WHOLE, fault=fault)) as first, ReplayServer([]) as second:
        run = call([("chat", first), ("chat", second)], asynchronous=asynchronous, max_retries=1)
    assert type(run.error) is RefusalError
    assert run.items == enumerated(LAMP, RUG)
    assert second.requests == []


def test_all_requests_count_towards_the_most_that_are_allowed(asynchronous: bool) -> None:
    with ReplayServer([CUT] * 9) as first, ReplayServer([CUT] * 9) as second:
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            max_retries=1,
            max_requests=3,
        )
    assert isinstance(run.error, RetriesExhaustedError)
    assert "3 requests were made, and no more are allowed" in str(run.error)
    assert (len(first.requests), len(second.requests)) == (2, 1)


def test_the_same_failure_twice_is_for_the_next_one(asynchronous: bool) -> None:
    with (
        ReplayServer([listed("chat", LAMP, bad(RUG)), listed("chat", bad(RUG))]) as first,
        ReplayServer(listed("chat", RUG)) as second,
    ):
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            max_retries=5,
            temperature=0,
        )
    assert run.error is None
    assert run.items == [(0, LAMP), (1, RUG)]
    assert len(first.requests) == 2


# -- objects -------------------------------------------------------------------------------


class Report(BaseModel):
    title: str
    summary: str
    score: int = Field(ge=0)


REPORT = Report(title="Lamps of the year", summary="They are brighter than before.", score=9)
OBJECT = REPORT.model_dump_json()


def snapshots_are_monotonic(run: Any) -> None:
    """From one snapshot of an attempt to the next, nothing goes away."""
    before: Report | None = None
    for event in run.values:
        if isinstance(event, AttemptStarted):
            before = None
        if not isinstance(event, Snapshot):
            continue
        now = event.value
        assert isinstance(now, Report)
        if before is not None:
            for name in before.model_fields_set:
                assert name in now.model_fields_set
                one, two = getattr(before, name), getattr(now, name)
                assert two.startswith(one) if isinstance(one, str) else one == two
        before = now


@kinds
@pytest.mark.parametrize("part", ["Lamps", "brighter", "score"])
def test_the_rest_of_an_object_is_asked_of_the_next_one(
    kind: Kind, asynchronous: bool, part: str
) -> None:
    cut = Answer(OBJECT, fault=faults.Reset((OBJECT.index(part) + 2) // 4))
    complete = {"Lamps": [], "brighter": ["title"], "score": ["title", "summary"]}[part]
    rest = REPORT.model_dump_json(exclude=set(complete))
    with ReplayServer(cut) as first, ReplayServer(rest) as second:
        run = call(
            [("chat", first), (kind, second)],
            asynchronous=asynchronous,
            method="create_partial",
            model=Report,
        )
    assert run.error is None
    assert run.all(Snapshot)[-1].value == REPORT
    assert run.told == [
        ("request", "chat-model", "openai", "disconnected"),
        ("resume", model_of(kind), provider_of(kind), "complete"),
    ]
    assert [event.kept for event in run.all(Resumed)] == [len(complete)]
    snapshots_are_monotonic(run)


@kinds
def test_an_invalid_object_is_asked_of_the_next_one(kind: Kind, asynchronous: bool) -> None:
    with (
        ReplayServer(OBJECT.replace("9", "-9")) as first,
        ReplayServer('{"score": 9}') as second,
    ):
        run = call(
            [("chat", first), (kind, second)],
            asynchronous=asynchronous,
            method="create_partial",
            model=Report,
        )
        asked = str(second.requests[0].body)
    assert run.error is None
    assert run.all(Snapshot)[-1].value == REPORT
    assert [each[0] for each in run.told] == ["request", "reask"]
    assert "greater than or equal to 0" in asked
    snapshots_are_monotonic(run)


def test_an_object_whose_first_request_is_rejected(asynchronous: bool) -> None:
    with ReplayServer(Answer(fault=faults.HTTPError(404))) as first, ReplayServer(OBJECT) as second:
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            method="create_partial",
            model=Report,
        )
    assert run.error is None
    assert run.all(Snapshot)[-1].value == REPORT


def test_what_is_told_where_no_first_request_succeeds(asynchronous: bool) -> None:
    told: list[tuple[str, int, bool]] = []
    hooks = Hooks()
    for event in ("completion:error", "completion:last_attempt"):
        hooks.on(
            event,
            lambda _, *, attempt_number, max_attempts, is_last_attempt, event=event: told.append(
                (event, attempt_number, is_last_attempt)
            ),
        )
    no = Answer(fault=faults.HTTPError(503))
    with ReplayServer(no) as first, ReplayServer(no) as second:
        run = call([("chat", first), ("chat", second)], asynchronous=asynchronous, hooks=hooks)
    assert isinstance(run.error, RetriesExhaustedError)
    assert told == [
        ("completion:error", 1, False),
        ("completion:error", 2, True),
        ("completion:last_attempt", 2, True),
    ]
    if asynchronous:  # a sync call gives no stream
        ended = [(each.number, each.outcome) for each in run.stream.attempts]
        assert ended == [(each.number, each.outcome) for each in run.error.attempts]
        assert run.stream.outcome.status == "empty"


class Titled(TypedDict):
    title: str
    score: int


def test_an_object_that_the_next_one_puts_into_a_member(asynchronous: bool) -> None:
    """What is no model is asked for as it is, or through instructor as a member of one."""
    text = '{"title": "Lamps of the year", "score": 9}'
    with (
        ReplayServer(Answer(text, fault=faults.Reset(text.index("score") // 4))) as first,
        ReplayServer(f'{{"value": {text}}}') as second,
    ):
        run = call(
            [("chat", first), ("instructor", second)],
            asynchronous=asynchronous,
            method="create_partial",
            model=Titled,
        )
        messages = second.requests[0].body["messages"]
    assert run.error is None
    assert run.all(Snapshot)[-1].value == {"title": "Lamps of the year", "score": 9}
    assert [event.kept for event in run.all(Resumed)] == [0]
    assert messages == first.requests[0].body["messages"], "it is asked for all of it"
