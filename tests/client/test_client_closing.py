"""However a stream is left, the server sees it at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from client_runs import ASK, Product, async_sdk, sync_sdk
from life import LIVES, Life

from partialstream import Limits, from_openai
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

pytestmark = pytest.mark.usefixtures("nothing_is_left_of_others")

PRODUCTS = '{"items":[{"name":"Lamp"},{"name":"Rug"}]}'
# The first item comes, and then nothing.
STALLED = Answer(PRODUCTS, fault=faults.Stall(7))
GROWING = Answer('{"name":"Lamp"}', fault=faults.Stall(3))
SOON = 10.0  # seconds, on a busy machine; otherwise the other end would wait for ever

SDKS = {"sync": sync_sdk, "async": async_sdk}


class LeavingError(Exception):
    """What the loop's body raises."""


def items(sdk: Any, **kwargs: Any) -> Any:
    return from_openai(sdk).create_iterable(response_model=Product, **ASK, **kwargs)


def snapshots(sdk: Any, **kwargs: Any) -> Any:
    return from_openai(sdk).create_partial(response_model=Product, **ASK, **kwargs)


def is_lamp(product: Product) -> None:
    assert product.name == "Lamp"


def is_first(item: Any) -> None:
    assert item.index == 0


def fail(_: Any) -> None:
    raise LeavingError


async def break_from_a_bare_loop(life: Life, sdk: Any) -> None:
    await life.loop(lambda: items(sdk), is_lamp, leave=True)


async def break_from_detailed_items(life: Life, sdk: Any) -> None:
    await life.loop(lambda: items(sdk).detailed(), is_first, leave=True)


async def break_from_events(life: Life, sdk: Any) -> None:
    await life.loop(lambda: items(sdk).events(), lambda _: None, leave=True)


async def leave_a_with_block(life: Life, sdk: Any) -> None:
    async with life.block(items(sdk)) as stream:
        is_lamp(await life.next(stream))
    assert stream.outcome.status == "cancelled"
    assert await life.values(stream) == []
    await life.close(stream)


async def leave_a_with_block_unread(life: Life, sdk: Any) -> None:
    async with life.block(items(sdk)):
        pass


async def raise_in_a_with_block(life: Life, sdk: Any) -> None:
    with pytest.raises(LeavingError):
        async with life.block(items(sdk)) as stream:
            await life.loop(lambda: stream, fail)


async def raise_in_a_bare_loop(life: Life, sdk: Any) -> None:
    with pytest.raises(LeavingError):
        await life.loop(lambda: items(sdk), fail)


WAYS = [
    break_from_a_bare_loop,
    break_from_detailed_items,
    break_from_events,
    leave_a_with_block,
    leave_a_with_block_unread,
    raise_in_a_with_block,
    raise_in_a_bare_loop,
]

both = pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)


def leave(life: Life, answer: Answer, way: Callable[[Life, Any], Awaitable[None]]) -> None:
    """Leave the answer in some way; the server sees it while the SDK's client is still open."""

    async def main() -> None:
        async with life.block(SDKS[life.name](base_url=server.base_url)) as sdk:
            await way(life, sdk)
            assert await life.wait(server.requests[0].wait_hung_up, SOON)

    with ReplayServer(answer) as server:
        started = time.perf_counter()
        life.run(main)
    assert time.perf_counter() - started < SOON


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@both
def test_leaving(life: Life, way: Callable[[Life, Any], Awaitable[None]]) -> None:
    leave(life, STALLED, way)


@both
def test_leaving_a_growing_object(life: Life) -> None:
    async def break_from_snapshots(life: Life, sdk: Any) -> None:
        await life.loop(lambda: snapshots(sdk), lambda _: None, leave=True)

    leave(life, GROWING, break_from_snapshots)


@both
def test_a_failure_leaves_too(life: Life) -> None:
    async def fail_at_the_first(life: Life, sdk: Any) -> None:
        stream = items(sdk)
        with pytest.raises(Exception, match="name"):
            await life.next(stream)
        assert stream.outcome.status == "invalid"

    answer = Answer('{"items":[{"name":1},{"name":"Rug"}]}', fault=faults.Stall(8))
    leave(life, answer, fail_at_the_first)


def test_a_stream_that_is_never_read() -> None:
    with ReplayServer(STALLED) as server, sync_sdk(base_url=server.base_url) as sdk:
        items(sdk)
        assert server.requests[0].wait_hung_up(SOON)


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
        assert server.requests[0].wait_hung_up(SOON)
        assert stream.outcome.status == "cancelled"


def test_threads_may_take_turns_and_close_meanwhile() -> None:
    # The streams are closed at any moment of the reading: no thread may end in an error.
    both_products = [Product(name="Lamp"), Product(name="Rug")]
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
            assert reading.result(SOON) in ([], both_products[:1], both_products)
        # The client is as good as new.
        assert list(items(sdk)) == both_products
