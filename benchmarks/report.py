"""What was measured, as a table for the terminal, as Markdown, JSON and charts."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import ratio
from benchmarks.targets import limit, scanner
from partialstream.cli.chart import Chart, svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.correctness.table import Table
    from benchmarks.measure import Times

_PACKAGES = (
    *("pydantic", "pydantic-core", "jiter", "openai", "httpx2", "instructor", "ijson"),
    *("json-stream", "partial-json-parser", "json-repair", "pydantic-ai-slim"),
    *("langchain-core", "baml-py", "starlette", "uvicorn"),
)


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        subject: What it is about.
        what: What was measured.
        value: The figure; None if a library that it needs is not installed.
        unit: Its unit; `"x"` for a ratio.
        target: The name of its target in `TARGETS`, None if the figure is only shown.
        floor: Whether the other side of a ratio is what nothing that does the work can reach.
        sides: Both sides of a ratio, with their unit.
        wall: The same by the clock, if `value` is CPU time.
        peak: The most memory in MB that the process has had until then, if it was asked.
        notes: Lines that say what the figure is made of.
    """

    subject: str
    what: str
    value: float | None
    unit: str = "x"
    target: str | None = None
    floor: bool = False
    sides: str = ""
    wall: float | None = None
    peak: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def limit(self) -> float | None:
        """The largest value that is good."""
        return None if self.target is None else limit(self.target)

    @property
    def missed(self) -> bool:
        """Whether there is a target and it is missed, or cannot be judged."""
        return self.limit is not None and (self.value is None or self.value > self.limit)

    @property
    def verdict(self) -> str:
        """`met` or `missed`, `floor`, or nothing."""
        if self.limit is None:
            return "floor" if self.floor else ""
        return "missed" if self.missed else "met"

    @property
    def line(self) -> str:
        """In a line."""
        return f"{self.subject}: {self.what} {_figure(self.value)} {self.unit}"


@dataclass
class Findings:
    """All that was found.

    Attributes:
        quick: Whether the figures are rough ones.
        rows: The figures.
        charts: The charts.
        tables: The tables of correctness.
    """

    quick: bool
    rows: list[Row] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def cost(subject: str, what: str, times: Times, count: int, unit: str) -> Row:
    """The row of what one delta or chunk costs, in microseconds."""
    per = 1e6 / count
    return Row(
        subject,
        what,
        times.least * per,
        f"us/{unit}",
        wall=min(times.wall) * per,
        peak=times.peak,
    )


def compare(
    subject: str,
    what: str,
    times: Times,
    other: Times | None,
    unit: str,
    *,
    count: int,
    other_count: int | None = None,
    target: str | None = None,
    floor: bool = False,
) -> Row:
    """The row of a ratio of what one delta or chunk costs two contenders.

    Args:
        subject: What it is about.
        what: Both contenders, with a slash between them.
        times: Of the one.
        other: Of the other one; None if it is not installed.
        unit: What is counted.
        count: How many there were.
        other_count: How many the other one had, if not as many.
        target: See `Row`.
        floor: See `Row`.
    """
    if other is None:
        return Row(subject, what, None, target=target, floor=floor)
    other_count = other_count or count
    value = ratio(times, other) * other_count / count
    sides = [times.least / count * 1e6, other.least / other_count * 1e6]
    shown = " / ".join(map(_figure, sides))
    return Row(subject, what, value, target=target, floor=floor, sides=f"{shown} us/{unit}")


def machine() -> dict[str, str]:
    """Where the figures are from."""
    known = {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "partialstream": version("partialstream"),
        "scanner": scanner(),
    }
    return known | {package: _version(package) for package in _PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"


def table(rows: Sequence[Row]) -> str:
    """The rows as text, a block for each subject."""
    width = max((len(row.what) for row in rows), default=0)
    lines: list[str] = []
    subject = ""
    for row in rows:
        if row.subject != subject:
            subject = row.subject
            lines += ["", subject]
        verdict = row.verdict.upper() if row.missed else row.verdict
        target = "" if row.limit is None else f"<= {row.limit:.3g}"
        figure = f"{_figure(row.value):>9} {row.unit:<9} {verdict:<6} {target:<9}"
        lines.append(f"  {row.what:<{width}}  {figure} {row.sides}".rstrip())
        lines += [f"      {note}" for note in row.notes]
    return "\n".join(lines).rstrip()


def write(folder: Path, found: Findings) -> None:
    """Write `results.json`, `results.md`, an SVG for each chart, and the table of correctness.

    Args:
        folder: Where to; it is made if it does not exist.
        found: What is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "machine": machine(),
        "quick": found.quick,
        "rows": [asdict(row) | {"limit": row.limit, "missed": row.missed} for row in found.rows],
        "charts": [asdict(chart) for chart in found.charts],
    }
    _dump(folder / "results.json", figures)
    (folder / "results.md").write_text(_markdown(found), encoding="utf-8")
    for chart in found.charts:
        (folder / f"{chart.name}.svg").write_text(svg(chart), encoding="utf-8")
    for table in found.tables:
        _dump(folder / "correctness.json", table.json)
        text = f"# Correctness\n\n{table.markdown}"
        (folder / "correctness.md").write_text(text, encoding="utf-8")


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def _markdown(found: Findings) -> str:
    lines = ["# Benchmarks", ""]
    if found.quick:
        lines += ["A quick run: few turns, rough figures.", ""]
    lines += [
        "Figures are CPU times or ratios of them unless their unit says otherwise; *both sides* "
        "are what a ratio compares, *clock* is the same by the clock, *memory* the peak of the "
        "process so far. A *floor* is below what can be reached. "
        f"The scanner is {scanner()}.",
        "",
    ]
    if found.tables:
        lines += ["What each library does with hard streams: [correctness](correctness.md).", ""]
    for chart in found.charts:
        lines += [f"![{chart.title}]({chart.name}.svg)", ""]
    lines += _markdown_table(
        [
            "subject",
            "figure",
            "value",
            "unit",
            "both sides",
            "clock",
            "memory (MB)",
            "target",
            "verdict",
        ],
        [_cells(row) for row in found.rows],
    )
    lines += _markdown_table(["", ""], [list(pair) for pair in machine().items()])
    return "\n".join(lines)


def _cells(row: Row) -> list[str]:
    wall = "" if row.wall is None else _figure(row.wall)
    peak = "" if row.peak is None else f"{row.peak:.0f}"
    target = "" if row.limit is None else f"<= {row.limit:.3g}"
    verdict = "**missed**" if row.missed else row.verdict
    figure = [row.subject, row.what, _figure(row.value), row.unit]
    return [*figure, row.sides, wall, peak, target, verdict]


def _markdown_table(heads: list[str], rows: Sequence[list[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return [*("| " + " | ".join(line) + " |" for line in lines), ""]


def _figure(value: float | None) -> str:
    if value is None:
        return "not installed"
    if isinstance(value, int):
        return str(value)
    return f"{value:.4f}" if abs(value) < 0.1 else f"{value:.3f}" if value < 100 else f"{value:.0f}"
