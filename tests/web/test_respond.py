"""`web.respond`: streams as responses, on a server, to clients that stay."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from app_server import serving
from extras import needs
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from web_runs import HOWS, Clients, Report, app_of, page_of, products
from wire_readers import READERS, sse_events

from partialstream import web
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator

WIRES = list(READERS)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("wire", WIRES)
def test_a_list(how: str, wire: str) -> None:
    with ReplayServer(Answer(products(3))) as replay, page_of(replay, how, wire=wire) as url:
        response = httpx.get(url, timeout=30)
    assert response.status_code == 200
    page = READERS[wire](response.text)
    assert page.ok
    assert [value["name"] for value in page.values] == ["p0", "p1", "p2"]


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("wire", WIRES)
def test_a_growing_object(how: str, wire: str) -> None:
    value = {"title": "On paper", "text": "word " * 40}
    ask = {"response_model": Report}
    with (
        ReplayServer(Answer(json.dumps(value))) as replay,
        page_of(replay, how, wire=wire, method="create_partial", ask=ask) as url,
    ):
        page = READERS[wire](httpx.get(url, timeout=30).text)
    assert page.ok
    assert page.state == value


def test_headers() -> None:
    with (
        ReplayServer(Answer(products(1)), repeat=True) as replay,
        page_of(replay, wire="ai-sdk", headers={"x-own": "1"}) as url,
    ):
        headers = httpx.get(url, timeout=30).headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["content-encoding"] == "identity"
    assert headers["x-accel-buffering"] == "no"
    assert headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert headers["x-own"] == "1"
    assert "content-length" not in headers


def pieces(url: str, wanted: str) -> tuple[list[str], float]:
    """What arrives until a text has arrived, and how long that took."""
    seen: list[str] = []
    start = time.perf_counter()
    with httpx.stream("GET", url, timeout=30) as response:
        for text in response.iter_text():
            seen.append(text)
            if wanted in "".join(seen):
                break
    return seen, time.perf_counter() - start


@pytest.mark.parametrize("how", ["async", "sync"])
@pytest.mark.parametrize("wire", WIRES)
def test_items_arrive_while_the_provider_is_still_writing(how: str, wire: str) -> None:
    answer = Answer(products(50), fault=faults.Stall(60))
    with ReplayServer(answer) as replay, page_of(replay, how, wire=wire) as url:
        seen, _ = pieces(url, "p3")
        assert not replay.requests[0].finished
    assert "p40" not in "".join(seen)


@pytest.mark.parametrize("how", ["async", "sync callable"])
@pytest.mark.parametrize(
    ("wire", "beat"),
    [
        ("sse", ": \n\n"),
        ("ai-sdk", ": \n\n"),
        ("ag-ui", ": \n\n"),
        ("ndjson", " "),
        ("object", " "),
    ],
)
def test_signs_of_life_mean_nothing(how: str, wire: str, beat: str) -> None:
    answer = Answer(products(2), first_delay=1.0)
    with ReplayServer(answer) as replay, page_of(replay, how, wire=wire, heartbeat=0.02) as url:
        text = httpx.get(url, timeout=30).text
    assert text.count(beat) >= 3
    page = READERS[wire](text)
    assert page.ok
    assert len(page.values) == 2


def test_no_sign_of_life_stands_in_a_text() -> None:
    answer = Answer('{"title": "On paper", "text": "abc"}', tokens_per_second=20)
    with (
        ReplayServer(answer) as replay,
        page_of(
            replay,
            wire="object",
            method="create_partial",
            ask={"response_model": Report},
            heartbeat=0.01,
        ) as url,
    ):
        text = httpx.get(url, timeout=30).text
    assert json.loads(text) == {"title": "On paper", "text": "abc"}


@pytest.mark.parametrize("heartbeat", [0, -1])
def test_a_heartbeat_that_makes_no_sense(heartbeat: float) -> None:
    with pytest.raises(ValueError, match="heartbeat="):
        web.respond([], heartbeat=heartbeat)


def test_no_signs_of_life() -> None:
    answer = Answer(products(1), first_delay=0.2)
    with ReplayServer(answer) as replay, page_of(replay, heartbeat=None) as url:
        assert ": \n\n" not in httpx.get(url, timeout=30).text


@pytest.mark.parametrize("how", ["async", "sync"])
@pytest.mark.parametrize("wire", ["sse", "ai-sdk", "ag-ui"])
def test_what_is_held_back_passes_when_its_time_has_come(how: str, wire: str) -> None:
    """Also while the provider is silent."""
    answer = Answer('{"title": "On paper", "text": "abcdefgh', fault=faults.Stall(9))
    with (
        ReplayServer(answer) as replay,
        page_of(
            replay,
            how,
            wire=wire,
            method="create_partial",
            ask={"response_model": Report},
            throttle=0.5,
        ) as url,
    ):
        seen, took = pieces(url, "abcd")
    assert took < 10
    assert len(seen) <= 4  # and not one for each delta


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("wire", ["sse", "ndjson", "ai-sdk", "ag-ui"])
def test_a_request_that_is_refused_is_told(how: str, wire: str) -> None:
    if how == "sync":
        pytest.skip("raised in the endpoint, by the request")
    answer = Answer(fault=faults.HTTPError(401, message="SECRET key"))
    with ReplayServer(answer) as replay, page_of(replay, how, wire=wire) as url:
        response = httpx.get(url, timeout=30)
    assert response.status_code == 200
    page = READERS[wire](response.text)
    assert not page.ok
    assert page.error == "The request failed."
    assert "SECRET" not in response.text


ENDS = {
    "cut": faults.LengthCut(12),
    "lost": faults.Reset(12),
    "refused": faults.Refusal(12, text="SECRET"),
    "error": faults.ErrorEvent(12, message="SECRET"),
    "malformed": faults.MalformedEvent(12),
}


@pytest.mark.parametrize("how", ["async", "sync callable"])
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("end", ENDS)
def test_no_end_is_silent(how: str, wire: str, end: str) -> None:
    answer = Answer(products(20), fault=ENDS[end])
    with ReplayServer(answer) as replay, page_of(replay, how, wire=wire) as url:
        if wire == "object":
            with pytest.raises(httpx.RemoteProtocolError):
                httpx.get(url, timeout=30)
            return
        text = httpx.get(url, timeout=30).text
    page = READERS[wire](text)
    assert not page.ok
    assert page.error
    assert page.values
    assert "SECRET" not in text


class Passing(BaseHTTPMiddleware):
    async def dispatch(self, request: Any, call_next: Any) -> Any:
        return await call_next(request)


PASSING, GZIP = Middleware(Passing), Middleware(GZipMiddleware)


@pytest.mark.parametrize(
    "middleware",
    [[PASSING], [PASSING, PASSING], [GZIP], [PASSING, GZIP, PASSING]],
    ids=["one", "two", "gzip", "all"],
)
@pytest.mark.parametrize("wire", WIRES)
def test_middleware_neither_mends_a_torn_body_nor_holds_one_back(
    middleware: list[Middleware], wire: str
) -> None:
    answers = [
        Answer(products(200), fault=faults.LengthCut(30)),
        Answer(products(200), fault=faults.Stall(60)),
    ]
    with (
        ReplayServer(answers) as replay,
        page_of(replay, wire=wire, app={"middleware": middleware}) as url,
    ):
        if wire == "object":
            with pytest.raises(httpx.RemoteProtocolError):
                httpx.get(url, timeout=30)
        else:
            assert not READERS[wire](httpx.get(url, timeout=30).text).ok
        _, took = pieces(url, "p3")
        assert took < 10


@pytest.mark.parametrize("how", HOWS)
def test_a_browser_that_connects_again_is_told_not_to(how: str) -> None:
    with ReplayServer(Answer(products(1)), repeat=True) as replay, page_of(replay, how) as url:
        response = httpx.get(url, headers={"Last-Event-ID": "3"}, timeout=30)
        assert response.status_code == 204
        assert len(replay.requests) == (how == "sync")
        for request in replay.requests:
            assert request.wait_finished(10.0) or request.hung_up


def test_a_task_runs_afterwards() -> None:
    done: list[bool] = []
    with ReplayServer(Answer(products(1))) as replay:
        clients = Clients(replay)

        def respond() -> Any:
            response = web.respond(clients.stream("async"))
            response.background = BackgroundTask(done.append, True)
            return response

        with serving(app_of(respond, clients)) as url:
            assert READERS["sse"](httpx.get(url, timeout=30).text).ok
    assert done == [True]


def test_events_of_ones_own() -> None:
    async def respond() -> Any:
        from partialstream import Change

        return web.respond([Change((), "set", {"a": 1}), Change((), "complete")])

    from starlette.applications import Starlette
    from starlette.routing import Route

    async def endpoint(_: Any) -> Any:
        return await respond()

    with serving(Starlette(routes=[Route("/", endpoint)])) as url:
        assert READERS["sse"](httpx.get(url, timeout=30).text).state == {"a": 1}


def test_what_makes_no_stream_is_told() -> None:
    with serving(app_of(lambda: web.respond(lambda: 5))) as url:
        assert [name for _, name, _ in sse_events(httpx.get(url, timeout=30).text)] == ["error"]


@pytest.fixture(scope="module")
def fastapi_url() -> Iterator[str]:
    import fastapi  # not where it is not installed

    with ReplayServer(Answer(products(2)), repeat=True) as replay:
        clients = Clients(replay)
        app = fastapi.FastAPI(lifespan=clients.lifespan)

        @app.post("/async")
        async def in_the_loop() -> Any:
            return web.respond(clients.stream("async"))

        @app.post("/sync")
        def in_a_thread() -> Any:
            return web.respond(clients.stream("sync"))

        with serving(app) as url:
            yield url


@needs("examples", "fastapi")
@pytest.mark.parametrize("path", ["/async", "/sync"])
def test_fastapi(fastapi_url: str, path: str) -> None:
    page = READERS["sse"](httpx.post(fastapi_url + path, timeout=30).text)
    assert page.ok
    assert len(page.values) == 2
