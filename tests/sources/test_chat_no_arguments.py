from __future__ import annotations

from typing import Any

import pytest
from source_runs import brief, call, calls, choice, chunk, read_all, says

from partialstream.sources.chat import ChatSource

END = says({}, "tool_calls")


def tools(*documents: str) -> dict[Any, str]:
    """The calls of the first choice, in order."""
    return {("tool", (0, place)): text for place, text in enumerate(documents)}


CASES: dict[str, tuple[list[Any], dict[Any, str]]] = {
    "empty": ([calls(call("", id="a", name="f")), END], tools("{}")),
    "missing": ([calls(call(id="a", name="f")), END], tools("{}")),
    "null": ([calls({"index": 0, "function": {"name": "f", "arguments": None}}), END], tools("{}")),
    "no function": ([calls({"index": 0, "id": "a", "function": None}), END], tools("{}")),
    "an empty object": ([calls(call({}, id="a", name="f")), END], tools("{}")),
    "the word null": ([calls(call("null", id="a", name="f")), END], tools("{}")),
    "the word null in pieces": (
        [calls(call(piece, id="a", name="f")) for piece in ("n", "", "ul", "l")],
        tools("{}"),
    ),
    "the word null and blanks": ([calls(call(" null\n", id="a")), calls(call("\n"))], tools("{}")),
    "blanks": ([calls(call(" ", id="a")), calls(call("\n")), END], tools(" \n{}")),
    "given": ([calls(call("", id="a", name="f")), calls(call("{}")), END], tools("{}")),
    "given in pieces": ([calls(call("", id="a")), calls(call("{")), calls(call("}"))], tools("{}")),
    "given behind the finish reason": (
        [calls(call("", id="a", name="f"), finish_reason="tool_calls"), calls(call("[1]"))],
        tools("[1]"),
    ),
    "text that begins like null": (
        [calls(call("n", id="a")), calls(call("u ")), calls(call("x"))],
        tools("nu x"),
    ),
    "blanks and text": ([calls(call(" ", id="a")), calls(call("[1]"))], tools(" [1]")),
    "no finish reason": ([calls(call("", id="a", name="f"))], tools("{}")),
    "one of two": (
        [calls(call("", id="a", name="f"), call("[1]", index=1, id="b", name="g")), END],
        {("tool", (0, 1)): "[1]", ("tool", (0, 0)): "{}"},
    ),
    "one of two choices": (
        [
            chunk(
                choice({"tool_calls": [call("", id="a")]}, 0, "length"),
                choice({"tool_calls": [call("", id="b")]}, 1, "tool_calls"),
            )
        ],
        {("tool", (1, 0)): "{}"},
    ),
    "cut before the arguments": ([calls(call("", id="a", name="f")), says({}, "length")], {}),
    "filtered before the arguments": (
        [calls(call("", id="a", name="f")), says({}, "content_filter")],
        {},
    ),
    "cut in what may be null": (
        [calls(call("nu", id="a", name="f")), says({}, "length")],
        tools("nu"),
    ),
    "what may be null and is not": ([calls(call("nu", id="a", name="f")), END], tools("nu")),
}


def test_a_cut_stream_makes_up_no_arguments() -> None:
    chunks = [calls(call("", id="a", name="f"), call("nu", index=1, id="b", name="g"))]
    assert brief(read_all(ChatSource(), chunks, cut=True)) == {("tool", (0, 1)): "nu"}


@pytest.mark.parametrize("name", CASES)
def test_a_tool_without_arguments_has_the_empty_object(name: str) -> None:
    chunks, expected = CASES[name]
    assert brief(read_all(ChatSource(), chunks)) == expected
