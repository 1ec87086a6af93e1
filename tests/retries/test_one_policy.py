"""A request that is turned away is asked again within one budget, when the server says."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import openai
import pytest
import tenacity
from client_runs import ASK, async_sdk, sync_sdk
from retry_lists import LAMP, RUG, SHELF, Product, bad, listed, read, text_of, within
from retry_runs import SyncEvents

from partialstream import (
    IncompleteStreamError,
    Item,
    ProviderError,
    RetriesExhaustedError,
    from_openai,
)
from partialstream.client import budget
from partialstream.client.retry_after import LONGEST_RETRY_AFTER
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from retry_runs import Caller

THREE = text_of(LAMP, RUG, SHELF)
CUT = Answer(THREE, fault=faults.LengthCut(within(THREE, "Rug")))  # nothing is waited for
REST = listed(RUG, SHELF)
WAIT = 0.4  # seconds; less than the first wait of a policy that ignores the server's

sdk_retries = pytest.mark.parametrize("sdk", [{"max_retries": 0}, {}], ids=["without", "with"])
"""Whether the SDK's own retries are on, as they are by default."""

which = pytest.mark.parametrize("before", [[], [CUT]], ids=["the first request", "a follow-up"])


@pytest.fixture
def long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait that is not the server's does not end within a test."""
    monkeypatch.setattr(budget, "FIRST_WAIT", 60.0)
    monkeypatch.setattr(budget, "LONGEST_WAIT", 60.0)


def values(run: Any) -> list[Any]:
    return [item.value for item in run.all(Item)]


def said(**headers: str) -> Answer:
    """A 429 with these headers, `_` for `-`."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(fault=faults.HTTPError(429, headers=pairs))


def date(seconds: float) -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)


# -- Retry-After ---------------------------------------------------------------------------


@sdk_retries
@which
@pytest.mark.usefixtures("long_waits")
@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "complete"])
def test_a_429_is_waited_for_as_long_as_the_server_says(
    caller: Caller, sdk: dict[str, Any], before: list[Answer], stream: bool
) -> None:
    answers = [*before, said(retry_after=str(WAIT)), REST if before else THREE]
    if stream:
        run, requests = read(caller, answers, sdk=sdk, max_retries=2)
        assert run.error is None
        assert values(run) == [LAMP, RUG, SHELF]
        assert len(run.stream.attempts) == len(answers)
    else:
        if before:
            answers[0] = listed(LAMP, bad(RUG), SHELF)
            answers[-1] = listed(RUG)
        with ReplayServer(answers) as server:
            value = caller(server, **sdk).whole(response_model=list[Product], max_retries=2)
            requests = list(server.requests)
        assert value == [LAMP, RUG, SHELF]
    assert len(requests) == len(answers)
    assert requests[-1].received_at - requests[-2].received_at >= WAIT


@sdk_retries
@which
@pytest.mark.usefixtures("no_waits")
def test_there_is_one_budget(caller: Caller, sdk: dict[str, Any], before: list[Answer]) -> None:
    """The SDK's retries do not multiply ours; `RateLimitError` when it is spent."""
    busy = said(retry_after="0.01")
    run, requests = read(caller, [*before, *[busy] * 20], sdk=sdk, max_retries=2)
    # An item was delivered before the follow-up, which renews the budget.
    assert len(requests) == 3
    if before:
        assert isinstance(run.error, RetriesExhaustedError)
        rejection = run.error.__cause__
        assert isinstance(rejection, ProviderError)
        assert rejection.status == 429
        assert isinstance(rejection.__cause__, openai.RateLimitError)
        assert [each.cause for each in run.error.attempts] == ["request", "resume", "resume"]
    else:
        assert type(run.error) is openai.RateLimitError


def test_without_retries_of_ours_the_sdks_own_stay_on(caller: Caller) -> None:
    run, requests = read(caller, [said(retry_after="0.01")] * 2 + [THREE])
    assert values(run) == [LAMP, RUG, SHELF]
    assert len(requests) == 3


