"""HTTP on this machine: CPU from the bytes of a response to validated items."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from benchmarks.measure import Task, ratio
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers

OF_SDK = 1 / 4
"""Target, of the SDK's own typed stream, which validates nothing of the answer's text."""

ITEMS = 200
"""With 140 characters each: 7,000 chunks."""

REQUEST: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "Which offers are there?"}],
}


class Offer(BaseModel):
    """An item."""

    name: str
    description: str
    price: float
    in_stock: bool


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Measure the way from bytes to items, sync and async.

    Args:
        workers: Who does it.
        quick: With few turns.
    """
    with _server() as base_url:
        for way in ("sync", "async"):
            tasks = {
                name: Task(library, f"http_{way}", (base_url,))
                for name, library in (("ours", "partialstream_"), ("sdk", "openai_"))
            }
            times = workers.race(tasks, 3 if quick else 9)
            if times["ours"].count != ITEMS:
                raise RuntimeError(f"{ITEMS} items were sent, {times['ours'].count} arrived")
            subject = f"HTTP, {way}, {ITEMS} items"
            chunks = times["sdk"].count
            value = ratio(times["ours"], times["sdk"])
            what = "create_iterable / the SDK's bare stream"
            yield Row(subject, what, value, target=OF_SDK)
            yield Row(subject, "create_iterable", times["ours"].least / chunks * 1e6, "us/chunk")
            what = "the SDK's bare stream"
            yield Row(subject, what, times["sdk"].least / chunks * 1e6, "us/chunk")


@contextmanager
def _server() -> Iterator[str]:
    """A server in another process, whose CPU time does not count; gives its base URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the server is talked to through pipes")
        base_url = process.stdout.readline().strip()
        if not base_url:
            raise RuntimeError("the server has not started, see above")
        yield base_url
    finally:
        process.communicate()
