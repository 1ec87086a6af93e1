from __future__ import annotations

from typing import Any

import pytest
from source_runs import brief, choice, chunk, read_all, says

from partialstream.deltas import Channel
from partialstream.sources.chat import ChatSource

CONTENT, REASONING, REFUSAL = ("content", 0), ("reasoning", 0), ("refusal", 0)
ROLE = says({"role": "assistant", "content": ""})
STOP = says({}, "stop")
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}


def part(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


TEXTS: dict[str, tuple[list[Any], dict[Any, str]]] = {
    "plain": ([ROLE, says({"content": "a"}), says({"content": "b"}), STOP], {CONTENT: "ab"}),
    "only a role": ([ROLE, STOP], {}),
    "nothing": ([], {}),
    "None and empty chunks": ([None, "", {}, says({"content": "a"}), None], {CONTENT: "a"}),
    "null members": (
        [
            says({"role": None, "content": None, "tool_calls": None, "refusal": None}),
            says({"content": "a", "tool_calls": None, "function_call": None, "role": None}),
            says({"content": None}),
        ],
        {CONTENT: "a"},
    ),
    "empty and null deltas": (
        [says({}), says(None), says({"content": "a"}), says(None)],
        {CONTENT: "a"},
    ),
    "no delta": ([chunk({"index": 0, "finish_reason": "stop"})], {}),
    "empty members": (
        [says({"content": "", "refusal": "", "tool_calls": [], "reasoning": ""})],
        {},
    ),
    "role in every delta": (
        [says({"role": "assistant", "content": c}) for c in "abc"],
        {CONTENT: "abc"},
    ),
    "no choices": ([chunk(), chunk(usage=USAGE), {"choices": None}], {}),
    "filter results first": (
        [
            {**chunk(), "id": "", "object": "", "model": "", "prompt_filter_results": [{}]},
            says({"content": "a"}),
        ],
        {CONTENT: "a"},
    ),
    "text in the finish chunk": (
        [says({"content": "a"}), says({"content": "b"}, "stop")],
        {CONTENT: "ab"},
    ),
    "content as a list of parts": (
        [says({"content": [part("a"), part("b")]}), says({"content": [part("")]})],
        {CONTENT: "ab"},
    ),
    "content as one part": ([says({"content": part("a")})], {CONTENT: "a"}),
    "content as a list of texts": ([says({"content": ["a", "b"]})], {CONTENT: "ab"}),
    "parts of other kinds": (
        [
            says({"content": [{"type": "thinking", "thinking": [part("t")]}, part("a")]}),
            says({"content": [{"type": "refusal", "refusal": "no"}, {"type": "image_url"}]}),
        ],
        {REASONING: "t", CONTENT: "a", REFUSAL: "no"},
    ),
    "a cumulative message beside the delta": (
        [
            chunk(choice({"content": "a"}, message={"content": "a"})),
            chunk(choice({"content": "b"}, message={"content": "ab"})),
            chunk(choice({"content": ""}, finish_reason="stop", message={"content": "ab"})),
            chunk(choice(None, message={"content": "ab"}), object="chat.completion.done"),
        ],
        {CONTENT: "ab"},
    ),
    "a whole answer": (
        [chunk({"index": 0, "message": {"content": "ab"}}, object="chat.completion")],
        {CONTENT: "ab"},
    ),
    "reasoning_content": (
        [says({"reasoning_content": "t", "content": None}), says({"content": "a"})],
        {REASONING: "t", CONTENT: "a"},
    ),
    "reasoning": ([says({"reasoning": "t"}), says({"reasoning": "u"})], {REASONING: "tu"}),
    "the same reasoning under several names": (
        [says({"reasoning": "t", "reasoning_content": "t", "reasoning_details": [part("t")]})],
        {REASONING: "t"},
    ),
    "reasoning details alone": (
        [says({"reasoning_details": [{"type": "reasoning.summary", "summary": "s"}, part("t")]})],
        {REASONING: "st"},
    ),
    "reasoning of other shapes": (
        [
            says({"content": [{"type": "thinking", "thinking": "t"}, {"type": "thinking"}]}),
            says({"reasoning": {"effort": "low"}, "reasoning_details": {"a": 1}}),
        ],
        {REASONING: "t"},
    ),
    "reasoning beside text": (
        [says({"content": "a", "reasoning": "t"})],
        {REASONING: "t", CONTENT: "a"},
    ),
    "a refusal": ([says({"refusal": "No"}), says({"refusal": "."})], {REFUSAL: "No."}),
    "a refusal in the middle": (
        [says({"content": '{"a'}), says({"refusal": "No."})],
        {CONTENT: '{"a', REFUSAL: "No."},
    ),
    "two choices": (
        [
            chunk(choice({"content": "a"}, 0), choice({"content": "x"}, 1)),
            chunk(choice({"content": "y"}, 1)),
            chunk(choice({"content": "b"}, 0)),
        ],
        {CONTENT: "ab", ("content", 1): "xy"},
    ),
    "choices without index": (
        [chunk(choice({"content": "a"}, None), choice({"content": "x"}, None))] * 2,
        {CONTENT: "aa", ("content", 1): "xx"},
    ),
    "the same document twice": ([says({"content": "[1]"})] * 2, {CONTENT: "[1][1]"}),
    "halves of a surrogate pair": (
        [says({"content": c}) for c in ("a\ud83d", "", "\ude00b\ud83d", "\ude00", "\ud83d")],
        {CONTENT: "a😀b😀\ud83d"},
    ),
    "halves of pairs on two channels": (
        [
            says({"content": "\ud83d", "reasoning": "\ud83d"}),
            says({"reasoning": "\ude01"}),
            says({"content": "\ude00"}),
        ],
        {REASONING: "😁", CONTENT: "😀"},
    ),
    "a half followed by another character": (
        [says({"content": c}) for c in ("\ud83d", "a")],
        {CONTENT: "\ud83da"},
    ),
    "an unknown event": ([{"type": "ping"}, says({"content": "a"})], {CONTENT: "a"}),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str) -> None:
    chunks, expected = TEXTS[name]
    assert brief(read_all(ChatSource(), chunks)) == expected


def test_each_channel_is_one_object() -> None:
    source = ChatSource()
    channels = [channel for _ in range(3) for channel, _ in source.feed(says({"content": "a"}))]
    assert len(channels) == 3
    assert channels[0] is channels[1] is channels[2]
    assert channels[0] == Channel("content")
