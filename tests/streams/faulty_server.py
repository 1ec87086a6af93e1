"""A server on a raw socket, whose bodies break as a library's own server never lets them."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
from contextlib import aclosing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
    from types import TracebackType

EVENTS = [
    b'data: {"choices":[{"index":0,"delta":{"content":"[{\\"name\\":\\"Lamp\\"},"}}]}\n\n',
    b'data: {"choices":[{"index":0,"delta":{"content":"{\\"name\\":\\"Ru"}}]}\n\n',
]
TAIL = '{"name":"Ru'

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
_CHUNKED = b"transfer-encoding: chunked\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _sound() -> Iterator[bytes]:
    yield _HEAD + _CHUNKED
    for event in EVENTS:
        yield _chunk(event)


def _bad_chunk() -> Iterator[bytes]:
    # In one piece: where the bad chunk comes by itself, aiohttp 3.14 neither raises nor times out.
    yield b"".join([*_sound(), b"no size\r\nand no chunk\r\n"])


def _short_length() -> Iterator[bytes]:
    yield _HEAD + b"content-length: 100000\r\n\r\n"
    yield from EVENTS


def _gzip(*, ends_in_garbage: bool) -> Iterator[bytes]:
    yield _HEAD + b"content-encoding: gzip\r\n" + _CHUNKED
    whole = gzip.compress(EVENTS[0], mtime=0) + gzip.compress(EVENTS[1], mtime=0)
    yield _chunk(b"\xff\xfe no gzip at all" * 10 if ends_in_garbage else whole[:10] + b"\xff" * 99)
    yield b"0\r\n\r\n"


BODIES: dict[str, Callable[[], Iterator[bytes]]] = {
    "reset": _sound,
    "early close": _sound,
    "shorter than its length": _short_length,
    "bad chunk": _bad_chunk,
    "no gzip": lambda: _gzip(ends_in_garbage=True),
    "broken gzip": lambda: _gzip(ends_in_garbage=False),
    "stall": _sound,
}
"""How a body breaks. Those that are no gzip break before their first event."""


class FaultyServer:
    """Answers each request with the same broken body.

    Args:
        fault: One of `BODIES`.
    """

    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self._left = threading.Event()
        self._read = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def __enter__(self) -> FaultyServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._left.set()
        self._read.set()
        self._thread.join(30)
        self._listener.close()

    def watched(self, body: Iterator[bytes]) -> Iterator[bytes]:
        """The body as a client reads it; a reset waits until both events have been read."""
        size = 0
        for data in body:
            size += len(data)
            if size >= sum(map(len, EVENTS)):
                self._read.set()
            yield data

    async def watched_async(self, body: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
        """Do the same for an async client."""
        size = 0
        async with aclosing(body):
            async for data in body:
                size += len(data)
                if size >= sum(map(len, EVENTS)):
                    self._read.set()
                yield data

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(10)
            connection.recv(65536)
            for piece in BODIES[self._fault]():
                connection.sendall(piece)
            if self._fault == "stall":
                self._left.wait(30)
            elif self._fault == "reset":
                # What the client has not read yet is lost by a reset.
                self._read.wait(10)
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
