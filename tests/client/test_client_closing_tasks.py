"""However a task is ended, or a stream closed by another, the server sees it at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from client_runs import ASK, Product, async_sdk
from life import AsyncLife
from test_client_closing import SOON, STALLED, items, leave

from partialstream import from_openai
from partialstream.testing import Answer, ReplayRequest, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

pytestmark = pytest.mark.usefixtures("nothing_is_left_of_others")


async def hung_up(request: ReplayRequest) -> bool:
    return await asyncio.to_thread(request.wait_hung_up, SOON)


async def until(condition: Callable[[], Any]) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for happens in the server's thread
        await asyncio.sleep(0.01)


async def read(stream: Any, values: list[Any]) -> None:
    async for value in stream:
        values.append(value)  # noqa: PERF401 - to be seen before the stream ends


async def break_from_an_awaited_stream(sdk: Any) -> None:
    async for product in await from_openai(sdk).create(
        response_model=list[Product], stream=True, **ASK
    ):
        assert product.name == "Lamp"
        break


async def close_after_awaiting(sdk: Any) -> None:
    stream = await items(sdk)
    await stream.close()


async def cancel_the_task(sdk: Any) -> None:
    stream, values = items(sdk), []
    task = asyncio.create_task(read(stream, values))
    await until(lambda: values)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stream.outcome.status == "cancelled"


async def run_into_a_time_limit(sdk: Any) -> None:
    stream, values = items(sdk), []
    values.append(await anext(stream))
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(read(stream, values), 0.1)
    assert len(values) == 1


async def leave_a_cancel_scope(sdk: Any) -> None:
    # Unlike a task's, such a cancellation is repeated at each `await`, those of a close included.
    stream, values = items(sdk), []
    with anyio.CancelScope() as scope:
        async for value in stream:
            values.append(value)
            scope.deadline = anyio.current_time() + 0.05
    assert scope.cancelled_caught
    assert len(values) == 1
    assert stream.outcome.status == "cancelled"


async def close_from_another_task(sdk: Any) -> None:
    stream, values = items(sdk), []
    task = asyncio.create_task(read(stream, values))
    await until(lambda: values)
    await stream.close()
    await asyncio.wait_for(task, SOON)
    assert len(values) == 1
    assert stream.outcome.status == "cancelled"


WAYS = [
    break_from_an_awaited_stream,
    close_after_awaiting,
    cancel_the_task,
    run_into_a_time_limit,
    leave_a_cancel_scope,
    close_from_another_task,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_leaving(way: Callable[[Any], Awaitable[None]]) -> None:
    leave(AsyncLife(), STALLED, lambda _, sdk: way(sdk))


def test_a_stream_closed_before_it_is_read_makes_no_request() -> None:
    async def main() -> None:
        async with async_sdk(base_url=server.base_url) as sdk:
            stream = items(sdk)
            await stream.close()
            assert await stream is stream
            assert [item async for item in stream] == []
            assert [item async for item in stream.detailed()] == []
            assert stream.outcome.status == "cancelled"

    with ReplayServer(STALLED) as server:
        asyncio.run(main())
        assert server.requests == []


async def opened(stream: Any) -> None:
    await stream


@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("use", [opened, lambda stream: read(stream, [])])
def test_leaving_while_the_request_is_under_way(cancelled: bool, use: Any) -> None:
    # The server does not even answer with headers; where the request goes on, not for a while.
    silence = 60.0 if cancelled else 0.3
    silent = Answer(first_delay=silence, fault=faults.HTTPError(500, retry_after=0.01))

    async def main() -> None:
        async with async_sdk(base_url=server.base_url, max_retries=1) as sdk:
            stream = items(sdk)
            task = asyncio.create_task(use(stream))
            await until(lambda: server.requests)
            if cancelled:
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                await stream.close()
                await task
            assert await hung_up(server.requests[-1])
            assert stream.outcome is None or stream.outcome.status == "cancelled"

    with ReplayServer([silent, STALLED]) as server:
        asyncio.run(main())
    assert len(server.requests) == (1 if cancelled else 2)
