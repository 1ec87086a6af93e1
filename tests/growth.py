"""How much longer four times the text takes: what tests of growth judge by.

Only growth is judged, so a machine's speed does not matter: 4 is linear, and 16 is work that
is done again for all that has arrived. What lies between the two is room for caches and page
faults, which cost more where more is read.
"""

from __future__ import annotations

import gc
from time import thread_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[[], object]

LINEAR = 6.0
ATTEMPTS = 8  # other programs disturb single measurements


def seconds(run: Run) -> float:
    gc.collect()
    gc.freeze()  # what is alive now is not gone through again before the next measurement
    gc.disable()  # it costs more where more is alive, whoever keeps it
    try:
        start = thread_time()  # not what threads of other tests do meanwhile
        run()
        return thread_time() - start
    finally:
        gc.enable()


def growth(make: Callable[[int], Run], size: int) -> float:
    """How much longer four times the size takes, each at its least disturbed.

    Four runs of the single size are measured as one: a shorter measurement than that of the
    fourfold size would more often fall into a moment in which the machine is fast.
    """
    single, fourfold = make(size), make(4 * size)

    def four_singles() -> None:
        for _ in range(4):
            single()

    single()
    once = more = float("inf")
    for _ in range(ATTEMPTS):
        once, more = min(once, seconds(four_singles) / 4), min(more, seconds(fourfold))
        if more / once <= LINEAR:
            break
    return more / once
