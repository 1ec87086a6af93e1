"""Validators run as in the whole model, as early as what they look at allows."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema
from runs import run_partial

from partialstream import Gate, PartialParser


def grow(model: type[BaseModel], *deltas: str, **options: Any) -> list[Any]:
    parser: PartialParser[Any] = PartialParser(model, **options)
    seen: list[Any] = []
    for delta in deltas:
        parser.feed(delta)
        snapshot = parser.snapshot
        # A validator may change the type, of which a serializer would warn.
        shown = None
        if snapshot is not None:
            shown = snapshot.model_dump(exclude_unset=True, warnings=False)
        seen.append(shown)
    return seen


class Range(BaseModel):
    low: int
    high: int
    text: str = ""
    last: Annotated[str, Gate] = ""

    @field_validator("high")
    @classmethod
    def above_low(cls, high: int, info: ValidationInfo) -> int:
        if high < info.data.get("low", 0):
            raise ValueError("too low")
        return high

    @field_validator("last", mode="before")
    @classmethod
    def joined(cls, last: str, info: ValidationInfo) -> str:
        return f"{info.data.get('low')}-{info.data.get('high')}: {last}"


class Ranges(BaseModel):
    ranges: list[Range]


def test_a_member_waits_for_the_members_its_validators_look_at() -> None:
    class Plain(Range):
        last: str = ""

    assert grow(Plain, '{"low": 1, "high": 2, ', '"text": "a') == [
        {"low": 1, "high": 2},
        {"low": 1, "high": 2, "text": "a"},
    ]
    assert grow(Plain, '{"high": 2, "text": "a"', ', "low": 1, ') == [
        {"text": "a"},
        {"text": "a", "low": 1, "high": 2},
    ]
    # What waits for one that waits follows it.
    assert grow(Plain, '{"last": "x", "high": 2, "text": "", "low": 1, ') == [
        {"text": "", "low": 1, "high": 2, "last": "1-2: x"}
    ]


def test_a_gate_may_wait_too() -> None:
    """`last` looks at all the members before it."""
    deltas = ['{"ranges": [{"last": "x", "high": 2, "low": 1', ', "text": "t', '", "x": ']
    assert grow(Ranges, *deltas) == [
        {"ranges": []},
        {"ranges": []},
        {"ranges": [{"low": 1, "high": 2, "text": "t", "last": "1-2: x"}]},
    ]


def test_a_deferred_member_that_is_invalid_stays_hidden() -> None:
    parts = ['{"high": 0, "low": 1', ', "text": "a", "last": "b', '"}']
    run = run_partial(Range, parts)
    assert run.values == []
    assert run.status == "invalid"
    # The next one is looked at all the same.
    assert grow(Range, '{"high": 0, "high": 3, "last": "z", "text": "", "low": 1, ') == [
        {"low": 1, "high": 3, "text": "", "last": "1-3: z"}
    ]


def test_a_member_that_never_comes_is_no_obstacle_in_the_end() -> None:
    class Defaults(BaseModel):
        a: int = 5
        b: int

        @field_validator("b")
        @classmethod
        def add(cls, b: int, info: ValidationInfo) -> int:
            return b + int(info.data["a"])

    run = run_partial(Defaults, ['{"b": 1 ', "}"])
    assert [(v.a, v.b) for v in run.values][-1] == (5, 6)
    assert run.values[0].model_fields_set <= {"b"}


def fail(value: Any) -> Any:
    raise ValueError("never")


def wrap(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return handler(value) + 1


@pytest.mark.parametrize(
    ("annotation", "raw", "value"),
    [
        (Annotated[int, AfterValidator(lambda v: v * 2)], "3", 6),
        (Annotated[int, BeforeValidator(lambda v: v * 2)], "3", 6),
        (Annotated[int, PlainValidator(lambda v: v * 2)], "3", 6),
        (Annotated[int, WrapValidator(wrap)], "3", 4),
        (Annotated[str, AfterValidator(str.upper)], '"a"', "A"),
        (Annotated[list[str], AfterValidator(len)], '["a", "b"]', 2),
        (Annotated[dict[str, int], AfterValidator(len)], '{"a": 1}', 1),
    ],
)
def test_validators_of_each_kind(annotation: Any, raw: str, value: Any) -> None:
    class Model(BaseModel):
        v: annotation

    assert grow(Model, f'{{"v": {raw[:-1]}', raw[-1] + ", ") == [{}, {"v": value}]


def test_a_value_that_a_validator_refuses_stays_hidden() -> None:
    class Model(BaseModel):
        v: Annotated[str, AfterValidator(fail)]
        w: Annotated[int, Field(gt=3)]
        x: str

    run = run_partial(Model, ['{"v": "a", "w": 2, "x": "y', '"}'])
    assert [v.model_fields_set for v in run.values] == [{"x"}]
    assert run.status == "invalid"


def test_validators_of_models_do_not_hide_them_but_those_around_them_do() -> None:
    class Checked(BaseModel):
        text: str

        @model_validator(mode="after")
        def check(self) -> Checked:
            if "x" in self.text:
                raise ValueError("an x")
            return self

    class Unpacked(BaseModel):
        text: str = ""

        @model_validator(mode="before")
        @classmethod
        def unpack(cls, data: Any) -> Any:
            return data

        @model_validator(mode="wrap")
        @classmethod
        def around(cls, data: Any, handler: Any) -> Any:
            return handler(data)

    class Holder(BaseModel):
        checked: Checked | None = None
        unpacked: Unpacked | None = None
        outside: Annotated[Checked, AfterValidator(lambda v: v)] | None = None
        twice: list[Unpacked] = []

    assert grow(Holder, '{"checked": {"text": "a') == [{"checked": {"text": "a"}}]
    assert grow(Holder, '{"unpacked": {"text": "a') == [{"unpacked": {"text": "a"}}]
    assert grow(Holder, '{"twice": [{"text": "a"}, {"text": "b')[-1] == {
        "twice": [{"text": "a"}, {"text": "b"}]
    }
    assert grow(Holder, '{"outside": {"text": "a"', "}") == [{}, {"outside": {"text": "a"}}]
    assert run_partial(Holder, ['{"checked": {"text": "x"}}']).status == "invalid"


def test_a_model_inside_other_validators_shows_when_it_is_complete() -> None:
    class Inner(BaseModel):
        text: str

    class Outer(BaseModel):
        inner: Annotated[Inner, AfterValidator(lambda v: v)]

    assert grow(Outer, '{"inner": {"text": "a"', "}") == [{}, {"inner": {"text": "a"}}]


def test_a_model_that_makes_its_own_schema_shows_when_it_is_complete() -> None:
    class Own(BaseModel):
        text: str

        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
            def members(value: Any) -> Any:
                return {"text": value["text"].upper()}, None, {"text"}

            return core_schema.model_schema(
                cls, core_schema.no_info_plain_validator_function(members)
            )

    class Outer(BaseModel):
        own: Own
        owns: list[Own] = []

    assert grow(Outer, '{"own": {"text": "a"', "}") == [{}, {"own": {"text": "A"}}]


def test_context_and_strictness_reach_every_check() -> None:
    class Model(BaseModel):
        a: int
        b: int = 0
        rows: list[int] = []

        @field_validator("b")
        @classmethod
        def scaled(cls, b: int, info: ValidationInfo) -> int:
            return b * int(info.context) + int(info.data["a"])

    assert grow(Model, '{"a": 1, "b": 2, ', context=10) == [{"a": 1, "b": 21}]
    assert grow(Model, '{"a": "1", "rows": ["2"], ') == [{"a": 1, "rows": [2]}]
    assert grow(Model, '{"a": "1", "rows": ["2"], ', strict=True) == [{"rows": []}]


def test_the_configuration_of_a_model_counts_for_its_members_alone() -> None:
    class Strict(BaseModel):
        model_config = ConfigDict(strict=True)
        n: int

    class Loose(BaseModel):
        n: int
        strict: Strict | None = None

    assert grow(Loose, '{"n": "1", "strict": {"n": "1"') == [{"n": 1, "strict": {}}]


def test_a_rejection_is_noted_with_its_path() -> None:
    class Inner(BaseModel):
        n: int
        rows: list[int] = []

    class Outer(BaseModel):
        inner: list[Inner]

    parser = PartialParser(Outer)
    parser.feed('{"inner": [{"n": 1}, {"n": "x", "rows": [1, true, 3')
    rejections = parser._builder.rejections
    assert [(r.path, r.raw) for r in rejections] == [(("inner", 1, "n"), '"x"')]
    assert "valid integer" in str(rejections[0].error)
