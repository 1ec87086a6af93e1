"""Recorded answers of the Responses API, against what each is known to say."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest
from openai.types.responses import Response
from source_runs import STREAMS, body_source, needs_streams, read_all, texts

from partialstream.sources.detect import source_for
from partialstream.sources.responses import ResponsesSource
from partialstream.sources.sse import SSEDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from partialstream.sources.base import Source

KINDS = {
    "content": "content",
    "tool_args": "tool",
    "custom_tool_call_input": "tool",
    "reasoning": "reasoning",
    "refusal": "refusal",
}


def recordings() -> list[Any]:
    if not STREAMS.is_dir():
        return []
    entries = map(json.loads, (STREAMS / "index.jsonl").read_text("utf-8").splitlines())
    return [pytest.param(each, id=each["file"]) for each in entries if each["wire"] == "responses"]


each_recording = pytest.mark.parametrize("entry", recordings())


def body_of(entry: dict[str, Any]) -> bytes:
    return (STREAMS / entry["file"]).read_bytes()


def events_of(entry: dict[str, Any]) -> list[dict[str, Any]]:
    decoder = SSEDecoder()
    events = decoder.feed(body_of(entry)) + decoder.finish()
    return [json.loads(data) for _, data, _ in events if data != b"[DONE]"]


def expected_of(entry: dict[str, Any]) -> dict[tuple[str, Any, str | None], str]:
    expected: dict[tuple[str, Any, str | None], str] = {}
    for channel in entry["channels"]:
        kind = KINDS[channel["channel"]]
        # A summary's place is recorded as None, and is the first in all of them.
        places = [0 if each == "None" else int(each) for each in channel["key"].split(":")]
        key: Any = places[0] if kind == "tool" else tuple(places)
        expected[kind, key, channel.get("name")] = channel["text"]
    return expected


def check(entry: dict[str, Any], source: Source, chunks: Iterable[Any]) -> None:
    found = {
        (channel.kind, channel.key, channel.name): text
        for channel, text in texts(read_all(source, chunks)).items()
    }
    expected = expected_of(entry)
    assert found == expected
    metadata = source.metadata
    status, _, reason = entry["finish_reason"]["response"].partition(":")
    assert metadata.finish_reason == (reason or status)
    assert metadata.terminated
    assert (metadata.usage is not None) == entry["usage_present"]
    for name in ("reasoning", "refusal"):
        of_kind = [text for (kind, _, _), text in expected.items() if kind == name]
        assert getattr(metadata, name) == "".join(of_kind)
    assert metadata.model
    assert metadata.request_id
    assert metadata.filter_reason is None


@needs_streams
@each_recording
def test_body_whole(entry: dict[str, Any]) -> None:
    check(entry, body_source(), [body_of(entry)])


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


@needs_streams
@each_recording
def test_events_as_dicts(entry: dict[str, Any]) -> None:
    events = events_of(entry)
    source = source_for(events[0])
    assert isinstance(source, ResponsesSource)
    check(entry, source, events)


def sdk_for(body: bytes) -> openai.OpenAI:
    def answer(request: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, content=body, headers=headers)

    http = httpx2.Client(transport=httpx2.MockTransport(answer), trust_env=False)
    return openai.OpenAI(api_key="none", base_url="http://test", http_client=http)


@needs_streams
@each_recording
def test_events_of_the_sdk(entry: dict[str, Any]) -> None:
    with sdk_for(body_of(entry)) as sdk:
        created = list(sdk.responses.create(model="m", input="x", stream=True))
        with sdk.responses.stream(model="m", input="x") as stream:
            streamed = list(stream)
    for events in (created, streamed):
        check(entry, source_for(events[0]), events)
    by_dict, by_object = ResponsesSource(), ResponsesSource()
    for chunk, event in zip(events_of(entry), created, strict=True):
        assert by_object.feed(event) == by_dict.feed(chunk)
        assert by_object.metadata == by_dict.metadata


@needs_streams
@each_recording
def test_a_whole_response(entry: dict[str, Any]) -> None:
    response = events_of(entry)[-1]["response"]
    for whole in (response, Response.construct(**response)):
        check(entry, source_for(whole), [whole])
    check(entry, body_source(), [json.dumps(response, indent=2).encode()])


THINNED: dict[str, Callable[[str], bool]] = {
    "without deltas": lambda kind: not kind.endswith(".delta"),
    "without deltas and whole texts": lambda kind: not kind.endswith((".delta", "_text.done")),
    "without the beginnings of parts": lambda kind: not kind.endswith("part.added"),
    "texts in one piece and the end": lambda kind: kind.endswith((".done", "ed", "incomplete")),
    "items and the end": lambda kind: "item.done" in kind or kind in ENDS,
    "the end alone": lambda kind: kind in ENDS,
}

ENDS = ("response.completed", "response.incomplete")


@needs_streams
@each_recording
@pytest.mark.parametrize("how", THINNED)
def test_texts_come_once_whatever_tells_them(entry: dict[str, Any], how: str) -> None:
    events = [each for each in events_of(entry) if THINNED[how](each["type"])]
    check(entry, ResponsesSource(), events)


@needs_streams
@each_recording
def test_an_end_without_its_output(entry: dict[str, Any]) -> None:
    events = events_of(entry)
    events[-1]["response"]["output"] = []
    check(entry, ResponsesSource(), events)


@needs_streams
@each_recording
@pytest.mark.parametrize("lost", [["item_id"], ["id"], ["item_id", "id"]])
def test_ids_may_be_missing(entry: dict[str, Any], lost: list[str]) -> None:
    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: strip(member)
                for name, member in value.items()
                if name not in lost or value.get("object") == "response"
            }
        return [strip(each) for each in value] if isinstance(value, list) else value

    check(entry, ResponsesSource(), map(strip, events_of(entry)))


@needs_streams
def test_tokens_are_told_with_their_text() -> None:
    source = body_source()
    body = (STREAMS / "responses-openai-30abde17.sse").read_bytes()
    data = b""
    for at in range(0, len(body), 100):
        deltas = source.feed(body[at : at + 100])
        assert len(deltas) <= 1
        for channel, text in deltas:
            (token,) = source.metadata.tokens
            assert (token.channel, token.data) == (channel, text.encode())
            assert 0.9 < token.probability <= 1
            data += token.data
    assert data == b"The capital of Minas Gerais is Belo Horizonte."
    assert source.metadata.tokens == []
