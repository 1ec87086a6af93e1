"""CPU times that can be compared although other programs run beside.

Each library has a process of its own. They are asked in turns (A B C A B C …), so that what
disturbs one disturbs all, and compared pair by pair: the ratio of two contenders is the median
of the ratios of their turns.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType


@dataclass(frozen=True)
class Task:
    """Something a library can be asked to do.

    Attributes:
        library: The name of a module in `benchmarks.libraries`.
        task: The name of a function in it.
        arguments: For that function.
    """

    library: str
    task: str
    arguments: tuple[Any, ...]


@dataclass
class Times:
    """What a contender took.

    Attributes:
        seconds: CPU seconds of each turn.
        wall: Seconds of each turn by the clock.
        count: What the run gave: items or deltas.
        peak: The most memory in MB that the library's process has had until then.
    """

    seconds: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    count: int = 0
    peak: float = 0.0

    @property
    def least(self) -> float:
        """The seconds of the turn that was disturbed least."""
        return min(self.seconds)


def ratio(times: Times, other: Times) -> float:
    """How many times as long as the other one, in the median turn."""
    return statistics.median(
        mine / theirs for mine, theirs in zip(times.seconds, other.seconds, strict=True)
    )


class Workers:
    """A process for each library, started when it is first needed."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self._processes.values():
            if kind is not None:
                process.kill()  # it may be in the middle of a long run
            process.communicate()

    def race(self, tasks: Mapping[str, Task], turns: int) -> dict[str, Times]:
        """Run tasks in turns.

        Args:
            tasks: By the contender's name.
            turns: How many turns each gets.

        Returns:
            What each took. Who is not installed is left out.
        """
        times = {name: Times() for name in tasks}
        for _ in range(turns):
            for name in list(times):
                answer = self._ask(tasks[name])
                if not answer.get("installed", True):
                    del times[name]
                    continue
                times[name].seconds.append(answer["seconds"])
                times[name].wall.append(answer["wall"])
                times[name].count = answer["count"]
                times[name].peak = answer["peak"]
        return times

    def _ask(self, task: Task) -> dict[str, Any]:
        process = self._processes.get(task.library)
        if process is None:
            process = self._processes[task.library] = start_worker(task.library)
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a worker is talked to through pipes")
        order = {"task": task.task, "arguments": task.arguments}
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {task.library} has died, see above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def start_worker(library: str) -> subprocess.Popen[str]:
    """A fresh process for one library."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.worker", library],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the command, which ends its processes
    )


def same_count(times: Sequence[Times]) -> None:
    """Check that all contenders did the same.

    Raises:
        RuntimeError: They did not.
    """
    counts = {each.count for each in times}
    if len(counts) > 1:
        raise RuntimeError(f"the contenders do not agree on what was to do: {sorted(counts)}")
