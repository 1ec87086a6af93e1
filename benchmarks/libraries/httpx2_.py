"""What no library can do without over HTTP: to read the bytes of the response."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2

from benchmarks import loopback

if TYPE_CHECKING:
    from benchmarks.libraries import Run

BODY = loopback.REQUEST | {"stream": True}


def http_sync(base_url: str) -> Run:
    """All bytes, over a sync client."""
    client = httpx2.Client(base_url=base_url)

    def run() -> int:
        read = 0
        with client.stream("POST", "/chat/completions", json=BODY) as response:
            for piece in response.iter_bytes():
                read += len(piece)
        return read

    return run


def http_async(base_url: str) -> Run:
    """All bytes, over an async client."""

    async def read() -> int:
        size = 0
        async with (
            httpx2.AsyncClient(base_url=base_url) as client,
            client.stream("POST", "/chat/completions", json=BODY) as response,
        ):
            async for piece in response.aiter_bytes():
                size += len(piece)
        return size

    return lambda: asyncio.run(read())
