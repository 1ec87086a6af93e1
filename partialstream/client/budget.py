"""How often, and when, a request may be made again: tenacity's policy, asked step by step.

tenacity wraps functions, and keeps part of its state by thread. A stream is no function: it is
advanced from outside, maybe by another thread each time. So its conditions are asked here one
by one, in tenacity's own order, with a state of our own.
"""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

import tenacity
from anyio import Event, move_on_after
from tenacity import BaseRetrying, RetryCallState, stop_after_attempt
from tenacity.wait import wait_base

from partialstream.client.retry_after import LONGEST_RETRY_AFTER, retry_after
from partialstream.errors import IncompleteStreamError, PartialStreamError, ProviderError
from partialstream.stream.steps import Steps, resolved

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, Retrying

    from partialstream.stream.deadline import Deadline

MAX_REQUESTS = 10
"""Requests of one stream, whatever is delivered between them."""

FIRST_WAIT = 0.25
LONGEST_WAIT = 8.0
"""Seconds, before jitter. A server that has dropped a connection is not asked again at once; a
model whose response was wrong is."""

JITTER = 0.25
"""By which share of itself a wait is made longer at most, so that not all come back at once."""


_SLEEP: Any = tenacity.Retrying().sleep
_ASYNC_SLEEP: Any = tenacity.AsyncRetrying().sleep
"""tenacity's own: how to wait is for the kind of the client to say, unless the caller does."""


class _WaitForServer(wait_base):
    """Waits where the transport or the provider has failed.

    As long as the server says, else 0.25 s and then twice as long each, up to 8 s. Where a server
    asks for too much is for `Budget` to see.
    """

    def __call__(self, retry_state: RetryCallState) -> float:
        outcome = retry_state.outcome
        error = None if outcome is None else outcome.exception()
        if isinstance(error, IncompleteStreamError):
            served = error.outcome is not None and error.outcome.status not in (
                "disconnected",
                "stalled",
            )
            if served:
                return 0.0
        elif isinstance(error, PartialStreamError) and not isinstance(error, ProviderError):
            return 0.0
        said = None if error is None else retry_after(error)
        if said is not None:
            return said
        exponent = min(retry_state.attempt_number - 1, 16)
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0**exponent)
        return wait * (1.0 + random.uniform(0.0, JITTER))


