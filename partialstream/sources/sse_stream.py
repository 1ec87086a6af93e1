"""The raw body of a streamed response."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Protocol, cast

import jiter

from partialstream.errors import LimitExceededError, ProviderError
from partialstream.results import AnswerMetadata
from partialstream.sources.provider_errors import provider_error, shorten, unknown_chunk
from partialstream.sources.shapes import is_list, is_object
from partialstream.sources.sse import SSEDecoder
from partialstream.sources.wires import wire_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from partialstream.results import Delta, Token
    from partialstream.sources.base import Source
    from partialstream.sources.sse import ServerSentEvent


_AT_ONCE: Final = 256 * 1024
"""Bytes whose events are held at once."""


class Framing(Protocol):
    """Tells where one event of a body ends and the next begins."""

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Read some bytes and give the events that end in them."""
        ...

    def finish(self) -> list[ServerSentEvent]:
        """End the body and give what was left."""
        ...


class SSESource:
    r"""Reads the bytes of a body of server-sent events, cut anywhere.

    The first event that holds data tells the wire format. `[DONE]` sets
    `metadata.terminated`. A body that is no event stream but one JSON document, as servers
    send that do not stream or only have an error to tell, is read as its one chunk.

    Args:
        metadata: Where to write what the answer says beside its text.
        framing: What finds the events; server-sent events by default.

    Example:
        >>> source = SSESource()
        >>> source.feed(b'data: {"choices":[{"index":0,"delta":{"content":"[1"}}]}\n\n')
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    def __init__(
        self, metadata: AnswerMetadata | None = None, *, framing: Framing | None = None
    ) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._framing: Framing = SSEDecoder() if framing is None else framing
        self._wire: Source | None = None
        self._ignored = ""  # the first text that was neither event nor JSON
        self._failure: ProviderError | LimitExceededError | None = None
        self._tokens: list[Token] = []  # of the events in the bytes under way

    def feed(self, chunk: Any) -> list[Delta]:
        """Read some bytes.

        Args:
            chunk: `bytes`, `bytearray` or `memoryview`; None is allowed and means nothing.

        Raises:
            ProviderError: If an event tells of an error, is no JSON or no UTF-8, or is of an
                unknown shape. The text before it is given first, and the next call raises.
        """
        if chunk.__class__ is not bytes:
            if chunk is None:
                return []
            if not isinstance(chunk, (bytes, bytearray, memoryview)):
                raise unknown_chunk(chunk, "bytes, as before")
            chunk = bytes(cast("bytes", chunk))
        if self._failure is not None:
            raise self._failure
        return self._read_all(map(self._framing.feed, _pieces(chunk)))

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the body.

        An event that the end has cut is left out: that nothing marked the end of the answer
        is told by the metadata.

        Args:
            cut: Whether the connection was lost. Without a mark of its end and without a finish
                reason the answer is taken to be cut in any case.

        Raises:
            ProviderError: As `feed` does, and if the body held no event but something else.
        """
        if self._failure is not None:
            raise self._failure
        deltas = self._read_all([self._framing.finish()], at_end=True)
        if self._failure is not None:
            raise self._failure  # there is no next call to raise it
        metadata = self.metadata
        if self._wire is not None:
            ended = metadata.terminated or metadata.finish_reason is not None
            return deltas + self._wire.finish(cut=cut or not ended)
        if self._ignored and not metadata.terminated:
            raise ProviderError(
                f"the response is no event stream: {shorten(self._ignored)}", chunk=self._ignored
            )
        return deltas

    def _read_all(
        self, batches: Iterable[list[ServerSentEvent]], *, at_end: bool = False
    ) -> list[Delta]:
        deltas: list[Delta] = []
        metadata = self.metadata
        if metadata.chunks is None:
            metadata.chunks = 0
        if metadata.tokens:
            metadata.tokens = []
        try:
            for events in batches:
                metadata.chunks += len(events)
                for event in events:
                    deltas += self._read(event, at_end)
        except (ProviderError, LimitExceededError) as error:
            self._failure = error
            if not deltas:
                raise
        if self._tokens:
            self.metadata.tokens, self._tokens = self._tokens, []
        return deltas

    def _read(self, event: ServerSentEvent, at_end: bool) -> list[Delta]:
        data = event.data
        if event.event == "error":
            raise self._error(data)
        mark = data.strip()
        if mark == "[DONE]":
            self.metadata.terminated = True
        if not mark or mark == "[DONE]":
            self.metadata.chunks = (self.metadata.chunks or 1) - 1  # it is none
            return []
        try:
            value = _decode(data)
        except ValueError as error:
            if event.bare and mark[0] not in "{[":
                self._ignored = self._ignored or mark
                return []
            if at_end and not event.bare and _is_start(mark):
                return []
            raise ProviderError(
                f"an event of the response is no JSON ({error}): {shorten(data)}", chunk=data
            ) from error
        return self._read_value(value)

    def _read_value(self, value: Any) -> list[Delta]:
        if value is None:
            return []
        if is_list(value):
            return [delta for member in value for delta in self._read_value(member)]
        if self._wire is None:
            self._wire = wire_for(value, self.metadata)
        deltas = self._wire.feed(value)
        if self.metadata.tokens:
            # To the reader the bytes are one chunk, to the wire each event is.
            self._tokens += self.metadata.tokens
            self.metadata.tokens = []
        return deltas

    def _error(self, data: str) -> ProviderError:
        try:
            value = _decode(data)
        except ValueError:
            return provider_error(data, data)
        if is_object(value) and value.get("error"):
            return provider_error(value["error"], value)
        return provider_error(value, value)


def _pieces(chunk: bytes) -> Iterable[bytes]:
    """Cut what is given at once: the lines and events of it take many times its size."""
    if len(chunk) <= _AT_ONCE:
        return (chunk,)
    return (chunk[start : start + _AT_ONCE] for start in range(0, len(chunk), _AT_ONCE))


def _decode(data: str) -> Any:
    try:
        return jiter.from_json(data.encode(), cache_mode="keys")
    except ValueError:
        if "\\u" not in data:
            raise
        # Perhaps half a surrogate pair, which jiter refuses and the standard library reads.
        try:
            return json.loads(data)
        except RecursionError as error:
            raise ValueError("nested too deep") from error


def _is_start(data: str) -> bool:
    """Whether data that ends with the body is the start of what was meant."""
    if "[DONE]".startswith(data):
        return True
    try:
        jiter.from_json(data.encode(), partial_mode=True)
    except ValueError:
        return False
    return True
