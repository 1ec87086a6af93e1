"""How often and when: numbers, and tenacity's policies, in both clients."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import openai
import pytest
import tenacity
from http_library import httpx
from openai import RateLimitError
from retry_lists import LAMP, RUG, SHELF, bad, listed, read, row, text_of, within
from retry_runs import AsyncEvents, SyncEvents
from tenacity import AsyncRetrying, Retrying, stop_after_attempt

from partialstream import (
    IncompleteStreamError,
    Item,
    JSONSyntaxError,
    OutputValidationError,
    ProviderError,
    RetriesExhaustedError,
)
from partialstream.client import budget
from partialstream.client.budget import (
    FIRST_WAIT,
    JITTER,
    LONGEST_WAIT,
    Budget,
)
from partialstream.client.retry_after import LONGEST_RETRY_AFTER
from partialstream.results import Outcome
from partialstream.stream.steps import await_steps, run_steps
from partialstream.testing import Answer, faults

if TYPE_CHECKING:
    from retry_runs import Caller

THREE = text_of(LAMP, RUG, SHELF)
CUT = Answer(THREE, fault=faults.Reset(within(THREE, "Rug")))
NOTHING = Answer(THREE, fault=faults.Reset(2))
POLICIES = pytest.mark.parametrize("policy", [Retrying, AsyncRetrying])


class Recorder:
    """Callbacks of a policy, as plain functions or as coroutine functions."""

    def __init__(self, *, asynchronous: bool) -> None:
        self.called: list[tuple[Any, ...]] = []
        self._asynchronous = asynchronous

    def _callback(self, name: str, result: Any = None) -> Any:
        def note(about: Any) -> Any:
            number = getattr(about, "attempt_number", about)
            self.called.append((name, number))
            return result(about) if callable(result) else result

        async def note_later(about: Any) -> Any:
            await asyncio.sleep(0)
            return note(about)

        return note_later if self._asynchronous else note

    def policy(self, kind: Any, **kwargs: Any) -> Any:
        """A policy that notes all that it is asked."""
        return kind(
            retry=self._callback("retry", True),
            stop=self._callback("stop", lambda state: state.attempt_number >= 3),
            wait=self._callback("wait", lambda state: state.attempt_number * 100.0),
            before=self._callback("before"),
            after=self._callback("after"),
            before_sleep=self._callback("before_sleep"),
            sleep=self._callback("sleep"),
            **kwargs,
        )


TWO_RETRIES = [
    ("before", 1),
    *[("retry", 1), ("after", 1), ("wait", 1), ("stop", 1), ("before_sleep", 1), ("sleep", 100.0)],
    ("before", 2),
    *[("retry", 2), ("after", 2), ("wait", 2), ("stop", 2), ("before_sleep", 2), ("sleep", 200.0)],
    ("before", 3),
    *[("retry", 3), ("after", 3), ("wait", 3), ("stop", 3)],
]
"""What tenacity itself calls, in its order; see the test below."""


def test_this_is_tenacitys_own_order() -> None:
    recorder = Recorder(asynchronous=False)

    def fail() -> None:
        raise ValueError

    with pytest.raises(tenacity.RetryError):
        recorder.policy(Retrying)(fail)
    assert recorder.called == TWO_RETRIES


@POLICIES
def test_a_policy_is_asked_as_tenacity_asks_it(caller: Caller, policy: Any) -> None:
    recorder = Recorder(asynchronous=False)
    run, requests = read(caller, [NOTHING] * 3, max_retries=recorder.policy(policy))
    assert recorder.called == TWO_RETRIES
    assert len(requests) == 3
    assert isinstance(run.error, RetriesExhaustedError)


@POLICIES
def test_an_async_client_awaits_async_functions(policy: Any) -> None:
    recorder = Recorder(asynchronous=True)
    _, requests = read(AsyncEvents, [NOTHING] * 3, max_retries=recorder.policy(policy))
    assert recorder.called == TWO_RETRIES
    assert len(requests) == 3


@pytest.mark.parametrize(
    "name", ["before", "retry", "after", "wait", "stop", "before_sleep", "sleep"]
)
def test_a_sync_client_cannot_await_them(name: str) -> None:
    async def later(_: Any) -> Any:
        return 0

    policy = AsyncRetrying(**{"stop": stop_after_attempt(3), name: later})
    run, requests = read(SyncEvents, [CUT] * 3, max_retries=policy)
    assert isinstance(run.error, TypeError)
    assert "cannot await" in str(run.error)
    assert len(requests) == (0 if name == "before" else 1)


@pytest.mark.filterwarnings("error")
def test_tenacitys_async_conditions_are_awaited() -> None:
    async def is_ours(error: BaseException) -> bool:
        return isinstance(error, OutputValidationError)

    policy = AsyncRetrying(
        stop=stop_after_attempt(3), retry=tenacity.asyncio.retry_if_exception(is_ours)
    )
    run, requests = read(AsyncEvents, [listed(bad(LAMP)), listed(LAMP)], max_retries=policy)
    assert run.error is None
    assert len(requests) == 2
    run, requests = read(AsyncEvents, [CUT, listed(LAMP)], max_retries=policy)
    assert isinstance(run.error, RetriesExhaustedError)
    assert len(requests) == 1


@POLICIES
@pytest.mark.parametrize("reraise", [False, True])
def test_the_failure_itself_is_raised_if_so_wanted(
    caller: Caller, policy: Any, reraise: bool
) -> None:
    retrying = policy(stop=stop_after_attempt(2), reraise=reraise)
    run, _ = read(caller, [NOTHING] * 2, max_retries=retrying)
    failure = run.error if reraise else run.error.__cause__
    assert type(failure) is IncompleteStreamError
    assert failure.outcome.status == "disconnected"
    assert type(run.error) is (IncompleteStreamError if reraise else RetriesExhaustedError)


@POLICIES
def test_tenacitys_own_waits_are_kept(caller: Caller, policy: Any) -> None:
    retrying = policy(stop=stop_after_attempt(2), wait=tenacity.wait_fixed(0.2))
    run, requests = read(caller, [CUT, listed(RUG, SHELF)], max_retries=retrying)
    assert run.error is None
    assert requests[1].received_at - requests[0].received_at >= 0.2


def test_a_policy_that_is_switched_off_retries_nothing(caller: Caller) -> None:
    retrying = Retrying(stop=stop_after_attempt(5))
    retrying.enabled = False  # the constructor takes it since tenacity 9.1
    run, requests = read(caller, [CUT] * 2, max_retries=retrying)
    assert isinstance(run.error, RetriesExhaustedError)
    assert len(requests) == 1


def test_one_policy_serves_many_calls(caller: Caller) -> None:
    retrying = Retrying(stop=stop_after_attempt(2), sleep=lambda _: None)
    for _ in range(3):
        run, requests = read(caller, [CUT, listed(RUG, SHELF)], max_retries=retrying)
        assert [item.value for item in run.all(Item)] == [LAMP, RUG, SHELF]
        assert len(requests) == 2


def test_a_model_is_asked_again_at_once_and_a_server_after_a_while(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = 0.5
    monkeypatch.setattr(budget, "FIRST_WAIT", wait)
    for answer, waited in (
        (listed(LAMP, bad(RUG)), False),
        (Answer(THREE, fault=faults.LengthCut(within(THREE, "Rug"))), False),
        (CUT, True),
    ):
        for _ in range(1 if waited else 4):  # on a busy machine it may take that long by itself
            _, requests = read(caller, [answer, listed(RUG, SHELF)], max_retries=1)
            took = requests[1].received_at - requests[0].received_at
            if took < wait:
                break
        assert (took >= wait) is waited, answer


def failure_of(status: Any) -> IncompleteStreamError:
    return IncompleteStreamError.of(Outcome(status))


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (failure_of("disconnected"), FIRST_WAIT),
        (failure_of("stalled"), FIRST_WAIT),
        (ProviderError("overloaded"), FIRST_WAIT),
        (failure_of("truncated"), 0.0),
        (failure_of("empty"), 0.0),
        (failure_of("no_json"), 0.0),
        (OutputValidationError("", raw=""), 0.0),
        (JSONSyntaxError("", offset=0, line=1, column=1, path=()), 0.0),
    ],
    ids=lambda value: getattr(getattr(value, "outcome", None), "status", type(value).__name__),
)
def test_who_is_waited_for(failure: Exception, seconds: float) -> None:
    asked = Budget(2)
    policy: Any = asked._retrying
    state = asked._state
    state.set_exception((type(failure), failure, None))
    assert seconds <= policy.wait(state) <= seconds * (1 + JITTER)
    for number in range(2, 50):
        state.attempt_number = number
        expected = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (number - 1))
        expected = expected if seconds else 0.0
        assert expected <= policy.wait(state) <= expected * (1 + JITTER)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("2", 2.0),
        ("0", 0.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("86400", 86400.0),
        pytest.param(
            format_datetime(datetime.now(timezone.utc) - timedelta(days=1)), 0.0, id="yesterday"
        ),
        ("soon", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_a_server_that_says_when_is_asked_then(said: str | None, seconds: float | None) -> None:
    headers = {} if said is None else {"Retry-After": said}
    request = httpx.Request("POST", "http://127.0.0.1/")
    response = httpx.Response(429, headers=headers, request=request)
    failure = ProviderError("busy", status=429)
    failure.__cause__ = openai.RateLimitError("busy", response=response, body=None)
    asked = Budget(2)
    policy: Any = asked._retrying
    asked._state.set_exception((type(failure), failure, None))
    wait = policy.wait(asked._state)
    if seconds is None:
        assert FIRST_WAIT <= wait <= FIRST_WAIT * (1 + JITTER)
    else:
        assert wait == seconds
        # Before a longer one is over, the server would only say the same again.
        allowed = run_steps(asked.allows(failure))
        assert allowed is (seconds <= LONGEST_RETRY_AFTER)
        assert asked.too_long == (None if allowed else seconds)


def test_what_is_delivered_renews_the_number_of_failures_in_a_row() -> None:
    asked = Budget(1)
    failure = failure_of("truncated")
    assert run_steps(asked.allows(failure))
    run_steps(asked.pause())
    assert not run_steps(asked.allows(failure))
    asked.renew()
    assert asyncio.run(await_steps(asked.allows(failure)))
    asyncio.run(await_steps(asked.pause()))
    assert not asyncio.run(await_steps(asked.allows(failure)))


@pytest.mark.parametrize(
    ("max_retries", "max_requests", "allowed"),
    [(0, None, 10), (3, None, 10), (20, None, 21), (20, 5, 5), (Retrying(), None, 10)],
)
def test_how_many_requests_there_may_be(
    max_retries: Any, max_requests: int | None, allowed: int
) -> None:
    assert Budget(max_retries, max_requests=max_requests).max_requests == allowed


@pytest.mark.parametrize("sdk", [{"max_retries": 0}, {"max_retries": 5}], ids=["off", "on"])
def test_the_sdks_own_retries_do_not_multiply_ours(caller: Caller, sdk: dict[str, Any]) -> None:
    busy = Answer(fault=faults.HTTPError(429, retry_after=0.01))
    for attempts in (2, 3):
        run, requests = read(
            caller,
            [CUT, busy, listed(RUG, SHELF)],
            sdk=sdk,
            max_retries=Retrying(stop=stop_after_attempt(attempts), sleep=lambda _: None),
        )
        assert len(requests) == attempts
        if attempts == 2:
            cause = run.error.__cause__
            assert isinstance(cause, ProviderError)
            assert isinstance(cause.__cause__, RateLimitError)
        else:
            assert run.error is None


def test_a_policy_sees_our_errors() -> None:
    seen: list[Any] = []

    def note(state: tenacity.RetryCallState) -> None:
        assert state.outcome is not None
        seen.append(state.outcome.exception())

    policy = Retrying(stop=stop_after_attempt(3), after=note)
    answers = [listed(row("Lamp", "much")), listed(row("Lamp", "more")), listed(LAMP)]
    run, _ = read(SyncEvents, answers, max_retries=policy)
    assert run.only(Item).value == LAMP
    assert [type(error) for error in seen] == [OutputValidationError] * 2
    assert [error.raw for error in seen] == [row("Lamp", "much"), row("Lamp", "more")]
