from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from example_runs import NEEDS, run_example, timed
from pages import (
    Site,
    assert_hung_up_by_closing,
    assert_hung_up_by_leaving,
    chromium,
    chromium_page,
    keeping_pages,
)

from partialstream import Change
from partialstream.testing import Answer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = NEEDS["fastapi_report"]

SUMMARY = "On Monday the logs of failed jobs had filled the disk."
DETAIL = "Nothing deletes the logs of failed jobs, and so they fill the disk. " * 2 + "Again."
REPORT: dict[str, Any] = {
    "title": "Build server out of disk space",
    "summary": SUMMARY,
    "findings": [
        {"place": "<b>log</b> rotation", "severity": "high", "text": DETAIL},
        {"place": "dashboard", "severity": "low", "text": "Nobody looks."},
    ],
    "minutes_lost": 140,
}
TEXT = json.dumps(REPORT)

# Notes what an element says, whenever that changes.
WATCH = """
window.texts = [];
addEventListener("DOMContentLoaded", () => {
  const summary = document.querySelector("#summary");
  new MutationObserver(() => window.texts.push(summary.textContent)).observe(
    summary, { childList: true, characterData: true, subtree: true },
  );
});
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site().serve("fastapi_report") as served:
        yield served


def test_its_changes_give_the_report() -> None:
    address, *lines = run_example("fastapi_report").splitlines()
    assert address.startswith("http://127.0.0.1:")
    times, events = timed(lines)
    told = [(event.split()[0], json.loads(event.split(maxsplit=1)[1])) for event in events]
    state: Any = None
    summaries: list[str] = []
    for name, data in told[:-1]:
        assert name == "change"
        state = Change(tuple(data["path"]), data["op"], data.get("value")).apply(state)
        summaries.append(state.get("summary", ""))
    assert told[-1][0] == "done"
    assert state["summary"] == SUMMARY
    assert state["minutes_lost"] == 140
    assert [finding["severity"] for finding in state["findings"]] == ["high", "low"]
    assert len(set(summaries)) > 10
    assert len(set(times)) > 10


def test_the_report_grows_in_the_page_and_ends_complete(site: Site, tmp_path: Path) -> None:
    site.will_answer(
        Answer(TEXT, tokens_per_second=60),
        Answer(TEXT, fault=faults.LengthCut(TEXT.index("failed jobs, ") // 4)),
        Answer(TEXT, fault=faults.Stall(TEXT.index("failed jobs, ") // 4)),
    )
    with chromium_page() as page:
        page.add_init_script(WATCH)
        page.goto(site.address)
        page.wait_for_selector("li .growing")
        page.screenshot(path=tmp_path / "growing.png")
        assert not site.requests[0].finished
        assert page.locator("#summary").inner_text() == SUMMARY
        page.get_by_text("Complete").wait_for()
        page.screenshot(path=tmp_path / "complete.png")
        assert page.locator("h1").inner_text() == REPORT["title"]
        assert page.locator("li .name").all_inner_texts() == ["<b>log</b> rotation", "dashboard"]
        assert page.locator("li .text").all_inner_texts() == [DETAIL, "Nobody looks."]
        assert page.locator("#lost").inner_text() == "140 minutes lost"
        assert page.locator(".growing").count() == 0
        texts: list[str] = page.evaluate("window.texts")
        assert all(SUMMARY.startswith(text) for text in texts)
        assert len(set(texts)) > 5

        page.reload()  # asks again: the response is cut
        page.wait_for_selector("#progress.bad")
        assert page.locator("#progress").inner_text() == (
            "The report has broken off: The response ended too early."
        )
        assert page.locator("li .text").inner_text().startswith("Nothing ")
        assert page.locator(".growing").count() == 0

        page.reload()
        page.wait_for_selector("li .growing")
        assert_hung_up_by_closing(page, site.requests[2])


def test_leaving_the_page_hangs_up_on_the_model_although_the_browser_keeps_it(site: Site) -> None:
    site.will_answer(Answer(TEXT, fault=faults.Stall(TEXT.index("failed jobs, ") // 4)))
    with chromium() as browser, keeping_pages(browser) as keeping:
        page = keeping.new_page()
        page.goto(site.address)
        page.wait_for_selector("li .growing")
        assert_hung_up_by_leaving(page, f"{site.address}static/partialstream.mjs", site.requests[0])
        page.wait_for_selector("#progress.bad")
        assert page.locator("li .text").inner_text().startswith("Nothing ")


@pytest.mark.parametrize("held", [0, 20], ids=["before anything", "in the title"])
def test_the_model_is_hung_up_on_when_the_client_leaves(site: Site, held: int) -> None:
    """Also while a thread waits for the sync client."""
    site.will_answer(Answer(TEXT, fault=faults.Stall(held)))
    with httpx.stream("POST", f"{site.address}report", timeout=60) as response:
        while not site.requests or site.requests[0].deltas_sent < held:
            time.sleep(0.01)
        assert not site.requests[0].hung_up
        response.close()
        assert site.requests[0].wait_hung_up(timeout=30)
