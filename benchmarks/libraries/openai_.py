"""The tasks with OpenAI's SDK alone: its typed stream, from which nothing is read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import openai

from benchmarks import loopback

if TYPE_CHECKING:
    from benchmarks.libraries import Run


def http_sync(base_url: str) -> Run:
    """All chunks, over the sync client."""
    client = openai.OpenAI(base_url=base_url, api_key="benchmark")

    def run() -> int:
        chunks = 0
        for _ in client.chat.completions.create(stream=True, **loopback.REQUEST):
            chunks += 1
        return chunks

    return run


def http_async(base_url: str) -> Run:
    """All chunks, over the async client."""

    async def read() -> int:
        chunks = 0
        async with openai.AsyncOpenAI(base_url=base_url, api_key="benchmark") as client:
            async for _ in await client.chat.completions.create(stream=True, **loopback.REQUEST):
                chunks += 1
        return chunks

    return lambda: asyncio.run(read())
