"""The command: measures CPU, memory and latency beside other libraries."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import growing, imports, items, latency, loopback, memory, report, sizes, tiny
from benchmarks.charts import Chart
from benchmarks.measure import Workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUBJECTS = {
    "items": items.measure,
    "growing": growing.measure,
    "sizes": sizes.measure,
    "http": loopback.measure,
    "latency": latency.measure,
    "memory": memory.measure,
    "imports": imports.measure,
    "tiny": tiny.measure,
}


DEFAULT = tuple(subject for subject in SUBJECTS if subject != "tiny")
"""What is measured if nothing else is said; the tiny one only tries the command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the files; gives the exit code."""
    options = _options(arguments)
    rows: list[report.Row] = []
    drawn: list[Chart] = []
    for subject in options.only or DEFAULT:
        print(f"{subject} …", file=sys.stderr)
        for result in _measure(subject, quick=options.quick):
            if isinstance(result, Chart):
                drawn.append(result)
                continue
            print(
                f"  {result.subject}: {result.what} {result.value:.3f} {result.unit}",
                file=sys.stderr,
            )
            rows.append(result)
    report.write(options.out, rows, drawn, quick=options.quick)
    for name, value in report.machine().items():
        print(f"{name:<20} {value}")
    print(report.table(rows))
    for note in (note for chart in drawn for note in chart.notes):
        print(f"  {note}")
    missed = [row for row in rows if row.missed]
    judged = sum(row.target is not None for row in rows)
    print(f"\n{len(missed)} of {judged} targets missed; written to {options.out}")
    return 1 if missed and options.check else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="CPU time, latency and memory of partialstream, as ratios to other libraries. "
        "Needs: pip install 'partialstream[bench]'.",
    )
    parser.add_argument("--quick", action="store_true", help="two minutes, rougher figures")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        default=Path("benchmark-results"),
        help="where results.json, results.md and the charts go (default: %(default)s)",
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument(
        "--only",
        action="append",
        choices=tuple(SUBJECTS),
        metavar="SUBJECT",
        help=f"measure one subject ({', '.join(SUBJECTS)}); may be given repeatedly",
    )
    return parser.parse_args(arguments)


def _measure(subject: str, *, quick: bool) -> Iterable[report.Row | Chart]:
    with Workers() as workers:
        yield from SUBJECTS[subject](workers, quick=quick)


if __name__ == "__main__":
    sys.exit(main())
