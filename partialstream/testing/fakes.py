"""Streams without a server, for tests of code that takes a stream."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


class _Deltas(Generic[T]):
    """What both fakes share: what is given, how often, and whether they are closed."""

    def __init__(
        self, deltas: Iterable[T], delay: float = 0.0, *, error: Exception | None = None
    ) -> None:
        self.given = 0
        self.closed = False
        self._deltas = iter(deltas)
        self._delay = delay
        self._error = error

    def _next(self) -> T:
        for delta in self._deltas if not self.closed else ():
            self.given += 1
            return delta
        error, self._error = self._error, None
        if error is not None and not self.closed:
            raise error
        raise StopIteration


class FakeStream(_Deltas[T]):
    """A stream of given deltas: an iterator with a `close`, like an SDK's stream.

    `fake_stream` is another name of it.

    Args:
        deltas: What it gives: str, bytes, chunks.
        delay: Seconds before each of them.
        error: What it raises once after the last of them, None for an orderly end.

    Attributes:
        given: How many deltas were given.
        closed: Whether it was closed. Running to the end is not closing.

    Example:
        >>> with fake_stream(["{", "}"]) as stream:
        ...     first = next(stream)
        >>> first, stream.given, stream.closed
        ('{', 1, True)
    """

    def __iter__(self) -> FakeStream[T]:
        return self

    def __next__(self) -> T:
        if self._delay and not self.closed:
            time.sleep(self._delay)
        return self._next()

    def close(self) -> None:
        """End the stream. May be called again."""
        self.closed = True

    def __enter__(self) -> FakeStream[T]:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class AsyncFakeStream(_Deltas[T]):
    """An asynchronous stream of given deltas, for asyncio; otherwise like `FakeStream`.

    `async_fake_stream` is another name of it, and `aclose` of `close`.

    Example:
        >>> async def read():
        ...     return [delta async for delta in async_fake_stream(["{", "}"])]
        >>> asyncio.run(read())
        ['{', '}']
    """

    def __aiter__(self) -> AsyncFakeStream[T]:
        return self

    async def __anext__(self) -> T:
        if self._delay and not self.closed:
            await asyncio.sleep(self._delay)
        try:
            return self._next()
        except StopIteration:
            raise StopAsyncIteration from None

    async def close(self) -> None:
        """End the stream. May be called again."""
        self.closed = True

    aclose = close

    async def __aenter__(self) -> AsyncFakeStream[T]:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()


fake_stream = FakeStream
async_fake_stream = AsyncFakeStream
