"""What is between `web.respond` and a browser: servers, middleware, test clients, old clients."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from app_server import serving
from extras import needs
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.testclient import TestClient
from test_respond import PASSING
from web_runs import HOWS, Clients, app_of, page_of, products
from wire_readers import READERS

from partialstream import web
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import Popen

WIRES = list(READERS)

SOON = 10.0


def raw(url: str, request: str) -> bytes:
    """What comes for a request, until the server closes the connection."""
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 80), timeout=20) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        seen = b""
        while data := connection.recv(65536):
            seen += data
    return seen


# -- requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["sse", "ndjson"])
def test_http_1_0(wire: str) -> None:
    """As from nginx, unless it was told otherwise: no chunks, and the end of the connection."""
    with ReplayServer(Answer(products(3))) as replay, page_of(replay, wire=wire) as url:
        head, _, body = raw(url, "GET / HTTP/1.0\n\n").partition(b"\r\n\r\n")
    assert b"chunked" not in head
    page = READERS[wire](body.decode())
    assert page.ok
    assert len(page.values) == 3


def test_http_1_0_cannot_have_a_body_that_may_be_torn(caplog: pytest.LogCaptureFixture) -> None:
    with ReplayServer(Answer(products(3))) as replay, page_of(replay, wire="object") as url:
        seen = raw(url, "GET / HTTP/1.0\n\n")
        assert not replay.requests
    assert seen.startswith(b"HTTP/1.1 505 ")
    assert "proxy_http_version" in seen.decode()
    assert "proxy_http_version" in caplog.text


@pytest.mark.parametrize("how", ["async", "sync callable"])
def test_head(how: str) -> None:
    with ReplayServer(Answer(products(3))) as replay, page_of(replay, how) as url:
        response = httpx.head(url, timeout=30)
        assert not replay.requests
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"


def test_cors() -> None:
    cors = Middleware(
        CORSMiddleware, allow_origins=["https://shop.example"], allow_methods=["POST"]
    )
    with (
        ReplayServer(Answer(products(3))) as replay,
        page_of(replay, app={"middleware": [cors]}) as url,
    ):
        asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
        assert httpx.options(url, headers=asked, timeout=30).status_code == 200
        assert not replay.requests
        response = httpx.post(url, headers={"Origin": "https://shop.example"}, timeout=30)
    assert response.headers["access-control-allow-origin"] == "https://shop.example"
    assert READERS["sse"](response.text).ok


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_gzip(wire: str, encoding: str) -> None:
    gzip = Middleware(GZipMiddleware, minimum_size=1)
    with (
        ReplayServer(Answer(products(30))) as replay,
        page_of(replay, wire=wire, app={"middleware": [gzip]}) as url,
    ):
        page = READERS[wire](httpx.get(url, headers={"Accept-Encoding": encoding}, timeout=30).text)
    assert page.ok
    assert len(page.values) == 30


@pytest.mark.parametrize("how", HOWS)
def test_who_leaves_behind_middleware_is_noticed(how: str) -> None:
    middleware = [PASSING, Middleware(GZipMiddleware), PASSING]
    with (
        ReplayServer(Answer(products(50), fault=faults.Stall(60))) as replay,
        page_of(replay, how, app={"middleware": middleware}) as url,
    ):
        with httpx.stream("GET", url, timeout=20) as response:
            for text in response.iter_text():
                if "p0" in text:
                    break
        assert replay.requests[0].wait_hung_up(SOON)


@pytest.mark.parametrize("wire", ["sse", "ndjson", "ai-sdk", "ag-ui"])
def test_no_sign_of_life_stands_in_a_frame(wire: str) -> None:
    """Where a frame begins is where a client may be told anything."""
    beat, end = (" ", "\n") if wire == "ndjson" else (": \n\n", "\n\n")
    with (
        ReplayServer(Answer(products(30), tokens_per_second=300)) as replay,
        page_of(replay, wire=wire, heartbeat=0.001) as url,
    ):
        text = httpx.get(url, timeout=30).text
    assert text.count(beat) > 5
    frames = [frame.strip(" ") for frame in text.split(end)]
    for frame in frames:
        assert frame in ("", ":") or frame.startswith(("id: ", "data: ", '{"'))
        assert ": \n" not in frame
    page = READERS[wire](text)
    assert page.ok
    assert len(page.values) == 30


# -- without a server ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", HOWS)
def test_starlettes_test_client(how: str) -> None:
    with ReplayServer(Answer(products(3))) as replay:
        clients = Clients(replay)
        app = app_of(lambda: web.respond(clients.stream(how), heartbeat=0.01), clients)
        with TestClient(app) as client:
            page = READERS["sse"](client.get("/").text)
    assert page.ok
    assert len(page.values) == 3


@pytest.mark.parametrize("how", HOWS)
def test_httpxs_transport(how: str) -> None:
    """It gives the response when all of it has come."""

    async def main() -> None:
        clients = Clients(replay)
        app = app_of(lambda: web.respond(clients.stream(how), heartbeat=0.01), clients)
        transport = httpx.ASGITransport(app)
        async with (
            clients.lifespan(app),
            httpx.AsyncClient(transport=transport, base_url="http://app") as client,
        ):
            page = READERS["sse"]((await client.get("/")).text)
            assert page.ok
            assert len(page.values) == 3

    with ReplayServer(Answer(products(3))) as replay:
        anyio.run(main)


# -- FastAPI -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fastapi_url() -> Iterator[tuple[str, list[str]]]:
    import fastapi  # not where it is not installed

    log: list[str] = []

    async def session() -> Any:
        log.append("opened")
        yield "session"
        log.append("closed")

    def sync_session() -> Any:
        log.append("opened")
        yield "session"
        log.append("closed")

    with ReplayServer(Answer(products(2)), repeat=True) as replay:
        clients = Clients(replay)
        app = fastapi.FastAPI(lifespan=clients.lifespan)

        def events(name: str) -> Any:
            log.append("made")
            return clients.stream(name)

        @app.post("/annotated")
        async def annotated() -> web.StreamResponse:
            return web.respond(events("async"))

        @app.post("/no-model", response_model=None)
        def no_model() -> web.StreamResponse | dict[str, str]:
            return web.respond(events("sync"))

        @app.post("/dependency")
        async def dependency(of: str = fastapi.Depends(session)) -> web.StreamResponse:
            assert of == "session"
            return web.respond(events("async"))

        @app.post("/sync-dependency")
        def sync_dependency(of: str = fastapi.Depends(sync_session)) -> web.StreamResponse:
            assert of == "session"
            return web.respond(events("sync"))

        async def background(tasks: fastapi.BackgroundTasks) -> web.StreamResponse:
            tasks.add_task(log.append, "afterwards")
            return web.respond(events("async"))

        # Annotations are strings here, and this name is not global.
        background.__annotations__["tasks"] = fastapi.BackgroundTasks
        app.post("/background")(background)

        with serving(app) as url:
            yield url, log


@needs("examples", "fastapi")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/annotated", ["made"]),
        ("/no-model", ["made"]),
        ("/dependency", ["opened", "made", "closed"]),
        ("/sync-dependency", ["opened", "made", "closed"]),
        ("/background", ["made", "afterwards"]),
    ],
)
def test_fastapi(fastapi_url: tuple[str, list[str]], path: str, expected: list[str]) -> None:
    url, log = fastapi_url
    log.clear()
    page = READERS["sse"](httpx.post(url + path, timeout=30).text)
    assert page.ok
    assert len(page.values) == 2
    deadline = time.monotonic() + SOON
    while log != expected and time.monotonic() < deadline:
        time.sleep(0.01)
    assert log == expected


# -- shutting down -------------------------------------------------------------------------------


def started(url_of_provider: str, listener: socket.socket) -> Popen[str]:
    """A server on a port that is open: who connects before it is up waits."""
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    folders.append(str(Path(__file__).parents[2]))
    command = ["-m", "uvicorn", "shutdown_app:app", "--log-level", "error"]
    command += ["--fd", str(listener.fileno())]
    return subprocess.Popen(
        [sys.executable, *command, "--timeout-graceful-shutdown", "1"],
        pass_fds=[listener.fileno()],
        env={**os.environ, "PROVIDER": url_of_provider, "PYTHONPATH": os.pathsep.join(folders)},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_a_server_that_is_stopped_closes_the_providers_responses_and_exits() -> None:
    paths = ("/async", "/sync", "/sync-callable")
    answer = Answer(products(50), fault=faults.Stall(120))
    with ReplayServer([answer] * len(paths)) as replay:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            process = started(replay.base_url, listener)
            address = listener.getsockname()
        try:
            pages = []
            for path in paths:
                page = socket.create_connection(address, timeout=60)
                page.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                seen = b""
                while b"p0" not in seen:
                    seen += page.recv(65536)
                pages.append(page)
            process.send_signal(signal.SIGTERM)
            process.wait(60)  # and not the two minutes for which the provider is silent
            for request in replay.requests:
                assert request.wait_hung_up(SOON)
            for page in pages:
                with page:
                    while seen := page.recv(65536):
                        assert not seen.endswith(b"0\r\n\r\n")  # which would be a complete body
        finally:
            process.kill()
            _, errors = process.communicate()
    assert "Traceback" not in errors
