"""What the cost of an item is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measure import Task
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers

COUNT = 1_000

PARTS = {
    "looking at its deltas, and joining them": Task("floor_", "joined", ()),
    "pydantic": Task("floor_", "validated", ()),
    "finding its ends, and handing it over": Task("partialstream_", "items_stream", ()),
}
"""Each with a task that does this part and those before it."""


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Measure parts.

    Args:
        workers: Who does it.
        quick: With few turns.
    """
    for kind in ("flat", "nested"):
        tasks = {name: Task(part.library, part.task, (kind, COUNT)) for name, part in PARTS.items()}
        tasks["floor"] = Task("floor_", "items_stream", (kind, COUNT))
        times = workers.race(tasks, 3 if quick else 15)
        subject = f"parts of an item, {COUNT} {kind}"
        before = 0.0
        for name in PARTS:
            until = times[name].least
            yield Row(subject, name, (until - before) / COUNT * 1e6, "us/item")
            before = until
        yield Row(subject, "together", before / COUNT * 1e6, "us/item")
        floor = times["floor"].least / COUNT * 1e6
        what = "an empty loop and one validation of all"
        yield Row(subject, what, floor, "us/item", floor=True)
