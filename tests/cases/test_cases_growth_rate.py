"""Four times the text takes four times the time: nothing is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from growth import LINEAR, growth
from pydantic import BaseModel

from partialstream import ItemParser, PartialParser, stream_items
from partialstream.testing import chat_chunks, sse_body

if TYPE_CHECKING:
    from collections.abc import Callable


class Product(BaseModel):
    name: str
    tags: list[str]
    price: float


class Report(BaseModel):
    title: str
    products: list[Product] = []


def cut(text: str) -> list[str]:
    return [text[start : start + 4] for start in range(0, len(text), 4)]


def products(count: int) -> str:
    return ",".join(
        f'{{"name":"product {n}","tags":["a{{b","c]d"],"price":{n}.5}}' for n in range(count)
    )


def many_items(count: int) -> Any:
    deltas = cut(f"[{products(count)}]")

    def run() -> None:
        parser = ItemParser(Product)
        assert sum(len(parser.feed(delta)) for delta in deltas) == count

    return run


def one_long_string(count: int) -> Any:
    deltas = cut('[{"name":"' + "}{[] " * count + '","tags":[],"price":1}]')

    def run() -> None:
        parser = ItemParser(Product)
        assert sum(len(parser.feed(delta)) for delta in deltas) == 1

    return run


def one_long_list(count: int) -> Any:
    deltas = cut('[{"name":"x","tags":["' + '","'.join(["a}b"] * count) + '"],"price":1}]')

    def run() -> None:
        parser = ItemParser(Product)
        assert sum(len(parser.feed(delta)) for delta in deltas) == 1

    return run


def prose(count: int) -> Any:
    deltas = cut("See [1] and {x}. " * count + "[1]")

    def run() -> None:
        parser = ItemParser(Product, on_invalid="skip")
        for delta in deltas:
            parser.feed(delta)

    return run


def growing_string(count: int) -> Any:
    deltas = cut('{"title":"' + "abcd}" * count + '"}')

    def run() -> None:
        parser = PartialParser(Report)
        for delta in deltas:
            snapshot = parser.feed(delta)
            assert snapshot is None or isinstance(snapshot, Report)
        parser.finish()

    return run


def growing_list(count: int) -> Any:
    deltas = cut(f'{{"title":"t","products":[{products(count)}]}}')

    def run() -> None:
        parser = PartialParser(Report)
        for delta in deltas:
            parser.feed(delta)
        assert len(parser.finish().products) == count

    return run


def body_of_events(count: int) -> Any:
    body = sse_body(cut(f"[{products(count)}]"))
    parts = [body[start : start + 100] for start in range(0, len(body), 100)]

    def run() -> None:
        assert sum(1 for _ in stream_items(Product, parts)) == count

    return run


def chunks_as_dicts(count: int) -> Any:
    chunks = chat_chunks(cut(f"[{products(count)}]"))

    def run() -> None:
        assert sum(1 for _ in stream_items(Product, chunks)) == count

    return run


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (many_items, 1_000),
        (one_long_string, 10_000),
        (one_long_list, 10_000),
        (prose, 3_000),
        (growing_string, 10_000),
        (growing_list, 500),
        (body_of_events, 500),
        (chunks_as_dicts, 1_000),
    ],
)
def test_four_times_the_text_takes_four_times_the_time(
    make: Callable[[int], Callable[[], None]], count: int
) -> None:
    assert growth(make, count) <= LINEAR
