from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk
from responses_events import CREATED, added, arguments, call, done, ends, event, message, text
from source_runs import call as chat_call
from source_runs import calls, choice, chunk, read_all, says

from partialstream.deltas import Channel, Token
from partialstream.sources.chat import ChatSource
from partialstream.sources.metadata import read_tokens
from partialstream.sources.responses import ResponsesSource

CONTENT = Channel("content", 0)
PART = Channel("content", (0, 0))


def entry(token: str, logprob: Any = -0.5, **members: Any) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, **members}


def told(*tokens: str) -> dict[str, Any]:
    return {"content": [entry(each, bytes=list(each.encode())) for each in tokens], "refusal": None}


def data(tokens: list[Token]) -> list[tuple[Channel, str]]:
    return [(token.channel, token.data.decode()) for token in tokens]


TOP = [entry("a", -0.5), entry("b", -1.5), entry("c", None), "d"]

SHAPES: dict[str, tuple[Any, list[tuple[bytes, float, tuple[tuple[str, float], ...]]]]] = {
    "full": (
        [entry("a", bytes=[97], top_logprobs=TOP)],
        [(b"a", -0.5, (("a", -0.5), ("b", -1.5)))],
    ),
    "two": ([entry("a"), entry("b", -1)], [(b"a", -0.5, ()), (b"b", -1.0, ())]),
    "without bytes": ([entry("é", bytes=None)], [("é".encode(), -0.5, ())]),
    "half a character": ([entry("\\xf0\\x9f", bytes=[240, 159])], [(b"\xf0\x9f", -0.5, ())]),
    "half a surrogate pair": ([entry("\ud83d")], [(b"\xed\xa0\xbd", -0.5, ())]),
    "bytes that are none": (
        [entry("a", bytes=[300]), entry("b", bytes=["x"])],
        [(b"a", -0.5, ()), (b"b", -0.5, ())],
    ),
    "with an id": ([entry("a", id=64)], [(b"a", -0.5, ())]),
    "parallel lists": (
        {"tokens": ["a", "b"], "token_logprobs": [-0.5, -1.5]},
        [(b"a", -0.5, ()), (b"b", -1.5, ())],
    ),
    "parallel lists with alternatives": (
        {
            "tokens": ["a", "b"],
            "token_logprobs": [-0.5, -1.5],
            "top_logprobs": [{"a": -0.5, "c": -2}, None],
            "text_offset": [0, 1],
        },
        [(b"a", -0.5, (("a", -0.5), ("c", -2.0))), (b"b", -1.5, ())],
    ),
    "lists of unequal lengths": ({"tokens": ["a"], "token_logprobs": []}, []),
    "alternatives of another length": (
        {"tokens": ["a"], "token_logprobs": [-0.5], "top_logprobs": []},
        [(b"a", -0.5, ())],
    ),
    "one without its logarithm": ([entry("a"), entry("b", None)], []),
    "one without its text": ([{"logprob": -0.5}], []),
    "one that is no object": (["a"], []),
    "empty": ([], []),
    "an empty object": ({}, []),
    "null": (None, []),
    "a number": (-0.5, []),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str) -> None:
    given, expected = SHAPES[name]
    tokens = read_tokens(given, CONTENT)
    assert [(each.data, each.logprob, each.alternatives) for each in tokens] == expected
    assert all(each.channel is CONTENT for each in tokens)


def test_a_probability() -> None:
    (token,) = read_tokens([entry("a", math.log(0.25))], CONTENT)
    assert token.probability == pytest.approx(0.25)


def says_with(delta: Any, logprobs: Any, finish_reason: str | None = None) -> dict[str, Any]:
    return chunk(choice(delta, finish_reason=finish_reason, logprobs=logprobs))


THINKS, TOOL, REFUSES = Channel("reasoning", 0), Channel("tool", (0, 0), "f"), Channel("refusal", 0)

CHAT: dict[str, tuple[dict[str, Any], list[tuple[Channel, str]]]] = {
    "content": (says_with({"content": "[1"}, told("[", "1")), [(CONTENT, "["), (CONTENT, "1")]),
    "content in the last chunk": (says_with({"content": "]"}, told("]"), "stop"), [(CONTENT, "]")]),
    "refusal": (
        says_with({"refusal": "No"}, {"content": None, "refusal": [entry("No")]}),
        [(REFUSES, "No")],
    ),
    "reasoning": (says_with({"reasoning_content": "So"}, told("So")), [(THINKS, "So")]),
    "a tool call": (
        says_with({"tool_calls": [chat_call("[1]", name="f")]}, told("[1]")),
        [(TOOL, "[1]")],
    ),
    "a whole answer": (
        chunk(
            {
                "index": 0,
                "message": {"content": "a", "tool_calls": [chat_call("[1]", name="f")]},
                "logprobs": told("a"),
            }
        ),
        [(CONTENT, "a")],
    ),
    "no text yet": (says_with({"content": ""}, told("x")), [(CONTENT, "x")]),
    "parallel lists": (
        says_with({"content": "a"}, {"tokens": ["a"], "token_logprobs": [-0.5]}),
        [(CONTENT, "a")],
    ),
    "two choices": (
        chunk(
            choice({"content": "a"}, 0, logprobs=told("a")),
            choice({"content": "b"}, 1, logprobs=told("b")),
        ),
        [(CONTENT, "a"), (Channel("content", 1), "b")],
    ),
    "none": (says_with({"content": "a"}, None), []),
    "none, in many words": (says_with({"content": "a"}, {"content": None, "refusal": None}), []),
    "unknown": (says_with({"content": "a"}, "high"), []),
    "unknown as an object": (says_with({"content": "a"}, {"a": -0.5}), []),
}


