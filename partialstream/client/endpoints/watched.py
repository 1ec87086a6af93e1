"""SDK clients that other code instruments: tracers, mostly.

They replace methods of the SDK, and see what these are called with and what they return. The bytes
of a response, which is what is read else, they do not see. So a client whose methods are not the
SDK's own is called as its users call it, `create(stream=True)`, and its chunks are read to their
end through the object that this gives.
"""

from __future__ import annotations

from json import JSONDecodeError
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final, cast

from partialstream.client.endpoints.base import aread_end, read_end
from partialstream.errors import ProviderError
from partialstream.stream.transport import aclose_chunks, aiter_of, no_chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from partialstream.client.endpoints.base import Sending
    from partialstream.deltas import AnswerMetadata
    from partialstream.stream.steps import Steps

_SDKS: Final = ("openai", "anthropic", "groq")

# -- finding out ---------------------------------------------------------------------------


def is_own(function: Any) -> bool:
    """Whether a function or method is an SDK's own code.

    Neither `__module__` nor `__wrapped__` nor `__code__` tell: decorators of the SDK's own set
    the first two, and wrapt's wrappers show those of what they wrap. What a function calls global
    does, and a wrapper of wrapt's is none.
    """
    if type(function) is MethodType:
        function = function.__func__
    if type(function) is not FunctionType:
        return False
    module: object = function.__globals__.get("__name__")
    return isinstance(module, str) and module.partition(".")[0] in _SDKS


def is_instrumented(client: Any, resource: Any) -> bool:
    """Whether calling `create` of a resource runs code that is not the SDK's."""
    return not (is_own(resource.create) and is_own(client.request) and is_own(client.post))


def is_patched(client: Any, resource: Any) -> bool:
    """Whether it does so for this client alone, so that a copy of it would not."""
    own = cast("dict[str, Any]", vars(client))
    return "request" in own or "post" in own or "create" in vars(resource)


def is_stream_instrumented(stream: Any) -> bool:
    """Whether reading an SDK's stream runs code that is not the SDK's."""
    cls = cast("Any", type(stream))
    own_attributes: dict[str, Any] = getattr(stream, "__dict__", {})
    if cls.__module__.partition(".")[0] not in _SDKS or "close" in own_attributes:
        return True
    iterate: Any = getattr(cls, "__aiter__", None) or getattr(cls, "__iter__", None)
    if not is_own(iterate):
        return True
    iterator: Any = own_attributes.get("_iterator")  # some make it only when it is read
    code: Any = getattr(iterator, "gi_code", None) or getattr(iterator, "ag_code", None)
    return iterator is not None and code is not cls.__stream__.__code__


# -- reading -------------------------------------------------------------------------------


class WatchedChunks:
    """The chunks of a stream that an SDK's method gave, read to its end.

    It is left through its context manager, if it is one: some tracers end their spans there.

    Args:
        stream: The SDK's stream, or what a tracer has put in its place.
        metadata: Where it is noted, by whoever reads the chunks, that they have come to their end.

    Attributes:
        response: The HTTP response below, None if it is not known.
    """

    def __init__(self, stream: Any, metadata: AnswerMetadata) -> None:
        self.response: Any = getattr(stream, "response", None)
        self._metadata = metadata
        self._stream: Any = stream
        entered = stream.__enter__() if hasattr(stream, "__enter__") else stream
        self._chunks: Iterator[Any] = iter(entered)

    def __iter__(self) -> WatchedChunks:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._chunks)
        except JSONDecodeError as error:
            raise _malformed(error) from error

    def close(self) -> None:
        """Close the stream; what has told its end is read to it first."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        if self._metadata.terminated:
            read_end(self._chunks, self.response)
        self._chunks = iter(())  # some tracers wait until nobody holds the stream any more
        if hasattr(stream, "__exit__"):
            stream.__exit__(None, None, None)
        elif hasattr(stream, "close"):
            stream.close()


class AsyncWatchedChunks:
    """`WatchedChunks` for async streams."""

    def __init__(self, stream: Any, metadata: AnswerMetadata) -> None:
        self.response: Any = getattr(stream, "response", None)
        self._metadata = metadata
        self._stream: Any = stream
        self._chunks: AsyncIterator[Any] | None = None

    async def open(self) -> AsyncWatchedChunks:
        """Enter the stream's context manager."""
        stream = self._stream
        entered = await stream.__aenter__() if hasattr(stream, "__aenter__") else stream
        self._chunks = aiter_of(entered)
        return self

    def __aiter__(self) -> AsyncWatchedChunks:
        return self

    async def __anext__(self) -> Any:
        if self._chunks is None:
            raise StopAsyncIteration
        try:
            return await self._chunks.__anext__()
        except JSONDecodeError as error:
            raise _malformed(error) from error

    async def aclose(self) -> None:
        """Close the stream; a task that reads is woken by that."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        if self._metadata.terminated and self._chunks is not None:
            await aread_end(self._chunks)
        self._chunks = aiter_of(no_chunks())
        if hasattr(stream, "__aexit__"):
            await stream.__aexit__(None, None, None)
            return
        await aclose_chunks(stream)


def watched_chunks(stream: Any, sending: Sending) -> Steps[WatchedChunks | AsyncWatchedChunks]:
    """The chunks of a stream that an SDK's method gave."""
    if sending.asynchronous:
        chunks: AsyncWatchedChunks = yield AsyncWatchedChunks(stream, sending.metadata).open()
        return chunks
    return WatchedChunks(stream, sending.metadata)


def _malformed(error: JSONDecodeError) -> ProviderError:
    return ProviderError(f"an event of the response is not valid JSON ({error})", chunk=error.doc)