@pytest.mark.usefixtures("long_waits")
@which
def test_milliseconds_are_read_too(caller: Caller, before: list[Answer]) -> None:
    busy = said(retry_after_ms=str(WAIT * 1000), retry_after="60")
    answers = [*before, busy, REST if before else THREE]
    run, requests = read(caller, answers, max_retries=1 + len(before))
    assert values(run) == [LAMP, RUG, SHELF]
    assert requests[-1].received_at - requests[-2].received_at >= WAIT


@pytest.mark.usefixtures("long_waits")
@pytest.mark.parametrize("header", ["-5", "0", "past"])
def test_what_is_past_is_not_waited_for(caller: Caller, header: str) -> None:
    busy = said(retry_after=date(-3600) if header == "past" else header)
    run, _ = read(caller, [busy, THREE], max_retries=1)
    assert values(run) == [LAMP, RUG, SHELF]


@pytest.mark.parametrize(
    "header", ["soon", "NaN", "1e999", "-inf", "Thu, 99 Foo 9999 00:00:00", ""]
)
def test_what_says_nothing_is_waited_for_as_usual(
    caller: Caller, header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "FIRST_WAIT", WAIT)
    run, requests = read(caller, [said(retry_after=header), THREE], max_retries=1)
    assert values(run) == [LAMP, RUG, SHELF]
    assert requests[1].received_at - requests[0].received_at >= WAIT


@which
@pytest.mark.parametrize("header", ["600", "date"])
def test_a_wait_that_is_too_long_is_not_begun(
    caller: Caller, before: list[Answer], header: str
) -> None:
    busy = said(retry_after=date(600) if header == "date" else header)
    run, requests = read(caller, [*before, busy, THREE], max_retries=5)
    assert len(requests) == len(before) + 1
    reason = f"(Retry-After), and {LONGEST_RETRY_AFTER:g} s is the longest"
    if before:
        assert isinstance(run.error, RetriesExhaustedError)
        assert isinstance(run.error.__cause__, ProviderError)
        assert reason in str(run.error)
        assert values(run) == [LAMP]
    else:
        assert type(run.error) is openai.RateLimitError
        notes = getattr(run.error, "__notes__", None)  # since Python 3.11
        assert notes is None or reason in notes[0]


def test_a_server_says_by_another_header_too_whether_to_ask_again(caller: Caller) -> None:
    no = Answer(fault=faults.HTTPError(503, headers=(("x-should-retry", "false"),)))
    run, requests = read(caller, [no, THREE], max_retries=3)
    assert isinstance(run.error, openai.InternalServerError)
    assert len(requests) == 1
    yes = Answer(
        fault=faults.HTTPError(400, headers=(("x-should-retry", "true"), ("retry-after-ms", "10")))
    )
    run, requests = read(caller, [yes, THREE], max_retries=3)
    assert run.error is None
    assert len(requests) == 2


@pytest.mark.usefixtures("no_waits")
def test_the_budget_of_the_first_request_is_that_of_all(caller: Caller) -> None:
    """What the first request has spent is missing later, until something is delivered."""
    busy, nothing = said(retry_after="0"), Answer(THREE, fault=faults.Reset(2))
    run, requests = read(caller, [busy, nothing, nothing, THREE], max_retries=2)
    assert isinstance(run.error, RetriesExhaustedError)
    assert len(requests) == 3
    run, requests = read(caller, [busy, busy, CUT, busy, busy, REST], max_retries=3)
    assert run.error is None
    assert values(run) == [LAMP, RUG, SHELF]


@pytest.mark.usefixtures("no_waits")
def test_max_requests_counts_all_of_them(caller: Caller) -> None:
    busy = said(retry_after="0")
    run, requests = read(caller, [busy, CUT, busy, busy, REST], max_retries=9, max_requests=3)
    assert isinstance(run.error, RetriesExhaustedError)
    assert len(requests) == 3


# -- waits that end early --------------------------------------------------------------------


