"""Which source reads a stream, told by its first chunk.

To add a wire format, write a file with its source and append a line to `WIRES`.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final

from partialstream.deltas import AnswerMetadata
from partialstream.errors import ProviderError
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.sources.anthropic import AnthropicSource, is_anthropic
from partialstream.sources.base import TextSource
from partialstream.sources.bedrock import BedrockSource, exception_in, is_bedrock, is_named_event
from partialstream.sources.body import BodySource
from partialstream.sources.chat import ChatSource, is_chat
from partialstream.sources.cohere import CohereSource, is_cohere
from partialstream.sources.common import error_in, fields_of, is_object, unknown_chunk
from partialstream.sources.gemini import GeminiSource, is_gemini
from partialstream.sources.ollama import OllamaSource, is_ollama
from partialstream.sources.responses import ResponsesSource, is_responses

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.deltas import Delta
    from partialstream.sources.base import Source, Wire


_INITIAL: Final = "initial-response"
"""What Amazon's services may begin a stream with."""


def source_for(
    chunk: Any, metadata: AnswerMetadata | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> Source:
    r"""Make the source for a stream that begins with this chunk.

    Args:
        chunk: The first chunk: text, bytes of the body, a dict or an SDK's object. It is not
            read: feed it to the source like those that follow.
        metadata: Where the source is to write, a new one by default.
        limits: Of them, `event_size` counts here, and for new metadata `text_kept` and `channels`.

    Raises:
        ProviderError: If no source knows such chunks. The message shows what it is.

    Example:
        >>> type(source_for("[1")).__name__, type(source_for(b"data: [DONE]\n\n")).__name__
        ('TextSource', 'BodySource')
    """
    if metadata is None:
        metadata = AnswerMetadata(text_kept=limits.text_kept, channels_allowed=limits.channels)
    if _tells_nothing(chunk):
        return UndecidedSource(metadata, limits)
    if isinstance(chunk, str):
        return TextSource(metadata)
    if isinstance(chunk, (bytes, bytearray, memoryview)):
        return BodySource(metadata, inner=wire_for, limits=limits)
    return wire_for(chunk, metadata)


def wire_for(chunk: Any, metadata: AnswerMetadata | None = None) -> Wire:
    """Make the source for chunks like this one, which is neither text nor bytes.

    Raises:
        ProviderError: If it is of no known wire format.
    """
    fields = chunk if is_object(chunk) else fields_of(chunk)
    if fields is not None:
        for matches, source in WIRES:
            if matches(fields):
                return source(metadata)
        if not fields and hasattr(chunk, "candidates"):
            # Google's older SDKs hold a protocol buffer, and show it by properties alone.
            return GeminiSource(metadata)
    raise unknown_chunk(chunk, "text, bytes, or a chunk of a known wire format")


class UndecidedSource:
    """Waits for the first chunk that tells which source it needs, and then is that source.

    None, `""` and `b""` tell nothing: all kinds of streams begin with them.
    """

    def __init__(self, metadata: AnswerMetadata, limits: Limits) -> None:
        self.metadata = metadata
        self._limits = limits
        self._source: Source | None = None

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk, as the source does."""
        if self._source is None:
            if _tells_nothing(chunk):
                return []
            self._source = source_for(chunk, self.metadata, limits=self._limits)
        return self._source.feed(chunk)

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the response, as the source does."""
        return [] if self._source is None else self._source.finish(cut=cut)


class WrappedSource:
    """Reads what is wrapped in each chunk by the source of its wire format.

    That is, as the `bytes` of a `chunk` and perhaps in base64, the events of
    InvokeModelWithResponseStream; the only member, `data`, as Mistral's SDK has it; or the `chunk`
    of an event of type `"chunk"`, as in OpenAI's `chat.completions.stream`. The other events beside
    these tell once more what the chunks have told, and are left out.

    Example:
        >>> source = WrappedSource()
        >>> source.feed({"data": {"choices": [{"index": 0, "delta": {"content": "[1"}}]}})
        [(Channel(kind='content', key=0, name=None), '[1')]
    """

    def __init__(self, metadata: AnswerMetadata | None = None) -> None:
        self.metadata = AnswerMetadata() if metadata is None else metadata
        self._wire: Wire | None = None
        self._invoked = False  # whether it is a stream of InvokeModelWithResponseStream
        self._retold = False  # whether events tell once more what is in chunks

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk. What is in no wrapper is read as it is."""
        deltas: list[Delta] = []
        self.read(chunk, deltas)
        return deltas

    def read(self, chunk: Any, deltas: list[Delta]) -> None:
        """Read one chunk as `feed` does, and append its texts."""
        fields = chunk if is_object(chunk) else fields_of(chunk)
        if fields is not None:
            wrapped: Any = fields.get("chunk")
            if is_object(wrapped) and "bytes" in wrapped:
                chunk, self._invoked = _decoded(wrapped["bytes"]), True
            elif "data" in fields:
                chunk = fields["data"]
            elif fields.get("type") == "chunk":
                chunk, self._retold = wrapped, True
            elif self._retold and isinstance(fields.get("type"), str):
                return
            elif self._invoked or _INITIAL in fields:
                if (error := exception_in(fields) or error_in(fields)) is not None:
                    raise error
                if is_named_event(fields):
                    return  # one that is not known yet is no reason to give up
        if self._wire is None:
            if chunk is None:
                return
            self._wire = wire_for(chunk, self.metadata)
        self._wire.read(chunk, deltas)

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the response, as its source does."""
        return [] if self._wire is None else self._wire.finish(cut=cut)


def is_wrapped(fields: dict[str, Any]) -> bool:
    """Whether a chunk with these members is a wrapper.

    Example:
        >>> is_wrapped({"data": {"choices": []}}), is_wrapped({"data": "[1", "id": 1})
        (True, False)
    """
    chunk = fields.get("chunk")
    if fields.get("type") == "chunk" or (is_object(chunk) and "bytes" in chunk):
        return chunk is not None
    if _INITIAL in fields:
        return True
    said = [name for name, value in fields.items() if value is not None]
    return said == ["data"] and not isinstance(fields["data"], (str, bytes, list))


def _decoded(data: Any) -> Any:
    try:
        if isinstance(data, str):
            data = b64decode(data, validate=True)
        return json.loads(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise ProviderError(
            f"a chunk of the response is not valid JSON: {error}", chunk=data
        ) from error


def _is_error(fields: dict[str, Any]) -> bool:
    return error_in(fields) is not None


def _tells_nothing(chunk: Any) -> bool:
    return chunk is None or (isinstance(chunk, (str, bytes, bytearray)) and not chunk)


WIRES: list[tuple[Callable[[dict[str, Any]], bool], Callable[[AnswerMetadata | None], Wire]]] = [
    # Ahead of the others: some relays count tokens by the names of both of OpenAI's formats.
    (is_responses, ResponsesSource),
    (is_chat, ChatSource),
    (is_anthropic, AnthropicSource),
    (is_bedrock, BedrockSource),
    (is_gemini, GeminiSource),
    (is_ollama, OllamaSource),
    (is_cohere, CohereSource),
    (is_wrapped, WrappedSource),
    # Last: an error ahead of any response looks the same in all formats.
    (_is_error, ChatSource),
]
"""What tells a format by the members of its first chunk, and what makes its source."""
