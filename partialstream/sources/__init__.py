r"""From what a provider sends to texts and metadata.

    bytes ──► framing ► JSON ┐
    dicts, SDK objects ──────┼──► the source of the wire format ──► (channel, text), metadata
    text ────────────────────┘

`source_for` picks the source by the first chunk; from then on `feed` takes each chunk and
gives its texts, and `finish` ends the answer. No source does I/O or imports an SDK: chunks are
known by their shape.

    detect.py          which source reads a stream; wires.py lists the wire formats
    base.py            what every source promises

One source for each wire format, with what only it needs:

    chat.py            Chat Completions and the older Completions; chat_choice.py, tool_calls.py,
                       content_filter.py
    responses.py       OpenAI's Responses API; responses_item.py, responses_output.py
    anthropic.py       Anthropic's Messages; blocks.py, with Bedrock
    bedrock.py         Amazon's Converse and InvokeModel
    gemini.py          Gemini; gemini_fields.py, gemini_reasons.py, gemini_calls.py,
                       leaf_arguments.py
    ollama.py, cohere.py
    text.py            no wire format at all
    wrapped.py         chunks of another format, each in an envelope

The framing of a body, if its bytes are read:

    sse_stream.py      events and documents to chunks; framing.py tells which framing it is
    sse.py             server-sent events
    json_documents.py  lines of JSON, an array, or one document
    aws_event_stream.py  Amazon's binary framing

What several need: objects.py (SDK objects as plain ones), shapes.py, surrogates.py, usage.py,
logprobs.py, side_texts.py (reasoning and refusals), provider_errors.py.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partialstream.sources.anthropic import AnthropicSource
    from partialstream.sources.aws_event_stream import AwsEventStreamDecoder, is_aws_event_stream
    from partialstream.sources.base import Source
    from partialstream.sources.bedrock import BedrockSource
    from partialstream.sources.chat import ChatSource
    from partialstream.sources.cohere import CohereSource
    from partialstream.sources.detect import source_for
    from partialstream.sources.framing import BodyFraming
    from partialstream.sources.gemini import GeminiSource
    from partialstream.sources.json_documents import JSONDocumentsDecoder
    from partialstream.sources.ollama import OllamaSource
    from partialstream.sources.responses import ResponsesSource
    from partialstream.sources.sse import ServerSentEvent, SSEDecoder
    from partialstream.sources.sse_stream import Framing, SSESource
    from partialstream.sources.text import TextSource
    from partialstream.sources.wrapped import WrappedSource

__all__ = [
    "AnthropicSource",
    "AwsEventStreamDecoder",
    "BedrockSource",
    "BodyFraming",
    "ChatSource",
    "CohereSource",
    "Framing",
    "GeminiSource",
    "JSONDocumentsDecoder",
    "OllamaSource",
    "ResponsesSource",
    "SSEDecoder",
    "SSESource",
    "ServerSentEvent",
    "Source",
    "TextSource",
    "WrappedSource",
    "is_aws_event_stream",
    "source_for",
]

_HOMES = {
    "AnthropicSource": "anthropic",
    "AwsEventStreamDecoder": "aws_event_stream",
    "is_aws_event_stream": "aws_event_stream",
    "Source": "base",
    "BedrockSource": "bedrock",
    "ChatSource": "chat",
    "CohereSource": "cohere",
    "source_for": "detect",
    "BodyFraming": "framing",
    "GeminiSource": "gemini",
    "JSONDocumentsDecoder": "json_documents",
    "OllamaSource": "ollama",
    "ResponsesSource": "responses",
    "ServerSentEvent": "sse",
    "SSEDecoder": "sse",
    "Framing": "sse_stream",
    "SSESource": "sse_stream",
    "TextSource": "text",
    "WrappedSource": "wrapped",
}
"""Loaded on first use, as in the package: most streams need one wire format, or none."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
