"""Cases of chunks and connections."""

from __future__ import annotations

from typing import Any

from benchmarks.correctness.case import Case, Expected
from benchmarks.correctness.growing import Measured, Report
from benchmarks.correctness.items import Aged, Named
from benchmarks.correctness.source import chunk
from partialstream.testing import Answer, faults, sse_body


def _call(index: int, arguments: str, **more: Any) -> dict[str, Any]:
    name = {"name": "Aged"} if more else {}
    return {"index": index, "function": {**name, "arguments": arguments}, **more}


def _opened(index: int, arguments: str, id: str = "") -> dict[str, Any]:
    return _call(index, arguments, id=id or f"call_{index}", type="function")


def _named(arguments: str) -> dict[str, Any]:
    return _call(0, arguments, type="function")


def _choice(index: int, content: str) -> dict[str, Any]:
    return {**chunk({}), "choices": [{"index": index, "delta": {"content": content}}]}


def _served(name: str, text: str, fault: faults.Fault | None, **more: Any) -> Case:
    # Plain content, so that none has to read tool calls.
    answer = Answer(text, fault=fault, as_tool=False)
    return Case(name, "served", Named, answer=answer, fails=True, **more)


_USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}

_FIRST = (Expected({"name": "a"}, None),)
_TEXT = '{"items": [{"name": "a"}, {"name": "bcd"}]}'
_CUT = 6  # deltas of four characters: behind the first item

_CALLS = [
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
        "tool calls whose first index is 1",
        "calls",
        Aged,
        (
            chunk({"tool_calls": [_opened(1, '{"name":"n1",')]}),
            chunk({"tool_calls": [_call(1, '"age":1}')]}),
            chunk({"tool_calls": [_opened(2, "")]}),
            chunk({"tool_calls": [_call(2, '{"name":"n2","age":2}')]}),
        ),
        (Expected({"name": "n1", "age": 1}, 1), Expected({"name": "n2", "age": 2}, 3)),
        finish="tool_calls",
    ),
    Case(
        "an index that is used again",
        "calls",
        Aged,
        (
            chunk({"tool_calls": [_opened(0, '{"name":"n0","age":0}')]}),
            chunk({"tool_calls": [_opened(0, '{"name":"n1",', id="call_1")]}),
            chunk({"tool_calls": [_call(0, '"age":1}')]}),
        ),
        (Expected({"name": "n0", "age": 0}, 0), Expected({"name": "n1", "age": 1}, 2)),
        finish="tool_calls",
    ),
    Case(
        "a tool call without an index, whole in the last chunk",
        "calls",
        Aged,
        (
            chunk(
                {
                    "tool_calls": [
                        {
                            "id": "call_0",
                            "type": "function",
                            "function": {"name": "Aged", "arguments": '{"name":"n0","age":0}'},
                        }
                    ]
                },
                "tool_calls",
            ),
        ),
        (Expected({"name": "n0", "age": 0}, 0),),
        finish=None,
    ),
    Case(
        "stop is said of a tool call, and no id",
        "calls",
        Aged,
        (
            chunk({"tool_calls": [_named('{"name":"n0",')]}),
            chunk({"tool_calls": [_call(0, '"age":0}')]}),
        ),
        (Expected({"name": "n0", "age": 0}, 1),),
    ),
]

