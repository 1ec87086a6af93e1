"""Tokens cost work and memory in step with the text, and nothing where there are none."""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel
from spoken import chunk, token

from partialstream import confidence, stream_items, stream_partial
from partialstream.engine import alignment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATIO = 2.05


class Product(BaseModel):
    name: str
    price: float
    tags: list[str]


class Shelf(BaseModel):
    products: list[Product]


class Note(BaseModel):
    text: str


def products(count: int) -> str:
    tags = ["brass", "}"]
    listed = [{"name": f"Lamp {{ {10_000 + n}", "price": 9.5, "tags": tags} for n in range(count)]
    return json.dumps({"products": listed})


def long_note(characters: int) -> str:
    return json.dumps({"text": ('a \\ } "é' * characters)[:characters]})


def said(text: str) -> list[Any]:
    pieces = [text[start : start + 4] for start in range(0, len(text), 4)]
    return [chunk([token(piece, -0.5)], piece) for piece in pieces]


def read_items(chunks: list[Any]) -> None:
    assert all(item.confidence for item in stream_items(Product, chunks).detailed())


def read_values(chunks: list[Any]) -> None:
    for _ in stream_items(Product, chunks):
        pass


def read_events(chunks: list[Any]) -> None:
    for _ in stream_items(Product, chunks).events():
        pass


def look_at_each(model: Any, path: str) -> Callable[[list[Any]], None]:
    def read(chunks: list[Any]) -> None:
        for snapshot in stream_partial(model, chunks):
            confidence(snapshot, path)

    return read


def calls(read: Callable[[list[Any]], None], chunks: list[Any]) -> int:
    counter: Counter[str] = Counter()

    def count(frame: object, event: str, argument: object) -> None:
        counter[event] += 1

    sys.setprofile(count)
    try:
        read(chunks)
    finally:
        sys.setprofile(None)
    return counter["call"] + counter["c_call"]


@pytest.mark.parametrize(
    ("read", "text", "size"),
    [
        (read_items, products, 100),
        (read_values, products, 100),
        (read_events, products, 100),
        (lambda chunks: list(stream_partial(Shelf, chunks)), products, 100),
        (look_at_each(Shelf, "products.0.name"), products, 100),
        (look_at_each(Note, "text"), long_note, 3000),
    ],
    ids=["items", "values", "events", "snapshots", "looked at", "a long text"],
)
def test_twice_the_tokens_take_twice_the_calls(read: Any, text: Any, size: int) -> None:
    read(said(text(3)))  # whatever is built once
    once, twice = calls(read, said(text(size))), calls(read, said(text(2 * size)))
    assert twice <= RATIO * once


def test_without_tokens_nothing_is_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(alignment.Alignment, "__init__")
    monkeypatch.delattr(alignment.Alignment, "take")
    text = products(3)
    for chunks in ([text], [chunk([], text)]):
        assert len(list(stream_items(Product, chunks))) == 3
        assert len(list(stream_items(Product, chunks).events())) > 3
        *_, shelf = stream_partial(Shelf, chunks)
        assert len(shelf.products) == 3


def peak(read: Callable[[Iterator[Any]], None], *, tokens: bool) -> int:
    """Memory at the most, for a list of items that is made on the way."""

    def chunks() -> Iterator[Any]:
        yield from said('{"products": [')
        for n in range(600):
            yield from said((", " if n else "") + json.dumps({"name": "L", "price": n, "tags": []}))
        yield from said("]}")

    def without_tokens() -> Iterator[Any]:
        for each in chunks():
            each["choices"][0]["logprobs"] = None
            yield each

    tracemalloc.start()
    try:
        read(chunks() if tokens else without_tokens())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("read", [read_values, read_events])
def test_a_stream_of_items_keeps_the_tokens_of_the_open_one(read: Any) -> None:
    read(iter(said(products(1))))
    # Of 7000 tokens, 24 bytes each, about a dozen are kept, with the last chunk. Python 3.10
    # takes 10,700 bytes for it, later ones less. Threads that others have left may take some, too.
    assert any(peak(read, tokens=True) - peak(read, tokens=False) < 20_000 for _ in range(3))
