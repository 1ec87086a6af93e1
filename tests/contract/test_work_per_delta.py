"""Work per delta does not grow with what has arrived.

Counted, not timed: the calls that Python makes, and how often a value is validated.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import pytest
from pydantic import BaseModel, field_validator
from strategies import cut_by

from partialstream import ItemParser, PartialParser

SLACK = 1.03
"""How much faster the calls may grow than the characters: what is done once counts for less."""


class Product(BaseModel):
    name: str
    price: float
    tags: list[str]


class Note(BaseModel):
    text: str


class Shelf(BaseModel):
    products: list[Product]
    notes: dict[str, list[int]] = {}


def calls(parser: Any, deltas: list[str], *, looking: bool = False) -> int:
    """How many calls it takes to read a text."""
    counter: Counter[str] = Counter()

    def count(frame: object, event: str, argument: object) -> None:
        counter[event] += 1

    sys.setprofile(count)
    try:
        for delta in deltas:
            value = parser.feed(delta)
            if looking and value is not None:
                _ = value.model_fields_set
        parser.finish()
    finally:
        sys.setprofile(None)
    return counter["call"] + counter["c_call"]


def products(count: int) -> str:
    product = {"name": "Lamp {", "price": 9.5, "tags": ["brass", "}"]}
    return json.dumps({"products": [product] * count, "notes": {}})


def long_note(characters: int) -> str:
    return json.dumps({"text": ('a \\ } "é' * characters)[:characters]})


def members(count: int) -> str:
    return json.dumps({"products": [], "notes": {str(n): [n, n] for n in range(count)}})


def nested(count: int) -> str:
    return '{"products": [], "other": ' + "[[[" * 60 + ", ".join(["1"] * count) + "]]]" * 60 + "}"


@pytest.mark.parametrize(
    ("make", "text", "size"),
    [
        (lambda: ItemParser(Product), products, 300),
        (lambda: ItemParser(Note), lambda size: f"[{long_note(size)}]", 20_000),
        (lambda: ItemParser(Shelf), lambda size: f"[{products(size)}]", 200),
        (lambda: ItemParser(int, path="products"), members, 300),
        (lambda: ItemParser(Product), lambda size: "prose [x] {y} " * size + products(1), 500),
        (lambda: PartialParser(Shelf), products, 300),
        (lambda: PartialParser(Shelf), members, 300),
        (lambda: PartialParser(Shelf), nested, 1000),
        (lambda: PartialParser(Note), long_note, 20_000),
        (lambda: PartialParser(Note), lambda size: "prose [x] {y} " * size + long_note(1), 500),
    ],
)
def test_twice_the_text_takes_twice_the_calls(make: Any, text: Any, size: int) -> None:
    cut = cut_by(4)
    make().feed(text(3))  # whatever is built once
    once, twice = calls(make(), cut(text(size))), calls(make(), cut(text(2 * size)))
    assert twice / once <= SLACK * len(text(2 * size)) / len(text(size))


@pytest.mark.parametrize("text", [products, members])
def test_looking_at_each_snapshot_takes_as_many_calls(text: Any) -> None:
    cut = cut_by(4)
    PartialParser(Shelf).feed(text(3))
    once, twice = (
        calls(PartialParser(Shelf), cut(text(size)), looking=True) for size in (200, 400)
    )
    assert twice / once <= SLACK * len(text(400)) / len(text(200))


def test_a_value_is_validated_once_in_each_object_around_it() -> None:
    seen: Counter[int] = Counter()

    class Counted(BaseModel):
        number: int

        @field_validator("number")
        @classmethod
        def count(cls, number: int) -> int:
            seen[number] += 1
            return number

    class Row(BaseModel):
        cells: list[Counted]

    class Table(BaseModel):
        rows: list[Row]

    rows = [{"cells": [{"number": 10 * y + x} for x in range(10)]} for y in range(10)]
    parser = PartialParser(Table)
    for delta in cut_by(3)(json.dumps({"rows": rows})):
        parser.feed(delta)
    parser.finish()
    # As a member, in its object, in its row, in the table.
    assert set(seen.values()) == {4}
    seen.clear()
    items = ItemParser(Row)
    for delta in cut_by(3)(json.dumps({"rows": rows})):
        items.feed(delta)
    items.finish()
    assert set(seen.values()) == {1}


def test_a_closed_list_of_models_is_not_validated_again_while_others_grow() -> None:
    count = 0

    class Counted(BaseModel):
        number: int

        @field_validator("number")
        @classmethod
        def count(cls, number: int) -> int:
            nonlocal count
            count += 1
            return number

    class Table(BaseModel):
        rows: list[Counted]
        text: str

    parser = PartialParser(Table)
    parser.feed('{"rows": [' + ", ".join('{"number": 1}' for _ in range(50)) + '], "text": "')
    before = count
    for _ in range(500):
        parser.feed("more")
    assert count == before
