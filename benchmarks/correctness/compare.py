"""All cases with all libraries: what `python -m benchmarks` does with them, too."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from benchmarks.correctness.cases import CASES, SUBJECTS
from benchmarks.correctness.libraries import LIBRARIES
from benchmarks.correctness.run import ask_all
from benchmarks.correctness.table import Cell, Table
from benchmarks.correctness.verdict import verdict
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.measure import Workers

OURS = "partialstream_"

AT_ONCE = 6
"""Libraries that work beside each other: nothing is timed here."""


def measure(workers: Workers, *, quick: bool) -> Iterator[Row | Table]:
    """Make the whole table.

    Args:
        workers: Not needed: a case may kill or hang its process, so there are others.
        quick: Makes no difference.
    """
    table = compare(tuple(LIBRARIES))
    for library, (name, _) in LIBRARIES.items():
        words = [cell.word for cell in table.cells if cell.library == name]
        offered = [word for word in words if word not in ("n/a", "not installed")]
        wrong = len(offered) - offered.count("right")
        target = "cells that are not right" if library == OURS else None
        value = None if "not installed" in words else float(wrong)
        what = f"{name}: cells that are not right, of {len(offered)}"
        yield Row("correctness", what, value, "cells", target=target)
    yield table


def compare(libraries: Sequence[str]) -> Table:
    """Let libraries do all cases; progress goes to stderr.

    Args:
        libraries: Names in `LIBRARIES`.
    """
    subjects = [subject for subject, cases in SUBJECTS.items() for _ in cases]
    columns: list[list[Cell]] = []
    for start in range(0, len(libraries), AT_ONCE):
        group = libraries[start : start + AT_ONCE]
        names = [LIBRARIES[library][0] for library in group]
        print(f"  {', '.join(names)} …", file=sys.stderr)
        for name, records in zip(names, ask_all(group, CASES), strict=True):
            cases = zip(subjects, CASES, records, strict=True)
            columns.append(
                [
                    Cell(subject, case.name, name, verdict(case, record), record)
                    for subject, case, record in cases
                ]
            )
    versions = {name: _version(package) for name, package in map(LIBRARIES.__getitem__, libraries)}
    return Table([cell for row in zip(*columns, strict=True) for cell in row], versions)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"
