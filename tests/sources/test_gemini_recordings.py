"""Recorded answers of Gemini, against what each is known to say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from extras import needs
from recordings import body_of, check_texts, reads_of, recordings, texts_until_error
from source_runs import body_source, needs_streams

from partialstream.results import Usage
from partialstream.sources.detect import source_for
from partialstream.sources.gemini import GeminiSource
from partialstream.sources.sse import SSEDecoder

if TYPE_CHECKING:
    from partialstream.sources.base import Source

CANCELLED = "gemini-vertex-40958d6e.sse"

each_recording = pytest.mark.parametrize(
    "entry", [each for each in recordings("gemini") if each.id != CANCELLED]
)


def check(entry: dict[str, Any], source: Source, chunks: Any) -> None:
    check_texts(entry, source, chunks)
    reasons = entry["finish_reason"]
    metadata = source.metadata
    assert metadata.finish_reason == reasons.get("0")
    assert metadata.filter_reason == ("SAFETY" if "prompt" in reasons else None)
    if metadata.usage is not None and entry["provider"] == "gemini":
        assert metadata.model is not None
        assert metadata.model.startswith("gemini-")
        assert metadata.request_id


def dicts_of(body: bytes) -> list[Any]:
    decoder = SSEDecoder()
    events = decoder.feed(body) + decoder.finish()
    return [json.loads(data) for _, data, bare in events if not bare]


@needs_streams
@each_recording
def test_bodies_in_all_cuts(entry: dict[str, Any]) -> None:
    for reads in reads_of(body_of(entry), entry["file"]):
        check(entry, body_source(), reads)


@needs_streams
@each_recording
@pytest.mark.parametrize("indent", [None, 2])
def test_bodies_that_are_an_array(entry: dict[str, Any], indent: int | None) -> None:
    chunks = [json.dumps(each, indent=indent) for each in dicts_of(body_of(entry))]
    body = ("[" + ",\r\n".join(chunks) + "\n]\n").encode()
    for reads in reads_of(body, entry["file"]):
        check(entry, source_for(reads[0] or None), reads)


@needs_streams
@each_recording
def test_chunks_as_dicts(entry: dict[str, Any]) -> None:
    chunks = dicts_of(body_of(entry))
    source = source_for(chunks[0])
    assert type(source) is GeminiSource
    check(entry, source, chunks)


@needs("providers", "google.genai")
@needs_streams
@each_recording
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_chunks_as_objects_of_the_sdk(entry: dict[str, Any]) -> None:
    from google.genai import types

    by_dict, by_object = GeminiSource(), GeminiSource()
    for chunk in dicts_of(body_of(entry)):
        built = types.GenerateContentResponse._from_response(response=chunk, kwargs={})
        assert type(source_for(built)) is GeminiSource
        assert by_object.feed(built) == by_dict.feed(chunk)
    assert by_object.finish() == by_dict.finish()
    assert by_object.metadata.extra.keys() == by_dict.metadata.extra.keys()
    for name in ("finish_reason", "filter_reason", "usage", "model", "request_id"):
        assert getattr(by_object.metadata, name) == getattr(by_dict.metadata, name)


@needs_streams
def test_a_pretty_printed_error_behind_good_events() -> None:
    entry = {"file": CANCELLED}
    for reads in reads_of(body_of(entry), CANCELLED):
        text, error = texts_until_error(body_source(), reads)
        assert text == "First Second "
        assert error.code == "499"
        assert "The operation was cancelled" in str(error)


@needs_streams
@pytest.mark.parametrize(
    ("file", "usage"),
    [
        ("gemini-gemini-1f1cd072.sse", Usage(12, 88, 0, 82)),
        ("gemini-gemini-13088836.sse", Usage(89 + 112, 30 + 91, 0, 91)),
        ("gemini-vertex-6a5cf73c.sse", Usage(8, 1)),
    ],
)
def test_the_last_usage_counts(file: str, usage: Usage) -> None:
    source = body_source()
    source.feed(body_of({"file": file}))
    assert source.metadata.usage == usage
