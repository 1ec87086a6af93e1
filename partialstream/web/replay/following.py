"""A response that sends what a log holds, and what comes to it, at its reader's own pace."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
from starlette.responses import Response
from typing_extensions import override

from partialstream.errors import IncompleteStreamError
from partialstream.results import Outcome
from partialstream.web.endings import MESSAGES
from partialstream.web.replay.log import LogError, StoreError, WriterLostError
from partialstream.web.replay.running import frames_of
from partialstream.web.sending import HEADERS, Connection, without_body
from partialstream.web.wires.base import Ending

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.background import BackgroundTask
    from starlette.types import Receive, Scope, Send

    from partialstream.web.replay.log import End, Frame, Log
    from partialstream.web.wires.base import Wire

logger = logging.getLogger("partialstream.web")

LEAVING: Final = 5.0
"""Seconds for telling a store that a reader has left."""


def unavailable(error: StoreError) -> Response:
    """The logs cannot be read at the moment; whoever asks may come again."""
    logger.error("the log of a stream cannot be read: %s", error)
    return Response("The response cannot be read at the moment.", 503)


class LogResponse(Response):
    """The frames of a log after one of them.

    Args:
        log: The log.
        wire: The wire, begun, for what the log does not have: heartbeats, an end.
        after: The number of the frame that the reader had last.
        heartbeat: Seconds without anything after which a heartbeat is sent.
        headers: Further headers.
    """

    def __init__(
        self,
        log: Log,
        wire: Wire,
        after: int,
        *,
        heartbeat: float | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        self._wire = wire
        self._after = after
        self._heartbeat = heartbeat
        self._may_beat = True
        self.status_code = 200
        self.media_type = wire.media_type
        self.background: BackgroundTask | None = None
        self.init_headers({**HEADERS, **wire.headers, **(headers or {})})

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._respond(scope, receive, send)
        finally:
            if self.background is not None:
                await self.background()

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = without_body(scope, self._wire, self)
        if response is not None:
            await response(scope, receive, send)
            return
        try:
            await self._log.attach()
        except StoreError as error:
            await unavailable(error)(scope, receive, send)
            return
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            connection = Connection(send, receive, self._heartbeat, self._beat)
            await connection.run(partial(self._follow, connection), _nothing)
        finally:
            with anyio.move_on_after(LEAVING, shield=True), suppress(StoreError):
                await self._log.detach()

    async def _follow(self, connection: Connection) -> Exception | None:
        """Send the rest of the log; gives what is to tear the body."""
        after = self._after
        end: End | None = None
        while end is None:
            frames, end = await self._read(after)
            after += len(frames)
            body = b"".join(frame.data for frame in frames)
            async with connection.lock:
                if frames:
                    self._may_beat = frames[-1].beat
                if end is None:
                    await connection.write(body)
                else:
                    await connection.end(body, torn=end == "torn")
        if end == "torn":
            return IncompleteStreamError.of(Outcome("disconnected"))
        return None

    async def _read(self, after: int) -> tuple[Sequence[Frame], End | None]:
        """What follows, in any case something."""
        while True:
            try:
                chunk = await self._log.read(after)
            except WriterLostError:
                # An end for all who read it, now and later.
                logger.warning("what wrote the log of a stream is gone")
                frames, end = self._last_words(after, "disconnected")
                try:
                    await self._log.seal(after, frames, end)
                except StoreError:
                    return frames, end
            except LogError as error:
                if isinstance(error, StoreError):
                    logger.error("the log of a stream cannot be read: %s", error)
                return self._last_words(after, "failed")
            else:
                return chunk.frames, chunk.end

    def _last_words(self, after: int, status: str) -> tuple[Sequence[Frame], End]:
        wire = self._wire.begin()
        wire.resume(after)
        frames = frames_of(wire, wire.end(Ending(False, status, MESSAGES[status])))
        return frames, "torn" if wire.tears else "whole"

    def _beat(self) -> str:
        return self._wire.heartbeat() if self._may_beat else ""


async def _nothing() -> None:
    """A reader that leaves closes nothing."""
