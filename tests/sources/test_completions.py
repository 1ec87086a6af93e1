"""The Completions API that was before Chat Completions: OpenAI's, vLLM's and its relatives'."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openai.types import Completion
from pydantic import BaseModel
from source_runs import brief, read_all, says
from wire_sequences import completions, framed

from partialstream import ProviderError, stream_items, stream_partial
from partialstream.deltas import Channel, Token
from partialstream.sources.chat import ChatSource
from partialstream.sources.detect import source_for
from partialstream.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "streams-odd"

CONTENT = Channel("content", 0)


class Product(BaseModel):
    name: str
    note: str


PRODUCTS = [Product(name="Tea", note="a } in ] text"), Product(name="\U0001f375", note='"')]
TEXT = f"\n\n```json\n{json.dumps([each.model_dump() for each in PRODUCTS])}\n```"


def ended(**members: Any) -> dict[str, Any]:
    """The chunk that the usage comes with."""
    usage = {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}
    return completions("") | {"choices": [], "usage": usage} | members


def streamed(text: str, size: int) -> list[dict[str, Any]]:
    """As vLLM writes them, with null in each place that it knows of."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    chunks = [completions(each, stop_reason=None) | {"usage": None} for each in pieces]
    chunks[-1]["choices"][0]["finish_reason"] = "stop"
    return [*chunks, ended()]


SHAPES: dict[str, Callable[[list[dict[str, Any]]], list[Any]]] = {
    "dicts": lambda chunks: list(chunks),
    "objects": lambda chunks: [Completion.construct(**each) for each in chunks],
    "bytes": lambda chunks: [framed(chunks, "completions"), b"data: [DONE]\n\n"],
    "single bytes": lambda chunks: [bytes([each]) for each in framed(chunks, "completions")],
}


@pytest.mark.parametrize("size", [1, 5, 10_000])
@pytest.mark.parametrize("shape", SHAPES)
def test_streamed(shape: str, size: int) -> None:
    chunks = SHAPES[shape](streamed(TEXT, size))
    with stream_items(Product, chunks) as stream:
        assert list(stream) == PRODUCTS
    assert stream.outcome is not None
    assert (stream.outcome.status, stream.outcome.finish_reason) == ("complete", "stop")
    assert stream.usage == Usage(7, 9)
    source = source_for(chunks[0])
    assert brief(read_all(source, chunks)) == {("content", 0): TEXT}
    assert source.metadata.model == "test-model"
    assert source.metadata.request_id == "cmpl-1"


@pytest.mark.parametrize("shape", SHAPES)
def test_whole(shape: str) -> None:
    answer = completions(TEXT, finish_reason="stop") | {"usage": ended()["usage"]}
    chunks = SHAPES[shape]([answer])
    assert list(stream_items(Product, chunks)) == PRODUCTS
    body = [json.dumps(answer, indent=1).encode()]
    assert list(stream_items(Product, body)) == PRODUCTS


def test_a_growing_object() -> None:
    text = PRODUCTS[0].model_dump_json()
    snapshots = [each.name for each in stream_partial(Product, streamed(text, 1)) if each.name]
    assert snapshots[0] == "T"
    assert snapshots[-1] == "Tea"


def test_two_choices() -> None:
    chunks = [completions('[{"name":', 1), completions("[]"), completions("1}]", 1), ended()]
    assert brief(read_all(ChatSource(), chunks)) == {
        ("content", 1): '[{"name":1}]',
        ("content", 0): "[]",
    }
    beside = completions("a") | {
        "choices": [{"index": 0, "text": "a"}, {"index": 1, "text": "b", "finish_reason": "stop"}]
    }
    assert brief(read_all(ChatSource(), [beside, beside])) == {
        ("content", 0): "aa",
        ("content", 1): "bb",
    }


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_that_was_cut(reason: str) -> None:
    chunks = [completions('[{"name":"a'), completions("", finish_reason=reason)]
    with pytest.raises(Exception, match=reason):
        list(stream_items(Product, chunks))


def test_text_in_the_last_chunk_counts() -> None:
    source = ChatSource()
    assert source.feed(completions("[]", finish_reason="stop")) == [(CONTENT, "[]")]
    assert source.metadata.finish_reason == "stop"


