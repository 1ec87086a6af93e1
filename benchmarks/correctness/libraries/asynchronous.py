"""Reads an async stream step by step."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


def stepwise(values: AsyncIterator[Any]) -> Iterator[Any]:
    """The values of an async iterator, each fetched when it is asked for.

    All of it runs in one task: libraries keep context variables and cancel scopes from one
    value to the next.
    """
    loop = asyncio.new_event_loop()
    wanted, fetched = asyncio.Semaphore(0), asyncio.Queue[Any]()

    async def fetch() -> None:
        await wanted.acquire()
        async for value in values:
            fetched.put_nowait(value)
            await wanted.acquire()

    async def step(task: asyncio.Task[None]) -> bool:
        wanted.release()
        getting = asyncio.ensure_future(fetched.get())
        await asyncio.wait({task, getting}, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            fetched.put_nowait(getting.result())
            return True
        getting.cancel()
        await task
        return False

    try:
        task = loop.create_task(fetch())
        while loop.run_until_complete(step(task)):
            yield fetched.get_nowait()
    finally:
        loop.close()
