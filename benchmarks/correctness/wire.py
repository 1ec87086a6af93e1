"""Cases of chunks and connections."""

from __future__ import annotations

from typing import Any

from benchmarks.correctness.case import Case, Expected
from benchmarks.correctness.growing import Measured, Report
from benchmarks.correctness.items import Aged, Named
from benchmarks.correctness.source import chunk
from partialstream.testing import Answer, faults


def _call(index: int, arguments: str, **more: Any) -> dict[str, Any]:
    name = {"name": "Aged"} if more else {}
    return {"index": index, "function": {**name, "arguments": arguments}, **more}


def _opened(index: int, arguments: str) -> dict[str, Any]:
    return _call(index, arguments, id=f"call_{index}", type="function")


def _served(name: str, text: str, fault: faults.Fault | None, **more: Any) -> Case:
    # Plain content, so that none has to read tool calls.
    answer = Answer(text, fault=fault, as_tool=False)
    return Case(name, "served", Named, answer=answer, fails=True, **more)


_FIRST = (Expected({"name": "a"}, None),)
_TEXT = '{"items": [{"name": "a"}, {"name": "bcd"}]}'
_CUT = 6  # deltas of four characters: behind the first item

CASES = [
    Case(
        "two tool calls, one after the other",
        "calls",
        Aged,
        (
            chunk({"tool_calls": [_opened(0, '{"name":"n0",')]}),
            chunk({"tool_calls": [_call(0, '"age":0}')]}),
            chunk({"tool_calls": [_opened(1, '{"name":"n1",')]}),
            chunk({"tool_calls": [_call(1, '"age":1}')]}),
        ),
        (Expected({"name": "n0", "age": 0}, 1), Expected({"name": "n1", "age": 1}, 3)),
        finish="tool_calls",
    ),
    Case(
        "two tool calls, interleaved",
        "calls",
        Aged,
        (
            chunk({"tool_calls": [_opened(0, '{"name":"n0",'), _opened(1, '{"name":"n1",')]}),
            chunk({"tool_calls": [_call(1, '"age":1}')]}),
            chunk({"tool_calls": [_call(0, '"age":0}')]}),
        ),
        (Expected({"name": "n1", "age": 1}, 1), Expected({"name": "n0", "age": 0}, 2)),
        finish="tool_calls",
    ),
    Case(
        "a refusal instead of items",
        "chunks",
        Named,
        (chunk({"refusal": "I can"}), chunk({"refusal": "not."})),
        fails=True,
    ),
    Case(
        "a refusal instead of an object",
        "growing_chunks",
        Report,
        (chunk({"refusal": "I can"}), chunk({"refusal": "not."})),
        final={},
        fails=True,
    ),
    _served("an error event within", _TEXT, faults.ErrorEvent(after=_CUT), items=_FIRST),
    _served("the connection is reset", _TEXT, faults.Reset(after=_CUT), items=_FIRST),
    _served("the connection is closed", _TEXT, faults.Disconnect(after=_CUT), items=_FIRST),
    _served("the body ends without an end", _TEXT, faults.EndEarly(after=_CUT), items=_FIRST),
    Case(
        "an object's connection is closed",
        "served_growing",
        Measured,
        final={"size": 12, "title": "One two three four five"},
        shows=((None, {"size": 12}),),
        answer=Answer(
            '{"size": 12, "title": "One two three four five"}',
            fault=faults.Disconnect(after=_CUT),
            as_tool=False,
        ),
        fails=True,
    ),
    Case(
        "an object's body ends without an end",
        "served_growing",
        Measured,
        final={"size": 12, "title": "One two three four five"},
        shows=((None, {"size": 12}),),
        answer=Answer(
            '{"size": 12, "title": "One two three four five"}',
            fault=faults.EndEarly(after=_CUT),
            as_tool=False,
        ),
        fails=True,
    ),
]
