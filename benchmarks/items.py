"""Items: CPU from deltas to validated items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import documents
from benchmarks.measure import Task, ratio, same_count
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers

OF_IJSON = 1.0
"""Target, of ijson's C backend with the same validation: no price for having no C of our own."""

OF_INSTRUCTOR = 1 / 25
"""Target, of instructor's parser, which looks at the open item again at each delta."""

OURS = {"stream_items": "items_stream", "ItemParser.feed": "items_push"}


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Measure items.

    Args:
        workers: Who does it.
        quick: With few turns.
    """
    for kind in ("flat", "nested"):
        for count in (100, 1000):
            yield from _measure(workers, kind, count, turns=5 if quick else 15)


def _measure(workers: Workers, kind: str, count: int, *, turns: int) -> Iterator[Row]:
    arguments = (kind, count)
    tasks = {name: Task("partialstream_", task, arguments) for name, task in OURS.items()}
    tasks["ijson, pull"] = Task("ijson_", "items_stream", arguments)
    tasks["ijson, push"] = Task("ijson_", "items_push", arguments)
    tasks["ijson, from text"] = Task("ijson_", "items_text", arguments)
    tasks["floor"] = Task("floor_", "items_stream", arguments)
    times = workers.race(tasks, turns)
    slow = {name: tasks[name] for name in OURS}
    slow["instructor"] = Task("instructor_", "items_stream", arguments)
    slow_times = workers.race(slow, 3)
    same_count([*times.values(), *slow_times.values()])

    subject = f"items, {count} {kind}"
    deltas = len(documents.items(kind, count).deltas)
    ijson = min((times["ijson, pull"], times["ijson, push"]), key=lambda each: each.least)
    for name in OURS:
        yield Row(
            subject, f"{name} / ijson's fastest form", ratio(times[name], ijson), target=OF_IJSON
        )
    value = ratio(times["stream_items"], times["ijson, from text"])
    yield Row(subject, "stream_items / ijson, from text", value)
    value = ratio(times["ItemParser.feed"], times["ijson, push"])
    yield Row(subject, "ItemParser.feed / ijson, push", value)
    for name in OURS:
        value = ratio(slow_times[name], slow_times["instructor"])
        yield Row(subject, f"{name} / instructor", value, target=OF_INSTRUCTOR)
    for name in OURS:
        what = f"{name} / (empty loop + one validation)"
        yield Row(subject, what, ratio(times[name], times["floor"]))
    for name, each in times.items():
        yield Row(subject, name, each.least / deltas * 1e6, "us/delta")
