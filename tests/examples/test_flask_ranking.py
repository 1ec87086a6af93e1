from __future__ import annotations

import json

import httpx
from example_runs import NEEDS, run_example, timed
from pages import Site, assert_hung_up_by_closing, chromium_page, shown

from partialstream.testing import Answer, faults

pytestmark = NEEDS["flask_ranking"]

NAMES = [f"Tent {number}" for number in range(5)]
TEXT = json.dumps({"items": [{"name": name, "reason": "", "score": 9} for name in NAMES]})


def test_the_events_come_one_by_one_and_a_rejected_item_comes_again() -> None:
    address, *lines = run_example("flask_ranking").splitlines()
    assert address.startswith("http://127.0.0.1:")
    times, events = timed(lines)
    told = [(event.split()[0], json.loads(event.split(maxsplit=1)[1])) for event in events]
    assert [(event, data.get("index")) for event, data in told] == [
        ("item", 0),
        ("item", 1),
        ("rejected", 2),
        ("item", 3),
        ("item", 4),
        ("repaired", 2),
        ("done", None),
    ]
    assert times == sorted(times)
    assert times[0] < times[5]


def test_the_page_the_module_and_a_browser_that_leaves() -> None:
    with Site().serve("flask_ranking") as site, chromium_page() as page:
        module = httpx.get(f"{site.address}static/partialstream.mjs")
        assert module.headers["content-type"].split(";")[0] in (
            "text/javascript",
            "application/javascript",
        )
        assert httpx.get(f"{site.address}ranking/1").status_code == 405
        site.will_answer(
            Answer(TEXT, tokens_per_second=40),
            # Twice: what was lost is asked for once more.
            Answer(TEXT, fault=faults.ErrorEvent(TEXT.index(NAMES[2]) // 4)),
            Answer("[", fault=faults.ErrorEvent(0)),
            Answer(TEXT * 50, tokens_per_second=40),
        )
        page.goto(site.address)
        page.get_by_text("All 5 ranked in ").wait_for()
        times, names = shown(page)
        assert names == [NAMES[:count] for count in range(1, 6)]
        assert len({round(time, 1) for time in times}) >= 3

        page.reload()  # asks again
        page.wait_for_selector("#progress.bad")
        told = page.locator("#progress").inner_text()
        assert told.startswith("The ranking has broken off (The ")
        assert told.endswith("2 of 5 ranked")

        page.reload()
        page.wait_for_selector(".product:nth-child(2)")
        assert_hung_up_by_closing(page, site.requests[-1])
        assert len(site.requests) == 4
