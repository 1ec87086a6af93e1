"""The bytes of a streamed response, framed as its first bytes tell, blanks left out.

    { or [      JSON documents: NDJSON, one array, or one document
    0x00, 0x01  Amazon's event stream, if its first checksum is right
    any other   server-sent events

Where a byte may begin two of them, the next ones are waited for.
"""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any, Final, cast

from jiter import from_json

from partialstream.deltas import AnswerMetadata
from partialstream.errors import LimitExceededError, ProviderError
from partialstream.limits import DEFAULT_LIMITS, Limits, exceeded
from partialstream.sources.aws import AwsEventStreamDecoder, is_aws_event_stream
from partialstream.sources.common import (
    is_list,
    is_object,
    provider_error,
    quoting,
    shorten,
    unknown_chunk,
)
from partialstream.sources.json_stream import JSONStreamDecoder
from partialstream.sources.sse import SSEDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from partialstream.deltas import Delta, Token
    from partialstream.sources.base import Event, Framing, Wire

_BOM: Final = b"\xef\xbb\xbf"

_AT_ONCE: Final = 256 * 1024
"""Bytes whose events are held at once: lines and events take many times the size of their bytes."""


class BodySource:
    r"""Reads the bytes of a body, cut anywhere.

    The first event that holds data tells the wire format. `[DONE]` sets
    `metadata.terminated`. A body that is one JSON document, as servers send that do not stream
    or only have an error to tell, is read as its one chunk.

    Args:
        metadata: Where to write what the response says beside its text.
        inner: Makes the source of a wire format from the first of its chunks.
        framing: What finds the events; told by the first bytes by default.
        limits: Of them, `event_size` counts here.

    Example:
        >>> from partialstream.sources.detect import wire_for
        >>> source = BodySource(inner=wire_for)
        >>> source.feed(b'data: {"choices":[{"index":0,"delta":{"content":"[1"}}]}\n\n')
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    def __init__(
        self,
        metadata: AnswerMetadata | None = None,
        *,
        inner: Callable[[Any, AnswerMetadata], Wire],
        framing: Framing | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._make_wire = inner
        self._framing: Framing = UndecidedFraming() if framing is None else framing
        self._limits = limits
        self._wire: Wire | None = None
        self._at_end = False
        self._ignored = ""  # the first text that was neither event nor JSON
        self._failure: ProviderError | LimitExceededError | None = None

    def feed(self, chunk: Any) -> list[Delta]:
        """Read some bytes: `bytes`, `bytearray` or `memoryview`.

        Raises:
            ProviderError: If an event tells of an error, is not valid JSON or UTF-8, or is of an
                unknown shape. The text before it is given first, and the next call raises.
            LimitExceededError: If an event or document is too long; as above.
        """
        if chunk.__class__ is not bytes:
            if chunk is None:
                return []
            if not isinstance(chunk, (bytes, bytearray, memoryview)):
                raise unknown_chunk(chunk, "bytes, as before")
            chunk = bytes(cast("bytes", chunk))
        if len(chunk) > _AT_ONCE:
            return [
                delta
                for start in range(0, len(chunk), _AT_ONCE)
                for delta in self.feed(chunk[start : start + _AT_ONCE])
            ]
        if self._failure is not None:
            raise self._failure
        framing, metadata, wire = self._framing, self.metadata, self._wire
        metadata.tokens = []
        deltas: list[Delta] = []
        tokens: list[Token] = []
        count = 0
        event = b""
        try:
            for name, event, bare in framing.finish() if self._at_end else framing.feed(chunk):
                count += 1
                if name == "error":
                    raise _error_in(event)
                try:
                    value = from_json(event)
                except ValueError as error:
                    text = _decoded(event, final=not self._at_end)
                    mark = text.strip()
                    if mark in ("", "[DONE]"):
                        metadata.terminated = metadata.terminated or bool(mark)
                        count -= 1  # it is no chunk
                        continue
                    value = self._read_other(text, error, bare=bare)
                if wire is not None and value.__class__ is dict:
                    wire.read(value, deltas)
                else:
                    for each in _members_of(value):
                        tokens += metadata.tokens
                        wire = wire or self._make_wire(each, metadata)
                        wire.read(each, deltas)
                    self._wire = wire
                if metadata.tokens:
                    # To the reader the bytes are one chunk, to the wire each event is.
                    tokens += metadata.tokens
                    metadata.tokens = []
            if framing.held > self._limits.event_size:
                raise exceeded(self._limits, "event_size")
        except ProviderError as error:
            self._failure = quoting(error, event)
            if not deltas:
                raise self._failure from error.__cause__
        except LimitExceededError as error:
            self._failure = error
            if not deltas:
                raise
        finally:
            metadata.chunks = (metadata.chunks or 0) + count
        metadata.tokens = tokens
        if isinstance(framing, UndecidedFraming):
            self._framing = framing.chosen or framing
        return deltas

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the body; raises as `feed` does, and if it held no event but something else.

        An event that the end has cut is left out: that nothing marked the end of the response
        is told by the metadata. Without a mark of its end and without a finish reason the
        response is taken to be cut in any case.
        """
        self._at_end = True
        deltas = self.feed(b"")
        if self._failure is not None:
            raise self._failure  # there is no next call to raise it
        metadata = self.metadata
        if self._wire is not None:
            ended = metadata.terminated or metadata.finish_reason is not None
            return deltas + self._wire.finish(cut=cut or not ended)
        if self._ignored and not metadata.terminated:
            raise ProviderError(
                f"the response is not an event stream: {shorten(self._ignored)}",
                chunk=self._ignored,
            )
        return deltas

    def _read_other(self, text: str, error: ValueError, *, bare: bool) -> Any:
        """Read what jiter does not."""
        if "\\u" in text:
            # Perhaps half a surrogate pair, which jiter refuses and the standard library reads.
            try:
                return json.loads(text)
            except ValueError as other:
                error = other
            except RecursionError:
                error = ValueError("nested too deep")
        mark = text.strip()
        if bare and mark[0] not in "{[":
            self._ignored = self._ignored or mark
            return None
        if self._at_end and not bare and _is_start(mark):
            return None
        raise ProviderError(
            f"an event of the response is not valid JSON ({error}): {shorten(text)}", chunk=text
        ) from error


