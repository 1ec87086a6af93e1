"""The figures of `partialstream bench`, against numbers worked out by hand."""

from __future__ import annotations

import json
import re
import statistics
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partialstream.cli.bench import in_turns
from partialstream.cli.chart import svg
from partialstream.cli.report import (
    Kind,
    Measured,
    Report,
    as_json,
    chart,
    percentile,
    percents_for,
    show,
    summary,
)

LINES: dict[Kind, str] = {"streamed": "streamed", "whole": "not streamed"}
SVG = "{http://www.w3.org/2000/svg}"


def streamed(first_token: float, *items: float, total: float, tokens: int = 100) -> Measured:
    return Measured("streamed", first_token, items, total, tokens)


def whole(total: float, items: int, tokens: int = 100) -> Measured:
    return Measured("whole", total, (total,) * items, total, tokens)


def report(*measured: Measured, runs: int = 3, endpoint: str = "http://here/v1") -> Report:
    return Report(endpoint, "small", "json_schema", None, runs, measured)


RUNS = (
    streamed(0.1, 1.0, 2.0, total=4.0),
    whole(4.0, 2),
    whole(6.0, 2),
    streamed(0.3, 3.0, 4.0, total=6.0),
    streamed(0.2, 2.0, 3.0, 4.0, total=5.0, tokens=120),
    whole(5.0, 3),
)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([7.0], 50, 7.0),
        ([7.0], 99, 7.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([4.0, 1.0, 2.0, 3.0], 50, 2.5),
        ([4.0, 1.0, 2.0, 3.0], 0, 1.0),
        ([4.0, 1.0, 2.0, 3.0], 100, 4.0),
        # place (10 - 1) * 0.9 = 8.1: a tenth of the way from the 9th to the 10th
        ([float(n) for n in range(10, 0, -1)], 90, 9.1),
        # place (100 - 1) * 0.99 = 98.01
        ([float(n) for n in range(1, 101)], 99, 99.01),
        ([0.0, 10.0, 100.0], 90, 82.0),
    ],
)
def test_percentiles(values: list[float], percent: float, expected: float | None) -> None:
    found = percentile(values, percent)
    assert found == (None if expected is None else pytest.approx(expected))


@given(st.lists(st.floats(0, 1000), min_size=2, max_size=40))
def test_percentiles_are_those_of_the_standard_library(values: list[float]) -> None:
    expected = statistics.quantiles(values, n=100, method="inclusive")
    for percent in (1, 50, 90, 99):
        assert percentile(values, percent) == pytest.approx(expected[percent - 1], abs=1e-9)


@pytest.mark.parametrize(
    ("runs", "percents"),
    [(0, []), (1, [50]), (9, [50]), (10, [50, 90]), (99, [50, 90]), (100, [50, 90, 99])],
)
def test_a_percentile_needs_enough_runs(runs: int, percents: list[int]) -> None:
    assert percents_for(runs) == percents
    figures = summary([float(n) for n in range(runs)])
    assert [name for name in figures if name.startswith("p")] == [f"p{each}" for each in percents]
    assert figures["runs"] == runs


def test_either_kind_comes_first_in_turn() -> None:
    order = list(in_turns(4))
    pairs = [(order[place], order[place + 1]) for place in range(0, 8, 2)]
    assert pairs == [("streamed", "whole"), ("whole", "streamed")] * 2


def test_json_has_the_figures_and_each_run() -> None:
    printed = json.loads(json.dumps(as_json(report(*RUNS))))
    assert printed["finished"] is True
    figures = printed["streamed"]
    assert figures["first_token"] == {"runs": 3, "min": 0.1, "p50": 0.2, "max": 0.3}
    assert figures["first_item"] == {"runs": 3, "min": 1.0, "p50": 2.0, "max": 3.0}
    assert [each["p50"] for each in figures["items"]] == [2.0, 3.0, 4.0]
    assert [each["runs"] for each in figures["items"]] == [3, 3, 1]
    assert figures["whole_answer"]["p50"] == printed["not_streamed"]["whole_answer"]["p50"] == 5.0
    assert printed["first_item_ratio"] == 2.5
    assert [run["kind"] for run in printed["measured"]] == [
        {"streamed": "streamed", "whole": "not_streamed"}[run.kind] for run in RUNS
    ]
    assert printed["measured"][4] == {
        "kind": "streamed",
        "first_token": 0.2,
        "items": [2.0, 3.0, 4.0],
        "whole_answer": 5.0,
        "output_tokens": 120,
    }


