"""partialstream."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import instructor
import openai

import partialstream
from benchmarks.correctness.libraries.asynchronous import stepwise
from benchmarks.correctness.source import Reported

with suppress(ModuleNotFoundError):  # its import takes longer than a case may
    import anthropic as _  # noqa: F401 - see `anthropic`

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from benchmarks.correctness.source import Source

_REQUEST: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Go."}]}


def items(type_: Any, source: Source) -> Iterator[Any]:
    """`stream_items`, which goes on behind an invalid item."""
    stream = partialstream.stream_items(type_, source.dicts(), on_invalid="skip")
    yield from stream
    if stream.rejected:
        raise Reported("stream.rejected")


def growing(type_: Any, source: Source) -> Iterator[Any]:
    """`stream_partial`."""
    stream = partialstream.stream_partial(type_, source.dicts())
    yield from stream
    return stream.final()


def served(type_: Any, source: Source) -> Iterator[Any]:
    """`create_iterable`."""
    with openai.OpenAI(base_url=source.base_url, api_key="k", max_retries=0) as sdk:
        client = partialstream.from_openai(sdk)
        yield from client.create_iterable(response_model=type_, max_retries=0, **_REQUEST)


def served_growing(type_: Any, source: Source) -> Iterator[Any]:
    """`create_partial`."""
    with openai.OpenAI(base_url=source.base_url, api_key="k", max_retries=0) as sdk:
        client = partialstream.from_openai(sdk)
        stream = client.create_partial(response_model=type_, max_retries=0, **_REQUEST)
        yield from stream
        return stream.final()


def left(type_: Any, source: Source) -> Iterator[Any]:
    """The same, left after the first item."""
    with openai.OpenAI(base_url=source.base_url, api_key="k", max_retries=0) as sdk:
        client = partialstream.from_openai(sdk)
        for item in client.create_iterable(response_model=type_, **_REQUEST):
            yield item
            break
        source.check_closed()


def left_async(type_: Any, source: Source) -> Iterator[Any]:
    """The same, by the async client."""

    async def first() -> AsyncIterator[Any]:
        async with openai.AsyncOpenAI(base_url=source.base_url, api_key="k") as sdk:
            client = partialstream.from_openai(sdk)
            async for item in client.create_iterable(response_model=type_, **_REQUEST):
                yield item
                break
            await asyncio.to_thread(source.check_closed)

    return stepwise(first())


def anthropic(type_: Any, source: Source) -> Iterator[Any]:
    """`create_iterable`, where instructor makes the request."""
    from anthropic import Anthropic  # here, since no other task fails without it

    with Anthropic(base_url=source.url, api_key="k", max_retries=0) as sdk:
        client = partialstream.from_instructor(instructor.from_anthropic(sdk))
        request = {**_REQUEST, "max_tokens": 1000}
        yield from client.create_iterable(response_model=type_, max_retries=0, **request)


def responses(type_: Any, source: Source) -> Iterator[Any]:
    """`stream_items` of the SDK's events."""
    with openai.OpenAI(base_url=source.base_url, api_key="k", max_retries=0) as sdk:
        events = sdk.responses.create(model="m", input="Go.", stream=True)
        yield from partialstream.stream_items(type_, events)


calls = chunks = items
typed = sync_growing = growing_chunks = growing
