"""How a stream is read beside a response: an async one in the event loop, a sync one in a thread.

The threads are those of a limiter of their own: anyio's default has 40 slots, which all of a
program shares, and a stream that is waited for would hold one for as long as it takes. To wake a
thread that waits for the provider, the stream is closed from a second one.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final

import anyio
from anyio import to_thread
from anyio.lowlevel import RunVar
from typing_extensions import override

from partialstream.stream.loops import running_loop
from partialstream.stream.transport import is_running
from partialstream.web.checks import is_stream
from partialstream.web.encode import events_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from partialstream.web.wires.base import Wire

THREADS: Final = 1000
"""Sync streams that are read at once, in an event loop; others wait for their turn."""

AHEAD: Final = 64
"""Events that a thread reads ahead of a slow browser before it waits, those being sent included."""

_reading: RunVar[anyio.CapacityLimiter] = RunVar("partialstream.web.reading")
_closing: RunVar[anyio.CapacityLimiter] = RunVar("partialstream.web.closing")


def _limiter(variable: RunVar[anyio.CapacityLimiter]) -> anyio.CapacityLimiter:
    try:
        return variable.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(THREADS)
        variable.set(limiter)
        return limiter


class Reading(ABC):
    """The events of a stream, for one reader in the event loop.

    Attributes:
        stream: The stream.
    """

    stream: Any

    @abstractmethod
    async def run(self) -> None:
        """What has to run beside `batches`."""

    @abstractmethod
    def batches(self) -> AsyncGenerator[list[Any], None]:
        """The events, as many at once as there are."""

    @abstractmethod
    async def close(self) -> None:
        """Close the stream at once; whoever waits for an event comes to an end."""


async def open_reading(stream: Any, wire: Wire) -> Reading:
    """Get the stream, if it is made only now, and what reads it.

    Args:
        stream: The stream, or what makes it: a function, in a thread, as the request of a sync
            stream is sent when it is made; or an async function.
        wire: What its events are for.
    """
    if iscoroutinefunction(stream):
        stream = await stream()
    elif callable(stream) and not is_stream(stream):
        making = _Making(stream)
        try:
            stream = await to_thread.run_sync(
                making.run, abandon_on_cancel=True, limiter=_limiter(_reading)
            )
        except BaseException:
            making.abandon()
            raise
        if hasattr(stream, "__await__") and not is_stream(stream):
            stream = await stream
    if hasattr(stream, "__aiter__"):
        return AsyncReading(stream, wire)
    if hasattr(stream, "__iter__"):
        return ThreadReading(stream, wire)
    raise TypeError(f"a stream is to be sent, or a function that makes one, not {stream!r}")


async def discard(stream: Any) -> None:
    """Close a stream that nobody is going to read; what would make one is not called."""
    if hasattr(stream, "__aiter__"):
        await _close_async(stream)
    elif hasattr(stream, "__iter__") and hasattr(stream, "close"):
        await to_thread.run_sync(stream.close, limiter=_limiter(_closing))


async def _close_async(stream: Any) -> None:
    """Close an async stream, or a generator unless a task is inside of it."""
    close = getattr(stream, "close", None) or getattr(stream, "aclose", None)
    if close is not None and not is_running(stream):
        closing = close()
        if isawaitable(closing):
            await closing


class _Making:
    """Makes a stream, in a thread; closes it if nobody waits for it any more."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._stream: Any = None
        self._abandoned = False

    def run(self) -> Any:
        """Make the stream."""
        stream = self._make()
        with self._lock:
            self._stream = stream
        if self._abandoned:
            self.abandon()
        return stream

    def abandon(self) -> None:
        """Nobody waits for it; an async stream has not sent its request yet."""
        self._abandoned = True
        with self._lock:
            stream, self._stream = self._stream, None
        if hasattr(stream, "__iter__") and hasattr(stream, "close"):
            stream.close()


class AsyncReading(Reading):
    """An async stream, or an async iterator of events."""

    def __init__(self, stream: Any, wire: Wire) -> None:
        self.stream = stream
        self._events = events_of(stream, wire)

    @override
    async def run(self) -> None:
        pass

    @override
    async def batches(self) -> AsyncGenerator[list[Any], None]:
        try:
            async for event in self._events:
                yield [event]
        finally:  # in this task: nobody else can close a generator that it waits for
            if hasattr(self._events, "aclose"):
                await self._events.aclose()

    @override
    async def close(self) -> None:
        await _close_async(self.stream)


class ThreadReading(Reading):
    """A sync stream, or an iterable of events, read in a thread."""

    def __init__(self, stream: Any, wire: Wire) -> None:
        self.stream = stream
        self._wire = wire
        self._events: deque[Any] = deque()
        self._taken = 0  # events that are being sent
        self._error: BaseException | None = None
        self._done = False
        self._closed = False
        self._lock = threading.Lock()
        self._closing = False  # whether `_close` has begun
        self._room = threading.Event()
        self._room.set()
        self._waits = False  # whether the event loop is to be woken up
        self._arrived = anyio.Event()
        self._call_soon, _ = running_loop()

    @override
    async def run(self) -> None:
        await to_thread.run_sync(self._read, abandon_on_cancel=True, limiter=_limiter(_reading))

    @override
    async def batches(self) -> AsyncGenerator[list[Any], None]:
        while True:
            with self._lock:
                events = list(self._events)
                self._events.clear()
                self._taken = len(events)
                done = self._done
                if self._taken < AHEAD:
                    self._room.set()
                if not events and not done:
                    self._arrived = anyio.Event()
                    self._waits = True
            if events:
                yield events
            elif done:
                break
            else:
                await self._arrived.wait()
        if self._error is not None:
            raise self._error

    @override
    async def close(self) -> None:
        with self._lock:
            self._closed = True
            self._room.set()
        if hasattr(self.stream, "close") and not is_running(self.stream):
            try:
                await to_thread.run_sync(self._close, limiter=_limiter(_closing))
            finally:
                # An event loop that ends cancels also what is shielded. The thread that reads would
                # go on, and the program with it.
                if not self._closing:
                    threading.Thread(target=self._close, daemon=True).start()

    def _close(self) -> None:
        self._closing = True
        try:
            self.stream.close()
        except ValueError:
            if not is_running(self.stream):
                raise
            # A generator that `_read` is inside of, and closes when it comes out.

    def _read(self) -> None:
        """In the thread: read events until there are no more, or nobody wants them."""
        try:
            events = events_of(self.stream, self._wire)
            for event in events:
                self._put(event)
                self._room.wait()
                if self._closed:
                    if hasattr(events, "close"):
                        events.close()
                    break
        except BaseException as error:  # noqa: BLE001 - raised in the event loop
            self._error = error
        with self._lock:
            self._done = True
            self._wake()

    def _put(self, event: Any) -> None:
        with self._lock:
            self._events.append(event)
            if len(self._events) + self._taken >= AHEAD and not self._closed:
                self._room.clear()
            self._wake()

    def _wake(self) -> None:
        if self._waits:
            self._waits = False
            with suppress(RuntimeError):  # the event loop is gone, and with it whoever waited
                self._call_soon(self._arrived.set)
