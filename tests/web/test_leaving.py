"""Browsers that leave, are slow, or are many: what becomes of the provider and of the others."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from app_server import serving
from openai import OpenAI
from settled import settled
from web_runs import ASK, HOWS, Clients, Product, Report, app_of, page_of, products
from wire_readers import READERS

from partialstream import from_openai, web
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import ParseResult

SOON = 10.0  # seconds, on a busy machine; as a rule it is a hundredth of a second


def leave_after(url: str, wanted: str) -> float:
    """Read until a text has come, close the connection; gives when."""
    seen = ""
    with httpx.stream("GET", url, timeout=20) as response:
        for text in response.iter_text():
            seen += text
            if wanted in seen:
                break
    return time.perf_counter()


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("wire", ["sse", "object", "ai-sdk"])
def test_who_leaves_between_items_closes_the_providers_response(how: str, wire: str) -> None:
    answer = Answer(products(500), tokens_per_second=100)
    with ReplayServer(answer) as replay, page_of(replay, how, wire=wire) as url:
        left = leave_after(url, "p1")
        (request,) = replay.requests
        assert request.wait_hung_up(SOON)
        assert request.hung_up_at is not None
        assert request.hung_up_at - left < 5


@pytest.mark.parametrize("how", HOWS)
def test_who_leaves_while_the_provider_is_silent_closes_its_response(how: str) -> None:
    answer = Answer(products(500), fault=faults.Stall(20))
    with ReplayServer(answer) as replay, page_of(replay, how) as url:
        leave_after(url, "p0")
        (request,) = replay.requests
        assert request.wait_hung_up(SOON)


@pytest.mark.parametrize("how", HOWS)
def test_who_leaves_before_anything_has_come(how: str) -> None:
    """Also while a sync stream is still being made, in a thread."""
    answer = Answer(products(2), first_delay=2.0, tokens_per_second=1)
    with ReplayServer(answer) as replay, page_of(replay, how, heartbeat=0.05) as url:
        with httpx.stream("GET", url, timeout=30) as response:
            for text in response.iter_text():
                if ":" in text and replay.requests:
                    break
        (request,) = replay.requests
        assert request.wait_hung_up(SOON)


@pytest.mark.parametrize("how", ["async", "sync"])
def test_who_leaves_during_a_growing_object(how: str) -> None:
    answer = Answer(json.dumps({"title": "abc", "text": "word " * 500}), tokens_per_second=100)
    ask = {"response_model": Report}
    with (
        ReplayServer(answer) as replay,
        page_of(replay, how, method="create_partial", ask=ask) as url,
    ):
        leave_after(url, "word")
        assert replay.requests[0].wait_hung_up(SOON)


def test_an_end_by_the_browser_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    answer = Answer(products(500), tokens_per_second=100)
    for how in ("async", "sync"):
        with ReplayServer(answer) as replay, page_of(replay, how) as url:
            leave_after(url, "p1")
            assert replay.requests[0].wait_hung_up(SOON)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("later", range(6))
def test_a_sync_stream_is_closed_when_the_event_loop_ends(later: int) -> None:
    """Which cancels its tasks once more, wherever they are, after the server did."""

    async def serve(replay: ReplayServer, sdk: OpenAI) -> None:
        stream = from_openai(sdk).create_iterable(response_model=Product, **ASK)

        async def receive() -> Any:
            await asyncio.sleep(60)

        async def send(_: Any) -> None:
            pass

        scope = {"type": "http", "method": "POST", "http_version": "1.1", "headers": []}
        task = asyncio.create_task(web.respond(stream)(scope, receive, send))
        while replay.requests[0].deltas_sent < 20:  # noqa: ASYNC110 - which a thread counts
            await asyncio.sleep(0.01)
        task.cancel()
        for _ in range(later):
            await asyncio.sleep(0)

    answer = Answer(products(500), fault=faults.Stall(20))
    with (
        ReplayServer(answer) as replay,
        OpenAI(base_url=replay.base_url, api_key="-", max_retries=0) as sdk,
    ):
        asyncio.run(serve(replay, sdk))
        assert replay.requests[0].wait_hung_up(SOON)


class SlowReaders:
    """Connections that are hardly read."""

    def __init__(self, address: ParseResult | Any, count: int) -> None:
        self._sockets = []
        for _ in range(count):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((address.host, address.port))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            self._sockets.append(connection)

    def read(self, size: int) -> int:
        return sum(len(connection.recv(size)) for connection in self._sockets)

    def close(self) -> None:
        for connection in self._sockets:
            connection.close()


def wait_until_quiet(replay: ReplayServer) -> None:
    """Until all buffers on the way are full."""
    while not settled(lambda: sum(request.bytes_sent for request in replay.requests)):
        pass


@pytest.fixture
def big() -> Iterator[ReplayServer]:
    """A provider that has more to say than all buffers on the way hold."""
    text = products(20_000, name="x" * 2000)  # 40 MB
    with ReplayServer(Answer(text, chunk_size=20_000), repeat=True) as replay:
        yield replay


@pytest.mark.parametrize("how", ["async", "sync callable"])
def test_a_slow_browser_is_not_read_ahead_of(how: str, big: ReplayServer) -> None:
    """What waits for it is bounded, and others are not held up."""
    with page_of(big, how) as url:
        address = httpx.URL(url)
        slow = SlowReaders(address, 4)
        try:
            for _ in range(10):
                assert slow.read(1000)
                time.sleep(0.05)
            wait_until_quiet(big)
            assert len(big.requests) == 4
            # Buffers of the system's, and no more of the forty million each.
            assert sum(request.bytes_sent for request in big.requests) < 4 * 15_000_000
            assert not any(request.finished for request in big.requests)
            leave_after(url, "x9")  # somebody quick
        finally:
            slow.close()
        for request in big.requests:
            assert request.wait_finished(SOON) or request.hung_up


@pytest.mark.parametrize("how", ["sync", "sync callable", "async"])
def test_many_at_once_do_not_wait_for_each_other(how: str) -> None:
    """More than the 40 threads that a program shares."""
    count = 80
    answer = Answer(products(2), first_delay=1.0)
    with ReplayServer(answer, repeat=True) as replay:
        clients = Clients(replay)
        with serving(app_of(lambda: web.respond(clients.stream(how)), clients)) as url:
            started = threading.Barrier(count)

            def read(_: int) -> bool:
                started.wait()
                return READERS["sse"](httpx.get(url, timeout=60).text).ok

            with ThreadPoolExecutor(count) as pool:
                assert all(pool.map(read, range(count)))
            requests = sorted(request.received_at for request in replay.requests)
    if how != "sync":  # whose endpoint waits for the provider in the shared threads
        # All were under way before the first had its answer.
        assert requests[-1] - requests[0] < 20


def test_a_slow_browser_does_not_stall_the_stream() -> None:
    """What it does not take is not the provider's silence."""
    from partialstream import Limits

    text = products(3000, name="x" * 200)
    with (
        ReplayServer(Answer(text, chunk_size=2000)) as replay,
        page_of(replay, ask={"limits": Limits(idle_seconds=1.0)}) as url,
        httpx.stream("GET", url, timeout=30) as response,
    ):
        seen = []
        for n, piece in enumerate(response.iter_text()):
            seen.append(piece)
            if n == 0:
                time.sleep(3.0)
    assert READERS["sse"]("".join(seen)).ok


@pytest.mark.parametrize("wire", READERS)
@pytest.mark.parametrize("frames", range(3))
def test_closing_what_is_encoded_closes_the_stream(wire: str, frames: int) -> None:
    """Also before the first frame, and between those that come before all events."""
    with ReplayServer(Answer(products(50), fault=faults.Stall(30))) as provider:
        clients = Clients(provider, max_retries=0)
        stream = clients.stream("sync")
        body = web.encode(stream, wire)
        for _ in range(frames):
            next(body)
        body.close()
        assert provider.requests[0].wait_hung_up(10.0)


@pytest.mark.parametrize("wire", ["sse", "ai-sdk"])
def test_closing_what_is_encoded_closes_the_async_stream(wire: str) -> None:
    async def leave(provider: ReplayServer) -> None:
        clients = Clients(provider, max_retries=0)
        stream = clients.stream("async")
        body = web.aencode(stream, wire)
        await anext(body)
        await body.aclose()
        assert stream.outcome.status == "cancelled"
        async with clients.lifespan(None):
            pass

    with ReplayServer(Answer(products(50), fault=faults.Stall(30))) as provider:
        asyncio.run(leave(provider))
