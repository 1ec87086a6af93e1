"""partialstream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai

import partialstream
from benchmarks.correctness.source import Reported

if TYPE_CHECKING:
    from collections.abc import Iterator

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


calls = chunks = items
typed = sync_growing = growing_chunks = growing
