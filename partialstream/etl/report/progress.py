"""The progress of a run: a live display on a terminal, plain lines elsewhere.

The figures are read from the run's counters a few times a second, in a thread of their own; a run
without a display does nothing for them.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from partialstream.etl.report.figures import count, dollars, duration
from partialstream.extras import requires_extra
from partialstream.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from rich.console import Console, ConsoleOptions

    from partialstream.client import RateLimit
    from partialstream.etl.report.summary import Summary

LINE_SECONDS: Final = 10.0
"""The seconds between two lines, where there is no terminal."""

_FRAMES: Final = 4  # a second, on a terminal
_WINDOW: Final = 60.0  # seconds over which rates are averaged
_FEW: Final = 10  # documents in the window: with fewer, the rate is that of the whole run


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run at one time.

    Attributes:
        finished: Documents that were completed, skipped, or have failed.
        total: The number of documents; None if it is not known.
        open: Documents that are being read.
        failed: Documents that have failed in this run.
        rows: Rows of this run, those of open documents included.
        rows_per_second: Over the last minute.
        input_tokens: Input tokens of finished documents.
        output_tokens: Output tokens of finished documents.
        cost: US dollars for finished documents; None if the price is not known.
        seconds: Since the start of the run.
        seconds_left: An estimate; None if there is no basis for one.
        waiting: Requests that wait for the rate limit.
        waited: Seconds that requests have waited for it, summed over all requests.
    """

    finished: int
    total: int | None
    open: int
    failed: int
    rows: int
    rows_per_second: float
    input_tokens: int
    output_tokens: int
    cost: float | None
    seconds: float
    seconds_left: float | None
    waiting: int
    waited: float

    def documents_text(self) -> str:
        """How many documents, of how many."""
        if self.total is None:
            return f"{count(self.finished)} documents (total unknown)"
        return f"{count(self.finished)} of {count(self.total)} documents"

    def texts(self) -> list[str]:
        """All other figures worth showing."""
        tokens = f"{count(self.input_tokens)} tokens in, {count(self.output_tokens)} out"
        found = [f"{count(self.rows)} rows, {count(self.rows_per_second)}/s"]
        if self.open:
            found.append(f"{count(self.open)} open")
        if self.failed:
            found.append(f"{count(self.failed)} failed")
        found.append(tokens)
        if self.cost is not None:
            found.append(dollars(self.cost))
        if self.waiting or self.waited >= 0.1:
            waits = [f"{count(self.waiting)} waiting"] if self.waiting else []
            found.append(f"rate limit: {', '.join([*waits, f'waited {duration(self.waited)}'])}")
        left = self.seconds_left
        found.append(
            f"{duration(self.seconds)}{'' if left is None else f', about {duration(left)} left'}"
        )
        return found

    def __str__(self) -> str:
        return "; ".join([self.documents_text(), *self.texts()])


class Counts(NamedTuple):
    """The counters of a run, from its start."""

    read: int = 0  # documents that were completed or have failed
    skipped: int = 0
    failed: int = 0
    open: int = 0
    rows: int = 0  # those of open documents included
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    waiting: int = 0  # requests, for the rate limit
    waited: float = 0.0
    stopping: bool = False  # no more documents are started


class _Sample(NamedTuple):
    time: float
    read: int
    rows: int


class Meter:
    """Turns the counters of a run into its progress. No clock of its own.

    Args:
        counts: Returns the counters.
        total: The number of documents; None if it is not known.
        to_read: The largest number of documents that this run reads; None if it is not known.
        started: The time at which the run started.
    """

    def __init__(
        self,
        counts: Callable[[], Counts],
        *,
        total: int | None,
        to_read: int | None,
        started: float,
    ) -> None:
        self._counts = counts
        self._total = total
        self._to_read = to_read
        self._started = started
        self._first = _Sample(started, 0, 0)
        self._samples = deque([self._first])

    def progress(self, now: float) -> Progress:
        """The progress at a time."""
        counts = self._counts()
        sample = _Sample(now, counts.read, counts.rows)
        samples = self._samples
        if not counts.read and not counts.rows:  # documents that are skipped take no time
            self._first = sample
            samples.clear()
        samples.append(sample)
        while len(samples) > 2 and now - samples[1].time >= _WINDOW:
            samples.popleft()
        oldest = samples[0] if sample.read - samples[0].read >= _FEW else self._first
        finished = counts.read + counts.skipped
        bounds = [] if self._total is None else [self._total - finished]
        if self._to_read is not None:
            bounds.append(self._to_read - counts.read)
        left = min(bounds, default=-1)
        # Until as many are finished as are open, the rate is mostly that of a single worker.
        known = counts.read >= counts.open and not counts.stopping
        rate = _rate(sample.read - oldest.read, now - oldest.time) if known else 0.0
        return Progress(
            finished=finished,
            total=self._total,
            open=counts.open,
            failed=counts.failed,
            rows=counts.rows,
            rows_per_second=_rate(sample.rows - samples[0].rows, now - samples[0].time),
            input_tokens=counts.input_tokens,
            output_tokens=counts.output_tokens,
            cost=counts.cost,
            seconds=now - self._started,
            seconds_left=left / rate if left > 0 and rate > 0 else None,
            waiting=counts.waiting,
            waited=counts.waited,
        )


