"""What type checkers take streams and parsers for. Checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel
from typing_extensions import TypedDict, assert_type

from partialstream import (
    AsyncItemStream,
    AsyncPartialStream,
    Atomic,
    Attempt,
    AttemptFailed,
    AttemptStarted,
    Change,
    Finished,
    Gate,
    Item,
    ItemParser,
    ItemRejected,
    ItemRepaired,
    ItemStream,
    Outcome,
    PartialParser,
    PartialStream,
    RejectedItem,
    Resumed,
    Snapshot,
    Span,
    TextDelta,
    Timing,
    Usage,
    WordWatch,
    astream_items,
    astream_partial,
    completeness,
    stream_items,
    stream_partial,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    Requests = AttemptStarted | AttemptFailed | Resumed
    ItemEvents = TextDelta | Item["Product"] | ItemRejected | ItemRepaired | Requests | Finished
    PartialEvents = TextDelta | Snapshot["Report"] | Change | Requests | Finished


class Product(BaseModel):
    name: str


class Report(BaseModel):
    title: Annotated[str, Atomic]
    number: Annotated[int, Gate]
    products: list[Product]


class Row(TypedDict):
    size: int


def items(chunks: list[Any]) -> None:
    stream = stream_items(Product, chunks)
    assert_type(stream, ItemStream[Product])
    assert_type(next(stream), Product)
    assert_type(stream.rejected, list[RejectedItem])
    for product in stream_items(Product, chunks, on_invalid="skip", path="a.b", strict=True):
        assert_type(product, Product)
    for item in stream.detailed():
        assert_type(item, Item[Product])
        assert_type(item.value, Product)
        assert_type(item.path, tuple[str | int, ...])
        assert_type(item.spans, Mapping[tuple[str | int, ...], Span])
    for event in stream.events():
        assert_type(event, ItemEvents)
    quoted = stream_partial(Report, chunks, source_text="text")
    assert_type(quoted.spans, Mapping[tuple[str | int, ...], Span])
    assert_type(quoted.raw, str | None)
    parser = ItemParser(Product, source_text="text")
    assert_type(parser.spans, list[dict[tuple[str | int, ...], Span]])
    with stream_items(Product, chunks, source_text="text") as opened:
        assert_type(opened, ItemStream[Product])
    assert_type(next(iter(stream)), Product)
    assert_type(list(stream_items(int, chunks)), list[int])
    assert_type(list(stream_items(Row, chunks)), list[Row])
    assert_type(list(stream_items(list[int], chunks)), list[list[int]])


def is_lamp(product: Product) -> bool:
    return product.name == "Lamp"


def is_anything(value: object) -> bool:
    return bool(value)


def ends_by_wish(chunks: list[Any], more: AsyncIterator[Any]) -> None:
    assert_type(stream_items(Product, chunks, take=3, stop_when=is_lamp), ItemStream[Product])
    assert_type(stream_items(Product, chunks, stop_when=is_anything), ItemStream[Product])
    assert_type(stream_items(int, chunks, stop_when=lambda number: number > 3), ItemStream[int])
    assert_type(
        stream_items(Product, chunks, stop_when=lambda product: product.name == "Lamp"),
        ItemStream[Product],
    )
    assert_type(astream_items(Product, more, stop_when=is_lamp), AsyncItemStream[Product])
    assert_type(
        stream_partial(Report, chunks, stop_when=lambda report: report.number > 3),
        PartialStream[Report],
    )
    assert_type(
        astream_partial(Report, more, stop_when=lambda report: len(report.products) > 3),
        AsyncPartialStream[Report],
    )
    watch = WordWatch("sorry")
    for event in stream_items(Product, chunks).events():
        if isinstance(event, TextDelta):
            assert_type(watch.feed(event.text, event.channel), list[str])


def what_a_stream_tells(stream: ItemStream[Product] | PartialStream[Report]) -> None:
    assert_type(stream.outcome, Outcome | None)
    assert_type(stream.usage, Usage | None)
    assert_type(stream.timing, Timing)
    assert_type(stream.attempts, list[Attempt])
    assert_type(stream.text, str)
    assert_type(stream.close(), None)


def growing(chunks: list[Any]) -> None:
    stream = stream_partial(Report, chunks)
    assert_type(stream, PartialStream[Report])
    for report in stream:
        assert_type(report, Report)
        assert_type(completeness(report, "title"), Literal["missing", "partial", "complete"])
    for event in stream.events():
        assert_type(event, PartialEvents)
    assert_type(stream.final(), Report)
    with stream_partial(Report, chunks) as opened:
        assert_type(opened, PartialStream[Report])


async def async_items(chunks: AsyncIterator[Any]) -> None:
    stream = astream_items(Product, chunks)
    assert_type(stream, AsyncItemStream[Product])
    assert_type(await stream, AsyncItemStream[Product])
    async for product in stream:
        assert_type(product, Product)
    async for product in await astream_items(Product, chunks):
        assert_type(product, Product)
    async for item in stream.detailed():
        assert_type(item, Item[Product])
    async for event in stream.events():
        assert_type(event, ItemEvents)
    async with astream_items(Product, chunks) as opened:
        assert_type(opened, AsyncItemStream[Product])
    assert_type(await stream.close(), None)
    assert_type([number async for number in astream_items(int, chunks)], list[int])


async def async_growing(chunks: AsyncIterator[Any]) -> None:
    stream = astream_partial(Report, chunks)
    assert_type(stream, AsyncPartialStream[Report])
    assert_type(await stream, AsyncPartialStream[Report])
    async for report in stream:
        assert_type(report, Report)
    async for event in stream.events():
        assert_type(event, PartialEvents)
    assert_type(await stream.final(), Report)


def parsers() -> None:
    parser = ItemParser(Product)
    assert_type(parser, ItemParser[Product])
    assert_type(parser.feed(""), list[Product])
    assert_type(parser.finish(), list[Product])
    assert_type(parser.rejected, list[RejectedItem])
    assert_type(parser.outcome, Outcome | None)
    assert_type(ItemParser(Row).feed(""), list[Row])
    assert_type(ItemParser(int, path=["a", 0], on_invalid="skip").feed(""), list[int])
    growing_parser = PartialParser(Report)
    assert_type(growing_parser, PartialParser[Report])
    assert_type(growing_parser.feed(""), Report | None)
    assert_type(growing_parser.finish(), Report)


@dataclass
class Point:
    x: int


def unions(chunks: list[Any], more: AsyncIterator[Any]) -> None:
    assert_type(stream_items(Product | Row, chunks), ItemStream[Product | Row])
    assert_type(stream_items(Product | None, chunks), ItemStream[Product | None])
    assert_type(stream_items(Literal["a", "b"], chunks), ItemStream[Literal["a", "b"]])
    assert_type(stream_items(Annotated[Product | Row, 1], chunks), ItemStream[Product | Row])
    assert_type(stream_items(tuple[int, str], chunks), ItemStream[tuple[int, str]])
    assert_type(astream_items(Product | Row, more), AsyncItemStream[Product | Row])
    assert_type(ItemParser(Product | Row), ItemParser[Product | Row])
    assert_type(stream_partial(Report | Product, chunks), PartialStream[Report | Product])
    assert_type(astream_partial(Report | None, more), AsyncPartialStream[Report | None])
    assert_type(PartialParser(Report | Product).finish(), Report | Product)
    stream = stream_items(Product | Row, chunks, stop_when=lambda each: isinstance(each, Product))
    for each in stream:
        assert_type(each, Product | Row)


def what_grows_beside_models(chunks: list[Any], more: AsyncIterator[Any]) -> None:
    assert_type(stream_partial(Row, chunks), PartialStream[Row])
    assert_type(stream_partial(Point, chunks), PartialStream[Point])
    assert_type(stream_partial(list[Product], chunks), PartialStream[list[Product]])
    assert_type(stream_partial(dict[str, int], chunks), PartialStream[dict[str, int]])
    assert_type(astream_partial(Row, more), AsyncPartialStream[Row])
    assert_type(PartialParser(Point), PartialParser[Point])


def what_is_iterated_over(stream: ItemStream[Product]) -> Iterator[Product]:
    return stream


def wrong_calls(chunks: list[Any]) -> None:
    # Each of these has to be refused: an ignore that nothing needs is an error, too.
    ItemParser(Product, on_invalid="drop")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    PartialParser(int)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    stream_items(Report, chunks, stop_when=is_lamp)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream_items(Product, chunks, limit=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