@pytest.mark.parametrize("name", CHAT)
def test_chat_chunks(name: str) -> None:
    given, expected = CHAT[name]
    source = ChatSource()
    deltas = source.feed(given)
    assert data(source.metadata.tokens) == expected
    plain = chunk(*({**each, "logprobs": None} for each in given["choices"]))
    assert ChatSource().feed(plain) == deltas


def test_chat_tokens_are_those_of_the_last_chunk() -> None:
    source = ChatSource()
    metadata = source.metadata
    seen: list[list[tuple[Channel, str]]] = []
    held: list[list[Token]] = []
    for given in (
        says({"content": "["}),
        says_with({"content": "1"}, told("1")),
        says_with({"content": "2"}, told("2")),
        says({"content": "3"}),
        says({"content": "4"}),
        says_with({"content": ""}, told("5")),
        chunk(usage={"prompt_tokens": 1}),
    ):
        source.feed(given)
        seen.append(data(metadata.tokens))
        held.append(metadata.tokens)
    assert seen == [[], [(CONTENT, "1")], [(CONTENT, "2")], [], [], [(CONTENT, "5")], []]
    assert list(map(data, held)) == seen, "a list changed after its chunk"


def test_chat_tokens_of_half_a_character_belong_to_the_text_before() -> None:
    source = ChatSource()
    source.feed(says_with({"reasoning_content": "So"}, told("So")))
    half = {"content": [entry("?", bytes=[240, 159])]}
    source.feed(says_with({}, half))
    assert source.metadata.tokens == [Token(THINKS, b"\xf0\x9f", -0.5)]


def test_chat_text_is_the_same_on_both_ways() -> None:
    pieces = ["[", "1", ",", "2", "]"]
    told_of = [says_with({"content": each}, told(each)) for each in pieces]
    untold = [says({"content": each}) for each in pieces]
    assert read_all(ChatSource(), told_of) == read_all(ChatSource(), untold)
    assert read_all(ChatSource(), [calls(chat_call("[", name="f")), *told_of]) == read_all(
        ChatSource(), [calls(chat_call("[", name="f")), *untold]
    )


def test_chat_objects() -> None:
    given = says_with({"content": "a"}, {"content": [entry("a", bytes=[97], top_logprobs=TOP[:2])]})
    expected = [Token(CONTENT, b"a", -0.5, (("a", -0.5), ("b", -1.5)))]
    token = SimpleNamespace(token="a", logprob=-0.5, bytes=[97], top_logprobs=None)
    by_hand = SimpleNamespace(
        choices=[
            SimpleNamespace(
                index=0,
                delta=SimpleNamespace(content="a"),
                logprobs=SimpleNamespace(content=[token]),
            )
        ]
    )
    for each, tokens in (
        (ChatCompletionChunk.construct(**given), expected),
        (by_hand, [Token(CONTENT, b"a", -0.5)]),
    ):
        source = ChatSource()
        source.feed(each)
        assert source.metadata.tokens == tokens


ENTRIES = [entry("[", bytes=[91]), entry("1", bytes=[49])]
WHOLE = message("[1")
WHOLE["content"][0]["logprobs"] = ENTRIES
BOTH = [(PART, "["), (PART, "1")]

RESPONSES: dict[str, tuple[list[Any], list[tuple[Channel, str]]]] = {
    "a piece": ([text("[1", logprobs=ENTRIES)], BOTH),
    "a later piece": ([text("a"), text("[1", logprobs=ENTRIES)], BOTH),
    "none": ([text("[1", logprobs=[])], []),
    "unknown": ([text("[1", logprobs="high")], []),
    "cleared": ([text("[1", logprobs=ENTRIES), text("a")], []),
    "cleared by other events": ([text("[1", logprobs=ENTRIES), event("in_progress")], []),
    "told again": (
        [text("[1", logprobs=ENTRIES), event("output_text.done", text="[1", logprobs=ENTRIES)],
        [],
    ),
    "whole": ([event("output_text.done", text="[1", output_index=0, logprobs=ENTRIES)], BOTH),
    "whole in its item": ([done(WHOLE)], BOTH),
    "whole at the end": ([ends("completed", WHOLE)], BOTH),
    "a call": (
        [added(call()), arguments("[1", logprobs=ENTRIES)],
        [(Channel("tool", 0, "f"), "["), (Channel("tool", 0, "f"), "1")],
    ),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_responses_events(name: str) -> None:
    events, expected = RESPONSES[name]
    source = ResponsesSource()
    for each in [CREATED, *events]:
        source.feed(each)
    assert data(source.metadata.tokens) == expected
