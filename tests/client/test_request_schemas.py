from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

import pydantic.dataclasses
import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, TypeAdapter
from typing_extensions import NotRequired, TypedDict

from partialstream.client.response_model import ResponseShape, response_shape
from partialstream.client.schema import RequestSchema, request_schema, type_name

T = TypeVar("T")


class Product(BaseModel):
    """Something for sale."""

    name: str
    price: float


class Service(BaseModel):
    hours: int


class Page(BaseModel, Generic[T]):
    entries: list[T]


class Node(BaseModel):
    children: list[Node]


class Products(RootModel[list[Product]]):
    """All products."""


class Either(RootModel[Product | Service]):
    pass


@pydantic.dataclasses.dataclass
class Row:
    """A row."""

    n: int


@dataclass
class Undocumented:
    n: int


class Entry(TypedDict):
    n: int


class Sparse(TypedDict):
    n: NotRequired[int]


class Tagged(BaseModel):
    tags: list[str] = Field(default_factory=list)


class Odd(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    mark: Any = object()  # has no JSON form


def made(model: Any) -> RequestSchema:
    return request_schema(response_shape(model))


@pytest.mark.parametrize(
    ("model", "name", "path"),
    [
        (Product, "Product", ()),
        (Node, "Node", ()),
        (Page[Product], "Page_Product", ()),
        (Row, "Row", ()),
        (Entry, "Entry", ()),
        (dict[str, int], "DictStrInt", ()),
        (Annotated[Product, "a mark"], "Product", ()),
        (list[Product], "ProductList", ("items",)),
        (tuple[Product, ...], "ProductList", ("items",)),
        (list[Node], "NodeList", ("items",)),
        (list[Product | Service], "ProductOrServiceList", ("items",)),
        (list[int], "IntList", ("items",)),
        (list[list[int]], "IntListList", ("items",)),
        (list[int | None], "IntOrNoneList", ("items",)),
        (list[Literal["a", "b"]], "LiteralList", ("items",)),
        (int, "IntValue", ("value",)),
        (None | int, "NoneOrIntValue", ("value",)),
        (Product | Service, "ProductOrServiceValue", ("value",)),
        (Products, "ProductsValue", ("value",)),
        (Either, "EitherValue", ("value",)),
        (set[int], "SetIntValue", ("value",)),
    ],
)
def test_a_schema_is_named_after_the_type_and_says_where_the_payload_is(
    model: Any, name: str, path: tuple[str, ...]
) -> None:
    schema = made(model)
    assert (schema.name, schema.path) == (name, path)
    assert schema.schema["type"] == "object"
    assert "$ref" not in schema.schema
    if path:
        assert list(schema.schema["properties"]) == [path[0]]
        assert schema.schema["required"] == [path[0]]


@pytest.mark.parametrize(
    ("model", "answer", "value"),
    [
        (Product, '{"name":"a","price":1}', Product(name="a", price=1)),
        (list[Product], '{"items":[{"name":"a","price":1}]}', [Product(name="a", price=1)]),
        (Products, '{"value":[]}', Products([])),
        (Row, '{"n":1}', Row(1)),
    ],
)
def test_what_stands_at_the_path_is_what_was_asked_for(model: Any, answer: str, value: Any) -> None:
    document = TypeAdapter(Any).validate_json(answer)
    for step in made(model).path:
        document = document[step]
    assert TypeAdapter(model).validate_python(document) == value


@pytest.mark.parametrize(
    ("model", "description"),
    [
        (Product, "Something for sale."),
        (Row, "A row."),
        (Undocumented, None),
        (Service, None),
        (list[Product], None),
        (Products, None),
    ],
)
def test_a_docstring_becomes_the_description(model: Any, description: str | None) -> None:
    assert made(model).description == description


def test_the_docstring_of_an_item_stays_with_the_item() -> None:
    schema = made(list[Product]).schema
    assert schema["$defs"]["Product"]["description"] == "Something for sale."


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (dict[str, int], "(root) may have members of any name"),
        (list[dict[str, int]], "DictStrIntList.items[] may have members of any name"),
        (list[Any], "AnyList.items[] may be anything"),
        (tuple[int, str], "TupleIntStrValue.value is a tuple with a type for each place"),
        (Odd, "Odd.mark may be anything"),
        (Sparse, "Sparse.n may be absent"),
        (list[Sparse], "Sparse.n may be absent"),
    ],
)
def test_what_strict_mode_cannot_say_makes_a_loose_schema_with_a_reason(
    model: Any, reason: str
) -> None:
    schema = made(model)
    assert (schema.strict, schema.loose) == (False, reason)
    assert "x-may-be-absent" not in repr(schema.schema)


