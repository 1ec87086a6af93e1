"""Documents to rows: CPU of a document beside hand-written loops, memory of long jobs."""

from __future__ import annotations

import json
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks import documents
from benchmarks.measure import Task, same_count
from benchmarks.report import Row, compare, cost
from benchmarks.server import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers

ROWS = 4
"""The number of rows of a document, whose response has 141 deltas."""

DOCUMENTS = 200
QUICK_DOCUMENTS = 60

STREAMED = "streamed SDK loop, by hand"

CONTENDERS = {
    "arun()": Task("partialstream_", "job_async", ()),
    "run()": Task("partialstream_", "job_sync", ()),
    STREAMED: Task("openai_", "job_streamed", ()),
    "whole responses, by hand": Task("openai_", "job_whole", ()),
    "instructor, whole responses": Task("instructor_", "job_whole", ()),
}
"""All but the last two stream. The loops written by hand have no journal and no retries: killed,
they start from the beginning."""

OVER_HTTP = (20_000, 5_000)
QUICK_OVER_HTTP = (600, 200)
"""The number of documents, and the one from which on memory is watched."""

IN_PROCESS = (1_000_000, 100_000)
QUICK_IN_PROCESS = (4_000, 1_000)


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Measure jobs.

    Args:
        workers: Run the short jobs.
        quick: Whether to use fewer documents and repetitions.
    """
    with served(ROWS) as base_url:
        yield from _cpu(workers, base_url, quick=quick)
        count, start = QUICK_OVER_HTTP if quick else OVER_HTTP
        for kind in ("sync", "async"):
            figures = _job("http", kind, base_url, count, start)
            what = f"{kind}: growth from {start:,} to {count:,} documents"
            target = None if quick else "etl: memory"
            yield Row("etl over HTTP, memory", what, figures["growth"], "MB", target=target)
    count, start = QUICK_IN_PROCESS if quick else IN_PROCESS
    with TemporaryDirectory() as folder:
        for name in ("run", "restart, all of them done"):
            subject = f"etl in process, {count:,} documents of one row, {name}"
            figures = _job("fake", folder, count, start)
            watched = figures["documents"]
            yield Row(subject, "documents a second", watched / figures["seconds"], "/s")
            yield Row(subject, "CPU of a document", figures["cpu"] / watched * 1e6, "us")
            what = f"growth from {start:,} to {count:,} documents"
            yield Row(subject, what, figures["growth"], "MB")


def _cpu(workers: Workers, base_url: str, *, quick: bool) -> Iterator[Row]:
    """CPU of a document, with journal and sink, beside loops that have neither."""
    count = QUICK_DOCUMENTS if quick else DOCUMENTS
    deltas = len(documents.cut(documents.offers(ROWS)))
    subject = f"etl over HTTP, documents of {deltas} deltas and {ROWS} rows"
    tasks = {
        name: Task(task.library, task.task, (base_url, count)) for name, task in CONTENDERS.items()
    }
    times = workers.race(tasks, 2 if quick else 7)
    same_count(list(times.values()))
    for name in ("arun()", "run()"):
        for other in [each for each in times if each not in ("arun()", "run()")]:
            target = "etl / SDK" if other == STREAMED else None
            what = f"{name} / {other}"
            mine, its = times[name], times[other]
            yield compare(subject, what, mine, its, "document", count=count, target=target)
    for name, each in times.items():
        yield cost(subject, name, each, count, "document")


def _job(*arguments: object) -> dict[str, float]:
    """Run a job in a fresh process."""
    printed = subprocess.run(
        [sys.executable, "-m", "benchmarks.jobs", *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        start_new_session=True,  # Ctrl-C is for the command, which ends its processes
    ).stdout
    figures: dict[str, float] = json.loads(printed)
    return figures
