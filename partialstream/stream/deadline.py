"""A bound on how long a call may take, over all its attempts."""

from __future__ import annotations

import os
import threading
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from anyio import fail_after

from partialstream.errors import IncompleteStreamError
from partialstream.results import Outcome
from partialstream.stream.transport import aclose_chunks, aiter_of, close_chunks, end_connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable
    from types import TracebackType

_SLACK: Final = 0.005
"""Seconds: the clocks of event loops and sockets may be ahead of ours by less."""


class DeadlineError(TimeoutError):
    """The deadline of a call has passed. No other attempt can help."""


class Deadline:
    """When a call has to be over.

    In a `with` block, exceptions that are raised behind the deadline become `DeadlineError`.

    Args:
        seconds: How long it may take.
        clock: Seconds, from any start.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = perf_counter) -> None:
        self._seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def begin(self) -> None:
        """The call begins now, and not when this was made."""
        self._end = self._clock() + self._seconds

    def left(self) -> float:
        """Seconds until it; a little more than none at least, as time-outs have to be."""
        return max(self._end - self._clock(), 0.001)

    def passed(self) -> bool:
        """Whether there is no time left."""
        return self._end - self._clock() < _SLACK

    def check(self) -> None:
        """Raise `DeadlineError` if there is no time left."""
        if self.passed():
            raise self.error()

    def error(self) -> DeadlineError:
        """What tells that there is no time left."""
        return DeadlineError(f"deadline={self._seconds:g} s")

    def stalled(self, cause: BaseException, tail: str = "") -> IncompleteStreamError:
        """The error of a call that this has ended."""
        outcome = Outcome("stalled", detail=str(self.error()), tail=tail)
        error = IncompleteStreamError.of(outcome)
        error.__cause__ = cause
        return error

    def __enter__(self) -> None:
        self.check()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, DeadlineError) and self.passed():
            raise self.error() from error


class TimedChunks:
    """Chunks until a deadline, at which a wait for the next one is ended.

    A wait cannot be ended if the connection is not known, as below the streams of some SDKs, or
    is shared with others (HTTP/2): then it is the time-out of the request that ends it.

    Args:
        chunks: The chunks. They are closed with this.
        deadline: The deadline.

    Attributes:
        response: The HTTP response below, None if it is not known.
    """

    def __init__(self, chunks: Iterable[Any], deadline: Deadline) -> None:
        self.response: Any = getattr(chunks, "response", None)
        self._chunks = chunks
        self._iterator = iter(chunks)
        self._deadline = deadline
        self._alarm = (
            None
            if self.response is None
            else Alarm(deadline.left(), partial(end_connection, self.response))
        )

    def __iter__(self) -> TimedChunks:
        return self

    def __next__(self) -> Any:
        deadline = self._deadline
        deadline.check()
        try:
            return next(self._iterator)
        except StopIteration:
            if self._alarm is not None and self._alarm.rang:
                raise deadline.error() from None
            raise
        except Exception as error:
            if deadline.passed():
                raise deadline.error() from error
            raise

    def close(self) -> None:
        """Close the chunks."""
        # First: afterwards the connection may be another's.
        if self._alarm is not None:
            self._alarm.cancel()
        close_chunks(self._chunks)


class AsyncTimedChunks:
    """Async chunks until a deadline, at which a wait for the next one is cancelled.

    Args:
        chunks: The chunks. They are closed with this.
        deadline: The deadline.

    Attributes:
        response: The HTTP response below, None if it is not known.
    """

    def __init__(self, chunks: AsyncIterable[Any], deadline: Deadline) -> None:
        self.response: Any = getattr(chunks, "response", None)
        self._chunks = chunks
        self._iterator = aiter_of(chunks)
        self._deadline = deadline

    def __aiter__(self) -> AsyncTimedChunks:
        return self

    async def __anext__(self) -> Any:
        deadline = self._deadline
        deadline.check()
        try:
            with fail_after(deadline.left()):
                return await self._iterator.__anext__()
        except StopAsyncIteration:
            raise
        except Exception as error:
            if deadline.passed():
                raise deadline.error() from error
            raise

    async def aclose(self) -> None:
        """Close the chunks."""
        await aclose_chunks(self._chunks)


class Alarm:
    """Calls a function after some seconds, unless it is cancelled before.

    All alarms share one thread, which is there while one is set: a sync stream that waits for
    bytes can only be woken by another thread.

    Args:
        seconds: How long from now.
        ring: Called on the thread of all alarms, so it must neither block nor raise.

    Attributes:
        rang: Whether it was called.
    """

    def __init__(self, seconds: float, ring: Callable[[], object]) -> None:
        self.due = perf_counter() + seconds
        self.ring = ring
        self.rang = False
        _clock.set(self)

    def cancel(self) -> None:
        """Do not call it. When this returns, it is not being called either."""
        _clock.cancel(self)


class _Clock:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._alarms: set[Alarm] = set()
        self._running = False

    def set(self, alarm: Alarm) -> None:
        with self._changed:
            self._alarms.add(alarm)
            if self._running:
                self._changed.notify()
            else:
                # A daemon: it keeps no program from ending.
                thread = threading.Thread(target=self._run, name="partialstream-alarms")
                thread.daemon = True
                thread.start()
                self._running = True

    def cancel(self, alarm: Alarm) -> None:
        with self._changed:
            self._alarms.discard(alarm)
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while self._alarms:
                first = min(self._alarms, key=_due)
                left = first.due - perf_counter()
                if left > 0:
                    self._changed.wait(left)
                    continue
                self._alarms.discard(first)
                first.rang = True
                first.ring()
            self._running = False


def _due(alarm: Alarm) -> float:
    return alarm.due


_clock = _Clock()


def _forget() -> None:
    """In a forked process there is no such thread, and the connections are the parent's."""
    global _clock
    _clock = _Clock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget)
