from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from example_runs import NEEDS, run_example, timed
from pages import Site, added, chromium, hung_up_after, new_page, shown
from relay import relay

from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Request

    from partialstream.testing import ReplayRequest

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


def at_once(request: ReplayRequest, left_at: float) -> bool:
    """Whether the model was hung up on when the client left, and not at some other occasion."""
    return request.hung_up_at is not None and 0 <= request.hung_up_at - left_at < 20


def told(output: str) -> list[tuple[str, Any]]:
    """The events that the program prints behind the address, each with its data."""
    address, *lines = output.splitlines()
    assert address.startswith("http://127.0.0.1:")
    times, events = timed(lines)
    assert times == sorted(times)
    return [(event.split()[0], json.loads(event.split(maxsplit=1)[1])) for event in events]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = new_page(browser)
    yield page
    page.close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site().serve("fastapi_ranking") as served:
        yield served


def requests_for_rankings(page: Page) -> list[Request]:
    """The requests that a page sends from now on."""
    requests: list[Request] = []

    def note(request: Request) -> None:
        if "/ranking/" in request.url:
            requests.append(request)

    page.on("request", note)
    return requests


def test_the_events_come_one_by_one_and_a_rejected_item_comes_again() -> None:
    output = run_example("fastapi_ranking")
    *events, (last, end) = told(output)
    assert [(event, data["index"]) for event, data in events] == [
        ("item", 0),
        ("item", 1),
        ("rejected", 2),
        ("item", 3),
        ("item", 4),
        ("repaired", 2),
    ]
    products = {data["index"]: data["value"] for _, data in events if "value" in data}
    scores = [products[index]["score"] for index in range(5)]
    assert scores == sorted(scores, reverse=True)
    assert set(products[2]) == {"name", "reason", "score"}
    times, _ = timed(output.splitlines()[1:])
    assert times[0] < times[5]
    assert last == "done"
    assert (end["outcome"], end["items"]) == ("complete", 5)
    assert end["usage"]["output_tokens"] > 0


FAILED = "a stream failed; its reader was told: AuthenticationError\n"


@pytest.mark.parametrize(
    ("answer", "products", "status", "log"),
    [
        (Answer(TEXT, fault=faults.ErrorEvent(end_of("Stove"))), 2, "disconnected", ""),
        (Answer(fault=faults.HTTPError(401, message="No key: sk-secret")), 0, "failed", FAILED),
        (Answer('{"items": [{"name": "Tent", "reason": "-", "score": -1}]}'), 0, "invalid", ""),
    ],
    ids=["in the stream", "no access", "never valid"],
)
def test_an_error_is_an_event_that_quotes_nothing(
    answer: Answer, products: int, status: str, log: str
) -> None:
    with ReplayServer(answer, repeat=True) as server:
        live = ("--live", "--base-url", server.base_url, "--model", "mini")
        output = run_example("fastapi_ranking", *live, log=log, OPENAI_API_KEY="test")
    *events, (last, data) = told(output)
    assert [event for event, _ in events if event != "rejected"] == ["item"] * products
    assert (last, list(data)) == ("error", ["status", "message"])
    assert data["status"] == status
    assert "secret" not in output


def test_the_model_is_hung_up_on_when_the_client_leaves(site: Site) -> None:
    held = [0, end_of("Tent")]
    requests: list[ReplayRequest] = []
    with ExitStack() as stack:
        for after in held:
            site.will_answer(Answer(TEXT, fault=faults.Stall(after)))
            asked = f"{site.address}ranking/{uuid4()}"
            response = stack.enter_context(httpx.stream("POST", asked, timeout=60))
            assert response.headers["content-type"].startswith("text/event-stream")
            if after:
                lines = response.iter_lines()
                assert "event: item" in (next(lines), next(lines))
            while not site.requests:
                time.sleep(0.01)
            requests += site.requests
        assert not any(request.hung_up for request in requests)
        left_at = time.perf_counter()
    for request, after in zip(requests, held, strict=True):
        assert request.wait_hung_up(timeout=30)
        assert at_once(request, left_at)
        assert request.deltas_sent == after


def test_the_first_card_is_on_the_page_before_the_third_item_has_left_the_server(
    site: Site, page: Page, tmp_path: Path
) -> None:
    rate = 12
    # The second item does not come before the page has been looked at.
    pause = faults.Stall(end_of("Tent"), seconds=4)
    site.will_answer(Answer(TEXT, tokens_per_second=rate, fault=pause))
    asked = requests_for_rankings(page)
    page.goto(site.address)
    page.wait_for_selector(".product")
    sent = site.requests[0].deltas_sent
    assert end_of("Tent") <= sent < end_of("Lamp")
    assert page.locator(".product .name").all_inner_texts() == ["Tent"]
    page.wait_for_selector(".product:nth-child(2)")
    page.wait_for_timeout(300)  # until it has faded in
    page.screenshot(path=tmp_path / "some_cards.png")
    assert 2 <= page.locator(".product").count() < 5
    assert page.locator("li").count() == 5
    assert page.locator(".waiting").count() >= 1
    page.get_by_text("All 5 ranked in ").wait_for()
    assert page.locator(".product .name").all_inner_texts() == NAMES
    assert [request.method for request in asked] == ["POST"]
    page.screenshot(path=tmp_path / "all_cards.png", animations="disabled")
    assert site.requests[0].finished
    times, names = shown(page)
    assert names == [NAMES[:count] for count in range(1, 6)]
    # In the time that the model took, and not all of them in the end.
    took = (end_of("Rug") - end_of("Stove")) / rate
    assert times[-1] - times[1] > took / 3


