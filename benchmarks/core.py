"""Measures CPU and memory beside other libraries: `python -m benchmarks.core`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import growing, imports, items, loopback, memory, report
from benchmarks.measure import Workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUBJECTS = ("items", "growing", "loopback", "imports", "memory")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table; gives the exit code."""
    options = _options(arguments)
    rows: list[report.Row] = []
    for subject in options.only or SUBJECTS:
        print(f"{subject} …", file=sys.stderr)
        for row in _measure(subject, quick=options.quick):
            print(f"  {row.subject}: {row.what} {row.value:.3f} {row.unit}", file=sys.stderr)
            rows.append(row)
    for name, value in report.machine().items():
        print(f"{name:<14} {value}")
    print(report.table(rows))
    if options.json:
        options.json.write_text(json.dumps(report.as_json(rows), indent=2) + "\n")
    missed = [row for row in rows if row.missed]
    if missed:
        print(f"\n{len(missed)} of {sum(row.target is not None for row in rows)} targets missed")
    return 1 if missed and options.check else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.core",
        description="CPU time and memory of partialstream, as ratios to other libraries. "
        "Needs: pip install 'partialstream[bench]'.",
    )
    parser.add_argument("--quick", action="store_true", help="fewer turns, rougher figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument(
        "--only",
        action="append",
        choices=SUBJECTS,
        metavar="SUBJECT",
        help=f"measure one subject ({', '.join(SUBJECTS)}); may be given repeatedly",
    )
    return parser.parse_args(arguments)


def _measure(subject: str, *, quick: bool) -> Iterable[report.Row]:
    if subject == "imports":
        return imports.measure(quick=quick)
    if subject == "memory":
        return memory.measure()
    with Workers() as workers:
        module = {"items": items, "growing": growing, "loopback": loopback}[subject]
        return list(module.measure(workers, quick=quick))


if __name__ == "__main__":
    sys.exit(main())
