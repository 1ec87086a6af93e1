"""From snapshot to snapshot nothing vanishes, changes its type, or becomes shorter."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given
from pydantic import BaseModel
from runs import run_partial, shown
from strategies import Cut, Fault, cuts, faults
from typed_documents import Flat, Mapped, Report, Rows, Unions, typed_texts

from partialstream import PartialParser


def extends(old: Any, new: Any) -> bool:
    """Whether a value may follow another one."""
    if old.__class__ is not new.__class__:
        return False
    if isinstance(old, BaseModel):
        before, after = ({**v.__dict__, **(v.model_extra or {})} for v in (old, new))
        return all(
            name in new.model_fields_set and extends(before[name], after[name])
            for name in old.model_fields_set
        )
    if isinstance(old, dict):
        return all(name in new and extends(old[name], new[name]) for name in old)
    if isinstance(old, list | tuple):
        return len(old) <= len(new) and all(map(extends, old, new))
    if isinstance(old, set):
        return old <= new
    if isinstance(old, str):
        return bool(new.startswith(old))
    return repr(old) == repr(new)


@given(typed_texts(), cuts)
def test_snapshots_only_grow(typed: tuple[type[BaseModel], str], cut: Cut) -> None:
    model, text = typed
    run = run_partial(model, cut(text))
    for old, new in itertools.pairwise(run.values):
        assert extends(old, new), (old, new)


@given(typed_texts(), faults, cuts)
def test_snapshots_of_faulty_documents_only_grow(
    typed: tuple[type[BaseModel], str], fault: Fault, cut: Cut
) -> None:
    model, text = typed
    run = run_partial(model, cut(fault(text)))
    if text.count('"') == fault(text).count('"'):  # a name that occurs again starts again
        for old, new in itertools.pairwise(run.values):
            assert extends(old, new), (old, new)


@given(typed_texts(), cuts)
def test_a_snapshot_does_not_change_afterwards(
    typed: tuple[type[BaseModel], str], cut: Cut
) -> None:
    model, text = typed
    parser: PartialParser[Any] = PartialParser(model)
    kept: list[tuple[BaseModel, Any, Any]] = []
    for number, delta in enumerate(cut(text)):
        snapshot = parser.feed(delta)
        if snapshot is not None:
            if number % 2:  # half of them are looked at only later
                kept.append((snapshot, copy.deepcopy(snapshot), shown(snapshot)))
            else:
                kept.append((snapshot, None, None))
    for snapshot, copied, state in kept:
        assert copied is None or (snapshot == copied and shown(snapshot) == state)


@given(typed_texts())
def test_a_snapshot_that_is_looked_at_late_is_the_same(
    typed: tuple[type[BaseModel], str],
) -> None:
    model, text = typed
    late = run_partial(model, list(text)).values
    parser: PartialParser[Any] = PartialParser(model)
    early = [shown(s) for s in map(parser.feed, text) if s is not None]
    assert list(map(shown, reversed(late))) == early[::-1]


@given(typed_texts())
def test_snapshots_are_instances_of_the_model(typed: tuple[type[BaseModel], str]) -> None:
    model, text = typed
    for snapshot in run_partial(model, list(text)).values:
        assert isinstance(snapshot, model)
        assert snapshot.__class__ is model
        assert repr(snapshot).startswith(f"{model.__name__}(")
        assert set(snapshot.model_fields_set) <= set(
            model.model_fields
            if snapshot.model_extra is None
            else {**model.model_fields, **snapshot.model_extra}
        )


def test_changing_a_snapshot_changes_no_later_one() -> None:
    parser = PartialParser(Report)
    first = parser.feed('{"title": "a", "sections": [{"bullets": ["x", "y"], "heading": "h')
    assert first is not None
    first.sections.clear()
    first.title = "gone"
    second = parser.feed('i"}')
    assert second is not None
    assert (second.title, len(second.sections)) == ("a", 1)
    assert second.sections[0].heading == "hi"


def test_what_is_complete_is_shared_and_not_made_again() -> None:
    parser = PartialParser(Report)
    first = parser.feed('{"title": "a", "sections": [{"heading": "one"}, {"head')
    second = parser.feed('ing": "two"}, ')
    assert first is not None
    assert second is not None
    assert first.sections[0] is second.sections[0]


@pytest.mark.parametrize(
    ("model", "text", "seen"),
    [
        (Flat, '{"name": "a", "price": "x"}', ["name"]),
        (Flat, '{"name": 3, "price": 1 }', ["price"]),
        (Mapped, '{"prices": {"a": 1, "b": "x", "c": 2}}', ["prices"]),
        (Unions, '{"value": {"no": 1}, "pets": [{"kind": "cow"}, {"kind": "cat"}]}', ["pets"]),
    ],
)
def test_invalid_values_stay_hidden(model: type[BaseModel], text: str, seen: list[str]) -> None:
    run = run_partial(model, list(text))
    assert sorted(run.values[-1].model_fields_set) == seen
    assert run.status == "invalid"


def test_the_root_of_a_root_model_grows() -> None:
    run = run_partial(Rows, ['[{"left": "a', 'b", "right": [1', ", 2", "]}", "]"])
    assert [value.root for value in run.values] == [
        [{"left": "a"}],
        [{"left": "ab", "right": []}],
        [{"left": "ab", "right": [1]}],
        [{"left": "ab", "right": [1, 2]}],
        [{"left": "ab", "right": [1, 2]}],
    ]
