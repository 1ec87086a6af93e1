"""The race of an async call: each request is sent, and its response begun to read, by a task."""

from __future__ import annotations

from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

from anyio import CancelScope, Event, create_task_group, move_on_after

from partialstream.stream.steps import await_steps
from partialstream.stream.transport import aclose_chunks, aiter_of, no_chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from anyio.abc import TaskGroup

    from partialstream.client.call import Call
    from partialstream.client.contender import Contender
    from partialstream.client.retries.routed import RoutedSession
    from partialstream.client.routes import Route

_CLOSING = 1.0
"""Seconds that the closing of a response that has lost may take; it waits for nothing, mostly."""


async def race(call: Call, session: RoutedSession[Any], request: Any) -> Any:
    """`threads.race`, with tasks; all of them are over when this returns."""
    contest = _Race(call, session, request)
    session.on_cancel.append(contest.leave)
    try:
        winner = await contest.run()
    finally:
        session.on_cancel.remove(contest.leave)
    if winner is None:
        return no_chunks()
    session.adopt(winner.contender, contest.failed)
    return winner.chunks()


class _Race:
    def __init__(self, call: Call, session: RoutedSession[Any], request: Any) -> None:
        self.failed: list[Route] = []
        self._call = call
        self._session = session
        self._contenders: Iterator[Contender] = session.contenders(request)
        self._running: list[Runner] = []
        self._winner: Runner | None = None
        self._changed = Event()
        self._scope = CancelScope()

    def leave(self) -> None:
        """The stream was left."""
        self._scope.cancel()

    async def run(self) -> Runner | None:
        """Gives the runner whose response is to be read; None if the stream was left."""
        finished = False
        try:
            with self._scope:
                async with create_task_group() as group:
                    await self._watch(group)
                    group.cancel_scope.cancel()
            finished = not self._scope.cancel_called
        finally:
            if not finished and self._winner is not None:
                self._running.append(self._winner)
                await self._winner.close()
            for other in self._running:
                self._session.lose(other.contender)
        return self._winner if finished else None

    async def _watch(self, group: TaskGroup) -> None:
        """Start runners, one after the other, until one of them has won."""
        within = self._call.options.first_delta_within or inf
        latest = self._start(group)
        while self._winner is None:
            self._changed = Event()
            left = inf
            if latest is not None and not latest.waits:
                left = max(0.0, within - latest.silent_for())
            with move_on_after(left) as waiting:
                await self._changed.wait()
            if waiting.cancelled_caught and self._winner is None:
                latest = self._start(group)

    def _start(self, group: TaskGroup) -> Contender | None:
        contender = next(self._contenders, None)
        if contender is not None:
            contender.on_sent = lambda: self._changed.set()  # which is a new one each time
            runner = Runner(self._call, contender)
            self._running.append(runner)
            group.start_soon(self._compete, runner)
        return contender

    async def _compete(self, runner: Runner) -> None:
        contender = runner.contender
        try:
            await runner.read()
            if self._winner is None and (contender.error is None or len(self._running) == 1):
                self._running.remove(runner)
                self._winner = runner
            elif contender.error is not None:
                self._running.remove(runner)
                self.failed.append(contender.route)
                self._session.lose(contender)
            self._changed.set()
        finally:
            if self._winner is not runner:
                await runner.close()


class Runner:
    """Sends a request, and reads its response until that is decided."""

    def __init__(self, call: Call, contender: Contender) -> None:
        self.contender = contender
        self._call = call
        self._chunks: Any = None
        self._read: list[Any] = []
        self._rest: AsyncIterator[Any] = no_chunks()
        self._raised: BaseException | None = None

    async def read(self) -> None:
        """Send the request, and read until `contender.error` or the first delta is known."""
        contender = self.contender
        try:
            steps = self._call.send(contender, contender.request, contender.route)
            self._chunks = await await_steps(steps)
            contender.opened = True
            self._rest = aiter_of(self._chunks)
            async for chunk in self._rest:
                self._read.append(chunk)
                if contender.hears(chunk):
                    if contender.broken:
                        self._raised = contender.error
                    return
            contender.ended()
        except Exception as error:  # noqa: BLE001 - raised where it is read, if it is
            contender.error = self._raised = error

    def chunks(self) -> Any:
        """The chunks of the response.

        Raises:
            Exception: The request has failed.
        """
        if not self.contender.opened and self._raised is not None:
            raise self._raised
        return AsyncRacedChunks(self._chunks, self._read, self._rest, self._raised)

    async def close(self) -> None:
        """Close the response, if there is one, without reading it."""
        with CancelScope(shield=True), move_on_after(_CLOSING), suppress(Exception):
            for each in (self._rest, self._chunks):
                await aclose_chunks(each)


class AsyncRacedChunks:
    """The chunks of a response whose first ones have been read already."""

    def __init__(
        self, chunks: Any, read: list[Any], rest: AsyncIterator[Any], raised: BaseException | None
    ) -> None:
        self.response: Any = getattr(chunks, "response", None)
        self._chunks = chunks
        self._read = read[::-1]
        self._rest = rest
        self._raised = raised

    def __aiter__(self) -> AsyncRacedChunks:
        return self

    async def __anext__(self) -> Any:
        if self._read:
            return self._read.pop()
        if self._raised is not None:
            raise self._raised
        return await self._rest.__anext__()

    async def aclose(self) -> None:
        """Close the response."""
        await aclose_chunks(self._chunks)
