"""Where chunks come from: opened once, closed once, from whichever thread or task."""

from __future__ import annotations

import gc
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from inspect import isawaitable
from types import AsyncGeneratorType, CellType, FrameType
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    import threading
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        AsyncIterator,
        Awaitable,
        Callable,
        Iterable,
        Iterator,
    )


def is_running(generator: Any) -> bool:
    """Whether a thread, or a task, is inside of a generator; False for all else."""
    running: bool = getattr(generator, "gi_running", False) or getattr(
        generator, "ag_running", False
    )
    return running


def is_over(generator: Any) -> bool:
    """Whether a generator has come to its end, or was closed."""
    return getattr(generator, "gi_frame", None) is getattr(generator, "ag_frame", None) is None


class Chunks:
    """Where chunks come from, closed once.

    Args:
        chunks: The chunks. They are closed by their own `close`, if they have one; what they
            have as `response` is taken for the HTTP response below, if it is one.
        send: Makes a request; gives the chunks of its response.

    Attributes:
        iterator: Gives the chunks.
    """

    iterator: Iterator[Any]

    def __init__(
        self, chunks: Iterable[Any], send: Callable[[Any], Iterable[Any]] | None = None
    ) -> None:
        self._send = send
        self._use(chunks)

    def _use(self, chunks: Iterable[Any]) -> None:
        self.iterator = iter_of(chunks)
        self._response = _response_of(chunks)
        self._close: Callable[[], object] | None = getattr(chunks, "close", None)
        if self._close is None:
            self._close = getattr(self.iterator, "close", None)

    def send(self, request: Any) -> None:
        """Make another request; from now on, the chunks are those of its response.

        Raises:
            TypeError: These chunks do not come from requests.
        """
        if self._send is None:
            raise TypeError("these chunks do not come from requests")
        self.close()
        self.iterator = iter(())  # in case that sending fails
        self._use(self._send(request))

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the HTTP response, empty if that is not known."""
        return _headers_of(self._response)

    def interrupt(self) -> bool:
        """Wake a thread that waits for a chunk, if that can be done; it is to close them."""
        return end_connection(self._response)

    def close(self) -> None:
        """Close the response, or the generator, at once."""
        close, self._close = self._close, None
        if close is not None:
            try:
                close()
            except ValueError:
                if not is_running(getattr(close, "__self__", None)):
                    raise
                # A generator that another thread waits for, which will close it.
                self._close = close

    def __del__(self) -> None:
        # Only a stream that nobody has begun to read gets here unclosed.
        if getattr(self, "_close", None) is not None:
            self.close()


class AsyncChunks:
    """Where chunks come from, opened on first use and closed once.

    Args:
        open_: Makes the request; gives the chunks. They are closed by their own `aclose` or
            `close`, if they have one.
        send: Makes another request; gives the chunks of its response.
    """

    def __init__(
        self,
        open_: Callable[[], Awaitable[AsyncIterable[Any]]],
        send: Callable[[Any], Awaitable[AsyncIterable[Any]]] | None = None,
    ) -> None:
        self._open = open_
        self._send = send
        self._iterator: AsyncIterator[Any] | None = None
        self._close: Callable[[], Any] | None = None
        self._closed = False
        self._response: Any = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the HTTP response, empty if that is not known."""
        return _headers_of(self._response)

    @classmethod
    def of(cls, chunks: AsyncIterable[Any]) -> AsyncChunks:
        """Chunks that are open already."""

        async def opened() -> AsyncIterable[Any]:
            return chunks

        made = cls(opened)
        made._close = closer_of(chunks)
        return made

    async def send(self, request: Any) -> None:
        """Make another request; from now on, the chunks are those of its response.

        Raises:
            TypeError: These chunks do not come from requests.
        """
        send = self._send
        if send is None:
            raise TypeError("these chunks do not come from requests")
        await self.leave()
        self._iterator = aiter_of(no_chunks())  # in case that sending fails
        if not self._closed:
            await self._use(await send(request))

    async def open(self) -> AsyncIterator[Any]:
        """Make the request, unless it has been made, or is not wanted any more."""
        if self._iterator is None:
            return await self._use(no_chunks() if self._closed else await self._open())
        return self._iterator

    async def _use(self, chunks: AsyncIterable[Any]) -> AsyncIterator[Any]:
        self._iterator = iterator = aiter_of(chunks)
        self._response = _response_of(chunks)
        self._close = closer_of(chunks) or closer_of(iterator)
        if self._closed:
            await self.close()
        return iterator

    async def close(self) -> None:
        """Close the response, or the generator, at once."""
        self._closed = True
        await self.leave()

    async def leave(self) -> None:
        """Close the response; another request may follow."""
        close, self._close = self._close, None
        if is_running(getattr(close, "__self__", None)):
            self._close = close  # another task waits for the generator, and will close it
        elif close is not None:
            await close_by(close)


async def close_by(close: Callable[[], Any]) -> None:
    """Close a stream by its own method, and what that leaves open."""
    below = google_response(getattr(close, "__self__", None))
    try:
        await _call(close)
    finally:
        await _call(closer_of(below))


async def _call(close: Callable[[], Any] | None) -> None:
    closing = None if close is None else close()
    if isawaitable(closing):
        await closing


