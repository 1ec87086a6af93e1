"""A request that says nothing is raced with the next one; who speaks first is read."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import openai
import pytest
from endpoints import (
    BOOK,
    FIVE,
    LAMP,
    MESSAGES,
    RUG,
    SHELF,
    VASE,
    Kind,
    Product,
    call,
    client_for,
    kinds,
    listed,
    model_of,
    sdk_for,
)
from extras import needs
from silent import SilentServer

from partialstream import (
    AttemptFailed,
    AttemptStarted,
    IncompleteStreamError,
    Limits,
    RateLimit,
    RefusalError,
    RetriesExhaustedError,
    from_openai,
)
from partialstream.client.sdk_arguments import input_tokens
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHIN = 0.3
PATIENT = 1.2
"""Where another request must not be raced: a busy machine may take that long for a response."""

WHOLE = listed("chat", *FIVE)
SILENT = Answer(WHOLE, first_delay=60.0)
SLOW = Answer(WHOLE, first_delay=WITHIN * 4)
LONG = listed("chat", Product(name="Lamp" * 800, price=1), BOOK)


def enumerated(*products: Any) -> list[tuple[int, Any]]:
    return list(enumerate(products))


def wait_until_no_thread_is_left() -> None:
    """Threads of races end by themselves, once their connections have."""
    until = time.monotonic() + 20
    while any(each.name == "partialstream-race" for each in threading.enumerate()):
        assert time.monotonic() < until, "a thread of a race is left"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    wait_until_no_thread_is_left()


def test_who_speaks_in_time_is_not_raced(asynchronous: bool) -> None:
    with ReplayServer(WHOLE) as first, ReplayServer([]) as second:
        run = call(
            [("chat", first), ("chat", second)], asynchronous=asynchronous, first_delta_within=30.0
        )
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert len(run.told) == 1
    assert second.requests == []


@kinds
@pytest.mark.parametrize("of_client", [False, True], ids=["call", "client"])
def test_a_silent_one_is_raced_with_the_next(
    kind: Kind, asynchronous: bool, of_client: bool
) -> None:
    with ReplayServer(SILENT) as first, ReplayServer(listed(kind, *FIVE)) as second:
        run = call(
            [("chat", first), (kind, second)],
            asynchronous=asynchronous,
            of_client=of_client,
            first_delta_within=WITHIN,
        )
        assert first.requests[0].wait_hung_up(10)
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert [each[:2] for each in run.told] == [
        ("request", "chat-model"),
        ("request", model_of(kind)),
    ]
    assert [each[3] for each in run.told] == ["cancelled", "complete"]
    lost, won = run.stream.attempts
    assert "said something first" in lost.outcome.detail
    assert lost.usage is None
    assert (lost.number, won.number) == (1, 2)
    assert [event.number for event in run.all(AttemptStarted)] == [1, 2]
    assert run.all(AttemptFailed) == []
    # Not since the first one arrived, which takes a while on a busy machine.
    assert second.requests[0].received_at - run.began >= WITHIN * 0.9
    assert run.stream.timing.first_item >= WITHIN * 0.9


def test_headers_that_do_not_come_are_silence(asynchronous: bool) -> None:
    with SilentServer() as first, ReplayServer(WHOLE) as second:
        run = call(
            [("chat", first.url), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
        )
        assert first.wait_hung_up()
        time.sleep(0.5)
        assert first.requests == 1, "the SDK does not try again"
    assert run.error is None
    assert run.items == enumerated(*FIVE)


@needs("providers", "anthropic")
@pytest.mark.parametrize("kind", ["anthropic", "instructor"])
def test_an_sdk_that_retries_by_itself_gives_up(kind: Any, asynchronous: bool) -> None:
    """Instructor's clients keep the retries of their SDKs."""

    async def main() -> list[Any]:
        async with sdk_for(kind, first.url, asynchronous=True) as one:
            async with sdk_for("chat", second.url, asynchronous=True) as two:
                one.max_retries = 2
                stream = client_for(kind, one).create_iterable(**arguments(from_openai(two)))
                return [item async for item in stream]

    def arguments(other: Any) -> dict[str, Any]:
        return {
            "response_model": Product,
            "messages": MESSAGES,
            "first_delta_within": WITHIN,
            "fallbacks": [(other, "m")],
        }

    with SilentServer() as first, ReplayServer(WHOLE) as second:
        if asynchronous:
            items = asyncio.run(main())
        else:
            with (
                sdk_for(kind, first.url, asynchronous=False) as one,
                sdk_for("chat", second.url, asynchronous=False) as two,
            ):
                one.max_retries = 2
                items = list(client_for(kind, one).create_iterable(**arguments(from_openai(two))))
        assert first.wait_hung_up()
    assert items == FIVE


