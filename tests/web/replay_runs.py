"""An application whose streams can be taken up again, and how its pages do that."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from app_server import serving
from starlette.applications import Starlette
from starlette.routing import Route
from web_runs import Clients

from partialstream import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from partialstream.testing import ReplayServer

SOON = 20.0
"""Seconds, on a busy machine; as a rule it is a hundredth of that."""


@dataclass
class Site:
    """The application, as its pages see it."""

    url: str
    replay: web.Replay
    calls: list[str] = field(default_factory=list)  # the keys for which a stream was made

    def begin(self, key: str = "k", **options: Any) -> httpx.Response:
        return httpx.post(f"{self.url}/?key={key}", timeout=30, **options)

    def again(self, key: str = "k", last: str | None = None) -> httpx.Response:
        headers = {} if last is None else {"Last-Event-ID": last}
        return httpx.get(f"{self.url}/again?key={key}", headers=headers, timeout=30)

    def begin_and_leave(self, wanted: str, key: str = "k") -> str:
        """Begin, and leave as soon as a text has come; gives what has come."""
        return self.read_until(wanted, "POST", f"/?key={key}")

    def read_until(self, wanted: str, method: str, path: str) -> str:
        seen = ""
        with httpx.stream(method, self.url + path, timeout=30) as response:
            for text in response.iter_text():
                seen += text
                if wanted in seen:
                    break
        return seen


@contextmanager
def site_of(
    make: Callable[[], web.Replay],
    provider: ReplayServer,
    how: str = "async callable",
    *,
    wire: Any = "sse",
    method: str = "create_iterable",
    ask: dict[str, Any] | None = None,
    close: Callable[[], Any] | None = None,
    **options: Any,
) -> Iterator[Site]:
    """Serve streams at `/?key=`, and what is kept of them at `/again?key=`."""
    clients = Clients(provider, max_retries=0)
    replay = make()
    site = Site("", replay)

    def key_of(request: Any) -> str:
        key: str = request.path_params.get("key") or request.query_params["key"]
        return key

    async def begin(request: Any) -> Any:
        is_chat = request.url.path == "/chat"
        key = (await request.json())["id"] if is_chat else key_of(request)
        stream = clients.stream(how, method, **(ask or {}))

        if "callable" in how:
            made = stream

            def stream() -> Any:
                site.calls.append(key)
                return made()

        return web.respond(stream, wire=wire, replay=replay, key=key, **options)

    async def again(request: Any) -> Any:
        return await replay.response(
            key_of(request),
            wire=request.query_params.get("wire", wire),
            last_event_id=request.headers.get("last-event-id"),
        )

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        async with clients.lifespan(app), replay:
            yield
        if close is not None:
            await close()

    routes = [
        Route("/", begin, methods=["GET", "POST"]),
        Route("/again", again),
        Route("/chat", begin, methods=["POST"]),
        Route("/chat/{key}/stream", again),
    ]
    with serving(Starlette(routes=routes, lifespan=lifespan)) as site.url:
        yield site


@contextmanager
def cutting(url: str, after: list[int]) -> Iterator[str]:
    """A way to a server that loses the first connections, each after so many bytes."""
    target = httpx.URL(url)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    limits = iter(after)

    def forward(source: socket.socket, to: socket.socket, limit: float) -> None:
        with suppress(OSError):
            while limit > 0 and (data := source.recv(int(min(limit, 65_536)))):
                to.sendall(data)
                limit -= len(data)
        for end in (source, to):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def carry(client: socket.socket, limit: float) -> None:
        with client, socket.create_connection((target.host, target.port or 80)) as server:
            asking = threading.Thread(target=forward, args=(client, server, float("inf")))
            asking.start()
            forward(server, client, limit)
            asking.join()

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                limit = next(limits, float("inf"))
                carrying.append(threading.Thread(target=carry, args=(client, limit), daemon=True))
                carrying[-1].start()

    carrying = [threading.Thread(target=serve, daemon=True)]
    carrying[0].start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        for thread in carrying:
            thread.join(10)
        listener.close()


def read_by_two(begin: str, again: str) -> str:
    """What a second reader of a stream gets, who is there before the first one leaves."""
    with httpx.stream("POST", begin, timeout=30) as response:
        pieces = response.iter_text()  # kept: httpx hangs up when it is collected
        assert next(pieces)
        with httpx.stream("GET", again, timeout=30) as other:
            others_pieces = other.iter_text()
            seen = next(others_pieces)
            response.close()
            return seen + "".join(others_pieces)


def until(condition: Callable[[], Any], seconds: float = SOON) -> Any:
    """Wait for something; gives it."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it has not come"
        time.sleep(0.01)
    return value


def at_once(count: int, call: Callable[[int], Any]) -> list[Any]:
    """Call a function in so many threads, all of which begin at the same time."""
    results: list[Any] = [None] * count
    started = threading.Barrier(count)

    def run(n: int) -> None:
        started.wait()
        results[n] = call(n)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
