"""A loop that exits early, and what streams say of themselves."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from partialstream import (
    Attempt,
    Outcome,
    Usage,
    astream_items,
    astream_partial,
    from_openai,
    stream_items,
    stream_partial,
)
from partialstream.testing import Answer, ReplayServer, async_fake_stream, faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

SECRET = "A secret word"
ASK: dict[str, Any] = {"model": "any", "messages": [{"role": "user", "content": SECRET}]}


class Product(BaseModel):
    name: str


class Report(BaseModel):
    title: str
    pages: int


NAMES = "Lamp", "Rug", "Bed"
ITEMS = ["[", *(f'{{"name":"{name}"}},' for name in NAMES), '{"name":"Cup"}', "]"]
OBJECT = ['{"title":"On', " paper", '","pages":', "12}"]


def items() -> Any:
    return astream_items(Product, async_fake_stream(ITEMS))


def growing() -> Any:
    return astream_partial(Report, async_fake_stream(OBJECT))


WAYS: list[tuple[Callable[[], Any], Callable[[Any], AsyncIterator[Any]]]] = [
    (items, lambda stream: stream),
    (items, lambda stream: stream.detailed()),
    (items, lambda stream: stream.events()),
    (growing, lambda stream: stream),
    (growing, lambda stream: stream.events()),
]


@pytest.mark.parametrize(("make", "way"), WAYS)
def test_an_async_loop_that_is_left_has_ended_at_once(
    make: Callable[[], Any], way: Callable[[Any], AsyncIterator[Any]]
) -> None:
    async def main() -> None:
        stream = make()
        async for _ in way(stream):
            break
        # Nothing has been awaited since.
        assert stream.outcome == Outcome("cancelled")
        assert stream.timing.total is not None
        assert [each.outcome for each in stream.attempts] == [Outcome("cancelled")]
        with pytest.raises(RuntimeError, match="a loop over it exited early"):
            async for _ in stream:
                pass

    asyncio.run(main())


def test_what_the_loop_raises_ends_the_stream_too() -> None:
    async def main() -> None:
        stream = items()

        async def read() -> None:
            async for _ in stream:
                raise KeyError

        with pytest.raises(KeyError):
            await read()
        assert stream.outcome == Outcome("cancelled")

    asyncio.run(main())


def test_the_response_is_closed_as_soon_as_the_loop_runs() -> None:
    class Chunks:
        def __init__(self) -> None:
            self.source = async_fake_stream(ITEMS)
            self.closed = False

        def __aiter__(self) -> Chunks:
            return self

        async def __anext__(self) -> str:
            return await self.source.__anext__()

        async def aclose(self) -> None:
            self.closed = True

    async def main() -> None:
        chunks = Chunks()
        async for _ in astream_items(Product, chunks):
            break
        assert not chunks.closed
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert chunks.closed

    asyncio.run(main())


def test_the_first_item_by_itself() -> None:
    async def main() -> None:
        stream = items()
        waiting = asyncio.ensure_future(anext(aiter(stream)))
        while not waiting.done():
            assert stream.outcome is None  # though nobody holds the iterator
            await asyncio.sleep(0)
        assert (await waiting).name == "Lamp"
        del waiting
        gc.collect()
        await asyncio.sleep(0)
        assert stream.outcome == Outcome("cancelled")

    asyncio.run(main())


def test_an_iterator_that_is_kept_reads_on() -> None:
    async def main() -> None:
        stream = items()
        iterator = aiter(stream)
        names: list[str] = []
        for _ in range(2):
            async for product in iterator:
                names.append(product.name)
                break
            assert stream.outcome is None
            await asyncio.sleep(0)
        names += [product.name async for product in iterator]
        assert names == [*NAMES, "Cup"]
        assert stream.outcome == Outcome("complete")

    asyncio.run(main())


def test_an_iterator_that_was_never_used_ends_nothing() -> None:
    async def main() -> None:
        stream = items()
        aiter(stream)
        stream.detailed()
        await aiter(stream).aclose()
        assert stream.outcome is None
        assert len([each async for each in stream]) == 4

    asyncio.run(main())


@pytest.mark.parametrize("end", ["aclose", "athrow"])
def test_an_iterator_is_closed_by_hand(end: str) -> None:
    async def main() -> None:
        stream = items()
        iterator = aiter(stream)
        assert (await iterator.asend(None)).name == "Lamp"
        if end == "aclose":
            await iterator.aclose()
            await iterator.aclose()
        else:
            with pytest.raises(KeyError):
                await iterator.athrow(KeyError("mine"))
        assert stream.outcome == Outcome("cancelled")

    asyncio.run(main())


def test_a_task_that_is_cancelled_in_the_middle() -> None:
    async def main() -> None:
        started = asyncio.Event()

        async def chunks() -> Any:
            yield ITEMS[0] + ITEMS[1]
            started.set()
            await asyncio.sleep(60)

        stream = astream_items(Product, chunks())

        async def read() -> None:
            async for _ in stream:
                pass

        task = asyncio.ensure_future(read())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stream.outcome == Outcome("cancelled")

    asyncio.run(main())


def test_the_same_for_a_call_over_http() -> None:
    async def main() -> None:
        stalled = Answer("".join(ITEMS), fault=faults.Stall(after=8))  # the first item has come
        with ReplayServer(stalled) as server:
            async with AsyncOpenAI(base_url=server.base_url, api_key="test") as sdk:
                stream = from_openai(sdk).create_iterable(response_model=Product, **ASK)
                async for _ in stream:
                    break
                assert stream.outcome == Outcome("cancelled")
                await asyncio.sleep(0)
                assert await asyncio.to_thread(server.requests[0].wait_hung_up, 10.0)

    asyncio.run(main())


# -- read again ------------------------------------------------------------------------------


def test_a_finished_stream_says_so_after_each_way_to_read_it() -> None:
    reads: list[Callable[[Any], Any]] = [
        list,
        lambda stream: list(stream.events()),
        lambda stream: stream.final(),
        lambda stream: list(iter(lambda: next(stream, None), None)),
    ]
    for read in reads:
        stream = stream_partial(Report, OBJECT)
        read(stream)
        for again in (stream, stream.events()):
            with pytest.raises(RuntimeError, match="the stream has ended; it can be read once"):
                list(again)
        assert stream.final() == stream.final() == Report(title="On paper", pages=12)
        assert next(stream, None) is None

    async def main() -> None:
        stream = growing()
        await stream.final()
        for again in (stream, stream.events()):
            with pytest.raises(RuntimeError, match="the stream has ended; it can be read once"):
                [each async for each in again]
        assert await stream.final() == Report(title="On paper", pages=12)

    asyncio.run(main())


def test_an_empty_list_is_read_once_as_well() -> None:
    stream = stream_items(Product, ["[]"])
    assert list(stream) == []
    with pytest.raises(RuntimeError, match="has ended"):
        list(stream)


def test_a_failure_is_raised_again_by_the_next_loop() -> None:
    stream = stream_items(Product, ['[{"name":"Lamp"},{"na'])
    with pytest.raises(Exception, match="the response ends before") as first:
        list(stream)
    with pytest.raises(Exception, match="the response ends before") as second:
        list(stream)
    assert first.value is second.value


# -- repr ------------------------------------------------------------------------------------


def test_what_a_stream_says_of_itself() -> None:
    stream = stream_items(Product, ITEMS, on_invalid="skip")
    assert repr(stream) == "<ItemStream running: 0 items, 1 request>"
    next(stream)
    assert repr(stream) == "<ItemStream running: 1 item, 1 request>"
    list(stream)
    assert repr(stream) == "<ItemStream complete: 4 items, 1 request>"
    invalid = stream_items(Product, ['[{"name":1},', *ITEMS[1:]], on_invalid="skip", take=2)
    list(invalid)
    assert repr(invalid) == "<ItemStream cancelled: 2 items, 1 rejected, 1 request>"


def test_what_a_growing_object_says_of_itself() -> None:
    stream = stream_partial(Report, OBJECT)
    assert repr(stream) == "<PartialStream running: no fields, 1 request>"
    next(stream)
    assert repr(stream) == "<PartialStream running: 1 field, 1 request>"
    stream.final()
    assert repr(stream) == "<PartialStream complete: 2 fields, 1 request>"


def test_what_async_streams_say_of_themselves() -> None:
    async def main() -> None:
        stream = items()
        assert repr(stream) == "<AsyncItemStream running: 0 items, 1 request>"
        async for _ in stream:
            break
        assert repr(stream) == "<AsyncItemStream cancelled: 1 item, 1 request>"
        other = growing()
        await other.final()
        assert repr(other) == "<AsyncPartialStream complete: 2 fields, 1 request>"

    asyncio.run(main())


def test_neither_text_nor_secrets_are_shown() -> None:
    cut = Answer(f'{{"items":[{{"name":"{SECRET}"}},{{"name":"{SECRET}', finish_reason="length")
    answers = [cut, Answer(refusal=SECRET)]
    with ReplayServer(answers) as server:
        with OpenAI(base_url=server.base_url, api_key="sk-secret") as sdk:
            stream = from_openai(sdk).create_iterable(response_model=Product, max_retries=1, **ASK)
            with pytest.raises(Exception, match="refus"):
                list(stream)
            shown = repr(stream) + repr(stream.attempts)
    assert repr(stream).startswith("<ItemStream refused")
    assert repr(stream).endswith(": 1 item, 2 requests>")
    assert "secret" not in shown
    assert stream.attempts[0].outcome is not None
    assert SECRET in stream.attempts[0].outcome.tail


def test_what_an_attempt_says_of_itself() -> None:
    outcome = Outcome("truncated", finish_reason="length", detail="why", tail='{"name":"La')
    attempt = Attempt(2, "resume", outcome, Usage(10, 20), 1.23456789, model="gpt-5")
    assert repr(attempt).startswith(
        "Attempt(number=2, cause='resume', outcome='truncated', usage=Usage(input_tokens=10, "
        "output_tokens=20, cached_tokens=0, reasoning_tokens=0), duration=1.235, model='gpt-5'"
    )
    assert "outcome=None" in repr(Attempt())
