"""A document behind another one, or behind prose, counts like the first: none of it is lost."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from partialstream import IncompleteStreamError, ItemParser
from partialstream.engine.items import ItemScanner
from partialstream.engine.route import Shape
from partialstream.testing import every_cut


class Product(BaseModel):
    name: str


A, B = '{"name": "a"}', '{"name": "b"}'

SECOND = [
    (Product, None, f"[{A}]", f"[{B}]"),
    (Product, None, f"[{A}]\n", f" [ {B}]"),
    (Product, None, f'{{"items": [{A}]}}', f'{{"items": [{B}]}}'),
    (Product, None, f"{A}\n", B),
    (Product, "items", f'{{"items": [{A}]}}', f'{{"items": [{B}]}}'),
    (Product, "items", f'{{"items": {A}}}', f'{{"items": {B}}}'),
    (list[int], None, "[[1]]", "[[2, 3]]"),
    (dict[str, int], None, '[{"a": 1}]', '[{"b": 2}]'),
    (int, None, "[1]", "[2, 3]"),
    (str, None, '["a"]', '["b"]'),
    (Product, None, f"Here:\n{A}\n", B),
    (Product, None, f"Here: [{A}]", f"[{B}]"),
]


@pytest.mark.parametrize(("type_", "path", "first", "second"), SECOND)
def test_a_text_that_ends_inside_a_later_document_is_truncated(
    type_: Any, path: str | None, first: str, second: str
) -> None:
    blanks = len(second) - len(second.lstrip())
    for end in range(blanks + 1, len(second)):
        text = first + second[:end]
        for deltas in ([text], list(text)):
            parser = ItemParser(type_, path=path)
            for delta in deltas:
                parser.feed(delta)
            with pytest.raises(IncompleteStreamError) as caught:
                parser.finish()
            assert caught.value.outcome is not None
            assert caught.value.outcome.status == "truncated", text


OBJECTS_AT_THE_PATH = [
    (f'Here: {{"items": {A}}}', [A]),
    (f'See [1]. {{"id": 1, "items": {A}}}', [A]),
    (f'{{"items": {A}}}{{"items": {B}}}', [A, B]),
    (f'{{"items": [{A}]}}\n{{"items": {B}}}', [A, B]),
    (f'Here: {{"items": {A}}} {{"items": {B}}}', [A, B]),
    ('Here: {"items": {}}', ["{}"]),
]


@pytest.mark.parametrize("place", ["path", "expected"])
@pytest.mark.parametrize(("text", "items"), OBJECTS_AT_THE_PATH)
def test_an_object_where_the_list_may_be_is_an_item(
    text: str, items: list[str], place: str
) -> None:
    shape = Shape(frozenset({"object"}), frozenset({"name"}))
    for deltas in ([text], *map(list, every_cut(text))):
        scanner = (
            ItemScanner(shape, path=("items",))
            if place == "path"
            else ItemScanner(shape, expected=("items",))
        )
        found = [item.text for delta in deltas for item in scanner.feed(delta)]
        assert scanner.finish().status == "complete"
        assert found + [item.text for item in scanner.take_completed()] == items


@pytest.mark.parametrize("text", [f'Here: {{"items": {A}}}', f'{{"items": {B}}}{{"items": {A}}}'])
def test_an_object_at_the_path_is_delivered_at_its_closing_brace(text: str) -> None:
    parser = ItemParser(Product, path="items")
    end = text.rindex(A) + len(A)
    for char in text[: end - 1]:
        parser.feed(char)
    assert parser.feed(text[end - 1]) == [Product(name="a")]


EMPTY_EXTRA = '{"extra": [], "name": "b"}'
NESTED_EXTRA = '{"extra": {"x": [{"name": "no"}]}, "name": "b"}'

ROWS = [
    (None, f"{A}\n{EMPTY_EXTRA}\n{A}", "aba"),
    (None, f"{A}{EMPTY_EXTRA}", "ab"),
    (None, f'{A}\n{{"items": []}}\n{A}', "aa"),
    ("", f"{A}\n{EMPTY_EXTRA}\n{A}", "aba"),
    ("", f"{EMPTY_EXTRA}\n{A}", "ba"),
    ("", f"{NESTED_EXTRA}\n{NESTED_EXTRA}", "bb"),
    ("", f"So: {NESTED_EXTRA}\n{EMPTY_EXTRA}", "bb"),
    ("", f'So: {{"id": 1}} {{"x": [{B}]}} {A}', "a"),
]


@pytest.mark.parametrize(("path", "text", "names"), ROWS)
def test_items_that_begin_with_an_unknown_member_are_not_lost(
    path: str | None, text: str, names: str
) -> None:
    for deltas in ([text], *map(list, every_cut(text))):
        parser = ItemParser(Product, path=path)
        found = [item.name for delta in deltas for item in parser.feed(delta)]
        assert "".join(found) == names
        assert parser.finish() == []


@pytest.mark.parametrize("row", [EMPTY_EXTRA, NESTED_EXTRA, A])
def test_rows_at_the_root_may_always_be_followed_by_more(row: str) -> None:
    shape = Shape(frozenset({"object"}), frozenset({"name"}))
    scanner = ItemScanner(shape, path=())
    for text in (row, "\n", row):
        scanner.feed(text)
    scanner.finish()
    assert scanner.open_ended