class UndecidedFraming:
    r"""Waits for the bytes that tell the framing of a body.

    Attributes:
        chosen: That framing, None before it is known. From then on it is to be used.

    Example:
        >>> framing = UndecidedFraming()
        >>> framing.feed(b"\n")
        []
        >>> framing.feed(b'{"done":true}')
        [('message', b'{"done":true}', False)]
    """

    def __init__(self) -> None:
        self.chosen: Framing | None = None
        self._head = b""

    @property
    def held(self) -> int:
        """Bytes of the event that has not ended."""
        return len(self._head) if self.chosen is None else self.chosen.held

    def feed(self, data: bytes) -> Iterable[Event]:
        """Read some bytes and give the events that end in them."""
        if self.chosen is not None:
            return self.chosen.feed(data)
        # In no framing do blank lines at the start mean anything. Of blanks before the first
        # character one is kept: it makes of a field of an event none.
        given = self._head + data
        head = given.lstrip()
        if given[: len(given) - len(head)].endswith((b" ", b"\t")):
            head = b" " + head
        self.chosen = _framing_for(head)
        self._head = head if self.chosen is None else b""
        return [] if self.chosen is None else self.chosen.feed(head.removeprefix(_BOM))

    def finish(self) -> Iterable[Event]:
        """End the body, as the framing does."""
        if self.chosen is not None:
            return self.chosen.finish()
        # Too short for what it began like.
        head = self._head.removeprefix(_BOM)
        decoder = SSEDecoder()
        return decoder.feed(head) + decoder.finish() if head.strip() else []


def _framing_for(head: bytes) -> Framing | None:
    """Make the framing of a body that begins so; None if that does not tell it."""
    is_aws = is_aws_event_stream(head)
    if is_aws is not False:
        return AwsEventStreamDecoder() if is_aws else None
    if head != _BOM and _BOM.startswith(head):
        return None
    text = head.removeprefix(_BOM).lstrip()
    if not text:
        return None
    return JSONStreamDecoder() if text[0] in b"{[" else SSEDecoder()


def _members_of(value: Any) -> list[Any]:
    """Give the chunks in a value: those of a list, one after the other; none for null."""
    if is_list(value):
        return [each for member in value for each in _members_of(member)]
    return [] if value is None else [value]


def _decoded(data: bytes, *, final: bool = True) -> str:
    """Decode what is to be shown; a character that the end of the body has cut is left out."""
    try:
        return codecs.utf_8_decode(data, "strict", final)[0]
    except UnicodeDecodeError as error:
        raise ProviderError(f"the response is not valid UTF-8: {error}", chunk=data) from error


def _error_in(data: bytes) -> ProviderError:
    """Make the error that an event of type `error` tells of."""
    text = _decoded(data, final=False)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return provider_error(text, text)
    return provider_error((is_object(value) and value.get("error")) or value, value)


def _is_start(text: str) -> bool:
    """Whether data that ends with the body is the start of what was meant."""
    if "[DONE]".startswith(text):
        return True
    try:
        from_json(text.encode(), partial_mode=True)
    except ValueError:
        return False
    return True
