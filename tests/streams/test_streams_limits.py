"""What a stream keeps beside the items that it hands over, and where each limit ends it."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from partialstream import (
    IncompleteStreamError,
    ItemParser,
    LimitExceededError,
    Limits,
    OutputValidationError,
    RefusalError,
    TextDelta,
    stream_items,
    stream_partial,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


class Product(BaseModel):
    name: str


def says(index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": index, "delta": delta}]}


def call(index: int, arguments: str = "") -> dict[str, Any]:
    return says(tool_calls=[{"index": index, "function": {"name": "f", "arguments": arguments}}])


STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
LAMP = says(content='[{"name":"Lamp"}]')


def as_body(chunks: Iterable[Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)


def limit_of(stream: Any) -> tuple[list[Any], str, float]:
    """What a stream gives, and the limit that ends it."""
    values: list[Any] = []
    with pytest.raises(LimitExceededError) as caught:
        values.extend(stream)
    assert stream.outcome.status == "invalid"
    return values, caught.value.limit, caught.value.allowed


@pytest.mark.parametrize("kind", ["reasoning_content", "refusal"])
@pytest.mark.parametrize("in_bytes", [False, True])
def test_of_side_texts_the_beginning_is_kept_and_the_events_give_all(
    kind: str, in_bytes: bool
) -> None:
    chunks = [*(says(**{kind: "abc"}) for _ in range(10)), LAMP, STOP]
    given: list[Any] = [as_body(chunks)] if in_bytes else chunks
    stream = stream_items(Product, given, limits=Limits(text_kept=20))
    told = ""
    with pytest.raises(RefusalError) if kind == "refusal" else nullcontext():
        for event in stream.events():
            if isinstance(event, TextDelta) and event.channel.kind != "content":
                told += event.text
    assert told == "abc" * 10
    name = "refusal" if kind == "refusal" else "reasoning"
    assert getattr(stream.metadata, name) == ("abc" * 10)[:20]
    assert stream.metadata.shortened


def test_what_fits_is_not_shortened() -> None:
    chunks = [says(reasoning_content="x" * 20), LAMP, {**STOP, "service": "a"}]
    stream = stream_items(Product, chunks, limits=Limits(text_kept=100))
    list(stream)
    assert not stream.metadata.shortened
    assert stream.metadata.extra == {"service": "a"}


def test_what_else_a_provider_says_is_kept_as_far_as_there_is_room() -> None:
    chunks = [
        {**says(role="assistant"), "service": "a"},
        {**says(), "citations": ["x" * 50, {"y": "z" * 50}]},
        {**says(), "service": "b"},
        LAMP,
        STOP,
    ]
    stream = stream_items(Product, chunks, limits=Limits(text_kept=60))
    list(stream)
    assert stream.metadata.extra == {"service": "b"}
    assert stream.metadata.shortened


def test_the_text_of_a_growing_object_is_kept_up_to_a_limit() -> None:
    pieces = ["so: ", '{"name":"', *["ab"] * 3000, '"}']
    whole = "".join(pieces)
    stream = stream_partial(Product, pieces, limits=Limits(text_kept=len(whole)))
    assert stream.final() == Product(name="ab" * 3000)
    assert stream.text == whole
    stream = stream_partial(Product, pieces, limits=Limits(text_kept=len(whole) - 1))
    assert stream.final() == Product(name="ab" * 3000)
    with pytest.raises(LimitExceededError) as caught:
        assert stream.text
    assert (caught.value.limit, caught.value.allowed) == ("text_kept", len(whole) - 1)


SIDE_BY_SIDE: dict[str, list[Any]] = {
    "choices": [says(index, content="[") for index in range(3)],
    "choices that say nothing": [says(index, role="assistant") for index in range(3)],
    "calls": [call(index, "[") for index in range(2)],  # and the choice
    "calls without arguments": [call(index) for index in range(2)],
    "Gemini's": [
        {
            "candidates": [
                {"content": {"parts": [{"functionCall": {"name": "f", "args": {"name": "a"}}}]}}
            ]
        }
        for _ in range(2)
    ],
    "Anthropic's": [
        {"type": "content_block_start", "index": index, "content_block": {"type": "text"}}
        for index in range(3)
    ],
}


@pytest.mark.parametrize("chunks", SIDE_BY_SIDE.values(), ids=SIDE_BY_SIDE)
@pytest.mark.parametrize("read", [stream_items, stream_partial])
@pytest.mark.parametrize("in_bytes", [False, True])
def test_texts_side_by_side_are_counted(chunks: list[Any], read: Any, in_bytes: bool) -> None:
    given: list[Any] = [as_body(chunks)] if in_bytes else chunks
    stream = read(Product, given, limits=Limits(channels=2))
    assert limit_of(stream)[1:] == ("channels", 2)
    stream = read(Product, given, limits=Limits(channels=3))
    with suppress(IncompleteStreamError, OutputValidationError):
        list(stream)
    assert stream.metadata.channels == 3


def test_what_came_before_a_limit_in_the_same_read_is_delivered() -> None:
    body = as_body([says(content='[{"name":"Lamp"},'), *map(call, range(3))])
    stream = stream_items(Product, [body], limits=Limits(channels=2))
    assert limit_of(stream) == ([Product(name="Lamp")], "channels", 2)
    body = as_body([says(content='[{"name":"Lamp"},')]) + b"data: " + b"x" * 300
    stream = stream_items(Product, [body], limits=Limits(event_size=200))
    assert limit_of(stream) == ([Product(name="Lamp")], "event_size", 200)


@pytest.mark.parametrize(
    "body",
    [
        b": " + b"x" * 300,
        b"data: " + b"x" * 300,
        b"ab\n" * 5,
        b"data: x\r" * 5,
        b'{"a":"' + b"x" * 300,
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_an_event_without_an_end(body: bytes, size: int) -> None:
    reads = [body[start : start + size] for start in range(0, len(body), size)]
    for read in (stream_items, stream_partial):
        stream: Any = read(Product, reads, limits=Limits(event_size=250))
        assert limit_of(stream)[1:] == ("event_size", 250)


def test_a_body_in_one_piece_is_read_like_one_in_many() -> None:
    items = [says(content=f'{{"name":"{index}"}}\n') for index in range(20_000)]
    body = as_body([*items, STOP])
    assert len(body) > 1024 * 1024
    stream = stream_items(Product, [body])
    assert [product.name for product in stream] == [str(index) for index in range(20_000)]
    assert stream.metadata.chunks == 20_001


@pytest.mark.parametrize("push", [False, True])
def test_rejected_items_are_kept_up_to_a_limit(push: bool) -> None:
    text = "[" + ",".join(['{"name":"a"}', *(f'{{"price":{n}}}' for n in range(10, 20))])
    size = 12 + 400  # one error each
    for kept in (3, 10):
        limits = Limits(rejected_size=kept * size)
        if push:
            parser = ItemParser(Product, on_invalid="skip", limits=limits)
            assert parser.feed(text) == [Product(name="a")]
            if kept < 10:
                with pytest.raises(LimitExceededError) as caught:
                    parser.feed("")
                assert (caught.value.limit, caught.value.allowed) == ("rejected_size", 3 * size)
            assert len(parser.rejected) == kept
        else:
            stream = stream_items(Product, [text, "]"], on_invalid="skip", limits=limits)
            if kept < 10:
                assert limit_of(stream) == ([Product(name="a")], "rejected_size", 3 * size)
            else:
                assert list(stream) == [Product(name="a")]
            assert len(stream.rejected) == kept
