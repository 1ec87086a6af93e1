"""HTTP on this machine: CPU from the bytes of a response to validated items.

All chunks at once, or each by itself, as a provider sends them: then every library pays for a
wait and a read per chunk, and reading the bytes alone is the floor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.charts import Chart
from benchmarks.measure import Task, ratio
from benchmarks.report import Row, cost
from benchmarks.server import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers

ITEMS = 200
"""With 140 characters each: 7,000 chunks."""

PACED_ITEMS = 30

PACE = 1_000.0
"""Tokens a second, where each is sent by itself: a second or so for a run."""

TOKENS_PER_SECOND = 50
"""Of one stream, where it is computed how many of them a core carries."""

REQUEST: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "Which offers are there?"}],
}

LIBRARIES = {"create_iterable": "partialstream_", "SDK": "openai_", "bytes": "httpx2_"}

BARE = "the SDK's bare stream"
BYTES = "reading the bytes and nothing else"


def measure(workers: Workers, *, quick: bool) -> Iterator[Row | Chart]:
    """Measure the way from bytes to items, sync and async.

    Args:
        workers: Who does it.
        quick: With few turns.
    """
    lines: dict[str, list[tuple[float, float]]] = {}
    with served(ITEMS) as base_url:
        for way in ("sync", "async"):
            tasks = _tasks(way, base_url)
            if way == "sync":
                tasks["instructor"] = Task("instructor_", "http_sync", (base_url,))
            yield from _rows(workers, tasks, f"HTTP, {way}, at once", ITEMS, 3 if quick else 9)
    with served(PACED_ITEMS, PACE) as base_url:
        for way in ("sync", "async"):
            subject = f"HTTP, {way}, each by itself"
            rows = _rows(workers, _tasks(way, base_url), subject, PACED_ITEMS, 2 if quick else 7)
            for row in rows:
                yield row
                if row.unit != "us/chunk":
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


def _tasks(way: str, base_url: str) -> dict[str, Task]:
    return {name: Task(each, f"http_{way}", (base_url,)) for name, each in LIBRARIES.items()}


def _rows(
    workers: Workers, tasks: dict[str, Task], subject: str, items: int, turns: int
) -> Iterator[Row]:
    times = workers.race(tasks, turns)
    for name in ("create_iterable", "instructor"):
        if name in times and times[name].count != items:
            raise RuntimeError(f"{items} items were sent, {name} gave {times[name].count}")
    at_once = subject.endswith("at once")
    ours, chunks = times["create_iterable"], times["SDK"].count
    target = "HTTP / SDK" if at_once else None
    yield Row(subject, f"create_iterable / {BARE}", ratio(ours, times["SDK"]), target=target)
    target = None if at_once else "HTTP / bytes"
    yield Row(subject, f"create_iterable / {BYTES}", ratio(ours, times["bytes"]), target=target)
    for name, each in times.items():
        what = {"SDK": BARE, "bytes": BYTES}.get(name, name)
        yield cost(subject, what, each, chunks, "chunk")
