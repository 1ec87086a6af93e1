"""Rate limits over HTTP: threads, tasks and event loops that share one."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import instructor
import pytest
from client_runs import ASK, CALLERS, Caller, Product, async_sdk, sync_sdk
from openai import RateLimitError
from patience import patiently
from sliding import SlidingWindow

from partialstream import (
    IncompleteStreamError,
    RateLimit,
    Usage,
    from_instructor,
    from_openai,
    from_provider,
)
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

LAMPS = '{"items":[{"name":"Lamp"},{"name":"Rug"}]}'
BOTH = [Product(name="Lamp"), Product(name="Rug")]
LIST: dict[str, Any] = {**ASK, "response_model": Product}


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run an async test on asyncio."""

    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


class ShortMinute(RateLimit):
    """A rate limit whose minute has fewer seconds."""

    _minute = 12.0


def one_each(seconds: float) -> RateLimit:
    """A rate limit of 20 requests in its minute, which go so many seconds apart."""

    class Minute(RateLimit):
        _minute = 20 * seconds

    return Minute(requests_per_minute=20)


class Stalls:
    """Measures by how much this process is woken too late, on a machine that others use too."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure)

    def _measure(self) -> None:
        last = time.monotonic()
        while not self._over.wait(0.02):
            now = time.monotonic()
            self.seconds += max(0.0, now - last - 0.021)
            last = now

    def __enter__(self) -> Stalls:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self._thread.join()


def test_100_tasks_and_8_threads_share_one_limit_and_are_never_refused() -> None:
    # What others do on this machine may keep requests from going in time; fewer take less of it.
    for allowed in (600, 300, 150):
        rate, rate_undisturbed = share_one_limit(allowed)
        assert rate <= 1.0
        if rate_undisturbed >= 0.9:
            return
    pytest.fail(f"only {rate:.1%} of the allowed rate, three times")


def share_one_limit(allowed: int) -> tuple[float, float]:
    """Make the requests of two minutes; gives their rate, and that while the process ran.

    Both are shares of the allowed rate.
    """
    requests, minute = 2 * allowed, ShortMinute._minute
    window = SlidingWindow('{"items":[{"name":"Lamp"}]}', allowed, minute)
    limit = ShortMinute(requests_per_minute=allowed)
    left = iter(range(requests))
    lock = threading.Lock()
    got: list[Any] = []

    def another() -> bool:
        with lock:
            return next(left, None) is not None

    def work(client: Any) -> None:
        while another():
            got.extend(client.create_iterable(**LIST))

    async def work_async(client: Any) -> None:
        while another():
            got.extend([each async for each in client.create_iterable(**LIST)])

    async def tasks(server: ReplayServer) -> None:
        async with async_sdk(base_url=server.base_url, max_retries=0) as sdk:
            client = from_openai(sdk, rate_limit=limit)
            await asyncio.gather(*[work_async(client) for _ in range(100)])

    with (
        Stalls() as stalls,
        ReplayServer(window) as server,
        sync_sdk(base_url=server.base_url, max_retries=0) as sdk,
    ):
        client = from_openai(sdk, rate_limit=limit)
        with ThreadPoolExecutor(9) as threads:
            running = [threads.submit(work, client) for _ in range(8)]
            running.append(threads.submit(asyncio.run, tasks(server)))
            for each in running:
                each.result()
    assert window.refused == 0
    assert len(got) == len(window.times) == requests
    took = max(window.times) - min(window.times)
    rate = (requests - 1) / took * minute / allowed
    print(
        f"{requests} requests, {window.refused} refused, at {rate:.1%} of the allowed rate; "
        f"woken late by {stalls.seconds:.1f} s in {took:.1f} s"
    )
    assert (limit.open, limit.waiting) == (0, 0)
    return rate, rate * took / (took - stalls.seconds)


# -- every request, whoever makes it -----------------------------------------------------------


@pytest.fixture(autouse=True, scope="module")
def warm() -> None:
    """The first request of a process loads modules between its turn and its being sent."""
    with ReplayServer([LAMPS], repeat=True) as server:
        for each in CALLERS:
            each(server).read("create_iterable", response_model=Product)


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> Caller:
    made: Caller = request.param
    return made


def gaps(server: ReplayServer) -> list[float]:
    """Seconds between the requests that came."""
    times = [request.received_at for request in server.requests]
    return [b - a for a, b in pairwise(times)]


def test_calls_wait_and_say_so(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "partialstream")

    def check(apart: float) -> None:
        caplog.clear()
        limit = one_each(apart)
        with ReplayServer([LAMPS], repeat=True) as server:
            calls = caller(server, rate_limit=limit)
            runs = [calls.read("create_iterable", response_model=Product) for _ in range(2)]
            assert [run.values for run in runs] == [BOTH, BOTH]
            assert gaps(server)[0] > apart / 2
        # The clock of a stream starts when its request is sent.
        assert runs[1].stream.timing.first_delta < limit.waited
        assert runs[1].stream.attempts[0].duration < limit.waited
        waits = [each.getMessage() for each in caplog.records if "rate limit" in each.getMessage()]
        assert len(waits) == 1

    patiently(check, 0.6)


def test_retries_and_follow_ups_wait_too(caller: Caller) -> None:
    script = [
        Answer(fault=faults.HTTPError(500)),
        Answer('{"items":[{"name":"Lamp"},{"name":1}]}'),
        Answer('{"indexes":"1","items":[{"name":"Rug"}]}'),
    ]

    def check(apart: float) -> None:
        limit = one_each(apart)
        with ReplayServer(script) as server:
            calls = caller(server, rate_limit=limit, max_retries=0)
            run = calls.read("create_iterable", response_model=Product, max_retries=3)
            assert run.values == BOTH
            assert len(gaps(server)) == 2
            assert min(gaps(server)) > apart / 2
        assert limit.open == 0

    patiently(check, 0.6)


@pytest.mark.parametrize("method", ["create_partial", "create"])
def test_objects_and_full_responses_wait_too(caller: Caller, method: str) -> None:
    def check(apart: float) -> None:
        limit = one_each(apart)
        with ReplayServer(['{"name":"Lamp"}'], repeat=True) as server:
            calls = caller(server, rate_limit=limit)
            for _ in range(2):
                if method == "create":
                    assert calls.whole(response_model=Product) == BOTH[0]
                else:
                    run = calls.read("create_partial", response_model=Product)
                    assert run.values[-1] == BOTH[0]
            assert gaps(server)[0] > apart / 2
        assert limit.open == 0

    patiently(check, 0.6)


def test_one_429_makes_all_wait(caller: Caller) -> None:
    limit = RateLimit()
    script = [Answer(fault=faults.HTTPError(429, retry_after=0.5)), Answer(LAMPS)]
    with ReplayServer(script, repeat=True) as server:
        calls = caller(server, rate_limit=limit, max_retries=0)
        assert isinstance(
            calls.read("create_iterable", response_model=Product).error, RateLimitError
        )
        assert calls.read("create_iterable", response_model=Product).values == BOTH
        assert gaps(server)[0] > 0.4


@pytest.mark.parametrize("full", [False, True], ids=["streamed", "full"])
def test_headers_of_responses_are_read(caller: Caller, full: bool) -> None:
    limit = RateLimit()
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "500ms"}
    with ReplayServer([Answer(LAMPS, headers=headers)], repeat=True) as server:
        calls = caller(server, rate_limit=limit)
        for _ in range(2):
            if full:
                assert calls.whole(response_model=list[Product]) == BOTH
            else:
                calls.read("create_iterable", response_model=Product)
        assert gaps(server)[0] > 0.4


def test_the_deadline_counts_while_it_waits(caller: Caller) -> None:
    limit = RateLimit(requests_per_minute=1)
    with ReplayServer([LAMPS], repeat=True) as server:
        calls = caller(server, rate_limit=limit)
        calls.read("create_iterable", response_model=Product)
        for retries in (0, 2):
            run = calls.read(
                "create_iterable", response_model=Product, deadline=0.2, max_retries=retries
            )
            assert isinstance(run.error, IncompleteStreamError)
            assert run.error.outcome is not None
            assert run.error.outcome.status == "stalled"
        assert len(server.requests) == 1
    assert (limit.open, limit.waiting) == (0, 0)


def test_what_a_response_took_counts_and_not_the_estimate(caller: Caller) -> None:
    limit = RateLimit(tokens_per_minute=60_000)
    answer = Answer(LAMPS, usage=Usage(input_tokens=10, output_tokens=10))
    with ReplayServer([answer], repeat=True) as server:
        calls = caller(server, rate_limit=limit)
        for _ in range(3):  # by their estimates, each half a minute after the one before
            calls.read("create_iterable", response_model=Product, max_tokens=30_000)
        assert len(server.requests) == 3
        assert max(gaps(server)) < 20.0


def test_an_instructor_client_has_one_too() -> None:
    limit = ShortMinute(requests_per_minute=20)
    headers = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1s"}
    answer = Answer('{"tasks":[{"name":"Lamp"},{"name":"Rug"}]}', headers=headers)
    with ReplayServer([answer], repeat=True) as server, sync_sdk(base_url=server.base_url) as sdk:
        client = from_instructor(instructor.from_openai(sdk), rate_limit=limit)
        for _ in range(2):
            assert list(client.create_iterable(**LIST)) == BOTH
        assert gaps(server)[0] > 0.8
    assert limit.open == 0


# -- how many at once --------------------------------------------------------------------------


def test_so_many_responses_are_open_at_once() -> None:
    limit = RateLimit(concurrent=3)
    peak = 0

    def work(client: Any) -> None:
        nonlocal peak
        for _ in client.create_iterable(**LIST):
            peak = max(peak, limit.open)

    async def work_async(client: Any) -> None:
        nonlocal peak
        async for _ in client.create_iterable(**LIST):
            peak = max(peak, limit.open)

    async def tasks(server: ReplayServer) -> None:
        async with async_sdk(base_url=server.base_url) as sdk:
            client = from_openai(sdk, rate_limit=limit)
            await asyncio.gather(*[work_async(client) for _ in range(15)])

    with (
        ReplayServer([Answer(LAMPS, tokens_per_second=200)], repeat=True) as server,
        sync_sdk(base_url=server.base_url) as sdk,
        ThreadPoolExecutor(8) as threads,
    ):
        client = from_openai(sdk, rate_limit=limit)
        running = [threads.submit(work, client) for _ in range(15)]
        # Two event loops, and threads.
        running += [threads.submit(asyncio.run, tasks(server)) for _ in range(2)]
        for each in running:
            each.result()
        assert len(server.requests) == 45
    assert peak == 3
    assert (limit.open, limit.waiting) == (0, 0)


def leave(client: Any) -> None:
    for _ in client.create_iterable(**LIST):
        break


def consume(stream: Any, handle: Callable[[Any], None]) -> None:
    for item in stream:
        handle(item)


def fail(client: Any) -> None:
    def handle(item: Any) -> None:
        raise KeyError(item)

    with pytest.raises(KeyError):
        consume(client.create_iterable(**LIST), handle)


def drop(client: Any) -> None:
    client.create_iterable(**LIST)
    gc.collect()


def drop_read(client: Any) -> None:
    stream = client.create_iterable(**LIST)
    next(iter(stream))
    del stream
    gc.collect()


def close(client: Any) -> None:
    client.create_iterable(**LIST).close()


def take(client: Any) -> None:
    assert list(client.create_iterable(**LIST, take=1)) == BOTH[:1]


@pytest.mark.parametrize("end", [leave, fail, drop, drop_read, close, take])
def test_a_response_that_is_left_makes_room(end: Callable[[Any], None]) -> None:
    limit = RateLimit(concurrent=1)
    slow = Answer(LAMPS, tokens_per_second=50)
    with ReplayServer([slow], repeat=True) as server, sync_sdk(base_url=server.base_url) as sdk:
        client = from_openai(sdk, rate_limit=limit)
        for _ in range(2):
            end(client)
            assert limit.open == 0


@pytest.mark.parametrize("fault", [faults.HTTPError(400), faults.Reset(2), faults.EndEarly(2)])
def test_a_response_that_fails_makes_room(caller: Caller, fault: faults.Fault) -> None:
    limit = RateLimit(concurrent=1)
    with ReplayServer([Answer(LAMPS, fault=fault)], repeat=True) as server:
        calls = caller(server, rate_limit=limit, max_retries=0)
        for _ in range(2):
            assert calls.read("create_iterable", response_model=Product).error is not None
            assert limit.open == 0


@in_a_loop
async def test_a_task_that_is_cancelled_makes_room() -> None:
    limit = RateLimit(concurrent=1)
    slow = Answer(LAMPS, first_delay=30.0)
    with ReplayServer([slow, slow, LAMPS]) as server:
        async with async_sdk(base_url=server.base_url) as sdk:
            client = from_openai(sdk, rate_limit=limit)

            async def read() -> list[Any]:
                return [each async for each in client.create_iterable(**LIST)]

            tasks = [asyncio.create_task(read()) for _ in range(4)]
            await until(lambda: (limit.open, limit.waiting, len(server.requests)) == (1, 3, 1))
            tasks[2].cancel()  # which waits
            tasks[0].cancel()  # which reads
            await asyncio.wait(tasks[:1])
            await until(lambda: len(server.requests) == 2)
            tasks[1].cancel()
            assert await tasks[3] == BOTH
    assert (limit.open, limit.waiting) == (0, 0)


@in_a_loop
async def test_an_async_stream_that_is_dropped_makes_room() -> None:
    limit = RateLimit(concurrent=1)
    slow = Answer(LAMPS, tokens_per_second=50)
    with ReplayServer([slow, LAMPS]) as server:
        async with async_sdk(base_url=server.base_url) as sdk:
            client = from_openai(sdk, rate_limit=limit)
            stream = await client.create_iterable(**LIST)
            assert limit.open == 1
            del stream
            gc.collect()
            assert [each async for each in client.create_iterable(**LIST)] == BOTH


# -- waits that end ----------------------------------------------------------------------------


def test_close_from_another_thread_ends_a_wait() -> None:
    limit = RateLimit(requests_per_minute=1)
    cut = Answer(LAMPS, fault=faults.LengthCut(5))
    with ReplayServer([cut]) as server, sync_sdk(base_url=server.base_url) as sdk:
        client = from_openai(sdk, rate_limit=limit)
        stream = client.create_iterable(**LIST, max_retries=3)
        threading.Timer(0.3, stream.close).start()
        began = time.monotonic()
        list(stream)  # whose second request would have to wait for a minute
        assert time.monotonic() - began < 20.0
        assert stream.outcome is not None
        assert stream.outcome.status == "cancelled"
        assert len(server.requests) == 1
    assert (limit.open, limit.waiting) == (0, 0)


@in_a_loop
async def test_close_by_another_task_ends_a_wait() -> None:
    limit = RateLimit(requests_per_minute=1)
    with ReplayServer([LAMPS], repeat=True) as server:
        async with async_sdk(base_url=server.base_url) as sdk:
            client = from_openai(sdk, rate_limit=limit)
            assert [each async for each in client.create_iterable(**LIST)] == BOTH
            stream = client.create_iterable(**LIST)

            async def read() -> list[Any]:
                return [each async for each in stream]

            reading = asyncio.create_task(read())
            await until(lambda: limit.waiting == 1)
            await stream.close()
            assert await asyncio.wait_for(reading, 20.0) == []
            assert stream.outcome is not None
            assert stream.outcome.status == "cancelled"
        assert len(server.requests) == 1
    assert (limit.open, limit.waiting) == (0, 0)


def waiting_in(loop: Any, limit: RateLimit, sdk: Any, calls: int) -> list[Any]:
    """Leave an event loop while so many calls wait there; gives their tasks."""
    tasks: list[Any] = []

    async def call(client: Any) -> None:
        async for _ in client.create_iterable(**LIST):
            pass

    async def begin() -> None:
        client = from_openai(sdk, rate_limit=limit)
        tasks.extend(asyncio.create_task(call(client)) for _ in range(calls))
        await until(lambda: limit.waiting == calls)

    loop.run_until_complete(begin())
    return tasks


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("waiting", [1, 5])
def test_tasks_of_a_loop_that_is_closed_leave_the_queue_at_once(waiting: int) -> None:
    limit = RateLimit(requests_per_minute=600)
    with ReplayServer([LAMPS], repeat=True) as server, sync_sdk(base_url=server.base_url) as sdk:
        client = from_openai(sdk, rate_limit=limit)
        loop, other = asyncio.new_event_loop(), async_sdk(base_url=server.base_url)
        limit._hold(1.0)
        tasks = waiting_in(loop, limit, other, waiting)
        loop.close()
        for _ in range(2):
            assert list(client.create_iterable(**LIST)) == BOTH
            assert limit.waiting == 0
        assert len(server.requests) == 2
        # Less than what it takes until the next one looks whether the head still lives.
        assert limit.waited < 5.0
        del tasks
        gc.collect()
    assert (limit.open, limit.waiting) == (0, 0)


def test_a_task_of_a_loop_that_was_left_costs_once_and_goes_when_it_is_back() -> None:
    limit = RateLimit(requests_per_minute=600)
    with ReplayServer([LAMPS], repeat=True) as server, sync_sdk(base_url=server.base_url) as sdk:
        client = from_openai(sdk, rate_limit=limit)
        loop, other = asyncio.new_event_loop(), async_sdk(base_url=server.base_url)
        limit._hold(1.0)
        tasks = waiting_in(loop, limit, other, 1)
        took: list[float] = []
        for _ in range(3):
            before = limit.waited
            assert list(client.create_iterable(**LIST)) == BOTH
            assert limit.waiting == 0
            took.append(limit.waited - before)
        assert sum(took[1:]) < took[0] / 2
        loop.run_until_complete(asyncio.gather(*tasks))
        loop.run_until_complete(other.close())
        loop.close()
        assert len(server.requests) == 4
    assert (limit.open, limit.waiting) == (0, 0)


def test_ctrl_c_ends_a_wait() -> None:
    limit = RateLimit(requests_per_minute=1)
    with ReplayServer([LAMPS], repeat=True) as server, sync_sdk(base_url=server.base_url) as sdk:
        client = from_openai(sdk, rate_limit=limit)
        list(client.create_iterable(**LIST))

        def interrupt() -> None:
            asyncio.run(until(lambda: limit.waiting == 1))
            time.sleep(0.2)  # until it has begun to wait
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            client.create_iterable(**LIST)
        interrupting.join()
    assert (limit.open, limit.waiting) == (0, 0)


# -- the options -------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [from_openai, from_instructor])
def test_what_is_no_rate_limit_is_refused(make: Any) -> None:
    with sync_sdk(base_url="http://127.0.0.1:9") as sdk:
        given = sdk if make is from_openai else instructor.from_openai(sdk)
        with pytest.raises(TypeError, match="rate_limit= must be partialstream's RateLimit"):
            make(given, rate_limit=500)
    with pytest.raises(TypeError, match="rate_limit="):
        from_provider("openai/gpt-5", api_key="test", rate_limit=500)  # type: ignore[call-overload]


@pytest.mark.parametrize("name", ["requests_per_minute", "tokens_per_minute", "concurrent"])
def test_limits_are_positive_integers(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}= must be at least 1, not 0"):
        RateLimit(**{name: 0})
    for wrong in (1.5, True, "500"):
        with pytest.raises(TypeError, match=f"{name}= must be an integer, not "):
            RateLimit(**{name: wrong})  # type: ignore[arg-type]
    assert f"{name}=7" in repr(RateLimit(**{name: 7}))
