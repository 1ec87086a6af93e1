"""Leaving a stream, in every way there is, closes what it reads from."""

from __future__ import annotations

import gc
import weakref
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from life import LIVES, Life, Product, run_async

from partialstream import (
    IncompleteStreamError,
    Outcome,
    astream_items,
    astream_partial,
    stream_items,
)
from partialstream.testing import async_fake_stream, fake_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


pytestmark = pytest.mark.usefixtures("nothing_fails_unseen")

DELTAS = ['[{"name":"a"},', '{"name":"b"},', '{"name":"c"}]']
GROWING = ['{"name":"a', "b", "c", '"}']

# How to read: what makes the stream, and what iterates over it.
READINGS: dict[str, Callable[[Life, Any], Any]] = {
    "items": lambda life, chunks: life.items(chunks),
    "detailed": lambda life, chunks: life.items(chunks).detailed(),
    "item events": lambda life, chunks: life.items(chunks).events(),
    "object": lambda life, chunks: life.partial(chunks),
    "object events": lambda life, chunks: life.partial(chunks).events(),
}

both = pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
readings = pytest.mark.parametrize("reading", READINGS)
kinds = pytest.mark.parametrize("kind", ["items", "object"])


def deltas_of(reading: str) -> list[str]:
    return GROWING if "object" in reading else DELTAS


def make(life: Life, kind: str, chunks: Any) -> Any:
    return life.items(chunks) if kind == "items" else life.partial(chunks)


class Mine(Exception):
    pass


def raises(error: type[BaseException]) -> Callable[[Any], None]:
    """The body of a loop that raises."""

    def body(_: Any) -> None:
        raise error

    return body


@readings
@both
def test_break_in_a_bare_loop(life: Life, reading: str) -> None:
    async def main() -> None:
        chunks = life.source(deltas_of(reading))
        was_closed: list[bool] = []
        await life.loop(
            lambda: READINGS[reading](life, chunks),
            lambda _: was_closed.append(chunks.closed),
            leave=True,
        )
        await life.turns()
        assert was_closed == [False]
        assert (chunks.closed, chunks.given) == (True, 1)

    life.run(main)


@readings
@both
def test_an_exception_in_the_body_of_a_bare_loop(life: Life, reading: str) -> None:
    async def main() -> None:
        chunks = life.source(deltas_of(reading))
        with pytest.raises(Mine):
            await life.loop(lambda: READINGS[reading](life, chunks), raises(Mine))
        await life.turns()
        assert (chunks.closed, chunks.given) == (True, 1)

    life.run(main)


@readings
@both
def test_reading_to_the_end_closes_too(life: Life, reading: str) -> None:
    async def main() -> None:
        chunks = life.source(deltas_of(reading))
        await life.loop(lambda: READINGS[reading](life, chunks), lambda _: None)
        assert chunks.closed

    life.run(main)


@kinds
@both
def test_break_in_a_with_block(life: Life, kind: str) -> None:
    async def main() -> None:
        chunks = life.source(deltas_of(kind))
        async with life.block(make(life, kind, chunks)) as stream:
            await life.loop(lambda: stream, lambda _: None, leave=True)
            assert chunks.closed == life.hangs_up_on_break
        assert chunks.closed
        assert stream.outcome == Outcome("cancelled")
        assert stream.timing.total is not None
        with pytest.raises(RuntimeError, match="a loop over it exited early"):
            await life.values(stream)

    life.run(main)


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        ("items", "values"),
        ("items", "detailed"),
        ("items", "events"),
        ("object", "values"),
        ("object", "events"),
    ],
)
@both
def test_leaving_a_loop_closes_a_stream_that_is_kept(life: Life, kind: str, way: str) -> None:
    async def main() -> None:
        chunks = life.source(deltas_of(kind))
        stream = make(life, kind, chunks)
        was_closed: list[bool] = []
        await life.loop(
            lambda: stream if way == "values" else getattr(stream, way)(),
            lambda _: was_closed.append(chunks.closed),
            leave=True,
        )
        await life.turns()
        assert was_closed == [False]
        assert (chunks.closed, chunks.given) == (True, 1)
        assert stream.outcome == Outcome("cancelled")
        with pytest.raises(RuntimeError, match="exited early"):
            await life.next_of_iter(stream)

    life.run(main)


@both
def test_an_exception_in_a_loop_over_a_stream_that_is_kept(life: Life) -> None:
    async def main() -> None:
        chunks = life.source(DELTAS)
        stream = life.items(chunks)
        with pytest.raises(Mine):
            await life.loop(lambda: stream, raises(Mine))
        await life.turns()
        assert (chunks.closed, chunks.given) == (True, 1)

    life.run(main)


def test_who_keeps_the_iterator_reads_on() -> None:
    chunks = fake_stream(DELTAS)
    stream = stream_items(Product, chunks)
    first = next(stream)
    iterator = iter(stream)
    rest = [next(iterator), *iterator]
    assert [first, *rest] == list(stream_items(Product, DELTAS))
    assert stream.outcome == Outcome("complete")
    with pytest.raises(RuntimeError, match="has ended"):
        list(stream)


@pytest.mark.parametrize(
    ("life", "error"),
    [
        pytest.param(life, error, id=f"{life.name}-{error.__name__}")
        for life in LIVES
        for error in (Mine, KeyboardInterrupt, SystemExit)
        if life.name == "sync" or error is Mine  # the others end the event loop
    ],
)
@kinds
def test_an_exception_in_a_with_block(kind: str, life: Life, error: type[BaseException]) -> None:
    async def main() -> None:
        chunks = life.source(deltas_of(kind))
        with pytest.raises(error):
            async with life.block(make(life, kind, chunks)) as stream:
                await life.loop(lambda: stream, raises(error))
        assert (chunks.closed, chunks.given) == (True, 1)

    life.run(main)


