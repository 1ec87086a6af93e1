"""The tasks with instructor's own parsers, and its client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import instructor
import openai
from instructor.dsl.iterable import IterableModel
from instructor.dsl.partial import Partial

from benchmarks import documents, loopback
from benchmarks.libraries.openai_ import PROMPT, extract_all

if TYPE_CHECKING:
    from benchmarks.libraries import Run
    from benchmarks.libraries.openai_ import Extractor


def items_stream(kind: str, count: int, delta: int = documents.DELTA) -> Run:
    """Items from an iterable of deltas."""
    document = documents.items(kind, count, delta)
    model = IterableModel(document.type)

    def run() -> int:
        delivered = 0
        for _ in model.tasks_from_chunks(document.deltas):
            delivered += 1
        return delivered

    return run


def growing(shape: str, size: int, delta: int = documents.DELTA) -> Run:
    """A growing object."""
    document = documents.growing(shape, size, delta)
    model = Partial[document.type]

    def run() -> int:
        for _ in model.model_from_chunks(document.deltas):
            pass
        return len(document.deltas)

    return run


def http_sync(base_url: str) -> Run:
    """Items from bytes, over the sync client."""
    sdk = openai.OpenAI(base_url=base_url, api_key="benchmark")
    client = instructor.from_openai(sdk, mode=instructor.Mode.JSON)

    def run() -> int:
        delivered = 0
        for _ in client.create_iterable(response_model=documents.Offer, **loopback.REQUEST):
            delivered += 1
        return delivered

    return run


def job_whole(base_url: str, count: int) -> Run:
    """Documents to rows in a file: one response each, not streamed."""

    def extractor(sdk: openai.AsyncOpenAI) -> Extractor:
        client = instructor.from_openai(sdk, mode=instructor.Mode.JSON)

        async def extract(text: str) -> list[documents.Offer]:
            found = await client.create(
                model="m",
                messages=[{"role": "user", "content": PROMPT + text}],
                response_model=documents.Offers,
            )
            return found.items

        return extract

    return lambda: asyncio.run(extract_all(base_url, count, extractor))
