"""Items: CPU from deltas to validated items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import documents
from benchmarks.measure import Task, same_count
from benchmarks.report import Row, compare, cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers

OURS = {"stream_items": "items_stream", "ItemParser.feed": "items_push"}

IJSON = {
    "ijson, pull": "items_stream",
    "ijson, push": "items_push",
    "ijson, from text": "items_text",
}
"""ijson reads bytes; a model's response comes out of its chunks as text."""

SHAPES = ("flat", "nested")
COUNTS = (100, 1000)

STREAM_TARGET = "stream_items / ijson"
PUSH_TARGET = "ItemParser.feed / ijson push"


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Measure items.

    Args:
        workers: Who does it.
        quick: With few turns.
    """
    turns = 5 if quick else 15
    for count in COUNTS:
        for shape in SHAPES:
            yield from _beside_ijson(workers, shape, count, turns=turns)
            yield from _beside_others(workers, shape, count, turns=turns, quick=quick)
            if not quick or count == COUNTS[0]:
                braces = f"{shape}, braces in strings"
                yield from _beside_ijson(workers, braces, count, turns=turns)
    yield from _long(workers)
    yield from _growth(workers, turns=turns)
    yield from _set_up(workers, turns=turns)


def _beside_ijson(workers: Workers, kind: str, count: int, *, turns: int) -> Iterator[Row]:
    arguments = (kind, count)
    tasks = {name: Task("partialstream_", task, arguments) for name, task in OURS.items()}
    tasks |= {name: Task("ijson_", task, arguments) for name, task in IJSON.items()}
    times = workers.race(tasks, turns)
    same_count(list(times.values()))
    subject = f"items, {count} {kind}"
    deltas = len(documents.items(kind, count).deltas)
    forms = [times[name] for name in ("ijson, pull", "ijson, push") if name in times]
    fastest = min(forms, key=lambda each: each.least) if forms else None
    stream, feed, push = times["stream_items"], times["ItemParser.feed"], times.get("ijson, push")
    for what, ours, theirs, target in (
        (
            "stream_items / ijson yajl2_c + validation, its faster form",
            stream,
            fastest,
            STREAM_TARGET,
        ),
        ("ItemParser.feed / ijson yajl2_c push + validation", feed, push, PUSH_TARGET),
        ("stream_items / the same from text", stream, times.get("ijson, from text"), None),
    ):
        yield compare(subject, what, ours, theirs, "delta", count=deltas, target=target)
    for name, each in times.items():
        yield cost(subject, name, each, deltas, "delta")


def _beside_others(
    workers: Workers, kind: str, count: int, *, turns: int, quick: bool
) -> Iterator[Row]:
    arguments = (kind, count)
    ours = {name: Task("partialstream_", task, arguments) for name, task in OURS.items()}
    floor = Task("floor_", "items_stream", arguments)
    times = workers.race({"ours": ours["stream_items"], "floor": floor}, turns)
    # instructor takes seconds.
    slow_tasks = ours | {"instructor": Task("instructor_", "items_stream", arguments)}
    slow = workers.race(slow_tasks, 2 if quick else 3)
    same_count([*times.values(), *slow.values()])
    subject = f"items, {count} {kind}"
    deltas = len(documents.items(kind, count).deltas)
    what = "stream_items / (empty loop + one validation of all)"
    mine, other, target = times["ours"], times["floor"], "items / floor"
    yield compare(subject, what, mine, other, "delta", count=deltas, target=target)
    for name in OURS:
        target = "items / instructor" if name == "stream_items" else None
        what, other = f"{name} / instructor", slow.get("instructor")
        yield compare(subject, what, slow[name], other, "delta", count=deltas, target=target)


def _long(workers: Workers) -> Iterator[Row]:
    """One item of 20 KB; instructor takes seconds, so there is one turn."""
    libraries = {"stream_items": "partialstream_", "instructor": "instructor_"}
    tasks = {name: Task(each, "items_stream", ("long", 1)) for name, each in libraries.items()}
    times = workers.race(tasks, 1)
    same_count(list(times.values()))
    yield compare(
        "items, one of 20 KB",
        "stream_items / instructor",
        times["stream_items"],
        times.get("instructor"),
        "delta",
        count=len(documents.items("long", 1).deltas),
        target="long item / instructor",
    )


def _growth(workers: Workers, *, turns: int) -> Iterator[Row]:
    """Whether a delta costs more where much has arrived."""
    counts = {"3 KB": 13, "1 MB": 4_400}
    tasks = {
        name: Task("partialstream_", "items_stream", ("flat", count))
        for name, count in counts.items()
    }
    times = workers.race(tasks, turns)
    deltas = {name: len(documents.items("flat", count).deltas) for name, count in counts.items()}
    yield compare(
        "items, growth",
        "a delta of 1 MB / of 3 KB",
        times["1 MB"],
        times["3 KB"],
        "delta",
        count=deltas["1 MB"],
        other_count=deltas["3 KB"],
        target="items: 1 MB / 3 KB",
    )


def _set_up(workers: Workers, *, turns: int) -> Iterator[Row]:
    """What a stream costs before its first item."""
    count = 1_000
    tasks = {
        "set-up": Task("partialstream_", "set_up", (count,)),
        "validation": Task("floor_", "validations", (count,)),
    }
    times = workers.race(tasks, turns)
    yield compare(
        "a text stream without items",
        "setting up, and closing / one validation of a flat item",
        times["set-up"],
        times["validation"],
        "each",
        count=count,
        target="set-up / validation",
    )
