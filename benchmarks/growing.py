"""Growing objects: CPU per delta, and whether it grows with what has arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measure import Task, ratio
from benchmarks.report import Row, cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers

SIZES = {"3 KB": 3_000, "30 KB": 30_000, "1 MB": 1_000_000}

SHAPES = ("report", "catalog", "essay")

JUDGED = ("report", "catalog")
"""Where a document is one string, there is nothing to parse and jiter copies it."""

ON_THE_WAY = "jiter + construct, on the way there"

READERS = {"one attribute": "growing_attribute", "model_dump": "growing_dump"}


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Measure growing objects.

    Args:
        workers: Who does it.
        quick: With few turns.
    """
    for shape in SHAPES:
        yield from _growth(workers, shape, turns=2 if quick else 9)
        if quick and shape not in JUDGED:
            continue
        for name in ("3 KB", "30 KB"):
            yield from _peers(workers, shape, name, quick=quick)


def _growth(workers: Workers, shape: str, *, turns: int) -> Iterator[Row]:
    tasks = {name: Task("partialstream_", "growing", (shape, size)) for name, size in SIZES.items()}
    times = workers.race(tasks, turns)
    per = times["3 KB"].count / times["1 MB"].count
    growth = ratio(times["1 MB"], times["3 KB"]) * per
    subject = f"growing {shape}"
    yield Row(subject, "a delta of 1 MB / of 3 KB", growth, target="growing: 1 MB / 3 KB")
    for name, each in times.items():
        yield cost(subject, name, each, each.count, "delta")
    readers = {
        name: Task("partialstream_", task, (shape, SIZES["3 KB"])) for name, task in READERS.items()
    }
    for name, each in workers.race(readers, turns).items():
        yield cost(subject, f"3 KB, reader: {name}", each, each.count, "delta")


def _peers(workers: Workers, shape: str, name: str, *, quick: bool) -> Iterator[Row]:
    """Beside those that parse everything again at each delta."""
    arguments = (shape, SIZES[name])
    tasks = {
        "ours": Task("partialstream_", "growing", arguments),
        "jiter + construct": Task("jiter_", "growing_at", arguments),
    }
    if not quick:
        tasks[ON_THE_WAY] = Task("jiter_", "growing", arguments)
    times = workers.race(tasks, 3 if quick else 15)
    subject = f"growing {shape}, {name}"
    judged = shape in JUDGED
    value = ratio(times["ours"], times["jiter + construct"])
    target = f"growing / jiter, {name}" if judged else None
    yield Row(subject, "a delta / jiter's parse of all + construct", value, target=target)
    if ON_THE_WAY in times:
        value = ratio(times["ours"], times[ON_THE_WAY])
        yield Row(subject, "a delta / the same of what has arrived until then", value)
    tasks = {"ours": tasks["ours"], "instructor": Task("instructor_", "growing", arguments)}
    slow = workers.race(tasks, 1 if quick else 3)
    value = ratio(slow["ours"], slow["instructor"])
    target = f"growing / instructor, {name}" if judged else None
    yield Row(subject, "a delta / instructor", value, target=target)
    times["instructor"] = slow["instructor"]
    for library, each in times.items():
        yield cost(subject, library, each, each.count, "delta")
