"""CPU per delta against the length of the text and of the deltas, for every library."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmarks import documents
from benchmarks.measure import Task
from partialstream.cli.chart import Chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers
    from partialstream.cli.chart import Point

LONGEST_RUN = 2.0
"""Seconds of CPU; where a run would take longer, a line ends."""

LONGEST_QUICK_RUN = 0.2

OURS = "partialstream"
"""Whose line goes on to the end."""

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
QUICK_SIZES = (1_000, 3_000, 10_000, 100_000, 1_000_000)
DELTAS = (1, 4, 16, 256)
SIZE_OF_DELTAS = 10_000

_ITEM = 230  # characters

ITEMS = {
    "partialstream": "partialstream_",
    "empty loop + one validation": "floor_",
    "ijson (yajl2_c)": "ijson_",
    "ijson (python)": "ijson_python_",
    "json-stream": "json_stream_",
    "instructor": "instructor_",
}

GROWING = {
    "partialstream": "partialstream_",
    "jiter again + construct": "jiter_",
    "openai's stream helper": "openai_",
    "instructor": "instructor_",
    "pydantic-ai": "pydantic_ai_",
    "langchain-core": "langchain_",
    "BAML": "baml_",
    "partial-json-parser": "partial_json_parser_",
    "json_repair": "json_repair_",
}

UP = "CPU per delta, microseconds"


def measure(workers: Workers, *, quick: bool) -> Iterator[Chart]:
    """Measure all libraries.

    Args:
        workers: Who does it.
        quick: With few turns, few sizes and shorter runs.
    """
    kinds = (("items", "items_stream", ITEMS), ("growing", "growing", GROWING))
    for kind, task, libraries in kinds:
        chart = Chart(
            f"{kind}-by-size",
            f"CPU per delta of {documents.DELTA} characters, {_NAMES[kind]}",
            "characters of the text",
            UP,
            {name: [] for name in libraries},
        )
        sizes = QUICK_SIZES if quick else SIZES
        cases = [(size, size, documents.DELTA) for size in sizes]
        # Who reads all of the text again at each delta takes four times as long for the double.
        yield _sweep(workers, chart, (kind, task, libraries), cases, quick=quick, worst=2)
        chart = Chart(
            f"{kind}-by-delta",
            f"CPU per delta of a text of {SIZE_OF_DELTAS:,} characters, {_NAMES[kind]}",
            "characters of a delta",
            UP,
            {name: [] for name in libraries},
        )
        # From the longest deltas, which are the fewest, so that the time of a run grows.
        cases = [(delta, SIZE_OF_DELTAS, delta) for delta in reversed(DELTAS)]
        chart = _sweep(workers, chart, (kind, task, libraries), cases, quick=quick, worst=1)
        for line in chart.series.values():
            line.sort()
        yield chart


_NAMES = {"items": "to validated items", "growing": "of a growing object"}


def _sweep(
    workers: Workers,
    chart: Chart,
    subject: tuple[str, str, dict[str, str]],
    cases: list[tuple[int, int, int]],
    *,
    quick: bool,
    worst: float,
) -> Chart:
    """Fill a chart.

    Args:
        workers: Who does it.
        chart: The chart, without points.
        subject: The kind of document, the name of the task, and the libraries.
        cases: Each point across, with the size of its text and of its deltas; runs get longer.
        quick: With few turns and shorter runs.
        worst: The power of the number of deltas with which the time of a run may grow.
    """
    kind, task, libraries = subject
    longest = LONGEST_QUICK_RUN if quick else LONGEST_RUN
    runs: dict[str, list[Point]] = {name: [] for name in libraries}
    ended: set[str] = set()
    for across, size, delta in cases:
        if kind == "items":
            arguments: tuple[object, ...] = ("flat", max(1, size // _ITEM), delta)
        else:
            arguments = ("report", size, delta)
        document = getattr(documents, kind)(*arguments)
        work = len(document.deltas)
        tasks: dict[str, Task] = {}
        for name, library in libraries.items():
            if name in ended:
                continue
            expected = _expected(runs[name], work, worst)
            if expected > longest and name != OURS:
                chart.notes.append(
                    f"{name}: no point at {across:,}; a run would take about {expected:.2g} s, "
                    f"more than {longest:g} s."
                )
                ended.add(name)
                continue
            tasks[name] = Task(library, task, arguments)
        took = workers.race(tasks, 1 if quick else 3)
        for name in tasks.keys() - took.keys():
            chart.notes.append(f"{name}: not installed.")
            ended.add(name)
        for name, times in took.items():
            chart.series[name].append((across, times.least / work * 1e6))
            runs[name].append((work, times.least))
    return chart


def _expected(runs: list[Point], work: int, worst: float) -> float:
    """Seconds that a run with so many deltas will take, if it goes on as it did.

    Work per delta that grows with the text shows in the last two runs; after only one, the
    worst is expected.
    """
    if not runs:
        return 0.0
    last, seconds = runs[-1]
    more = work / last
    if len(runs) == 1:
        return seconds * more**worst
    before, seconds_before = runs[-2]
    exponent = math.log(seconds / seconds_before) / math.log(last / before)
    return seconds * more ** min(worst, max(1.0, exponent))
