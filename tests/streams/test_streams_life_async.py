"""Leaving an async stream, in every way there is, closes what it reads from."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from drivers import run_async
from pydantic import BaseModel

from partialstream import (
    AsyncItemStream,
    AsyncPartialStream,
    IncompleteStreamError,
    Outcome,
    astream_items,
    astream_partial,
)
from partialstream.testing import AsyncFakeStream, async_fake_stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


pytestmark = pytest.mark.usefixtures("nothing_fails_unseen")


class Product(BaseModel):
    name: str


DELTAS = ['[{"name":"a"},', '{"name":"b"},', '{"name":"c"}]']
GROWING = ['{"name":"a', "b", "c", '"}']

READINGS: dict[str, Callable[[Any], Any]] = {
    "items": lambda chunks: astream_items(Product, chunks),
    "detailed": lambda chunks: astream_items(Product, chunks).detailed(),
    "item events": lambda chunks: astream_items(Product, chunks).events(),
    "object": lambda chunks: astream_partial(Product, chunks),
    "object events": lambda chunks: astream_partial(Product, chunks).events(),
}


class Mine(Exception):
    pass


def source(reading: str) -> AsyncFakeStream[str]:
    return async_fake_stream(GROWING if "object" in reading else DELTAS)


def make(kind: str, chunks: Any) -> AsyncItemStream[Product] | AsyncPartialStream[Product]:
    return astream_items(Product, chunks) if kind == "items" else astream_partial(Product, chunks)


async def some_turns() -> None:
    """What a loop does anyway while anything else happens in the program."""
    for _ in range(5):
        await asyncio.sleep(0)


kinds = pytest.mark.parametrize("kind", ["items", "object"])


@pytest.mark.parametrize("reading", READINGS)
def test_break_in_a_bare_loop(reading: str) -> None:
    async def main() -> None:
        chunks = source(reading)
        async for _ in READINGS[reading](chunks):
            assert not chunks.closed
            break
        await some_turns()
        assert (chunks.closed, chunks.given) == (True, 1)

    run_async(main)


@kinds
@pytest.mark.parametrize("way", ["values", "events"])
def test_leaving_a_loop_closes_a_stream_that_is_kept(kind: str, way: str) -> None:
    async def main() -> None:
        chunks = source(kind)
        stream: Any = make(kind, chunks)
        async for _ in stream if way == "values" else stream.events():
            assert not chunks.closed
            break
        await some_turns()
        assert (chunks.closed, chunks.given) == (True, 1)
        assert stream.outcome == Outcome("cancelled")
        with pytest.raises(RuntimeError, match="was left"):
            await anext(aiter(stream))

    run_async(main)


@pytest.mark.parametrize("reading", READINGS)
def test_an_exception_in_the_body_of_a_bare_loop(reading: str) -> None:
    async def main() -> None:
        chunks = source(reading)

        async def loop() -> None:
            async for _ in READINGS[reading](chunks):
                raise Mine

        with pytest.raises(Mine):
            await loop()
        await some_turns()
        assert (chunks.closed, chunks.given) == (True, 1)

    run_async(main)


@pytest.mark.parametrize("reading", READINGS)
def test_reading_to_the_end_closes_too(reading: str) -> None:
    async def main() -> None:
        chunks = source(reading)
        async for _ in READINGS[reading](chunks):
            pass
        assert chunks.closed

    run_async(main)


@kinds
def test_break_in_a_with_block(kind: str) -> None:
    async def main() -> None:
        chunks = source(kind)
        async with make(kind, chunks) as stream:
            async for _ in stream:
                break
            assert not chunks.closed
        assert chunks.closed
        assert stream.outcome == Outcome("cancelled")
        assert [value async for value in stream] == []

    run_async(main)


@kinds
def test_an_exception_in_a_with_block(kind: str) -> None:
    async def main() -> None:
        chunks = source(kind)

        async def loop() -> None:
            async with make(kind, chunks) as stream:
                async for _ in stream:
                    raise Mine

        with pytest.raises(Mine):
            await loop()
        assert (chunks.closed, chunks.given) == (True, 1)

    run_async(main)


@kinds
def test_close_twice_and_before_reading(kind: str) -> None:
    async def main() -> None:
        chunks = source(kind)
        stream = make(kind, chunks)
        await stream.close()
        await stream.close()
        assert chunks.given == 0
        assert [value async for value in stream] == []
        assert chunks.closed
        assert stream.outcome == Outcome("cancelled")

    run_async(main)


@kinds
def test_close_in_the_middle(kind: str) -> None:
    async def main() -> None:
        chunks = source(kind)
        stream = make(kind, chunks)
        await anext(stream)
        await stream.close()
        await stream.close()
        assert (chunks.closed, chunks.given) == (True, 1)
        assert [value async for value in stream] == []
        assert stream.outcome == Outcome("cancelled")

    run_async(main)


@kinds
def test_a_stream_may_be_awaited_first(kind: str) -> None:
    async def main() -> None:
        chunks = source(kind)
        stream = await make(kind, chunks)
        assert await stream is stream
        assert [value.name async for value in stream][-1] == ("c" if kind == "items" else "abc")
        assert stream.outcome == Outcome("complete")

    run_async(main)


@kinds
def test_aclose_is_another_close(kind: str) -> None:
    async def main() -> None:
        chunks = source(kind)
        async with aclosing(make(kind, chunks)) as stream:
            async for _ in stream:
                break
        assert chunks.closed

    run_async(main)


def test_close_inside_the_loop_ends_it() -> None:
    async def main() -> None:
        chunks = async_fake_stream(DELTAS)
        stream = astream_items(Product, chunks)
        names: list[str] = []
        async for product in stream:
            names.append(product.name)
            await stream.close()
        assert names == ["a"]
        assert chunks.closed

    run_async(main)


def test_final_of_a_closed_stream_is_an_error() -> None:
    async def main() -> None:
        stream = astream_partial(Product, async_fake_stream(GROWING))
        await anext(stream)
        await stream.close()
        with pytest.raises(IncompleteStreamError) as caught:
            await stream.final()
        assert caught.value.outcome is not None
        assert caught.value.outcome.status == "cancelled"

    run_async(main)


def test_an_async_generator_is_closed_where_it_stands() -> None:
    async def main() -> None:
        ends: list[str] = []

        async def generator() -> AsyncIterator[str]:
            try:
                for delta in DELTAS:
                    yield delta
            except GeneratorExit:
                ends.append("closed")
                raise
            finally:
                ends.append("left")

        async with astream_items(Product, generator()) as stream:
            async for _ in stream:
                break
        assert ends == ["closed", "left"]

    run_async(main)


def test_a_sync_source_is_refused_with_a_hint() -> None:
    async def main() -> None:
        wrong: Any = DELTAS
        with pytest.raises(TypeError, match="stream_items"):
            await anext(astream_items(Product, wrong))

    run_async(main)


@pytest.mark.parametrize("reading", READINGS)
def test_a_forgotten_stream_leaves_no_warning(reading: str) -> None:
    async def main() -> None:
        chunks = source(reading)
        reader = READINGS[reading](chunks)
        del reader
        gc.collect()
        await some_turns()
        assert chunks.given == 0

    run_async(main)


def test_a_half_read_stream_is_closed_when_it_is_forgotten() -> None:
    async def main() -> None:
        chunks = async_fake_stream(DELTAS)
        stream = astream_items(Product, chunks)
        await anext(stream)
        del stream
        gc.collect()
        await some_turns()
        assert chunks.closed

    run_async(main)


def test_a_stream_left_open_at_the_end_of_the_loop_is_closed() -> None:
    chunks = async_fake_stream(DELTAS)
    kept: list[Any] = []

    async def main() -> None:
        stream = astream_items(Product, chunks)
        kept.append(stream)
        await anext(stream)

    run_async(main)
    assert chunks.closed