def test_pings_and_the_role_are_silence(asynchronous: bool) -> None:
    comments = Answer(
        pieces=[*[""] * 60, WHOLE], tokens_per_second=3, fault=faults.Comments(every=1)
    )
    with ReplayServer(comments) as first, ReplayServer(WHOLE) as second:
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
        )
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert [each[3] for each in run.told] == ["cancelled", "complete"]


def test_reasoning_is_no_silence(asynchronous: bool) -> None:
    words = round(PATIENT * 60 * 1.5)
    thinking = Answer(WHOLE, reasoning="Well" * words, tokens_per_second=60)
    with ReplayServer(thinking) as first, ReplayServer([]) as second:
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=PATIENT,
        )
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert second.requests == []


def test_it_is_raced_with_itself_where_there_is_no_other(asynchronous: bool) -> None:
    with ReplayServer([SILENT, WHOLE]) as server:
        run = call([("chat", server)], asynchronous=asynchronous, first_delta_within=PATIENT)
        assert server.requests[0].wait_hung_up(10)
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert len(server.requests) == 2
    assert server.requests[0].body == server.requests[1].body
    assert {item.attempt for item in run.values if hasattr(item, "index")} == {2}


def test_the_first_may_still_win(asynchronous: bool) -> None:
    with ReplayServer(SLOW) as first, ReplayServer(SILENT) as second:
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
        )
        assert second.requests[0].wait_hung_up(10)
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert [each[3] for each in run.told] == ["complete", "cancelled"]
    assert [each.number for each in run.stream.attempts] == [1, 2]


def test_after_as_much_silence_again_the_next_one_joins(asynchronous: bool) -> None:
    with (
        ReplayServer(SILENT) as first,
        SilentServer() as second,
        ReplayServer(WHOLE) as third,
    ):
        run = call(
            [("chat", first), ("chat", second.url), ("instructor", third)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
            mode="json_schema",
        )
        assert first.requests[0].wait_hung_up(10)
        assert second.wait_hung_up()
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert [each[3] for each in run.told] == ["cancelled", "cancelled", "complete"]
    assert third.requests[0].received_at - run.began >= WITHIN * 1.8


def test_all_of_them_count(asynchronous: bool) -> None:
    with ReplayServer(SLOW) as first, ReplayServer([]) as second:
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
            max_requests=1,
        )
    assert run.error is None
    assert second.requests == []


@pytest.mark.parametrize("fault", [faults.HTTPError(401), faults.ErrorEvent(0)])
def test_the_other_goes_on_where_one_fails(asynchronous: bool, fault: faults.Fault) -> None:
    for place in (0, 1):
        failing = Answer(WHOLE, fault=fault, first_delay=WITHIN * 1.5 if place == 0 else 0.0)
        answers = [failing, SLOW] if place == 0 else [SLOW, failing]
        with ReplayServer(answers[0]) as first, ReplayServer(answers[1]) as second:
            run = call(
                [("chat", first), ("chat", second)],
                asynchronous=asynchronous,
                first_delta_within=WITHIN,
            )
        assert run.error is None
        assert run.items == enumerated(*FIVE)
        statuses = [each[3] for each in run.told]
        assert statuses[1 - place] == "complete"
        assert statuses[place] in ("empty", "disconnected")
        assert [event.number for event in run.all(AttemptFailed)] == [place + 1]


