"""Writes the log of one stream, beside the requests that read it."""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import anyio

from partialstream.errors import IncompleteStreamError
from partialstream.results import Outcome
from partialstream.web.pump import Pump
from partialstream.web.replay.log import Frame, LogError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from partialstream.web.encode import Encoding
    from partialstream.web.replay.log import End, Log
    from partialstream.web.wires.base import Wire

logger = logging.getLogger("partialstream.web")

TICK: Final = 0.05
"""Seconds between two looks for readers, at the least."""

CLOSING: Final = 10.0
"""Seconds that a run which is stopped has for writing the end of its log."""


def frames_of(wire: Wire, texts: list[str]) -> list[Frame]:
    """The frames of a log; only where a reader can go on behind each are they kept apart."""
    beat = bool(wire.heartbeat())
    if wire.numbered:
        return [Frame(text.encode(), beat) for text in texts]
    body = "".join(texts).encode()
    return [Frame(body, beat)] if body else []


class Run:
    """Reads a stream, and writes its log.

    Args:
        log: The log.
        encoding: What it says.
        linger: Seconds without a reader after which the stream is closed.
        lease: Seconds in which a sign of life is expected.
        max_bytes: Bytes of the log that are kept.
    """

    def __init__(
        self, log: Log, encoding: Encoding, *, linger: float, lease: float, max_bytes: int
    ) -> None:
        self._log = log
        self._encoding = encoding
        self._linger = linger
        self._lease = lease
        self._sink = _LogSink(log, encoding.wire, max_bytes, self.stop)
        self._pump = Pump(encoding, self._sink, anyio.Lock(fast_acquire=True))
        self._scope = anyio.CancelScope()

    async def write(self, stream: Any) -> None:
        """Write all of it, or as much as somebody wants; the log always has an end."""
        try:
            with self._scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._tend)
                    await self._pump.run(stream)
                    group.cancel_scope.cancel()
        finally:
            with anyio.move_on_after(CLOSING, shield=True):
                try:
                    await self._pump.close()
                    if not self._pump.ended:
                        error = IncompleteStreamError.of(Outcome("cancelled"))
                        frames, torn = self._encoding.end(error)
                        await self._sink.end(frames, torn=torn is not None)
                finally:
                    with suppress(LogError):
                        await self._log.release()

    async def _tend(self) -> None:
        """Keep the log, and stop when nobody reads it any more."""
        while True:
            try:
                idle = await self._log.tend()
            except LogError as error:
                self._sink.fail(error)
                break
            if idle > 0 and idle >= self._linger:  # 0 says that somebody reads
                break
            remaining = self._linger - idle
            await anyio.sleep(max(min(remaining, self._lease / 3), TICK))
        await self.stop()

    async def stop(self) -> None:
        """Close the stream; the log ends by an error."""
        await self._pump.close()
        self._scope.cancel()


class _LogSink:
    """Writes frames to a log, and bounds its size."""

    def __init__(
        self, log: Log, wire: Wire, max_bytes: int, stop: Callable[[], Awaitable[None]]
    ) -> None:
        self._log = log
        self._wire = wire
        self._max_bytes = max_bytes
        self._stop = stop
        self._sizes: deque[int] = deque()
        self._size = 0
        self._first = 1
        self._failed = False  # also while something is being written: it may have been, or not

    async def write(self, frames: list[str]) -> None:
        if frames:
            await self._append(frames, None)

    async def end(self, frames: list[str], *, torn: bool) -> None:
        await self._append(frames, "torn" if torn else "whole")

    def fail(self, error: LogError) -> None:
        """Nothing can be written any more."""
        if not self._failed:
            logger.error("the log of a stream cannot be written: %s", error)
        self._failed = True

    async def _append(self, texts: list[str], end: End | None) -> None:
        if self._failed:
            return
        frames = frames_of(self._wire, texts)
        sizes = [len(frame.data) for frame in frames]
        self._sizes.extend(sizes)
        self._size += sum(sizes)
        while self._size > self._max_bytes and len(self._sizes) > 1:
            self._size -= self._sizes.popleft()
            self._first += 1
        failure: LogError | None = None
        self._failed = True
        with anyio.CancelScope(shield=True):
            try:
                await self._log.append(frames, first=self._first, end=end)
            except LogError as error:
                failure = error
        self._failed = False
        if failure is not None:
            self.fail(failure)
            await self._stop()
