"""Logs in Redis, for more than one process: each run is written by one, and read by any."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from typing_extensions import override

from partialstream.web.replay import scripts
from partialstream.web.replay.hub import Hub, Tail
from partialstream.web.replay.log import (
    CHUNK,
    ENDS,
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
from partialstream.web.replay.server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Sequence


class RedisLog(Log):
    """A log in a stream of Redis.

    Args:
        run: What the log is called.
        digest: What its key is called.
        wire: What the frames are of.
        server: The Redis.
        hub: What follows logs in this process.
        bounds: How long it is kept.
    """

    def __init__(
        self, run: str, digest: str, wire: str, server: RedisServer, hub: Hub, bounds: Bounds
    ) -> None:
        self.wire = wire
        self._run = run
        self._digest = digest
        self._server = server
        self._hub = hub
        self._keep = int(bounds.keep * 1000)
        self._lease = int(bounds.lease * 1000)
        self._patience = bounds.lease * 2 / 3  # while the lease holds
        self._written = 0
        self._tail: Tail | None = None
        self._is_gone = False

    @override
    async def append(self, frames: Sequence[Frame], *, first: int, end: End | None) -> None:
        is_ours = await self._server.run(
            scripts.APPEND,
            *(self._run, self._digest, self._keep, self._lease),
            *(self._written + 1, first, end or ""),
            *_fields(frames),
            patience=self._patience,
        )
        if not is_ours:
            raise RevokedError
        self._written += len(frames)

    @override
    async def tend(self) -> float:
        milliseconds: Any = await self._server.run(
            scripts.TEND,
            *(self._run, self._digest, self._keep, self._lease),
            patience=self._patience,
        )
        if milliseconds == []:
            raise RevokedError
        return float(milliseconds) / 1000

    @override
    async def release(self) -> None:
        await self._server.run(scripts.RELEASE, self._run)

    @override
    async def attach(self) -> None:
        self._tail = await self._hub.attach(self._run)

    @override
    async def detach(self) -> None:
        tail, self._tail = self._tail, None
        if tail is not None:
            await self._hub.detach(self._run, tail)

    @override
    async def span(self) -> Span | None:
        state = await self._server.run(scripts.SPAN, self._run)
        return Span(int(state[0]), int(state[1]), bool(state[2])) if state else None

    @override
    async def read(self, after: int) -> Chunk:
        tail = self._tail
        if tail is None or self._is_gone:
            raise DroppedError
        while True:
            if tail.error is not None:
                raise tail.error
            if after < tail.last:
                return tail.after(after) or await self._range(after)
            if tail.end is not None:
                return Chunk((), tail.end)
            if tail.lost:
                raise WriterLostError
            await tail.change()

    @override
    async def seal(self, after: int, frames: Sequence[Frame], end: End) -> None:
        sealed = await self._server.run(
            scripts.SEAL,
            *(self._run, self._digest, self._keep, self._lease),
            *(after, end),
            *_fields(frames),
        )
        if not sealed and await self.span() is None:
            self._is_gone = True
        elif self._tail is not None:
            self._tail.lost = False  # what there is now is read

    async def _range(self, after: int) -> Chunk:
        rows = await self._server.run(scripts.RANGE, self._run, after, CHUNK)
        frames: list[Frame] = []
        end: End | None = None
        for number, field, data in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
            if int(number) != after + 1 + len(frames):
                raise DroppedError
            if field == b"e":
                end = ENDS[data]
            else:
                frames.append(Frame(data, field == b"f"))
        if not rows:
            raise DroppedError
        return Chunk(frames, end)


class RedisStore(Store):
    """Keeps logs in Redis.

    Args:
        redis: An asyncio client of redis-py, or an address.
        prefix: What all names in Redis begin with.
        bounds: How long logs are kept, and how many.
    """

    def __init__(self, redis: Any, prefix: str, bounds: Bounds) -> None:
        self._bounds = bounds
        self._connect = partial(RedisServer, redis, prefix)
        self._connect()  # tells now what is wrong; and what it loads is not loaded in a request
        # Neither connections nor hubs are shared over event loops, or over a fork.
        self._places: dict[tuple[int, asyncio.AbstractEventLoop], tuple[RedisServer, Hub]] = {}

    @override
    async def begin(self, key: str, wire: str, *, renew: bool, name: str) -> tuple[Log, bool]:
        digest = _digest(key)
        bounds = self._bounds
        server, _ = self._place()
        reply = await server.run(
            scripts.BEGIN,
            *(digest, uuid4().hex, wire, int(renew), name),
            *(int(bounds.keep * 1000), int(bounds.lease * 1000), bounds.max_logs),
        )
        if not reply:
            raise FullError
        run, known_wire, is_new = reply
        return self._log(run, digest, known_wire), bool(is_new)

    @override
    async def find(self, key: str) -> Log | None:
        digest = _digest(key)
        server, _ = self._place()
        reply = await server.run(scripts.FIND, digest)
        return self._log(reply[0], digest, reply[1]) if reply else None

    @override
    async def aclose(self) -> None:
        place = self._places.pop((os.getpid(), asyncio.get_running_loop()), None)
        if place is not None:
            server, hub = place
            await hub.aclose()
            await server.aclose()

    def _place(self) -> tuple[RedisServer, Hub]:
        """What is used in this event loop of this process."""
        here = os.getpid(), asyncio.get_running_loop()
        place = self._places.get(here)
        if place is None:
            for other in list(self._places):
                if other[1].is_closed():
                    self._places.pop(other, None)
            server = self._connect()
            place = self._places[here] = server, Hub(server, self._bounds.lease)
        return place

    def _log(self, run: bytes, digest: str, wire: bytes) -> Log:
        return RedisLog(run.decode(), digest, wire.decode(), *self._place(), self._bounds)


def _digest(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _fields(frames: Sequence[Frame]) -> list[Any]:
    return [part for frame in frames for part in ("f" if frame.beat else "q", frame.data)]
