"""What the events of Bedrock's ConverseStream say, and those of other formats in its chunks."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from anthropic_events import STOP, calls, says, started, stops, writes
from aws_messages import message
from source_runs import body_source, brief, read_all, texts
from source_runs import says as chat_says

from partialstream import ProviderError
from partialstream.deltas import Channel
from partialstream.sources.aws import AwsEventStreamDecoder
from partialstream.sources.bedrock import BedrockSource
from partialstream.sources.detect import WrappedSource, source_for
from partialstream.usage import Usage


def adds(index: int | None = 0, **delta: Any) -> dict[str, Any]:
    return {"contentBlockDelta": {"delta": delta, "contentBlockIndex": index}}


def tool(index: int, name: str, **members: Any) -> dict[str, Any]:
    call = {"toolUseId": f"id-{index}", "name": name, **members}
    return begins(index, toolUse=call)


def begins(index: int, **start: Any) -> dict[str, Any]:
    return {"contentBlockStart": {"start": start, "contentBlockIndex": index}}


def writes_input(text: str, index: int = 0) -> dict[str, Any]:
    return adds(index, toolUse={"input": text})


def ends(index: int = 0) -> dict[str, Any]:
    return {"contentBlockStop": {"contentBlockIndex": index}}


def stops_for(reason: str) -> dict[str, Any]:
    return {"messageStop": {"stopReason": reason}}


START = {"messageStart": {"role": "assistant"}}

CASES: dict[str, tuple[list[Any], dict[tuple[str, Any], str]]] = {
    "text": ([adds(text="[1"), adds(text=""), adds(text="]"), ends()], {("content", 0): "[1]"}),
    "prose ahead of a tool": (
        [
            adds(text="Let me look."),
            ends(),
            tool(1, "find"),
            writes_input("", 1),
            writes_input('{"n"', 1),
            writes_input(":1}", 1),
            ends(1),
        ],
        {("content", 0): "Let me look.", ("tool", 1): '{"n":1}'},
    ),
    "a tool without input": ([tool(0, "find"), ends()], {("tool", 0): "{}"}),
    "a tool with empty input": ([tool(0, "a"), writes_input(""), ends()], {("tool", 0): "{}"}),
    "a tool of the provider": (
        [
            tool(0, "search", type="server_tool_use"),
            writes_input('{"q":1}'),
            ends(),
            begins(1, toolResult={"toolUseId": "id-0"}),
            adds(1, toolResult=[{"text": "no"}]),
            adds(1, text="no"),
            ends(1),
        ],
        {("server_tool", 0): '{"q":1}'},
    ),
    "reasoning": (
        [
            adds(0, reasoningContent={"text": "Two "}),
            adds(0, reasoningContent={"text": "rows."}),
            adds(0, reasoningContent={"signature": "Eq…"}),
            adds(0, reasoningContent={"redactedContent": b"\0"}),
            adds(1, text="[1]"),
            adds(1, citation={"title": "no"}),
        ],
        {("reasoning", 0): "Two rows.", ("content", 1): "[1]"},
    ),
    "events that are not known": ([{"unheardOf": {"text": "no"}}, None], {}),
    "halves of a character": (
        [adds(text="a\ud83d"), adds(text="\ude00b")],
        {("content", 0): "a😀b"},
    ),
}


@pytest.mark.parametrize(("events", "expected"), CASES.values(), ids=CASES)
def test_texts(events: list[Any], expected: dict[Any, str]) -> None:
    source = BedrockSource()
    found = brief(read_all(source, [START, *events, stops_for("end_turn")]))
    assert found == expected
    reasoning = "".join(text for (kind, _), text in expected.items() if kind == "reasoning")
    assert source.metadata.reasoning == reasoning
    assert source.metadata.finish_reason == "end_turn"
    assert source.metadata.terminated


def test_a_call_has_the_name_of_its_tool() -> None:
    events = [START, tool(1, "find"), writes_input("{}", 1), stops_for("tool_use")]
    assert texts(read_all(BedrockSource(), events)) == {Channel("tool", 1, "find"): "{}"}


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ([stops_for("tool_use")], {("tool", 0): "{}"}),
        ([stops_for("max_tokens")], {}),
        ([stops_for("malformed_tool_use")], {}),
        ([stops_for("guardrail_intervened")], {}),
        ([], {}),
    ],
)
def test_a_call_that_was_cut_off_has_no_input(end: list[Any], expected: dict[Any, str]) -> None:
    assert brief(read_all(BedrockSource(), [START, tool(0, "find"), ends(), *end])) == expected


@pytest.mark.parametrize("reason", ["content_filtered", "guardrail_intervened"])
def test_a_filter_that_stepped_in(reason: str) -> None:
    source = BedrockSource()
    read_all(source, [START, adds(text="["), stops_for(reason)])
    assert source.metadata.filter_reason == source.metadata.finish_reason == reason


def test_usage_counts_what_the_cache_holds() -> None:
    usage = {
        "inputTokens": 5,
        "outputTokens": 9,
        "totalTokens": 56,
        "cacheReadInputTokens": 40,
        "cacheWriteInputTokens": 2,
    }
    source = BedrockSource()
    read_all(source, [START, {"metadata": {"usage": usage, "metrics": {"latencyMs": 7}}}])
    assert source.metadata.usage == Usage(47, 9, 40, cache_write_tokens=2)
    assert source.metadata.extra == {"metrics": {"latencyMs": 7}}


def test_a_whole_answer() -> None:
    blocks = [
        {"reasoningContent": {"reasoningText": {"text": "Two.", "signature": "Eq…"}}},
        {"text": "Here:"},
        {"toolUse": {"toolUseId": "a", "name": "find", "input": {"n": 1}}},
        {"toolUse": {"toolUseId": "b", "name": "stop", "input": {}}},
    ]
    answer = {
        "ResponseMetadata": {"HTTPStatusCode": 200},
        "output": {"message": {"role": "assistant", "content": blocks}},
        "stopReason": "tool_use",
        "usage": {"inputTokens": 5, "outputTokens": 9, "totalTokens": 14},
        "metrics": {"latencyMs": 7},
    }
    source = source_for(answer)
    assert isinstance(source, BedrockSource)
    assert brief(read_all(source, [answer])) == {
        ("reasoning", 0): "Two.",
        ("content", 1): "Here:",
        ("tool", 2): '{"n":1}',
        ("tool", 3): "{}",
    }
    metadata = source.metadata
    assert (metadata.finish_reason, metadata.terminated) == ("tool_use", True)
    assert metadata.usage == Usage(5, 9)
    assert metadata.extra == {"metrics": {"latencyMs": 7}}


THROTTLED = {"throttlingException": {"message": "Too many tokens, please wait."}}


@pytest.mark.parametrize("ahead", [[], [START, adds(text="[1")]], ids=["first", "later"])
def test_an_exception(ahead: list[Any]) -> None:
    source = source_for([*ahead, THROTTLED][0])
    for each in ahead:
        source.feed(each)
    with pytest.raises(ProviderError, match="Too many tokens") as caught:
        source.feed(THROTTLED)
    assert caught.value.code == "throttlingException"


@pytest.mark.parametrize(
    "chunk",
    [
        7,
        {"choices": []},
        {"contentBlockDelta": "a"},
        adds(text=1),
        adds(toolUse={"input": 1}),
        {"output": {"message": {"content": "a"}}, "stopReason": "end_turn"},
    ],
)
def test_a_chunk_of_unknown_shape(chunk: Any) -> None:
    with pytest.raises(ProviderError, match="unknown chunk"):
        BedrockSource().feed(chunk)


def test_an_error_that_is_no_exception() -> None:
    with pytest.raises(ProviderError, match="No access"):
        BedrockSource().feed({"error": {"message": "No access"}})


ANTHROPIC = [
    started(),
    says("Look:"),
    calls(1, "find"),
    writes('{"a":"\ud83d', 1),
    writes('\ude00"}', 1),
    calls(2, "stop"),
    stops("tool_use"),
    STOP,
]
ANTHROPIC_TEXTS = {("content", 0): "Look:", ("tool", 1): '{"a":"😀"}', ("tool", 2): "{}"}

WRAPPED: dict[str, tuple[list[Any], dict[Any, str], str]] = {
    "Anthropic's": (ANTHROPIC, ANTHROPIC_TEXTS, "tool_use"),
    "chat completions": ([chat_says({"content": "[1]"}, "stop")], {("content", 0): "[1]"}, "stop"),
    "Nova's": (
        [START, adds(text="[1]"), stops_for("end_turn")],
        {("content", 0): "[1]"},
        "end_turn",
    ),
}


@pytest.mark.parametrize(("events", "expected", "reason"), WRAPPED.values(), ids=WRAPPED)
def test_chunks_that_wrap_another_format(
    events: list[Any], expected: dict[Any, str], reason: str
) -> None:
    wrapped = [{"chunk": {"bytes": json.dumps(each).encode()}} for each in events]
    source = source_for(wrapped[0])
    assert isinstance(source, WrappedSource)
    assert brief(read_all(source, wrapped)) == expected
    assert source.metadata.finish_reason == reason


@pytest.mark.parametrize(("events", "expected", "reason"), WRAPPED.values(), ids=WRAPPED)
def test_chunks_that_wrap_another_format_in_a_body(
    events: list[Any], expected: dict[Any, str], reason: str
) -> None:
    body = b"".join(
        message(
            json.dumps({"bytes": b64encode(json.dumps(each).encode()).decode(), "p": "abc"}),
            event_type="chunk",
            message_type="event",
        )
        for each in events
    )
    source = body_source(AwsEventStreamDecoder())
    reads = [body[at : at + 7] for at in range(0, len(body), 7)]
    assert brief(read_all(source, reads)) == expected
    assert source.metadata.finish_reason == reason


def test_a_source_of_its_own_reads_anthropics_chunks() -> None:
    source = WrappedSource()
    wrapped = [{"chunk": {"bytes": json.dumps(each).encode()}} for each in ANTHROPIC]
    assert brief(read_all(source, wrapped)) == ANTHROPIC_TEXTS


@pytest.mark.parametrize("later", ["wrapped", "as they are"])
def test_an_initial_response_is_no_event_of_the_model(later: str) -> None:
    initial = {"initial-response": {}}
    events: list[Any] = [adds(text="[1"), adds(text="]")]
    if later == "wrapped":
        events = [{"chunk": {"bytes": json.dumps(each).encode()}} for each in events]
    source = source_for(initial)
    assert brief(read_all(source, [initial, *events])) == {("content", 0): "[1]"}


def test_an_event_between_chunks_that_is_not_known_is_left_out() -> None:
    says_it = {"chunk": {"bytes": json.dumps(says("[1]")).encode()}}
    chunks = [says_it, {"unheardOf": {"a": 1}}]
    assert brief(read_all(source_for(says_it), chunks)) == {("content", 0): "[1]"}


@pytest.mark.parametrize("data", [b"{", "not base64", b"\xff", 7])
def test_a_chunk_that_wraps_no_json(data: Any) -> None:
    with pytest.raises(ProviderError, match="is not valid JSON"):
        WrappedSource().feed({"chunk": {"bytes": data}})


def test_an_exception_between_chunks() -> None:
    source = WrappedSource()
    source.feed({"chunk": {"bytes": json.dumps(says("[1")).encode()}})
    with pytest.raises(ProviderError, match="Too many tokens"):
        source.feed(THROTTLED)
    with pytest.raises(ProviderError, match="timed out"):
        source.feed({"modelTimeoutException": {"message": "timed out"}})


def test_text_beside_an_exception_comes_first() -> None:
    source = BedrockSource()
    assert brief(source.feed({**adds(text="[1"), **THROTTLED})) == {("content", 0): "[1"}
    for call in (lambda: source.feed(adds(text="]")), source.finish):
        with pytest.raises(ProviderError, match="Too many tokens"):
            call()
