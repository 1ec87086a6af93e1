"""Lists of objects, which are cut out by counting: what ends a run, at any place in a delta."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from partialstream import (
    ItemParser,
    LimitExceededError,
    Limits,
    ProviderError,
    stream_items,
)

LIST = '[{"a": 1}, {"a": 2}, {"a": 3}]'


@pytest.mark.parametrize("first", [9, 10, 12])
def test_items_before_a_limit_on_all_text_are_given(first: int) -> None:
    parser = ItemParser(Any, limits=Limits(total_size=25))
    given = parser.feed(LIST[:first])
    given += parser.feed(LIST[first:])
    assert given == [{"a": 1}, {"a": 2}, {"a": 3}]
    with pytest.raises(LimitExceededError) as caught:
        parser.feed(" ")
    assert (caught.value.limit, caught.value.delivered) == ("total_size", 3)


@pytest.mark.parametrize("first", [8, 9, 10, 12])
def test_a_stream_at_a_limit_gives_the_items_and_its_text_once(first: int) -> None:
    chunks = [LIST[:first], LIST[first:]]
    stream = stream_items(Any, chunks, limits=Limits(total_size=25))
    assert [next(stream) for _ in range(3)] == [{"a": 1}, {"a": 2}, {"a": 3}]
    with pytest.raises(LimitExceededError, match="more than 25 characters"):
        next(stream)
    assert LIST.startswith(stream.text)


def test_a_long_delta_behind_an_object_is_looked_at_at_once() -> None:
    parser = ItemParser(Any, limits=Limits(item_size=5_000))
    assert parser.feed('[{"a": 1}') == [{"a": 1}]
    with pytest.raises(LimitExceededError, match="more than 5000 characters"):
        parser.feed(', {"b": "' + "y" * 10_000)


@pytest.mark.parametrize(
    "chunks",
    [
        ['[{"a": 1', {"x": 1}, '}, {"a": 2}]'],
        ['[{"a": 1}', {"}": 1}, ', {"a": 2}]'],
        ['[{"a": 1', ["}"], "}]"],
        ["[", "1", {"x": 1}, "2]"],
    ],
)
def test_what_is_no_text_among_texts_is_told(chunks: list[Any]) -> None:
    stream = stream_items(Any, chunks)
    with pytest.raises(ProviderError):
        list(stream)
    assert stream.text == "".join(itertools.takewhile(lambda chunk: isinstance(chunk, str), chunks))


@pytest.mark.parametrize("size", [1, 7, 5_000, 40_000, 100_000])
@pytest.mark.parametrize("odd", ['{"a": "x}y"}', '{"a": [{}]}', '"}"', "5", '{"a":\n1}'])
def test_any_size_of_deltas_gives_the_same_items(size: int, odd: str) -> None:
    text = "[" + ", ".join([*['{"a": 1}'] * 1_000, odd] * 5) + "]"
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    parser = ItemParser(Any)
    pushed = [item for chunk in chunks for item in parser.feed(chunk)]
    parser.finish()
    assert len(pushed) == 5_005
    assert pushed == list(stream_items(Any, chunks)) == [*[{"a": 1}] * 1_000, pushed[1_000]] * 5
