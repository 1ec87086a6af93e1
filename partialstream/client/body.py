"""The body of a streamed response, as bytes: where it ends, and how it is left.

It ends with `[DONE]`, as for OpenAI's SDK: some servers keep the connection open behind it.
What ought to follow is the end of the HTTP body, and only a connection that has read it can
serve the next request; so it is given a moment to come.

It is left at once, whoever is reading. An HTTP library's `close` frees the connection, but does
not wake a thread that waits for its bytes: the server would go on sending, and the thread go on
waiting, until the time-out.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from anyio import move_on_after

if TYPE_CHECKING:
    from openai import APIResponse, AsyncAPIResponse

_MOMENT: Final = 0.1  # seconds; the end of the HTTP body usually comes with [DONE]

# In a line of its own, and nothing follows: inside of JSON there are no line ends.
_DONE: Final = re.compile(rb"[\r\n]data: ?\[DONE\]\s*\Z")
_DONE_LENGTH: Final = 32


class _EndMark:
    """Looks for `[DONE]`, wherever the body is cut."""

    def __init__(self) -> None:
        self.seen = False
        self._tail = b""

    def look(self, chunk: bytes) -> bytes:
        """Look at the next piece of the body; gives it back."""
        self._tail = (self._tail + chunk[-_DONE_LENGTH:])[-_DONE_LENGTH:]
        self.seen = _DONE.search(self._tail) is not None
        return chunk


class Body:
    """An iterator over the bytes of a response.

    Args:
        response: The response, open and unread. It is closed with the body.
    """

    def __init__(self, response: APIResponse[Any]) -> None:
        self._response = response
        self._chunks = response.iter_bytes()
        self._mark = _EndMark()
        # Reentrant, since a signal's handler may close what its thread is about to read.
        self._lock = threading.RLock()
        self._reading = False
        self._closed = False

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> bytes:
        with self._lock:
            if self._closed:
                raise StopIteration
            self._reading = True
        try:
            if self._mark.seen:
                self._read_end()
                raise StopIteration
            return self._mark.look(next(self._chunks))
        finally:
            if self._stop_reading():
                self._response.close()

    def close(self) -> None:
        """Leave the body, from any thread: the server sees the connection end at once.

        A thread that is reading finds the connection at its end, and closes the response: to
        close a socket below a thread that waits for it is not safe, because the next socket to
        be opened gets its number.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._reading and _end_connection(self._response.http_response):
                return
        self._response.close()

    def _stop_reading(self) -> bool:
        """Tell whether the body was left meanwhile."""
        with self._lock:
            self._reading = False
            return self._closed

    def _read_end(self) -> None:
        """Give the end of the HTTP body a moment to come."""
        timer = threading.Timer(_MOMENT, self.close)
        timer.daemon = True
        timer.start()
        try:
            for _ in self._chunks:
                pass
        except Exception:  # noqa: BLE001 - the answer is complete, whatever happens now
            pass
        finally:
            timer.cancel()


class AsyncBody:
    """An async iterator over the bytes of a response; a task that reads is woken by a close.

    Args:
        response: The response, open and unread. It is closed with the body.
    """

    def __init__(self, response: AsyncAPIResponse[Any]) -> None:
        self._response = response
        self._chunks = response.iter_bytes()
        self._mark = _EndMark()

    def __aiter__(self) -> AsyncBody:
        return self

    async def __anext__(self) -> bytes:
        if self._mark.seen:
            await self._read_end()
            raise StopAsyncIteration
        return self._mark.look(await self._chunks.__anext__())

    async def aclose(self) -> None:
        """Leave the body: the server sees the connection end at once."""
        await self._response.close()

    async def _read_end(self) -> None:
        """Give the end of the HTTP body a moment to come."""
        try:
            with move_on_after(_MOMENT):
                async for _ in self._chunks:
                    pass
        except Exception:  # noqa: BLE001 - the answer is complete, whatever happens now
            pass


def _end_connection(response: Any) -> bool:
    """End the connection below a response, so that whoever waits for its bytes goes on.

    Args:
        response: A response of httpx or httpx2.

    Returns:
        Whether that could be done. It cannot for HTTP/2, where others share the connection,
        and for transports that have no socket.
    """
    if response.is_closed or not response.http_version.startswith("HTTP/1"):
        return False
    network: Any = response.extensions.get("network_stream")
    connection = None if network is None else network.get_extra_info("socket")
    if not isinstance(connection, socket.socket):
        return False
    with suppress(OSError):  # it has ended by itself
        # An SSLSocket's own `shutdown` takes the encryption off first, and whoever reads would
        # be given what is encrypted.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    return True