def test_one_that_failed_in_a_race_is_not_asked_again(asynchronous: bool) -> None:
    # The second one is asked before the first one speaks, and the third one would be after that.
    place = (WHOLE.index("Shelf") + 2) // 4
    cut = Answer(WHOLE, first_delay=PATIENT * 1.5, fault=faults.Reset(place))
    with (
        ReplayServer(cut) as first,
        ReplayServer(Answer(fault=faults.HTTPError(401))) as second,
        ReplayServer(listed("chat", SHELF, VASE, BOOK)) as third,
    ):
        run = call(
            [("chat", first), ("chat", second), ("chat", third)],
            asynchronous=asynchronous,
            first_delta_within=PATIENT,
        )
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert [each[3] for each in run.told] == ["disconnected", "empty", "complete"]
    assert len(second.requests) == 1


def test_all_of_them_fail(asynchronous: bool) -> None:
    with (
        ReplayServer(Answer(fault=faults.HTTPError(500), first_delay=WITHIN * 4)) as first,
        ReplayServer(Answer(fault=faults.HTTPError(401))) as second,
    ):
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
        )
    assert isinstance(run.error, RetriesExhaustedError)
    assert [each[3] for each in run.told] == ["empty", "empty"]
    assert [each.number for each in run.error.attempts] == [1, 2]


def test_its_own_errors_stay_the_sdks_without_fallbacks(asynchronous: bool) -> None:
    with ReplayServer(Answer(fault=faults.HTTPError(401))) as server:
        run = call([("chat", server)], asynchronous=asynchronous, first_delta_within=30.0)
    assert isinstance(run.error, openai.AuthenticationError)
    assert len(server.requests) == 1


def test_a_refusal_wins(asynchronous: bool) -> None:
    with ReplayServer(SILENT) as first, ReplayServer(Answer(refusal="No.")) as second:
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
        )
    assert isinstance(run.error, RefusalError)