def test_a_loose_schema_is_pydantics_own() -> None:
    assert made(Odd).schema == {
        "properties": {"mark": {"title": "Mark"}},
        "title": "Odd",
        "type": "object",
    }
    assert made(Sparse).schema == TypeAdapter(Sparse).json_schema()


def test_a_member_with_a_default_is_asked_for_always() -> None:
    schema = made(Tagged)
    assert (schema.strict, schema.loose) == (True, None)
    assert schema.schema["required"] == ["tags"]


class Unknown:
    pass


class Holder:
    class Inner:
        pass


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Unknown, "no JSON schema for Unknown: Unable to generate"),
        (Holder.Inner, r"no JSON schema for Holder\.Inner"),
        (list[Unknown], "no JSON schema for Unknown"),
        (Callable[[int], int], r"no JSON schema for .*Callable\[\[int\], int\]: Cannot generate"),
        (list[Callable[[int], int]], "no JSON schema for"),
        (Product(name="a", price=1), r"no JSON schema for Product\(name='a', price=1.0\)"),
        (list["Unknown | Nowhere"], "not its name"),  # noqa: F821  # the point
    ],
)
def test_a_type_without_a_schema_is_named(model: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message) as caught:
        made(model)
    assert "errors.pydantic.dev" not in str(caught.value)


def test_a_forward_reference_that_leads_nowhere_is_named() -> None:
    class Broken(BaseModel):
        other: Nowhere  # noqa: F821  # the point

    with pytest.raises(TypeError, match="Broken"):
        made(Broken)


def test_a_schema_is_made_once_for_a_type() -> None:
    assert made(list[Product]) is made(list[Product])
    assert made(Product) is not made(list[Product])


def test_types_with_unhashable_annotations_get_a_schema() -> None:
    model = Annotated[int, Field(gt=0), ["unhashable"]]
    with pytest.raises(TypeError, match="unhashable"):
        hash(ResponseShape("object", model))
    assert made(model).schema["properties"]["value"]["exclusiveMinimum"] == 0


@pytest.mark.parametrize("length", [1, 60, 61, 64, 65, 200])
@pytest.mark.parametrize("kind", ["items", "object"])
def test_a_name_is_one_that_the_provider_takes(length: int, kind: Any) -> None:
    model = type("N" * length, (Product,), {})
    name = request_schema(ResponseShape(kind, model)).name
    assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", name)
    assert name.endswith("List") == (kind == "items")


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        (type("Größe", (), {}), "Gr_e"),
        (type("_Hidden", (), {}), "Hidden"),
        (type("product", (), {}), "product"),
        (type("数", (), {}), ""),
        (dict[str, list[int]], "DictStrIntList"),
    ],
)
def test_a_types_name_is_kept_as_far_as_the_provider_takes_it(type_: Any, name: str) -> None:
    assert type_name(type_) == name


def test_a_type_without_a_usable_name_gets_one() -> None:
    nameless = type("数", (Product,), {})
    assert made(nameless).name == "Answer"
    assert made(list[nameless]).name == "ItemList"


def test_members_are_asked_for_by_the_names_that_they_are_read_from() -> None:
    class ByAlias(BaseModel):
        size: int = Field(alias="sizeInMetres")

    assert list(made(ByAlias).schema["properties"]) == ["sizeInMetres"]


@pytest.mark.skipif(
    tuple(map(int, pydantic.VERSION.split(".")[:2])) < (2, 14),
    reason="older pydantic writes the alias into the schema even where it does not read it",
)
def test_an_alias_that_is_not_read_is_not_asked_for() -> None:
    class ByName(BaseModel):
        model_config = ConfigDict(validate_by_name=True, validate_by_alias=False)

        size: int = Field(alias="sizeInMetres")

    assert list(made(ByName).schema["properties"]) == ["size"]
