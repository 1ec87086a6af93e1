"""The tasks, for each library. A task takes plain arguments and gives a `Run`.

Everything that a user would prepare once (imports, the model class, the deltas) is done before
the run; everything that belongs to one stream (parser, validator of the item type) within it.

    items_stream(kind, count, delta)    validated items from deltas of text
    growing(shape, size, delta)         one object, looked at after each delta
    http_sync(base_url), http_async     what a response over HTTP holds
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from benchmarks import documents

Run = Callable[[], int]
"""Does the task once; gives how many items or deltas there were.

One that has a method `prepare` calls for it before each time, which is not measured.
"""

Read = Callable[[Any, list[str]], Iterable[Any]]
"""Reads the deltas of an item type, or of a model, and gives items or snapshots."""


def items_task(read: Read) -> Callable[..., Run]:
    """The task `items_stream` of a library that reads items so."""

    def task(kind: str, count: int, delta: int = documents.DELTA) -> Run:
        document = documents.items(kind, count, delta)

        def run() -> int:
            delivered = 0
            for _ in read(document.type, document.deltas):
                delivered += 1
            return delivered

        return run

    return task


def growing_task(read: Read) -> Callable[..., Run]:
    """The task `growing` of a library that reads snapshots so."""

    def task(shape: str, size: int, delta: int = documents.DELTA) -> Run:
        document = documents.growing(shape, size, delta)

        def run() -> int:
            for _ in read(document.type, document.deltas):
                pass
            return len(document.deltas)

        return run

    return task


def on_a_loop(read: Callable[[], Coroutine[Any, Any, int]]) -> Run:
    """Runs a coroutine again and again on one event loop, as a server does.

    So a client that is made before the run serves all runs, and what it costs to make one, which
    is more than a short answer costs, does not count.
    """
    loop = asyncio.new_event_loop()

    @atexit.register
    def end() -> None:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    return lambda: loop.run_until_complete(read())