def test_later_requests_are_raced_too(asynchronous: bool) -> None:
    cut = Answer(WHOLE, fault=faults.Reset((WHOLE.index("Shelf") + 2) // 4))
    with (
        ReplayServer([cut, SILENT]) as first,
        ReplayServer(listed("instructor", SHELF, VASE, BOOK)) as second,
    ):
        run = call(
            [("chat", first), ("instructor", second)],
            asynchronous=asynchronous,
            first_delta_within=PATIENT,
            max_retries=1,
        )
        assert first.requests[1].wait_hung_up(10)
        asked = str(second.requests[0].body)
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert [(each[0], each[3]) for each in run.told] == [
        ("request", "disconnected"),
        ("resume", "cancelled"),
        ("resume", "complete"),
    ]
    assert "Your answer was cut off after 2 complete items" in asked
    assert "Lamp" in asked


def test_who_loses_has_cost_the_input_of_its_own_request(asynchronous: bool) -> None:
    cut = Answer(LONG, fault=faults.LengthCut(len(LONG) // 4 - 2))
    with ReplayServer([cut, SILENT, listed("chat", BOOK)]) as server:
        run = call(
            [("chat", server)],
            asynchronous=asynchronous,
            first_delta_within=PATIENT,
            max_retries=1,
            max_requests=3,
        )
        asked = [input_tokens(each.body) for each in server.requests]
    assert run.error is None
    assert [each[0] for each in run.told] == ["request", "resume", "resume"]
    assert asked[1] > 5 * asked[0]
    assert run.stream.attempts[1].estimated_input_tokens == asked[1]


def test_who_wins_and_is_cut_has_cost_the_input_of_its_own_request(asynchronous: bool) -> None:
    cut = Answer(LONG, fault=faults.LengthCut(len(LONG) // 4 - 2))
    torn = Answer(listed("chat", BOOK), fault=faults.Reset(1))
    with ReplayServer([cut, SILENT]) as first, ReplayServer(torn) as second:
        run = call(
            [("instructor", first), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=PATIENT,
            max_retries=1,
            max_requests=3,
        )
        asked = second.requests[0].body
    assert [(each[0], each[3]) for each in run.told] == [
        ("request", "truncated"),
        ("resume", "cancelled"),
        ("resume", "disconnected"),
    ]
    last = run.stream.attempts[-1]
    assert last.estimated_input_tokens == input_tokens(asked) > len(LONG) // 4
    assert isinstance(run.error, RetriesExhaustedError)
    assert run.error.create_kwargs["messages"] == asked["messages"]


def test_a_repair_is_raced(asynchronous: bool) -> None:
    invalid = listed("chat", LAMP, '{"name": "Rug", "price": -2}')
    with (
        ReplayServer([invalid, SILENT]) as first,
        ReplayServer(listed("instructor", RUG)) as second,
    ):
        run = call(
            [("chat", first), ("instructor", second)],
            asynchronous=asynchronous,
            first_delta_within=PATIENT,
            max_retries=1,
        )
    assert run.error is None
    assert run.items == [(0, LAMP), (1, RUG)]
    assert [each[0] for each in run.told] == ["request", "repair", "repair"]


def test_an_object(asynchronous: bool) -> None:
    with ReplayServer(SILENT) as first, ReplayServer('{"name": "Lamp", "price": 1}') as second:
        run = call(
            [("chat", first), ("instructor", second)],
            asynchronous=asynchronous,
            method="create_partial",
            first_delta_within=WITHIN,
        )
    assert run.error is None
    assert run.stream.outcome.ok


def test_the_deadline_ends_a_race(asynchronous: bool) -> None:
    with ReplayServer(SILENT) as first, SilentServer() as second:
        run = call(
            [("chat", first), ("chat", second.url)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
            deadline=WITHIN * 4,
        )
        assert first.requests[0].wait_hung_up(10)
        assert second.wait_hung_up()
    assert isinstance(run.error, IncompleteStreamError)
    assert run.error.outcome is not None
    assert run.error.outcome.status == "stalled"


def test_both_speak_at_once(asynchronous: bool) -> None:
    within = WITHIN / 3
    for _ in range(10):
        with (
            ReplayServer(Answer(WHOLE, first_delay=within + 0.02)) as first,
            ReplayServer(Answer(WHOLE, first_delay=0.0)) as second,
        ):
            run = call(
                [("chat", first), ("chat", second)],
                asynchronous=asynchronous,
                first_delta_within=within,
            )
        assert run.error is None
        assert run.items == enumerated(*FIVE)
        assert sorted(each[3] for each in run.told) in (["cancelled", "complete"], ["complete"])


# -- leaving a race ------------------------------------------------------------------------


def test_cancelling_the_task() -> None:
    async def main() -> None:
        async with (
            sdk_for("chat", first.url, asynchronous=True) as one,
            sdk_for("chat", second.url, asynchronous=True) as two,
        ):
            stream = from_openai(one).create_iterable(
                response_model=Product,
                model="m",
                messages=MESSAGES,
                fallbacks=[(from_openai(two), "m")],
                first_delta_within=WITHIN,
            )

            async def read() -> None:
                async for _ in stream:
                    pass

            task = asyncio.create_task(read())
            await asyncio.to_thread(second.wait_asked)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(first.requests[0].wait_hung_up, 10)
            assert await asyncio.to_thread(second.wait_hung_up)
            assert stream.outcome.status == "cancelled"

    with ReplayServer(SILENT) as first, SilentServer() as second:
        asyncio.run(main())


@pytest.mark.parametrize("backend", ["asyncio", pytest.param("trio", marks=needs("dev", "trio"))])
def test_closing_the_stream_from_another_task(backend: str) -> None:
    async def main() -> None:
        async with (
            sdk_for("chat", first.url, asynchronous=True) as one,
            sdk_for("chat", second.url, asynchronous=True) as two,
        ):
            stream = from_openai(one).create_iterable(
                response_model=Product,
                model="m",
                messages=MESSAGES,
                fallbacks=[(from_openai(two), "m")],
                first_delta_within=WITHIN,
            )
            items: list[Any] = []

            async def read() -> None:
                async for item in stream:
                    items.append(item)  # noqa: PERF401 - as a user would

            async with anyio.create_task_group() as group:
                group.start_soon(read)
                assert await anyio.to_thread.run_sync(second.wait_asked)
                await stream.close()
            assert items == []
            assert await anyio.to_thread.run_sync(first.requests[0].wait_hung_up, 10)
            assert await anyio.to_thread.run_sync(second.wait_hung_up)
            assert stream.outcome.status == "cancelled"
            assert [each.outcome.status for each in stream.attempts] == ["cancelled"] * 2

    with ReplayServer(SILENT) as first, SilentServer() as second:
        anyio.run(main, backend=backend)


def test_closing_the_stream_from_another_thread() -> None:
    cut = Answer(WHOLE, fault=faults.Reset((WHOLE.index("Shelf") + 2) // 4))
    items: list[Any] = []
    with (
        ReplayServer([cut, SILENT]) as first,
        SilentServer() as second,
        sdk_for("chat", first.url, asynchronous=False) as one,
        sdk_for("chat", second.url, asynchronous=False) as two,
    ):
        stream = from_openai(one).create_iterable(
            response_model=Product,
            model="m",
            messages=MESSAGES,
            fallbacks=[(from_openai(two), "m")],
            first_delta_within=PATIENT,
            max_retries=1,
        )

        def read() -> None:
            items.extend(stream)

        thread = threading.Thread(target=read)
        thread.start()
        assert second.wait_asked()
        stream.close()
        thread.join(10)
        assert not thread.is_alive()
        assert first.requests[1].wait_hung_up(10)
        assert second.wait_hung_up()
    assert items == [LAMP, RUG]
    assert stream.outcome.status == "cancelled"


def test_breaking_after_the_race_closes_the_winner(asynchronous: bool) -> None:
    stalled = Answer(WHOLE, fault=faults.Stall((WHOLE.index("Shelf") + 2) // 4))

    async def main() -> None:
        async with (
            sdk_for("chat", first.url, asynchronous=True) as one,
            sdk_for("chat", second.url, asynchronous=True) as two,
        ):
            async for _ in from_openai(one).create_iterable(**arguments(two)):
                break
            assert await asyncio.to_thread(first.wait_hung_up)
            assert await asyncio.to_thread(second.requests[0].wait_hung_up, 10)

    def arguments(two: Any) -> dict[str, Any]:
        return {
            "response_model": Product,
            "model": "m",
            "messages": MESSAGES,
            "fallbacks": [(from_openai(two), "m")],
            "first_delta_within": WITHIN,
        }

    with SilentServer() as first, ReplayServer(stalled) as second:
        if asynchronous:
            asyncio.run(main())
            return
        with (
            sdk_for("chat", first.url, asynchronous=False) as one,
            sdk_for("chat", second.url, asynchronous=False) as two,
        ):
            for _ in from_openai(one).create_iterable(**arguments(two)):
                break
            assert first.wait_hung_up()
            assert second.requests[0].wait_hung_up(10)


# -- rate limits ---------------------------------------------------------------------------


def test_a_wait_for_the_rate_limit_is_no_silence(asynchronous: bool) -> None:
    limit = RateLimit(requests_per_minute=60)

    def hold(others: list[Any]) -> list[Any]:
        limit._hold(WITHIN * 5)  # where the call begins, and not before its clients are made
        return others

    with ReplayServer([WHOLE]) as first, ReplayServer([]) as second:
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN * 3,
            limit=limit,
            changed=hold,
        )
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert [each[3] for each in run.told] == ["complete"]
    assert limit.waited >= WITHIN * 4.5
    assert second.requests == []


def test_silence_counts_from_when_it_is_sent(asynchronous: bool) -> None:
    limit = RateLimit(requests_per_minute=60)
    held = time.perf_counter()
    limit._hold(WITHIN * 3)
    with ReplayServer(SILENT) as first, ReplayServer(WHOLE) as second:
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
            limit=limit,
        )
    assert run.error is None
    assert [each[3] for each in run.told] == ["cancelled", "complete"]
    assert second.requests[0].received_at - held >= WITHIN * 3.9
    assert run.stream.attempts[0].estimated_input_tokens > 0


def test_who_loses_before_it_was_sent_has_cost_nothing(asynchronous: bool) -> None:
    limit = RateLimit(requests_per_minute=20)  # which the same request once more waits for
    with ReplayServer([SLOW]) as server:
        run = call(
            [("chat", server)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN / 2,
            max_requests=3,
            limit=limit,
        )
        assert len(server.requests) == 1
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    won, lost = run.stream.attempts  # and no third, while the second waits
    assert won.outcome.status == "complete"
    assert "before it was this one's turn" in lost.outcome.detail
    assert (lost.estimated_input_tokens, lost.usage, lost.cost) == (0, None, 0.0)
    wait_until_no_thread_is_left()  # which leaves the queue
    assert (limit.open, limit.waiting) == (0, 0)


def test_who_loses_before_it_was_sent_does_not_count(asynchronous: bool) -> None:
    limit = RateLimit(requests_per_minute=30)
    cut = replace(SLOW, fault=faults.LengthCut(20))
    with ReplayServer([cut, WHOLE]) as server:
        run = call(
            [("chat", server)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN / 2,
            max_retries=1,
            max_requests=2,
            limit=limit,
        )
        assert len(server.requests) == 2
    assert [each[3] for each in run.told][:2] == ["truncated", "empty"]
    assert [each.number for each in run.stream.attempts] == [1, 2, 3]


# -- the option ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind"),
    [("2", TypeError), (True, TypeError), (0, ValueError), (-1, ValueError), (1e999, ValueError)],
)
def test_what_is_no_number_of_seconds_is_refused(value: Any, kind: type[Exception]) -> None:
    sdk = openai.OpenAI(api_key="-")
    with pytest.raises(kind, match="first_delta_within= must be a"):
        from_openai(sdk, first_delta_within=value)
    with pytest.raises(kind, match="first_delta_within= must be a"):
        from_openai(sdk).create_iterable(
            response_model=Product, model="m", messages=MESSAGES, first_delta_within=value
        )


def test_it_is_for_streams() -> None:
    with ReplayServer([WHOLE]) as server, sdk_for("chat", server.url, asynchronous=False) as sdk:
        client = from_openai(sdk, first_delta_within=WITHIN)
        with pytest.raises(TypeError, match="first_delta_within= is for streams"):
            client.create(
                response_model=Product, model="m", messages=MESSAGES, first_delta_within=2.0
            )
        # That of the client is for its streams alone.
        found = client.create(response_model=list[Product], model="m", messages=MESSAGES)
    assert found == FIVE


def test_an_argument_that_a_fallback_does_not_take_does_not_end_the_race(
    asynchronous: bool,
) -> None:
    with ReplayServer(SLOW) as first, ReplayServer([]) as second:
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
            changed=lambda others: [(others[0][0], {"model": "m", "no_such_argument": 1})],
        )
    assert run.error is None
    assert run.items == enumerated(*FIVE)
    assert [each[3] for each in run.told] == ["complete", "empty"]
    assert "no_such_argument" in run.stream.attempts[1].outcome.detail


def test_a_silence_that_takes_too_long_ends_them_all_once(asynchronous: bool) -> None:
    pings = Answer(pieces=[""] * 200, tokens_per_second=20, fault=faults.Comments())
    with ReplayServer(pings) as first, ReplayServer(pings) as second:
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            first_delta_within=WITHIN,
            limits=Limits(idle_seconds=1.5),
        )
    assert isinstance(run.error, RetriesExhaustedError)
    assert [each[3] for each in run.told] == ["stalled", "stalled"]
    last = run.stream.attempts[-1]
    assert last.duration < 2 * 1.5, "the wait is not begun anew when the race is over"