def test_the_table_in_a_pipe(capfd: pytest.CaptureFixture[str]) -> None:
    show(report(*RUNS))
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == (
        "small at http://here/v1, json_schema: 3 runs streamed, 3 not; 2 to 3 items, "
        "100 to 120 tokens"
    )
    rows = [re.split(r"  +", line.strip()) for line in lines[2:]]
    assert rows == [
        ["streamed", "not streamed", "times"],
        ["time to", "p50", "max", "p50", "max", "earlier"],
        ["first token", "200 ms", "300 ms", "5.00 s", "6.00 s"],
        ["first item", "2.00 s", "3.00 s", "5.00 s", "6.00 s", "2.5 x"],
        ["item 2", "3.00 s", "4.00 s", "5.00 s", "6.00 s", "1.7 x"],
        # Only one answer has a third item: it is in the JSON.
        ["whole response", "5.00 s", "6.00 s", "5.00 s", "6.00 s", "1.0 x"],
    ]


def test_a_hundred_runs_have_all_percentiles_and_a_long_list_some_rows(
    capfd: pytest.CaptureFixture[str],
) -> None:
    items = [n / 10 for n in range(1, 41)]
    runs = [streamed(0.1, *items, total=1000.0) for _ in range(100)]
    show(report(*runs, *(whole(1000.0, 40) for _ in range(100)), runs=100))
    lines = capfd.readouterr().out.splitlines()
    assert lines[3].split() == ["time", "to", *["p50", "p90", "p99"] * 2, "earlier"]
    labels = [line[:14].strip() for line in lines[4:]]
    assert len(labels) == 14
    assert labels[:2] == ["first token", "first item"]
    assert labels[-2:] == ["item 40", "whole response"]
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize("kind", ["streamed", "whole"])
def test_one_kind_alone_is_reported_as_far_as_it_goes(
    kind: Kind, capfd: pytest.CaptureFixture[str]
) -> None:
    alone = report(*(run for run in RUNS if run.kind == kind))
    show(alone)
    assert " - " in capfd.readouterr().out
    assert as_json(alone)["finished"] is False
    assert as_json(alone)["first_item_ratio"] is None
    classes = {
        path.get("class") for path in ElementTree.fromstring(svg(chart(alone))).iter(f"{SVG}path")
    }
    assert classes - {None} == {LINES[kind]}


def test_answers_without_items_are_reported(capfd: pytest.CaptureFixture[str]) -> None:
    empty = report(streamed(0.1, total=1.0), whole(1.0, 0), runs=1)
    show(empty)
    assert "first item" not in capfd.readouterr().out
    assert as_json(empty)["streamed"]["first_item"] == {"runs": 0}
    ElementTree.fromstring(svg(chart(empty)))


def points(drawn: str, kind: Kind) -> list[tuple[float, float]]:
    """The corners of a line."""
    (path,) = (
        path
        for path in ElementTree.fromstring(drawn).iter(f"{SVG}path")
        if path.get("class") == LINES[kind]
    )
    steps = re.findall(r"H([\d.]+)V([\d.]+)", path.get("d") or "")
    return [(float(x), float(y)) for x, y in steps]


def test_the_chart_has_a_step_for_each_item_at_its_median() -> None:
    drawn = svg(chart(report(*RUNS)))
    steps, jump = points(drawn, "streamed"), points(drawn, "whole")
    assert len(steps) == len(jump) == 2
    assert jump[0][0] == jump[1][0]  # all at once, after the last of the others
    assert steps[0][0] < steps[1][0] < jump[0][0]
    assert steps[0][1] > steps[1][1]  # upwards
    # Medians 2, 3 and 5 seconds, on one axis from the left edge of the plot.
    left = 60.0
    assert (steps[1][0] - left) / (steps[0][0] - left) == pytest.approx(3 / 2, rel=0.01)
    assert (jump[0][0] - left) / (steps[0][0] - left) == pytest.approx(5 / 2, rel=0.01)
    text = [label.text for label in ElementTree.fromstring(drawn).iter(f"{SVG}text")]
    assert {"streamed", "not streamed", "items", "0", "5"} <= set(text)


def test_a_chart_is_well_formed_whatever_the_names_hold() -> None:
    named = Report('http://a/<b>&"\x1b', "m]]>&\x00", "tools", None, 1, RUNS)
    root = ElementTree.fromstring(svg(chart(named)))
    title = root.find(f"{SVG}title")
    assert title is not None
    assert (title.text or "").startswith(r'm]]>&\x00 at http://a/<b>&"\x1b, tools')


@given(st.lists(st.floats(1e-4, 1e4), min_size=1, max_size=30))
def test_no_line_leaves_the_plot(times: list[float]) -> None:
    ordered = sorted(times)
    runs = (streamed(0.0, *ordered, total=ordered[-1]), whole(ordered[-1], len(times)))
    drawn = svg(chart(report(*runs, runs=1)))
    for kind in LINES:
        assert all(60 <= x <= 730 and 80 <= y <= 360 for x, y in points(drawn, kind))
