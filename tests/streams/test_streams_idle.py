"""Chunks that bring no delta are no progress: a stream of nothing else ends as stalled."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from partialstream import (
    IncompleteStreamError,
    Limits,
    astream_items,
    astream_partial,
    stream_items,
    stream_partial,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

IDLE = 0.05
SHORT = Limits(idle_seconds=IDLE)
LATEST = 10.0  # seconds, on a busy machine
PAUSE = 0.005
ALLOWED = 1.0  # where it must not pass, on a busy machine


class Product(BaseModel):
    name: str


def says(**delta: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}


def as_bytes(event: Any) -> bytes:
    return b"data: " + json.dumps(event).encode() + b"\n\n"


USAGE = {"object": "chat.completion.chunk", "choices": [], "usage": {"prompt_tokens": 1}}
ANTHROPIC_BEGIN = [
    {"type": "message_start", "message": {"role": "assistant", "content": []}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
]


def anthropic_text(text: str) -> dict[str, Any]:
    return {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": text},
    }


CONTENT = [as_bytes(says(content='{"name":"La'))]

# What comes first, and what comes then without end.
KEEP_ALIVES: dict[str, tuple[list[Any], Any]] = {
    "comments": (CONTENT, b": keep-alive\n\n"),
    "a comment without end": (CONTENT, b": keep-alive"),
    "blank lines": (CONTENT, b"\n\n"),
    "ping events": (
        [as_bytes(each) for each in (*ANTHROPIC_BEGIN, anthropic_text('{"name":"La'))],
        b'event: ping\ndata: {"type": "ping"}\n\n',
    ),
    "empty reads": (CONTENT, b""),
    "empty deltas": (CONTENT, as_bytes(says())),
    "deltas with an empty text": (CONTENT, as_bytes(says(content=""))),
    "deltas of null": (CONTENT, as_bytes(says(content=None))),
    "usage only": (CONTENT, as_bytes(USAGE)),
    "role only": (CONTENT, as_bytes(says(role="assistant"))),
    "an event without end": (CONTENT, b"data: x"),
    "JSON documents": (
        [b'{"choices":[{"index":0,"delta":{"content":"{\\"name\\":\\"La"}}]}\n'],
        b" ",
    ),
    "dicts: empty deltas": ([says(content='{"name":"La')], says()),
    "dicts: empty texts": ([says(content='{"name":"La')], says(content="")),
    "dicts: usage only": ([says(content='{"name":"La')], USAGE),
    "dicts: role only": ([says(content='{"name":"La')], says(role="assistant")),
    "dicts: pings": ([*ANTHROPIC_BEGIN, anthropic_text('{"name":"La')], {"type": "ping"}),
    "texts: empty": (['{"name":', '"La'], ""),
    "texts: None": (['{"name":', '"La'], None),
    "none at all": ([], b": keep-alive\n\n"),
    "nothing at all": ([], None),
}

READERS = {
    "items": lambda chunks: stream_items(Product, chunks, limits=SHORT),
    "detailed": lambda chunks: stream_items(Product, chunks, limits=SHORT).detailed(),
    "events": lambda chunks: stream_items(Product, chunks, limits=SHORT).events(),
    "snapshots": lambda chunks: stream_partial(Product, chunks, limits=SHORT),
}

ASYNC_READERS = {
    "items": lambda chunks: astream_items(Product, chunks, limits=SHORT),
    "events": lambda chunks: astream_items(Product, chunks, limits=SHORT).events(),
    "snapshots": lambda chunks: astream_partial(Product, chunks, limits=SHORT),
}


class Source:
    """Gives the first chunks at once, then the last one for ever; remembers that it was closed."""

    def __init__(self, first: list[Any], endless: Any) -> None:
        self._first = iter(first)
        self._endless = endless
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        for chunk in self._first:
            return chunk
        assert not self.closed
        time.sleep(PAUSE)
        return self._endless

    def close(self) -> None:
        self.closed = True


class AsyncSource(Source):
    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        for chunk in self._first:
            return chunk
        await asyncio.sleep(PAUSE)
        return self._endless


def check(error: IncompleteStreamError, first: list[Any], took: float) -> None:
    assert error.outcome is not None
    assert error.outcome.status == "stalled"
    assert error.tail == ('{"name":"La' if first else "")
    assert "0.05 s (Limits.idle_seconds)" in str(error)
    assert IDLE <= took < LATEST


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize(("first", "endless"), KEEP_ALIVES.values(), ids=KEEP_ALIVES)
def test_keep_alives_for_ever(reader: Any, first: list[Any], endless: Any) -> None:
    source = Source(first, endless)
    began = time.perf_counter()
    with pytest.raises(IncompleteStreamError) as caught:
        list(reader(source))
    check(caught.value, first, time.perf_counter() - began)
    assert source.closed


@pytest.mark.parametrize("reader", ASYNC_READERS.values(), ids=ASYNC_READERS)
@pytest.mark.parametrize(("first", "endless"), KEEP_ALIVES.values(), ids=KEEP_ALIVES)
def test_async_keep_alives_for_ever(reader: Any, first: list[Any], endless: Any) -> None:
    source = AsyncSource(first, endless)

    async def main() -> None:
        async for _ in reader(source):
            pass

    began = time.perf_counter()
    with pytest.raises(IncompleteStreamError) as caught:
        asyncio.run(main())
    check(caught.value, first, time.perf_counter() - began)
    assert source.closed


PROGRESS: dict[str, list[Any]] = {
    "content": [says(content=piece) for piece in '[{"name":"Lamp"}]'],
    "tool": [
        says(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": piece}}])
        for piece in '[{"name":"Lamp"}]'
    ],
    "reasoning": [
        *(says(reasoning_content="I think ") for _ in range(15)),
        says(content='[{"name":"Lamp"}]'),
    ],
    "text": list('[{"name":"Lamp"}]'),
    "bytes": [as_bytes(says(content=piece)) for piece in '[{"name":"Lamp"}]'],
}


@pytest.mark.parametrize("chunks", PROGRESS.values(), ids=PROGRESS)
def test_deltas_of_any_channel_are_progress(chunks: list[Any]) -> None:
    empty: Any = "" if isinstance(chunks[0], str) else None
    end: Any = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    if not isinstance(chunks[0], dict):
        end = empty if isinstance(chunks[0], str) else as_bytes(end)

    def slow() -> Iterator[Any]:
        for number, chunk in enumerate(chunks):
            # Longer than is allowed in all, and never between two deltas.
            yield empty
            if number < 5:
                time.sleep(ALLOWED / 4)
            yield empty
            yield chunk
        yield end

    allowed = Limits(idle_seconds=ALLOWED)
    assert list(stream_items(Product, slow(), limits=allowed)) == [Product(name="Lamp")]


def test_the_time_that_the_reader_takes_is_not_the_streams() -> None:
    def chunks() -> Iterator[Any]:
        yield as_bytes(says(role="assistant"))
        for name in ("a", "b"):
            yield as_bytes(says(content=f'{{"name":"{name}"}}'))
            yield b": keep-alive\n\n"
        yield as_bytes({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})

    stream = stream_items(Product, chunks(), limits=Limits(idle_seconds=ALLOWED))
    time.sleep(ALLOWED * 1.25)
    names: list[str] = []
    for product in stream:
        names.append(product.name)
        time.sleep(ALLOWED * 1.25)
    assert names == ["a", "b"]


def test_a_complete_answer_followed_by_keep_alives_is_complete() -> None:
    stop = as_bytes({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    source = Source([as_bytes(says(content='[{"name":"Lamp"}]')), stop], b": keep-alive\n\n")
    stream = stream_items(Product, source, limits=SHORT)
    assert list(stream) == [Product(name="Lamp")]
    assert stream.outcome is not None
    assert stream.outcome.ok
    assert source.closed
