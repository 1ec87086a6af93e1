"""A fresh process in which one library works: `python -m benchmarks.worker LIBRARY`.

It takes orders on stdin and answers on stdout, one JSON object a line each:

    {"task": "items_push", "arguments": ["flat", 100]}
    -> {"seconds": 0.0021, "wall": 0.0022, "count": 100, "peak": 61.5}

`seconds` are of CPU, `wall` of the clock; `peak` is the most memory in MB that the process had.
If the library is not there, the answer is `{"installed": false}`.
"""

from __future__ import annotations

import gc
import json
import math
import sys
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from benchmarks.peak import peak

if TYPE_CHECKING:
    from benchmarks.libraries import Run

LEAST_SECONDS = 0.02
"""A short run is repeated until it has taken about that long."""

SLOW_SECONDS = 0.1
"""A run that takes that long is not run a second time to warm up."""


def main() -> None:
    """Carry out orders until stdin is closed."""
    try:
        library = import_module(f"benchmarks.libraries.{sys.argv[1]}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith(("benchmarks", "partialstream")):
            raise
        library = None
    runs: dict[str, _Prepared] = {}
    for line in sys.stdin:
        if library is None:
            print(json.dumps({"installed": False}), flush=True)
            continue
        if line not in runs:
            order = json.loads(line)
            run: Run = getattr(library, order["task"])(*order["arguments"])
            runs[line] = _prepare(run, cold=not runs)
        print(json.dumps(runs[line].measure()), flush=True)


@dataclass
class _Prepared:
    """A run that is warm.

    Attributes:
        run: The run.
        times: How often it is repeated each time it is measured.
        first: What was measured on the way, if that is as good as any.
    """

    run: Run
    times: int = 1
    first: dict[str, Any] | None = None

    def measure(self) -> dict[str, Any]:
        """Run, or tell what is known already."""
        first, self.first = self.first, None
        return first or _measure(self.run, self.times)


def _prepare(run: Run, *, cold: bool) -> _Prepared:
    """Warm up.

    Args:
        run: The run.
        cold: Whether the process has run nothing yet: what it imports on the way counts then.
    """
    answer = _measure(run, 1)
    if answer["seconds"] >= SLOW_SECONDS:
        return _Prepared(run, first=None if cold else answer)
    if answer["wall"] >= SLOW_SECONDS:
        return _Prepared(run)
    seconds = _measure(run, 1)["seconds"]
    return _Prepared(run, max(1, math.ceil(LEAST_SECONDS / max(seconds, 1e-7))))


def _measure(run: Run, times: int) -> dict[str, Any]:
    prepare = getattr(run, "prepare", None)
    gc.collect()
    count = 0
    seconds = wall = 0.0
    for _ in range(times if prepare else 1):
        if prepare:
            prepare()
        start, wall_start = process_time(), perf_counter()
        for _ in range(1 if prepare else times):
            count = run()
        seconds += process_time() - start
        wall += perf_counter() - wall_start
    return {
        "seconds": seconds / times,
        "wall": wall / times,
        "count": count,
        "peak": peak(),
    }


if __name__ == "__main__":
    main()
