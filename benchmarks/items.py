"""Items: CPU from deltas to validated items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import documents
from benchmarks.measure import Task, ratio, same_count
from benchmarks.report import Row, cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Times, Workers

QUICK_TURNS = 5

OURS = {"stream_items": "items_stream", "ItemParser.feed": "items_push"}


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Measure items.

    Args:
        workers: Who does it.
        quick: With few turns.
    """
    turns = QUICK_TURNS if quick else 15
    for kind in ("flat", "nested"):
        for count in (100, 1000):
            yield from _measure(workers, kind, count, turns=turns)
    yield from _long(workers)
    yield from _growth(workers, turns=turns)


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
    slow_times = workers.race(slow, 2 if turns <= QUICK_TURNS else 3)
    same_count([*times.values(), *slow_times.values()])

    subject = f"items, {count} {kind}"
    deltas = len(documents.items(kind, count).deltas)
    forms = [times[name] for name in ("ijson, pull", "ijson, push") if name in times]
    fastest = min(forms, key=lambda each: each.least) if forms else None
    value = _ratio(times["stream_items"], fastest)
    yield Row(subject, "stream_items / ijson's fastest form", value, target="items / ijson")
    value = _ratio(times["ItemParser.feed"], fastest)
    yield Row(subject, "ItemParser.feed / ijson's fastest form", value)
    # ijson reads bytes; a model's answer comes out of its chunks as text.
    value = _ratio(times["stream_items"], times.get("ijson, from text"))
    yield Row(subject, "stream_items / ijson, from text", value)
    value = _ratio(times["ItemParser.feed"], times.get("ijson, push"))
    yield Row(subject, "ItemParser.feed / ijson, push", value)
    value = ratio(slow_times["stream_items"], slow_times["instructor"])
    yield Row(subject, "stream_items / instructor", value, target="items / instructor")
    value = ratio(slow_times["ItemParser.feed"], slow_times["instructor"])
    yield Row(subject, "ItemParser.feed / instructor", value)
    value = ratio(times["stream_items"], times["floor"])
    what = "stream_items / (empty loop + one validation)"
    yield Row(subject, what, value, target="items / floor")
    for name, each in (times | {"instructor": slow_times["instructor"]}).items():
        yield cost(subject, name, each, deltas, "delta")


def _ratio(times: Times, other: Times | None) -> float | None:
    """The ratio, if the other one is installed."""
    return None if other is None else ratio(times, other)


def _long(workers: Workers) -> Iterator[Row]:
    """One item of 20 KB; instructor takes seconds, so there is one turn."""
    libraries = {"stream_items": "partialstream_", "instructor": "instructor_"}
    tasks = {name: Task(each, "items_stream", ("long", 1)) for name, each in libraries.items()}
    times = workers.race(tasks, 1)
    same_count(list(times.values()))
    subject = "items, one of 20 KB"
    value = ratio(times["stream_items"], times["instructor"])
    yield Row(subject, "stream_items / instructor", value, target="long item / instructor")
    deltas = len(documents.items("long", 1).deltas)
    for name, each in times.items():
        yield cost(subject, name, each, deltas, "delta")


def _growth(workers: Workers, *, turns: int) -> Iterator[Row]:
    """Whether a delta costs more where much has arrived."""
    counts = {"3 KB": 13, "1 MB": 4_400}
    tasks = {
        name: Task("partialstream_", "items_stream", ("flat", count))
        for name, count in counts.items()
    }
    times = workers.race(tasks, turns)
    deltas = {name: len(documents.items("flat", count).deltas) for name, count in counts.items()}
    growth = ratio(times["1 MB"], times["3 KB"]) * deltas["3 KB"] / deltas["1 MB"]
    subject = "items, growth"
    yield Row(subject, "a delta of 1 MB / of 3 KB", growth, target="items: 1 MB / 3 KB")
    for name, each in times.items():
        yield cost(subject, name, each, deltas[name], "delta")
