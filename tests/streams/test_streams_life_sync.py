"""Leaving a sync stream, in every way there is, closes what it reads from."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel
from waiting import WaitingStream

from partialstream import (
    IncompleteStreamError,
    ItemStream,
    Outcome,
    PartialStream,
    stream_items,
    stream_partial,
)
from partialstream.testing import fake_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


pytestmark = pytest.mark.usefixtures("nothing_fails_unseen")


class Product(BaseModel):
    name: str


DELTAS = ['[{"name":"a"},', '{"name":"b"},', '{"name":"c"}]']
GROWING = ['{"name":"a', "b", "c", '"}']

# How to read: what makes the stream, and what iterates over it.
READINGS: dict[str, Callable[[Any], Any]] = {
    "items": lambda chunks: stream_items(Product, chunks),
    "detailed": lambda chunks: stream_items(Product, chunks).detailed(),
    "item events": lambda chunks: stream_items(Product, chunks).events(),
    "object": lambda chunks: stream_partial(Product, chunks),
    "object events": lambda chunks: stream_partial(Product, chunks).events(),
}


def deltas_of(reading: str) -> list[str]:
    return GROWING if "object" in reading else DELTAS


class Mine(Exception):
    pass


@pytest.mark.parametrize("reading", READINGS)
def test_break_in_a_bare_loop(reading: str) -> None:
    chunks = fake_stream(deltas_of(reading))
    for _ in READINGS[reading](chunks):
        assert not chunks.closed
        break
    assert (chunks.closed, chunks.given) == (True, 1)


@pytest.mark.parametrize("reading", READINGS)
def test_an_exception_in_the_body_of_a_bare_loop(reading: str) -> None:
    chunks = fake_stream(deltas_of(reading))

    def loop() -> None:
        for _ in READINGS[reading](chunks):
            raise Mine

    with pytest.raises(Mine):
        loop()
    assert (chunks.closed, chunks.given) == (True, 1)


@pytest.mark.parametrize("reading", READINGS)
def test_reading_to_the_end_closes_too(reading: str) -> None:
    chunks = fake_stream(deltas_of(reading))
    for _ in READINGS[reading](chunks):
        pass
    assert chunks.closed


def make(kind: str, chunks: Any) -> ItemStream[Product] | PartialStream[Product]:
    return stream_items(Product, chunks) if kind == "items" else stream_partial(Product, chunks)


kinds = pytest.mark.parametrize(("kind", "deltas"), [("items", DELTAS), ("object", GROWING)])


@kinds
def test_break_in_a_with_block(kind: str, deltas: list[str]) -> None:
    chunks = fake_stream(deltas)
    with make(kind, chunks) as stream:
        for _ in stream:
            break
        assert chunks.closed
    assert stream.outcome == Outcome("cancelled")
    assert stream.timing.total is not None


@pytest.mark.parametrize(
    ("kind", "deltas", "way"),
    [
        ("items", DELTAS, "values"),
        ("items", DELTAS, "detailed"),
        ("items", DELTAS, "events"),
        ("object", GROWING, "values"),
        ("object", GROWING, "events"),
    ],
)
def test_leaving_a_loop_closes_a_stream_that_is_kept(
    kind: str, deltas: list[str], way: str
) -> None:
    chunks = fake_stream(deltas)
    stream: Any = make(kind, chunks)
    for _ in stream if way == "values" else getattr(stream, way)():
        assert not chunks.closed
        break
    assert (chunks.closed, chunks.given) == (True, 1)
    assert stream.outcome == Outcome("cancelled")
    with pytest.raises(RuntimeError, match="was left"):
        next(iter(stream))


def test_an_exception_in_a_loop_over_a_stream_that_is_kept() -> None:
    chunks = fake_stream(DELTAS)
    stream = stream_items(Product, chunks)

    def loop() -> None:
        for _ in stream:
            raise Mine

    with pytest.raises(Mine):
        loop()
    assert (chunks.closed, chunks.given) == (True, 1)


def test_who_keeps_the_iterator_reads_on() -> None:
    chunks = fake_stream(DELTAS)
    stream = stream_items(Product, chunks)
    first = next(stream)
    iterator = iter(stream)
    rest = [next(iterator), *iterator]
    assert [first, *rest] == list(stream_items(Product, DELTAS))
    assert stream.outcome == Outcome("complete")
    assert list(stream) == []


@pytest.mark.parametrize("error", [Mine, KeyboardInterrupt, SystemExit])
@kinds
def test_an_exception_in_a_with_block(
    kind: str, deltas: list[str], error: type[BaseException]
) -> None:
    chunks = fake_stream(deltas)

    def loop() -> None:
        with make(kind, chunks) as stream:
            for _ in stream:
                raise error

    with pytest.raises(error):
        loop()
    assert (chunks.closed, chunks.given) == (True, 1)


@kinds
def test_a_with_block_leaves_a_complete_stream_complete(kind: str, deltas: list[str]) -> None:
    chunks = fake_stream(deltas)
    with make(kind, chunks) as stream:
        values = list(stream)
    assert values
    assert stream.outcome == Outcome("complete")
    stream.close()
    assert stream.outcome == Outcome("complete")


@kinds
def test_close_twice_and_before_reading(kind: str, deltas: list[str]) -> None:
    chunks = fake_stream(deltas)
    stream = make(kind, chunks)
    stream.close()
    assert (chunks.closed, chunks.given) == (True, 0)
    stream.close()
    assert list(stream) == []
    assert stream.outcome == Outcome("cancelled")


@kinds
def test_close_in_the_middle(kind: str, deltas: list[str]) -> None:
    chunks = fake_stream(deltas)
    stream = make(kind, chunks)
    next(stream)
    stream.close()
    stream.close()
    assert (chunks.closed, chunks.given) == (True, 1)
    assert list(stream) == []
    assert stream.outcome == Outcome("cancelled")


def test_close_inside_the_loop_ends_it() -> None:
    chunks = fake_stream(DELTAS)
    stream = stream_items(Product, chunks)
    names: list[str] = []
    for product in stream:
        names.append(product.name)
        stream.close()
    assert names == ["a"]
    assert stream.outcome == Outcome("cancelled")


def test_close_ends_the_other_ways_to_read() -> None:
    for way in ("detailed", "events"):
        chunks = fake_stream(DELTAS)
        stream = stream_items(Product, chunks)
        reader: Iterator[Any] = getattr(stream, way)()
        next(reader)
        stream.close()
        assert chunks.closed
        assert list(reader) == []


def test_final_of_a_closed_stream_is_an_error() -> None:
    stream = stream_partial(Product, fake_stream(GROWING))
    next(stream)
    stream.close()
    with pytest.raises(IncompleteStreamError) as caught:
        stream.final()
    assert caught.value.outcome is not None
    assert caught.value.outcome.status == "cancelled"


def test_a_generator_is_closed_where_it_stands() -> None:
    ends: list[str] = []

    def generator() -> Iterator[str]:
        try:
            yield from DELTAS
        except GeneratorExit:
            ends.append("closed")
            raise
        finally:
            ends.append("left")

    for _ in stream_items(Product, generator()):
        break
    assert ends == ["closed", "left"]


def test_an_iterable_without_close_is_read_all_the_same() -> None:
    for chunks in (DELTAS, tuple(DELTAS), iter(DELTAS)):
        with stream_items(Product, chunks) as stream:
            assert [product.name for product in stream] == ["a", "b", "c"]


def test_what_cannot_be_iterated_over_is_refused_at_once() -> None:
    wrong: Any = 7
    with pytest.raises(TypeError):
        stream_items(Product, wrong)


@pytest.mark.parametrize("reading", READINGS)
def test_a_stream_that_nobody_reads_is_closed_when_it_is_forgotten(reading: str) -> None:
    chunks = fake_stream(deltas_of(reading))
    reader = READINGS[reading](chunks)
    del reader
    gc.collect()
    assert chunks.closed
    assert chunks.given == 0


def test_a_half_read_stream_is_closed_when_it_is_forgotten() -> None:
    chunks = fake_stream(DELTAS)
    stream = stream_items(Product, chunks)
    next(stream)
    gone = weakref.ref(stream)
    del stream
    gc.collect()
    assert gone() is None
    assert chunks.closed


@pytest.mark.parametrize("error", [None, OSError("socket closed")], ids=["ends", "raises"])
@pytest.mark.parametrize("reading", ["values", "detailed", "events"])
def test_close_from_another_thread_wakes_a_thread_that_waits(
    reading: str, error: Exception | None
) -> None:
    chunks = WaitingStream(DELTAS[:1], error)
    stream = stream_items(Product, chunks)
    read: list[Any] = []
    raised: list[BaseException] = []

    def loop() -> None:
        try:
            for value in stream if reading == "values" else getattr(stream, reading)():
                read.append(value)  # noqa: PERF402 - what was read before an exception counts
        except BaseException as error:  # noqa: BLE001 - shown to the test
            raised.append(error)

    thread = threading.Thread(target=loop)
    thread.start()
    assert chunks.waits.wait(5)
    stream.close()
    thread.join(5)
    assert not thread.is_alive()
    assert raised == []
    assert read
    assert chunks.closed == 1
    assert stream.outcome == Outcome("cancelled")


def test_close_from_another_thread_while_a_generator_works() -> None:
    # A generator cannot be closed while it runs: it is closed as soon as it gives its chunk.
    works, go_on = threading.Event(), threading.Event()
    ends: list[str] = []

    def generator() -> Iterator[str]:
        try:
            yield DELTAS[0]
            works.set()
            assert go_on.wait(5)
            yield DELTAS[1]
            yield DELTAS[2]
        finally:
            ends.append("left")

    stream = stream_items(Product, generator())
    names: list[str] = []
    raised: list[BaseException] = []

    def loop() -> None:
        try:
            names.extend(product.name for product in stream)
        except BaseException as error:  # noqa: BLE001 - shown to the test
            raised.append(error)

    thread = threading.Thread(target=loop)
    thread.start()
    assert works.wait(5)
    try:
        stream.close()
    finally:
        go_on.set()
        thread.join(5)
    assert raised == []
    assert names == ["a"]
    assert ends == ["left"]
    assert stream.outcome == Outcome("cancelled")


def test_one_stream_advanced_from_changing_threads() -> None:
    chunks = fake_stream(["[", *DELTAS[1:2] * 40, '{"name":"c"}]'])
    stream = stream_items(Product, chunks)
    names: list[str] = []
    threads: set[int] = set()

    def advance() -> str | None:
        threads.add(threading.get_ident())
        time.sleep(0.0005)
        product = next(stream, None)
        return None if product is None else product.name

    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as two:
        for number in range(1_000):
            name = (one, two)[number % 2].submit(advance).result()
            if name is None:
                break
            names.append(name)
    assert names == ["b"] * 40 + ["c"]
    assert len(threads) == 2
    assert stream.outcome == Outcome("complete")


def test_two_streams_of_one_model_in_two_threads() -> None:
    def read(_: int) -> list[str]:
        return [product.name for product in stream_partial(Product, list('{"name":"abc"}'))]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(read, range(40)))
    assert all(result == results[0] for result in results)
