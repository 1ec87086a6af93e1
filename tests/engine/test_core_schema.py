"""The nodes of pydantic's core schema look as `validation/schema.py` expects them.

If one of these fails after an update of pydantic: that node has changed. Look at what reads it in
`partialstream/validation/`: schema.py (all nodes), plan.py (which of them grow) and types.py (what
they take), and say there and here what it looks like now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    RootModel,
    TypeAdapter,
    ValidationInfo,
    WrapValidator,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from partialstream import Atomic

ANY = object()


class Plain(BaseModel):
    number: int


class Open(BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True, str_to_lower=True)
    __pydantic_extra__: dict[str, int]

    aliased: int = Field(alias="Aliased")
    reached: int = Field(validation_alias=AliasChoices("first", AliasPath("outer", 0)))
    text: str = "x"


class Checked(BaseModel):
    number: int

    @field_validator("number")
    @classmethod
    def looks_at_others(cls, number: int, info: ValidationInfo) -> int:
        return number

    @model_validator(mode="before")
    @classmethod
    def before(cls, value: Any) -> Any:
        return value

    @model_validator(mode="after")
    def after(self) -> Checked:
        return self


class Tree(BaseModel):
    children: list[Tree]


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Color(Enum):
    RED = "red"


@dataclass
class Point:
    x: int


class Movie(TypedDict):
    year: int


INT = {"type": "int"}


def around(function: str, info: str = "no-info") -> dict[str, Any]:
    return {"type": function, "function": {"type": info, "function": ANY}, "schema": INT}


MODEL_FIELDS = {"type": "model-fields", "fields": {"number": {"schema": INT}}}

NODES: dict[str, tuple[Any, Mapping[str, Any]]] = {
    "model": (Plain, {"type": "model", "cls": Plain, "custom_init": False, "schema": MODEL_FIELDS}),
    "field by its alias": (
        Open,
        {"schema": {"fields": {"aliased": {"schema": INT, "validation_alias": "Aliased"}}}},
    ),
    "field by several names": (
        Open,
        {"schema": {"fields": {"reached": {"validation_alias": [["first"], ["outer", 0]]}}}},
    ),
    "default": (
        Open,
        {
            "schema": {
                "fields": {"text": {"schema": {"type": "default", "schema": {"type": "str"}}}}
            }
        },
    ),
    "other members": (Open, {"schema": {"extras_schema": INT}}),
    "configuration": (Open, {"config": {"str_to_lower": True}}),
    "model validators": (
        Checked,
        {
            "type": "function-after",
            "schema": {"type": "model", "schema": {"type": "function-before"}},
        },
    ),
    "root model": (
        RootModel[list[int]],
        {"type": "model", "root_model": True, "schema": {"type": "list", "items_schema": INT}},
    ),
    "recursive model": (
        Tree,
        {
            "type": "definitions",
            "schema": {"type": "definition-ref", "schema_ref": ANY},
            "definitions": [{"type": "model", "ref": ANY}],
        },
    ),
    "tagged union": (
        Annotated[Cat | Dog, Field(discriminator="kind")],
        {
            "type": "tagged-union",
            "discriminator": "kind",
            "choices": {"cat": {"type": "model"}, "dog": {"type": "model"}},
        },
    ),
    "union": (int | str, {"type": "union", "choices": [INT, {"type": "str"}]}),
    "nullable": (int | None, {"type": "nullable", "schema": INT}),
    "text": (
        Annotated[str, Field(min_length=1, max_length=2, pattern="a")],
        {"type": "str", "min_length": 1, "max_length": 2, "pattern": "a"},
    ),
    "list": (
        Annotated[list[int], Field(min_length=1, max_length=2)],
        {"type": "list", "items_schema": INT, "min_length": 1, "max_length": 2},
    ),
    "set": (set[int], {"type": "set", "items_schema": INT}),
    "frozenset": (frozenset[int], {"type": "frozenset", "items_schema": INT}),
    "tuple": (tuple[int, ...], {"type": "tuple", "items_schema": [INT], "variadic_item_index": 0}),
    "dict": (
        dict[str, int],
        {"type": "dict", "keys_schema": {"type": "str"}, "values_schema": INT},
    ),
    "literal": (Literal[1, "a"], {"type": "literal", "expected": [1, "a"]}),
    "enum": (Color, {"type": "enum", "members": [Color.RED]}),
    "anything": (Any, {"type": "any"}),
    "dataclass": (
        Point,
        {
            "type": "dataclass",
            "schema": {"type": "dataclass-args", "fields": [{"name": "x", "schema": INT}]},
        },
    ),
    "typed dict": (Movie, {"type": "typed-dict", "fields": {"year": {"schema": INT}}}),
    "before": (Annotated[int, BeforeValidator(abs)], around("function-before")),
    "after": (Annotated[int, AfterValidator(abs)], around("function-after")),
    "wrap": (
        Annotated[int, WrapValidator(lambda value, handler: handler(value))],
        around("function-wrap"),
    ),
    "JSON in a string": (Json[int], {"type": "json", "schema": INT}),
    "marker": (
        Annotated[str, Atomic],
        {"type": "str", "metadata": {"partialstream": {"atomic"}}},
    ),
}


def differences(expected: Any, found: Any, path: str) -> list[str]:
    """Where a node is not as it is expected; more in it does not matter."""
    if expected is ANY:
        return []
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        lines = []
        for key, value in expected.items():
            if key in found:
                lines += differences(value, found[key], f"{path}[{key!r}]")
            else:
                lines.append(f"{path} has no {key!r}, but {sorted(found)}")
        return lines
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [line for n, (a, b) in pairs for line in differences(a, b, f"{path}[{n}]")]
    return [] if expected == found else [f"{path} is {found!r}, not {expected!r}"]


@pytest.mark.parametrize("name", NODES)
def test_a_node_of_the_core_schema(name: str) -> None:
    type_, expected = NODES[name]
    found = differences(expected, TypeAdapter(type_).core_schema, "schema")
    assert not found, f"{__doc__}\n{name}: " + "; ".join(found)


def test_a_validator_that_looks_at_other_fields() -> None:
    schema: Any = TypeAdapter(Checked).core_schema
    while schema["type"] != "model-fields":
        schema = schema["schema"]
    field = schema["fields"]["number"]["schema"]
    found = differences(around("function-after", "with-info"), field, "schema")
    assert not found, f"{__doc__}\n" + "; ".join(found)


def test_the_slots_of_a_model() -> None:
    """Snapshots are written into them; see `partialstream/validation/snapshots.py`."""
    slots = {
        "__dict__",
        "__pydantic_fields_set__",
        "__pydantic_extra__",
        "__pydantic_private__",
    }
    assert slots == {*BaseModel.__slots__}
    assert all(hasattr(BaseModel.__dict__[slot], "__set__") for slot in slots)
    assert set(Plain(number=1).__dict__) == {"number"}
    open_ = Open.model_validate({"Aliased": 1, "first": 2, "more": 3})
    assert (open_.__pydantic_extra__, open_.__pydantic_private__) == ({"more": 3}, None)