def test_a_deadline_ends_a_call_that_would_wait_beyond_it(caller: Caller) -> None:
    began = time.perf_counter()
    run, requests = read(caller, [said(retry_after="50"), THREE], max_retries=3, deadline=20.0)
    assert isinstance(run.error, IncompleteStreamError)
    assert run.error.outcome is not None
    assert run.error.outcome.status == "stalled"
    assert "deadline=20 s" in str(run.error)
    assert len(requests) == 1
    assert time.perf_counter() - began < 20


def test_a_stream_that_is_closed_during_a_wait_asks_no_more() -> None:
    with (
        ReplayServer([CUT, said(retry_after="50"), REST]) as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        stream = from_openai(sdk).create_iterable(**ASK, response_model=Product, max_retries=2)
        items = iter(stream)
        assert next(items) == LAMP
        reader = threading.Thread(target=lambda: list(items))
        reader.start()
        while len(server.requests) < 2:
            time.sleep(0.01)
        server.requests[1].wait_finished(10.0)
        time.sleep(0.1)
        stream.close()
        reader.join(20)
        assert not reader.is_alive()
        assert stream.outcome is not None
        assert stream.outcome.status == "cancelled"
        assert len(server.requests) == 2


@pytest.mark.parametrize("answers", [[], [CUT]], ids=["the first request", "a follow-up"])
def test_a_task_that_is_cancelled_during_a_wait_ends(answers: list[Answer]) -> None:
    async def main(server: ReplayServer) -> None:
        async with async_sdk(base_url=server.base_url) as sdk:
            stream = from_openai(sdk).create_iterable(**ASK, response_model=Product, max_retries=2)

            async def read_all() -> None:
                async for _ in stream:
                    pass

            task = asyncio.create_task(read_all())
            while len(server.requests) <= len(answers):  # noqa: ASYNC110  # of another thread
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, 20)
            assert stream.outcome is not None or not answers

    with ReplayServer([*answers, said(retry_after="50"), THREE]) as server:
        asyncio.run(main(server))
        assert len(server.requests) == len(answers) + 1


@pytest.mark.parametrize("answers", [[], [CUT]], ids=["the first request", "a follow-up"])
def test_ctrl_c_ends_a_wait(answers: list[Answer]) -> None:
    with (
        ReplayServer([*answers, said(retry_after="50"), THREE]) as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):

        def interrupt() -> None:
            while len(server.requests) <= len(answers):
                time.sleep(0.01)
            server.requests[-1].wait_finished(10.0)
            time.sleep(0.3)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            for _ in from_openai(sdk).create_iterable(**ASK, response_model=Product, max_retries=2):
                pass
        interrupting.join()
        assert len(server.requests) == len(answers) + 1


def test_many_calls_at_once_wait_each_for_itself() -> None:
    calls = 60

    def choose(request: Any) -> Answer:
        return said(retry_after=str(WAIT)) if request.number <= calls else Answer(THREE)

    async def main(server: ReplayServer) -> None:
        async with async_sdk(base_url=server.base_url) as sdk:
            client = from_openai(sdk)

            async def one() -> list[Any]:
                stream = client.create_iterable(**ASK, response_model=Product, max_retries=1)
                return [product async for product in stream]

            results = await asyncio.gather(*(one() for _ in range(calls)))
            assert results == [[LAMP, RUG, SHELF]] * calls

    with ReplayServer(choose) as server:
        asyncio.run(main(server))
        times = [request.received_at for request in server.requests]
        assert len(times) == 2 * calls
        assert times[calls] - times[0] >= WAIT


