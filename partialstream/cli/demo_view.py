"""What the demo shows: two columns on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from partialstream.cli.output import printable, write_line

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from partialstream.cli.demo_race import Race, Run

_WIDTH = 100  # of a line in a pipe


class SilentView:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing has to be put back."""

    def arrived(self, run: Run, count: int) -> None:
        """So many items were added to a run."""

    def tick(self) -> None:
        """Time has passed."""

    def end(self) -> None:
        """Both runs are finished."""


class LineView(SilentView):
    """Writes a line for each item, as a pipe and a file want it."""

    def __init__(self, race: Race, title: str) -> None:
        self._race = race
        write_line(title)

    def arrived(self, run: Run, count: int) -> None:
        """Write the time, the run, and the item or how many they are."""
        if count == 1:
            what = _product_line(run, len(run.products) - 1)
        else:
            what = f"all {count} items"
        line = f"{self._race.elapsed:6.2f} s  {run.label}  {what}"
        write_line(line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…")

    def end(self) -> None:
        """Write the table."""
        console = Console(file=StringIO(), width=_WIDTH, color_system=None)
        with console.capture() as captured:
            console.print(figures_table(self._race))
        write_line("")
        for line in captured.get().splitlines():
            write_line(line.rstrip())


class TerminalView(SilentView):
    """Redraws both runs side by side."""

    def __init__(self, race: Race, title: str, console: Console) -> None:
        self._race = race
        self._console = console
        self._live = Live(console=console, auto_refresh=False)
        console.print(title, highlight=False)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        self._live.__exit__(kind, error, traceback)

    def arrived(self, run: Run, count: int) -> None:
        """Draw them at once."""
        self.tick()

    def tick(self) -> None:
        """Draw."""
        race = self._race
        columns = Table.grid(expand=True)
        columns.add_column(ratio=1)
        columns.add_column(ratio=1)
        columns.add_row(self._panel(race.streamed, "green"), self._panel(race.whole, "yellow"))
        self._live.update(columns, refresh=True)

    def end(self) -> None:
        """Draw the table below."""
        self._live.stop()
        self._console.print(figures_table(self._race))

    def _panel(self, run: Run, colour: str) -> Panel:
        lines = Text(no_wrap=True, overflow="ellipsis")
        for index, seconds in enumerate(run.seconds):
            lines.append(f"{seconds:5.1f} s  ", style=colour)
            lines.append(f"{_product_line(run, index)}\n")
        if not run.finished:
            lines.append(f"{self._race.elapsed:5.1f} s  …", style="dim")
        lines.rstrip()
        # As high as it will be, so that nothing jumps; two lines are its border.
        height = max(self._race.items, len(run.products)) + 2
        return Panel(lines, title=run.label, border_style=colour, padding=(0, 1), height=height)


def view_for(race: Race, title: str, *, silent: bool) -> SilentView:
    """Choose how to show a race.

    Args:
        race: What is shown.
        title: Said first.
        silent: Whether to show nothing.
    """
    if silent:
        return SilentView()
    console = Console()
    if sys.stdout.isatty() and console.is_terminal and not console.is_dumb_terminal:
        return TerminalView(race, title, console)
    return LineView(race, title)


def figures_table(race: Race) -> Table:
    """The times of both runs, and how many times earlier the first of them is."""
    streamed, whole = race.streamed, race.whole
    table = Table(box=None, pad_edge=False, padding=(0, 4, 0, 0))
    table.add_column("")
    table.add_column("first item", justify="right")
    table.add_column("last item", justify="right")
    for run in (streamed, whole):
        table.add_row(run.label, _seconds(run.first), _seconds(run.last))
    table.add_row(
        "ratio",
        _times(ratio(whole.first, streamed.first)),
        _times(ratio(whole.last, streamed.last)),
    )
    return table


def ratio(longer: float | None, shorter: float | None) -> float | None:
    """How many times longer one time is than another, None if one of them is not known."""
    return longer / shorter if longer is not None and shorter else None


def _product_line(run: Run, index: int) -> str:
    product = run.products[index]
    return printable(f"{index + 1:2}. {product.name}: {product.reason}")


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f} s"


def _times(factor: float | None) -> str:
    return "-" if factor is None else f"{factor:.1f} x"
