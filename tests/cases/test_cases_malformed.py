"""Malformed is not incomplete: what can no longer become valid JSON is told with its place."""

from __future__ import annotations

from typing import Any

import pytest
from case_models import Named
from item_case import WAYS, Items, check_items
from partial_case import Grows, Same, check_partial
from pydantic import BaseModel, RootModel

Place = tuple[int, int, int, tuple[str | int, ...]]


class Count(BaseModel):
    a: int


def bad(name: str, type_: Any, marked: str, place: Place, **options: Any) -> Items:
    return Items(name, type_, marked, status="invalid", place=place, options=options)


def grows(name: str, model: Any, steps: list[tuple[str, Any]], place: Place) -> Grows:
    return Grows(name, model, steps, status="invalid", place=place)


Numbers = RootModel[list[int]]

ITEMS = [
    bad("a letter in a number", Named, '{"a":1x†', (6, 1, 7, ("a",))),
    bad("a letter in a number of an item", dict[str, int], '[{"a":1x}†]', (7, 1, 8, (0, "a"))),
    bad("a letter in an element", int, "[⟨1⟩,4x9,†2]", (4, 1, 5, (1,))),
    bad("a missing comma", int, "[⟨1⟩ 2†", (3, 1, 4, ())),
    bad(
        "a missing comma between objects", Named, '[⟨{"name":"a"}⟩ {†"name":"b"}]', (14, 1, 15, ())
    ),
    bad("a bracket too many", int, "[⟨1⟩]]†", (3, 1, 4, ())),
    bad("a brace too many", Named, '⟨{"name":"a"}⟩}†', (12, 1, 13, ())),
    bad("a bracket too many behind a wrapper", Named, '{"i":[⟨{"name":"a"}⟩]}]†', (20, 1, 21, ())),
    bad("a missing colon", Named, '{"name" 1}†', (8, 1, 9, ())),
    bad("a missing colon in an item", Named, '[{"name" "a"}†]', (9, 1, 10, (0,))),
    bad("a comma too many", int, "[⟨1⟩,]†", (3, 1, 4, (1,))),
    bad("a comma too many in an item", Named, '[{"name":"a",}†]', (13, 1, 14, (0,))),
    bad("a wrong bracket", Named, '[{"name":"a"]·}†', (12, 1, 13, (0,))),
    bad(
        "a wrong bracket of the list", Named, '{"items":[⟨{"name":"a"}⟩}†', (22, 1, 23, ("items",))
    ),
    bad("a word that is none", int | None, "[⟨1⟩,nulx]†", (6, 1, 7, (1,))),
    bad("single quotes", Named, "[{'name':'a'}†]", (2, 1, 3, (0,))),
    bad("a name without quotes", Named, '[⟨{"name":"a"}⟩,\n{name:"b"}†]', (16, 2, 2, (1,))),
    bad("a leading zero", int, "[⟨1⟩,01,†2]", (4, 1, 5, (1,))),
    bad("a number that ends in its point", float, "[⟨1⟩,2.]†", (5, 1, 6, (1,))),
    bad("a comment", int, "[⟨1⟩, //† one\n2]", (4, 1, 5, (1,))),
    bad("a decoy that is malformed", Named, '{"x":[1,2,,†3],"items":[]}', (10, 1, 11, ("x", 2))),
    bad("a list at a path", int, '{"x":{"y":[⟨1⟩ 2†]}}', (13, 1, 14, ("x", "y")), path="x.y"),
]

GROWING = [
    grows("a letter in a number", Count, [('{"a":1', {}), ("x", {})], (6, 1, 7, ("a",))),
    grows("a missing comma", Numbers, [("[1", []), (" ", [1]), ("2", [1])], (3, 1, 4, ())),
    grows("a bracket too many", Numbers, [("[1", []), ("]", [1]), ("]", [1])], (3, 1, 4, ())),
    grows(
        "a brace too many",
        Count,
        [('{"a":1}', {"a": 1}), ("\n", Same), ("}", {"a": 1})],
        (8, 2, 1, ()),
    ),
    grows("a missing colon", Count, [('{"a" ', {}), ("1", {})], (5, 1, 6, ())),
    grows("a comma too many", Count, [('{"a":1,', {"a": 1}), ("}", {"a": 1})], (7, 1, 8, ())),
    grows("a wrong bracket", Count, [('{"a":1', {}), ("]", {})], (6, 1, 7, ())),
    grows("a leading zero", Count, [('{"a":0', {}), ("1", {})], (6, 1, 7, ("a",))),
    grows("a word that is none", Count, [('{"a":t', {}), ("o", {})], (6, 1, 7, ("a",))),
    grows(
        "deep inside, on a later line",
        Count,
        [('{"x":\n[{"y":\n', {}), ("[1,\n", Same), ("2,", Same), ("}", {})],
        (19, 4, 3, ("x", 0, "y", 2)),
    ),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", ITEMS, ids=str)
def test_malformed_items(case: Items, way: str) -> None:
    check_items(case, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", GROWING, ids=str)
def test_malformed_objects(case: Grows, way: str) -> None:
    check_partial(case, way)
