"""However a sync stream is left, the server sees it at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from client_runs import ASK, Product, sync_sdk

from partialstream import Limits, from_openai
from partialstream.testing import Answer, ReplayRequest, ReplayServer, faults

PRODUCTS = '{"items":[{"name":"Lamp"},{"name":"Rug"}]}'
# The first item comes, and then nothing.
STALLED = Answer(PRODUCTS, fault=faults.Stall(7))
GROWING = Answer('{"name":"Lamp"}', fault=faults.Stall(3))
SOON = 10.0  # seconds, on a busy machine; otherwise the other end would wait for ever


class LeavingError(Exception):
    """What the loop's body raises."""


def items(sdk: Any, **kwargs: Any) -> Any:
    return from_openai(sdk).create_iterable(response_model=Product, **ASK, **kwargs)


def snapshots(sdk: Any, **kwargs: Any) -> Any:
    return from_openai(sdk).create_partial(response_model=Product, **ASK, **kwargs)


def hung_up(request: ReplayRequest) -> bool:
    return request.wait_hung_up(SOON)


def test_break_from_a_bare_loop() -> None:
    with ReplayServer(STALLED) as server, sync_sdk(base_url=server.base_url) as sdk:
        for product in items(sdk):
            assert product.name == "Lamp"
            break
        assert hung_up(server.requests[0])


def test_break_from_a_bare_loop_over_snapshots_items_and_events() -> None:
    with (
        ReplayServer([GROWING, STALLED, STALLED]) as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        for _ in snapshots(sdk):
            break
        for item in items(sdk).detailed():
            assert item.index == 0
            break
        for _ in items(sdk).events():
            break
        assert [hung_up(request) for request in server.requests] == [True] * 3


def test_the_end_of_a_with_block() -> None:
    with ReplayServer(STALLED) as server, sync_sdk(base_url=server.base_url) as sdk:
        with items(sdk) as stream:
            assert next(stream).name == "Lamp"
        assert hung_up(server.requests[0])
        assert stream.outcome.status == "cancelled"
        assert list(stream) == []
        stream.close()


def test_an_exception_in_the_loop_is_raised_and_leaves() -> None:
    with ReplayServer([STALLED] * 2) as server, sync_sdk(base_url=server.base_url) as sdk:
        with pytest.raises(LeavingError), items(sdk) as stream:
            leave_by_an_error(stream)
        assert hung_up(server.requests[0])
        with pytest.raises(LeavingError):
            leave_by_an_error(items(sdk))
        assert hung_up(server.requests[1])


def leave_by_an_error(stream: Any) -> None:
    for _ in stream:
        raise LeavingError


def test_a_stream_that_is_never_read() -> None:
    with ReplayServer([STALLED] * 2) as server, sync_sdk(base_url=server.base_url) as sdk:
        items(sdk)
        with items(sdk):
            pass
        assert [hung_up(request) for request in server.requests] == [True] * 2


def test_a_failure_leaves_too() -> None:
    answer = Answer('{"items":[{"name":1},{"name":"Rug"}]}', fault=faults.Stall(8))
    with ReplayServer(answer) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = items(sdk)
        with pytest.raises(Exception, match="name"):
            next(stream)
        assert hung_up(server.requests[0])
        assert stream.outcome.status == "invalid"


@pytest.mark.parametrize("make", [items, snapshots])
def test_another_thread_closes_what_one_waits_for(make: Any) -> None:
    answer = STALLED if make is items else GROWING
    with (
        ReplayServer(answer) as server,
        sync_sdk(base_url=server.base_url) as sdk,
        ThreadPoolExecutor() as pool,
    ):
        stream = make(sdk, limits=Limits(idle_seconds=2 * SOON))  # where closing does not help
        waiting = threading.Event()

        def read() -> list[Any]:
            values = []
            for value in stream:
                values.append(value)
                waiting.set()
            return values

        reading = pool.submit(read)
        assert waiting.wait(SOON)
        time.sleep(0.05)  # until it waits for bytes that will not come
        started = time.perf_counter()
        stream.close()
        stream.close()
        assert reading.result(SOON)
        assert time.perf_counter() - started < SOON
        assert hung_up(server.requests[0])
        assert stream.outcome.status == "cancelled"


def test_threads_may_take_turns_and_close_meanwhile() -> None:
    # The streams are closed at any moment of the reading: no thread may end in an error.
    answers = Answer(PRODUCTS, tokens_per_second=2000)
    with (
        ReplayServer(answers, repeat=True) as server,
        sync_sdk(base_url=server.base_url) as sdk,
        ThreadPoolExecutor() as pool,
    ):
        for turn in range(20):
            stream = items(sdk)
            reading = pool.submit(list, stream)
            time.sleep(turn * 0.0005)
            stream.close()
            assert reading.result(SOON) in ([], [Product(name="Lamp")], list_of_both())
        # The client is as good as new.
        assert list(items(sdk)) == list_of_both()


def list_of_both() -> list[Product]:
    return [Product(name="Lamp"), Product(name="Rug")]
