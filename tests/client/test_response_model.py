from __future__ import annotations

import collections.abc
import sys
import typing
from collections.abc import AsyncIterable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union

import instructor
import pytest
from annotated_types import Len
from pydantic import BaseModel, RootModel, TypeAdapter
from typing_extensions import TypeAliasType, TypedDict

from partialstream.client.response_model import (
    Partial,
    ResponseShape,
    items_shape,
    object_shape,
    response_shape,
    unwrap_partial,
)


class Product(BaseModel):
    name: str


class Service(BaseModel):
    hours: int


@dataclass
class Row:
    n: int


class Entry(TypedDict):
    n: int


Products = TypeAliasType("Products", list[Product])


@pytest.mark.parametrize(
    ("spelling", "container"),
    [
        (Iterable[Product], list),
        (typing.Iterable[Product], list),  # as users of older code spell it
        (Iterator[Product], list),
        (collections.abc.Collection[Product], list),
        (collections.abc.MutableSequence[Product], list),
        (Sequence[Product], list),
        (AsyncIterable[Product], list),
        (list[Product], list),
        (typing.List[Product], list),  # noqa: UP006  # as users of older code spell it
        (tuple[Product, ...], tuple),
        (Products, list),
        (Iterable[Partial[Product]], list),
        (Iterable[instructor.Partial[Product]], list),
    ],
)
def test_what_is_spelled_by_its_items_asks_for_items(spelling: Any, container: type) -> None:
    assert response_shape(spelling) == ResponseShape("items", Product, container)


@pytest.mark.parametrize(
    "item",
    [
        Product | Service,
        Annotated[Product | Service, "a mark"],
        Row,
        Entry,
        int,
        list[int],
        Literal["a", "b"],
        int | None,
        Any,
    ],
)
def test_an_item_may_be_of_any_type(item: Any) -> None:
    assert response_shape(Iterable[item]) == ResponseShape("items", item)
    assert items_shape(item) == ResponseShape("items", item)


@pytest.mark.parametrize(
    "model",
    [
        Product,
        Product | Service,
        Union[Product, Service],  # noqa: UP007  # as users of older code spell it
        Row,
        Entry,
        int,
        str,
        dict[str, int],
        set[int],
        tuple[int, str],
        list[int] | None,
        Annotated[list[int], Len(2)],
    ],
)
def test_everything_else_asks_for_one_object(model: Any) -> None:
    assert response_shape(model) == ResponseShape("object", model)
    assert object_shape(model) == ResponseShape("object", model)


@pytest.mark.parametrize(
    ("spelling", "type_"),
    [
        (Partial[Product], Product),
        (instructor.Partial[Product], Product),
        (Partial[Product | Service], Product | Service),
        (Partial[list[Product]], list[Product]),
        (Partial[Iterable[Product]], list[Product]),
        (Partial[tuple[Product, ...]], tuple[Product, ...]),
        (Partial[Products], list[Product]),
    ],
)
def test_partial_asks_for_one_object_that_grows(spelling: Any, type_: Any) -> None:
    assert response_shape(spelling) == ResponseShape("object", type_)
    assert object_shape(spelling) == ResponseShape("object", type_)


def test_one_object_may_be_a_list_that_grows_as_a_whole() -> None:
    assert object_shape(list[Product]) == ResponseShape("object", list[Product])
    assert object_shape(Sequence[Product]) == ResponseShape("object", list[Product])


def test_items_may_be_lists_but_nothing_in_json_is_an_iterable() -> None:
    assert items_shape(list[float]).type_ == list[float]
    assert items_shape(Iterable[Product]) == ResponseShape("items", Product)
    assert items_shape(Partial[Product]).type_ is Product


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (list[Product], "Product"),
        (typing.List[Product], "Product"),  # noqa: UP006  # as users of older code spell it
        (Sequence[Product], "Product"),
        (tuple[Row, ...], "Row"),
        (list[Entry], "Entry"),
        (list[Product | Service], "Product | Service"),
        (Partial[list[Product]], "Product"),
        (list[Product | None], "Product | None"),
    ],
)
def test_a_list_of_objects_is_not_what_an_item_is_meant_to_be(wrong: Any, right: str) -> None:
    with pytest.raises(TypeError) as caught:
        items_shape(wrong)
    message = str(caught.value)
    assert f"for items that are objects write response_model={right}, " in message
    assert "test_response_model" not in message


Cells = TypeAliasType("Cells", list[Product])


class Rows(RootModel[list[Product]]): ...


@pytest.mark.parametrize(
    ("spelling", "type_"),
    [
        (Iterable[list[Product]], list[Product]),
        (Cells, list[Product]),
        (Rows, Rows),
        (Annotated[list[Product], Len(2)], Annotated[list[Product], Len(2)]),
        (list[list[Product]], list[list[Product]]),
        (tuple[Product, Service], tuple[Product, Service]),
        (dict[str, Product], dict[str, Product]),
    ],
)
def test_items_that_are_lists_of_objects_are_spelled_otherwise(spelling: Any, type_: Any) -> None:
    assert items_shape(spelling) == ResponseShape("items", type_)


def test_partial_keeps_what_else_the_type_is_annotated_with() -> None:
    assert unwrap_partial(Partial[Annotated[list[int], Len(2)]]) == Annotated[list[int], Len(2)]
    assert unwrap_partial(Annotated[int, "a mark"]) == Annotated[int, "a mark"]


def test_partial_is_the_type_itself_to_pydantic() -> None:
    assert TypeAdapter(Partial[Product]).validate_python({"name": "a"}) == Product(name="a")


@pytest.mark.parametrize("read", [response_shape, items_shape, object_shape])
@pytest.mark.parametrize(
    ("model", "message"),
    [
        (None, "response_model is None"),
        ("Product", "not its name 'Product'"),
        (list, "write list\\[Product\\]"),
        (typing.List, "write list\\[Product\\]"),  # noqa: UP006  # as users of older code spell it
        (Iterable, "write list\\[Product\\]"),
        (Partial, "leaves ~T open"),
    ],
)
def test_what_is_no_type_is_refused(read: Any, model: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        read(model)


def test_a_name_instead_of_the_items_type_is_refused() -> None:
    with pytest.raises(TypeError, match="not its name 'Product'"):
        response_shape(list["Product"])


def test_types_with_unhashable_annotations_are_read() -> None:
    model = Annotated[int, ["unhashable"]]
    assert response_shape(model).type_ is model


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the type statement came with Python 3.12")
def test_the_type_statement_is_looked_through() -> None:
    names: dict[str, Any] = {"Product": Product}
    exec("type Products = list[Product]", names)
    assert response_shape(names["Products"]) == ResponseShape("items", Product)
