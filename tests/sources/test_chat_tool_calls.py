from __future__ import annotations

from typing import Any

import pytest
from source_runs import brief, call, calls, choice, chunk, read_all, says

from partialstream.deltas import Channel
from partialstream.errors import ProviderError
from partialstream.sources.chat import ChatSource

STOP = says({}, "stop")
END = says({}, "tool_calls")


def tools(*documents: str) -> dict[Any, str]:
    """The calls of the first choice, in order."""
    return {("tool", (0, place)): text for place, text in enumerate(documents)}


CASES: dict[str, tuple[list[Any], dict[Any, str]]] = {
    "in pieces": (
        [calls(call("", id="a", name="f")), calls(call('{"x"')), calls(call(":1}")), END],
        tools('{"x":1}'),
    ),
    "text in the first delta": (
        [calls(call('{"x"', id="a", name="f")), calls(call(":1}")), END],
        tools('{"x":1}'),
    ),
    "two interleaved": (
        [
            calls(
                call('{"name":"n0",', id="a", name="f"),
                call('{"name":"n1",', index=1, id="b", name="f"),
            ),
            calls(call('"age":1}', index=1)),
            calls(call('"age":0}', index=0)),
        ],
        tools('{"name":"n0","age":0}', '{"name":"n1","age":1}'),
    ),
    "the first index is 1": (
        [calls(call("[1", index=1, id="a")), calls(call("]", index=1))],
        tools("[1]"),
    ),
    "no index, whole": ([calls(call("{}", index=None, id="a", name="f"))], tools("{}")),
    "no index, two whole in one delta": (
        [
            calls(
                call("[1]", index=None, id="a", name="f"), call("[1]", index=None, id="b", name="f")
            )
        ],
        tools("[1]", "[1]"),
    ),
    "no index and no id, two in one delta": (
        [calls(call("[1]", index=None, name="f"), call("[1]", index=None, name="f"))],
        tools("[1]", "[1]"),
    ),
    "no index and no id, in two chunks": (
        [
            calls(call('{"x":1}', index=None, name="f")),
            calls(call('{"x":1}', index=None, name="f")),
        ],
        tools('{"x":1}', '{"x":1}'),
    ),
    "no index and no id, in pieces": (
        [calls(call("[", index=None, name="f")), calls(call("1]", index=None))],
        tools("[1]"),
    ),
    "no index, pieces told by id": (
        [
            calls(
                call("[1", index=None, id="a", name="f"), call("[2", index=None, id="b", name="f")
            ),
            calls(call("]", index=None, id="b"), call("]", index=None, id="a")),
        ],
        tools("[1]", "[2]"),
    ),
    "no index, the id comes late": (
        [calls(call("[", index=None, name="f")), calls(call("1]", index=None, id="a"))],
        tools("[1]"),
    ),
    "index null, id empty": (
        [calls({"index": None, "id": "", "function": {"name": "f", "arguments": "[1]"}})],
        tools("[1]"),
    ),
    "the id comes late": (
        [calls(call("[", name="f")), calls(call("1", id="a")), calls(call("]"))],
        tools("[1]"),
    ),
    "no id at all": (
        [calls(call("[", name="f")), calls(call("1")), calls(call("]"))],
        tools("[1]"),
    ),
    "id and name repeated": (
        [calls(call(piece, id="a", name="f")) for piece in ("", '{"x":{}', ',"y":{', "}}")],
        tools('{"x":{},"y":{}}'),
    ),
    "name repeated without id": (
        [calls(call(piece, name="f")) for piece in ("[{}", ",{", "}]", "")],
        tools("[{},{}]"),
    ),
    "id and name null later": (
        [
            calls(call("[", id="a", name="f")),
            calls(
                {
                    "index": 0,
                    "id": None,
                    "type": None,
                    "function": {"name": None, "arguments": "1]"},
                }
            ),
        ],
        tools("[1]"),
    ),
    "an id invented for every chunk": (
        [
            calls(call("", id="a", name="f")),
            calls(call('[{"x":1}', id="b")),
            calls(call(',{"x":2}', id="c")),
            calls(call("]", id="d")),
        ],
        tools('[{"x":1},{"x":2}]'),
    ),
    "the same index for a second call": (
        [
            calls(call('{"x":', id="a", name="f")),
            calls(call("1}")),
            calls(call('{"x":', id="b", name="f")),
            calls(call("2}")),
        ],
        tools('{"x":1}', '{"x":2}'),
    ),
    "the same index for a second call, in one delta": (
        [calls(call("[1]", id="a", name="f"), call("[2]", id="b", name="f"))],
        tools("[1]", "[2]"),
    ),
    "the same index for a second call without name": (
        [calls(call('{"x":1}', id="a")), calls(call('{"x":2}', id="b"))],
        tools('{"x":1}', '{"x":2}'),
    ),
    "the same index for a second call without ids": (
        [calls(call('{"x":1}', name="f")), calls(call(' {"x"', name="f")), calls(call(":2}"))],
        tools('{"x":1}', ' {"x":2}'),
    ),
    "the same index for another tool": (
        [calls(call("[1]", name="f")), calls(call("[2]", name="g"))],
        tools("[1]", "[2]"),
    ),
    "the same index, back to the first call": (
        [
            calls(call("[1", id="a", name="f")),
            calls(call("[2", id="b", name="f")),
            calls(call("]", id="a")),
            calls(call("]", id="b")),
        ],
        tools("[1]", "[2]"),
    ),
    "in the finish chunk": (
        [calls(call("[1]", id="a", name="f"), finish_reason="tool_calls")],
        tools("[1]"),
    ),
    "finish repeated": ([calls(call("[1]", id="a", name="f")), END, END], tools("[1]")),
    "finish is stop": ([calls(call("[1]", id="a", name="f")), STOP], tools("[1]")),
    "cut off under tool_calls": ([calls(call("[1", id="a", name="f")), END], tools("[1")),
    "one whole and one cut": (
        [calls(call("[1]", id="a", name="f"), call("[2", index=1, id="b", name="f")), END],
        tools("[1]", "[2"),
    ),
    "prose before": (
        [says({"content": "Let me see [1]."}), calls(call("[1]", id="a", name="f")), END],
        {("content", 0): "Let me see [1].", **tools("[1]")},
    ),
    "prose in the same delta": (
        [says({"content": "So:", "tool_calls": [call("[1]", id="a", name="f")]})],
        {("content", 0): "So:", **tools("[1]")},
    ),
    "two choices": (
        [
            chunk(
                choice({"tool_calls": [call("[0", id="a", name="f")]}, 0),
                choice({"tool_calls": [call("[1", id="b", name="f")]}, 1),
            ),
            chunk(choice({"tool_calls": [call("]")]}, 1)),
            chunk(choice({"tool_calls": [call("]")]}, 0)),
        ],
        {("tool", (0, 0)): "[0]", ("tool", (1, 0)): "[1]"},
    ),
    "a null among the entries": ([calls(None, call("[1]", id="a"))], tools("[1]")),
    "one entry instead of a list": ([says({"tool_calls": call("[1]", id="a")})], tools("[1]")),
    "no wrapper": ([calls({"index": 0, "name": "f", "arguments": "[1]"})], tools("[1]")),
    "a custom tool": ([calls({"index": 0, "custom": {"name": "f", "input": "x"}})], tools("x")),
    "the id a number": (
        [calls(call("[1]", id=1, name="f")), calls(call("[2]", id=2, name="f"))],
        tools("[1]", "[2]"),
    ),
    "legacy function_call": (
        [
            says({"function_call": {"name": "f", "arguments": ""}}),
            says({"function_call": {"arguments": "[1"}}),
            says({"function_call": {"arguments": "]"}}, "function_call"),
        ],
        tools("[1]"),
    ),
    "legacy function_call beside tool calls": (
        [
            says({"function_call": each["function"], "tool_calls": [each], "content": None})
            for each in (call("[1", id="a", name="f"), call("]", id="a", name="f"))
        ],
        tools("[1]"),
    ),
    "a cumulative message beside the delta": (
        [
            chunk(choice({"tool_calls": [call("[", id="a")]}, message={"tool_calls": [call("[")]})),
            chunk(choice({"tool_calls": [call("1]")]}, message={"tool_calls": [call("[1]")]})),
        ],
        tools("[1]"),
    ),
    "a whole answer": (
        [
            chunk(
                {
                    "message": {
                        "content": None,
                        "tool_calls": [
                            call("[1]", index=None, id="a", name="f"),
                            call("", index=None, id="b", name="f"),
                        ],
                    },
                    "finish_reason": "tool_calls",
                }
            )
        ],
        tools("[1]", "{}"),
    ),
    "a half of a surrogate pair": (
        [calls(call(text)) for text in ('["\ud83d', '\ude00"]')],
        tools('["😀"]'),
    ),
    "arguments as an object": (
        [calls(call({"x": None, "y": "é"}, id="a"))],
        tools('{"x":null,"y":"é"}'),
    ),
    "arguments as a list": ([calls(call([1, 2], id="a"))], tools("[1,2]")),
    "an empty object ahead of the arguments": (
        [calls(call({}, id="a")), calls(call({"x": 1}))],
        tools('{"x":1}'),
    ),
    "a server's tool": (
        [calls({**call('{"q":1}', id="a", name="$web_search"), "type": "builtin_function"})],
        {("server_tool", (0, 0)): '{"q":1}'},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_arguments_by_call(name: str) -> None:
    chunks, expected = CASES[name]
    assert brief(read_all(ChatSource(), chunks)) == expected


def test_names_are_in_the_channels() -> None:
    source = ChatSource()
    [(first, _)] = source.feed(calls(call("[1]", id="a", name="f")))
    assert source.feed(calls(call("", index=1, id="b"))) == []
    assert source.feed(calls(call(index=1, name="late"))) == []
    [(second, _)] = source.feed(calls(call("[2]", index=1)))
    assert (first, second) == (Channel("tool", (0, 0), "f"), Channel("tool", (0, 1), "late"))


def test_a_name_behind_the_first_text_leaves_the_channel_alone() -> None:
    source = ChatSource()
    [(before, _)] = source.feed(calls(call("[", id="a")))
    [(after, _)] = source.feed(calls(call("1", name="f")))
    assert before is after


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("abc", "the text 'abc'; expected a tool call"),
        ([7], "a int; expected a tool call"),
        ([{"function": "abc"}], "a dict with function; expected a tool call"),
        ([{"function": {"arguments": 7}}], "a int; expected a tool call's arguments"),
    ],
)
def test_entries_of_unknown_shape(entries: Any, message: str) -> None:
    with pytest.raises(ProviderError, match=message):
        ChatSource().feed(says({"tool_calls": entries}))