# -- the same failure twice ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "deterministic"),
    [
        ({}, False),
        ({"temperature": 0.5}, False),
        ({"temperature": None, "seed": None}, False),
        ({"temperature": openai.omit, "seed": openai.omit}, False),
        ({"temperature": 0}, True),
        ({"temperature": 0.0}, True),
        ({"seed": 7}, True),
        ({"seed": 0, "temperature": 1}, True),
        ({"extra_body": {"seed": 7}}, True),
    ],
)
def test_the_same_invalid_answer_twice_ends_a_call_whose_model_repeats_itself(
    caller: Caller, arguments: dict[str, Any], deterministic: bool
) -> None:
    """Otherwise the user's number of retries is kept."""
    if caller.api == "responses" and "seed" in arguments:
        pytest.skip("the Responses API takes no seed")
    run, requests = read(
        caller, [listed(LAMP, bad(RUG)), *[listed(bad(RUG))] * 9], max_retries=3, **arguments
    )
    assert isinstance(run.error, RetriesExhaustedError)
    # Progress, an item, renews the budget: three retries after the first request.
    assert len(requests) == (2 if deterministic else 4)
    assert ("the same failure came twice" in str(run.error)) is deterministic


# -- tenacity --------------------------------------------------------------------------------


def test_the_wait_of_a_policy_is_the_policys(caller: Caller) -> None:
    policy = tenacity.Retrying(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_fixed(0.05))
    run, requests = read(caller, [said(retry_after="600"), THREE], max_retries=policy)
    assert values(run) == [LAMP, RUG, SHELF]
    assert len(requests) == 2


def test_a_policy_sees_the_error_that_would_be_raised(caller: Caller) -> None:
    """For the first request the SDK's own, later ours with that as its cause."""
    seen: list[Any] = []

    def decide(error: BaseException) -> bool:
        seen.append(error)
        return isinstance(error, (openai.RateLimitError, ProviderError, IncompleteStreamError))

    policy = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(4), retry=tenacity.retry_if_exception(decide)
    )
    busy = said(retry_after="0")
    run, _ = read(caller, [busy, CUT, busy, REST], max_retries=policy)
    assert run.error is None
    assert [type(error) for error in seen] == [
        openai.RateLimitError,
        IncompleteStreamError,
        ProviderError,
    ]
    assert isinstance(seen[2].__cause__, openai.RateLimitError)


def test_a_policy_can_decline_the_first_request(caller: Caller) -> None:
    policy = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(4),
        retry=tenacity.retry_if_not_exception_type(openai.RateLimitError),
    )
    run, requests = read(caller, [said(retry_after="0"), THREE], max_retries=policy)
    assert type(run.error) is openai.RateLimitError
    assert len(requests) == 1


def test_the_callback_of_a_policy_that_gives_up_is_called(caller: Caller) -> None:
    called: list[Any] = []

    def give_up(state: tenacity.RetryCallState) -> str:
        assert state.outcome is not None
        called.append((state.attempt_number, type(state.outcome.exception())))
        return "nothing that a stream could give"

    policy = tenacity.Retrying(stop=tenacity.stop_after_attempt(2), retry_error_callback=give_up)
    nothing = Answer(THREE, fault=faults.LengthCut(2))
    run, _ = read(caller, [nothing] * 3, max_retries=policy)
    assert called == [(2, IncompleteStreamError)]
    assert isinstance(run.error, RetriesExhaustedError)

    called.clear()
    run, _ = read(caller, [said(retry_after="0")] * 3, max_retries=policy)
    assert called == [(2, openai.RateLimitError)]
    assert type(run.error) is openai.RateLimitError


def test_the_callback_may_raise_what_it_likes(caller: Caller) -> None:
    def give_up(state: tenacity.RetryCallState) -> None:
        raise LookupError("no products today")

    policy = tenacity.Retrying(stop=tenacity.stop_after_attempt(1), retry_error_callback=give_up)
    for answer in (said(retry_after="0"), CUT):
        run, _ = read(caller, [answer], max_retries=policy)
        assert isinstance(run.error, LookupError)


def test_a_policy_that_counts_seconds_counts_them_from_the_first_request() -> None:
    policy = tenacity.Retrying(stop=tenacity.stop_after_delay(30), wait=tenacity.wait_fixed(0.01))
    run, requests = read(SyncEvents, [said(), said(), THREE], max_retries=policy)
    assert values(run) == [LAMP, RUG, SHELF]
    assert len(requests) == 3
