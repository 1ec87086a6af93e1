"""A stream as a response of Starlette, and so of FastAPI.

Three tasks share it: one reads the stream and sends what is new, one keeps the connection open
and sends what was held back, one waits for the browser to leave. Whoever sends holds a lock, so
that frames keep their order. While a slow browser does not take them, nothing is read.
"""

from __future__ import annotations

from contextlib import suppress
from inspect import isawaitable
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.lowlevel
from starlette.responses import Response
from typing_extensions import override

from partialstream.web.encode import Encoding, WireName, wire_of
from partialstream.web.reading import Reading, open_reading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.background import BackgroundTask
    from starlette.types import Receive, Scope, Send

    from partialstream.web.wires.base import Wire

HEADERS: Final = {
    # Neither kept nor changed on the way: proxies that compress hold text back.
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",  # nginx
}


class StreamResponse(Response):
    """A stream as an HTTP response; see `respond`."""

    def __init__(
        self,
        stream: Any,
        *,
        wire: WireName | Wire = "sse",
        heartbeat: float | None = 15.0,
        throttle: float | None = None,
        by_alias: bool | None = None,
        describe: Callable[[Exception], str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if heartbeat is not None and heartbeat <= 0:
            raise ValueError(f"heartbeat= must be positive, or None for none: {heartbeat}")
        chosen = wire_of(wire).begin(by_alias=by_alias)
        self._stream = stream
        self._heartbeat = float("inf") if heartbeat is None else heartbeat
        self._encoding = Encoding(None, chosen, throttle=throttle, describe=describe)
        self.status_code = 200
        self.media_type = chosen.media_type
        self.background: BackgroundTask | None = None
        self.init_headers({**HEADERS, **chosen.headers, **(headers or {})})

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if any(name == b"last-event-id" for name, _ in scope.get("headers", ())):
            # `EventSource` connects again by itself. There is nothing to go on with, and to ask
            # the model again would be paid for; this status keeps it from coming again.
            close = getattr(self._stream, "close", None)
            if close is not None:
                await _finished(close())
            await Response(status_code=204)(scope, receive, send)
            return
        sending = _Sending(self._encoding, send, self._heartbeat)
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        await sending.run(self._stream, receive)
        if self.background is not None:
            await self.background()


async def _finished(value: Any) -> None:
    """Wait for what a sync or an async function gave."""
    if isawaitable(value):
        await value


class _Sending:
    """Sends a response's body.

    Args:
        encoding: What it says.
        send: How to send it.
        heartbeat: Seconds without anything after which a sign of life is sent.
    """

    def __init__(self, encoding: Encoding, send: Send, heartbeat: float) -> None:
        self._encoding = encoding
        self._send = send
        self._heartbeat = heartbeat
        self._lock = anyio.Lock(fast_acquire=True)
        self._sent_at = monotonic()
        self._held_back = anyio.Event()  # set when something begins to be
        self._reading: Reading | None = None
        self._left = False  # whether the browser has
        self._ended = False  # whether the last frame was sent
        self._cancel: Callable[[], None]
        self._torn: BaseException | None = None

    async def run(self, stream: Any, receive: Receive) -> None:
        """Send all of it.

        Raises:
            BaseException: What is to tear the body: the server breaks the connection off.
        """
        try:
            async with anyio.create_task_group() as group:
                self._cancel = group.cancel_scope.cancel
                group.start_soon(self._watch, receive)
                group.start_soon(self._keep_alive)
                await self._read(stream, group.start_soon)
                group.cancel_scope.cancel()
        finally:
            await self._close()
        if self._torn is not None:
            await self._tear(self._torn)

    async def _tear(self, error: BaseException) -> None:
        """Break the body off.

        An exception does that, but Starlette's `BaseHTTPMiddleware` ends the body first, as if it
        were complete. It does not after a message that stands for the rest of the body, and hands
        that on to the server, which refuses it here.
        """
        with suppress(Exception):
            await self._send({"type": "http.response.pathsend", "path": ""})
        raise error

    # -- the three tasks ---------------------------------------------------------------------

    async def _read(self, stream: Any, start_soon: Callable[..., Any]) -> None:
        encoding = self._encoding
        error: Exception | None = None
        try:
            await self._write(encoding.wire.start())
            reading = await open_reading(stream, encoding.wire, lambda: self._left)
            self._reading = reading
            encoding.read(reading.stream)
            start_soon(reading.run)
            async for events in reading.batches():
                async with self._lock:
                    if self._left:
                        return
                    frames = [frame for event in events for frame in encoding.feed(event)]
                    if frames:
                        await self._write(frames)
                    if encoding.batches.due_in is not None:
                        self._held_back.set()
        except Exception as failure:  # noqa: BLE001 - told by the wire, or raised after it
            error = failure
        async with self._lock:
            if self._left:
                return
            await self._close()  # while the last frames are sent, nothing is held for them
            frames, torn = encoding.end(error)
            self._ended, self._torn = True, torn
            await self._write(frames, more=torn is not None)

    async def _keep_alive(self) -> None:
        """Send what was held back when its time has come, and signs of life."""
        encoding = self._encoding
        while True:
            due = encoding.batches.due_in
            quiet = self._sent_at + self._heartbeat - monotonic()
            if due is None:
                self._held_back = anyio.Event()
                with anyio.move_on_after(max(quiet, 0)):
                    await self._held_back.wait()
                    continue
            else:
                await anyio.sleep(min(due, max(quiet, 0)))
            async with self._lock:
                if self._ended:
                    return
                if encoding.batches.due_in == 0:
                    await self._write(encoding.due())
                elif monotonic() >= self._sent_at + self._heartbeat:
                    await self._write([encoding.wire.heartbeat()])
                    self._sent_at = monotonic()

    async def _watch(self, receive: Receive) -> None:
        """Wait until the browser leaves."""
        while (await receive())["type"] != "http.disconnect":
            pass
        await self._leave()

    async def _leave(self) -> None:
        """The browser has left: close the stream at once, and stop."""
        self._left = True
        await self._close()
        self._cancel()
        await anyio.lowlevel.checkpoint()

    # -- what they share ---------------------------------------------------------------------

    async def _write(self, frames: list[str], *, more: bool = True) -> None:
        body = "".join(frames).encode()
        if not body and more:
            return
        try:
            await self._send({"type": "http.response.body", "body": body, "more_body": more})
        except OSError:  # as servers say it since version 2.4 of ASGI
            await self._leave()
        self._sent_at = monotonic()

    async def _close(self) -> None:
        """Close the stream, whoever else is cancelled meanwhile."""
        reading, self._reading = self._reading, None
        if reading is not None:
            with anyio.CancelScope(shield=True):
                await reading.close()


def respond(
    stream: Any | Callable[[], Any | Awaitable[Any]],
    *,
    wire: WireName | Wire = "sse",
    heartbeat: float | None = 15.0,
    throttle: float | None = None,
    by_alias: bool | None = None,
    describe: Callable[[Exception], str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> StreamResponse:
    """A stream as an HTTP response, for FastAPI and Starlette.

    When the browser leaves, the stream is closed, and so is the provider's response. An error of
    the stream becomes what the wire has for it; its message is ours, since errors quote what the
    provider said and the model wrote.

    Args:
        stream: What `create_iterable` or `create_partial` gave, of a sync or an async client; or a
            function that gives it. The request of a sync stream is sent when it is made, which
            would block an `async def` endpoint: a function is called in a thread.
        wire: The format, by its name or with options: `web.AiSdk(name="product")`.
        heartbeat: Seconds without anything to say after which a sign of life is sent, so that
            nobody on the way takes the connection for dead; None for none.
        throttle: Seconds in which the changes of a growing object are merged; None for what is
            usual for the wire: 0.1 where whole values are sent anew, else 0.
        by_alias: Whether fields have their aliases; None leaves that to the models.
        describe: Makes the message of an error that the page is to show.
        headers: Further headers.

    Raises:
        ValueError: There is no such wire, or a time makes no sense.

    Example:
        >>> from partialstream import astream_items
        >>> async def rank(request):
        ...     return respond(astream_items(int, request.stream()), wire="ndjson")

        In an application, with a client:

            @app.post("/rank")
            async def rank(query: Query):
                return respond(client.create_iterable(response_model=Product, ...))
    """
    return StreamResponse(
        stream,
        wire=wire,
        heartbeat=heartbeat,
        throttle=throttle,
        by_alias=by_alias,
        describe=describe,
        headers=headers,
    )
