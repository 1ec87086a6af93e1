"""Recorded answers of real providers, against what each is known to say."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from openai.types.chat import ChatCompletionChunk
from source_runs import STREAMS, body_source, needs_streams, read_all, texts

from partialstream.sources.chat import ChatSource
from partialstream.sources.sse import SSEDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partialstream.sources.base import Source

KINDS = {"content": "content", "tool_args": "tool", "reasoning": "reasoning", "refusal": "refusal"}


def recordings() -> list[Any]:
    if not STREAMS.is_dir():
        return []
    entries = map(json.loads, (STREAMS / "index.jsonl").read_text("utf-8").splitlines())
    return [pytest.param(each, id=each["file"]) for each in entries if each["wire"] == "chat"]


each_recording = pytest.mark.parametrize("entry", recordings())


def body_of(entry: dict[str, Any]) -> bytes:
    return (STREAMS / entry["file"]).read_bytes()


def expected_of(entry: dict[str, Any]) -> dict[tuple[str, Any, str | None], str]:
    expected: dict[tuple[str, Any, str | None], str] = {}
    for channel in entry["channels"]:
        kind = KINDS[channel["channel"]]
        key: Any = tuple(map(int, channel["key"].split(":")))
        # A tool without arguments is recorded as it came, and its document is `{}`.
        text = "{}" if kind == "tool" and channel["kind"] == "empty" else channel["text"]
        expected[kind, key if kind == "tool" else key[0], channel.get("name")] = text
    return expected


def check(entry: dict[str, Any], source: Source, chunks: Iterable[Any]) -> None:
    found = {
        (channel.kind, channel.key, channel.name): text
        for channel, text in texts(read_all(source, chunks)).items()
    }
    metadata = source.metadata
    expected = expected_of(entry)
    if not any(kind == "reasoning" for kind, _, _ in expected):
        # Reasoning in `reasoning_details` alone is not listed as a text.
        reasoning = found.pop(("reasoning", 0, None), "")
        assert reasoning == metadata.reasoning
    assert found == expected
    assert metadata.finish_reason == entry["finish_reason"].get("0")
    assert (metadata.usage is not None) == entry["usage_present"]
    assert bool(metadata.reasoning) == entry["reasoning_present"]
    assert metadata.refusal == expected.get(("refusal", 0, None), "")
    assert metadata.reasoning == expected.get(("reasoning", 0, None), metadata.reasoning)
    assert metadata.model
    assert metadata.filter_reason is None


@needs_streams
@each_recording
def test_body_whole(entry: dict[str, Any]) -> None:
    source = body_source()
    check(entry, source, [body_of(entry)])
    assert source.metadata.terminated == (not entry["oddities"].get("no_DONE"))


@needs_streams
@each_recording
def test_body_byte_by_byte(entry: dict[str, Any]) -> None:
    body = body_of(entry)
    check(entry, body_source(), (body[at : at + 1] for at in range(len(body))))


@needs_streams
@each_recording
def test_body_in_random_cuts(entry: dict[str, Any]) -> None:
    body = body_of(entry)
    source_of_chance = random.Random(entry["file"])
    for count in (1, 3, 10, 30, 100):
        cuts = sorted(source_of_chance.choices(range(len(body) + 1), k=count))
        reads = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
        check(entry, body_source(), reads)


def dicts_of(entry: dict[str, Any]) -> list[Any]:
    decoder = SSEDecoder()
    events = decoder.feed(body_of(entry)) + decoder.finish()
    return [json.loads(data) for _, data, bare in events if not bare and data != b"[DONE]"]


@needs_streams
@each_recording
def test_chunks_as_dicts(entry: dict[str, Any]) -> None:
    check(entry, ChatSource(), dicts_of(entry))


@needs_streams
@each_recording
def test_chunks_as_objects_of_the_sdk(entry: dict[str, Any]) -> None:
    chunks = dicts_of(entry)
    objects = [ChatCompletionChunk.construct(**chunk) for chunk in chunks]
    check(entry, ChatSource(), objects)

    by_dict, by_object = ChatSource(), ChatSource()
    for chunk, built in zip(chunks, objects, strict=True):
        assert by_object.feed(built) == by_dict.feed(chunk)
        assert by_object.metadata.usage == by_dict.metadata.usage
        assert by_object.metadata.request_id == by_dict.metadata.request_id
    assert by_object.finish() == by_dict.finish()


@needs_streams
def test_an_error_body_behind_good_events_is_found() -> None:
    body = (STREAMS / "gemini-vertex-40958d6e.sse").read_bytes()
    decoder = SSEDecoder()
    *events, last = decoder.feed(body) + decoder.finish()
    assert [bare for _, _, bare in events] == [False, False]
    assert last[2]
    assert json.loads(last[1])["error"]["message"] == "The operation was cancelled."
