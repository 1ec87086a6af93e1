"""Models of every kind: as items, and growing."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import model_zoo as zoo
import pytest
from item_case import WAYS, Items, check_items
from partial_case import Grows, check_partial, shown
from pydantic import (
    AfterValidator,
    BaseModel,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from partialstream import ItemParser, OutputValidationError, PartialParser, completeness

EVERYTHING = {**zoo.ZOO, **zoo.OTHERS}
UNSTEADY = {"model validator wrap"}  # its validator changes what was shown


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", EVERYTHING)
def test_as_items(name: str, way: str) -> None:
    type_, text = EVERYTHING[name]
    check_items(Items(name, type_, f"[⟨{text}⟩,·⟨{text}⟩]"), way)


@pytest.mark.parametrize("name", ["recursive", "aliases", "an alias path", "defaults", "computed"])
def test_as_documents_in_a_row(name: str) -> None:
    type_, text = zoo.ZOO[name]
    check_items(Items(name, type_, f"⟨{text}⟩·⟨{text}⟩"), "characters")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", zoo.ZOO)
def test_growing(name: str, way: str) -> None:
    model, text = zoo.ZOO[name]
    final = shown(model.model_validate_json(text))
    check_partial(Grows(name, model, [(text, final)], steady=name not in UNSTEADY), way)


def snapshots(model: type[BaseModel], text: str) -> list[Any]:
    parser = PartialParser(model)
    return [snapshot for char in text if (snapshot := parser.feed(char)) is not None]


@pytest.mark.parametrize("name", zoo.ZOO)
def test_a_snapshot_is_an_instance_of_the_model(name: str) -> None:
    model, text = zoo.ZOO[name]
    for snapshot in snapshots(model, text):
        assert isinstance(snapshot, model)
        assert snapshot.model_fields_set <= {*model.model_fields, *(snapshot.model_extra or ())}
        for field in model.model_fields:
            getattr(snapshot, field)
        assert type(snapshot) is model
        assert snapshot == snapshot.model_copy()
        assert isinstance(repr(snapshot), str)


def test_what_has_not_arrived_reads_as_its_default_or_none() -> None:
    first, *_ = snapshots(zoo.Defaults, '{"name":"n"}')
    assert (first.name, first.tags, first.made, first.copy_of) == ("none", [], [1], None)
    first, *_ = snapshots(zoo.Nullable, '{"age":1,"name":"a"}')
    assert (first.name, first.age, first.model_fields_set) == (None, None, set())
    _, before, *_, last = snapshots(zoo.Nullable, '{"name":null,"age":null}')
    assert (before.name, before.model_fields_set) == (None, {"name"})
    assert last.model_fields_set == {"name", "age"}
    assert completeness(before, "name") == "complete"
    assert completeness(before, "age") == "missing"


def test_defaults_of_two_streams_are_not_shared() -> None:
    one, *_ = snapshots(zoo.Defaults, "{}")
    other, *_ = snapshots(zoo.Defaults, "{}")
    assert one.made == other.made
    assert one.made is not other.made


def test_a_computed_field_is_computed_from_what_is_there() -> None:
    titles = [snapshot.full for snapshot in snapshots(zoo.Computed, '{"first":"A","last":"Bo"}')]
    assert titles[0] == "None None"
    assert "A Bo" in titles
    assert titles[-1] == "A Bo"


def test_validators_run_on_complete_values_only_and_not_for_each_delta() -> None:
    seen: list[Any] = []

    def watch(value: str) -> str:
        seen.append(value)
        return value

    class Watched(BaseModel):
        name: Annotated[str, AfterValidator(watch)]
        note: str = ""

    text = '{"name":"' + "x" * 50 + '"}'
    snapshots(Watched, text)
    assert set(seen) == {"x" * 50}
    assert len(seen) <= 2  # when it closed, and in the whole


@pytest.mark.parametrize(
    ("model", "text", "field"),
    [
        (zoo.Closed, '{"name":"a","x":1}', "x"),
        (zoo.After, '{"low":2,"high":1}', ""),
        (zoo.Strict, '{"day":"2024-01-02","color":"blue","count":"3"}', "count"),
        (zoo.Checked, '{"base":1,"before":2,"after":3,"plain":4,"wrap":"x"}', "wrap"),
        (zoo.Tree, '{"name":"a","children":[{"name":1}]}', "children"),
        (zoo.Drawing, '{"shapes":[{"kind":"oval","radius":1}]}', "shapes"),
        (zoo.OpenTyped, '{"name":"a","y":"z"}', "y"),
    ],
)
def test_what_pydantic_refuses_is_refused(model: type[BaseModel], text: str, field: str) -> None:
    with pytest.raises(ValidationError) as expected:
        model.model_validate_json(text)
    for parser, whole in ((PartialParser(model), text), (ItemParser(model), f"[{text}]")):
        with pytest.raises(OutputValidationError) as caught:
            feed_all(parser, whole)
        cause = caught.value.__cause__
        assert isinstance(cause, ValidationError)
        assert cause.errors(include_context=False) == expected.value.errors(include_context=False)
        assert caught.value.raw == text
        assert field in "".join(map(str, cause.errors()[0]["loc"]))


def feed_all(parser: Any, text: str) -> None:
    for char in text:
        parser.feed(char)


def test_strict_for_one_call() -> None:
    class Day(BaseModel):
        day: dt.date
        count: int

    text = '{"day":"2024-01-02","count":"3"}'
    assert ItemParser(Day).feed(f"[{text}]") == [Day(day=dt.date(2024, 1, 2), count=3)]
    with pytest.raises(OutputValidationError):
        ItemParser(Day, strict=True).feed(f"[{text}]")
    parser = PartialParser(Day, strict=True)
    snapshot = parser.feed('{"day":"2024-01-02",')
    assert snapshot is not None
    assert snapshot.day == dt.date(2024, 1, 2)
    with pytest.raises(OutputValidationError):
        parser.feed('"count":"3"}')


def test_context_reaches_the_validators() -> None:
    class Scaled(BaseModel):
        size: int

        @field_validator("size")
        @classmethod
        def scale(cls, value: int, info: ValidationInfo) -> int:
            return value * int(info.context["scale"])

    context = {"scale": 10}
    assert ItemParser(Scaled, context=context).feed('[{"size":2}]') == [
        Scaled.model_construct(size=20)
    ]
    parser = PartialParser(Scaled, context=context)
    snapshot = parser.feed('{"size":2 ')
    assert snapshot is not None
    assert snapshot.size == 20
    assert parser.feed("}") == Scaled.model_construct(size=20)


def test_types_as_items_are_what_the_adapter_makes() -> None:
    for type_, text in EVERYTHING.values():
        (value,) = ItemParser(type_).feed(f"[{text} ]")
        assert value == TypeAdapter(type_).validate_json(text)
