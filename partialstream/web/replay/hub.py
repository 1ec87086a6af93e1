"""One read of Redis for all logs that are followed in this process, and for all their readers.

It blocks until one of the logs has something new. What came last is in memory, for the readers who
keep up; others fetch what they need, so that nothing is queued for anybody. A stream of this
process alone ends the wait when there is one more log to follow.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from partialstream.web.replay import scripts
from partialstream.web.replay.log import CHUNK, ENDS, Chunk, End, Frame, StoreError
from partialstream.web.replay.server import PAUSE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partialstream.web.replay.server import RedisServer

COUNT: Final = 64
"""Frames of a log that are read at once."""

BLOCK: Final = 2.0
"""Seconds that the read waits, at the most."""


class Tail:
    """The end of a log, as far as this process knows it.

    Attributes:
        readers: How many are in this process.
        last: The number of the last frame.
        end: How the log has ended; None if it has not.
        lost: Whether its writer is gone.
        error: Why it cannot be followed any more.
    """

    def __init__(self, last: int, end: End | None) -> None:
        self.readers = 0
        self.last = last
        self.end: End | None = end
        self.lost = False
        self.error: StoreError | None = None
        self._frames: list[Frame] = []  # the last of them
        self._changed = asyncio.Event()

    def add(self, rows: Iterable[tuple[int, str, bytes]]) -> None:
        """Take what was read: number, field and data of each entry."""
        self._frames = []
        for number, field, data in rows:
            if field == "e":
                self.end = ENDS[data]
                continue
            if number != self.last + 1:
                self._frames = []  # some were dropped
            self.last = number
            self._frames.append(Frame(data, field == "f"))
        self.lost = False
        self.wake()

    def after(self, number: int) -> Chunk | None:
        """What follows a frame, if it is in memory."""
        start = number - (self.last - len(self._frames))
        if start < 0:
            return None
        frames: list[Frame] = []
        size = 0
        for frame in self._frames[start:]:
            frames.append(frame)
            size += len(frame.data)
            if size >= CHUNK:
                break
        return Chunk(frames, self.end if number + len(frames) == self.last else None)

    def wake(self) -> None:
        """Let all who wait look again."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def change(self) -> None:
        """Wait until there is something new."""
        await self._changed.wait()


class Hub:
    """Follows the logs that are read in an event loop of this process.

    Args:
        server: The Redis.
        lease: Seconds after which a process that says nothing is taken for dead.
    """

    def __init__(self, server: RedisServer, lease: float) -> None:
        self._server = server
        self._lease = lease
        self._process = uuid4().hex
        self._wake = f"{server.prefix}:wake:{self._process}"
        self._tails: dict[str, Tail] = {}
        self._coming: list[str] = []  # logs that are about to be followed
        self._task: asyncio.Task[None] | None = None

    async def attach(self, run: str) -> Tail | None:
        """Follow a log; None if it is gone."""
        self._coming.append(run)
        try:
            state = await self._server.run(scripts.ATTACH, run, self._process, self._milliseconds)
        finally:
            self._coming.remove(run)
        if not state:
            return None
        tail = self._tails.get(run)
        if tail is None:
            end = ENDS.get(state[2])
            tail = self._tails[run] = Tail(int(state[1]), end)
            tail.readers = 1
            await self._follow()
        else:
            tail.readers += 1
        return tail

    async def detach(self, run: str, tail: Tail) -> None:
        """Follow it no longer."""
        tail.readers -= 1
        if tail.readers or self._tails.get(run) is not tail:
            return
        del self._tails[run]
        await self._leave(run)

    async def aclose(self) -> None:
        """Stop; readers get an error."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._fail(StoreError("the application shuts down"))

    @property
    def _milliseconds(self) -> int:
        return int(self._lease * 1000)

    async def _follow(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
        else:
            with suppress(StoreError):  # then the read ends by itself, a little later
                await self._server.wake(self._wake)

    async def _run(self) -> None:
        """Read until nobody wants anything."""
        woken = "0-0"
        pulse = responded = monotonic()
        while self._tails:
            live = {run: tail for run, tail in self._tails.items() if tail.end is None}
            prefix = f"{self._server.prefix}:log:"
            streams = {f"{prefix}{run}": f"0-{tail.last}" for run, tail in live.items()}
            block = min(BLOCK, self._lease / 3)
            try:
                reply = await self._server.read(
                    {**streams, self._wake: woken}, count=COUNT, block=block
                )
                for stream, entries in reply.items():
                    if stream == self._wake:
                        woken = _id(entries[-1])
                    else:
                        live[stream.removeprefix(prefix)].add(map(_row, entries))
                if monotonic() >= pulse:
                    await self._pulse([*self._tails])
                    pulse = monotonic() + self._lease / 3
                responded = monotonic()
            except StoreError as error:
                if monotonic() - responded > self._lease:
                    self._fail(error)
                    return
                await asyncio.sleep(PAUSE)

    def _is_read(self, run: str) -> bool:
        return run in self._tails or run in self._coming

    async def _leave(self, run: str) -> None:
        """Show that this process does not read a log any more."""
        await self._server.run(scripts.DETACH, run, self._process)
        if self._is_read(run):  # somebody has come meanwhile
            await self._pulse([run])

    async def _pulse(self, runs: list[str]) -> None:
        """Show that this process reads, and see which writers are gone."""
        if not runs:
            return
        alive = await self._server.run(scripts.PULSE, self._process, self._milliseconds, *runs)
        for run, lives in zip(runs, alive, strict=True):
            tail = self._tails.get(run)
            if tail is not None and tail.lost == bool(lives):
                tail.lost = not lives
                tail.wake()
        for run in runs:
            if not self._is_read(run):  # the last reader has left meanwhile
                await self._leave(run)

    def _fail(self, error: StoreError) -> None:
        tails, self._tails = self._tails, {}
        for tail in tails.values():
            tail.error = error
            tail.wake()


def _id(entry: Any) -> str:
    return entry[0].decode() if isinstance(entry[0], bytes) else str(entry[0])


def _row(entry: Any) -> tuple[int, str, bytes]:
    ((field, data),) = entry[1].items()
    return int(_id(entry).removeprefix("0-")), field.decode(), data
