"""Streams that are closed, or read to the end, and then read again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from partialstream import (
    IncompleteStreamError,
    JSONSyntaxError,
    astream_items,
    astream_partial,
    stream_items,
    stream_partial,
)
from partialstream.testing import async_fake_stream


class Product(BaseModel):
    name: str


LAMP = '{"name":"Lamp"}'


def test_a_stream_is_read_once_whichever_way() -> None:
    stream = stream_items(Product, [f"[{LAMP}]"])
    assert len(list(stream.detailed())) == 1
    for again in (iter(stream), stream.detailed(), stream.events()):
        with pytest.raises(RuntimeError, match="the stream has ended; it can be read once"):
            list(again)
    assert stream.outcome is not None
    assert stream.outcome.ok


def test_an_async_stream_is_read_once_whichever_way() -> None:
    async def main() -> None:
        stream = astream_items(Product, async_fake_stream([f"[{LAMP}]"]))
        assert len([item async for item in stream.detailed()]) == 1
        for again in (aiter(stream), stream.detailed(), stream.events()):
            with pytest.raises(RuntimeError, match="the stream has ended; it can be read once"):
                [each async for each in again]
        assert stream.outcome is not None
        assert stream.outcome.ok

    asyncio.run(main())


def test_a_closed_stream_gives_nothing_more_whichever_way() -> None:
    stream = stream_items(Product, [f"[{LAMP},", LAMP, "]"])
    assert next(stream)
    stream.close()
    assert list(stream) == list(stream.detailed()) == []

    class Unclosable:
        chunks = iter([f"[{LAMP},", LAMP, "]"])

        def __aiter__(self) -> Unclosable:
            return self

        async def __anext__(self) -> str:
            for chunk in self.chunks:
                return chunk
            raise StopAsyncIteration

    async def main() -> None:
        stream = astream_items(Product, Unclosable())
        assert await stream.__anext__()
        await stream.close()
        assert [item async for item in stream.detailed()] == []

    asyncio.run(main())


def test_the_final_object_is_there_after_the_events() -> None:
    # A call without arguments is `{}`, which is said once.
    class Anything(BaseModel):
        name: str = "none"

    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}
    choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}
    stream = stream_partial(Anything, [{"choices": [choice]}])
    assert list(stream.events())
    assert stream.final() == stream.final() == Anything()
    assert stream.text == "{}"

    async def main() -> None:
        stream = astream_partial(Anything, async_fake_stream([{"choices": [choice]}]))
        assert [event async for event in stream.events()]
        assert await stream.final() == await stream.final() == Anything()
        assert stream.text == "{}"

    asyncio.run(main())


def test_a_failure_is_raised_again() -> None:
    stream = stream_items(Product, ["[}"])
    with pytest.raises(JSONSyntaxError) as first:
        list(stream)
    with pytest.raises(JSONSyntaxError) as second:
        list(stream.detailed())
    assert first.value is second.value


def test_the_end_of_what_was_closed_says_nothing() -> None:
    class Closing:
        """Chunks whose stream is closed from elsewhere, while they are waited for."""

        def __init__(self) -> None:
            self.chunks = iter([b"<html>no event</html>"])

        def __iter__(self) -> Closing:
            return self

        def __next__(self) -> bytes:
            for chunk in self.chunks:
                return chunk
            stream.close()
            raise StopIteration

    stream: Any = stream_items(Product, Closing())
    assert list(stream) == []
    assert stream.outcome.status == "cancelled"
    stream = stream_partial(Product, Closing())
    assert list(stream) == []
    with pytest.raises(IncompleteStreamError):
        stream.final()
