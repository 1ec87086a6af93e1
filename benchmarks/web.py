"""A stream as an HTTP response: CPU of an event, bytes on each wire, changes beside snapshots."""

from __future__ import annotations

import json
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING

import httpx
from pydantic import BaseModel

from benchmarks import documents
from benchmarks.measure import Task, Times
from benchmarks.pages import EVENTS
from benchmarks.report import Row, compare, cost
from benchmarks.server import running
from partialstream import stream_partial
from partialstream.web.encode import WIRES, Encoding, events_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers
    from partialstream.web import Wire

RESPOND = "web.respond"

PATHS = {
    RESPOND: "/respond",
    "FastAPI's EventSourceResponse": "/fastapi",
    "StreamingResponse with a heartbeat, by hand": "/by-hand",
    "StreamingResponse without one": "/plain",
}

TARGETS = {"FastAPI's EventSourceResponse": "web / FastAPI"}

CHARACTERS = 2_000
"""Of the one field whose bytes are counted."""

TOKENS_PER_SECOND = 50
"""At which its deltas come, where changes are merged by time."""

SIZES = {"3 KB": 3_000, "30 KB": 30_000}

COMPARED = {
    "snapshots, none of them read": "snapshots",
    "model_dump() of each, compared with the one before": "snapshots_compared",
}


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Measure responses.

    Args:
        workers: Who reads growing objects.
        quick: With few turns.
    """
    yield from _events(turns=3 if quick else 9)
    yield from _bytes()
    yield from _changes(workers, turns=2 if quick else 7)


def _events(*, turns: int) -> Iterator[Row]:
    """CPU of the server for each event, which comes by itself."""
    subject = f"web, {EVENTS:,} events with a heartbeat, each by itself"
    times = _served(turns) if find_spec("fastapi") else dict.fromkeys(PATHS)
    ours = times[RESPOND]
    for name in list(PATHS)[1:]:
        what, target = f"{RESPOND} / {name}", TARGETS.get(name)
        if ours is None:
            yield Row(subject, what, None, target=target)
            continue
        floor = name == "StreamingResponse without one"
        yield compare(
            subject, what, ours, times[name], "event", count=EVENTS, target=target, floor=floor
        )
    for name, each in times.items():
        if each is not None:
            yield cost(subject, name, each, EVENTS, "event")


def _served(turns: int) -> dict[str, Times | None]:
    times = {name: Times() for name in PATHS}
    with running("benchmarks.pages") as url, httpx.Client(base_url=url, timeout=120) as client:
        for turn in range(turns + 1):
            for name, path in PATHS.items():
                before, start = float(client.get("/cpu").text), perf_counter()
                text = client.get(path).text
                if text.count("event: item") != EVENTS:
                    raise RuntimeError(f"{name} has not sent all events")
                if turn:  # the first one warms up
                    times[name].seconds.append(float(client.get("/cpu").text) - before)
                    times[name].wall.append(perf_counter() - start)
    return dict(times)


class Text(BaseModel):
    """One long field."""

    text: str


def _bytes() -> Iterator[Row]:
    """What a growing text costs on the way to the browser."""
    subject = (
        f"web, a text of {CHARACTERS:,} characters, {documents.DELTA} a delta, "
        f"{TOKENS_PER_SECOND} deltas a second"
    )
    text = json.dumps({"text": ("word " * CHARACTERS)[:CHARACTERS]})
    deltas = documents.cut(text)
    for name, wire in WIRES.items():
        size = _size(wire().begin(), deltas)
        target = "web: bytes" if name == "sse" else None
        yield Row(subject, f'wire="{name}"', size / 1e3, "KB", target=target)
    by_hand = sum(
        len(f"data: {snapshot.model_dump_json()}\n\n") for snapshot in stream_partial(Text, deltas)
    )
    yield Row(subject, "each snapshot, by hand", by_hand / 1e3, "KB")


def _size(wire: Wire, deltas: list[str]) -> int:
    now = 0.0

    def paced() -> Iterator[str]:
        nonlocal now
        for delta in deltas:
            now += 1 / TOKENS_PER_SECOND
            yield delta

    stream = stream_partial(Text, paced())
    encoding = Encoding(stream, wire, clock=lambda: now)
    frames = [*wire.start()]
    for event in events_of(stream, wire):
        frames += encoding.feed(event)
    last, _ = encoding.end(None)
    return sum(len(frame.encode()) for frame in (*frames, *last))


def _changes(workers: Workers, *, turns: int) -> Iterator[Row]:
    for name, size in SIZES.items():
        tasks = {
            what: Task("partialstream_", task, ("report", size))
            for what, task in {"changes()": "changes", **COMPARED}.items()
        }
        times = workers.race(tasks, turns)
        subject = f"web, changes of a growing report, {name}"
        for what in COMPARED:
            yield compare(
                subject,
                f"changes() / {what}",
                times["changes()"],
                times[what],
                "delta",
                count=times[what].count,
            )
