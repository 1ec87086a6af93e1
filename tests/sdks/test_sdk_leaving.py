"""Who leaves a stream of an SDK hangs up at once, while the SDK's client stays open."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from extras import needs
from pydantic import BaseModel
from sdks import MESSAGES, PROMPT, Way, ways

from partialstream import astream_items, astream_partial, stream_items, stream_partial
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partialstream.testing import ReplayRequest

pytestmark = [
    # What aiohttp says of google-genai.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]

SOON = 10.0  # seconds, on a busy machine; it takes milliseconds, and the server would wait for ever


class Product(BaseModel):
    name: str


class Report(BaseModel):
    products: list[Product]


TEXT = '{"products":[{"name":"Lamp"},{"name":"Rug"}]}'
# The first item comes, and then nothing.
STALLED = Answer(TEXT, fault=faults.Stall(8))


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """A connection that is closed by the garbage collector is not closed at once."""
    gc.disable()
    yield
    gc.enable()


def hung_up(request: ReplayRequest, left: float) -> bool:
    return request.wait_hung_up(SOON) and (request.hung_up_at or 0.0) - left < SOON / 2


@ways(whole=False)
@pytest.mark.parametrize("how", ["break", "snapshots", "with", "close", "unread"])
def test_leaving(way: Way, how: str) -> None:
    with ReplayServer(STALLED) as server, ExitStack() as stack:
        opened = way.sync(server, stack)
        if how == "break":
            for product in stream_items(Product, opened):
                assert product.name == "Lamp"
                break
        elif how == "snapshots":
            for report in stream_partial(Report, opened):
                assert isinstance(report, Report)
                break
        else:
            with stream_items(Product, opened) as stream:
                if how != "unread":
                    assert next(stream).name == "Lamp"
                if how == "close":
                    stream.close()
            assert stream.outcome is not None
            assert stream.outcome.status == "cancelled"
        if how != "unread" or server.requests:  # Google's SDK asks when it is first read
            assert hung_up(server.requests[0], time.perf_counter())


@ways(whole=False)
@pytest.mark.parametrize("how", ["break", "snapshots", "with", "close", "unread", "cancel"])
def test_leaving_an_async_stream(way: Way, how: str) -> None:

    async def main() -> None:
        async with AsyncExitStack() as stack:
            opened = await way.asynchronous(server, stack)
            if how == "break":
                async for product in astream_items(Product, opened):
                    assert product.name == "Lamp"
                    break
            elif how == "snapshots":
                async for report in astream_partial(Report, opened):
                    assert isinstance(report, Report)
                    break
            elif how == "cancel":
                await cancelled(opened)
            else:
                async with astream_items(Product, opened) as stream:
                    if how != "unread":
                        assert (await stream.__anext__()).name == "Lamp"
                    if how == "close":
                        await stream.close()
                assert stream.outcome is not None
                assert stream.outcome.status == "cancelled"
            if how != "unread" or server.requests:
                left = time.perf_counter()
                assert await asyncio.to_thread(hung_up, server.requests[0], left)

    async def cancelled(opened: Any) -> None:
        first = asyncio.Event()

        async def read() -> None:
            async for _ in astream_items(Product, opened):
                first.set()

        task = asyncio.create_task(read())
        await asyncio.wait_for(first.wait(), SOON)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with ReplayServer(STALLED) as server:
        asyncio.run(main())


@ways(whole=False)
def test_another_thread_closes_what_one_waits_for(way: Way) -> None:
    if way.name == "genai":
        pytest.skip("a generator has no connection to be seen, and a thread inside of it")
    with ReplayServer(STALLED) as server, ExitStack() as stack:
        stream = stream_items(Product, way.sync(server, stack))
        first = threading.Event()
        values: list[Product] = []

        def read() -> None:
            for product in stream:
                values.append(product)
                first.set()

        thread = threading.Thread(target=read)
        thread.start()
        assert first.wait(SOON)
        time.sleep(0.05)  # until it waits for bytes that will not come
        stream.close()
        assert hung_up(server.requests[0], time.perf_counter())
        thread.join(SOON)
        assert not thread.is_alive()
        assert values == [Product(name="Lamp")]


class AsyncManager:
    """What an SDK's `stream(...)` gives. (Theirs hold coroutines that are to be awaited.)"""

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *args: object) -> None: ...


@needs("providers", "anthropic")
def test_what_gives_a_stream_is_told_from_one() -> None:
    import anthropic

    asked: Any = {"model": "m-1", "max_tokens": 10, "messages": MESSAGES}
    with anthropic.Anthropic(base_url="http://127.0.0.1:9", api_key="-") as client:
        with pytest.raises(TypeError, match=r"not MessageStreamManager; enter it first: `with "):
            stream_items(Product, client.messages.stream(**asked))

    async def main() -> None:
        with pytest.raises(TypeError, match=r"not AsyncManager; enter it first: `async with "):
            await astream_items(Product, AsyncManager()).__anext__()
        async with anthropic.AsyncAnthropic(base_url="http://127.0.0.1:9", api_key="-") as client:
            unsent = client.messages.create(**asked, stream=True)
            with pytest.raises(TypeError, match=r"not coroutine; await it first"):
                await astream_items(Product, unsent).__anext__()
            unsent.close()

    asyncio.run(main())


def test_a_stream_of_the_other_kind_is_told() -> None:
    import openai

    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="-") as client:
            opened = await client.responses.create(model="m-1", input=PROMPT, stream=True)
            with pytest.raises(TypeError, match=r"not AsyncStream; .* astream_items"):
                stream_items(Product, opened)
            await opened.close()
        with openai.OpenAI(base_url=server.base_url, api_key="-") as sync_client:
            opened = sync_client.responses.create(model="m-1", input=PROMPT, stream=True)
            with pytest.raises(TypeError, match=r"not Stream; .* stream_items"):
                await astream_items(Product, opened).__anext__()
            opened.close()

    with ReplayServer(TEXT, repeat=True) as server:
        asyncio.run(main())
