"""Time limits that are short, and longer where a busy machine has not kept up with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.testing import faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.testing import Fault

LONGER = 5, 25  # times as long; what fails within all of them does not fail because of the machine
IDLE = 0.3  # seconds
NEVER = 30.0


def patiently(check: Callable[[float], None], seconds: float) -> None:
    """Check what has a time limit; if it fails, once more within each of some longer ones."""
    limit = seconds
    for times in LONGER:
        try:
            return check(limit)
        except Exception:  # noqa: BLE001 - whatever it is, the last check raises it again
            limit = times * seconds
    return check(limit)


def where_it_stalls(fault: Fault | None, check: Callable[[float], None]) -> None:
    """Check with a time limit that passes if the response stalls, else with one that does not."""
    if isinstance(fault, faults.Stall):
        patiently(check, IDLE)
    else:
        check(NEVER)
