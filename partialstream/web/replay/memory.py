"""Logs in the memory of this process."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from partialstream.web.replay.log import (
    CHUNK,
    Bounds,
    Chunk,
    DroppedError,
    End,
    Frame,
    FullError,
    Log,
    RevokedError,
    Span,
    Store,
    WriterLostError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


AHEAD: Final = 16_384
"""Bytes that are written before readers have their turn."""


class MemoryLog(Log):
    """A log that this process writes and reads.

    Args:
        wire: What the frames are of.
        name: What the run is called.
        lease: Seconds in which whoever has begun it should begin to read it.
        on_end: Called when it has got its end.
    """

    def __init__(self, wire: str, name: str, lease: float, on_end: Callable[[], None]) -> None:
        self.wire = wire
        self.name = name
        self.is_replaced = False  # by another run of its key
        self.end: End | None = None
        self.ended_at = float("inf")
        self._on_end = on_end
        self._frames: dict[int, Frame] = {}  # by their numbers
        self._first = 1
        self._last = 0
        self._ahead = 0  # bytes since readers had their turn
        self._readers = 0
        self._left_at = monotonic() + lease  # when the last reader has
        self._released = False
        self._changed = asyncio.Event()
        self._waiting = 0

    @override
    async def append(self, frames: Sequence[Frame], *, first: int, end: End | None) -> None:
        self._check()
        self._add(frames, end)
        self._ahead += sum(len(frame.data) for frame in frames)
        if first > self._first or self._ahead >= AHEAD:
            self._ahead = 0
            await asyncio.sleep(0)  # so that readers keep up with a stream that never waits
        while self._first < first:
            del self._frames[self._first]
            self._first += 1

    @override
    async def tend(self) -> float:
        self._check()
        if self._readers:
            return 0.0
        idle = monotonic() - self._left_at
        return float("inf") if self.is_replaced and idle >= 0 else idle

    @override
    async def release(self) -> None:
        self._released = True
        self._wake()

    @override
    async def attach(self) -> None:
        self._readers += 1

    @override
    async def detach(self) -> None:
        self._readers -= 1
        self._left_at = monotonic()

    @override
    async def span(self) -> Span | None:
        return Span(self._first, self._last, self.end is not None)

    @override
    async def read(self, after: int) -> Chunk:
        while after >= self._last and self.end is None:
            if self._released:
                raise WriterLostError
            self._waiting += 1
            try:
                await self._changed.wait()
            finally:
                self._waiting -= 1
        if after < self._first - 1:
            raise DroppedError
        frames: list[Frame] = []
        size = 0
        for number in range(after + 1, self._last + 1):
            frame = self._frames[number]
            frames.append(frame)
            size += len(frame.data)
            if size >= CHUNK:
                break
        return Chunk(frames, self.end if after + len(frames) == self._last else None)

    @override
    async def seal(self, after: int, frames: Sequence[Frame], end: End) -> None:
        if self.end is None and after == self._last:
            self._add(frames, end)

    def _check(self) -> None:
        if self.end is not None:
            raise RevokedError

    def _add(self, frames: Sequence[Frame], end: End | None) -> None:
        for frame in frames:
            self._last += 1
            self._frames[self._last] = frame
        if end is not None:
            self.end, self.ended_at = end, monotonic()
            self._on_end()
        self._wake()

    def _wake(self) -> None:
        if self._waiting:
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()


class MemoryStore(Store):
    """Keeps logs in this process."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._logs: dict[str, MemoryLog] = {}

    @override
    async def begin(self, key: str, wire: str, *, renew: bool, name: str) -> tuple[Log, bool]:
        self._forget()
        known = self._logs.get(key)
        if known is not None:
            if not renew or (name and name == known.name and known.end is None):
                return known, False
            known.is_replaced = True
            del self._logs[key]
        if len(self._logs) >= self._bounds.max_logs:
            ended = [key for key, log in self._logs.items() if log.end is not None]
            if not ended:
                raise FullError
            del self._logs[min(ended, key=lambda key: self._logs[key].ended_at)]
        log = self._logs[key] = MemoryLog(wire, name, self._bounds.lease, self._forget_later)
        return log, True

    @override
    async def find(self, key: str) -> Log | None:
        self._forget()
        return self._logs.get(key)

    @override
    async def aclose(self) -> None:
        pass

    def _forget_later(self) -> None:
        """Free the memory also where nobody comes any more."""
        asyncio.get_running_loop().call_later(self._bounds.keep + 0.1, self._forget)

    def _forget(self) -> None:
        """Drop what was kept for long enough."""
        before = monotonic() - self._bounds.keep
        for key in [key for key, log in self._logs.items() if log.ended_at < before]:
            del self._logs[key]
