"""Asks the workers, with a time limit."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.correctness.verdict import Record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from benchmarks.correctness.case import Case

_ROOT = Path(__file__).resolve().parents[2]

SECONDS = 3.0
"""What a case may take. All but the hanging ones take some milliseconds."""

START_SECONDS = 30.0
"""What the first case of a process may take, since imports count there."""


class Worker:
    """The process of one library. If a case kills or hangs it, the next one gets another.

    Args:
        library: The name of a module in `libraries`.
        seconds: What a case may take that is not the first one of a process.
        module: The module to run as the worker.
    """

    def __init__(
        self,
        library: str,
        *,
        seconds: float = SECONDS,
        module: str = "benchmarks.correctness.worker",
    ) -> None:
        self._command = [sys.executable, "-m", module, library]
        self._seconds = seconds
        self._limit = START_SECONDS
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def ask(self, case: Case) -> Record:
        """Do a case; gives what happened."""
        self.send(case)
        return self.receive()

    def send(self, case: Case) -> None:
        """Give it a case; what happens with it is asked for by `receive`."""
        process = self._process or self._start()
        if process.stdin is None:
            raise RuntimeError("a worker is talked to through pipes")
        with suppress(BrokenPipeError):  # a dead process gives nothing, which is seen then
            process.stdin.write(case.key + "\n")
            process.stdin.flush()

    def receive(self) -> Record:
        """What happened with the case that was sent."""
        try:
            line = self._lines.get(timeout=self._limit)
        except queue.Empty:
            line = ""
        limit, self._limit = self._limit, self._seconds
        if not line:
            status = None if self._process is None else self._process.poll()
            self._end()
            return Record(died=True, message=_ending(status, limit))
        record = json.loads(line)
        record["values"] = [(at, value) for at, value in record["values"]]
        return Record(**record)

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
            start_new_session=True,  # Ctrl-C is for the command, which ends its processes
        )
        lines = self._lines = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=_read, args=(process, lines), daemon=True),
            threading.Thread(target=_drain, args=(process,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self._process, self._limit = process, START_SECONDS
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for thread in self._threads:
                thread.join()
            if process.stdin is not None:
                with suppress(BrokenPipeError):  # what it has not read is lost
                    process.stdin.close()


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str]) -> None:
    if process.stdout is not None:
        with process.stdout as stdout:
            for line in stdout:
                lines.put(line)
    process.wait()
    lines.put("")


def _drain(process: subprocess.Popen[str]) -> None:
    if process.stderr is not None:
        with process.stderr as stderr:
            for _ in stderr:
                pass


def _ending(status: int | None, seconds: float) -> str:
    if status is None:
        return f"nothing came for {seconds:g} seconds"
    return f"the process ended with {status}"


def ask_all(libraries: Sequence[str], cases: Sequence[Case]) -> list[list[Record]]:
    """Do cases with some libraries at a time, case by case.

    Returns:
        For each library what happened, in the order of the cases.
    """
    records: list[list[Record]] = [[] for _ in libraries]
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(library)) for library in libraries]
        for case in cases:
            for worker in workers:
                worker.send(case)
            for worker, column in zip(workers, records, strict=True):
                column.append(worker.receive())
    return records
