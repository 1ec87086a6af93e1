"""What `partialstream bench` says on standard error while it measures."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from partialstream.cli.output import write_error

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.status import Status

    from partialstream.cli.bench_runs import Kind, Measured

_NAMES: dict[Kind, str] = {"streamed": "streamed", "whole": "not streamed"}


class LineProgress:
    """Writes a line when a run is over.

    Args:
        warm_up: How many runs come first that are not counted.
        runs: How many of each kind are counted.
    """

    def __init__(self, warm_up: int, runs: int) -> None:
        self._warm_up = warm_up
        self._total = warm_up + 2 * runs
        self._number = 0
        self._kind: Kind = "streamed"

    def begins(self, kind: Kind) -> None:
        """The next run begins."""
        self._number += 1
        self._kind = kind

    def item(self, count: int) -> None:
        """So many items of it have arrived."""

    def ends(self, run: Measured) -> None:
        """Tell of the run."""
        first = f"first item {run.items[0]:.2f} s, " if run.items else ""
        write_error(f"{self.label}: {first}{_items(len(run.items))} in {run.total:.2f} s")

    @property
    def label(self) -> str:
        """Which run it is."""
        counted = "" if self._number > self._warm_up else " (warm-up, not counted)"
        return f"run {self._number} of {self._total}, {_NAMES[self._kind]}{counted}"


class TerminalProgress(LineProgress):
    """Also shows the run that goes on.

    Args:
        warm_up: How many runs come first that are not counted.
        runs: How many of each kind are counted.
        status: Where it is shown.
    """

    def __init__(self, warm_up: int, runs: int, status: Status) -> None:
        super().__init__(warm_up, runs)
        self._status = status

    def begins(self, kind: Kind) -> None:
        """Show which run begins."""
        super().begins(kind)
        self._status.update(f"{self.label} …")

    def item(self, count: int) -> None:
        """Show how many items have arrived."""
        self._status.update(f"{self.label}: {_items(count)} …")


@contextmanager
def progress_for(warm_up: int, runs: int) -> Generator[LineProgress, None, None]:
    """Choose how to tell of the runs; a terminal is left as it was.

    Args:
        warm_up: How many runs come first that are not counted.
        runs: How many of each kind are counted.
    """
    if sys.stderr is not None and sys.stderr.isatty():
        console = Console(stderr=True)
        if console.is_terminal and not console.is_dumb_terminal:
            with console.status("") as status:
                yield TerminalProgress(warm_up, runs, status)
            return
    yield LineProgress(warm_up, runs)


def _items(count: int) -> str:
    return f"{count} item" if count == 1 else f"{count} items"
