"""What `import partialstream` costs: CPU of a whole process, user and system."""

from __future__ import annotations

import os
import signal
import statistics
import sys
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.measure import Times, ratio
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers

# The names of the package are loaded on first use; so what is loaded then counts as well.
STATEMENTS = {
    "pydantic": "from pydantic import BaseModel, TypeAdapter",
    "partialstream": "import partialstream",
    "partialstream, used": "from partialstream import PartialParser, stream_items",
    "openai": "import openai",
}

TARGETS = {
    "partialstream": "import / pydantic",
    "partialstream, used": "import, used / pydantic",
    "openai": None,
}


def measure(workers: Workers, *, quick: bool) -> Iterator[Row]:
    """Measure imports.

    Args:
        workers: Not needed: each statement has a process of its own.
        quick: With few turns.
    """
    times = {name: Times() for name in STATEMENTS}
    with TemporaryDirectory() as compiled:
        for turn in range(5 if quick else 26):
            for name, statement in STATEMENTS.items():
                seconds = _seconds(statement, compiled)
                if turn:  # the first one compiles, as an installation does
                    times[name].seconds.append(seconds)
    subject = "import"
    middle = {name: statistics.median(each.seconds) * 1e3 for name, each in times.items()}
    for name, target in TARGETS.items():
        value = ratio(times[name], times["pydantic"])
        sides = f"{middle[name]:.0f} / {middle['pydantic']:.0f} ms"
        yield Row(subject, f"{name} / pydantic", value, target=target, sides=sides)
    for name, milliseconds in middle.items():
        yield Row(subject, name, milliseconds, "ms")


def _seconds(statement: str, compiled: str) -> float:
    """CPU seconds of a fresh interpreter that runs one statement.

    Args:
        statement: The statement.
        compiled: The folder of compiled modules, whether or not others may be written.
    """
    environment = os.environ | {"PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", statement]
    process = os.posix_spawn(sys.executable, command, environment, setsid=True)
    try:
        _, status, usage = os.wait4(process, 0)
    except KeyboardInterrupt:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        raise
    if status:
        raise RuntimeError(f"{statement!r} failed")
    return usage.ru_utime + usage.ru_stime
