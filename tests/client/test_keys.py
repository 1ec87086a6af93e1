"""`key=` by name: refused where no item can have it, found by all names that a field has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from client_runs import ASK, CALLERS, Caller, async_sdk, sync_sdk
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, RootModel, computed_field
from typing_extensions import TypedDict

from partialstream import from_openai
from partialstream.client.options.key import FieldKey, read_key
from partialstream.testing import Answer, ReplayServer


class Product(BaseModel):
    name: str
    number: int = Field(default=0, alias="id")

    @property
    def label(self) -> str:
        return self.name.upper()

    @computed_field
    def size(self) -> int:
        return len(self.name)


class Service(BaseModel):
    hours: int
    id: int = 0


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


class Choices(BaseModel):
    price: int = Field(validation_alias=AliasChoices("cost", "price_eur"))


class Wrapped(RootModel[Product]): ...


class Entry(TypedDict, total=False):
    name: str


@dataclass
class Row:
    name: str


class Pair(NamedTuple):
    one: int


REFUSED = [
    (Product, "nope", "its fields are 'name', 'number', 'id'"),
    (Product, "nam", "did you mean 'name'?"),
    (Product | Service, "minutes", "its fields are"),
    (Annotated[Product | Service, "a mark"], "hour", "did you mean 'hours'?"),
    (Entry, "nmae", "did you mean 'name'?"),
    (Row, "title", "its fields are 'name'"),
    (Wrapped, "root", "its fields are"),
    (int, "name", "it has no fields"),
    (list[float], "name", "it has no fields"),
    (Literal["a", "b"], "name", "it has no fields"),
    (str | None, "name", "it has no fields"),
]


@pytest.mark.parametrize("sdk", [sync_sdk(), async_sdk()])
@pytest.mark.parametrize(("type_", "key", "message"), REFUSED)
@pytest.mark.parametrize("retries", [0, 2])
def test_a_key_that_no_item_can_have_is_refused_at_once(
    sdk: Any, type_: Any, key: str, message: str, retries: int
) -> None:
    with pytest.raises(ValueError, match=f"^key='{key}' is not a field of the items") as caught:
        from_openai(sdk).create_iterable(response_model=type_, key=key, max_retries=retries, **ASK)
    assert message in str(caught.value)


ACCEPTED = [
    (Product, "name", Product(name="a", id=7), "a", '{"name":"a"}', "a"),
    (Product, "id", Product(name="a", id=7), 7, '{"id":7}', 7),
    (Product, "number", Product(name="a", id=7), 7, '{"id":7}', 7),
    (Product, "label", Product(name="a"), "A", '{"name":"a"}', None),
    (Product, "size", Product(name="ab"), 2, '{"name":"ab"}', None),
    (Product | Service, "id", Product(name="a", id=7), 7, '{"id":7}', 7),
    (Product | Service, "id", Service(hours=1, id=8), 8, '{"id":8}', 8),
    (Product | Service, "hours", Product(name="a"), None, '{"name":"a"}', None),
    (Choices, "price", Choices(cost=1), 1, '{"price_eur":1}', 1),
    (Choices, "cost", Choices(cost=1), 1, '{"price_eur":1}', 1),
    (Open, "whatever", Open(name="a", whatever=1), 1, '{"whatever":1}', 1),
    (Wrapped, "id", Wrapped(Product(name="a", id=7)), 7, '{"id":7}', 7),
    (Entry, "name", {"name": "a"}, "a", '{"name":"a"}', "a"),
    (Entry, "name", {}, None, "{}", None),
    (Row, "name", Row("a"), "a", '{"name":"a"}', "a"),
    (Pair, "one", Pair(1), 1, "[1]", None),
    (dict[str, int], "any", {"any": 1}, 1, '{"any":1}', 1),
    (Any, "any", {"any": 1}, 1, '{"any":[1]}', None),
    (int | Product, "name", 3, None, "3", None),
]


@pytest.mark.parametrize(("type_", "key", "value", "expected", "raw", "in_text"), ACCEPTED)
def test_where_a_key_is_found(
    type_: Any, key: str, value: Any, expected: Any, raw: str, in_text: Any
) -> None:
    read = read_key(key, type_)
    assert isinstance(read, FieldKey)
    assert (read.of(value), read.in_text(raw)) == (expected, in_text)


def test_a_function_is_taken_as_it_is() -> None:
    assert read_key(len, Product) is len
    assert read_key(None, Product) is None


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("key", ["id", "number"])
def test_a_resumed_list_is_known_by_an_alias(caller: Caller, key: str) -> None:
    cut = Answer(
        '{"items":[{"name":"Lamp","id":1},{"name":"Rug","id":2},{"na', finish_reason="length"
    )
    again = '{"items":[{"name":"Rug!","id":2},{"name":"Bed","id":3}]}'
    with ReplayServer([cut, again]) as server:
        run = caller(server).read("create_iterable", response_model=Product, key=key, max_retries=1)
    assert run.error is None
    assert [each.name for each in run.values] == ["Lamp", "Rug", "Bed"]


@pytest.mark.parametrize("caller", CALLERS)
def test_a_union_of_which_one_has_the_key(caller: Caller) -> None:
    cut = Answer('{"items":[{"name":"Lamp","id":1},{"hours":2},{"na', finish_reason="length")
    again = '{"items":[{"hours":2},{"name":"Bed","id":3}]}'
    with ReplayServer([cut, again]) as server:
        run = caller(server).read(
            "create_iterable", response_model=Product | Service, key="name", max_retries=1
        )
    assert run.error is None
    assert [type(each).__name__ for each in run.values][:2] == ["Product", "Service"]
    assert run.values[-1].name == "Bed"