def test_a_rejected_card_is_replaced_when_it_is_repaired(site: Site, page: Page) -> None:
    wrong = TEXT.replace("88", "880")
    right = json.dumps({"items": [{"name": "Lamp", "reason": "A Lamp", "score": 88}]})
    site.will_answer(wrong, Answer(right, first_delay=2.0))
    page.goto(site.address)
    page.get_by_text("All 5 ranked in ").wait_for()
    assert page.locator(".product .name").all_inner_texts() == NAMES
    assert page.locator(".score").all_inner_texts() == ["90", "89", "88", "87", "86"]
    _, names = shown(page)
    rejected = "This one did not come out right"
    assert [*NAMES[:2], rejected, *NAMES[3:]] in names
    assert [name for state in names for name in state].count("Lamp") == 1  # in the last
    assert len(site.requests) == 2


def test_closing_the_tab_hangs_up_on_the_model_when_nobody_came_back(
    site: Site, page: Page
) -> None:
    site.will_answer(Answer(TEXT, fault=faults.Stall(end_of("Stove"))))
    page.goto(site.address)
    page.wait_for_selector(".product:nth-child(2)")
    assert page.locator("#progress").inner_text() == "2 of 5 ranked"
    assert page.locator(".waiting").count() == 3
    linger = 5
    assert linger <= hung_up_after(page, site.requests[0]) < linger + 20


def test_a_reload_goes_on_where_it_was_and_no_item_comes_twice(site: Site, page: Page) -> None:
    site.will_answer(
        Answer(TEXT, fault=faults.Stall(end_of("Stove"), seconds=8)),
        TEXT.replace("Tent", "Tarp"),
    )
    page.goto(site.address)
    for _ in range(2):
        page.wait_for_selector(".product:nth-child(2)")
        assert not site.requests[0].finished
        page.reload()
    page.get_by_text("All 5 ranked in ").wait_for()
    assert added(page) == NAMES
    assert page.locator(".product .name").all_inner_texts() == NAMES

    page.reload()  # after the end, too
    page.get_by_text("All 5 ranked in ").wait_for()
    assert added(page) == NAMES
    assert len(site.requests) == 1
    assert site.requests[0].finished

    page.get_by_role("button", name="Rank again").click()
    page.get_by_text("Tarp", exact=True).wait_for()
    page.get_by_text("All 5 ranked in ").wait_for()
    assert added(page) == ["Tarp", *NAMES[1:]]
    assert len(site.requests) == 2


def test_a_lost_connection_goes_on_after_the_last_event(site: Site, page: Page) -> None:
    site.will_answer(Answer(TEXT, fault=faults.Stall(end_of("Stove"), seconds=4)))
    asked = requests_for_rankings(page)
    with relay(site.address) as way:
        page.goto(way.address)
        page.wait_for_selector(".product:nth-child(2)")
        way.cut()
        page.get_by_text("All 5 ranked in ").wait_for()
    assert added(page) == NAMES
    assert [request.method for request in asked] == ["POST", "GET"]
    assert asked[1].headers["last-event-id"] == "2"
    assert len(site.requests) == 1


def test_the_page_shows_what_goes_wrong_and_does_not_ask_again(site: Site, page: Page) -> None:
    bad = '{"items": [{"name": "Tent", "reason": "", "score": 1},{"name": "Mug", "score": 0}]}'
    site.will_answer(bad, Answer(bad, fault=faults.Reset()))
    asked = requests_for_rankings(page)
    page.goto(site.address)
    page.wait_for_selector("#progress.bad")
    assert page.locator("li").count() == 2
    assert page.locator(".rejected .reason").count() == 0
    told = page.locator("#progress").inner_text()
    assert told.startswith("The ranking has broken off (The ")
    assert told.endswith(".): 1 of 5 ranked")
    assert [request.method for request in asked] == ["POST"]


def test_what_the_model_writes_is_text_on_the_page(site: Site, page: Page) -> None:
    name = "<img src=x onerror='document.title=1'>\n\nevent: done"
    site.will_answer(json.dumps({"items": [{"name": name, "reason": "<b>", "score": 5}]}))
    page.goto(site.address)
    page.get_by_text("All 1 ranked").wait_for()
    assert page.locator(".name").text_content() == name
    assert page.locator(".reason").text_content() == "<b>"
    assert page.locator("li *:is(img, b)").count() == 0
