"""Recorded answers of Anthropic's Messages API, against what each is known to say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from block_runs import body_of, check, random_reads, recordings
from extras import needs
from source_runs import STREAMS, body_source, needs_streams

from partialstream.results import Usage
from partialstream.sources.anthropic import AnthropicSource
from partialstream.sources.detect import source_for
from partialstream.sources.sse import SSEDecoder

each_recording = pytest.mark.parametrize("entry", recordings("anthropic"))


def events_of(entry: dict[str, Any]) -> list[Any]:
    decoder = SSEDecoder()
    events = decoder.feed(body_of(entry)) + decoder.finish()
    return [json.loads(data) for _, data, _ in events]


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
    for reads in random_reads(entry):
        check(entry, body_source(), reads)


@needs_streams
@each_recording
def test_events_as_dicts(entry: dict[str, Any]) -> None:
    events = events_of(entry)
    source = source_for(events[0])
    assert isinstance(source, AnthropicSource)
    check(entry, source, events)
    start, *_ = [each["message"] for each in events if each["type"] == "message_start"]
    assert source.metadata.request_id == start["id"]
    assert source.metadata.model in (start["model"], "claude-sonnet-4-5")


@needs("providers", "anthropic")
@needs_streams
@each_recording
def test_events_of_the_sdk(entry: dict[str, Any]) -> None:
    import anthropic
    import httpx2

    def answer(request: Any) -> Any:
        headers = {"content-type": "text/event-stream"}
        # The SDK leaves out an event whose blank line is missing.
        return httpx2.Response(200, content=body_of(entry) + b"\n\n", headers=headers)

    http = httpx2.Client(transport=httpx2.MockTransport(answer), trust_env=False)
    ask = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    with anthropic.Anthropic(api_key="none", http_client=http) as sdk:
        created = list(sdk.messages.create(**ask, stream=True))
        with sdk.messages.stream(**ask) as stream:
            streamed = list(stream)
            whole = stream.get_final_message()
    for events in (created, streamed):
        source = source_for(events[0])
        assert isinstance(source, AnthropicSource)
        check(entry, source, events)
    check_whole(whole, events_of(entry))

    by_dict, by_object = AnthropicSource(), AnthropicSource()
    # The SDK keeps pings to itself.
    events = [each for each in events_of(entry) if each["type"] != "ping"]
    for event, built in zip(events, created, strict=True):
        assert by_object.feed(built) == by_dict.feed(event)
        assert by_object.metadata.usage == by_dict.metadata.usage
    assert by_object.finish() == by_dict.finish()


def check_whole(message: Any, events: list[Any]) -> None:
    """A whole message says the same as its stream, but for how its JSON is written."""
    streamed, source = AnthropicSource(), AnthropicSource()
    expected: dict[Any, str] = {}
    for chunks, reader, found in ((events, streamed, expected), ([message], source, {})):
        for channel, text in [d for c in chunks for d in reader.feed(c)] + reader.finish():
            found[channel] = found.get(channel, "") + text
        if reader is source:
            assert list(found) == list(expected)
            for channel, text in found.items():
                told = expected[channel]
                if channel.kind == "content":
                    assert text == told
                else:
                    assert json.loads(text) == json.loads(told)
    assert source.metadata.finish_reason == streamed.metadata.finish_reason
    assert source.metadata.usage == streamed.metadata.usage
    assert source.metadata.terminated


@needs_streams
def test_figures_that_come_later_replace_the_first() -> None:
    source = body_source()
    source.feed((STREAMS / "anthropic-anthropic-56690985.sse").read_bytes())
    assert source.metadata.usage == Usage(input_tokens=4843, output_tokens=604)


@needs_streams
def test_tokens_written_to_the_cache_are_input() -> None:
    source = body_source()
    source.feed((STREAMS / "anthropic-anthropic-5984c13a.sse").read_bytes())
    assert source.metadata.usage == Usage(input_tokens=9690, output_tokens=7)


@needs_streams
def test_a_refusal_tells_why() -> None:
    source = body_source()
    source.feed((STREAMS / "anthropic-anthropic-13f671d6.sse").read_bytes())
    assert source.metadata.finish_reason == "refusal"
    assert source.metadata.refusal == "This request was refused due to policy."
    assert source.metadata.extra["stop_details"]["category"] == "cyber"


@needs_streams
def test_the_model_is_the_one_that_went_on_after_a_fallback() -> None:
    source = body_source()
    source.feed((STREAMS / "anthropic-anthropic-1f6c57ba.sse").read_bytes())
    assert source.metadata.model == "claude-sonnet-4-5"
