"""What `import partialstream` costs: CPU of a whole process, user and system."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from benchmarks.measure import Times, ratio
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

OF_PYDANTIC = 1.7
"""Target, of importing what we cannot do without."""

STATEMENTS = {
    "pydantic": "from pydantic import BaseModel, TypeAdapter",
    "partialstream": "import partialstream",
    "openai": "import openai",
}


def measure(*, quick: bool) -> Iterator[Row]:
    """Measure imports.

    Args:
        quick: With few turns.
    """
    times = {name: Times() for name in STATEMENTS}
    for turn in range(6 if quick else 26):
        for name, statement in STATEMENTS.items():
            seconds = _seconds(statement)
            if turn:  # the first one may compile, and reads from the disk
                times[name].seconds.append(seconds)
    subject = "import"
    value = ratio(times["partialstream"], times["pydantic"])
    yield Row(subject, "partialstream / pydantic", value, target=OF_PYDANTIC)
    yield Row(subject, "openai / pydantic", ratio(times["openai"], times["pydantic"]))
    for name, each in times.items():
        yield Row(subject, name, each.least * 1e3, "ms")


def _seconds(statement: str) -> float:
    """CPU seconds of a fresh interpreter that runs one statement."""
    process = os.posix_spawn(sys.executable, [sys.executable, "-c", statement], dict(os.environ))
    _, status, usage = os.wait4(process, 0)
    if status:
        raise RuntimeError(f"{statement!r} failed")
    return usage.ru_utime + usage.ru_stime
