"""Async streams and tasks: cancellation, time limits, another task that closes the stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from life import run_async
from pydantic import BaseModel
from waiting import AsyncWaitingStream

from partialstream import (
    AsyncItemStream,
    AsyncPartialStream,
    Outcome,
    astream_items,
    astream_partial,
)
from partialstream.testing import async_fake_stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


pytestmark = pytest.mark.usefixtures("nothing_fails_unseen")


class Product(BaseModel):
    name: str


DELTAS = ['[{"name":"a"},', '{"name":"b"},', '{"name":"c"}]']
GROWING = ['{"name":"a', "b", "c", '"}']

kinds = pytest.mark.parametrize("kind", ["items", "object"])


def make(kind: str, chunks: Any) -> AsyncItemStream[Product] | AsyncPartialStream[Product]:
    return astream_items(Product, chunks) if kind == "items" else astream_partial(Product, chunks)


async def some_turns() -> None:
    """What a loop does anyway while anything else happens in the program."""
    for _ in range(5):
        await asyncio.sleep(0)


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
