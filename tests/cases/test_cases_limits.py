"""A limit instead of a hang or an end of memory."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from case_models import Named
from pydantic import BaseModel, RootModel

from partialstream import (
    ItemParser,
    LimitExceededError,
    Limits,
    PartialParser,
    stream_items,
    stream_partial,
)
from partialstream.testing import fake_stream, sse_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Open(BaseModel):
    v: Any = None


BLANKS = " \n\t\r" * 2560  # 10 KB

ITEM_TEXTS = {
    "blanks before the list": ("", BLANKS, "[]", "whitespace_run", 0),
    "blanks behind the list's bracket": ("[", BLANKS, "]", "whitespace_run", 0),
    "blanks behind an item": ('[{"name":"a"}', BLANKS, "]", "whitespace_run", 1),
    "blanks behind a comma": ('[{"name":"a"},', BLANKS, "]", "whitespace_run", 1),
    "blanks inside an item": ('[{"name":"a"},{"name":', BLANKS, '"b"}]', "whitespace_run", 1),
    "blanks inside a long item": (
        '[{"note":"' + "x" * 999 + '"',
        BLANKS,
        ',"name":"b"}]',
        "whitespace_run",
        0,
    ),
    "blanks inside a wrapper": ('{"note":1', BLANKS, "}", "whitespace_run", 0),
    "blanks behind a document": ('{"name":"a"}', BLANKS, '{"name":"b"}', "whitespace_run", 1),
    "brackets inside an item": ('[{"name":"a"},{"x":', "[" * 10_000, "", "depth", 1),
    "braces inside a wrapper": ("", '{"x":' * 10_000, "", "depth", 0),
    "brackets and braces in turns": ('{"items":', '[{"name":' * 5_000, "", "depth", 0),
}


def pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def read_items(parser: ItemParser[Any], texts: Iterable[str], values: list[Any]) -> None:
    for text in texts:
        values += parser.feed(text)
    values += parser.finish()


def feed_all(parser: Any, texts: Iterable[str]) -> None:
    for text in texts:
        parser.feed(text)


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("before", "endless", "after", "limit", "items"), ITEM_TEXTS.values(), ids=ITEM_TEXTS
)
def test_endless_text_around_items(
    before: str, endless: str, after: str, limit: str, items: int, size: int
) -> None:
    text = before + endless + after
    parser = ItemParser(Named)
    values: list[Named] = []
    with pytest.raises(LimitExceededError) as caught:
        read_items(parser, pieces(text, size), values)
    assert (caught.value.limit, len(values)) == (limit, items)
    assert caught.value.delivered == items
    assert parser.outcome is not None
    assert parser.outcome.status == "invalid"

    chunks = fake_stream(pieces(text, size))
    stream = stream_items(Named, chunks)
    values = []
    with pytest.raises(LimitExceededError, match=str(caught.value)):
        values += stream
    assert chunks.closed


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ('{"v":1' + BLANKS, "whitespace_run"),
        ('{"v":[{"a":"x",' + BLANKS, "whitespace_run"),
        (BLANKS + '{"v":1}', "whitespace_run"),
        ('{"v":1}' + BLANKS, "whitespace_run"),
        ('{"v":' + "[" * 10_000, "depth"),
        ('{"x":' + '{"x":' * 10_000, "depth"),
    ],
    ids=["behind a number", "behind a comma", "before", "behind", "brackets", "unknown members"],
)
def test_endless_text_in_an_object(text: str, limit: str, size: int) -> None:
    parser = PartialParser(Open)
    with pytest.raises(LimitExceededError) as caught:
        feed_all(parser, pieces(text, size))
    assert caught.value.limit == limit
    with pytest.raises(LimitExceededError, match=str(caught.value)):
        list(stream_partial(Open, pieces(text, size)))


def test_brackets_without_end_as_the_root() -> None:
    for type_ in (Any, Named, int):
        with pytest.raises(LimitExceededError) as caught:
            ItemParser(type_).feed("[" * 10_000)
        assert caught.value.limit == "depth"
    with pytest.raises(LimitExceededError):
        PartialParser(RootModel[list[Any]]).feed("[" * 10_000)


def test_the_deepest_that_is_allowed_is_read() -> None:
    text = "[" * 200 + "]" * 200
    (value,) = ItemParser(Any).feed(text)
    depth = 0
    while value:
        (value,) = value
        depth += 1
    assert depth == 198
    with pytest.raises(LimitExceededError):
        ItemParser(Any).feed("[" + text + "]")


FEWER = Limits(item_size=Limits().item_size // 8)
"""For a number: the scanner that is not compiled reads it digit by digit."""

ENDLESS: dict[str, tuple[str, Callable[[], Any]]] = {
    "a string of an item": ('[{"name":"', lambda: ItemParser(Named)),
    "a string": ('["', lambda: ItemParser(str)),
    "an array": ("[[", lambda: ItemParser(list[Any])),
    "a number": ("[1", lambda: ItemParser(int, limits=FEWER)),
    "a string of an object": ('{"v":"', lambda: PartialParser(Open)),
    "a string that the model does not know": ('{"x":"', lambda: PartialParser(Open)),
}


@pytest.mark.parametrize(("start", "make"), ENDLESS.values(), ids=ENDLESS)
def test_a_value_without_end_is_neither_a_hang_nor_out_of_memory(
    start: str, make: Callable[[], Any]
) -> None:
    parser = make()
    limits = FEWER if start == "[1" else Limits()
    parser.feed(start)
    filler = "1," if start == "[[" else "1"
    piece = filler * (1 << 16)
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceededError) as caught:
            feed_all(parser, itertools.repeat(piece, (100 << 20) // len(piece)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.limit == "item_size"
    assert caught.value.allowed == limits.item_size
    assert peak < 8 * limits.item_size


def test_limits_of_the_list_and_the_whole() -> None:
    few = Limits(item_count=2)
    stream = stream_items(int, ["[1,2,", "3,4]"], limits=few)
    values: list[int] = []
    with pytest.raises(LimitExceededError) as caught:
        values += stream
    assert (caught.value.limit, caught.value.allowed, caught.value.delivered) == (
        "item_count",
        2,
        2,
    )

    short = Limits(total_size=10)
    with pytest.raises(LimitExceededError, match="10 characters"):
        list(stream_items(int, ["[1,2,3", ",4,5,6]"], limits=short))

    small = Limits(item_size=5)
    parser = ItemParser(str, limits=small)
    assert parser.feed('["abc","d') == ["abc"]
    with pytest.raises(LimitExceededError, match="5 characters"):
        parser.feed('efgh"')


def test_text_that_is_not_kept_streams_on() -> None:
    stream = stream_items(int, iter(["[1", ",2", "0,3]"]), limits=Limits(text_kept=4))
    assert list(stream) == [1, 20, 3]
    with pytest.raises(LimitExceededError, match="text"):
        assert stream.text


def test_a_limit_by_way_of_a_body() -> None:
    body = sse_body(["[", *["  "] * 3000, "]"])
    with pytest.raises(LimitExceededError) as caught:
        list(stream_items(int, [body[n : n + 64] for n in range(0, len(body), 64)]))
    assert caught.value.limit == "whitespace_run"


@pytest.mark.parametrize("name", ["depth", "item_size", "item_count", "total_size", "idle_seconds"])
def test_a_limit_is_positive(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 0})
