"""A sync stream and threads: closed by one while another waits, read by several in turn."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from life import Product
from waiting import WaitingStream

from partialstream import Outcome, stream_items, stream_partial
from partialstream.testing import fake_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("nothing_fails_unseen")

DELTAS = ['[{"name":"a"},', '{"name":"b"},', '{"name":"c"}]']


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
    assert chunks.waits.wait(30)
    stream.close()
    thread.join(30)
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
            assert go_on.wait(30)
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
    assert works.wait(30)
    try:
        stream.close()
    finally:
        go_on.set()
        thread.join(30)
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
