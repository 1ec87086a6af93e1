"""The wire formats that are known, told by the first chunk.

To add one, write a file with its source and append a line to `WIRES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partialstream.sources.anthropic import AnthropicSource, is_anthropic
from partialstream.sources.bedrock import BedrockSource, is_bedrock
from partialstream.sources.chat import ChatSource, is_chat
from partialstream.sources.cohere import CohereSource, is_cohere
from partialstream.sources.gemini import GeminiSource, is_gemini
from partialstream.sources.objects import fields_of
from partialstream.sources.ollama import OllamaSource, is_ollama
from partialstream.sources.provider_errors import error_in, unknown_chunk
from partialstream.sources.responses import ResponsesSource, is_responses
from partialstream.sources.shapes import is_object
from partialstream.sources.wrapped import WrappedSource, is_wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.results import AnswerMetadata
    from partialstream.sources.base import Source


def _bedrock(metadata: AnswerMetadata | None) -> Source:
    # Its chunks may wrap those of any other format.
    return BedrockSource(metadata, inner=wire_for)


def _wrapped(metadata: AnswerMetadata | None) -> Source:
    return WrappedSource(metadata, inner=wire_for)


def _is_error(fields: dict[str, Any]) -> bool:
    return error_in(fields) is not None


WIRES: list[tuple[Callable[[dict[str, Any]], bool], Callable[[AnswerMetadata | None], Source]]] = [
    # Ahead of the others: some relays count tokens by the names of both of OpenAI's formats.
    (is_responses, ResponsesSource),
    (is_chat, ChatSource),
    (is_anthropic, AnthropicSource),
    (is_bedrock, _bedrock),
    (is_gemini, GeminiSource),
    (is_ollama, OllamaSource),
    (is_cohere, CohereSource),
    (is_wrapped, _wrapped),
    # Last: an error ahead of any answer looks the same in all formats.
    (_is_error, ChatSource),
]
"""What tells a format by the members of its first chunk, and what makes its source."""


def wire_for(chunk: Any, metadata: AnswerMetadata | None = None) -> Source:
    """Make the source for chunks like this one.

    Args:
        chunk: The first chunk, as a dict or an SDK's object. It is not read.
        metadata: Where the source is to write, a new one by default.

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