async def no_chunks() -> AsyncGenerator[Any, None]:
    """What a stream gives that was closed before it was opened."""
    nothing: tuple[Any, ...] = ()
    for chunk in nothing:
        yield chunk


def iter_of(chunks: Iterable[Any]) -> Iterator[Any]:
    """The iterator of an iterable (`iter`, with an error that says what is wrong)."""
    if not hasattr(chunks, "__iter__") and not hasattr(chunks, "__getitem__"):
        hint = "for async streams use astream_items and astream_partial"
        if hasattr(chunks, "__enter__") and not hasattr(chunks, "__aiter__"):
            hint = "enter it first: `with ... as stream:`"
        raise TypeError(f"expected a stream, not {type(chunks).__name__}; {hint}")
    return iter(chunks)


def aiter_of(chunks: AsyncIterable[Any]) -> AsyncIterator[Any]:
    """The iterator of an async iterable (`aiter`, with an error that says what is wrong)."""
    if not hasattr(chunks, "__aiter__"):
        hint = "for other streams use stream_items and stream_partial"
        if isawaitable(chunks):
            hint = "await it first"
        elif hasattr(chunks, "__aenter__"):
            hint = "enter it first: `async with ... as stream:`"
        raise TypeError(f"expected an async stream, not {type(chunks).__name__}; {hint}")
    return chunks.__aiter__()


def closer_of(source: Any) -> Callable[[], Any] | None:
    """How to close an object, None if that cannot be done."""
    for name in ("aclose", "close"):
        close: Callable[[], Any] | None = getattr(source, name, None)
        if close is not None:
            return close
    return None


def close_chunks(chunks: Any) -> None:
    """Close chunks by their own `close`, if they have one."""
    # Not their `aclose`, which LiteLLM's sync stream has as well.
    close: Callable[[], object] | None = getattr(chunks, "close", None)
    if close is not None:
        close()


async def aclose_chunks(chunks: Any) -> None:
    """Close async chunks by their own `aclose` or `close`, if they have one."""
    close = closer_of(chunks)
    if close is not None:
        await close_by(close)


def _response_of(chunks: Any) -> Any:
    """The HTTP response below an SDK's stream; anything or None for what is none."""
    # The streams of OpenAI's `responses.stream(...)` have it by the second name alone.
    return getattr(chunks, "response", None) or getattr(chunks, "_response", None)


def _headers_of(response: Any) -> dict[str, str]:
    headers: Any = getattr(response, "headers", None)
    if not isinstance(headers, Mapping):
        return {}
    given = cast("Mapping[str, str]", headers)
    return {name.lower(): value for name, value in given.items()}


def end_connection(response: Any) -> bool:
    """End the connection below a response, so that a thread that waits for its bytes goes on.

    An HTTP library's `close` does not wake that thread: it would wait on, and the server send
    on, until the time-out. Nor is it safe: the next socket to be opened gets the closed one's
    number, and the thread would read from that. A connection that is only ended reads as at its
    end, and whoever reads closes it.

    Args:
        response: A response of httpx or httpx2, or anything else.

    Returns:
        Whether that could be done. It cannot for HTTP/2, where others share the connection,
        for transports that have no socket, and for what is no response.
    """
    version = getattr(response, "http_version", None)
    if not isinstance(version, str) or not version.startswith("HTTP/1") or response.is_closed:
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


def end_wait(thread: threading.Thread) -> bool:
    """End the connection that a thread waits on for a response, that is not there yet.

    Until the headers are there, an SDK gives nothing that could be closed. The thread's own
    frames lead to the network stream that it reads from (httpcore, of either generation).

    Returns:
        Whether that could be done; see `end_connection`.
    """
    frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]  # documented, for debuggers
    frame = frames.get(thread.ident or 0)
    del frames
    connection: Any = None
    while frame is not None:
        owner = frame.f_locals.get("self")
        if type(owner).__name__ == "HTTP2Connection":
            return False
        get: Any = getattr(owner, "get_extra_info", None)
        if connection is None and callable(get):
            connection = get("socket")
        frame = frame.f_back
    if not isinstance(connection, socket.socket):
        return False
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    return True


_FOLLOWED: Final = (AsyncGeneratorType, CellType, FrameType)  # until 3.10 the frame is between


def google_response(chunks: Any) -> Any:
    """Find the HTTP response that google-genai's async generators read.

    To close an async generator leaves those that it reads to the garbage collector (PEP 525).
    google-genai has four of them, and below them a response and a generator that refer to each
    other, which is found only when the collector looks for such pairs. Until then the server
    sends on. So who closes the first of them has to close the HTTP response as well.

    Args:
        chunks: A generator of google-genai's that nobody is inside of, or anything else.

    Returns:
        A response of aiohttp or httpx; None if there is none, or none yet.
    """
    known = {id(chunks)}
    found: list[Any] = [chunks] if type(chunks) is AsyncGeneratorType else []
    for each in found:  # which grows
        # Not by the frame's variables: what `async for` reads need not be one.
        for held in gc.get_referents(each):
            if type(held).__name__ == "HttpResponse" and hasattr(held, "response_stream"):
                return held.response_stream
            if type(held) in _FOLLOWED and id(held) not in known:
                known.add(id(held))
                found.append(held)
    return None
