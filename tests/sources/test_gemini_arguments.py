"""Arguments that Gemini streams leaf by leaf."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gemini_chunks import call, says, text
from hypothesis import given
from hypothesis import strategies as st
from source_runs import brief, read_all

from partialstream.deltas import Channel
from partialstream.errors import ProviderError
from partialstream.sources.gemini import GeminiSource
from partialstream.sources.gemini_args import LeafArguments


def leaf(path: str, more: bool = False, **value: Any) -> dict[str, Any]:
    return {"jsonPath": path, **value} | ({"willContinue": True} if more else {})


STREAMED: dict[str, tuple[list[Any], dict[Any, str]]] = {
    "ended by an empty part": (
        [
            says(call("f", willContinue=True)),
            says(call(partialArgs=[leaf("$.a", True, stringValue="x")], willContinue=True)),
            says(call(partialArgs=[leaf("$.a", stringValue="")], willContinue=True)),
            says(call(partialArgs=[leaf("$.b", numberValue=2)], willContinue=True)),
            says(call()),
            says(text("")),
        ],
        {("tool", (0, 0)): '{"a":"x","b":2}'},
    ),
    "ended by the last leaf": (
        [
            says(call("f", id="1", willContinue=True)),
            says(call(partialArgs=[leaf("$.a", nullValue=None)], willContinue=False)),
            says(call("f", id="2", willContinue=True)),
            says(call(partialArgs=[leaf("$.a", boolValue=False)])),
        ],
        {("tool", (0, 0)): '{"a":null}', ("tool", (0, 1)): '{"a":false}'},
    ),
    "name and id with each part": (
        [
            says(
                call(
                    "f",
                    id="1",
                    partialArgs=[leaf("$.a", more, stringValue=piece)],
                    willContinue=more,
                )
            )
            for piece, more in (("x", True), ("y", False))
        ],
        {("tool", (0, 0)): '{"a":"xy"}'},
    ),
    "without an end, and another follows": (
        [
            says(call("f", willContinue=True)),
            says(call(partialArgs=[leaf("$.a[0].b", numberValue=1.5)], willContinue=True)),
            says(call("g", args={"c": 1})),
        ],
        {("tool", (0, 0)): '{"a":[{"b":1.5}]}', ("tool", (0, 1)): '{"c":1}'},
    ),
    "announced, then whole": (
        [says(call("f", willContinue=True)), says(call("f", args={"a": 1}))],
        {("tool", (0, 0)): '{"a":1}'},
    ),
    "announced without arguments": (
        [says(call("f", willContinue=True)), says(call())],
        {("tool", (0, 0)): "{}"},
    ),
}


@pytest.mark.parametrize("name", STREAMED)
def test_arguments_that_are_streamed(name: str) -> None:
    chunks, expected = STREAMED[name]
    assert brief(read_all(GeminiSource(), chunks)) == expected


def test_arguments_that_are_streamed_are_given_at_once() -> None:
    source = GeminiSource()
    channel = Channel("tool", (0, 0), "f")
    assert source.feed(says(call("f", willContinue=True))) == []
    part = call(partialArgs=[leaf("$.a", True, stringValue="x")], willContinue=True)
    assert source.feed(says(part)) == [(channel, '{"a":"x')]


@pytest.mark.parametrize(("reason", "end"), [("STOP", '"}'), ("MAX_TOKENS", ""), (None, "")])
def test_an_open_call_is_ended_by_a_proper_end_alone(reason: str | None, end: str) -> None:
    chunks = [
        says(call("f", partialArgs=[leaf("$.a", True, stringValue="x")], willContinue=True)),
        {"candidates": [{"finishReason": reason}]},
    ]
    expected = {("tool", (0, 0)): '{"a":"x' + end}
    assert brief(read_all(GeminiSource(), chunks)) == expected
    assert brief(read_all(GeminiSource(), chunks, cut=True)) == {("tool", (0, 0)): '{"a":"x'}


BAD: dict[str, list[str | None]] = {
    "no path": [None],
    "no root": ["a.b"],
    "the root": ["$"],
    "an array as root": ["$[0]"],
    "a wildcard": ["$.a[*]"],
    "a broken escape": ["$['\\x']"],
    "a leaf once more": ["$.a", "$.a"],
    "a member of a leaf": ["$.a", "$.a.b"],
    "a leaf that was an object": ["$.a.b", "$.a"],
    "an object once more": ["$.a.b", "$.c", "$.a.d"],
    "an index left out": ["$.a[0]", "$.a[2]"],
    "an index once more": ["$.a[0].b", "$.a[1].b", "$.a[0].c"],
    "not from the first index": ["$.a[1]"],
    "an index beside names": ["$.a.b", "$.a[1]"],
    "a name beside indexes": ["$.a[0]", "$.a.b"],
}


@pytest.mark.parametrize("name", BAD)
def test_leaves_that_make_no_document(name: str) -> None:
    leaves = [{"numberValue": 1} | ({"jsonPath": path} if path else {}) for path in BAD[name]]
    with pytest.raises(ProviderError, match="unknown chunk"):
        GeminiSource().feed(says(call("f", partialArgs=leaves)))


def test_a_string_that_another_leaf_ends() -> None:
    arguments = LeafArguments()
    assert arguments.write("$.a", "x", will_continue=True) == '{"a":"x'
    assert arguments.write("$['b']", True) == '","b":true'
    assert arguments.finish() == "}"


def test_names_that_need_quotes() -> None:
    arguments = LeafArguments()
    written = arguments.write("$['it\\'s \"a\"']", 1) + arguments.write('$["b\\n"][0]', 2)
    assert json.loads(written + arguments.finish()) == {'it\'s "a"': 1, "b\n": [2]}


NAMES = st.text(min_size=1, max_size=3)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
DOCUMENTS = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3)
            | st.dictionaries(NAMES, inner, min_size=1, max_size=3)
        ),
    ),
    max_size=3,
)


def leaves_of(value: Any, path: str = "$") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        steps = [(f"[{json.dumps(name)}]", each) for name, each in value.items()]
    elif isinstance(value, list):
        steps = [(f"[{index}]", each) for index, each in enumerate(value)]
    else:
        return [(path, value)]
    return [leaf for step, each in steps for leaf in leaves_of(each, path + step)]


@given(DOCUMENTS)
def test_the_leaves_of_a_document_make_the_document(document: dict[str, Any]) -> None:
    arguments = LeafArguments()
    written = ""
    for path, value in leaves_of(document):
        if isinstance(value, str):
            for character in value:
                written += arguments.write(path, character, will_continue=True)
            value = ""
        written += arguments.write(path, value)
    assert json.loads(written + arguments.finish()) == document
