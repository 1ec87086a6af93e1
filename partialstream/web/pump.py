"""Reads a stream, encodes it, and hands the frames on: to a browser, or into a log.

While what takes the frames is busy, nothing is read. A second task hands on what was held back
when its time has come.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Protocol

import anyio
import anyio.lowlevel

from partialstream.web.reading import open_reading

if TYPE_CHECKING:
    from partialstream.web.encode import Encoding
    from partialstream.web.reading import Reading


class Sink(Protocol):
    """What takes the frames of a stream."""

    async def write(self, frames: list[str]) -> None:
        """Take frames; there may be none."""

    async def end(self, frames: list[str], *, torn: bool) -> None:
        """Take the last frames; `torn` if the body is to be broken off after them."""


class Pump:
    """Hands the frames of one stream on.

    Args:
        encoding: What they say.
        sink: What takes them.
        lock: Held while something is encoded and handed on, so that frames keep their order.

    Attributes:
        ended: Whether the last frame was handed on.
    """

    def __init__(self, encoding: Encoding, sink: Sink, lock: anyio.Lock) -> None:
        self._encoding = encoding
        self._sink = sink
        self._lock = lock
        self._held_back = anyio.Event()  # set when something begins to be
        self._reading: Reading | None = None
        self._closed = False
        self.ended = False
        self._torn: Exception | None = None

    async def run(self, stream: Any) -> Exception | None:
        """Hand all of it on, unless it is closed before.

        Args:
            stream: The stream, or what makes it; see `open_reading`.

        Returns:
            What is to tear the body.
        """
        try:
            async with anyio.create_task_group() as group:
                error = await self._read(stream, group)
                async with self._lock:
                    await self._end(error)
                group.cancel_scope.cancel()
        finally:
            await self.close()
        return self._torn

    async def close(self) -> None:
        """Close the stream at once, whoever is cancelled meanwhile; nothing more is handed on."""
        self._closed = True
        await self._close()

    async def _read(self, stream: Any, group: anyio.abc.TaskGroup) -> Exception | None:
        encoding = self._encoding
        try:
            await anyio.lowlevel.checkpoint()  # a browser that has left already asks for nothing
            await self._sink.write(encoding.wire.start())
            reading = await open_reading(stream, encoding.wire)
            self._reading = reading
            encoding.read(reading.stream)
            group.start_soon(reading.run)
            if encoding.throttle.seconds:
                group.start_soon(self._release, group.cancel_scope)
            async with aclosing(reading.batches()) as batches:
                async for events in batches:
                    async with self._lock:
                        if self._closed:
                            return None
                        frames = [frame for event in events for frame in encoding.feed(event)]
                        if frames:
                            await self._sink.write(frames)
                        if encoding.throttle.due_in is not None:
                            self._held_back.set()
        except Exception as failure:  # noqa: BLE001 - told by the wire, or raised after it
            return failure
        return None

    async def _end(self, error: Exception | None) -> None:
        if self._closed or self.ended:
            return
        await self._close()  # while the last frames are sent, nothing is held for them
        frames, torn = self._encoding.end(error)
        self.ended, self._torn = True, torn
        await self._sink.end(frames, torn=torn is not None)

    async def _release(self, scope: anyio.CancelScope) -> None:
        """Hand on what was held back when its time has come."""
        throttle = self._encoding.throttle
        while True:
            due = throttle.due_in
            if due is None:
                self._held_back = anyio.Event()
                await self._held_back.wait()
                continue
            await anyio.sleep(due)
            async with self._lock:
                if self.ended or self._closed:
                    return
                if throttle.due_in == 0:
                    try:
                        frames = self._encoding.due()
                    except Exception as failure:  # noqa: BLE001 - told by the wire, or raised after it
                        await self._end(failure)
                        scope.cancel()
                        return
                    await self._sink.write(frames)

    async def _close(self) -> None:
        reading, self._reading = self._reading, None
        if reading is not None:
            with anyio.CancelScope(shield=True):
                await reading.close()
