"""The most memory that this process ever had."""

from __future__ import annotations

import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak() -> float:
    """The most memory that this process ever had, in MB.

    Linux hands `ru_maxrss` on to what a process starts: a child of a large parent would have a
    high peak before it does anything. `VmHWM` belongs to the address space, which is new.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "VmHWM":
                return int(value.split()[0]) * 1024 / 1e6
    import resource  # Windows has none

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def resident() -> float:
    """The memory of its own that this process has now, in MB; without files that are mapped.

    Raises:
        RuntimeError: The system does not tell.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "RssAnon":
                return int(value.split()[0]) * 1024 / 1e6
    raise RuntimeError("only Linux says how much memory of its own a process has")
