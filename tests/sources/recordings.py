"""Recorded answers of real providers, what each is known to say, and how each wire is read."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from source_runs import STREAMS, body_source, read_all, texts

from partialstream.errors import ProviderError
from partialstream.sources.anthropic import AnthropicSource
from partialstream.sources.aws import AwsEventStreamDecoder
from partialstream.sources.bedrock import BedrockSource
from partialstream.sources.chat import ChatSource
from partialstream.sources.detect import source_for
from partialstream.sources.gemini import GeminiSource
from partialstream.sources.ollama import OllamaSource
from partialstream.sources.responses import ResponsesSource
from partialstream.sources.sse import SSEDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from partialstream.deltas import AnswerMetadata
    from partialstream.sources.base import Source

Entry = dict[str, Any]
Expected = dict[tuple[str, Any, str | None], Any]
"""The text of each channel, by its kind, key and name."""

CANCELLED = "gemini-vertex-40958d6e.sse"
"""Ends with an error."""

KINDS = {
    "content": "content",
    "custom_tool_call_input": "tool",
    "reasoning": "reasoning",
    "refusal": "refusal",
    "server_tool_use_args": "server_tool",
    "tool_args": "tool",
}


def _sse_events(body: bytes) -> list[Any]:
    decoder = SSEDecoder()
    events = decoder.feed(body) + decoder.finish()
    return [json.loads(data) for _, data, bare in events if not bare and data != b"[DONE]"]


def _aws_events(body: bytes) -> list[Any]:
    return [json.loads(data) for _, data, _ in AwsEventStreamDecoder().feed(body)]


def _lines(body: bytes) -> list[Any]:
    return [json.loads(line) for line in body.splitlines() if line]


def _check_chat(entry: Entry, metadata: AnswerMetadata) -> None:
    assert bool(metadata.reasoning) == entry["reasoning_present"]
    assert metadata.model
    assert metadata.filter_reason is None


def _check_responses(entry: Entry, metadata: AnswerMetadata) -> None:
    assert metadata.terminated
    assert metadata.model
    assert metadata.request_id
    assert metadata.filter_reason is None


def _check_blocks(entry: Entry, metadata: AnswerMetadata) -> None:
    assert metadata.terminated
    assert bool(metadata.reasoning) == entry["reasoning_present"]


def _check_gemini(entry: Entry, metadata: AnswerMetadata) -> None:
    reasons = entry["finish_reason"]
    assert metadata.filter_reason == ("SAFETY" if "prompt" in reasons else None)
    assert metadata.reasoning == ""
    if metadata.usage is not None and entry["provider"] == "gemini":
        assert metadata.model is not None
        assert metadata.model.startswith("gemini-")
        assert metadata.request_id


def _check_ollama(entry: Entry, metadata: AnswerMetadata) -> None:
    assert metadata.terminated
    assert metadata.reasoning == ""
    assert metadata.model in ("llama3.2", "qwen3:4b")
    assert metadata.extra["total_duration"] > 0


@dataclass(frozen=True)
class Wire:
    """How one wire format is read.

    Attributes:
        source: Makes what reads its chunks.
        events: Its chunks, as dicts, of a body.
        check: Checks what its metadata holds besides what they all do.
        as_sent: Whether arguments come as the texts that they are, and not as objects.
    """

    source: Callable[[], Source]
    events: Callable[[bytes], list[Any]]
    check: Callable[[Entry, AnswerMetadata], None]
    as_sent: bool = True


WIRES = {
    "anthropic": Wire(AnthropicSource, _sse_events, _check_blocks),
    "bedrock-converse": Wire(BedrockSource, _aws_events, _check_blocks),
    "chat": Wire(ChatSource, _sse_events, _check_chat),
    "gemini": Wire(GeminiSource, _sse_events, _check_gemini, as_sent=False),
    "ollama": Wire(OllamaSource, _lines, _check_ollama, as_sent=False),
    "responses": Wire(ResponsesSource, _sse_events, _check_responses),
}


def recordings(*wires: str, cancelled: bool = False) -> list[Any]:
    """The entries of some wire formats, or of all; none where the recordings are absent."""
    if not STREAMS.is_dir():
        return []
    entries = map(json.loads, (STREAMS / "index.jsonl").read_text("utf-8").splitlines())
    return [
        pytest.param(each, id=each["file"])
        for each in entries
        if (not wires or each["wire"] in wires) and (cancelled or each["file"] != CANCELLED)
    ]


def body_of(file: str) -> bytes:
    return (STREAMS / file).read_bytes()


def events_of(entry: Entry) -> list[Any]:
    return WIRES[entry["wire"]].events(body_of(entry["file"]))


def source_of_body(entry: Entry, first: bytes) -> Source:
    """What reads the body of an entry."""
    if entry["wire"] == "bedrock-converse":
        return body_source(AwsEventStreamDecoder())
    return source_for(first or None) if entry["wire"] == "ollama" else body_source()


def reads_of(body: bytes, seed: str) -> Iterator[list[bytes]]:
    """The body whole, byte by byte, and in cuts by chance."""
    yield [body]
    yield [body[at : at + 1] for at in range(len(body))]
    source_of_chance = random.Random(seed)
    for count in (1, 3, 10, 30, 100):
        cuts = sorted(source_of_chance.choices(range(len(body) + 1), k=count))
        yield [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def expected_of(entry: Entry) -> Expected:
    expected: Expected = {}
    for channel in entry["channels"]:
        kind = KINDS[channel["channel"]]
        # A summary's place is recorded as None, and is the first in all of them.
        places = [0 if each == "None" else int(each) for each in channel["key"].split(":")]
        # A tool without arguments is recorded as it came, and its document is `{}`.
        text = "{}" if kind == "tool" and channel["kind"] == "empty" else channel["text"]
        if text:
            key: Any = tuple(places) if len(places) > 1 else places[0]
            expected[kind, key, channel.get("name")] = text
    return expected


def finish_reason_of(entry: Entry) -> str | None:
    reasons = entry["finish_reason"]
    status, _, reason = reasons.get("response", "").partition(":")
    return reasons.get("0") or reasons.get("message") or reason or status or None


def check(entry: Entry, source: Source, chunks: Iterable[Any]) -> None:
    """Compare all that a source has read with what the recording is known to say."""
    wire = WIRES[entry["wire"]]
    found: Expected = {
        (channel.kind, channel.key, channel.name): text
        for channel, text in texts(read_all(source, chunks)).items()
    }
    expected, metadata = expected_of(entry), source.metadata
    said = {
        kind: "".join(text for (each, _, _), text in expected.items() if each == kind)
        for kind in ("reasoning", "refusal")
    }
    if entry["wire"] == "chat" and not said["reasoning"]:
        # Reasoning in `reasoning_details` alone is not listed as a text.
        said["reasoning"] = found.pop(("reasoning", 0, None), "")
    if wire.as_sent:
        assert found == expected
    else:
        assert _documents(found) == _documents(expected)
    assert metadata.finish_reason == finish_reason_of(entry)
    assert metadata.reasoning == said["reasoning"]
    if entry["wire"] != "anthropic":  # which explains a refusal beside its texts
        assert metadata.refusal == said["refusal"]
    assert (metadata.usage is not None) == entry["usage_present"]
    wire.check(entry, metadata)


def _documents(found: Expected) -> Expected:
    """With arguments as what they mean."""
    return {key: json.loads(text) if key[0] == "tool" else text for key, text in found.items()}


def texts_until_error(source: Source, chunks: Iterable[Any]) -> tuple[str, ProviderError]:
    """Give the text that came before an error, and the error."""
    text = ""
    try:
        for each in chunks:
            text += "".join(piece for _, piece in source.feed(each))
        source.finish()
    except ProviderError as error:
        return text, error
    pytest.fail("no error was raised")
