from __future__ import annotations

import json
from typing import TYPE_CHECKING

from example_runs import NEEDS, check_times, run_example, timed
from pages import chromium_page, served

from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = NEEDS["gradio_ranking"]

# Gradio itself uses what pandas has deprecated.
WARNINGS = "ignore"

NAMES = ["Tent", "Stove", "Lamp"]
TEXT = json.dumps({"items": [{"name": name, "reason": "-", "score": 50} for name in NAMES]})


def end_of(name: str) -> int:
    """How many deltas have gone out when the item of that name has."""
    return TEXT.index("}", TEXT.index(f'"{name}"')) // 4 + 1


def come_one_by_one(shown: str) -> None:
    times, _ = timed(shown.splitlines()[1:])
    assert times == sorted(set(times))


def test_the_table_grows_and_a_rejected_product_takes_its_place_later() -> None:
    output = run_example("gradio_ranking", warnings=WARNINGS)
    address, *lines = output.splitlines()
    assert address.startswith("http://127.0.0.1:")
    _, tables = timed(lines)
    assert tables == [
        "1. Tent",
        "1. Tent, 2. Stove",
        "1. Tent, 2. Stove, 4. Mug",
        "1. Tent, 2. Stove, 4. Mug, 5. Rug",
        "1. Tent, 2. Stove, 3. Lamp, 4. Mug, 5. Rug",
    ]
    check_times("gradio_ranking", come_one_by_one, warnings=WARNINGS)


def test_rows_are_on_the_page_before_the_rest_and_stop_hangs_up_on_the_model(
    tmp_path: Path,
) -> None:
    answer = Answer(TEXT, fault=faults.Stall(end_of("Stove")))
    with (
        ReplayServer(answer) as upstream,
        served("gradio_ranking", upstream, warnings=WARNINGS) as address,
        chromium_page() as page,
    ):
        page.goto(address)
        page.get_by_role("button", name="Submit").click()
        shown = page.get_by_text("Stove", exact=True).locator("visible=true")
        shown.first.wait_for()
        page.screenshot(path=tmp_path / "some_rows.png")
        assert page.get_by_text("Lamp", exact=True).count() == 0
        assert not upstream.requests[0].hung_up
        page.get_by_role("button", name="Stop").click()
        assert upstream.requests[0].wait_hung_up(timeout=30)
        assert upstream.requests[0].deltas_sent == end_of("Stove")
