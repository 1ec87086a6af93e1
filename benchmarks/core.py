"""The command: measures CPU, memory, latency and correctness beside other libraries."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import (
    calls,
    etl,
    growing,
    imports,
    items,
    latency,
    loopback,
    memory,
    parts,
    report,
    sizes,
    tiny,
    web,
)
from benchmarks.correctness import compare
from benchmarks.correctness.table import Table
from benchmarks.measure import Workers
from partialstream.cli.chart import Chart

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUBJECTS = {
    "items": items.measure,
    "parts": parts.measure,
    "growing": growing.measure,
    "sizes": sizes.measure,
    "calls": calls.measure,
    "http": loopback.measure,
    "latency": latency.measure,
    "memory": memory.measure,
    "imports": imports.measure,
    "web": web.measure,
    "etl": etl.measure,
    "correctness": compare.measure,
    "tiny": tiny.measure,
}


DEFAULT = tuple(subject for subject in SUBJECTS if subject != "tiny")
"""What is measured if nothing else is said; the tiny one only tries the command."""


INTERRUPTED = 130
"""What a shell gives for a program that Ctrl-C has ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the files; gives the exit code."""
    options = _options(arguments)
    try:
        return _run(options)
    except KeyboardInterrupt:
        print("interrupted; nothing is written", file=sys.stderr)
        return INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    found = report.Findings(quick=options.quick)
    start = perf_counter()
    for subject in options.only or DEFAULT:
        print(f"{subject} … (after {perf_counter() - start:.0f} s)", file=sys.stderr)
        for result in _measure(subject, quick=options.quick):
            if isinstance(result, Chart):
                found.charts.append(result)
            elif isinstance(result, Table):
                found.tables.append(result)
            else:
                print(f"  {result.line}", file=sys.stderr)
                found.rows.append(result)
    report.write(options.out, found)
    for name, value in report.machine().items():
        print(f"{name:<20} {value}")
    print(report.table(found.rows))
    for note in (note for chart in found.charts for note in chart.notes):
        print(f"  {note}")
    for table in found.tables:
        print(f"\n{table.text}")
    missed = [row for row in found.rows if row.missed]
    judged = sum(row.target is not None for row in found.rows)
    print(f"\n{len(missed)} of {judged} targets missed; written to {options.out}")
    return 1 if missed and options.check else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="CPU time, latency and memory of partialstream, as ratios to other libraries, "
        "and a table of what each does with streams on which its users have stumbled. "
        "Needs: pip install 'partialstream[bench]'. A library that is not there is left out; "
        "what needs it cannot be judged.",
    )
    parser.add_argument("--quick", action="store_true", help="a few minutes, rougher figures")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        default=Path("benchmark-results"),
        help="where results.json, results.md, correctness.json, correctness.md and the charts go "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="exit with 1 if a target is missed or cannot be judged, or a cell of "
        "partialstream is not right",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=tuple(SUBJECTS),
        metavar="SUBJECT",
        help=f"measure one subject ({', '.join(SUBJECTS)}); may be given repeatedly",
    )
    return parser.parse_args(arguments)


def _measure(subject: str, *, quick: bool) -> Iterable[report.Row | Chart | Table]:
    with Workers() as workers:
        yield from SUBJECTS[subject](workers, quick=quick)


if __name__ == "__main__":
    sys.exit(main())
