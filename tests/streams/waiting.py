"""Sources that wait for a chunk until somebody closes them, or for a time."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence


class WaitingStream:
    """Gives its chunks, then waits; `close` wakes it, as closing a socket does.

    Attributes:
        waits: Set when it waits.
        closed: How often it was closed.
    """

    def __init__(self, chunks: Sequence[str], error: Exception | None = None) -> None:
        self.waits = threading.Event()
        self.closed = 0
        self._chunks = iter(chunks)
        self._error = error
        self._woken = threading.Event()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for chunk in self._chunks:
            return chunk
        self.waits.set()
        assert self._woken.wait(30), "nobody closes the stream"
        if self._error is not None:
            raise self._error
        raise StopIteration

    def close(self) -> None:
        self.closed += 1
        self._woken.set()


class AsyncWaitingStream:
    """Does the same without blocking the loop."""

    def __init__(self, chunks: Sequence[str], error: Exception | None = None) -> None:
        self.waits = asyncio.Event()
        self.closed = 0
        self._chunks = iter(chunks)
        self._error = error
        self._woken = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        for chunk in self._chunks:
            return chunk
        self.waits.set()
        await asyncio.wait_for(self._woken.wait(), 10)
        if self._error is not None:
            raise self._error
        raise StopAsyncIteration

    async def close(self) -> None:
        self.closed += 1
        self._woken.set()
