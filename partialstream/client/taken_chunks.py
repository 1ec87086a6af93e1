"""The chunks of an answer that instructor has asked for.

They are read as early as it can be done: as the bytes of the HTTP response where the SDK's stream
shows it, else as the SDK's objects, else as the texts that instructor takes out of them.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from partialstream.client.body import AsyncBody, Body
from partialstream.errors import ProviderError
from partialstream.sources.detect import source_for
from partialstream.stream.transport import aiter_of, close_by, closer_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator

    from partialstream.client.carrier import Taken
    from partialstream.client.instructor_shaping import InstructorRequest


def chunks_of(taken: Taken, request: InstructorRequest) -> Iterable[Any]:
    """The chunks of a streamed answer."""
    if (response := _response_of(taken.answer, "iter_bytes")) is not None:
        _tighten(response, request.idle_seconds)
        return Body(response)
    return TakenChunks(taken, as_tool=request.as_tool)


def async_chunks_of(taken: Taken, request: InstructorRequest) -> AsyncIterable[Any]:
    """The chunks of a streamed answer."""
    if (response := _response_of(taken.answer, "aiter_bytes")) is not None:
        _tighten(response, request.idle_seconds)
        return AsyncBody(response)
    return AsyncTakenChunks(taken, as_tool=request.as_tool)


class TakenChunks:
    """An SDK's objects, or the texts in them.

    Args:
        taken: What was taken.
        as_tool: Whether a text is a piece of a tool call's arguments.
    """

    def __init__(self, taken: Taken, *, as_tool: bool) -> None:
        self._taken = taken
        self._as_tool = as_tool

    def __iter__(self) -> Iterator[Any]:
        taken = self._taken
        if taken.texts is not None:
            for text in taken.texts:
                yield self._chunk(text)
            return
        # An SDK's stream may be a context manager too, but is open already.
        chunks = iter(taken.answer)
        for first in chunks:
            if taken.extract is None or is_known(first):
                yield first
                yield from chunks
                return
            found = False
            for text in taken.extract(chain([first], chunks)):
                found = True
                yield self._chunk(text)
            if not found:
                yield first  # nobody knows what it is, which its reader will say

    def close(self) -> None:
        """Close the SDK's stream."""
        # Not its `aclose`, which LiteLLM's stream has as well.
        close: Callable[[], object] | None = getattr(_read_from(self._taken), "close", None)
        if close is not None:
            close()

    def _chunk(self, text: str) -> Any:
        return _tool_chunk(text) if self._as_tool else text


class AsyncTakenChunks:
    """`TakenChunks` for async streams."""

    def __init__(self, taken: Taken, *, as_tool: bool) -> None:
        self._taken = taken
        self._as_tool = as_tool

    async def __aiter__(self) -> AsyncIterator[Any]:
        taken = self._taken
        if taken.texts is not None:
            async for text in taken.texts:
                yield self._chunk(text)
            return
        chunks = aiter_of(taken.answer)
        async for first in chunks:
            if taken.extract is None or is_known(first):
                yield first
                async for chunk in chunks:
                    yield chunk
                return
            found = False
            async for text in taken.extract(_chained(first, chunks)):
                found = True
                yield self._chunk(text)
            if not found:
                yield first

    async def aclose(self) -> None:
        """Close the SDK's stream."""
        close = closer_of(_read_from(self._taken))
        if close is not None:
            await close_by(close)

    def _chunk(self, text: str) -> Any:
        return _tool_chunk(text) if self._as_tool else text


async def _chained(first: Any, chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield first
    async for chunk in chunks:
        yield chunk


def is_known(chunk: Any) -> bool:
    """Whether a source of our own reads such chunks.

    Example:
        >>> is_known({"choices": []}), is_known(object())
        (True, False)
    """
    try:
        source_for(chunk)
    except ProviderError:
        return False
    return True


def _tool_chunk(text: str) -> dict[str, Any]:
    call = {"index": 0, "function": {"arguments": text}}
    return {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}


def _read_from(taken: Taken) -> Any:
    return taken.answer if taken.texts is None else taken.texts


def _response_of(stream: Any, read: str) -> Any:
    """The HTTP response below an SDK's stream, if its bytes can be read instead."""
    response: Any = getattr(stream, "response", None)
    if not hasattr(response, read) or getattr(response, "is_stream_consumed", True):
        return None
    kind = str(response.headers.get("content-type", ""))
    return response if kind.startswith("text/event-stream") else None


def _tighten(response: Any, idle_seconds: float) -> None:
    """Let no wait for bytes be longer than allowed; the request has been made without that."""
    request: Any = getattr(response, "_request", None)
    extensions: dict[str, Any] = getattr(request, "extensions", {})
    timeout: dict[str, float | None] | None = extensions.get("timeout")
    if timeout is not None:
        read = timeout.get("read")
        timeout["read"] = idle_seconds if read is None else min(read, idle_seconds)
