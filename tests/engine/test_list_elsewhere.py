"""A list that is expected in one place and comes in another: read there, and not too early."""

from __future__ import annotations

from typing import Any

import pytest

from partialstream import JSONSyntaxError, Limits, PartialStreamError
from partialstream.engine.items import ItemScanner
from partialstream.engine.route import Shape
from partialstream.testing import every_cut

PRODUCT = Shape(frozenset({"object"}), frozenset({"name", "price", "tags"}))
NUMBER = Shape(frozenset({"number"}), None)
ANY_OBJECT = Shape(frozenset({"object"}), None)


def read(deltas: list[str], shape: Shape, **kwargs: Any) -> tuple[list[str], list[int], Any]:
    """The items, the number of the delta that each came with, and the outcome."""
    scanner = ItemScanner(shape, expected=("items",), **kwargs)
    items: list[str] = []
    at: list[int] = []
    outcome: Any = None
    try:
        for number, delta in enumerate(deltas):
            found = [item.text for item in scanner.feed(delta)]
            items += found
            at += [number] * len(found)
        outcome = scanner.finish()
    except PartialStreamError as error:
        outcome = error
    items += [item.text for item in scanner.take_completed()]
    at += [len(deltas)] * (len(items) - len(at))
    return items, at, outcome


A, B = '{"name":"a"}', '{"name":"b"}'

PLACES = [
    (PRODUCT, f'{{"items":[{A},{B}]}}', [A, B]),
    (PRODUCT, f"[{A},{B}]", [A, B]),
    (PRODUCT, f"```json\n[{A},{B}]\n```", [A, B]),
    (PRODUCT, f"Here: [{A},{B}].", [A, B]),
    (PRODUCT, f'Here: {{"items":[{A},{B}]}}.', [A, B]),
    (PRODUCT, f'Here: {{"users":[{A},{B}]}}.', [A, B]),
    (PRODUCT, f"{A}\n{B}\n", [A, B]),
    (PRODUCT, f"{A}{B}", [A, B]),
    (PRODUCT, f'{{"users":[{A},{B}]}}', [A, B]),
    (PRODUCT, f'{{"result":{{"items":[{A},{B}]}}}}', [A, B]),
    (PRODUCT, A, [A]),
    (PRODUCT, '{"id":1,"name":"a"}', ['{"id":1,"name":"a"}']),
    (PRODUCT, '{"name":"a","items":[{"sku":1}]}', ['{"name":"a","items":[{"sku":1}]}']),
    (PRODUCT, '{"name":"a","items":["x"]}', ['{"name":"a","items":["x"]}']),
    (PRODUCT, '{"id":1,"name":"a","tags":[]}', ['{"id":1,"name":"a","tags":[]}']),
    (PRODUCT, f'{{"name":"the list","items":[{A}]}}', [A]),
    (PRODUCT, f'{{"notes":[{B}],"items":[{A}]}}', [A]),
    (PRODUCT, f'{{"meta":{{"items":[{B}]}},"items":[{A}]}}', [A]),
    (PRODUCT, f'{{"items":[{A}],"notes":[{B}]}}', [A]),
    (PRODUCT, f'{{"notes":[],"users":[{A}]}}', [A]),
    (PRODUCT, "[]", []),
    (PRODUCT, '{"items":[]}', []),
    (PRODUCT, '{"users":[]}', []),
    (PRODUCT, '{"name":"none","items":[]}', []),
    (NUMBER, '{"notes":[7],"items":[1,2]}', ["1", "2"]),
    (NUMBER, '{"numbers":[1,2]}', ["1", "2"]),
    (ANY_OBJECT, '{"a":1}', ['{"a":1}']),
    (ANY_OBJECT, '{"rows":[{"a":1}]}', ['{"a":1}']),
]


@pytest.mark.parametrize(("shape", "text", "items"), PLACES)
def test_a_list_is_read_wherever_it_comes(shape: Shape, text: str, items: list[str]) -> None:
    for deltas in ([text], list(text), *map(list, every_cut(text))):
        found, _, outcome = read(deltas, shape)
        assert found == items
        assert outcome.status == "complete"


@pytest.mark.parametrize(
    "text", [f'{{"items":[{A},{B}]}}', f'{{"notes":[{B}],"items":[{A},{B}]}}', f"[{A},{B}]"]
)
def test_the_expected_place_and_a_root_array_are_read_on_time(text: str) -> None:
    _, at, _ = read(list(text), PRODUCT)
    start = text.index("[", text.index("items") if "items" in text else 0)
    assert at == [text.index("}", start), text.rindex("}", 0, text.rindex("]"))]


@pytest.mark.parametrize("text", [f'{{"users":[{A},{B}]}}', f'{{"result":{{"items":[{A},{B}]}}}}'])
def test_another_place_is_read_when_the_root_ends(text: str) -> None:
    _, at, _ = read(list(text), PRODUCT)
    assert at == [len(text) - 1] * 2


def test_another_place_is_read_when_the_text_ends() -> None:
    text = f'{{"users":[{A},{B},{{"na'
    for deltas in ([text], list(text)):
        found, at, outcome = read(deltas, PRODUCT)
        assert found == [A, B]
        assert at == [len(deltas)] * 2
        assert (outcome.status, outcome.tail) == ("truncated", '{"na')


def test_what_comes_before_a_malformed_place_is_not_lost() -> None:
    text = f'{{"users":[{A},{B}],x'
    for deltas in ([text], list(text)):
        found, _, error = read(deltas, PRODUCT)
        assert found == [A, B]
        assert isinstance(error, JSONSyntaxError)
        assert error.offset == len(text) - 1


def test_what_is_held_of_a_root_is_bounded() -> None:
    # Where no more can be held, what has come elsewhere is the list.
    size = 40_000
    items = [f'{{"name":"{number}"}}' for number in range(size // 10)]
    text = f'{{"users":[{",".join(items)}],"items":[{A}]}}'
    for cut in (3, 5000):
        deltas = [text[start : start + cut] for start in range(0, len(text), cut)]
        found, at, outcome = read(deltas, PRODUCT, limits=Limits(item_size=size // 2))
        assert found == items
        assert outcome.status == "complete"
        assert at[0] <= size // 2 // cut + 2
