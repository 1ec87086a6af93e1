from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from recordings import reads_of, texts_until_error
from source_runs import brief, read_all

from partialstream import stream_items
from partialstream.deltas import Channel, Token
from partialstream.errors import ProviderError
from partialstream.sources.detect import source_for
from partialstream.sources.ollama import OllamaSource
from partialstream.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator


CONTENT = Channel("content")
REASONING = Channel("reasoning")


def says(done: bool = False, **message: Any) -> dict[str, Any]:
    return {"model": "m", "created_at": "", "message": {"role": "assistant", **message}} | {
        "done": done
    }


def calls(*functions: dict[str, Any]) -> dict[str, Any]:
    return says(content="", tool_calls=[{"function": each} for each in functions])


TEXTS: dict[str, tuple[list[Any], dict[Any, str]]] = {
    "reasoning of a chat": (
        [says(content="", thinking="Two "), says(thinking="rows."), says(content="[1]")],
        {("reasoning", 0): "Two rows.", ("content", 0): "[1]"},
    ),
    "reasoning of a completion": (
        [
            {"thinking": "So", "response": "", "done": False},
            {"response": "[1]", "done": True},
        ],
        {("reasoning", 0): "So", ("content", 0): "[1]"},
    ),
    "calls": (
        [
            calls({"name": "f", "arguments": {"a": "é"}}, {"name": "g", "arguments": {}}),
            calls({"name": "f", "arguments": '{"a":2}'}, {"name": "h"}),
        ],
        {("tool", 1): '{"a":"é"}', ("tool", 2): "{}", ("tool", 3): '{"a":2}', ("tool", 4): "{}"},
    ),
    "nothing": ([None, says(), says(content=""), says(content=None), says(done=True)], {}),
    "halves of a pair": (
        [says(content="\ud83d"), says(content="\ude00")],
        {("content", 0): "😀"},
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str) -> None:
    chunks, expected = TEXTS[name]
    source = OllamaSource()
    assert brief(read_all(source, chunks)) == expected
    assert source.metadata.reasoning == expected.get(("reasoning", 0), "")


def test_items_come_with_their_lines() -> None:
    reads = [json.dumps(says(content=text)).encode() + b"\n" for text in ("[1,", "2", "2,3", "]")]
    taken: list[bytes] = []

    def body() -> Iterator[bytes]:
        for each in [*reads, json.dumps(says(True)).encode()]:
            taken.append(each)
            yield each

    stream = stream_items(int, body())
    assert [(item, len(taken)) for item in stream] == [(1, 1), (22, 3), (3, 4)]
    assert stream.outcome.status == "complete"


def test_the_end() -> None:
    source = OllamaSource()
    source.feed(says(content="["))
    assert not source.metadata.terminated
    source.feed({**says(True), "done_reason": "length", "eval_count": 3, "eval_duration": 9})
    metadata = source.metadata
    assert metadata.terminated
    assert metadata.finish_reason == "length"
    assert metadata.usage == Usage(0, 3)
    assert metadata.extra == {"eval_duration": 9}


def test_token_probabilities() -> None:
    source = OllamaSource()
    entry = {"token": "[", "logprob": -0.5, "bytes": [91], "top_logprobs": []}
    source.feed({**says(content="["), "logprobs": [entry]})
    assert source.metadata.tokens == [Token(CONTENT, b"[", -0.5)]
    source.feed({**says(thinking="["), "logprobs": [entry]})
    assert source.metadata.tokens == [Token(REASONING, b"[", -0.5)]
    source.feed(says(content="1"))
    assert source.metadata.tokens == []


def test_an_error_in_the_stream() -> None:
    good = json.dumps(says(content="[1"))
    body = f'{good}\n{{"error":"model runner has unexpectedly stopped"}}\n'.encode()
    for reads in reads_of(body, "error"):
        text, error = texts_until_error(source_for(reads[0] or None), reads)
        assert text == "[1"
        assert "unexpectedly stopped" in str(error)


def test_an_error_beside_text_is_told_afterwards() -> None:
    source = OllamaSource()
    assert source.feed({**says(content="a"), "error": "busy"}) == [(CONTENT, "a")]
    for call in (source.finish, lambda: source.feed(None)):
        with pytest.raises(ProviderError, match="busy"):
            call()


BAD: dict[str, Any] = {
    "text": "a",
    "a number": 3,
    "content that is no text": says(content=3),
    "calls that are no list": says(tool_calls={"function": {}}),
    "a call without a function": says(tool_calls=[{"name": "f"}]),
    "arguments that are none": calls({"name": "f", "arguments": 3}),
}


@pytest.mark.parametrize("name", BAD)
def test_unknown_shapes(name: str) -> None:
    with pytest.raises(ProviderError, match="unknown chunk"):
        OllamaSource().feed(BAD[name])
