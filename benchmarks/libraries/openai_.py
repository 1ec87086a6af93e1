"""The tasks with OpenAI's SDK alone: its typed stream, whose text is not read, and its helper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from benchmarks import documents, loopback
from benchmarks.libraries import on_a_loop

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
