r"""From what a provider sends to texts and metadata.

    bytes ──► framing ► JSON ┐
    dicts, SDK objects ──────┼──► the source of the wire format ──► (channel, text), metadata
    text ────────────────────┘

`source_for` picks the source by the first chunk; from then on `feed` takes each chunk and
gives its texts, and `finish` ends the answer. No source does I/O or imports an SDK: chunks are
known by their shape.
"""

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
