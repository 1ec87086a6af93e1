"""A subject of a second, to try the command: items of two sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import documents
from benchmarks.measure import Task
from benchmarks.report import Row, cost
from partialstream.cli.chart import Chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers
    from partialstream.cli.chart import Point

LIBRARIES = {"partialstream": "partialstream_", "floor": "floor_"}


def measure(workers: Workers, *, quick: bool) -> Iterator[Row | Chart]:
    """Measure.

    Args:
        workers: Who does it.
        quick: With few turns.
    """
    lines: dict[str, list[Point]] = {name: [] for name in LIBRARIES}
    for count in (5, 20):
        document = documents.items("flat", count)
        tasks = {
            name: Task(each, "items_stream", ("flat", count)) for name, each in LIBRARIES.items()
        }
        for name, times in workers.race(tasks, 1 if quick else 5).items():
            row = cost("tiny", name, times, len(document.deltas), "delta")
            lines[name].append((len(document.text), row.value))
            yield row
    yield Chart("tiny", "Items", "characters of the text", "CPU per delta, microseconds", lines)
