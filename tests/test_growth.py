"""The work per delta does not grow with what has arrived."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from growth import LINEAR, growth
from pydantic import BaseModel

from partialstream import ItemParser, Limits, PartialParser, stream_items, stream_partial

if TYPE_CHECKING:
    from collections.abc import Callable

    from growth import Run


class Product(BaseModel):
    name: str
    price: float
    tags: list[str]


class Note(BaseModel):
    title: str
    text: str


class Shelf(BaseModel):
    products: list[Product]


def cut(text: str) -> list[str]:
    return [text[start : start + 4] for start in range(0, len(text), 4)]


def product(number: int) -> dict[str, Any]:
    return {"name": f"Lamp {number}", "price": 9.5, "tags": ["brass", "a \\ in {braces}"]}


def products(count: int) -> str:
    return json.dumps({"products": [product(number) for number in range(count)]})


def note(characters: int, piece: str) -> dict[str, str]:
    return {"title": "A note", "text": (piece * characters)[:characters]}


def read_stream(type_: Any, text: str) -> Run:
    deltas = cut(text)
    return lambda: sum(1 for _ in stream_items(type_, deltas))


def push_items(type_: Any, text: str) -> Run:
    deltas = cut(text)

    def run() -> None:
        parser = ItemParser(type_)
        for delta in deltas:
            parser.feed(delta)
        parser.finish()

    return run


def push_partial(model: type[BaseModel], text: str) -> Run:
    deltas = cut(text)

    def run() -> None:
        parser = PartialParser(model)
        for delta in deltas:
            parser.feed(delta)
        parser.finish()

    return run


def read_partial(model: type[BaseModel], text: str) -> Run:
    deltas = cut(text)
    return lambda: sum(1 for _ in stream_partial(model, deltas))


@pytest.mark.parametrize("read", [read_stream, push_items])
def test_items(read: Callable[[Any, str], Run]) -> None:
    assert growth(lambda count: read(Product, products(count)), 1000) <= LINEAR


@pytest.mark.parametrize("read", [read_stream, push_items])
@pytest.mark.parametrize("piece", ["word ", "}", '{"a": [', "\\", '"', "\n"])
def test_an_item_with_a_long_string(read: Callable[[Any, str], Run], piece: str) -> None:
    def make(characters: int) -> Run:
        return read(Note, json.dumps([note(characters, piece)]))

    assert growth(make, 50_000) <= LINEAR


@pytest.mark.parametrize("read", [read_stream, push_items])
def test_an_item_with_many_objects(read: Callable[[Any, str], Run]) -> None:
    def make(count: int) -> Run:
        return read(Shelf, f"[{products(count)}]")

    assert growth(make, 1000) <= LINEAR


@pytest.mark.parametrize("before", ["Words. ", "See [1] and {x}. "])
def test_prose_before_the_items(before: str) -> None:
    def make(count: int) -> Run:
        return read_stream(Product, f"Well: {before * count}\n{products(1)}")

    assert growth(make, 2000) <= LINEAR


def test_members_before_the_list() -> None:
    def make(count: int) -> Run:
        members = ", ".join(f'"{number}": {{"a": [1, "x"]}}' for number in range(count))
        return read_stream(Product, f"{{{members}, {products(1)[1:]}")

    assert growth(make, 2000) <= LINEAR


@pytest.mark.parametrize("read", [read_partial, push_partial])
@pytest.mark.parametrize("piece", ["word ", "\\", "\n"])
def test_a_growing_string(read: Callable[[Any, str], Run], piece: str) -> None:
    def make(characters: int) -> Run:
        return read(Note, json.dumps(note(characters, piece)))

    assert growth(make, 50_000) <= LINEAR


@pytest.mark.parametrize("read", [read_partial, push_partial])
def test_a_growing_list(read: Callable[[Any, str], Run]) -> None:
    assert growth(lambda count: read(Shelf, products(count)), 500) <= LINEAR


class Ledger(BaseModel):
    entries: dict[str, Any]


class Words(BaseModel):
    entries: list[str]


@pytest.mark.parametrize("read", [read_partial, push_partial])
@pytest.mark.parametrize(
    ("model", "entry"),
    [(Words, '"%d lamp"'), (Ledger, '"%d": 1'), (Ledger, '"%d": "lamp"'), (Ledger, '"k": "%d"')],
)
def test_a_growing_list_or_dict_of_many(
    read: Callable[[Any, str], Run], model: type[BaseModel], entry: str
) -> None:
    def make(count: int) -> Run:
        brackets = "[]" if model is Words else "{}"
        entries = ", ".join(entry % number for number in range(count))
        return read(model, f'{{"entries": {brackets[0]}{entries}{brackets[1]}}}')

    assert growth(make, 8000) <= LINEAR


@pytest.mark.parametrize("read", [read_partial, push_partial])
def test_a_growing_dict_whose_last_value_is_long(read: Callable[[Any, str], Run]) -> None:
    def make(count: int) -> Run:
        entries = ", ".join(f'"{number}": 1' for number in range(count))
        text = f'"{"lamp " * count}"'
        return read(Ledger, f'{{"entries": {{{entries}, "k": {text}, "7": {text}}}}}')

    assert growth(make, 4000) <= LINEAR


def test_looking_at_each_snapshot_of_a_growing_list() -> None:
    def make(count: int) -> Run:
        deltas = cut(products(count))

        def run() -> None:
            for shelf in stream_partial(Shelf, deltas):
                assert shelf.model_fields_set <= {"products"}

        return run

    assert growth(make, 250) <= LINEAR


@pytest.mark.parametrize(
    ("element", "separator", "count"),
    [
        ('{"name": "x}y %d"}', ", ", 10_000),
        ('{"name": "x{y %d"}', ", ", 10_000),
        ('{"name": %d}, "other"', ", ", 10_000),
        ('{"name": %d}', "\n", 10_000),
        ('[1, {"name": %d}]', ", ", 10_000),
        # Fewer, so that four times as many still fit into the processor's cache.
        ('{"name": "' + "x" * 2500 + '%d"}', ", ", 1000),
    ],
)
def test_many_items_in_one_delta(element: str, separator: str, count: int) -> None:
    def read(count: int) -> Run:
        text = f"[{separator.join(element % number for number in range(count))}]"
        if separator == "\n":
            text = text[1:-1]
        return lambda: sum(1 for _ in stream_items(Any, [text]))

    assert growth(read, count) <= LINEAR


@pytest.mark.parametrize("read", [read_stream, push_items])
@pytest.mark.parametrize(
    "place", ["[GAP ITEM]", "[ITEM GAP,ITEM]", "[ITEM,GAP ITEM]", "[ITEM GAP]"]
)
def test_blanks_between_items_one_by_one(read: Any, place: str) -> None:
    item = '{"name": "Lamp", "price": 1, "tags": []}'
    limits = Limits(whitespace_run=10_000_000)

    def run(size: int) -> Run:
        deltas = list(place.replace("ITEM", item).replace("GAP", "\n" * size))
        if read is read_stream:
            return lambda: sum(1 for _ in stream_items(Product, deltas, limits=limits))

        def push() -> None:
            parser = ItemParser(Product, limits=limits)
            for delta in deltas:
                parser.feed(delta)
            parser.finish()

        return push

    assert growth(run, 15_000) <= LINEAR
