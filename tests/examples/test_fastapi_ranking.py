from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from example_runs import NEEDS, run_example, run_live, timed
from pages import chromium_page, served

from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = NEEDS["fastapi_ranking"]

NAMES = ["Tent", "Stove", "Lamp", "Mug", "Rug"]
TEXT = json.dumps(
    {
        "items": [
            {"name": name, "reason": f"A {name}", "score": 90 - at} for at, name in enumerate(NAMES)
        ]
    }
)


def end_of(name: str) -> int:
    """How many deltas have gone out when the item of that name has."""
    end = TEXT.index("}", TEXT.index(f'"{name}"'))
    return end // 4 + 1


def at_once(upstream: ReplayServer, left_at: float) -> bool:
    """Whether the model was hung up on when the client left, and not at some other occasion."""
    hung_up_at = upstream.requests[0].hung_up_at
    return hung_up_at is not None and 0 <= hung_up_at - left_at < 20


def told(output: str) -> list[tuple[str, Any]]:
    """The events that the program prints behind the address, each with its data."""
    address, *lines = output.splitlines()
    assert address.startswith("http://127.0.0.1:")
    times, events = timed(lines)
    assert times == sorted(times)
    return [(event.split()[0], json.loads(event.split(maxsplit=1)[1])) for event in events]


def test_the_events_come_one_by_one_and_a_rejected_item_comes_again() -> None:
    output = run_example("fastapi_ranking")
    *events, (last, end) = told(output)
    assert [(event, data["index"]) for event, data in events] == [
        ("product", 0),
        ("product", 1),
        ("rejected", 2),
        ("product", 3),
        ("product", 4),
        ("product", 2),
    ]
    products = {data["index"]: data for event, data in events if event == "product"}
    scores = [products[index]["score"] for index in range(5)]
    assert scores == sorted(scores, reverse=True)
    assert set(products[2]) == {"index", "name", "reason", "score"}
    times, _ = timed(output.splitlines()[1:])
    assert times[0] < times[5]
    assert (last, list(end)) == ("done", ["seconds"])
    assert 0 < end["seconds"] <= times[-1]


@pytest.mark.parametrize(
    ("answer", "products"),
    [
        (Answer(TEXT, fault=faults.ErrorEvent(end_of("Stove"))), 2),
        (Answer(fault=faults.HTTPError(401, message="Incorrect API key: sk-secret")), 0),
        (Answer('{"items": [{"name": "Tent", "reason": "-", "score": -1}]}'), 0),
    ],
    ids=["in the stream", "no access", "never valid"],
)
def test_an_error_is_an_event_that_quotes_nothing(answer: Answer, products: int) -> None:
    with ReplayServer(answer, repeat=True) as server:
        output = run_live("fastapi_ranking", server.base_url)
    *events, (last, data) = told(output)
    assert [event for event, _ in events if event != "rejected"] == ["product"] * products
    assert (last, list(data)) == ("error", ["kind"])
    assert data["kind"].endswith("Error")
    assert "secret" not in output


@pytest.mark.parametrize("held", [0, end_of("Tent")], ids=["before any item", "after an item"])
def test_the_model_is_hung_up_on_when_the_client_leaves(held: int) -> None:
    answer = Answer(TEXT, fault=faults.Stall(held))
    with ReplayServer(answer) as upstream, served("fastapi_ranking", upstream) as address:
        with httpx.stream("GET", f"{address}ranking", timeout=60) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            lines = response.iter_lines()
            if held:
                assert next(lines) == "event: product"
            else:
                while not upstream.requests:
                    time.sleep(0.01)
            assert not upstream.requests[0].hung_up
            left_at = time.perf_counter()
        assert upstream.requests[0].wait_hung_up(timeout=30)
        assert at_once(upstream, left_at)
        assert upstream.requests[0].deltas_sent == held


def test_the_first_card_is_on_the_page_before_the_third_item_has_left_the_server(
    tmp_path: Path,
) -> None:
    answer = Answer(TEXT, tokens_per_second=25)
    with (
        ReplayServer(answer) as upstream,
        served("fastapi_ranking", upstream) as address,
        chromium_page() as page,
    ):
        page.goto(address)
        page.wait_for_selector(".product")
        sent = upstream.requests[0].deltas_sent
        assert end_of("Tent") <= sent < end_of("Lamp")
        assert page.locator(".product .name").all_inner_texts() == ["Tent"]
        page.wait_for_selector(".product:nth-child(2)")
        page.wait_for_timeout(300)  # until it has faded in
        page.screenshot(path=tmp_path / "some_cards.png")
        assert 2 <= page.locator(".product").count() < 5
        assert page.locator("li").count() == 5
        assert page.locator(".waiting").count() >= 1
        page.wait_for_function("line.textContent.startsWith('All 5 ranked in ')")
        assert page.locator(".product .name").all_inner_texts() == NAMES
        assert page.evaluate("events.readyState") == 2
        page.screenshot(path=tmp_path / "all_cards.png", animations="disabled")
        assert upstream.requests[0].finished


def test_closing_the_tab_hangs_up_on_the_model() -> None:
    answer = Answer(TEXT, fault=faults.Stall(end_of("Stove")))
    with (
        ReplayServer(answer) as upstream,
        served("fastapi_ranking", upstream) as address,
        chromium_page() as page,
    ):
        page.goto(address)
        page.wait_for_selector(".product:nth-child(2)")
        assert page.locator("#progress").inner_text() == "2 of 5 ranked"
        assert page.locator(".waiting").count() == 3
        assert not upstream.requests[0].hung_up
        left_at = time.perf_counter()
        page.close()
        assert upstream.requests[0].wait_hung_up(timeout=30)
        assert at_once(upstream, left_at)


def test_the_page_shows_what_goes_wrong_and_does_not_ask_again() -> None:
    bad = '{"items": [{"name": "Tent", "reason": "", "score": 1},{"name": "Mug", "score": 0}]}'
    with (
        ReplayServer([bad, Answer(bad, fault=faults.Reset())], repeat=True) as upstream,
        served("fastapi_ranking", upstream) as address,
        chromium_page() as page,
    ):
        page.goto(address)
        page.wait_for_selector("#progress.bad")
        assert page.locator("li").count() == 2
        assert page.locator(".rejected .reason").count() == 0
        shown = page.locator("#progress").inner_text()
        assert shown.startswith("The ranking has broken off (")
        assert shown.endswith("Error): 1 of 5 ranked")
        assert page.evaluate("events.readyState") == 2


def test_what_the_model_writes_is_text_on_the_page() -> None:
    name = "<img src=x onerror='document.title=1'>\n\nevent: done"
    text = json.dumps({"items": [{"name": name, "reason": "<b>", "score": 5}]})
    with (
        ReplayServer(text) as upstream,
        served("fastapi_ranking", upstream) as address,
        chromium_page() as page,
    ):
        page.goto(address)
        page.wait_for_function("line.textContent.startsWith('All 1 ranked')")
        assert page.locator(".name").text_content() == name
        assert page.locator(".reason").text_content() == "<b>"
        assert page.locator("li *:is(img, b)").count() == 0