class Budget:
    """What may still be spent on retries.

    Args:
        max_retries: How many failures in a row are retried; or tenacity's `Retrying` or
            `AsyncRetrying`, whose `stop`, `wait`, `retry`, `before`, `after`, `before_sleep`,
            `sleep`, `reraise` and `retry_error_callback` count. It waits as its `wait` says, and
            not as a server does; what `retry_error_callback` returns is not used.
        max_requests: How many requests in total; None for 10, or what `max_retries` needs.
        endpoints: How many there are to make them to, each with the same number of retries.
        asynchronous: Whether a loop must not be kept waiting.
        deadline: When all has to be over; no wait goes beyond it.

    Raises:
        TypeError: `max_retries` is none of these.
        ValueError: One of the numbers is out of range.
    """

    def __init__(
        self,
        max_retries: int | Retrying | AsyncRetrying = 0,
        *,
        max_requests: int | None = None,
        endpoints: int = 1,
        asynchronous: bool = False,
        deadline: Deadline | None = None,
    ) -> None:
        self._retrying = _retrying_of(max_retries)
        self._waits_for_server = isinstance(self._retrying.wait, _WaitForServer)
        needed = endpoints * (max_retries + 1 if isinstance(max_retries, int) else 1)
        if max_requests is not None and max_requests < 1:
            raise ValueError(f"max_requests must be at least 1, not {max_requests}")
        self.max_requests = max(MAX_REQUESTS, needed) if max_requests is None else max_requests
        # Whether the failure itself is raised when the budget is spent, or what says so.
        alone = max_retries == 0 and endpoints == 1
        self.reraise: bool = self._retrying.reraise or alone
        self._deadline = deadline
        self.too_long: float | None = None  # seconds that a server asks for, if that is too much
        self.too_late: Deadline | None = None  # if the next wait would have gone beyond it
        self._asynchronous = asynchronous
        self._woken = threading.Event()
        self._awaited: Event | None = None
        self._state = self._new_state()

    def _new_state(self) -> RetryCallState:
        return RetryCallState(self._retrying, fn=None, args=(), kwargs={})

    def renew(self) -> None:
        """Something was delivered: failures are counted from the beginning."""
        self._state = self._new_state()

    def renew_for_next_endpoint(self) -> None:
        """Whatever forbade a request to the last endpoint does not to the next one."""
        self.renew()
        self.too_late = self.too_long = None

    def begin(self) -> Steps[None]:
        """A request is about to be made."""
        if self._retrying.before is not None:
            yield from resolved(self._retrying.before(self._state))

    def allows(self, failure: BaseException) -> Steps[bool]:
        """A request has failed: may another be made, after `pause`?

        Not if tenacity's `retry` does not want it, or its `stop` does; nor if a server asks for
        too long a wait, or the deadline comes first.
        """
        retrying, state = self._retrying, self._state
        state.set_exception((type(failure), failure, failure.__traceback__))
        if not getattr(retrying, "enabled", True):  # tenacity before 9.1 knows no other
            return False
        if not (yield from resolved(retrying.retry(state))):
            return False
        if retrying.after is not None:
            yield from resolved(retrying.after(state))
        state.upcoming_sleep = float((yield from resolved(retrying.wait(state))))
        if (yield from resolved(retrying.stop(state))):
            if retrying.retry_error_callback is not None:
                yield from resolved(retrying.retry_error_callback(state))
            return False
        said = retry_after(failure) if self._waits_for_server else None
        if said is not None and said > LONGEST_RETRY_AFTER:
            self.too_long = said
            return False
        deadline = self._deadline
        if deadline is not None and state.upcoming_sleep >= deadline.left():
            self.too_late = deadline
        return self.too_late is None

    @property
    def wait(self) -> float:
        """The seconds that `pause` will wait."""
        return self._state.upcoming_sleep

    def pause(self) -> Steps[None]:
        """Wait until the request that `allows` has allowed may be made."""
        retrying, state = self._retrying, self._state
        seconds = state.upcoming_sleep
        state.next_action = tenacity.RetryAction(seconds)
        state.idle_for += seconds
        if retrying.before_sleep is not None:
            yield from resolved(retrying.before_sleep(state))
        state.prepare_for_next_attempt()
        sleep: Any = retrying.sleep
        if sleep is not _SLEEP and sleep is not _ASYNC_SLEEP:
            yield from resolved(sleep(seconds))
        elif self._asynchronous:
            yield self._pause(seconds)
        else:
            self._woken.wait(seconds)

    async def _pause(self, seconds: float) -> None:
        self._awaited = Event()
        if not self._woken.is_set():
            with move_on_after(seconds):
                await self._awaited.wait()

    def wake(self) -> None:
        """End a wait that is under way: the stream has been left.

        In an async client by another task of the same loop, else by any thread. Only a `sleep`
        of the caller's own cannot be ended.
        """
        self._woken.set()
        if self._awaited is not None:
            self._awaited.set()


def _retrying_of(max_retries: Any) -> Any:
    if isinstance(max_retries, BaseRetrying):
        return max_retries
    if isinstance(max_retries, bool) or not isinstance(max_retries, int):
        raise TypeError(
            f"max_retries must be a number, or tenacity's Retrying or AsyncRetrying, "
            f"not {max_retries!r}"
        )
    if max_retries < 0:
        raise ValueError(f"max_retries must not be negative, and is {max_retries}")
    return tenacity.Retrying(stop=stop_after_attempt(max_retries + 1), wait=_WaitForServer())
