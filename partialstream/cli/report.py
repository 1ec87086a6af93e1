"""The report of `partialstream bench`: percentiles, a table, JSON, a chart."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Final, Literal

from rich.console import Console
from rich.table import Table

from partialstream.cli.chart import Chart
from partialstream.cli.output import plural, write_line
from partialstream.terminal import printable, terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["streamed", "whole"]
"""Whether each item is taken when it is complete, or the whole response is waited for."""

_WIDTH: Final = 100  # of a line in a pipe
_FIRST_TOKEN: Final = "first token"
_ITEM_ROWS: Final = 12  # more would fill a screen; JSON has all

# The fewest runs of which a percentile differs from the slowest.
_FEWEST: Final = {50: 1, 90: 10, 99: 100}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. Times are seconds since its request.

    Attributes:
        kind: Which of the two it is.
        first_token: The first text of any kind, reasoning included; None if there was none. Of
            a whole response nothing is there before its end.
        items: When each item was there.
        total: When the response was over.
        output_tokens: As the endpoint counts them, None if it does not.
    """

    kind: Kind
    first_token: float | None
    items: tuple[float, ...]
    total: float
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All that was measured, and where."""

    endpoint: str  # without anything secret
    model: str
    mode: str
    tokens_per_second: float | None  # of the built-in server
    runs: int  # of each kind that were asked for; those made may be fewer
    measured: Sequence[Measured]

    def of(self, kind: Kind) -> list[Measured]:
        """The runs of one kind, in order."""
        return [run for run in self.measured if run.kind == kind]

    def item_times(self, kind: Kind) -> list[list[float]]:
        """For each item of the list, its times in those runs of a kind that had so many."""
        runs = self.of(kind)
        most = max((len(run.items) for run in runs), default=0)
        return [[run.items[n] for run in runs if len(run.items) > n] for n in range(most)]


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The value that so many percent of the values do not exceed, interpolated between two."""
    if len(values) < 2:
        return values[0] if values else None
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return [min(values), *cuts, max(values)][percent]


def percents_for(runs: int) -> list[int]:
    """The percentiles that so many runs allow."""
    return [percent for percent, fewest in _FEWEST.items() if runs >= fewest]


def summary(values: Sequence[float]) -> dict[str, Any]:
    """The percentiles of some times, their extremes, and how many they are."""
    figures: dict[str, Any] = {"runs": len(values)}
    if values:
        figures["min"] = _rounded(min(values))
        for percent in percents_for(len(values)):
            figures[f"p{percent}"] = _rounded(percentile(values, percent))
        figures["max"] = _rounded(max(values))
    return figures


def as_json(report: Report) -> dict[str, Any]:
    """Everything as JSON: times in seconds since the request, to a tenth of a millisecond."""
    whole = percentile([run.total for run in report.of("whole")], 50)
    items = report.item_times("streamed")
    first_item = items[0] if items else []
    return {
        "endpoint": report.endpoint,
        "model": report.model,
        "mode": report.mode,
        "tokens_per_second": report.tokens_per_second,
        "runs_wanted": report.runs,
        "finished": len(report.measured) == 2 * report.runs,
        "streamed": {
            "first_token": summary(_first_tokens(report)),
            "first_item": summary(first_item),
            "items": [summary(times) for times in items],
            "whole_answer": summary([run.total for run in report.of("streamed")]),
        },
        "not_streamed": {"whole_answer": summary([run.total for run in report.of("whole")])},
        "first_item_ratio": _rounded(ratio(whole, percentile(first_item, 50))),
        "measured": [
            {
                "kind": "streamed" if run.kind == "streamed" else "not_streamed",
                "first_token": _rounded(run.first_token),
                "items": [_rounded(seconds) for seconds in run.items],
                "whole_answer": _rounded(run.total),
                "output_tokens": run.output_tokens,
            }
            for run in report.measured
        ],
    }