@kinds
@both
def test_a_with_block_leaves_a_complete_stream_complete(life: Life, kind: str) -> None:
    async def main() -> None:
        chunks = life.source(deltas_of(kind))
        async with life.block(make(life, kind, chunks)) as stream:
            values = await life.values(stream)
        assert values
        assert stream.outcome == Outcome("complete")
        await life.close(stream)
        assert stream.outcome == Outcome("complete")

    life.run(main)


@kinds
@both
def test_close_twice_and_before_reading(life: Life, kind: str) -> None:
    async def main() -> None:
        chunks = life.source(deltas_of(kind))
        stream = make(life, kind, chunks)
        await life.close(stream)
        assert chunks.given == 0
        assert chunks.closed or life.name == "async"
        await life.close(stream)
        assert await life.values(stream) == []
        assert chunks.closed
        assert stream.outcome == Outcome("cancelled")

    life.run(main)


@kinds
@both
def test_close_in_the_middle(life: Life, kind: str) -> None:
    async def main() -> None:
        chunks = life.source(deltas_of(kind))
        stream = make(life, kind, chunks)
        await life.next(stream)
        await life.close(stream)
        await life.close(stream)
        assert (chunks.closed, chunks.given) == (True, 1)
        assert await life.values(stream) == []
        assert stream.outcome == Outcome("cancelled")

    life.run(main)


@both
def test_close_inside_the_loop_ends_it(life: Life) -> None:
    async def main() -> None:
        chunks = life.source(DELTAS)
        stream = life.items(chunks)
        assert [product.name for product in await life.close_in_loop(stream)] == ["a"]
        assert chunks.closed
        assert stream.outcome == Outcome("cancelled")

    life.run(main)


def test_close_ends_the_other_ways_to_read() -> None:
    for way in ("detailed", "events"):
        chunks = fake_stream(DELTAS)
        stream = stream_items(Product, chunks)
        reader: Iterator[Any] = getattr(stream, way)()
        next(reader)
        stream.close()
        assert chunks.closed
        assert list(reader) == []


@both
def test_final_of_a_closed_stream_is_an_error(life: Life) -> None:
    async def main() -> None:
        stream = life.partial(life.source(GROWING))
        await life.next(stream)
        await life.close(stream)
        with pytest.raises(IncompleteStreamError) as caught:
            await life.final(stream)
        assert caught.value.outcome is not None
        assert caught.value.outcome.status == "cancelled"

    life.run(main)


@pytest.mark.parametrize("how", ["bare", "with"])
@both
def test_a_generator_is_closed_where_it_stands(life: Life, how: str) -> None:
    async def main() -> None:
        ends: list[str] = []
        if how == "bare":
            await life.loop(
                lambda: life.items(life.generator(DELTAS, ends)), lambda _: None, leave=True
            )
            await life.turns()
        else:
            async with life.block(life.items(life.generator(DELTAS, ends))) as stream:
                await life.loop(lambda: stream, lambda _: None, leave=True)
        assert ends == ["closed", "left"]

    life.run(main)


def test_an_iterable_without_close_is_read_all_the_same() -> None:
    for chunks in (DELTAS, tuple(DELTAS), iter(DELTAS)):
        with stream_items(Product, chunks) as stream:
            assert [product.name for product in stream] == ["a", "b", "c"]


def test_what_cannot_be_iterated_over_is_refused_at_once() -> None:
    wrong: Any = 7
    with pytest.raises(TypeError):
        stream_items(Product, wrong)


def test_a_sync_source_is_refused_with_a_hint() -> None:
    async def main() -> None:
        wrong: Any = DELTAS
        with pytest.raises(TypeError, match="stream_items"):
            await anext(astream_items(Product, wrong))

    run_async(main)


@readings
@both
def test_a_stream_that_nobody_reads_is_closed_when_it_is_forgotten(
    life: Life, reading: str
) -> None:
    async def main() -> None:
        chunks = life.source(deltas_of(reading))
        reader = READINGS[reading](life, chunks)
        del reader
        gc.collect()
        await life.turns()
        # What was never awaited has nothing open, and leaves no warning.
        assert chunks.closed or life.name == "async"
        assert chunks.given == 0

    life.run(main)


@both
def test_a_half_read_stream_is_closed_when_it_is_forgotten(life: Life) -> None:
    async def main() -> None:
        chunks = life.source(DELTAS)
        stream = life.items(chunks)
        await life.next(stream)
        gone = weakref.ref(stream)
        del stream
        gc.collect()
        await life.turns()
        assert gone() is None
        assert chunks.closed

    life.run(main)


@kinds
def test_a_stream_may_be_awaited_first(kind: str) -> None:
    async def main() -> None:
        chunks = async_fake_stream(deltas_of(kind))
        made: Any = astream_items if kind == "items" else astream_partial
        stream = await made(Product, chunks)
        assert await stream is stream
        assert [value.name async for value in stream][-1] == ("c" if kind == "items" else "abc")
        assert stream.outcome == Outcome("complete")

    run_async(main)


@kinds
def test_aclose_is_another_close(kind: str) -> None:
    async def main() -> None:
        chunks = async_fake_stream(deltas_of(kind))
        made: Any = astream_items if kind == "items" else astream_partial
        async with aclosing(made(Product, chunks)) as stream:
            async for _ in stream:
                break
        assert chunks.closed

    run_async(main)


def test_a_stream_left_open_at_the_end_of_the_loop_is_closed() -> None:
    chunks = async_fake_stream(DELTAS)
    kept: list[Any] = []

    async def main() -> None:
        stream = astream_items(Product, chunks)
        kept.append(stream)
        await anext(stream)

    run_async(main)
    assert chunks.closed
