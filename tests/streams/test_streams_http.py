"""Over real HTTP: who leaves the loop hangs up, and the server notices at once."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import openai
import pytest
from http_library import httpx
from life import run_async
from patience import patiently
from pydantic import BaseModel

from partialstream import (
    IncompleteStreamError,
    Outcome,
    ProviderError,
    Usage,
    astream_items,
    stream_items,
    stream_partial,
)
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partialstream.testing import Fault


pytestmark = pytest.mark.usefixtures("nothing_fails_unseen")


class Product(BaseModel):
    name: str


MESSAGES: Any = [{"role": "user", "content": "list lamps"}]
BODY = {"model": "m", "messages": MESSAGES, "stream": True}
PIECES = ('[{"name":"a"},', '{"name":"b"},', '{"name":"c"}]')
SOON = 10.0  # seconds, on a busy machine; it takes milliseconds, and the server would wait for ever


def stalls(after: int = 1) -> Answer:
    """An answer that stops within, its connection open."""
    return Answer(pieces=PIECES, fault=faults.Stall(after=after))


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[ReplayServer]:
    with ReplayServer(getattr(request, "param", stalls())) as server:
        yield server


def assert_hung_up(server: ReplayServer, left: float) -> None:
    request = server.requests[0]
    assert request.wait_hung_up(SOON)
    assert request.hung_up_at is not None
    assert request.hung_up_at - left < SOON


def wait_for_a_delta(server: ReplayServer) -> None:
    deadline = time.perf_counter() + SOON
    while not (server.requests and server.requests[0].deltas_sent):
        assert time.perf_counter() < deadline
        time.sleep(0.005)


def sdk_stream(client: openai.OpenAI) -> Any:
    return client.chat.completions.create(model="m", messages=MESSAGES, stream=True)


def body_of(server: ReplayServer, client: httpx.Client) -> Any:
    """The bytes of an answer; closing them closes the response."""
    with client.stream("POST", f"{server.base_url}/chat/completions", json=BODY) as response:
        yield from response.iter_raw()


async def async_body_of(server: ReplayServer, client: httpx.AsyncClient) -> Any:
    url = f"{server.base_url}/chat/completions"
    async with client.stream("POST", url, json=BODY) as response:
        async for part in response.aiter_raw():
            yield part


async def begun(body: Any) -> Any:
    """The same body, once its first part has come."""
    first = await anext(body)

    async def parts() -> Any:
        async with aclosing(body):
            yield first
            async for part in body:
                yield part

    return parts()


def test_break_in_a_bare_loop_over_an_sdk_stream(server: ReplayServer) -> None:
    with openai.OpenAI(base_url=server.base_url, api_key="test") as client:
        for product in stream_items(Product, sdk_stream(client)):
            assert product.name == "a"
            break
        assert_hung_up(server, time.perf_counter())


def test_break_in_a_bare_loop_over_bytes(server: ReplayServer) -> None:
    with httpx.Client() as client:
        for product in stream_items(Product, body_of(server, client)):
            assert product.name == "a"
            break
        assert_hung_up(server, time.perf_counter())


def test_the_end_of_a_with_block_over_a_growing_object() -> None:
    answer = Answer(pieces=['{"name":"a', 'b"}'], fault=faults.Stall(after=1))
    with (
        ReplayServer(answer) as server,
        openai.OpenAI(base_url=server.base_url, api_key="test") as client,
    ):
        with stream_partial(Product, sdk_stream(client)) as stream:
            assert next(stream).name == "a"
        assert_hung_up(server, time.perf_counter())


def test_close_wakes_a_thread_that_waits_for_the_network(server: ReplayServer) -> None:
    with openai.OpenAI(base_url=server.base_url, api_key="test") as client:
        stream = stream_items(Product, sdk_stream(client))
        names: list[str] = []
        thread = threading.Thread(target=lambda: names.extend(p.name for p in stream))
        thread.start()
        deadline = time.perf_counter() + SOON
        while not names and time.perf_counter() < deadline:
            time.sleep(0.005)
        stream.close()
        assert_hung_up(server, time.perf_counter())
        thread.join(30)
        assert not thread.is_alive()
        assert names == ["a"]
        assert stream.outcome == Outcome("cancelled")


@pytest.mark.parametrize("leave", ["break", "with", "cancel", "timeout"])
@pytest.mark.parametrize("source", ["sdk", "bytes"])
def test_leaving_an_async_stream(server: ReplayServer, source: str, leave: str) -> None:
    async def read(chunks: Any) -> None:
        if leave == "break":
            async for _ in astream_items(Product, chunks):
                break
            return
        async with astream_items(Product, chunks) as stream:
            async for _ in stream:
                if leave == "with":
                    break

    async def leave_it(chunks: Any) -> None:
        if leave == "cancel":
            task = asyncio.create_task(read(chunks))
            await asyncio.to_thread(wait_for_a_delta, server)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        elif leave == "timeout":
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(read(chunks), 0.1)
        else:
            await read(chunks)

    async def main() -> None:
        if source == "sdk":
            async with openai.AsyncOpenAI(base_url=server.base_url, api_key="test") as client:
                await leave_it(
                    await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
                )
                left = time.perf_counter()
                await asyncio.to_thread(assert_hung_up, server, left)
        else:
            async with httpx.AsyncClient() as http:
                body = async_body_of(server, http)
                await leave_it(await begun(body) if leave == "timeout" else body)
                left = time.perf_counter()
                await asyncio.to_thread(assert_hung_up, server, left)

    run_async(main)


FAULTS: dict[str, tuple[Fault, type[Exception] | None, str]] = {
    "reset": (faults.Reset(after=2), IncompleteStreamError, "disconnected"),
    "disconnect": (faults.Disconnect(after=2), IncompleteStreamError, "disconnected"),
    "end early": (faults.EndEarly(after=2), IncompleteStreamError, "disconnected"),
    "error event": (faults.ErrorEvent(after=2), ProviderError, "disconnected"),
    "malformed event": (faults.MalformedEvent(after=2), ProviderError, "disconnected"),
    "length": (faults.LengthCut(after=2), IncompleteStreamError, "truncated"),
    "comments": (faults.Comments(), None, "complete"),
    "no [DONE]": (faults.NoDone(), None, "complete"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_goes_wrong_on_the_way(name: str) -> None:
    fault, error, status = FAULTS[name]
    names = ["a", "b", "c"] if error is None else ["a", "b"]
    with ReplayServer(Answer(pieces=PIECES, fault=fault), repeat=True) as server:

        def sdk() -> Iterator[Any]:
            with openai.OpenAI(base_url=server.base_url, api_key="test") as client:
                yield from sdk_stream(client)

        def raw() -> Iterator[Any]:
            with httpx.Client() as client:
                yield from body_of(server, client)

        for chunks in (sdk, raw):
            if name == "malformed event" and chunks is sdk:
                continue  # the SDK's own JSON error
            stream = stream_items(Product, chunks())
            read: list[str] = []
            raised: list[Exception] = []
            try:
                read.extend(product.name for product in stream)
            except (IncompleteStreamError, ProviderError) as caught:
                raised.append(caught)
            assert read == names
            assert [type(caught) for caught in raised] == ([] if error is None else [error])
            assert stream.outcome is not None
            assert stream.outcome.status == status


@pytest.mark.parametrize("cut_bytes", [1, 7, None])
def test_a_whole_answer_over_http(cut_bytes: int | None) -> None:
    usage = Usage(input_tokens=9, output_tokens=4)
    answer = Answer('[{"name":"é€"},{"name":"\U0001f600"}]', cut_bytes=cut_bytes, usage=usage)
    body = {**BODY, "stream_options": {"include_usage": True}}
    with ReplayServer(answer) as server, httpx.Client() as client:
        url = f"{server.base_url}/chat/completions"
        with client.stream("POST", url, json=body) as response:
            stream = stream_items(Product, response.iter_raw())
            assert [product.name for product in stream] == ["é€", "\U0001f600"]
    assert stream.outcome == Outcome("complete", "stop")
    assert stream.usage == usage


def test_items_come_while_the_answer_is_still_sent() -> None:
    def check(pause: float) -> None:
        answer = Answer(pieces=PIECES, tokens_per_second=1 / pause)
        with (
            ReplayServer(answer) as server,
            openai.OpenAI(base_url=server.base_url, api_key="test") as client,
        ):
            stream = stream_items(Product, sdk_stream(client))
            sent = [server.requests[0].deltas_sent for _ in stream]
            timing = stream.timing
        assert sent[0] < 3  # the server counts a delta only after it has gone out
        assert timing.total is not None
        assert timing.items[0] < timing.items[1] < timing.items[2] <= timing.total
        assert timing.items[2] - timing.items[0] > pause / 5

    patiently(check, 0.25)