def test_a_text_beside_a_delta_repeats_it() -> None:
    chunk = says({"role": "assistant", "content": "[1"})
    chunk["choices"][0]["text"] = "[1"
    empty = says({"content": ""})
    empty["choices"][0]["text"] = "again"
    assert brief(read_all(ChatSource(), [chunk, empty])) == {("content", 0): "[1"}


@pytest.mark.parametrize("text", [1, True, {"text": 1}, [1], b"x"])
def test_a_text_that_is_none(text: Any) -> None:
    with pytest.raises(ProviderError, match="unknown chunk"):
        ChatSource().feed(completions(text))


@pytest.mark.parametrize("text", [None, ""])
def test_no_text(text: Any) -> None:
    assert ChatSource().feed(completions(text)) == []


def test_an_error_instead_of_an_answer() -> None:
    body = b'{"object":"error","message":"The prompt is too long.","code":400}'
    with pytest.raises(ProviderError, match="too long"):
        list(stream_items(Product, [body]))


def test_halves_of_a_character() -> None:
    chunks = [completions("a\ud83c"), completions("\udf75b")]
    assert brief(read_all(ChatSource(), chunks)) == {("content", 0): "a\U0001f375b"}


LOGPROBS: dict[str, tuple[Any, list[Token]]] = {
    "tokens": (
        {"tokens": ["[", "1"], "token_logprobs": [-0.5, -1.5], "top_logprobs": None},
        [Token(CONTENT, b"[", -0.5), Token(CONTENT, b"1", -1.5)],
    ),
    "alternatives": (
        {
            "tokens": ["["],
            "token_logprobs": [-0.5],
            "top_logprobs": [{"[": -0.5, "{": -2}],
            "text_offset": [0],
        },
        [Token(CONTENT, b"[", -0.5, (("[", -0.5), ("{", -2.0)))],
    ),
    "parts of a character": (
        {"tokens": ["bytes:\\xf0\\x9f", "bytes:\\x8d\\xb5"], "token_logprobs": [-0.5, -1]},
        [Token(CONTENT, b"\xf0\x9f", -0.5), Token(CONTENT, b"\x8d\xb5", -1.0)],
    ),
    "a text that only looks so": (
        {"tokens": ["bytes:\\xf0\\x"], "token_logprobs": [-0.5]},
        [Token(CONTENT, b"bytes:\\xf0\\x", -0.5)],
    ),
    # What is echoed of the prompt begins with a token that nothing came before.
    "none of the first token": ({"tokens": ["a", "b"], "token_logprobs": [None, -1]}, []),
    "no lists": ({"tokens": "[", "token_logprobs": -0.5}, []),
}


@pytest.mark.parametrize(("logprobs", "expected"), LOGPROBS.values(), ids=LOGPROBS)
def test_logprobs(logprobs: Any, expected: list[Token]) -> None:
    source = ChatSource()
    source.feed(completions("[1", logprobs=logprobs))
    assert source.metadata.tokens == expected


def test_the_confidence_of_an_item() -> None:
    pieces = ['[{"name":"', "Tea", '","note":"', "x", '"}]']
    chunks = [
        completions(each, logprobs={"tokens": [each], "token_logprobs": [-0.5]}) for each in pieces
    ]
    with stream_items(Product, [*chunks, ended()]) as stream:
        (item,) = stream.detailed()
    assert item.confidence is not None
    assert set(item.confidence) == {("name",), ("note",)}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("legacy-completions-1.sse", ".\nSystem: You are"),
        ("legacy-completions-2.sse", ".\n\nGetting naked\n\nHow does op"),
    ],
)
def test_recorded_bodies(file: str, text: str) -> None:
    path = RECORDINGS / file
    if not path.is_file():
        pytest.skip(f"the recorded streams are not at {RECORDINGS}")
    body = path.read_bytes()
    chance = random.Random(file)
    whole: str | None = None
    for count in (0, 1, 10, 100):
        at = sorted(chance.choices(range(1, len(body)), k=count))
        reads = [body[a:b] for a, b in zip([0, *at], [*at, len(body)], strict=True) if a < b]
        source = source_for(reads[0])
        found = brief(read_all(source, reads))
        assert list(found) == [("content", 0)]
        whole = whole or found["content", 0]
        assert found["content", 0] == whole
        assert whole.startswith(text)
        assert source.metadata.finish_reason == "length"
        assert source.metadata.terminated
