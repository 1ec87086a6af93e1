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

    def __init__(self, deltas: Iterable[T], delay: float, error: Exception | None) -> None:
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
    """What `fake_stream` gives: an iterator with a `close`, like an SDK's stream.

    Attributes:
        given: How many deltas were given.
        closed: Whether it was closed. Running to the end is not closing.
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
    """What `async_fake_stream` gives; like `FakeStream`, and `aclose` is another `close`.

    Attributes:
        given: How many deltas were given.
        closed: Whether it was closed. Running to the end is not closing.
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


def fake_stream(
    deltas: Iterable[T], delay: float = 0.0, *, error: Exception | None = None
) -> FakeStream[T]:
    """Make a stream of given deltas, which remembers how many it gave and whether it was closed.

    Args:
        deltas: What it gives: str, bytes, chunks.
        delay: Seconds before each of them.
        error: What it raises once after the last of them, None for an orderly end.

    Example:
        >>> with fake_stream(["{", "}"]) as stream:
        ...     first = next(stream)
        >>> first, stream.given, stream.closed
        ('{', 1, True)
    """
    return FakeStream(deltas, delay, error)


def async_fake_stream(
    deltas: Iterable[T], delay: float = 0.0, *, error: Exception | None = None
) -> AsyncFakeStream[T]:
    """Make an asynchronous stream of given deltas; for asyncio, otherwise like `fake_stream`.

    Example:
        >>> async def read():
        ...     return [delta async for delta in async_fake_stream(["{", "}"])]
        >>> asyncio.run(read())
        ['{', '}']
    """
    return AsyncFakeStream(deltas, delay, error)