def headline(report: Report) -> str:
    """The line above the table."""
    streamed, whole = report.of("streamed"), report.of("whole")
    tokens = [run.output_tokens for run in report.measured if run.output_tokens is not None]
    line = f"{report.model} at {report.endpoint}, {report.mode}"
    if report.tokens_per_second is not None:
        line = f"{report.endpoint} at {report.tokens_per_second:g} tokens a second, {report.mode}"
    line += f": {_span([len(streamed)], 'run')} streamed, {len(whole)} not; "
    line += _span([len(run.items) for run in report.measured], "item")
    return f"{line}, {_span(tokens, 'token')}" if tokens else line


def show(report: Report) -> None:
    """Print the table with its headline."""
    write_line(printable(headline(report)))
    show_table(_table(report))


def show_table(table: Table) -> None:
    """Print a table: with rich on a terminal, as plain lines elsewhere."""
    if (console := terminal()) is not None:
        console.print(table)
        return
    console = Console(file=StringIO(), width=_WIDTH, color_system=None)
    with console.capture() as captured:
        console.print(table)
    for line in ["", *captured.get().splitlines()]:
        write_line(line.rstrip())


def chart(report: Report) -> Chart:
    """The chart: how many items are there after how many seconds, in the median."""
    medians = {"streamed": _medians(report, "streamed"), "not streamed": _medians(report, "whole")}
    return Chart(
        name="bench",
        title=printable(headline(report)),
        across="seconds since the request (median)",
        up="items",
        series={
            name: [(seconds, float(count)) for count, seconds in enumerate(times, 1)]
            for name, times in medians.items()
        },
        steps=True,
    )


def ratio(longer: float | None, shorter: float | None) -> float | None:
    """How many times longer one time is than another, None if one of them is not known."""
    return longer / shorter if longer is not None and shorter else None


def _medians(report: Report, kind: Kind) -> list[float]:
    """The median time of each item that all runs of a kind have."""
    runs = len(report.of(kind))
    found = [percentile(times, 50) for times in report.item_times(kind) if len(times) == runs]
    return [seconds for seconds in found if seconds is not None]


def _table(report: Report) -> Table:
    whole = [run.total for run in report.of("whole")]
    streamed = [run.total for run in report.of("streamed")]
    counts = [len(each) for each in (streamed, whole) if each]
    levels = {f"p{percent}": percent for percent in percents_for(min(counts, default=0))}
    if len(levels) < 2:
        levels["max"] = 100
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("\ntime to", no_wrap=True)
    for kind in ("streamed", "not streamed"):
        for place, level in enumerate(levels):
            name = kind if place == 0 else ""
            table.add_column(f"{name}\n{level}", justify="right", no_wrap=True)
    table.add_column("times\nearlier", justify="right", no_wrap=True)
    for label, times in _rows(report, streamed):
        cells = [
            _seconds(percentile(each, percent))
            for each in (times, whole)
            for percent in levels.values()
        ]
        factor = ratio(percentile(whole, 50), percentile(times, 50))
        earlier = "-" if factor is None else f"{factor:.1f} x"
        # A first token cannot be used, so an early one is no gain.
        table.add_row(label, *cells, "" if label == _FIRST_TOKEN else earlier)
    return table


def _rows(report: Report, streamed: list[float]) -> list[tuple[str, Sequence[float]]]:
    """The rows' labels and the times of the streamed runs."""
    rows: list[tuple[str, Sequence[float]]] = [(_FIRST_TOKEN, _first_tokens(report))]
    # An item that only some responses have would be compared with other responses.
    items = [times for times in report.item_times("streamed") if len(times) == len(streamed)]
    shown = _spread(len(items), _ITEM_ROWS)
    rows += [("first item" if n == 0 else f"item {n + 1}", items[n]) for n in shown]
    return [*rows, ("whole response", streamed)]


def _spread(count: int, most: int) -> list[int]:
    """Indexes from the first to the last, evenly spread, and no more than so many."""
    if count <= most:
        return list(range(count))
    return sorted({round(step * (count - 1) / (most - 1)) for step in range(most)})


def _first_tokens(report: Report) -> list[float]:
    runs = report.of("streamed")
    return [run.first_token for run in runs if run.first_token is not None]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _span(numbers: Sequence[int], of: str) -> str:
    low, high = min(numbers, default=0), max(numbers, default=0)
    return plural(high, of) if low == high else f"{low} to {plural(high, of)}"
