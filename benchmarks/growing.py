"""Growing objects: CPU per delta, and whether it grows with what has arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measure import Task
from benchmarks.report import Row, compare, cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers

SIZES = {"3 KB": 3_000, "30 KB": 30_000, "1 MB": 1_000_000}

SHAPES = ("report", "catalog", "essay")

JUDGED = ("report", "catalog")
"""Where a document is one string, there is nothing to parse and jiter copies it."""

UNREAD = "no snapshot read"

READERS = {
    UNREAD: "growing",
    "one attribute read": "growing_attribute",
    "model_dump() of each": "growing_dump",
}

NAMES = {
    "jiter": "jiter's parse of all of it + construct",
    "jiter, on the way there": "the same of what has arrived until then",
    "instructor": "instructor",
}

ENTRIES = 32_000
MORE_ENTRIES = 50


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Measure growing objects.

    Args:
        workers: Who does it.
        quick: With few turns, and beside fewer long runs of others.
    """
    for shape in SHAPES:
        yield from _growth(workers, shape, turns=1 if quick else 9)
        if quick and shape not in JUDGED:
            continue
        for name in ("3 KB",) if quick and shape != SHAPES[0] else ("3 KB", "30 KB"):
            yield from _peers(workers, shape, name, quick=quick)
    for shape in ("list", "dict"):
        yield from _entries(workers, shape, turns=5 if quick else 15)


def _growth(workers: Workers, shape: str, *, turns: int) -> Iterator[Row]:
    subject = f"growing {shape}"
    for what, task in list(READERS.items())[:2]:
        tasks = {name: Task("partialstream_", task, (shape, size)) for name, size in SIZES.items()}
        times = workers.race(tasks, turns)
        judged = what == UNREAD
        yield compare(
            subject,
            f"a delta of 1 MB / of 3 KB, {what}",
            times["1 MB"],
            times["3 KB"],
            "delta",
            count=times["1 MB"].count,
            other_count=times["3 KB"].count,
            target="growing: 1 MB / 3 KB" if judged else None,
            floor=not judged,  # the open string or list is another one in each snapshot
        )
    readers = {
        name: Task("partialstream_", task, (shape, SIZES["3 KB"])) for name, task in READERS.items()
    }
    for name, each in workers.race(readers, turns).items():
        yield cost(subject, f"3 KB, {name}", each, each.count, "delta")


def _peers(workers: Workers, shape: str, name: str, *, quick: bool) -> Iterator[Row]:
    """Beside those that parse everything again at each delta."""
    arguments = (shape, SIZES[name])
    read = Task("partialstream_", "growing_attribute", arguments)
    tasks = {
        "read": read,
        "jiter": Task("jiter_", "growing_at", arguments),
        "jiter, on the way there": Task("jiter_", "growing", arguments),
    }
    times = workers.race(tasks, 2 if quick else 15)
    tasks = {
        "read": read,
        UNREAD: Task("partialstream_", "growing", arguments),
        "instructor": Task("instructor_", "growing", arguments),
    }
    slow = workers.race(tasks, 1 if quick else 3)
    judged = shape in JUDGED
    for mine, raced, other, target in (
        ("read", times, "jiter", "growing / jiter"),
        ("read", times, "jiter, on the way there", None),
        ("read", slow, "instructor", None),
        (UNREAD, slow, "instructor", "growing / instructor"),
    ):
        yield compare(
            f"growing {shape}, {name}",
            f"a delta, {'one attribute read' if mine == 'read' else mine} / {NAMES[other]}",
            raced[mine],
            raced.get(other),
            "delta",
            count=raced[mine].count,
            target=f"{target}, {name}" if target and judged else None,
        )


def _entries(workers: Workers, shape: str, *, turns: int) -> Iterator[Row]:
    """A list or dict that is read at every snapshot has to be another one each time."""
    arguments = (shape, ENTRIES, MORE_ENTRIES)
    tasks = {
        "ours": Task("partialstream_", "entries_read", arguments),
        "copies": Task("floor_", "copies", arguments),
    }
    times = workers.race(tasks, turns)
    yield compare(
        f"growing {shape} of {ENTRIES:,} entries, read at every snapshot",
        "a delta with an entry / one copy()",
        times["ours"],
        times["copies"],
        "delta",
        count=MORE_ENTRIES,
        target="growing / copy",
    )