_CHUNKS = [
    Case(
        "no content, no choices, an empty delta",
        "chunks",
        Named,
        (
            chunk({"content": None}),
            chunk({"content": '{"items":[{"name":"a"}'}),
            chunk({"content": "\n"}),
            chunk({}),
            {**chunk({}), "choices": []},
            chunk({"content": ',{"name":"b"}'}),
            chunk({"content": "]}"}),
        ),
        (Expected({"name": "a"}, 1), Expected({"name": "b"}, 5)),
    ),
    Case(
        "the same for an object, whose last text is in the last chunk",
        "growing_chunks",
        Report,
        (
            chunk({"content": None}),
            chunk({"content": '{"title":"On'}),
            {**chunk({}), "choices": []},
            chunk({"content": "e two thr"}),
            chunk({"content": 'ee"}'}, "stop"),
            {**chunk({}), "choices": [], "usage": _USAGE},
        ),
        final={"title": "One two three"},
        shows=((1, {"title": "On"}), (3, {"title": "One two thr"})),
        finish=None,
    ),
    Case(
        "reasoning before",
        "chunks",
        Named,
        (
            chunk({"reasoning_content": 'Is it {"name":"x"}'}),
            chunk({"reasoning_content": " or [a]?"}),
            chunk({"content": '{"items":[{"name":"a"}'}),
            chunk({"content": "]}"}),
        ),
        (Expected({"name": "a"}, 2),),
    ),
    Case(
        "content in parts",
        "chunks",
        Named,
        (
            chunk({"content": [{"type": "text", "text": '{"items":[{"name":"a"}'}]}),
            chunk({"content": [{"type": "text", "text": "]}"}]}),
        ),
        (Expected({"name": "a"}, 0),),
    ),
    Case(
        "two choices",
        "chunks",
        Named,
        (
            _choice(0, '[{"name":"a"}'),
            _choice(1, '[{"na'),
            _choice(0, "]"),
            _choice(1, 'me":"b"}]'),
        ),
        (Expected({"name": "a"}, 0), Expected({"name": "b"}, 3)),
        path="",
    ),
    Case(
        "nobody says that it is over, but it is",
        "chunks",
        Named,
        (chunk({"content": '{"items":[{"name":"a"}'}), chunk({"content": "]}"})),
        (Expected({"name": "a"}, 0),),
        finish=None,
    ),
    Case(
        "a refusal in the middle",
        "chunks",
        Named,
        (
            chunk({"content": '{"items":[{"name":"a"}'}),
            chunk({"content": ',{"na'}),
            chunk({"refusal": "I cannot go on."}),
        ),
        (Expected({"name": "a"}, 0),),
        fails=True,
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
]

_SERVED = [
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

_OBJECT = '{"size": 12, "title": "Café, 3 €"}'


def _sent(name: str, **answer: Any) -> Case:
    """A case of a whole object that is sent in an unusual way."""
    final = {"size": 12, "title": "Café, 3 €"}
    return Case(name, "served_growing", Measured, final=final, answer=Answer(**answer))


_EVENTS = [
    _sent("comments between the events", text=_OBJECT, as_tool=False, fault=faults.Comments()),
    _sent("no [DONE]", text=_OBJECT, as_tool=False, fault=faults.NoDone()),
    _sent("cut inside a character", text=_OBJECT, as_tool=False, cut_bytes=1),
    _sent("no blank behind data:", recorded=sse_body(_OBJECT, space=False)),
    _sent("lines that end with CRLF", recorded=sse_body(_OBJECT, newline="\r\n")),
]

_ITEMS = tuple(Expected({"name": name}, None) for name in ("a", "bcd"))

_PROVIDERS = [
    Case("Anthropic: a tool's input", "anthropic", Named, items=_ITEMS, answer=Answer(_TEXT)),
    Case(
        "Anthropic: thinking before",
        "anthropic",
        Named,
        items=_ITEMS,
        answer=Answer(_TEXT, reasoning='Is it {"name":"x"} or [a]?'),
    ),
    Case(
        "Anthropic: cut off by max_tokens",
        "anthropic",
        Named,
        items=_FIRST,
        answer=Answer(_TEXT, fault=faults.LengthCut(after=_CUT)),
        fails=True,
    ),
    Case(
        "Anthropic: an error event within",
        "anthropic",
        Named,
        items=_FIRST,
        answer=Answer(_TEXT, fault=faults.ErrorEvent(after=_CUT)),
        fails=True,
    ),
    Case("Responses: items", "responses", Named, items=_ITEMS, answer=Answer(_TEXT)),
    Case(
        "Responses: incomplete",
        "responses",
        Named,
        items=_FIRST,
        answer=Answer(_TEXT, fault=faults.LengthCut(after=_CUT)),
        fails=True,
    ),
]

# So slow that it would go on for long after the check.
_SLOW = Answer(
    '{"items": [{"name": "a"}, ' + '{"name": "b"}, ' * 500 + "]}",
    tokens_per_second=200,
    as_tool=False,
)

_LEFT = [
    Case("the loop is left after an item", "left", Named, items=_FIRST, answer=_SLOW),
    Case("… with asyncio", "left_async", Named, items=_FIRST, answer=_SLOW),
]

CASES = [*_CALLS, *_CHUNKS, *_SERVED, *_EVENTS, *_PROVIDERS, *_LEFT]
