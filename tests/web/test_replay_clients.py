"""Pages that go on: our module and the AI SDK's chat, on Node, against `web.Replay`."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from node_runs import MODULE, needs_clients, needs_node, run
from replay_runs import cutting, site_of
from web_runs import products

from partialstream.testing import Answer, ReplayServer, faults

STEADY: dict[str, Any] = {"tokens_per_second": 150}


def connect(url: str, key: str = "k") -> dict[str, Any]:
    return run("resume.mjs", "connect", f"{url}/?key={key}", f"{url}/again?key={key}", str(MODULE))


@needs_node
@pytest.mark.parametrize(
    "cuts", [[700, 500, 900], [600], [900, 80, 300, 1], [10, 700], [450] * 6], ids=str
)
def test_our_module_goes_on_after_each_lost_connection(make: Any, cuts: list[int]) -> None:
    """Wherever in the body it was cut, also in the middle of an event, or before any."""
    with (
        ReplayServer(Answer(products(40), **STEADY)) as provider,
        site_of(make, provider) as site,
        cutting(site.url, cuts) as url,
    ):
        seen = connect(url)
        assert seen["error"] is None, seen
        assert seen["values"] == [f"p{n}" for n in range(40)]
        assert seen["ids"] == [str(n) for n in range(1, 42)]
        assert seen["last"] == "done"
        assert len(provider.requests) == 1


@needs_node
def test_our_module_is_told_of_an_error_once(make: Any) -> None:
    answer = Answer(products(40), fault=faults.Reset(20), **STEADY)
    with (
        ReplayServer(answer) as provider,
        site_of(make, provider) as site,
        cutting(site.url, [500]) as url,
    ):
        seen = connect(url)
        assert seen["error"] == "disconnected"
        assert seen["message"] == "The connection to the model was lost."
        assert seen["values"]


@needs_node
def test_our_module_is_told_that_there_is_nothing_more(make: Any) -> None:
    with (
        ReplayServer(Answer(products(4000))) as provider,
        site_of(partial(make, max_bytes=500), provider) as site,
        cutting(site.url, [3000]) as url,
    ):
        seen = connect(url)
        assert seen["error"] in ("disconnected", "failed"), seen
        assert seen["last"] != "done"


@needs_clients
@pytest.mark.parametrize("wait", [0, 1500], ids=["under way", "ended meanwhile"])
def test_a_chat_after_a_reload(make: Any, wait: int) -> None:
    """`useChat({resume: true})`: all of the answer, no item twice, in the same message."""
    with (
        ReplayServer(Answer(products(20), **STEADY)) as provider,
        site_of(make, provider, wire="ai-sdk") as site,
    ):
        seen = run("resume.mjs", "reload", f"{site.url}/chat", "3", str(wait))
        assert len(seen["before"]) >= 3
        for page in seen["runs"]:
            assert page["error"] is None
            assert page["status"] == "ready"
            assert page["values"] == [f"p{n}" for n in range(20)]
            assert page["ids"] == [str(n) for n in range(20)]
            assert page["messages"] == ["user", "assistant"]
            assert page["steps"] == 1
            assert page["message"] == seen["messageBefore"]
        assert len(provider.requests) == 1


@needs_clients
def test_a_chat_after_a_run_that_failed(make: Any) -> None:
    answer = Answer(products(20), fault=faults.LengthCut(60), **STEADY)
    with (
        ReplayServer(answer) as provider,
        site_of(make, provider, wire="ai-sdk") as site,
    ):
        seen = run("resume.mjs", "reload", f"{site.url}/chat", "3", "0")
        for page in seen["runs"]:
            assert page["status"] == "error"
            assert page["error"] == "The response ended too early."


@needs_clients
def test_a_chat_without_a_response_under_way(make: Any) -> None:
    with ReplayServer([]) as provider, site_of(make, provider, wire="ai-sdk") as site:
        seen = run("resume.mjs", "chat", f"{site.url}/chat", "never heard of")
        assert seen["statuses"] == [204]
        assert seen["error"] is None
        assert seen["status"] == "ready"
        assert seen["messages"] == []
