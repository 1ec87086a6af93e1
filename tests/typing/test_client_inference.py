"""What type checkers take the clients' answers for. Checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, RootModel
from typing_extensions import TypedDict, assert_type

from partialstream import (
    AsyncClient,
    AsyncItemStream,
    AsyncPartialStream,
    Client,
    Item,
    ItemStream,
    Partial,
    PartialStream,
    from_instructor,
    from_openai,
    from_provider,
)

if TYPE_CHECKING:
    from instructor import AsyncInstructor, Instructor
    from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI


class Product(BaseModel):
    name: str


class Service(BaseModel):
    hours: int


class Products(RootModel[list[Product]]): ...


class Size(TypedDict):
    width: int


class Point(NamedTuple):
    x: int


@dataclass
class Row:
    number: int


class Color(Enum):
    RED = "red"


def clients(
    openai: OpenAI, azure: AzureOpenAI, async_openai: AsyncOpenAI, async_azure: AsyncAzureOpenAI
) -> None:
    assert_type(from_openai(openai), Client)
    assert_type(from_openai(azure, mode="tools"), Client)
    assert_type(from_openai(async_openai), AsyncClient)
    assert_type(from_openai(async_azure, mode="tools"), AsyncClient)
    assert_type(from_openai(openai).chat.completions.create(response_model=Product), Product)


def clients_by_instructor(instructor: Instructor, async_instructor: AsyncInstructor) -> None:
    assert_type(from_instructor(instructor), Client)
    assert_type(from_instructor(async_instructor), AsyncClient)
    assert_type(from_provider("openai/gpt-5"), Client)
    assert_type(from_provider("anthropic/claude-sonnet-4-5", async_client=True), AsyncClient)


async def with_completion(client: Client, async_client: AsyncClient) -> None:
    assert_type(client.create_with_completion(response_model=Product), tuple[Product, Any])
    assert_type(client.create_with_completion(response_model=int), tuple[int, Any])
    assert_type(
        client.create_with_completion(response_model=list[Product]), tuple[list[Product], Any]
    )
    assert_type(
        await async_client.create_with_completion(response_model=Product), tuple[Product, Any]
    )


def whole_objects(client: Client) -> None:
    assert_type(client.create(response_model=Product), Product)
    assert_type(client.create(response_model=Product, stream=False), Product)
    assert_type(client.create(response_model=Partial[Product]), Product)
    assert_type(client.create(response_model=Products), Products)
    assert_type(client.create(response_model=Size), Size)
    assert_type(client.create(response_model=Point), Point)
    assert_type(client.create(response_model=Row), Row)
    assert_type(client.create(response_model=Color), Color)
    assert_type(client.create(response_model=int), int)
    assert_type(client.create(response_model=str), str)
    assert_type(client.create(response_model=dict[str, int]), dict[str, int])
    assert_type(client.create(response_model=set[int]), set[int])


def growing_objects(client: Client) -> None:
    assert_type(client.create(response_model=Product, stream=True), PartialStream[Product])
    assert_type(client.create(response_model=Partial[Product], stream=True), PartialStream[Product])
    assert_type(client.create(response_model=Products, stream=True), PartialStream[Products])
    assert_type(client.create(response_model=Size, stream=True), PartialStream[Size])
    assert_type(client.create(response_model=Row, stream=True), PartialStream[Row])
    assert_type(client.create(response_model=Color, stream=True), PartialStream[Color])
    assert_type(client.create_partial(response_model=Product), PartialStream[Product])
    assert_type(client.create_partial(response_model=Partial[Product]), PartialStream[Product])
    assert_type(client.create_partial(response_model=Row), PartialStream[Row])
    assert_type(client.create_partial(response_model=list[int]), PartialStream[list[int]])
    with client.create_partial(response_model=Product) as stream:
        assert_type(stream, PartialStream[Product])
        for product in stream:
            assert_type(product, Product)
        assert_type(stream.final(), Product)


def lists(client: Client) -> None:
    assert_type(client.create(response_model=Iterable[Product]), list[Product])
    assert_type(client.create(response_model=Sequence[Product]), list[Product])
    assert_type(client.create(response_model=list[Product]), list[Product])
    assert_type(client.create(response_model=list[list[int]]), list[list[int]])
    assert_type(client.create(response_model=Iterable[Product | Service]), list[Product | Service])
    assert_type(client.create(response_model=tuple[Product, ...]), tuple[Product, ...])


def items(client: Client) -> None:
    assert_type(client.create(response_model=Iterable[Product], stream=True), ItemStream[Product])
    assert_type(client.create(response_model=Sequence[Product], stream=True), ItemStream[Product])
    assert_type(client.create(response_model=list[Product], stream=True), ItemStream[Product])
    assert_type(client.create(response_model=list[Row], stream=True), ItemStream[Row])
    assert_type(client.create(response_model=Iterable[int], stream=True), ItemStream[int])
    assert_type(
        client.create(response_model=Iterable[Product | Service], stream=True),
        ItemStream[Product | Service],
    )
    assert_type(client.create(response_model=tuple[Product, ...], stream=True), ItemStream[Product])
    assert_type(client.create_iterable(response_model=Product), ItemStream[Product])
    assert_type(client.create_iterable(response_model=Partial[Product]), ItemStream[Product])
    assert_type(client.create_iterable(response_model=Row), ItemStream[Row])
    assert_type(client.create_iterable(response_model=int), ItemStream[int])
    assert_type(client.create_iterable(response_model=list[float]), ItemStream[list[float]])
    for product in client.create_iterable(response_model=Product):
        assert_type(product, Product)
    with client.create(response_model=Iterable[Product], stream=True) as stream:
        for product in stream:
            assert_type(product, Product)
        for item in stream.detailed():
            assert_type(item, Item[Product])


def unions(client: Client) -> None:
    assert_type(client.create(response_model=Product | Service), Product | Service)
    assert_type(client.create(response_model=Annotated[Product | Service, 1]), Product | Service)
    assert_type(client.create(response_model=Product | None), Product | None)
    assert_type(client.create(response_model=Literal["a", "b"]), Literal["a", "b"])
    assert_type(client.create(response_model=tuple[int, str]), tuple[int, str])
    assert_type(client.create(response_model=Row | int), Row | int)
    assert_type(
        client.create(response_model=Product | Service, stream=True),
        PartialStream[Product | Service],
    )
    assert_type(client.create(response_model=Row | None, stream=True), PartialStream[Row | None])
    assert_type(
        client.create_iterable(response_model=Product | Service), ItemStream[Product | Service]
    )
    assert_type(client.create_iterable(response_model=Row | int), ItemStream[Row | int])
    assert_type(
        client.create_iterable(response_model=Literal["a", "b"]), ItemStream[Literal["a", "b"]]
    )
    assert_type(client.create_iterable(response_model=Iterable[Product]), ItemStream[Product])
    assert_type(client.create_partial(response_model=Row | None), PartialStream[Row | None])
    assert_type(
        client.create_with_completion(response_model=Product | Service),
        tuple[Product | Service, Any],
    )


def what_cannot_be_told(client: Client, streamed: bool) -> None:
    assert_type(client.create(response_model=Product, stream=streamed), Any)
    assert_type(client.create(response_model=list[Product], stream=streamed), Any)


async def async_answers(client: AsyncClient) -> None:
    coroutine = assert_type(client.create(response_model=Product), Coroutine[Any, Any, Product])
    assert_type(await coroutine, Product)
    assert_type(await client.create(response_model=Row), Row)
    assert_type(await client.create(response_model=str), str)
    assert_type(await client.create(response_model=list[Product]), list[Product])
    assert_type(await client.create(response_model=tuple[Product, ...]), tuple[Product, ...])
    assert_type(await client.create_partial(response_model=Row).final(), Row)


async def async_streams(client: AsyncClient, streamed: bool) -> None:
    assert_type(client.create_iterable(response_model=Product), AsyncItemStream[Product])
    assert_type(client.create_partial(response_model=Product), AsyncPartialStream[Product])
    assert_type(
        client.create(response_model=Iterable[Product], stream=True), AsyncItemStream[Product]
    )
    assert_type(
        await client.create(response_model=list[Product], stream=True), AsyncItemStream[Product]
    )
    assert_type(client.create(response_model=Product, stream=True), AsyncPartialStream[Product])
    assert_type(client.create(response_model=Row, stream=True), AsyncPartialStream[Row])
    assert_type(client.create(response_model=Product, stream=streamed), Any)
    async for product in client.create_iterable(response_model=Product):
        assert_type(product, Product)
    async for product in await client.create(response_model=Product, stream=True):
        assert_type(product, Product)
    async with client.create_iterable(response_model=Product) as stream:
        assert_type(stream, AsyncItemStream[Product])
        async for item in stream.detailed():
            assert_type(item, Item[Product])
    await client.chat.completions.create(response_model=Product)
