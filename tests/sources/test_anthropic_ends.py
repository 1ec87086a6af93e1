"""What the events of the Messages API say beside their texts: ends, errors, usage."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic_events import PING, STOP, adds, begins, calls, ends, says, started, stops, writes
from source_runs import body_source, brief, read_all

from partialstream import ProviderError
from partialstream.sources.anthropic import AnthropicSource
from partialstream.sources.detect import source_for
from partialstream.usage import Usage


@pytest.mark.parametrize(
    "reason", ["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"]
)
def test_the_stop_reason_is_the_finish_reason(reason: str) -> None:
    source = AnthropicSource()
    read_all(source, [started(), says("a"), stops(None)])
    assert source.metadata.finish_reason is None
    assert not source.metadata.terminated
    read_all(source, [stops(reason), STOP])
    assert source.metadata.finish_reason == reason
    assert source.metadata.terminated


ENDS: dict[str, tuple[list[Any], bool, dict[Any, str]]] = {
    "out of tokens": ([calls(0, "a"), stops("max_tokens"), STOP], False, {}),
    "out of context": (
        [calls(0, "a"), stops("model_context_window_exceeded"), STOP],
        False,
        {},
    ),
    "refused": ([calls(0, "a"), stops("refusal"), STOP], False, {}),
    "connection lost": ([calls(0, "a"), stops("tool_use"), STOP], True, {}),
    "no stop reason": ([calls(0, "a"), ends()], False, {}),
    "no stop reason, but an end": ([calls(0, "a"), ends(), STOP], False, {("tool", 0): "{}"}),
    "out of tokens in the second call": (
        [calls(0, "a"), ends(), calls(1, "b"), ends(1), stops("max_tokens"), STOP],
        False,
        {("tool", 0): "{}"},
    ),
    "out of tokens with the input known": (
        [calls(0, "a", input={"n": 1}), stops("max_tokens"), STOP],
        False,
        {("tool", 0): '{"n":1}'},
    ),
    "out of tokens within the input": (
        [calls(0, "a"), writes('{"n'), stops("max_tokens"), STOP],
        False,
        {("tool", 0): '{"n'},
    ),
}


@pytest.mark.parametrize(("events", "cut", "expected"), ENDS.values(), ids=ENDS)
def test_a_call_that_was_cut_off_has_no_input(
    events: list[Any], cut: bool, expected: dict[Any, str]
) -> None:
    assert brief(read_all(AnthropicSource(), [started(), *events], cut=cut)) == expected


REFUSALS = [
    ({"category": "cyber", "explanation": "Not this."}, "Not this."),
    ({"category": "cyber", "explanation": None}, "cyber"),
    ({"category": None, "explanation": None}, ""),
    (None, ""),
]


@pytest.mark.parametrize(("details", "expected"), REFUSALS)
def test_a_refusal_in_the_middle(details: Any, expected: str) -> None:
    source = AnthropicSource()
    events = [started(), says('[{"a"'), stops("refusal", stop_details=details), STOP]
    assert brief(read_all(source, events)) == {("content", 0): '[{"a"'}
    assert source.metadata.finish_reason == "refusal"
    assert source.metadata.refusal == expected
    assert source.metadata.extra.get("stop_details") == details


USAGES: list[tuple[dict[str, Any], dict[str, Any], Usage]] = [
    ({"input_tokens": 5, "output_tokens": 1}, {"output_tokens": 9}, Usage(5, 9)),
    ({"input_tokens": 5, "output_tokens": 1}, {"input_tokens": 8, "output_tokens": 9}, Usage(8, 9)),
    (
        {"input_tokens": 5, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 2},
        {"output_tokens": 9, "input_tokens": None, "cache_read_input_tokens": None},
        Usage(47, 9, 40, cache_write_tokens=2),
    ),
    (
        {"input_tokens": 5, "cache_read_input_tokens": 0},
        {"output_tokens": 9, "cache_read_input_tokens": 7},
        Usage(12, 9, 7),
    ),
    (
        {"input_tokens": 5},
        {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 6}},
        Usage(5, 9, 0, 6),
    ),
]


@pytest.mark.parametrize(("first", "last", "expected"), USAGES)
def test_usage_is_what_was_said_last(
    first: dict[str, Any], last: dict[str, Any], expected: Usage
) -> None:
    source = AnthropicSource()
    read_all(source, [started(**first), says("a"), stops("end_turn", last), STOP])
    assert source.metadata.usage == expected


def test_usage_is_known_from_the_start() -> None:
    source = AnthropicSource()
    source.feed(started(input_tokens=5, output_tokens=1))
    assert source.metadata.usage == Usage(5, 1)
    assert source.metadata.model == "test-model"
    assert source.metadata.request_id == "msg_1"


def test_further_members_are_kept() -> None:
    source = AnthropicSource()
    end = {**stops("stop_sequence"), "context_management": {"applied_edits": []}}
    end["delta"]["stop_sequence"] = "]"
    metrics = {"inputTokenCount": 5}
    read_all(source, [started(), end, {**STOP, "amazon-bedrock-invocationMetrics": metrics}])
    assert source.metadata.extra == {
        "stop_sequence": "]",
        "context_management": {"applied_edits": []},
        "amazon-bedrock-invocationMetrics": metrics,
    }


ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def test_an_error_event() -> None:
    source = AnthropicSource()
    assert brief(source.feed(says("[1"))) == {("content", 0): "[1"}
    with pytest.raises(ProviderError, match="Overloaded") as caught:
        source.feed(ERROR)
    assert caught.value.code == "overloaded_error"
    assert caught.value.chunk == ERROR


@pytest.mark.parametrize("ahead", [[], [PING], [started()]], ids=["first", "ping", "start"])
def test_an_error_event_in_the_body(ahead: list[Any]) -> None:
    events = [*ahead, ERROR]
    body = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events)
    with pytest.raises(ProviderError, match="Overloaded") as caught:
        read_all(body_source(), [body.encode()])
    assert caught.value.code == "overloaded_error"


@pytest.mark.parametrize("chunk", [PING, started(), says("a"), stops("end_turn"), ends()])
def test_any_event_may_be_the_first(chunk: dict[str, Any]) -> None:
    assert isinstance(source_for(chunk), AnthropicSource)


@pytest.mark.parametrize(
    "chunk",
    [
        {"unheard": "of"},
        {"type": "content_block_delta", "index": 0, "delta": "a"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 1}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": 1}},
        {"type": "message", "content": "a"},
        7,
    ],
)
def test_a_chunk_of_unknown_shape(chunk: Any) -> None:
    with pytest.raises(ProviderError, match="unknown chunk"):
        AnthropicSource().feed(chunk)


def test_text_beside_an_error_comes_first() -> None:
    source = AnthropicSource()
    chunk = {**says("a"), "error": {"message": "Overloaded"}}
    assert brief(source.feed(chunk)) == {("content", 0): "a"}
    for call in (lambda: source.feed(says("b")), source.finish):
        with pytest.raises(ProviderError, match="Overloaded"):
            call()


def test_an_event_of_another_index_goes_to_its_block() -> None:
    events = [
        begins(0, "text", text="a"),
        says("b"),
        says("c", 1),
        says("d"),
        adds(None, "text", text="e"),
    ]
    assert brief(read_all(AnthropicSource(), events)) == {
        ("content", 0): "abd",
        ("content", 1): "ce",
    }
