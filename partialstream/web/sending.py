"""Sends the body of a response: heartbeats, and browsers that leave.

Three tasks share it: one sends the body, one keeps the connection open, one waits for the browser
to leave. A lock is held while something is sent, so that frames keep their order.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Final

import anyio
import anyio.lowlevel
from starlette.responses import Response

from partialstream.web.endings import logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from partialstream.web.wires.base import Wire

HEADERS: Final = {
    # Neither kept nor changed on the way: what compresses holds text back. Starlette's own
    # `GZipMiddleware` looks at the second header only, other than for server-sent events.
    "cache-control": "no-cache, no-transform",
    "content-encoding": "identity",
    "x-accel-buffering": "no",  # nginx
    # Also for browsers that would wait for text to guess its type from.
    "x-content-type-options": "nosniff",
}

NEEDS_CHUNKS: Final = (
    "this format needs HTTP/1.1 on the whole way (in nginx: proxy_http_version 1.1), as in "
    "HTTP/1.0 a response that was broken off looks complete"
)


def without_body(scope: Scope, wire: Wire, response: Response) -> Response | None:
    """What is sent to a request that gets no stream; None for all others.

    Args:
        scope: The request's, as ASGI has it.
        wire: What the stream would be sent on.
        response: Whose headers are sent.
    """
    if scope.get("method") == "HEAD":
        head = Response()
        head.raw_headers = response.raw_headers
        return head
    if wire.tears and scope.get("http_version") == "1.0":
        logger.warning("refused a request by HTTP/1.0: %s", NEEDS_CHUNKS)
        return Response(f"{NEEDS_CHUNKS}\n", 505, media_type="text/plain")
    return None


class ResponseAbortedError(Exception):
    """Raised into the server, which then aborts the response: its stream is not complete.

    It says no more, as servers log it: the stream's own error quotes the model.
    """


class Connection:
    """The way to one browser.

    Args:
        send: As ASGI has it.
        receive: As ASGI has it.
        heartbeat: Seconds without anything after which a heartbeat is sent; None for never.
        beat: The heartbeat that may be sent now; `""` where there is none.

    Attributes:
        lock: Held while something is sent.
        left: Whether the browser has left.
    """

    def __init__(
        self, send: Send, receive: Receive, heartbeat: float | None, beat: Callable[[], str]
    ) -> None:
        self.lock = anyio.Lock(fast_acquire=True)
        self.left = False
        self._send = send
        self._receive = receive
        self._heartbeat = heartbeat
        self._beat = beat
        self._sent_at = monotonic()
        self._ended = False
        self._on_leave: Callable[[], Awaitable[None]]
        self._cancel: Callable[[], None]

    async def run(
        self,
        body: Callable[[], Awaitable[Exception | None]],
        on_leave: Callable[[], Awaitable[None]],
    ) -> None:
        """Send all of it.

        Args:
            body: Sends it; gives what is to tear it, if it has to be broken off.
            on_leave: Called as soon as the browser has left; then `body` is cancelled.

        Raises:
            ResponseAbortedError: The body has to be torn: the server breaks the connection off.
        """
        self._on_leave = on_leave
        torn: Exception | None = None
        async with anyio.create_task_group() as group:
            self._cancel = group.cancel_scope.cancel
            group.start_soon(self._watch)
            if self._heartbeat is not None:
                group.start_soon(self._keep_alive, self._heartbeat)
            torn = await body()
            group.cancel_scope.cancel()
        if torn is not None:
            await self._tear(type(torn).__name__)

    async def write(self, body: bytes) -> None:
        """Send a part of the body."""
        if body:
            await self._write(body, more=True)

    async def end(self, body: bytes, *, torn: bool) -> None:
        """Send the last part; one that is torn stays open for the error that follows."""
        self._ended = True
        if body or not torn:
            await self._write(body, more=torn)

    async def _write(self, body: bytes, *, more: bool) -> None:
        try:
            await self._send({"type": "http.response.body", "body": body, "more_body": more})
        except OSError:  # as servers say it since version 2.4 of ASGI
            await self._leave()
        self._sent_at = monotonic()

    async def _keep_alive(self, heartbeat: float) -> None:
        while True:
            await anyio.sleep(max(self._sent_at + heartbeat - monotonic(), 0))
            async with self.lock:
                if self._ended:
                    return
                if monotonic() >= self._sent_at + heartbeat:
                    await self.write(self._beat().encode())
                    self._sent_at = monotonic()

    async def _watch(self) -> None:
        """Wait until the browser leaves."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        await self._leave()

    async def _leave(self) -> None:
        self.left = True
        await self._on_leave()
        self._cancel()
        await anyio.lowlevel.checkpoint()

    async def _tear(self, reason: str) -> None:
        """Break the body off.

        An exception does that, but Starlette's `BaseHTTPMiddleware` ends the body first, as if it
        were complete. It does not after a message that stands for the rest of the body, and hands
        that on to the server, which refuses it here.
        """
        with suppress(Exception):
            await self._send({"type": "http.response.pathsend", "path": ""})
        raise ResponseAbortedError(f"the stream is not complete: {reason}")
