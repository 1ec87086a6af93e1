"""What breaks off is resumed, whatever broke it; what cannot be helped is raised at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest
from client_runs import conversation, instruction
from patience import where_it_stalls
from retry_lists import LAMP, RUG, SHELF, Product, bad, behind, listed, read, text_of, within
from retry_runs import words

from partialstream import (
    AttemptFailed,
    AttemptStarted,
    IncompleteStreamError,
    Item,
    JSONSyntaxError,
    LimitExceededError,
    Limits,
    Prompts,
    ProviderError,
    RefusalError,
    RetriesExhaustedError,
)
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from retry_runs import Caller

pytestmark = pytest.mark.usefixtures("no_waits")

THREE = text_of(LAMP, RUG, SHELF)
IN_RUG = within(THREE, "Rug")
CUT = Answer(THREE, fault=faults.Reset(IN_RUG))
REST = listed(RUG, SHELF)
NO_SDK_RETRIES = {"max_retries": 0}


def values(run: Any) -> list[Any]:
    return [item.value for item in run.all(Item)]


def causes(run: Any) -> list[str]:
    return [attempt.cause for attempt in run.stream.attempts]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(THREE, fault=faults.Reset(IN_RUG)), "disconnected"),
        (Answer(THREE, fault=faults.Disconnect(IN_RUG)), "disconnected"),
        (Answer(THREE, fault=faults.EndEarly(IN_RUG)), "disconnected"),
        (Answer(THREE, fault=faults.ErrorEvent(IN_RUG)), "disconnected"),
        (Answer(THREE, fault=faults.LengthCut(IN_RUG)), "truncated"),
        (Answer(THREE, fault=faults.Stall(IN_RUG)), "stalled"),
        (Answer(THREE[: THREE.index("Rug")]), "truncated"),
        (Answer(THREE.replace('"Rug",', '"Rug";')), "invalid"),
    ],
    ids=["reset", "disconnect", "end", "error", "length", "stall", "stop", "malformed"],
)
def test_what_breaks_off_is_resumed(caller: Caller, mode: str, answer: Answer, status: str) -> None:
    def check(idle: float) -> None:
        limits = Limits(idle_seconds=idle)
        run, requests = read(caller, [answer, REST], mode=mode, limits=limits, max_retries=1)
        assert run.error is None
        assert values(run) == [LAMP, RUG, SHELF]
        assert causes(run) == ["request", "resume"]
        assert run.stream.attempts[0].outcome.status == status
        assert run.stream.outcome.status == "complete"
        if isinstance(answer.fault, faults.Stall):
            assert requests[0].wait_hung_up(10.0), "the connection that stalled is not kept"

    where_it_stalls(answer.fault, check)


def test_a_list_that_begins_again_is_not_delivered_twice(caller: Caller, mode: str) -> None:
    run, _ = read(caller, [CUT, THREE], mode=mode, max_retries=1)
    assert [(item.index, item.value) for item in run.all(Item)] == [
        (0, LAMP),
        (1, RUG),
        (2, SHELF),
    ]


@pytest.mark.parametrize("fault", [faults.Reset(2), faults.LengthCut(2)], ids=["reset", "length"])
def test_an_answer_that_brings_nothing_is_asked_for_again(
    caller: Caller, fault: faults.Fault
) -> None:
    run, requests = read(caller, [Answer(THREE, fault=fault), THREE], max_retries=1)
    assert values(run) == [LAMP, RUG, SHELF]
    said = conversation(requests[1].body)[1:]
    if isinstance(fault, faults.Reset):
        assert said == [], "the model has said nothing wrong"
    else:
        (instruction,) = said
        assert instruction["content"].startswith("Your answer was cut off before its first item")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_follow_up_that_is_turned_away_for_now_is_made_again(caller: Caller, status: int) -> None:
    answers = [CUT, Answer(fault=faults.HTTPError(status)), REST]
    run, requests = read(caller, answers, sdk=NO_SDK_RETRIES, max_retries=2)
    assert run.error is None
    assert values(run) == [LAMP, RUG, SHELF]
    assert causes(run) == ["request", "resume", "resume"]
    assert requests[1].body == requests[2].body


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (404, openai.NotFoundError),
        (422, openai.UnprocessableEntityError),
    ],
)
def test_a_follow_up_that_is_turned_away_for_good_is_not(
    caller: Caller, status: int, kind: type[Exception]
) -> None:
    answers = [CUT, Answer(fault=faults.HTTPError(status))]
    run, requests = read(caller, answers, sdk=NO_SDK_RETRIES, max_retries=5)
    assert values(run) == [LAMP]
    assert type(run.error) is ProviderError
    assert isinstance(run.error.__cause__, kind)
    assert run.error.status == status
    assert run.error.delivered == 1
    assert len(requests) == 2
    # It has changed nothing: the list is as it was.
    first, second = run.stream.attempts
    outcome = run.stream.outcome
    assert run.error.outcome is outcome
    assert outcome.status == first.outcome.status
    assert outcome.tail == first.outcome.tail
    assert outcome.detail.startswith("the resume request was rejected: ")
    assert (second.outcome.status, second.outcome.detail) == ("empty", outcome.detail)


def test_a_first_request_that_is_turned_away_is_the_sdks_to_make_again(caller: Caller) -> None:
    """Unless there are retries of ours, of which it is one then."""
    busy = Answer(fault=faults.HTTPError(429, retry_after=0.01))
    for retries in (0, 1):
        run, requests = read(caller, [busy, THREE], sdk={"max_retries": 1}, max_retries=retries)
        assert values(run) == [LAMP, RUG, SHELF]
        assert len(requests) == 2
        assert causes(run) == ["request"] * (1 + retries)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_first_request_that_is_turned_away_is_made_again_within_the_budget(
    caller: Caller, status: int
) -> None:
    busy = Answer(fault=faults.HTTPError(status))
    run, requests = read(caller, [busy, busy, THREE], sdk=NO_SDK_RETRIES, max_retries=2)
    assert run.error is None
    assert values(run) == [LAMP, RUG, SHELF]
    assert causes(run) == ["request", "request", "request"]
    assert [each.outcome.status for each in run.stream.attempts] == ["empty", "empty", "complete"]
    assert {item.attempt for item in run.all(Item)} == {3}
    assert requests[0].body == requests[1].body == requests[2].body
    assert [event.number for event in run.all(AttemptStarted)] == [1, 2, 3]
    assert [event.number for event in run.all(AttemptFailed)] == [1, 2]


def test_it_is_the_sdks_own_error_when_the_budget_is_spent(caller: Caller) -> None:
    busy = Answer(fault=faults.HTTPError(429))
    for options, count in (
        ({"max_retries": 0}, 1),
        ({"max_retries": 2}, 3),
        ({"max_retries": 5, "max_requests": 2}, 2),
    ):
        run, requests = read(caller, [busy] * 9, sdk=NO_SDK_RETRIES, **options)
        assert isinstance(run.error, openai.RateLimitError)
        assert len(requests) == count


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_first_request_that_is_turned_away_for_good_is_not_made_again(
    caller: Caller, status: int
) -> None:
    no = Answer(fault=faults.HTTPError(status))
    run, requests = read(caller, [no, THREE], sdk=NO_SDK_RETRIES, max_retries=5)
    assert isinstance(run.error, openai.APIStatusError)
    assert len(requests) == 1


@pytest.mark.parametrize("answers", [[], [CUT]], ids=["the first request", "a later one"])
def test_it_is_made_again_when_the_server_says(caller: Caller, answers: list[Any]) -> None:
    busy = Answer(fault=faults.HTTPError(429, retry_after=0.4))
    last = REST if answers else THREE
    run, requests = read(caller, [*answers, busy, last], sdk=NO_SDK_RETRIES, max_retries=2)
    assert values(run) == [LAMP, RUG, SHELF]
    assert requests[-1].received_at - requests[-2].received_at >= 0.4


def test_a_server_that_is_gone_is_given_up(caller: Caller) -> None:
    with ReplayServer(CUT) as server:
        calls = caller(server, **NO_SDK_RETRIES)

        def close(_: Any) -> None:
            server.close()

        run = calls.events(
            "create_iterable",
            response_model=Product,
            max_retries=1,
            prompts=_prompts_that_call(close),
        )
    assert values(run) == [LAMP]
    assert isinstance(run.error, RetriesExhaustedError)
    assert run.stream.outcome.status == "disconnected"
    assert isinstance(run.error.__cause__, IncompleteStreamError)
    assert isinstance(run.error.__cause__.__cause__, openai.APIConnectionError)


def _prompts_that_call(function: Any) -> Any:
    def resume(count: int, shown: int) -> str:
        function(count)
        return "Go on."

    return Prompts(resume=resume)


@pytest.mark.parametrize(
    ("fault", "status"),
    [(faults.Refusal(IN_RUG), "refused"), (faults.ContentFilter(IN_RUG), "filtered")],
)
def test_a_no_is_a_no(caller: Caller, mode: str, fault: faults.Fault, status: str) -> None:
    run, requests = read(caller, [Answer(THREE, fault=fault), REST], mode=mode, max_retries=3)
    assert values(run) == [LAMP]
    assert type(run.error) is RefusalError
    assert run.error.outcome.status == run.stream.outcome.status == status
    assert len(requests) == 1


def test_a_no_to_a_repair_is_a_no(caller: Caller) -> None:
    no = Answer(text_of(RUG), fault=faults.Refusal(2))
    run, requests = read(caller, [listed(LAMP, bad(RUG)), no], max_retries=3)
    assert values(run) == [LAMP]
    assert isinstance(run.error, RefusalError)
    assert [item.index for item in run.stream.rejected] == [1]
    assert len(requests) == 2


def test_a_limit_is_a_limit(caller: Caller) -> None:
    long = listed(LAMP, Product(name=words(50), price=1))
    run, requests = read(caller, [long, REST], limits=Limits(item_size=100), max_retries=3)
    assert values(run) == [LAMP]
    assert type(run.error) is LimitExceededError
    assert len(requests) == 1


def test_what_follows_the_whole_list_takes_nothing_from_it(caller: Caller, mode: str) -> None:
    whole = len(THREE) // 4 + 1
    for fault in (faults.Reset(whole), faults.ErrorEvent(whole), faults.EndEarly(whole)):
        run, requests = read(caller, [Answer(THREE, fault=fault)], mode=mode, max_retries=1)
        assert run.error is None, fault
        assert values(run) == [LAMP, RUG, SHELF]
        assert len(requests) == 1


def test_the_same_malformed_answer_twice_is_not_paid_for_again(caller: Caller) -> None:
    malformed = text_of("{nothing}")
    answers = [text_of(LAMP, "{nothing}"), *[malformed] * 5]
    run, requests = read(caller, answers, max_retries=5, temperature=0)
    assert values(run) == [LAMP]
    assert isinstance(run.error, RetriesExhaustedError)
    assert isinstance(run.error.__cause__, JSONSyntaxError)
    assert len(requests) == 3


def test_a_repair_that_breaks_off_goes_on_repairing(caller: Caller) -> None:
    both = text_of(LAMP, RUG)
    answers = [
        listed(bad(LAMP), bad(RUG), SHELF),
        Answer(both, fault=faults.Reset(behind(both, '"price": 1}'))),
        listed(RUG),
    ]
    run, requests = read(caller, answers, max_retries=1)
    assert [(item.index, item.value) for item in run.all(Item)] == [
        (2, SHELF),
        (0, LAMP),
        (1, RUG),
    ]
    assert causes(run) == ["request", "repair", "repair"]
    assert bad(LAMP) not in instruction(requests[2].body)
