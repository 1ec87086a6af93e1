"""The tasks with OpenAI's SDK alone: its typed stream, whose text is not read, and its helper."""

from __future__ import annotations

import asyncio
import json
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import openai
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from benchmarks import documents, loopback
from benchmarks.libraries import on_a_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.libraries import Run

    Extractor = Callable[[str], Awaitable[list[documents.Offer]]]


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
    client = openai.AsyncOpenAI(base_url=base_url, api_key="benchmark")

    async def read() -> int:
        chunks = 0
        async for _ in await client.chat.completions.create(stream=True, **loopback.REQUEST):
            chunks += 1
        return chunks

    return on_a_loop(read)


def growing(shape: str, size: int, delta: int = documents.DELTA) -> Run:
    """A growing object: what `chat.completions.stream` does with chunks that are made before."""
    document = documents.growing(shape, size, delta)
    chunks = [_chunk(each) for each in document.deltas]

    def run() -> int:
        state = ChatCompletionStreamState(response_format=document.type)
        for chunk in chunks:
            for _ in state.handle_chunk(chunk):
                pass
        return len(chunks)

    return run


def _chunk(content: str) -> ChatCompletionChunk:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": None}
    return ChatCompletionChunk.model_validate(
        {
            "id": "benchmark",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "m",
            "choices": [choice],
        }
    )


PROMPT = "Which offers are there?\n\n"

CONCURRENCY = 16


def job_streamed(base_url: str, count: int) -> Run:
    """Documents to rows in a file: streamed, and validated at their end."""

    def extractor(client: openai.AsyncOpenAI) -> Extractor:
        async def extract(text: str) -> list[documents.Offer]:
            stream = await client.chat.completions.create(
                model="m",
                messages=[{"role": "user", "content": PROMPT + text}],
                stream=True,
                stream_options={"include_usage": True},
            )
            parts = [
                chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices
            ]
            return documents.Offers.model_validate_json("".join(parts)).items

        return extract

    return lambda: asyncio.run(extract_all(base_url, count, extractor))


def job_whole(base_url: str, count: int) -> Run:
    """Documents to rows in a file: one response each, not streamed."""

    def extractor(client: openai.AsyncOpenAI) -> Extractor:
        async def extract(text: str) -> list[documents.Offer]:
            response = await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": PROMPT + text}]
            )
            content = response.choices[0].message.content or ""
            return documents.Offers.model_validate_json(content).items

        return extract

    return lambda: asyncio.run(extract_all(base_url, count, extractor))


async def extract_all(
    base_url: str, count: int, extractor: Callable[[openai.AsyncOpenAI], Extractor]
) -> int:
    """Write a line for each row; some documents at a time."""
    places = asyncio.Semaphore(CONCURRENCY)

    async def one(number: int) -> None:
        async with places:
            rows = await extract(f"the text of {number:012}")
        for index, row in enumerate(rows):
            line = {"document": f"document-{number:07}", "row": index, **row.model_dump()}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    with TemporaryFile("w", encoding="utf-8") as file:
        async with openai.AsyncOpenAI(base_url=base_url, api_key="benchmark") as client:
            extract = extractor(client)
            await asyncio.gather(*(one(number) for number in range(count)))
    return count
