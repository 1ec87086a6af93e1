"""Leaving an async stream, in every way there is, closes what it reads from."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from drivers import run_async
from pydantic import BaseModel
from waiting import AsyncWaitingStream

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


READERS: dict[str, Callable[[Any], Any]] = {
    "values": lambda stream: stream,
    "detailed": lambda stream: stream.detailed(),
    "events": lambda stream: stream.events(),
}


@pytest.mark.parametrize("reading", READERS)
def test_a_task_that_is_cancelled(reading: str) -> None:
    async def main() -> None:
        chunks = AsyncWaitingStream(DELTAS[:1])
        stream = astream_items(Product, chunks)
        read = 0

        async def loop() -> None:
            nonlocal read
            async for _ in READERS[reading](stream):
                read += 1

        task = asyncio.create_task(loop())
        await chunks.waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert read
        await some_turns()
        assert chunks.closed == 1
        assert stream.outcome == Outcome("cancelled")

    run_async(main)


@kinds
def test_a_time_limit(kind: str) -> None:
    async def main() -> None:
        chunks = AsyncWaitingStream((DELTAS if kind == "items" else GROWING)[:1])

        async def loop() -> None:
            async with make(kind, chunks) as stream:
                async for _ in stream:
                    pass

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(loop(), 0.01)
        assert chunks.closed == 1

    run_async(main)


@pytest.mark.skipif(not hasattr(asyncio, "timeout"), reason="asyncio.timeout came with Python 3.11")
def test_asyncio_timeout() -> None:
    async def main() -> None:
        chunks = AsyncWaitingStream(DELTAS[:1])
        read = 0

        async def loop() -> None:
            nonlocal read
            async with asyncio.timeout(0.01):
                async for _ in astream_items(Product, chunks):
                    read += 1

        with pytest.raises(TimeoutError):
            await loop()
        await some_turns()
        assert read == 1
        assert chunks.closed == 1

    run_async(main)


def test_a_cancel_scope() -> None:
    async def main() -> None:
        chunks = AsyncWaitingStream(DELTAS[:1])
        with anyio.move_on_after(0.01) as scope:
            async with astream_items(Product, chunks) as stream:
                async for _ in stream:
                    pass
        assert scope.cancelled_caught
        assert chunks.closed == 1

    run_async(main)


@pytest.mark.parametrize("error", [None, OSError("socket closed")], ids=["ends", "raises"])
@pytest.mark.parametrize("reading", READERS)
def test_close_from_another_task_wakes_a_task_that_waits(
    reading: str, error: Exception | None
) -> None:
    async def main() -> None:
        chunks = AsyncWaitingStream(DELTAS[:1], error)
        stream = astream_items(Product, chunks)

        async def loop() -> int:
            count = 0
            async for _ in READERS[reading](stream):
                count += 1
            return count

        task = asyncio.create_task(loop())
        await chunks.waits.wait()
        await stream.close()
        assert await task
        assert chunks.closed == 1
        assert stream.outcome == Outcome("cancelled")

    run_async(main)


def test_close_from_another_task_while_a_generator_works() -> None:
    # A generator cannot be closed while it runs: it is closed as soon as it gives its chunk.
    async def main() -> None:
        works, go_on = asyncio.Event(), asyncio.Event()
        ends: list[str] = []

        async def generator() -> AsyncIterator[str]:
            try:
                yield DELTAS[0]
                works.set()
                await go_on.wait()
                yield DELTAS[1]
                yield DELTAS[2]
            finally:
                ends.append("left")

        stream = astream_items(Product, generator())

        async def loop() -> list[str]:
            return [product.name async for product in stream]

        task = asyncio.create_task(loop())
        await works.wait()
        try:
            await stream.close()
        finally:
            go_on.set()
            names = await task
        assert names == ["a"]
        await some_turns()
        assert ends == ["left"]
        assert stream.outcome == Outcome("cancelled")

    run_async(main)


def test_many_streams_in_one_loop() -> None:
    async def main() -> None:
        async def read() -> list[str]:
            chunks = async_fake_stream(list("".join(DELTAS)), 0.0001)
            return [product.name async for product in astream_items(Product, chunks)]

        assert await asyncio.gather(*(read() for _ in range(20))) == [["a", "b", "c"]] * 20

    run_async(main)
