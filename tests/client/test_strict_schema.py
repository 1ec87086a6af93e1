"""The oracle here is a second, independent statement of the rules: `broken_rules`."""

from __future__ import annotations

import copy
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, TypeAdapter, create_model

from partialstream.client.schema import LooseSchemaError, inline_root, strict_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = {
    *("type", "title", "description", "enum", "const", "$ref", "$defs", "anyOf", "properties"),
    *("required", "additionalProperties", "items", "pattern", "format", "multipleOf"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"),
}


def broken_rules(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    """The rules of strict mode that a schema breaks."""
    yield from (f"word {word}" for word in schema.keys() - WORDS)
    if not schema.keys() & {"type", "$ref", "anyOf"}:
        yield f"no type: {schema}"
    if "$ref" in schema:
        if len(schema) > 1:
            yield "a reference has neighbours"
        if schema["$ref"].removeprefix("#/$defs/") not in definitions:
            yield f"dangling reference {schema['$ref']}"
    if schema.get("type") == "object":
        if schema["additionalProperties"] is not False:
            yield "open object"
        if schema["required"] != list(schema["properties"]):
            yield "optional property"
    children = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    children += schema.get("anyOf", [])
    if schema.get("type") == "array":
        children.append(schema["items"])
    for child in children:
        yield from broken_rules(child, definitions)


def assert_strict(schema: dict[str, Any]) -> None:
    assert schema["type"] == "object"
    assert list(broken_rules(schema, schema.get("$defs", {}))) == []


class Colour(Enum):
    RED = "red"
    TWO = 2


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]


class Node(BaseModel):
    """A node."""

    children: list[Annotated[Node, Field(description="a child")]] = []


class Plain(BaseModel):
    """A docstring."""

    name: str
    size: float = Field(description="in metres", gt=0)
    parts: list[Cat]
    day: date
    key: UUID
    maybe: int | None = None
    choice: Cat | Dog
    next: Plain | None = None


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    a: int


@pytest.mark.parametrize("model", [Plain, Closed, Dog])
def test_where_the_sdk_makes_a_schema_that_is_taken_ours_is_the_same(model: type) -> None:
    theirs = openai.pydantic_function_tool(model)["function"]["parameters"]
    assert strict_schema(model.model_json_schema()) == theirs


def member(annotation: Any, default: Any = ...) -> dict[str, Any]:
    """The strict schema of a member, without the title that pydantic gives it."""
    made = strict_schema(create_model("M", x=(annotation, default)).model_json_schema())
    assert_strict(made)
    x = dict(made["properties"]["x"])
    x.pop("title", None)
    return x


@pytest.mark.parametrize(
    ("annotation", "default", "expected"),
    [
        (int, 4, {"type": "integer", "description": "(default: 4)"}),
        (str, Field("ä", description="A word."), "A word. (default: \"ä\")"),
        (int | None, None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (set[int], ..., "(uniqueItems: true)"),
        (Annotated[str, Field(min_length=1, max_length=9)], ..., "(minLength: 1, maxLength: 9)"),
        (Annotated[str, Field(pattern="^a+$")], ..., {"type": "string", "pattern": "^a+$"}),
        (AnyUrl, ..., '(minLength: 1, format: "uri")'),
        (bytes, ..., '(format: "binary")'),
        (date, ..., {"type": "string", "format": "date"}),
        (Annotated[int, Field(ge=0, lt=9, multiple_of=3)], ...,
         {"type": "integer", "minimum": 0, "exclusiveMaximum": 9, "multipleOf": 3}),
        (Annotated[list[int], Field(min_length=2)], ...,
         {"type": "array", "items": {"type": "integer"}, "minItems": 2}),
        (Literal["a", 1, None], ...,
         {"enum": ["a", 1, None], "type": ["string", "integer", "null"]}),
        (Annotated[str, Field(examples=["a"])], ..., '(examples: ["a"])'),
        (Annotated[str, Field(json_schema_extra={"x-mine": 1})], ..., {"type": "string"}),
        (Annotated[str, Field(deprecated=True)], ..., {"type": "string"}),
    ],
)  # fmt: skip
def test_a_member_keeps_what_is_taken_and_tells_the_rest(
    annotation: Any, default: Any, expected: dict[str, Any] | str
) -> None:
    made = member(annotation, default)
    if isinstance(expected, str):
        assert made["description"] == expected
    else:
        assert made == expected


def test_a_pattern_that_looks_around_is_told() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string", "pattern": "(?!a)b"}}}
    escaped = {"type": "object", "properties": {"x": {"type": "string", "pattern": r"\(?=a"}}}
    assert strict_schema(schema)["properties"]["x"] == {
        "type": "string",
        "description": '(pattern: "(?!a)b")',
    }
    assert strict_schema(escaped)["properties"]["x"]["pattern"] == r"\(?=a"


def test_a_member_may_have_the_name_of_a_schema_word() -> None:
    fields: dict[str, Any] = dict.fromkeys(["default", "items", "anyOf", "format"], (int, ...))
    made = strict_schema(create_model("M", **fields).model_json_schema())
    assert_strict(made)
    assert list(made["properties"]) == ["default", "items", "anyOf", "format"]


def test_a_discriminated_union_becomes_a_plain_one() -> None:
    assert member(Annotated[Cat | Dog, Field(discriminator="kind")]) == {
        "anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]
    }


def test_a_described_reference_is_wrapped() -> None:
    assert member(Annotated[Cat, Field(description="the cat")]) == {
        "anyOf": [{"$ref": "#/$defs/Cat"}],
        "description": "the cat",
    }


def test_an_enum_of_several_types_names_them() -> None:
    made = strict_schema(create_model("M", x=(Colour, ...)).model_json_schema())
    assert made["$defs"]["Colour"]["type"] == ["string", "integer"]


def test_a_recursive_model_has_a_root_that_is_no_reference() -> None:
    made = strict_schema(Node.model_json_schema())
    assert_strict(made)
    assert made["description"] == "A node."
    assert made["properties"]["children"]["items"]["anyOf"] == [{"$ref": "#/$defs/Node"}]


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


@pytest.mark.parametrize(
    ("annotation", "where"),
    [
        (Any, r"M\.x may be anything"),
        (object, r"M\.x may be anything"),
        (list, r"M\.x\[\] may be anything"),
        (list[Any], r"M\.x\[\] may be anything"),
        (dict[str, int], r"M\.x may have members of any name"),
        (dict[str, int] | None, r"M\.x may have members of any name"),
        (list[dict[str, int]], r"M\.x\[\] may have members of any name"),
        (tuple[int, str], r"M\.x is a tuple"),
        (tuple[()], r"M\.x is a list of anything"),
        (Open, r"Open may have members of any name"),
    ],
)
def test_what_has_no_words_in_strict_mode_is_loose(annotation: Any, where: str) -> None:
    schema = create_model("M", x=(annotation, ...)).model_json_schema()
    with pytest.raises(LooseSchemaError, match=where):
        strict_schema(schema)


@pytest.mark.parametrize(
    "part",
    [
        {"allOf": [{"type": "string"}, {"minLength": 1}]},
        {"not": {"type": "string"}},
        {"type": "string", "if": {"const": "a"}, "then": {}},
        {"type": "array", "items": True},
        {"enum": [[1], {"a": 1}]},
    ],
)
def test_words_that_users_add_by_hand_may_make_it_loose(part: dict[str, Any]) -> None:
    with pytest.raises(LooseSchemaError, match=r"\(root\)\.x"):
        strict_schema({"type": "object", "properties": {"x": part}})


LEAVES = st.sampled_from(
    [str, int, float, bool, None, date, Decimal, UUID, AnyUrl, Colour, Cat, Plain, Literal["a", 2]]
)
TYPES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda t: list[t]),
        inner.map(lambda t: t | None if t else t),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1] if all(pair) else pair[0]),
        st.tuples(inner, st.booleans()).map(
            lambda pair: create_model("N", a=(pair[0], ...), b=(int, 1 if pair[1] else ...))
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(TYPES)
def test_any_closed_type_has_a_strict_schema(type_: Any) -> None:
    schema = create_model("M", x=(type_, ...)).model_json_schema()
    before = copy.deepcopy(schema)
    made = strict_schema(schema)
    assert_strict(made)
    assert schema == before
    assert strict_schema(made) == made


def test_the_schema_given_is_not_changed_nor_shared() -> None:
    schema = TypeAdapter(Plain).json_schema()
    before = copy.deepcopy(schema)
    inline_root(schema)
    made = strict_schema(schema)
    made["$defs"]["Cat"]["properties"]["kind"]["const"] = "changed"
    assert schema == before
