"""What a pydantic type says about the JSON that it takes."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    AnyUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    PlainValidator,
    RootModel,
    TypeAdapter,
)
from pydantic_core import core_schema
from typing_extensions import TypedDict

from partialstream.engine.route import ANYTHING, Shape
from partialstream.validation.types import shape_of, shape_of_elements


class Plain(BaseModel):
    a: int
    b: str = ""


class Empty(BaseModel):
    pass


class Aliased(BaseModel):
    one: int = Field(alias="eins")
    two: int = Field(validation_alias=AliasChoices("zwei", AliasPath("zahlen", 2)))
    three: int = Field(serialization_alias="drei")


class ByName(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    one: int = Field(alias="eins")


class OnlyByName(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=False)
    one: int = Field(alias="eins")


class Tree(BaseModel):
    name: str
    children: list[Tree] = []


class Row(TypedDict):
    x: int


@dataclass
class Point:
    x: int
    y: int = 0


@dataclass
class Nothing:
    pass


class Colour(enum.Enum):
    RED = "red"
    ONE = 1
    NONE = None


class Cat(BaseModel):
    kind: Literal["cat"]
    purr: str


class Dog(BaseModel):
    kind: Literal["dog"]
    bark: str


@pytest.mark.parametrize(
    ("type_", "kinds", "names"),
    [
        (int, "number", set()),
        (float, "number", set()),
        (complex, "number string", set()),
        (Decimal, "number string", set()),
        (str, "string", set()),
        (bytes, "string", set()),
        (bool, "boolean", set()),
        (None, "null", set()),
        (date, "string", set()),
        (UUID, "string", set()),
        (AnyUrl, "string", set()),
        (Literal["a", 1, None, True, 1.5], "string number null boolean", set()),
        (Colour, "string number null", set()),
        (list[int], "array", set()),
        (tuple[int, str], "array", set()),
        (set[int], "array", set()),
        (frozenset[int], "array", set()),
        (dict[str, int], "object", None),
        (dict, "object", None),
        (Any, "object array string number boolean null", None),
        (object, "object array string number boolean null", None),
        (Json[int], "object array string number boolean null", None),
        (int | str, "number string", set()),
        (int | None, "number null", set()),
        (Plain | None, "object null", {"a", "b"}),
        (Plain, "object", {"a", "b"}),
        (Empty, "object", None),
        (Row, "object", {"x"}),
        (Point, "object", {"x", "y"}),
        (Nothing, "object", None),
        (Aliased, "object", {"eins", "zwei", "zahlen", "three"}),
        (ByName, "object", {"one", "eins"}),
        (OnlyByName, "object", {"one"}),
        (Tree, "object", {"name", "children"}),
        (Annotated[Cat | Dog, Field(discriminator="kind")], "object", {"kind", "purr", "bark"}),
        (Cat | dict[str, int], "object", None),
        (list[Tree] | Plain, "array object", {"a", "b"}),
        (RootModel[list[int]], "array", set()),
        (RootModel[Plain], "object", {"a", "b"}),
        (Annotated[int, Field(gt=0)], "number", set()),
        (Annotated[Plain, AfterValidator(lambda v: v)], "object", {"a", "b"}),
        (Annotated[Plain, BeforeValidator(lambda v: v)], "object", {"a", "b"}),
        (Annotated[Plain, PlainValidator(lambda v: v)], " ".join(sorted(ANYTHING.kinds)), None),
    ],
)
def test_kinds_and_names(type_: Any, kinds: str, names: set[str] | None) -> None:
    shape = shape_of(TypeAdapter(type_).core_schema)
    assert shape.kinds == set(kinds.split())
    assert shape.names == names


def test_the_first_step_of_a_chain_takes_the_json() -> None:
    schema = core_schema.chain_schema([core_schema.str_schema(), core_schema.int_schema()])
    assert shape_of(schema).kinds == {"string"}
    assert shape_of_elements(core_schema.chain_schema([core_schema.list_schema(schema)])) == Shape(
        frozenset({"string"}), frozenset()
    )


@pytest.mark.parametrize(
    ("type_", "kinds"),
    [
        (list[int], "number"),
        (list[Plain], "object"),
        (set[str], "string"),
        (frozenset[int | None], "number null"),
        (RootModel[list[str]], "string"),
        (RootModel[list[Tree]], "object"),
        (Annotated[list[int], AfterValidator(sum)], "number"),
        (list, " ".join(sorted(ANYTHING.kinds))),
        (tuple[int, str], " ".join(sorted(ANYTHING.kinds))),
        (list[int] | None, " ".join(sorted(ANYTHING.kinds))),
        (Any, " ".join(sorted(ANYTHING.kinds))),
        (Plain, None),
        (RootModel[Plain], None),
        (dict[str, int], None),
        (int, None),
    ],
)
def test_the_elements_of_an_array(type_: Any, kinds: str | None) -> None:
    shape = shape_of_elements(TypeAdapter(type_).core_schema)
    assert (None if shape is None else shape.kinds) == (
        None if kinds is None else set(kinds.split())
    )
