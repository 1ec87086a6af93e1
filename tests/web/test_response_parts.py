"""What is set on the response that `respond` gives: headers, cookies, background tasks."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from app_server import serving
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.routing import Route
from web_runs import Clients, products

from partialstream import web
from partialstream.testing import Answer, ReplayServer, faults


class Site:
    """Gives each response a header, two cookies and a background task."""

    def __init__(self, clients: Clients, replay: web.Replay | None, wire: Any) -> None:
        self.tasks: list[str] = []
        self._clients = clients
        self._replay = replay
        self._wire = wire
        routes = [Route("/", self._begin), Route("/again", self._again)]
        self.app = Starlette(routes=routes, lifespan=clients.lifespan)

    def _begin(self, _: Any) -> Any:
        kept: Any = {} if self._replay is None else {"replay": self._replay, "key": "k"}
        stream = self._clients.stream("async callable")
        headers = {"x-passed": "1", "cache-control": "private"}
        response = web.respond(stream, wire=self._wire, headers=headers, **kept)
        response.headers["x-set"] = "2"
        response.set_cookie("a", "3")
        response.set_cookie("b", "4")
        response.background = BackgroundTask(self.tasks.append, "begin")
        return response

    async def _again(self, _: Any) -> Any:
        assert self._replay is not None
        response = await self._replay.response("k", wire=self._wire, headers={"x-passed": "1"})
        response.background = BackgroundTask(self.tasks.append, "again")
        return response


def assert_set(response: httpx.Response) -> None:
    assert response.headers["x-passed"] == "1"
    assert response.headers["x-set"] == "2"
    assert response.headers.get_list("cache-control") == ["private"]
    assert [each.split(";")[0] for each in response.headers.get_list("set-cookie")] == [
        "a=3",
        "b=4",
    ]


@pytest.mark.parametrize("is_kept", [False, True])
def test_what_is_set_is_sent(is_kept: bool) -> None:
    with ReplayServer(Answer(products(2)), repeat=True) as provider:
        site = Site(Clients(provider), web.Replay() if is_kept else None, "sse")
        with serving(site.app) as url:
            whole = httpx.get(url, timeout=30)
            assert "event: done" in whole.text
            assert whole.headers["content-type"].startswith("text/event-stream")
            assert_set(whole)
            nothing = httpx.get(url, headers={"Last-Event-ID": "3"}, timeout=30)
            assert nothing.status_code == 204
            assert_set(nothing)
    assert site.tasks == ["begin", "begin"]


def test_background_tasks_of_what_is_kept() -> None:
    with ReplayServer(Answer(products(2)), repeat=True) as provider:
        site = Site(Clients(provider), web.Replay(), "sse")
        with serving(site.app) as url:
            httpx.get(url, timeout=30)
            again = httpx.get(f"{url}/again", timeout=30)
            assert "event: done" in again.text
            assert again.headers["x-passed"] == "1"
    assert site.tasks == ["begin", "again"]


@pytest.mark.parametrize("is_kept", [False, True])
def test_background_tasks_of_an_aborted_response(is_kept: bool) -> None:
    with ReplayServer(Answer(products(9), fault=faults.LengthCut(30))) as provider:
        site = Site(Clients(provider, max_retries=0), web.Replay() if is_kept else None, "object")
        with serving(site.app) as url, pytest.raises(httpx.RemoteProtocolError):
            httpx.get(url, timeout=30)
    assert site.tasks == ["begin"]


def test_an_aborted_response_quotes_no_model(caplog: pytest.LogCaptureFixture) -> None:
    """Neither in our own log nor in the server's."""
    text = products(9, name="SECRET")
    with ReplayServer(Answer(text, fault=faults.LengthCut(30))) as provider:
        site = Site(Clients(provider, max_retries=0), None, "object")
        with (
            serving(site.app, log_config=None, log_level="info") as url,
            pytest.raises(httpx.RemoteProtocolError),
        ):
            httpx.get(url, timeout=30)
    assert "ResponseAbortedError: the stream is not complete: IncompleteStreamError" in caplog.text
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize("wire", ["sse", "object"])
def test_errors_of_the_provider_are_logged_without_their_words(
    wire: str, caplog: pytest.LogCaptureFixture
) -> None:
    with ReplayServer(Answer(fault=faults.HTTPError(401, message="SECRET"))) as provider:
        site = Site(Clients(provider, max_retries=0), None, wire)
        with serving(site.app, log_config=None, log_level="info") as url:
            if wire == "object":
                with pytest.raises(httpx.RemoteProtocolError):
                    httpx.get(url, timeout=30)
            else:
                assert "The request failed." in httpx.get(url, timeout=30).text
    assert "AuthenticationError" in caplog.text
    assert "SECRET" not in caplog.text
