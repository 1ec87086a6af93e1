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
ATTEMPTS = 24  # other programs disturb single measurements, and a machine's speed changes


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


def ratio(one: Run, other: Run, most: float, *, repeat: int = 1) -> float:
    """How many times as long the other takes as so many runs of one, each at its least disturbed.

    It is measured until the ratio is at most `most`, or often enough to know that it is not.
    """

    def ones() -> None:
        for _ in range(repeat):
            one()

    one()
    first = second = float("inf")
    for _ in range(ATTEMPTS):
        first, second = min(first, seconds(ones)), min(second, seconds(other))
        if second / first <= most:
            break
    return second / first


def growth(make: Callable[[int], Run], size: int) -> float:
    """How much longer four times the size takes.

    Four runs of the single size are measured as one: a shorter measurement than that of the
    fourfold size would more often fall into a moment in which the machine is fast.
    """
    return 4 * ratio(make(size), make(4 * size), LINEAR / 4, repeat=4)
