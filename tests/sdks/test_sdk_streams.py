"""Streams of the providers' SDKs, read as items and as growing objects, sync and async."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel
from sdks import Way, ways

import partialstream
from partialstream import IncompleteStreamError, ProviderError, Usage
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    # What aiohttp says of google-genai.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]

COUNT = 6


class Product(BaseModel):
    name: str
    number: int


class Report(BaseModel):
    title: str
    products: list[Product]


PRODUCTS = [Product(name=f"A product, with {n} \\ \"'s", number=n) for n in range(COUNT)]
TEXT = Report(title="Ours, 5 €", products=PRODUCTS).model_dump_json()


def read(way: Way, server: ReplayServer, how: str, use: Callable[[Any], Any] | None = None) -> Any:
    """Ask in one way, and read the stream as `how` says; gives the values and the stream."""
    if how.startswith("a"):
        return asyncio.run(_read_async(way, server, how, use))
    with ExitStack() as stack:
        opened = way.sync(server, stack)
        stream = _open(how, opened)
        values = []
        with stream:
            for value in stream:
                values.append(value)
                if use is not None and use(stream):
                    break
        return values, stream


async def _read_async(
    way: Way, server: ReplayServer, how: str, use: Callable[[Any], Any] | None
) -> Any:
    async with AsyncExitStack() as stack:
        stream = _open(how, await way.asynchronous(server, stack))
        values = []
        async with stream:
            async for value in stream:
                values.append(value)
                if use is not None and use(stream):
                    break
        return values, stream


def _open(how: str, opened: Any) -> Any:
    if how.endswith("items"):
        return getattr(partialstream, how)(Product, opened)
    return getattr(partialstream, how)(Report, opened)


items = pytest.mark.parametrize("how", ["stream_items", "astream_items"])
partials = pytest.mark.parametrize("how", ["stream_partial", "astream_partial"])


@ways()
@items
def test_items(way: Way, how: str) -> None:
    usage = Usage(input_tokens=30, output_tokens=20, cached_tokens=10)
    with ReplayServer(Answer(TEXT, usage=usage)) as server:
        values, stream = read(way, server, how)
    assert values == PRODUCTS
    assert stream.outcome.ok
    assert stream.usage == usage
    assert stream.metadata.model == "m-1"
    assert stream.metadata.request_id


@ways(whole=False)
@items
def test_items_are_on_time(way: Way, how: str) -> None:
    # The second is there while the server has not sent the end of the third, and never will.
    sent = TEXT.index("}", TEXT.index("product, with 2")) // 4
    with ReplayServer(Answer(TEXT, fault=faults.Stall(sent))) as server:
        values, _ = read(way, server, how, lambda stream: stream.timing.items[1:])
    assert values == PRODUCTS[:2]


@ways()
@partials
def test_growing_objects(way: Way, how: str) -> None:
    with ReplayServer(Answer(TEXT)) as server:
        values, stream = read(way, server, how)
    assert values[-1] == Report(title="Ours, 5 €", products=PRODUCTS)
    assert stream.outcome.ok
    assert all(isinstance(value, Report) for value in values)
    if not way.whole:
        assert len(values) > 20
        assert len({len(value.products or ()) for value in values}) == COUNT + 1


@ways()
@items
def test_a_cut_at_the_token_limit(way: Way, how: str) -> None:
    with (
        ReplayServer(Answer(TEXT, fault=faults.LengthCut(after=40))) as server,
        pytest.raises(IncompleteStreamError) as caught,
    ):
        read(way, server, how)
    assert caught.value.outcome is not None
    assert caught.value.outcome.status == "truncated"
    if not way.whole:
        assert caught.value.delivered > 1
        assert caught.value.tail


@ways(whole=False)
@items
def test_an_error_in_the_stream(way: Way, how: str) -> None:
    with (
        ReplayServer(Answer(TEXT, fault=faults.ErrorEvent(40, message="overloaded"))) as server,
        pytest.raises(ProviderError, match="overloaded") as caught,
    ):
        read(way, server, how)
    assert caught.value.delivered > 1


@ways(whole=False)
@items
def test_a_lost_connection(way: Way, how: str) -> None:
    with (
        ReplayServer(Answer(TEXT, fault=faults.Reset(after=40))) as server,
        pytest.raises(IncompleteStreamError) as caught,
    ):
        read(way, server, how)
    assert caught.value.outcome is not None
    assert caught.value.outcome.status == "disconnected"
