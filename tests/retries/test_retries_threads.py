"""Streams with retries that are left, closed or advanced from elsewhere, at any point."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import tenacity
from client_runs import ASK, async_sdk, sync_sdk
from retry_lists import BOOK, LAMP, RUG, SHELF, VASE, Product, bad, behind, listed, text_of, within
from tenacity import AsyncRetrying, Retrying, stop_after_attempt

from partialstream import AttemptFailed, Item, Resumed, from_openai
from partialstream.testing import Answer, ReplayServer, faults

SOON = 10.0  # seconds, on a busy machine; otherwise the other end would wait for ever
LONG = tenacity.wait_fixed(60)

THREE = text_of(LAMP, RUG, SHELF)
CUT = Answer(THREE, fault=faults.Reset(within(THREE, "Rug")))
REST = listed(RUG, SHELF)
# The rest of the list comes as far as its first item, and then nothing.
STALLED_REST = Answer(REST.text, fault=faults.Stall(behind(REST.text, '"price": 2}')))
# Not even the headers of the answer come.
SILENT = Answer(REST.text, first_delay=60.0)


def items(sdk: Any, **kwargs: Any) -> Any:
    return from_openai(sdk).create_iterable(
        response_model=Product, **ASK, **{"max_retries": 3, **kwargs}
    )


def waiting_long(kind: Any) -> Any:
    return kind(stop=stop_after_attempt(3), wait=LONG)


def soon(condition: Any) -> bool:
    """Whether a condition comes true before long."""
    until = time.perf_counter() + SOON
    while time.perf_counter() < until:
        if condition():
            return True
        time.sleep(0.01)
    return False


# -- sync ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Retrying, AsyncRetrying])
def test_another_thread_ends_a_wait_at_once(kind: Any) -> None:
    with (
        ReplayServer([CUT, REST]) as server,
        sync_sdk(base_url=server.base_url) as sdk,
        ThreadPoolExecutor() as pool,
    ):
        stream = items(sdk, max_retries=waiting_long(kind))
        got: list[Any] = []
        reading = pool.submit(lambda: got.extend(stream))
        assert soon(lambda: len(stream.attempts) == 1 and stream.attempts[0].outcome is not None)
        time.sleep(0.05)  # until it waits
        started = time.perf_counter()
        stream.close()
        stream.close()
        reading.result(SOON)
        assert time.perf_counter() - started < SOON
        assert stream.outcome.status == "cancelled"
        assert len(server.requests) == 1, "nobody wants another answer"


def test_another_thread_ends_the_reading_of_a_follow_up() -> None:
    with (
        ReplayServer([CUT, STALLED_REST]) as server,
        sync_sdk(base_url=server.base_url) as sdk,
        ThreadPoolExecutor() as pool,
    ):
        stream = items(sdk)
        second = threading.Event()

        def read() -> list[Any]:
            values = []
            for product in stream:
                values.append(product)
                if product == RUG:
                    second.set()
            return values

        reading = pool.submit(read)
        assert second.wait(SOON)
        time.sleep(0.05)  # until it waits for bytes that will not come
        stream.close()
        assert reading.result(SOON) == [LAMP, RUG]
        assert server.requests[1].wait_hung_up(SOON)
        assert stream.outcome.status == "cancelled"


def test_threads_may_take_turns_and_close_meanwhile() -> None:
    # The streams are closed at any moment, between two requests too: no thread ends in an error.
    with sync_sdk(base_url="http://unused") as sdk, ThreadPoolExecutor() as pool:
        for turn in range(20):
            policy = Retrying(stop=stop_after_attempt(2), wait=tenacity.wait_fixed(0.002))
            with ReplayServer([CUT, REST]) as server:
                at_server = sdk.with_options(base_url=server.base_url)
                stream = items(at_server, max_retries=policy)
                reading = pool.submit(list, stream)
                time.sleep(turn * 0.001)
                stream.close()
                got = reading.result(SOON)
                assert got == [LAMP, RUG, SHELF][: len(got)]
                for request in list(server.requests):
                    assert request.wait_finished(SOON) or request.hung_up


def test_each_advance_in_another_thread() -> None:
    cut = text_of(LAMP, bad(RUG), SHELF, VASE, BOOK)
    answers = [
        Answer(cut, fault=faults.Reset(within(cut, "Vase"))),
        listed(VASE, BOOK),
        listed(RUG),
    ]
    with ReplayServer(answers) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = items(sdk, max_retries=1)
        got: list[Any] = []
        threads: set[int] = set()

        def advance() -> bool:
            threads.add(threading.get_ident())
            value = next(stream, None)
            if value is not None:
                got.append(value)
            return value is not None

        more = True
        alive: list[ThreadPoolExecutor] = []  # or a thread's number would be used again
        while more:
            alive.append(ThreadPoolExecutor(1))
            more = alive[-1].submit(advance).result(SOON)
        for pool in alive:
            pool.shutdown()
        assert got == [LAMP, SHELF, VASE, BOOK, RUG]
        assert len(threads) == 6
        assert len(server.requests) == 3


def test_many_streams_at_once() -> None:
    # Each has a budget of its own, though they share one policy of tenacity's.
    policy = Retrying(stop=stop_after_attempt(2), sleep=lambda _: None)
    sent = threading.Lock()
    count = 0

    def answer(request: Any) -> Answer:
        nonlocal count
        with sent:
            count += 1
        return REST if len(request.body["messages"]) > 1 else CUT

    with ReplayServer(answer) as server, sync_sdk(base_url=server.base_url) as sdk:
        with ThreadPoolExecutor(8) as pool:
            lists = list(pool.map(lambda _: list(items(sdk, max_retries=policy)), range(24)))
    assert lists == [[LAMP, RUG, SHELF]] * 24
    assert count == 48


def leave_by_break(stream: Any) -> None:
    for product in stream:
        if product == RUG:
            break


def leave_by_del(stream: Any) -> None:
    assert [next(stream), next(stream)] == [LAMP, RUG]
    del stream
    gc.collect()


def leave_by_with(stream: Any) -> None:
    with stream:
        assert [next(stream), next(stream)] == [LAMP, RUG]


def leave_events(stream: Any) -> None:
    for event in stream.events():
        if isinstance(event, Item) and event.value == RUG:
            break


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_del, leave_by_with, leave_events])
def test_a_stream_that_is_left_closes_the_follow_up(leave: Any) -> None:
    with ReplayServer([CUT, STALLED_REST]) as server, sync_sdk(base_url=server.base_url) as sdk:
        leave(items(sdk))
        assert server.requests[1].wait_hung_up(SOON)


def test_a_stream_that_is_left_between_two_requests_makes_no_more() -> None:
    with ReplayServer([CUT, REST]) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = items(sdk)
        for event in stream.events():
            if isinstance(event, Resumed):
                break
        stream.close()
        assert stream.outcome.status == "cancelled"
        assert len(server.requests) <= 2
        assert all(each.wait_finished(SOON) or each.hung_up for each in server.requests)


# -- async ---------------------------------------------------------------------------------


async def hung_up(request: Any) -> bool:
    return await asyncio.to_thread(request.wait_hung_up, SOON)


async def until(condition: Any) -> None:
    async def look() -> None:
        while not condition():  # noqa: ASYNC110 - it happens in the server's thread
            await asyncio.sleep(0.01)

    await asyncio.wait_for(look(), SOON)


async def read(stream: Any, got: list[Any]) -> None:
    async for product in stream:
        got.append(product)  # noqa: PERF401 - to be seen before the stream ends


def has_failed(stream: Any) -> bool:
    return bool(stream.attempts) and stream.attempts[0].outcome is not None


@pytest.mark.parametrize("kind", [Retrying, AsyncRetrying])
@pytest.mark.parametrize("how", ["cancel", "close"])
def test_a_task_that_waits_ends_at_once(kind: Any, how: str) -> None:
    async def main() -> None:
        with ReplayServer([CUT, REST]) as server:
            async with async_sdk(base_url=server.base_url) as sdk:
                stream = items(sdk, max_retries=waiting_long(kind))
                got: list[Any] = []
                task = asyncio.create_task(read(stream, got))
                await until(lambda: has_failed(stream))
                await asyncio.sleep(0.05)
                if how == "cancel":
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await asyncio.wait_for(task, SOON)
                else:
                    await stream.close()
                    await asyncio.wait_for(task, SOON)
                assert got == [LAMP]
                assert stream.outcome.status == "cancelled"
                await stream.close()
            assert len(server.requests) == 1

    asyncio.run(main())


@pytest.mark.parametrize("how", ["cancel", "close"])
@pytest.mark.parametrize(
    "second", [SILENT, STALLED_REST], ids=["before its answer", "in its answer"]
)
def test_a_task_in_a_follow_up_ends_at_once(how: str, second: Answer) -> None:
    async def main() -> None:
        with ReplayServer([CUT, second]) as server:
            async with async_sdk(base_url=server.base_url) as sdk:
                stream = items(sdk)
                got: list[Any] = []
                task = asyncio.create_task(read(stream, got))
                await until(lambda: len(server.requests) == 2)
                if second is STALLED_REST:
                    await until(lambda: got == [LAMP, RUG])
                await asyncio.sleep(0.05)
                if how == "cancel":
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await asyncio.wait_for(task, SOON)
                else:
                    await stream.close()
                    await asyncio.wait_for(task, SOON)
                assert await hung_up(server.requests[1])
                assert stream.outcome.status == "cancelled"
                assert len(server.requests) == 2

    asyncio.run(main())


def test_a_cancelled_task_takes_nothing_for_a_failure() -> None:
    told: list[Any] = []

    async def main() -> None:
        with ReplayServer([CUT, STALLED_REST]) as server:
            async with async_sdk(base_url=server.base_url) as sdk:
                stream = items(sdk)

                async def all_events() -> None:
                    async for event in stream.events():
                        told.append(event)  # noqa: PERF401 - as above

                task = asyncio.create_task(all_events())
                await until(lambda: sum(isinstance(event, Item) for event in told) == 2)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert [a.cause for a in stream.attempts] == ["request", "resume"]

    asyncio.run(main())
    assert sum(isinstance(event, AttemptFailed) for event in told) == 1


@pytest.mark.parametrize("way", ["break", "aclose", "with", "events"])
def test_an_async_stream_that_is_left_closes_the_follow_up(way: str) -> None:
    async def main() -> None:
        with ReplayServer([CUT, STALLED_REST]) as server:
            async with async_sdk(base_url=server.base_url) as sdk:
                stream = items(sdk)
                if way == "with":
                    async with stream:
                        await anext_of(stream, 2)
                elif way == "aclose":
                    await anext_of(stream, 2)
                    await stream.aclose()
                else:
                    async for value in stream.events() if way == "events" else stream:
                        if RUG in (value, getattr(value, "value", None)):
                            break
                    del stream
                    gc.collect()
                assert await hung_up(server.requests[1])

    async def anext_of(stream: Any, count: int) -> None:
        for _ in range(count):
            await stream.__anext__()

    asyncio.run(main())
