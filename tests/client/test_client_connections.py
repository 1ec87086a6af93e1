"""What becomes of the connection, at the end of an answer and below a stream that is left."""

from __future__ import annotations

import asyncio
import socket
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from client_runs import ASK, CALLERS, Caller, Product
from http_library import httpx
from openai import AsyncOpenAI, OpenAI

from partialstream import from_openai
from partialstream.client.endpoints.base import AsyncBody, Body
from partialstream.sources.body import BodySource
from partialstream.sources.detect import source_for
from partialstream.stream.transport import end_connection
from partialstream.testing import Answer, ReplayServer, faults, sse_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PRODUCTS = '{"items":[{"name":"Lamp"},{"name":"Rug"}]}'


def test_a_connection_serves_again_after_a_whole_answer() -> None:
    ports: set[Any] = set()

    def note(response: httpx.Response) -> None:
        ports.add(response.extensions["network_stream"].get_extra_info("client_addr"))

    with (
        ReplayServer(PRODUCTS, repeat=True) as server,
        httpx.Client(event_hooks={"response": [note]}) as http,
        OpenAI(base_url=server.base_url, api_key="test", http_client=http) as sdk,
    ):
        for _ in range(3):
            stream = from_openai(sdk).create_iterable(response_model=Product, **ASK)
            assert len(list(stream)) == 2
    assert len(ports) == 1


def test_an_async_connection_serves_again_after_a_whole_answer() -> None:
    ports: set[Any] = set()

    async def note(response: httpx.Response) -> None:
        ports.add(response.extensions["network_stream"].get_extra_info("client_addr"))

    async def main() -> None:
        async with (
            httpx.AsyncClient(event_hooks={"response": [note]}) as http,
            AsyncOpenAI(base_url=server.base_url, api_key="test", http_client=http) as sdk,
        ):
            for _ in range(3):
                stream = from_openai(sdk).create_iterable(response_model=Product, **ASK)
                assert len([item async for item in stream]) == 2

    with ReplayServer(PRODUCTS, repeat=True) as server:
        asyncio.run(main())
    assert len(ports) == 1


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("finish_reason", ["stop", "length"])
def test_done_is_the_end_even_if_the_connection_stays_open(
    caller: Caller, finish_reason: str
) -> None:
    text = PRODUCTS if finish_reason == "stop" else PRODUCTS[:-5]
    body = sse_body([text], finish_reason=finish_reason)
    answer = Answer(
        recorded=body + b": what is never sent\n\n", fault=faults.Stall(body.count(b"\n\n"))
    )
    with ReplayServer(answer) as server:
        started = time.perf_counter()
        run = caller(server).read("create_iterable", response_model=Product)
        assert time.perf_counter() - started < 20  # the server would wait for ever
        assert server.requests[0].wait_hung_up(20)
    assert run.values[0].name == "Lamp"
    assert run.stream.outcome.status == ("complete" if finish_reason == "stop" else "truncated")


@pytest.mark.parametrize(
    ("chunks", "read"),
    [
        ([b"data: []\n\ndata: [DONE]\n\n"], 1),
        ([b"data: []\n\ndata: [DO", b"NE]\n\n"], 2),
        ([b"data: []\r\n\r\ndata:[DONE]\r\n"], 1),
        ([b"data: []\n\n", b"data: [DONE]"], 2),
        ([bytes([byte]) for byte in b"data: []\n\ndata: [DONE]\n\n"], 22),
        ([b"data: []\n\n", b"data: [DONE]\n\n", b"data: []\n\n"], 2),
        ([b"data: []\n\n", b"data: [DONE]\n\ndata: []\n\n"], 2),
        ([b'data: {"content":"data: [DONE]'], None),
        ([b'data: {"content":"\\ndata: [DONE]'], None),
        ([b"data: []\n\n"], None),
    ],
)
def test_where_an_answer_ends(chunks: list[bytes], read: int | None) -> None:
    more = [*chunks, b"more"]

    async def aiter_bytes() -> AsyncIterator[bytes]:
        for chunk in more:
            yield chunk

    async def read_async(source: BodySource) -> list[bytes]:
        body = AsyncBody(SimpleNamespace(aiter_bytes=aiter_bytes), source.metadata)
        return [chunk async for chunk in body if source.feed(chunk) == []]

    def read_sync(source: BodySource) -> list[bytes]:
        body = Body(SimpleNamespace(iter_bytes=lambda: iter(more)), source.metadata)
        return [chunk for chunk in body if source.feed(chunk) == []]

    assert read_sync(BodySource(inner=source_for)) == more[:read]
    assert asyncio.run(read_async(BodySource(inner=source_for))) == more[:read]


class Encrypted(socket.socket):
    """A socket like an SSLSocket, whose own `shutdown` takes the encryption off."""

    def shutdown(self, how: int) -> None:
        raise AssertionError("the encryption must stay")


def response(connection: Any, **fields: Any) -> Any:
    network = SimpleNamespace(get_extra_info={"socket": connection}.get)
    return SimpleNamespace(
        **{
            "is_closed": False,
            "http_version": "HTTP/1.1",
            "extensions": {"network_stream": network},
            **fields,
        }
    )


def test_a_connection_is_ended_below_its_encryption() -> None:
    near, far = socket.socketpair()
    with far, Encrypted(fileno=near.detach()) as connection:
        assert end_connection(response(connection))
        assert far.recv(1) == b""
        assert connection.recv(1) == b""
        far.close()
        assert end_connection(response(connection))


@pytest.mark.parametrize(
    "fields",
    [
        {"is_closed": True},  # by now it may serve another request
        {"http_version": "HTTP/2"},  # others share it
        {"extensions": {}},
        {"extensions": {"network_stream": SimpleNamespace(get_extra_info=lambda name: None)}},
    ],
)
def test_a_connection_that_is_not_ours_alone_is_left(fields: Any) -> None:
    near, far = socket.socketpair()
    with near, far:
        assert not end_connection(response(near, **fields))
        far.send(b"x")
        assert near.recv(1) == b"x"


@pytest.mark.parametrize("nothing", [None, object(), iter([b""]), SimpleNamespace(response=1)])
def test_what_is_no_response_is_left(nothing: Any) -> None:
    assert not end_connection(nothing)
