"""Which texts are in the events of the Messages API."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from anthropic_events import (
    PING,
    STOP,
    adds,
    begins,
    calls,
    ends,
    says,
    started,
    stops,
    thinks,
    writes,
)
from source_runs import brief, read_all, texts

from partialstream.deltas import Channel
from partialstream.sources.anthropic import AnthropicSource
from partialstream.sources.detect import source_for

TOOL = ("tool", 0)

CASES: dict[str, tuple[list[Any], dict[tuple[str, Any], str]]] = {
    "text": (
        [begins(0, "text", text=""), says("[1"), says(",2]"), ends()],
        {("content", 0): "[1,2]"},
    ),
    "text in the start of its block": (
        [begins(0, "text", text="[1"), says("]"), ends()],
        {("content", 0): "[1]"},
    ),
    "text in a block that nothing announced": ([says("[1]", 3)], {("content", 3): "[1]"}),
    "text without an index goes on with the last block": (
        [begins(0, "text", text="a"), begins(1, "text", text="b"), adds(None, "text", text="c")],
        {("content", 0): "a", ("content", 1): "bc"},
    ),
    "prose ahead of a tool": (
        [
            begins(0, "text", text=""),
            PING,
            says("Let me look."),
            ends(),
            calls(1, "find"),
            writes("", 1),
            writes('{"l', 1),
            PING,
            writes('ocation":', 1),
            writes(' "Nîmes"}', 1),
            ends(1),
        ],
        {("content", 0): "Let me look.", ("tool", 1): '{"location": "Nîmes"}'},
    ),
    "a tool without input": ([calls(0, "find"), writes(""), ends()], {TOOL: "{}"}),
    "a tool without even a piece of input": ([calls(0, "find"), ends()], {TOOL: "{}"}),
    "null for no input": ([calls(0, "find"), writes("nu"), writes("ll"), ends()], {TOOL: "{}"}),
    "input in the start of the block alone": (
        [calls(0, "find", input={"n": 1}), ends()],
        {TOOL: '{"n":1}'},
    ),
    "input in the start of the block and an empty piece": (
        [calls(0, "find", input={"n": 1}), writes(""), ends()],
        {TOOL: '{"n":1}'},
    ),
    "input in the start of the block and again in pieces": (
        [calls(0, "find", input={"n": 1}), writes('{"n"'), writes(": 1}"), ends()],
        {TOOL: '{"n": 1}'},
    ),
    "input in the start of a block that does not end": (
        [calls(0, "find", input={"n": 1})],
        {TOOL: '{"n":1}'},
    ),
    "the start of a call twice": (
        [calls(0, "find"), calls(0, "find"), writes('{"n":1}')],
        {TOOL: '{"n":1}'},
    ),
    "input of a tool that nothing announced": ([writes('{"n":1}')], {TOOL: '{"n":1}'}),
    "two calls side by side": (
        [
            calls(0, "find"),
            calls(1, "find"),
            writes('{"n":1', 1),
            writes('{"n":0', 0),
            writes("}", 1),
            writes("}", 0),
        ],
        {("tool", 0): '{"n":0}', ("tool", 1): '{"n":1}'},
    ),
    "all blocks at the same index": (
        [
            begins(0, "text", text=""),
            says("Two:"),
            ends(),
            calls(0, "find", id="a"),
            writes('{"n":1}'),
            ends(),
            calls(0, "find", id="b"),
            writes('{"n":2}'),
            ends(),
        ],
        {("content", 0): "Two:", ("tool", 1): '{"n":1}', ("tool", 2): '{"n":2}'},
    ),
    "tools of the provider": (
        [
            calls(0, "web_search", "server_tool_use"),
            writes('{"query":"x"}'),
            ends(),
            begins(1, "web_search_tool_result", tool_use_id="call_0", content=[{"text": "no"}]),
            ends(1),
            calls(2, "echo", "mcp_tool_use", input={"n": 1}),
            ends(2),
            says("[1]", 3),
        ],
        {
            ("server_tool", 0): '{"query":"x"}',
            ("server_tool", 2): '{"n":1}',
            ("content", 3): "[1]",
        },
    ),
    "reasoning ahead of the text": (
        [
            begins(0, "thinking", thinking="Two ", signature=""),
            thinks("rows"),
            thinks("."),
            adds(0, "signature", signature="Eq…"),
            ends(),
            begins(1, "redacted_thinking", data="Em…"),
            ends(1),
            says("[1]", 2),
        ],
        {("reasoning", 0): "Two rows.", ("content", 2): "[1]"},
    ),
    "what is no text": (
        [
            begins(0, "text", text=""),
            adds(0, "citations", citation={"cited_text": "no"}),
            adds(0, "unheard_of", text="no"),
            says("a"),
            begins(1, "compaction", content=None),
            adds(1, "compaction", content="no"),
            begins(2, "unheard_of"),
            says("no", 2),
            {"type": "unheard_of", "text": "no"},
            None,
        ],
        {("content", 0): "a"},
    ),
    "halves of a character": (
        [says("a\ud83d"), thinks("\ud83d", 1), says("\ude00b"), thinks("\ude00", 1)],
        {("content", 0): "a😀b", ("reasoning", 1): "😀"},
    ),
    "halves of a character in a tool's input": (
        [calls(0, "find"), writes('{"a":"\ud83d'), writes('\ude00"}')],
        {TOOL: '{"a":"😀"}'},
    ),
    "empty pieces": ([says(""), says("a"), says(""), says("b")], {("content", 0): "ab"}),
}


def whole(events: list[Any]) -> list[Any]:
    return [started(), *events, stops("end_turn"), STOP]


@pytest.mark.parametrize(("events", "expected"), CASES.values(), ids=CASES)
def test_texts(events: list[Any], expected: dict[Any, str]) -> None:
    source = AnthropicSource()
    assert brief(read_all(source, whole(events))) == expected
    reasoning = "".join(text for (kind, _), text in expected.items() if kind == "reasoning")
    assert source.metadata.reasoning == reasoning


@pytest.mark.parametrize(("events", "expected"), CASES.values(), ids=CASES)
def test_texts_of_objects(events: list[Any], expected: dict[Any, str]) -> None:
    built = [None if each is None else SimpleNamespace(**each) for each in whole(events)]
    assert brief(read_all(AnthropicSource(), built)) == expected


def test_a_call_has_the_name_of_its_tool() -> None:
    found = texts(read_all(AnthropicSource(), whole([calls(1, "find"), writes("{}", 1)])))
    assert found == {Channel("tool", 1, "find"): "{}"}


def test_each_piece_is_given_with_its_event() -> None:
    source = AnthropicSource()
    events = [calls(0, "find"), writes(""), writes('{"l'), writes('":1}'), ends()]
    given = [[text for _, text in source.feed(each)] for each in events]
    assert given == [[], [], ['{"l'], ['":1}'], []]


def test_input_ahead_of_its_pieces_is_given_when_its_block_ends() -> None:
    source = AnthropicSource()
    assert source.feed(calls(0, "find", input={"n": 1})) == []
    assert source.feed(ends()) == [(Channel("tool", 0, "find"), '{"n":1}')]
    assert source.feed(ends()) == []
    assert source.finish() == []


DERIVED = [
    {"type": "text", "text": "[1", "snapshot": "[1"},
    {"type": "input_json", "partial_json": "[1", "snapshot": [1]},
    {"type": "thinking", "thinking": "[1", "snapshot": "[1"},
    {"type": "citation", "citation": {}, "snapshot": []},
    {"type": "signature", "signature": "Eq…"},
]


@pytest.mark.parametrize("event", DERIVED, ids=lambda each: each["type"])
def test_what_the_sdk_adds_to_the_events_is_left_out(event: dict[str, Any]) -> None:
    source = AnthropicSource()
    assert source.feed(says("[1")) == [(Channel("content"), "[1")]
    assert source.feed(event) == []
    assert source.feed(SimpleNamespace(**event)) == []
    assert source.feed(says("]")) == [(Channel("content"), "]")]
    assert source.metadata.reasoning == ""


def test_what_the_sdk_adds_to_the_ends_is_left_out() -> None:
    block = {"type": "text", "text": "[1]"}
    source = AnthropicSource()
    assert source.feed(says("[1]")) == [(Channel("content"), "[1]")]
    assert source.feed({**ends(), "content_block": block}) == []
    assert source.feed({**STOP, "message": {"type": "message", "content": [block]}}) == []
    assert source.metadata.extra == {}


def test_a_whole_message() -> None:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "test-model",
        "content": [
            {"type": "thinking", "thinking": "Two.", "signature": "Eq…"},
            {"type": "text", "text": "Here:", "citations": None},
            {"type": "tool_use", "id": "a", "name": "find", "input": {"n": "Nîmes"}},
            {"type": "server_tool_use", "id": "b", "name": "web_search", "input": {"q": 1}},
            {"type": "web_search_tool_result", "tool_use_id": "b", "content": []},
            {"type": "tool_use", "id": "c", "name": "stop", "input": {}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 9},
    }
    source = source_for(message)
    assert isinstance(source, AnthropicSource)
    assert brief(read_all(source, [message])) == {
        ("reasoning", 0): "Two.",
        ("content", 1): "Here:",
        ("tool", 2): '{"n":"Nîmes"}',
        ("server_tool", 3): '{"q":1}',
        ("tool", 5): "{}",
    }
    metadata = source.metadata
    assert (metadata.finish_reason, metadata.terminated) == ("tool_use", True)
    assert (metadata.model, metadata.request_id) == ("test-model", "msg_1")
