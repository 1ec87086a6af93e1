"""Two hundred at once, on a server: slow browsers, and sync streams."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from app_server import serving
from settled import settled
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from web_runs import Product
from wire_readers import READERS

from partialstream import astream_items, stream_items, web
from partialstream.web.reading import AHEAD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

COUNT = 200

SIZE = 1000
"""Bytes of a delta, which is an item."""

DELTA = '{"name": "%s"},' % ("x" * (SIZE - 13))

BUFFERED = 65_536 + 128 * 1024
"""Bytes on the way to a browser: in the server before it waits, and in the system."""


class Deltas:
    """A list without end, or of so many items, and how much of it was asked for."""

    def __init__(self, count: float = float("inf")) -> None:
        self.asked = 0
        self._count = count

    def __iter__(self) -> Iterator[str]:
        yield "["
        while self.asked < self._count:
            self.asked += 1
            yield DELTA if self.asked < self._count else DELTA[:-1]
        yield "]"

    async def each(self) -> AsyncIterator[str]:
        for delta in self:
            await asyncio.sleep(0)
            yield delta

    def stream(self, how: str) -> Any:
        if how == "sync":
            return stream_items(Product, iter(self))
        return astream_items(Product, self.each())


class Site:
    """An application with slow and quick pages."""

    def __init__(self, how: str) -> None:
        self.slow: list[Deltas] = []
        self._how = how
        self.app = Starlette(routes=[Route("/slow", self._slow), Route("/quick", self._quick)])

    async def _slow(self, _: Any) -> web.StreamResponse:
        self.slow.append(Deltas())
        return web.respond(self.slow[-1].stream(self._how), heartbeat=0.1)

    async def _quick(self, _: Any) -> web.StreamResponse:
        return web.respond(Deltas(500).stream(self._how), heartbeat=0.1)

    @property
    def asked(self) -> list[int]:
        """How many items each of the slow ones was asked for."""
        return [deltas.asked for deltas in self.slow]

    def wait_until_quiet(self) -> None:
        """Until nothing is read any more."""
        while len(settled(lambda: self.asked)) < COUNT:
            pass


@contextmanager
def small_buffers() -> Iterator[Any]:
    """The server's sockets hold little, so that a slow browser is soon noticed."""
    with pytest.MonkeyPatch.context() as patch:
        create = socket.create_server

        def create_server(*args: Any, **options: Any) -> socket.socket:
            listener = create(*args, **options)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            return listener

        patch.setattr(socket, "create_server", create_server)
        yield


class SlowReaders:
    """Connections that are read a little at a time, together."""

    def __init__(self, url: str) -> None:
        address = httpx.URL(url)
        self._sockets = []
        for _ in range(COUNT):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(60)
            connection.connect((address.host, address.port))
            connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            self._sockets.append(connection)

    def read(self, size: int = 1000) -> None:
        for connection in self._sockets:
            left = size
            while left:
                left -= len(connection.recv(left))

    def close(self) -> None:
        for connection in self._sockets:
            connection.close()


def resident() -> float:
    """Megabytes of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def cpu_of_a_quick_one(url: str) -> float:
    """CPU seconds for a page that is read at once, beside what there is."""
    start = time.process_time()
    page = READERS["sse"](httpx.get(f"{url}/quick", timeout=60).text)
    assert page.ok
    assert len(page.values) == 500
    return time.process_time() - start


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for its memory")
@pytest.mark.parametrize("how", ["async", "sync"])
def test_slow_browsers_cost_a_bounded_amount_of_memory_and_delay_nobody(how: str) -> None:
    site = Site(how)
    with small_buffers(), serving(site.app) as url:
        alone = min(cpu_of_a_quick_one(url) for _ in range(3))
        slow = SlowReaders(url)
        try:
            slow.read()
            site.wait_until_quiet()
            # What was asked for is on its way, or waits for that.
            asked = site.asked
            assert max(asked) < AHEAD + BUFFERED / SIZE
            # While they take nothing at all, others are served, at about the cost they have alone.
            beside = min(cpu_of_a_quick_one(url) for _ in range(3))
            assert beside < 3 * alone
            assert site.asked == asked
            # They take their kilobyte a second, for two minutes and more.
            for count in range(150):
                if count == 50:  # threads and buffers have what they need by then
                    gc.collect()
                    before = resident()
                slow.read()
            site.wait_until_quiet()
            gc.collect()
            assert resident() < before + 15  # MB; what was sent since then is 20 MB
            for now, then in zip(site.asked, asked, strict=True):
                assert then < now < 150 + AHEAD + BUFFERED / SIZE
        finally:
            slow.close()
        site.wait_until_quiet()  # closed, they would run on without end


class Gate:
    """Sync streams that all wait, and how many of them do."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._waiting = threading.Semaphore(0)

    def stream(self) -> Any:
        return stream_items(Product, self._deltas())

    def _deltas(self) -> Iterator[str]:
        yield '[{"name": "a"}'
        self._waiting.release()
        self._open.wait(60)
        yield ', {"name": "b"}]'

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self._waiting.acquire(timeout=20), "one of the streams is not being read"

    def open(self) -> None:
        self._open.set()


@pytest.mark.parametrize("how", ["sync endpoint", "callable"])
def test_sync_streams_leave_the_threads_of_others_alone(how: str) -> None:
    """A program's endpoints share 40 threads: each stream would hold one as long as it takes."""
    gate = Gate()

    def sync_endpoint(_: Any) -> web.StreamResponse:
        return web.respond(gate.stream())

    async def endpoint(_: Any) -> web.StreamResponse:
        return web.respond(gate.stream)

    def other(_: Any) -> PlainTextResponse:
        return PlainTextResponse("here")

    endpoint_ = sync_endpoint if how == "sync endpoint" else endpoint
    app = Starlette(routes=[Route("/", endpoint_), Route("/other", other)])
    with serving(app) as url, ThreadPoolExecutor(COUNT) as pool:
        pages = [pool.submit(httpx.get, url, timeout=120) for _ in range(COUNT)]
        try:
            gate.wait_for(COUNT)
            assert httpx.get(f"{url}/other", timeout=60).text == "here"
            assert not any(page.done() for page in pages)
        finally:
            gate.open()
        for page in pages:
            assert READERS["sse"](page.result().text).ok