class RunCounters(Protocol):
    """The counters of a run that are not in its summary."""

    @property
    def open_documents(self) -> int:
        """Documents that are being read."""
        ...

    @property
    def open_rows(self) -> int:
        """Rows that open documents have so far."""
        ...

    @property
    def to_retry(self) -> int | None:
        """Documents to read at most; None if that is not known."""
        ...


def meter_of(
    run: RunCounters, summary: Summary, limit: RateLimit | None, total: int | None
) -> Meter:
    """The meter of a run that starts now.

    Args:
        run: The run.
        summary: Its summary.
        limit: The rate limit of its client; None if there is none.
        total: The number of documents; None if it is not known.

    Raises:
        TypeError: `total` is not a number of documents.
    """
    given: Any = total
    if given is not None and (isinstance(given, bool) or not isinstance(given, int)):
        raise TypeError(f"total= must be a number of documents, not {given!r}")
    waited = 0.0 if limit is None else limit.waited

    def counts() -> Counts:
        return Counts(
            read=summary.done + summary.failed,
            skipped=summary.skipped,
            failed=summary.failed,
            open=run.open_documents,
            rows=summary.rows + run.open_rows,
            input_tokens=summary.input_tokens,
            output_tokens=summary.output_tokens,
            cost=summary.cost,
            waiting=0 if limit is None else limit.waiting,
            waited=0.0 if limit is None else limit.waited - waited,
            stopping=summary.interrupted,
        )

    return Meter(counts, total=total, to_read=run.to_retry, started=time.monotonic())


def _rate(units: int, seconds: float) -> float:
    return max(units, 0) / seconds if seconds > 0 else 0.0


# -- display -------------------------------------------------------------------------------


def check_display() -> None:
    """Check that progress can be shown.

    Raises:
        ModuleNotFoundError: rich is not installed.
    """
    with requires_extra("cli", "progress="):
        import_module("rich")


@contextmanager
def shown(meter: Meter, *, seconds: float | None = None) -> Generator[None]:
    """Show the progress on standard error while the block runs, and once more at its end.

    Args:
        meter: Gives the progress.
        seconds: Between two lines, where there is no terminal; None for `LINE_SECONDS`.
    """
    console = terminal(stderr=True)
    if console is None:
        with _lines(meter, LINE_SECONDS if seconds is None else seconds):
            yield
        return
    live: Any = import_module("rich.live").Live(
        console=console,
        get_renderable=lambda: _Frame(meter.progress(time.monotonic())),
        refresh_per_second=_FRAMES,
        # Otherwise rich would send what is printed to a pipe to the terminal.
        redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
    )
    with live:
        yield


@contextmanager
def _lines(meter: Meter, seconds: float) -> Generator[None]:
    ended = threading.Event()

    def show() -> None:
        while not ended.wait(seconds):
            _write_line(meter)

    thread = threading.Thread(target=show, name="partialstream-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _write_line(meter)


def _write_line(meter: Meter) -> None:
    if sys.stderr is not None:
        # A run does not end because nobody reads its progress any more.
        with suppress(OSError, ValueError):
            print(f"partialstream: {meter.progress(time.monotonic())}", file=sys.stderr, flush=True)


class _Frame:
    """Progress as rich draws it: a bar, then as many lines as the other figures need."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Any]:
        progress = self._progress
        text: Any = import_module("rich.text").Text  # a str would have its numbers highlighted
        documents = text(progress.documents_text())
        if progress.total is None:
            yield documents
        else:
            grid: Any = import_module("rich.table").Table.grid(padding=(0, 2, 0, 0), expand=True)
            grid.add_column(ratio=1)
            grid.add_column(no_wrap=True)
            bar = import_module("rich.progress_bar").ProgressBar(
                max(progress.total, 1), progress.finished if progress.total else 1
            )
            grid.add_row(bar, documents)
            yield grid
        line = ""
        for figure in progress.texts():
            if line and len(line) + len(figure) + 3 > options.max_width:
                yield text(line)
                line = ""
            line = f"{line} · {figure}" if line else figure
        yield text(line)
