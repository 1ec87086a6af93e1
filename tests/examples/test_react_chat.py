"""The React pages in Chromium: `npm install` in `examples/react_chat`, else these tests skip."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from example_runs import EXAMPLES
from extras import needs
from pages import (
    Site,
    assert_hung_up_by_closing,
    assert_hung_up_by_leaving,
    chromium,
    keeping_pages,
    new_page,
    shown,
)

from partialstream.testing import Answer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

PROJECT = EXAMPLES / "react_chat"

pytestmark = [
    needs("examples", "fastapi", "playwright"),
    pytest.mark.skipif(
        shutil.which("npm") is None or not (PROJECT / "node_modules" / "vite").exists(),
        reason="no npm, or no `npm install` in examples/react_chat",
    ),
]

NAMES = ["Tent", "Stove", "Lamp", "Mug", "Rug"]
ITEMS = [{"name": name, "reason": f"A {name}", "score": 90 - at} for at, name in enumerate(NAMES)]
RANKING = json.dumps({"items": ITEMS})
REPORT: dict[str, Any] = {
    "title": "Build server out of disk space",
    "summary": "On Monday the logs of failed jobs had filled the disk, and nobody looked. " * 3,
    "findings": [
        {"place": "<b>log</b> rotation", "severity": "high", "text": "Nothing deletes them."},
        {"place": "dashboard", "severity": "low", "text": "Nobody looks."},
    ],
}


def end_of(name: str) -> int:
    """How many deltas have gone out when the product of that name has."""
    return RANKING.index("}", RANKING.index(f'"{name}"')) // 4 + 1


@pytest.fixture(scope="module")
def built() -> None:
    """The pages are those of the sources."""
    dist = PROJECT / "dist" / "index.html"
    with (PROJECT / "package.json").open() as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)  # test runs may have several processes
        sources = [*PROJECT.glob("*.*"), *PROJECT.glob("src/*")]
        newest = max(path.stat().st_mtime for path in sources)
        if not dist.exists() or dist.stat().st_mtime < newest:
            done = subprocess.run(
                ["npm", "run", "build"],
                cwd=PROJECT,
                capture_output=True,
                text=True,
                timeout=200,
                check=False,
            )
            assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def site(built: None) -> Iterator[Site]:
    # What goes wrong here is logged there.
    with Site().serve("react_chat/server", options=("--port", "0"), is_quiet=False) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = new_page(browser)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    page.close()
    assert failures == []


def ask(page: Page, address: str, button: str) -> None:
    page.goto(address)
    page.get_by_role("button", name=button).click()


def is_now(page: Page, status: str) -> None:
    """Wait until the page says so."""
    page.locator("[role=status]", has_text=status).wait_for()


# -- useChat ----------------------------------------------------------------------------------


def test_cards_appear_one_by_one_in_a_chat(site: Site, page: Page, tmp_path: Path) -> None:
    rate = 20
    site.will_answer(Answer(RANKING, tokens_per_second=rate))
    ask(page, site.address, "Rank")
    page.locator(".product").first.wait_for()
    assert not site.requests[-1].finished
    page.screenshot(path=tmp_path / "some_cards.png")
    is_now(page, "ready")
    page.screenshot(path=tmp_path / "all_cards.png")
    assert page.locator(".product .name").all_inner_texts() == NAMES
    assert page.locator(".score").all_inner_texts() == ["90", "89", "88", "87", "86"]
    assert page.locator("[role=alert]").count() == 0
    times, names = shown(page)
    assert names == [NAMES[:count] for count in range(1, 6)]
    # In the time that the model took, and not all of them in the end.
    assert times[-1] - times[0] > (end_of("Rug") - end_of("Tent")) / rate / 3


def test_a_repaired_card_replaces_the_rejected_one(site: Site, page: Page) -> None:
    repaired = json.dumps({"items": [ITEMS[2]]})
    site.will_answer(Answer(RANKING.replace("88", "880")), Answer(repaired, first_delay=2.0))
    ask(page, site.address, "Rank")
    is_now(page, "ready")
    assert page.locator(".product .name").all_inner_texts() == NAMES
    assert page.locator("li").count() == 5
    _, names = shown(page)
    assert [*NAMES[:2], "This one is asked for again", *NAMES[3:]] in names
    assert [name for state in names for name in state].count("Lamp") == 1  # in the last


CUT = end_of("Stove")
ENDS = {
    "an error of the provider's": Answer(RANKING, fault=faults.ErrorEvent(CUT)),
    "the token limit": Answer(RANKING, fault=faults.LengthCut(CUT)),
    "a lost connection": Answer(RANKING, fault=faults.Reset(CUT)),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_chat_that_breaks_off_shows_an_error(site: Site, page: Page, end: str) -> None:
    # What was lost is asked for once more.
    site.will_answer(ENDS[end], Answer("[", fault=faults.ErrorEvent(0)))
    ask(page, site.address, "Rank")
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text().startswith("The ranking has broken off: The ")
    assert page.locator("[role=status]").inner_text() == "error"
    assert page.locator(".product .name").all_inner_texts() == NAMES[:2]


def test_a_request_that_is_refused_is_an_error(site: Site, page: Page) -> None:
    site.will_answer(Answer(fault=faults.HTTPError(400, message="sk-secret")))
    ask(page, site.address, "Rank")
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text() == (
        "The ranking has broken off: The request failed."
    )
    assert page.locator(".product").count() == 0


def test_a_chat_goes_on_with_another_message(site: Site, page: Page) -> None:
    site.will_answer(Answer(RANKING), Answer(RANKING.replace("Tent", "Tarp")))
    ask(page, site.address, "Rank")
    is_now(page, "ready")
    page.locator("input").fill("And without a tent?")
    page.get_by_role("button", name="Rank").click()
    page.get_by_text("Tarp", exact=True).wait_for()
    is_now(page, "ready")
    assert page.locator(".product .name").all_inner_texts() == [*NAMES, "Tarp", *NAMES[1:]]
    assert page.locator(".user").all_inner_texts()[1] == "And without a tent?"
    assert "And without a tent?" in str(site.requests[-1].body)


# -- useChat, after a reload --


def test_a_chat_goes_on_after_a_reload_in_the_middle(site: Site, page: Page) -> None:
    site.will_answer(Answer(RANKING, fault=faults.Stall(end_of("Stove"), seconds=8)))
    ask(page, site.address, "Rank")
    for _ in range(2):
        page.locator(".product").nth(1).wait_for()
        is_now(page, "streaming")
        assert not site.requests[-1].finished
        page.reload()
    page.get_by_text("Rug", exact=True).wait_for()
    is_now(page, "ready")
    assert len(site.requests) == 1
    assert page.locator(".product .name").all_inner_texts() == NAMES
    assert page.locator(".user").count() == 1
    assert page.locator(".assistant").count() == 1
    assert page.locator("[role=alert]").count() == 0


def test_a_chat_goes_on_after_its_response_has_ended_meanwhile(site: Site, page: Page) -> None:
    site.will_answer(Answer(RANKING, tokens_per_second=20))
    ask(page, site.address, "Rank")
    page.locator(".product").first.wait_for()
    page.goto("about:blank")
    (request,) = site.requests
    assert not request.finished
    while not request.finished:
        page.wait_for_timeout(20)
    page.goto(site.address)
    page.get_by_text("Rug", exact=True).wait_for()
    is_now(page, "ready")
    assert page.locator(".product .name").all_inner_texts() == NAMES
    assert page.locator("section").count() == 2


def test_a_repaired_card_is_there_after_a_reload(site: Site, page: Page) -> None:
    repaired = json.dumps({"items": [ITEMS[2]]})
    site.will_answer(Answer(RANKING.replace("88", "880")), Answer(repaired, first_delay=5.0))
    ask(page, site.address, "Rank")
    page.locator(".rejected").wait_for()
    page.reload()
    page.locator(".rejected").wait_for()
    is_now(page, "ready")
    assert page.locator(".product .name").all_inner_texts() == NAMES
    assert page.locator("li").count() == 5


def test_an_error_is_one_after_a_reload(site: Site, page: Page) -> None:
    site.will_answer(ENDS["the token limit"], Answer("[", fault=faults.ErrorEvent(0)))
    ask(page, site.address, "Rank")
    page.get_by_role("alert").wait_for()
    page.reload()
    page.get_by_role("alert").wait_for()
    is_now(page, "error")
    assert page.locator(".product .name").all_inner_texts() == NAMES[:2]


def test_a_chat_in_which_nothing_was_said_is_ready_after_a_reload(site: Site, page: Page) -> None:
    page.goto(site.address)
    with page.expect_response("**/stream") as response:
        page.reload()
    assert response.value.status == 204
    is_now(page, "ready")
    assert page.locator("[role=alert]").count() == 0
    assert page.locator("section").count() == 0


def test_another_message_after_a_reload(site: Site, page: Page) -> None:
    site.will_answer(Answer(RANKING), Answer(RANKING.replace("Tent", "Tarp")))
    ask(page, site.address, "Rank")
    is_now(page, "ready")
    page.get_by_text("Rug", exact=True).wait_for()
    with page.expect_response("**/stream") as response:
        page.reload()
    response.value.finished()
    page.get_by_text("Rug", exact=True).wait_for()
    is_now(page, "ready")
    page.get_by_role("button", name="Rank").click()
    page.get_by_text("Tarp", exact=True).wait_for()
    is_now(page, "ready")
    names = [*NAMES, "Tarp", *NAMES[1:]]
    page.reload()
    page.get_by_text("Tarp", exact=True).wait_for()
    is_now(page, "ready")
    assert page.locator(".product .name").all_inner_texts() == names


# -- useObject --------------------------------------------------------------------------------


def test_an_object_grows(site: Site, page: Page, tmp_path: Path) -> None:
    site.will_answer(Answer(json.dumps(REPORT), tokens_per_second=25))
    ask(page, f"{site.address}report", "Report")
    seen: list[str] = []
    while not (seen and seen[-1] == REPORT["summary"]):
        text = page.locator(".summary").text_content() or ""
        if text not in seen:
            seen.append(text)
            assert REPORT["summary"].startswith(text)
    assert len(seen) > 5
    assert not site.requests[-1].finished
    page.screenshot(path=tmp_path / "growing.png")
    is_now(page, "complete")
    assert page.locator("h1").inner_text() == REPORT["title"]
    assert page.locator(".name").all_inner_texts() == ["<b>log</b> rotation", "dashboard"]
    assert page.locator(".text").all_inner_texts() == ["Nothing deletes them.", "Nobody looks."]
    assert page.locator("[role=alert]").count() == 0


@pytest.mark.parametrize("fault", [faults.LengthCut, faults.ErrorEvent, faults.ContentFilter])
def test_an_object_that_is_cut_is_an_error(site: Site, page: Page, fault: Any) -> None:
    text = json.dumps(REPORT)
    site.will_answer(Answer(text, fault=fault(text.index("dashboard") // 4)))
    ask(page, f"{site.address}report", "Report")
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text().startswith("The report has broken off: ")
    assert page.locator("[role=status]").inner_text() == "error"


def test_closing_the_tab_hangs_up_on_the_model(site: Site, page: Page) -> None:
    text = json.dumps(REPORT)
    site.will_answer(Answer(text, fault=faults.Stall(text.index("dashboard") // 4)))
    ask(page, f"{site.address}report", "Report")
    page.locator(".name").first.wait_for()
    assert_hung_up_by_closing(page, site.requests[0])


def test_stopping_hangs_up_on_the_model(site: Site, page: Page) -> None:
    text = json.dumps(REPORT)
    site.will_answer(Answer(text, fault=faults.Stall(text.index("dashboard") // 4)))
    ask(page, f"{site.address}report", "Report")
    page.locator(".name").first.wait_for()
    assert not site.requests[-1].hung_up
    page.get_by_role("button", name="Stop").click()
    assert site.requests[-1].wait_hung_up(timeout=30)
    page.get_by_role("button", name="Report", disabled=False).wait_for()
    assert len(site.requests) == 1


def test_leaving_the_page_hangs_up_on_the_model_although_the_browser_keeps_it(
    site: Site, browser: Browser
) -> None:
    text = json.dumps(REPORT)
    site.will_answer(Answer(text, fault=faults.Stall(text.index("dashboard") // 4)))
    with keeping_pages(browser) as keeping:
        page = keeping.new_page()
        ask(page, f"{site.address}report", "Report")
        page.locator(".name").first.wait_for()
        assert_hung_up_by_leaving(page, site.address, site.requests[0])
