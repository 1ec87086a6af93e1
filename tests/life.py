"""Ways to read and to leave a stream, through the sync and through the async API."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from partialstream import astream_items, astream_partial, stream_items, stream_partial
from partialstream.testing import async_fake_stream, fake_stream

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Coroutine,
        Iterator,
        Sequence,
    )

    Scenario = Callable[[], Coroutine[Any, Any, None]]


class Product(BaseModel):
    name: str


def run_async(main: Callable[[], Awaitable[Any]], *, collect: bool = True) -> Any:
    """`asyncio.run`, and whatever the loop complains of fails the test.

    What was forgotten is collected while the loop is there, unless nothing can be.
    """
    complaints: list[Any] = []

    async def watched() -> Any:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: complaints.append(context)
        )
        result = await main()
        if collect:
            gc.collect()
        for _ in range(3):
            await asyncio.sleep(0)
        return result

    result = asyncio.run(watched())
    assert not complaints
    return result


class SyncLife:
    """`stream_items` and `stream_partial`; what is awaited here never waits for anything."""

    name = "sync"
    hangs_up_on_break = True  # in a `with` block

    def run(self, scenario: Scenario) -> None:
        try:
            scenario().send(None)
        except StopIteration:
            return
        raise AssertionError("a scenario waits for something of its own")

    def source(self, deltas: Sequence[str]) -> Any:
        return fake_stream(deltas)

    def generator(self, deltas: Sequence[str], ends: list[str]) -> Any:
        def generator() -> Iterator[str]:
            try:
                yield from deltas
            except GeneratorExit:
                ends.append("closed")
                raise
            finally:
                ends.append("left")

        return generator()

    def items(self, chunks: Any) -> Any:
        return stream_items(Product, chunks)

    def partial(self, chunks: Any) -> Any:
        return stream_partial(Product, chunks)

    async def loop(
        self, read: Callable[[], Any], body: Callable[[Any], Any], *, leave: bool = False
    ) -> None:
        """A loop over what `read` gives, which nothing else holds; left after its first turn."""
        for value in read():
            body(value)
            if leave:
                break

    async def values(self, stream: Any) -> list[Any]:
        return list(stream)

    async def next(self, stream: Any) -> Any:
        return next(stream)

    async def next_of_iter(self, stream: Any) -> Any:
        return next(iter(stream))

    async def close(self, stream: Any) -> None:
        stream.close()

    async def close_in_loop(self, stream: Any) -> list[Any]:
        values = []
        for value in stream:
            values.append(value)
            stream.close()
        return values

    async def final(self, stream: Any) -> Any:
        return stream.final()

    @asynccontextmanager
    async def block(self, stream: Any) -> AsyncIterator[Any]:
        with stream as entered:
            yield entered

    async def turns(self) -> None:
        """Nothing else happens in between."""

    async def wait(self, blocking: Callable[..., Any], *args: Any) -> Any:
        """What a call that blocks gives."""
        return blocking(*args)


class AsyncLife:
    """`astream_items` and `astream_partial`, in an event loop of their own."""

    name = "async"
    hangs_up_on_break = False

    def run(self, scenario: Scenario) -> None:
        run_async(scenario)

    def source(self, deltas: Sequence[str]) -> Any:
        return async_fake_stream(deltas)

    def generator(self, deltas: Sequence[str], ends: list[str]) -> Any:
        async def generator() -> AsyncIterator[str]:
            try:
                for delta in deltas:
                    yield delta
            except GeneratorExit:
                ends.append("closed")
                raise
            finally:
                ends.append("left")

        return generator()

    def items(self, chunks: Any) -> Any:
        return astream_items(Product, chunks)

    def partial(self, chunks: Any) -> Any:
        return astream_partial(Product, chunks)

    async def loop(
        self, read: Callable[[], Any], body: Callable[[Any], Any], *, leave: bool = False
    ) -> None:
        async for value in read():
            body(value)
            if leave:
                break

    async def values(self, stream: Any) -> list[Any]:
        return [value async for value in stream]

    async def next(self, stream: Any) -> Any:
        return await anext(stream)

    async def next_of_iter(self, stream: Any) -> Any:
        return await anext(aiter(stream))

    async def close(self, stream: Any) -> None:
        await stream.close()

    async def close_in_loop(self, stream: Any) -> list[Any]:
        values = []
        async for value in stream:
            values.append(value)
            await stream.close()
        return values

    async def final(self, stream: Any) -> Any:
        return await stream.final()

    @asynccontextmanager
    async def block(self, stream: Any) -> AsyncIterator[Any]:
        async with stream as entered:
            yield entered

    async def turns(self) -> None:
        """What a loop does anyway while anything else happens in the program."""
        for _ in range(5):
            await asyncio.sleep(0)

    async def wait(self, blocking: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.to_thread(blocking, *args)


Life = SyncLife | AsyncLife
LIVES: tuple[Life, ...] = (SyncLife(), AsyncLife())
