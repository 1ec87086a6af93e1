"""How much of a member has arrived."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, RootModel
from typing_extensions import TypedDict

from partialstream import PartialParser, completeness


class Cell(BaseModel):
    text: str
    note: str | None = None


class Row(TypedDict, total=False):
    name: str
    cells: list[Cell]


class Tags(RootModel[list[str]]):
    pass


class Table(BaseModel):
    title: str
    rows: list[Row] = []
    tags: Tags | None = None
    notes: dict[str, str] = {}
    first: RootModel[Cell] | None = None


M, P, C = "missing", "partial", "complete"


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ('{"title": "a', {(): P, "title": P, "rows": M, "rows.0": M}),
        ('{"title": "a"', {(): P, "title": C}),
        (
            '{"title": "a", "rows": [{"name": "b", "cells": [{"text": "c"}, {"text": "d',
            {
                "title": C,
                "rows": P,
                "rows.0": P,
                "rows.0.name": C,
                "rows.0.cells": P,
                "rows.0.cells.0": C,
                "rows.0.cells.0.text": C,
                "rows.0.cells.0.note": M,
                "rows.0.cells.1": P,
                ("rows", 0, "cells", 1, "text"): P,
                "rows.0.cells.2": M,
                "rows.1": M,
            },
        ),
        ('{"rows": [{"name": "b"}', {"rows": P, "rows.0": C, "rows.0.name": C, "rows.0.cells": M}),
        ('{"rows": []', {"rows": C}),
        ('{"tags": ["a", "b', {"tags": P, "tags.0": C, "tags.1": P, "tags.2": M}),
        ('{"tags": ["a"]', {"tags": C, "tags.0": C, "tags.1": M}),
        ('{"notes": {"a.b": "x", "c": "y', {("notes", "a.b"): C, "notes.c": P, "notes.d": M}),
        ('{"first": {"text": "x', {"first": P, "first.text": P, "first.note": M}),
        ('{"first": {"text": "x"}', {"first": C, "first.text": C}),
        ('{"title": "a"}', {(): C, "title": C, "rows": M}),
    ],
)
def test_the_state_of_each_member(text: str, states: dict[Any, str]) -> None:
    parser = PartialParser(Table.model_construct().__class__)
    snapshot = parser.feed(text)
    assert snapshot is not None
    assert {path: completeness(snapshot, path) for path in states} == states


@pytest.mark.parametrize("path", ["title.x", "rows.0.nothing", "rows.x"])
def test_what_the_model_does_not_have_is_refused(path: str) -> None:
    snapshot = PartialParser(Table).feed('{"title": "a", "rows": [{"name": "b"')
    assert snapshot is not None
    with pytest.raises(ValueError, match=path.rpartition(".")[2]):
        completeness(snapshot, path)


def test_root_models_are_passed_through() -> None:
    snapshot = PartialParser(Tags).feed('["a", "b')
    assert snapshot is not None
    assert [completeness(snapshot, path) for path in ((), 0, 1, 2)] == [P, C, P, M]
    nested = PartialParser(RootModel[list[Tags]]).feed('[["a"], ["b", "c')
    assert nested is not None
    assert [completeness(nested, path) for path in ("0", "1", "1.0", "1.1")] == [C, P, C, P]


def test_what_is_no_snapshot_is_complete_as_far_as_it_is_set() -> None:
    table = Table(title="a", rows=[{"name": "b"}])
    assert completeness(table) == C
    assert completeness(table, "rows.0.name") == C
    assert completeness(table, "notes") == M
    assert completeness(table.rows[0] and table, ("title",)) == C


def test_a_part_of_a_snapshot_knows_its_own_state() -> None:
    snapshot = PartialParser(Table).feed('{"rows": [{"cells": [{"text": "a"}, {"text": "b')
    assert snapshot is not None
    done, open_ = snapshot.rows[0]["cells"]
    assert (completeness(done), completeness(open_)) == (C, P)
    assert completeness(open_, "text") == P
