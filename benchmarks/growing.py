"""Growing objects: CPU per delta, and whether it grows with what has arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measure import Task, ratio
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers

SIZES = {"3 KB": 3_000, "30 KB": 30_000, "300 KB": 300_000}

GROWTH = 1.3
"""Target for a delta of 300 KB, in deltas of 3 KB."""

OF_JITER = 3 / 4.5
"""Target for a delta, in parses of the 3 KB document by jiter. Where a document is one string,
there is nothing to parse and jiter copies it; that shape has no target."""

TARGETS = {"report": OF_JITER, "catalog": OF_JITER, "essay": None}

READERS = {"one attribute": "growing_attribute", "model_dump": "growing_dump"}


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Measure growing objects.

    Args:
        workers: Who does it.
        quick: With few turns.
    """
    for shape, target in TARGETS.items():
        yield from _measure(workers, shape, target, turns=5 if quick else 15)


def _measure(workers: Workers, shape: str, target: float | None, *, turns: int) -> Iterator[Row]:
    tasks = {name: Task("partialstream_", "growing", (shape, size)) for name, size in SIZES.items()}
    small = (shape, SIZES["3 KB"])
    tasks["jiter"] = Task("jiter_", "growing", small)
    tasks["jiter, from the start"] = Task("jiter_", "growing_from_start", small)
    times = workers.race(tasks, turns)
    readers = workers.race(
        {name: Task("partialstream_", task, small) for name, task in READERS.items()},
        min(turns, 5),
    )

    subject = f"growing {shape}"
    deltas = {name: each.count for name, each in (times | readers).items()}
    growth = ratio(times["300 KB"], times["3 KB"]) * deltas["3 KB"] / deltas["300 KB"]
    yield Row(subject, "a delta of 300 KB / of 3 KB", growth, target=GROWTH)
    value = ratio(times["3 KB"], times["jiter"])
    yield Row(subject, "a delta of 3 KB / jiter's parse of the 3 KB", value, target=target)
    for name in SIZES:
        yield Row(subject, name, times[name].least / deltas[name] * 1e6, "us/delta")
    for name in READERS:
        what = f"3 KB, reader: {name}"
        yield Row(subject, what, readers[name].least / deltas[name] * 1e6, "us/delta")
    yield Row(subject, "jiter, 3 KB", times["jiter"].least / deltas["jiter"] * 1e6, "us/parse")
    each = times["jiter, from the start"]
    yield Row(subject, "jiter, growing to 3 KB", each.least / each.count * 1e6, "us/delta")
