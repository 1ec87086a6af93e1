"""A stream as a response of Starlette, and so of FastAPI."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from starlette.datastructures import Headers
from starlette.responses import Response
from typing_extensions import override

from partialstream.spelling import names_meant
from partialstream.web.checks import check_key, check_seconds, check_stream
from partialstream.web.encode import Encoding, WireName, wire_of
from partialstream.web.pump import Pump
from partialstream.web.reading import discard
from partialstream.web.sending import HEADERS, Connection, without_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Mapping

    from starlette.background import BackgroundTask
    from starlette.types import Receive, Scope, Send

    from partialstream.web.replay.replay import Replay
    from partialstream.web.wires.base import Wire


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
        replay: Replay | None = None,
        key: str | None = None,
    ) -> None:
        if heartbeat is not None:
            check_seconds("heartbeat", heartbeat, positive=True)
        if replay is None:
            if key is not None:
                raise ValueError("key= requires replay=")
        elif key is None:
            raise ValueError("replay= requires key=")
        else:
            check_key(key)
        check_stream(stream)
        chosen = wire_of(wire).begin(by_alias=by_alias)
        self._stream = stream
        self._replay = replay
        self._key = key or ""
        self._heartbeat = heartbeat
        self._encoding = Encoding(None, chosen, throttle=throttle, describe=describe)
        self.status_code = 200
        self.media_type = chosen.media_type
        self.background: BackgroundTask | None = None
        self.init_headers({**HEADERS, **chosen.headers})
        self._default_headers = frozenset(self.raw_headers)
        self.headers.update(headers or {})

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        last_event_id = Headers(scope=scope).get("last-event-id")
        response = without_body(scope, self._encoding.wire, self)
        if response is not None:
            await discard(self._stream)
        elif self._replay is not None:
            response = await self._replay.open(
                self._key,
                self._stream,
                self._encoding,
                last_event_id=last_event_id,
                heartbeat=self._heartbeat,
            )
        elif last_event_id is not None:
            # `EventSource` connects again by itself. There is nothing to go on with, and to ask
            # the model again would be paid for; this status keeps it from coming again.
            await discard(self._stream)
            response = Response(status_code=204)
        if response is not None:
            self._copy_headers(response)
        try:
            await (self._send if response is None else response)(scope, receive, send)
        finally:
            if self.background is not None:
                await self.background()

    def _copy_headers(self, other: Response) -> None:
        """Give the headers that were set on this response, cookies too, to the one that is sent."""
        for name, value in self.raw_headers:
            if (name, value) in self._default_headers:
                continue
            if name == b"set-cookie":
                other.headers.append(name.decode("latin-1"), value.decode("latin-1"))
            else:
                other.headers[name.decode("latin-1")] = value.decode("latin-1")

    async def _send(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send the stream itself, for as long as the browser stays."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        connection = Connection(send, receive, self._heartbeat, self._encoding.wire.heartbeat)
        pump = Pump(self._encoding, _Frames(connection), connection.lock)
        await connection.run(partial(pump.run, self._stream), pump.close)


class _Frames:
    """Sends frames to a browser as they come."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def write(self, frames: list[str]) -> None:
        await self._connection.write("".join(frames).encode())

    async def end(self, frames: list[str], *, torn: bool) -> None:
        await self._connection.end("".join(frames).encode(), torn=torn)


Source: TypeAlias = "Iterable[Any] | AsyncIterable[Any] | Callable[[], Any]"
"""A stream, or what makes one."""


@overload
def respond(
    stream: Source,
    *,
    wire: WireName | Wire = "sse",
    heartbeat: float | None = 15.0,
    throttle: float | None = None,
    by_alias: bool | None = None,
    describe: Callable[[Exception], str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> StreamResponse: ...


@overload
def respond(
    stream: Source,
    *,
    wire: WireName | Wire = "sse",
    heartbeat: float | None = 15.0,
    throttle: float | None = None,
    by_alias: bool | None = None,
    describe: Callable[[Exception], str] | None = None,
    headers: Mapping[str, str] | None = None,
    replay: Replay | None,
    key: str | None,
) -> StreamResponse: ...


@names_meant
def respond(
    stream: Source,
    *,
    wire: WireName | Wire = "sse",
    heartbeat: float | None = 15.0,
    throttle: float | None = None,
    by_alias: bool | None = None,
    describe: Callable[[Exception], str] | None = None,
    headers: Mapping[str, str] | None = None,
    replay: Replay | None = None,
    key: str | None = None,
) -> StreamResponse:
    """A stream as an HTTP response, for FastAPI and Starlette.

    When the browser leaves, the stream is closed, and so is the provider's response. Errors are
    sent in the wire's format, with a generic message, since their own quote what the provider said
    and the model wrote.

    The status is always 200, as it is sent before the model is asked: a request that the provider
    rejects is an error on the wire, too. To return another status, decide before calling
    `respond`. No model is asked for a `HEAD` request, nor for one of an `EventSource` that
    reconnects, which gets 204; the wire `"object"` refuses HTTP/1.0, in which an aborted response
    looks complete.

    Headers, cookies and background tasks set on the response are kept, with `replay` too.

    Args:
        stream: What `create_iterable` or `create_partial` gave, of a sync or an async client; or a
            function that gives it. The request of a sync stream is sent when it is made, which
            would block an `async def` endpoint: a function is called in a thread. It must not read
            the request's body, which the response reads to notice that the browser leaves.
        wire: The format, by its name or with options: `web.AiSdk(name="product")`.
        heartbeat: Seconds of inactivity before a heartbeat is sent, so that proxies keep the
            connection open; None for none.
        throttle: Seconds in which the changes of a growing object are merged; None for the wire's
            default: 0.1 where whole values are sent anew, else 0.
        by_alias: Whether fields have their aliases; None leaves that to the models.
        describe: Makes the message of an error that the page is to show.
        headers: Further headers.
        replay: Keeps what is sent, so that a page that reloads goes on; see `Replay`. The stream
            then goes on when the browser leaves.
        key: What it is kept under. A known key does not ask the model: a function is not called,
            a stream is closed, and what is kept is sent; after `Last-Event-ID`, if that is a
            header of the request.

    Raises:
        ValueError: There is no such wire, a time is out of range, or only one of `replay` and `key`
            is given.
        TypeError: An argument is of another type; `stream` is no stream.

    Example:
        >>> from partialstream import astream_items
        >>> from partialstream.testing import async_fake_stream
        >>> async def rank(request):
        ...     deltas = async_fake_stream(["[1, 2", "0]"])
        ...     return respond(astream_items(int, deltas), wire="ndjson")

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
        replay=replay,
        key=key,
    )
