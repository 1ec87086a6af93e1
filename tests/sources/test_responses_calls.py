from __future__ import annotations

from typing import Any

import pytest
from responses_events import (
    COMPLETED,
    CREATED,
    added,
    arguments,
    call,
    done,
    ends,
    event,
    response,
    text,
)
from source_runs import read_all, texts

from partialstream.deltas import Channel
from partialstream.sources.responses import ResponsesSource

TOOL = Channel("tool", 0, "f")
CUT = ends("incomplete", incomplete_details={"reason": "max_output_tokens"})


def arguments_done(value: Any, index: int = 0, **members: Any) -> dict[str, Any]:
    return event("function_call_arguments.done", arguments=value, output_index=index, **members)


def custom(value: str) -> dict[str, Any]:
    return {"type": "custom_tool_call", "name": "run", "input": value}


def mcp(value: str) -> dict[str, Any]:
    return {"type": "mcp_call", "name": "lookup", "arguments": value}


CALLS: dict[str, tuple[list[Any], dict[Channel, str]]] = {
    "in pieces": ([added(call()), arguments("[1"), arguments("]"), COMPLETED], {TOOL: "[1]"}),
    "in pieces, then whole everywhere": (
        [
            added(call()),
            arguments("[1"),
            arguments("]"),
            arguments_done("[1]"),
            done(call("f", "[1]")),
            ends("completed", call("f", "[1]")),
        ],
        {TOOL: "[1]"},
    ),
    "whole in its own event": ([added(call()), arguments_done("[1]"), COMPLETED], {TOOL: "[1]"}),
    "whole in its item": ([added(call()), done(call("f", "[1]")), COMPLETED], {TOOL: "[1]"}),
    "whole in its item alone": ([done(call("f", "[1]"))], {TOOL: "[1]"}),
    "whole at the end": ([added(call()), ends("completed", call("f", "[1]"))], {TOOL: "[1]"}),
    "whole at the end alone": ([ends("completed", call("f", "[1]"))], {TOOL: "[1]"}),
    "whole in the announcement and the end": (
        [added(call("f", "[1]")), ends("completed", call("f", "[1]"))],
        {TOOL: "[1]"},
    ),
    "as an object": ([done(call("f", {"a": "é"}))], {TOOL: '{"a":"é"}'}),
    "the name late": ([arguments_done("[1]", name="f"), COMPLETED], {TOOL: "[1]"}),
    "no name": ([arguments("[1"), arguments("]")], {Channel("tool", 0): "[1]"}),
    "interleaved": (
        [
            added(call("f"), 1),
            added(call("g"), 2),
            arguments("[1", 1),
            arguments("[2", 2),
            arguments("]", 2),
            arguments("]", 1),
            COMPLETED,
        ],
        {Channel("tool", 1, "f"): "[1]", Channel("tool", 2, "g"): "[2]"},
    ),
    "behind text": (
        [text("So:"), added(call(), 1), arguments("[1]", 1)],
        {Channel("content", (0, 0)): "So:", Channel("tool", 1, "f"): "[1]"},
    ),
    "null as it is when more follows": (
        [added(call()), arguments("nul"), arguments("l, 1")],
        {TOOL: "null, 1"},
    ),
    "plain text": (
        [
            added(custom("")),
            event("custom_tool_call_input.delta", delta="nul", output_index=0),
            event("custom_tool_call_input.delta", delta="l", output_index=0),
            event("custom_tool_call_input.done", input="null", output_index=0),
            done(custom("null")),
            COMPLETED,
        ],
        {Channel("tool", 0, "run"): "null"},
    ),
    "plain text whole": (
        [ends("completed", custom("print(1)"))],
        {Channel("tool", 0, "run"): "print(1)"},
    ),
    "plain text, none": ([added(custom("")), done(custom("")), COMPLETED], {}),
    "of the provider's tools": (
        [
            added(mcp("")),
            event("mcp_call_arguments.delta", delta='{"q":1}', output_index=0),
            event("mcp_call_arguments.done", arguments='{"q":1}', output_index=0),
            done(mcp('{"q":1}')),
            added({"type": "code_interpreter_call", "code": ""}, 1),
            event("code_interpreter_call_code.done", code="[1]", output_index=1),
            COMPLETED,
        ],
        {Channel("server_tool", 0, "lookup"): '{"q":1}', Channel("server_tool", 1): "[1]"},
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_arguments(name: str) -> None:
    events, expected = CALLS[name]
    assert texts(read_all(ResponsesSource(), [CREATED, *events])) == expected


REFUSAL = event("refusal.delta", delta="No.", output_index=1, content_index=0)
NONE = {TOOL: "{}"}

WITHOUT_ARGUMENTS: dict[str, tuple[list[Any], dict[Channel, str]]] = {
    "completed": ([added(call()), COMPLETED], NONE),
    "null": ([added(call()), arguments("null"), arguments_done("null"), COMPLETED], NONE),
    "null in two": ([added(call()), arguments("nu"), arguments("ll"), COMPLETED], NONE),
    "whole": ([response("completed", call())], NONE),
    "no arguments member": ([done({"type": "function_call", "name": "f"})], NONE),
    "its item is done": ([added(call()), done(call())], NONE),
    "its item is done, then the end": (
        [added(call()), arguments_done(""), done(call()), ends("completed", call())],
        NONE,
    ),
    "its item is done, the answer cut": ([added(call()), done(call()), CUT], NONE),
    "two": (
        [added(call()), added(call("g"), 1), COMPLETED],
        {TOOL: "{}", Channel("tool", 1, "g"): "{}"},
    ),
    "its item is cut": ([added(call()), done(call(status="incomplete")), CUT], {}),
    "the answer is cut": ([added(call()), CUT], {}),
    "the answer has no end": ([added(call())], {}),
    "refused": ([added(call()), REFUSAL, COMPLETED], {Channel("refusal", (1, 0)): "No."}),
    "one done, one cut": (
        [added(call()), done(call()), added(call("g"), 1), arguments('{"a', 1), CUT],
        {TOOL: "{}", Channel("tool", 1, "g"): '{"a'},
    ),
}


@pytest.mark.parametrize("name", WITHOUT_ARGUMENTS)
def test_no_arguments(name: str) -> None:
    events, expected = WITHOUT_ARGUMENTS[name]
    assert texts(read_all(ResponsesSource(), [CREATED, *events])) == expected


def test_no_arguments_if_the_connection_is_lost() -> None:
    assert read_all(ResponsesSource(), [added(call()), COMPLETED], cut=True) == []


def test_no_arguments_are_given_when_the_item_is_done() -> None:
    source = ResponsesSource()
    assert source.feed(added(call())) == []
    assert source.feed(done(call())) == [(TOOL, "{}")]
