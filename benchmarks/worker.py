"""A fresh process in which one library works: `python -m benchmarks.worker LIBRARY`.

It takes orders on stdin and answers on stdout, one JSON object a line each:

    {"task": "items_push", "arguments": ["flat", 100]}
    -> {"seconds": 0.0021, "wall": 0.0022, "count": 100, "peak": 61.5}

`seconds` are of CPU, `wall` of the clock; `peak` is the most memory in MB that the process had.
"""

from __future__ import annotations

import gc
import json
import math
import sys
from importlib import import_module
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from benchmarks.memory import peak

if TYPE_CHECKING:
    from benchmarks.libraries import Run

LEAST_SECONDS = 0.02
"""A short run is repeated until it has taken about that long."""

SLOW_SECONDS = 0.3
"""A run that takes that long is not run a second time to warm up."""


def main() -> None:
    """Carry out orders until stdin is closed."""
    library = import_module(f"benchmarks.libraries.{sys.argv[1]}")
    runs: dict[str, tuple[Run, int]] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if line not in runs:
            run: Run = getattr(library, order["task"])(*order["arguments"])
            runs[line] = (run, _times(run))
        print(json.dumps(_measure(*runs[line])), flush=True)


def _times(run: Run) -> int:
    """Warm up; gives how often to run at once."""
    seconds = _measure(run, 1)["seconds"]
    if seconds < SLOW_SECONDS:
        seconds = _measure(run, 1)["seconds"]
    return max(1, math.ceil(LEAST_SECONDS / max(seconds, 1e-7)))


def _measure(run: Run, times: int) -> dict[str, Any]:
    gc.collect()
    count = 0
    start, wall = process_time(), perf_counter()
    for _ in range(times):
        count = run()
    seconds, wall = process_time() - start, perf_counter() - wall
    return {
        "seconds": seconds / times,
        "wall": wall / times,
        "count": count,
        "peak": peak(),
    }


if __name__ == "__main__":
    main()
