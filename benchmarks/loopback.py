"""HTTP on this machine: CPU from the bytes of a response to validated items.

All chunks at once, or each by itself, as a provider sends them: then every library pays for a
wait and a read per chunk, and reading the bytes alone is the floor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.measure import Task, same_count
from benchmarks.report import Row, compare, cost
from benchmarks.server import served
from partialstream.cli.chart import Chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers

ITEMS = 200
"""With 140 characters each: 7,000 chunks."""

QUICK_ITEMS = 100

PACED_ITEMS = 30
QUICK_PACED_ITEMS = 15

PACE = 1_000.0
"""Tokens a second, where each is sent by itself: a second or so for a run."""

TOKENS_PER_SECOND = 50
"""Of one stream, where it is computed how many of them a core carries."""

REQUEST: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "Which offers are there?"}],
}

CONTENDERS = {
    "create_iterable": ("partialstream_", "http"),
    "SDK": ("openai_", "http"),
    "bytes": ("httpx2_", "http"),
    "responses": ("partialstream_", "responses"),
}
"""Their libraries, and how their tasks begin."""

AT_ONCE = {"events": ("httpx2_", "events")}
"""Who takes part where all chunks come at once: then this is most of what has to be done."""

NAMES = {
    "SDK": "the SDK's bare stream",
    "bytes": "reading the bytes alone",
    "events": "reading, and parsing each event's JSON",
    "responses": "create_iterable through the Responses API",
}
"""What they are called in the table, where that is more than their own name."""

TARGETS: dict[str, dict[str, str]] = {
    "HTTP, sync, at once": {"SDK": "HTTP / SDK", "events": "HTTP / events"},
    "HTTP, async, at once": {"SDK": "HTTP / SDK"},
    "HTTP, sync, each by itself": {"bytes": "HTTP / bytes"},
    "HTTP, async, each by itself": {"bytes": "HTTP / bytes"},
}
"""What is judged. All at once, a chunk's bytes are read by the thousand: whatever reads its JSON
costs more. As a provider sends them, most of a chunk's cost is to wait for it and to read it."""


def measure(workers: Workers, *, quick: bool) -> Iterator[Row | Chart]:
    """Measure the way from bytes to items, sync and async.

    Args:
        workers: Who does it.
        quick: With few turns.
    """
    lines: dict[str, list[tuple[float, float]]] = {}
    items = QUICK_ITEMS if quick else ITEMS
    with served(items) as base_url:
        for way in ("sync", "async"):
            tasks = _tasks(CONTENDERS | AT_ONCE, way, base_url)
            if way == "sync":
                tasks["instructor"] = Task("instructor_", "http_sync", (base_url,))
            yield from _rows(workers, tasks, f"HTTP, {way}, at once", items, 3 if quick else 9)
    items = QUICK_PACED_ITEMS if quick else PACED_ITEMS
    with served(items, PACE) as base_url:
        for way in ("sync", "async"):
            subject = f"HTTP, {way}, each by itself"
            tasks = _tasks(CONTENDERS, way, base_url)
            rows = _rows(workers, tasks, subject, items, 2 if quick else 7)
            for row in rows:
                yield row
                if row.unit != "us/chunk" or row.value is None:
                    continue
                streams = 1e6 / (row.value * TOKENS_PER_SECOND)
                what = f"{row.what}: streams of {TOKENS_PER_SECOND} tokens a second on one core"
                yield Row(subject, what, streams, "streams")
                lines[f"{row.what}, {way}"] = [
                    (rate, 1e6 / (row.value * rate)) for rate in (10.0, 25.0, 50.0, 100.0, 200.0)
                ]
    yield Chart(
        "streams-by-pace",
        "Concurrent streams that one core carries (computed from CPU per token)",
        "tokens a second of each stream",
        "streams",
        lines,
    )


def _tasks(contenders: dict[str, tuple[str, str]], way: str, base_url: str) -> dict[str, Task]:
    return {
        name: Task(library, f"{task}_{way}", (base_url,))
        for name, (library, task) in contenders.items()
    }


def _rows(
    workers: Workers, tasks: dict[str, Task], subject: str, items: int, turns: int
) -> Iterator[Row]:
    times = workers.race(tasks, turns)
    for name in ("create_iterable", "responses", "instructor"):
        if name in times and times[name].count != items:
            raise RuntimeError(f"{items} items were sent, {name} gave {times[name].count}")
    if "events" in times:
        same_count([times["SDK"], times["events"]])
    chunks = times["SDK"].count
    targets = TARGETS[subject]
    yield compare(
        subject,
        "through the Responses API / through Chat Completions",
        times["responses"],
        times["create_iterable"],
        "chunk",
        count=chunks,
        target="HTTP: Responses / Chat" if subject.endswith("at once") else None,
    )
    for name in (name for name in NAMES if name in times and name != "responses"):
        target = targets.get(name)
        yield compare(
            subject,
            f"create_iterable / {NAMES[name]}",
            times["create_iterable"],
            times[name],
            "chunk",
            count=chunks,
            target=target,
            floor=target is None and name == "bytes",
        )
    for name, each in times.items():
        yield cost(subject, NAMES.get(name, name), each, chunks, "chunk")
