"""Asks all libraries, and prints the table: `python -m benchmarks.correctness`."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.correctness import table
from benchmarks.correctness.cases import CASES, SUBJECTS
from benchmarks.correctness.libraries import LIBRARIES
from benchmarks.correctness.run import ask_all
from benchmarks.correctness.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, print the table; gives the exit code."""
    options = _options(arguments)
    columns: dict[str, list[table.Cell]] = {}
    versions: dict[str, str] = {}
    for library in options.only or LIBRARIES:
        name, package = LIBRARIES[library]
        print(f"{name} …", file=sys.stderr)
        versions[name] = _version(package)
        subjects = [subject for subject, cases in SUBJECTS.items() for _ in cases]
        columns[name] = [
            table.Cell(subject, case.name, name, verdict(case, record), record)
            for subject, case, record in zip(subjects, CASES, ask_all(library, CASES), strict=True)
        ]
    cells = [cell for row in zip(*columns.values(), strict=True) for cell in row]
    print(table.as_text(cells, versions))
    if options.details:
        for cell in cells:
            if cell.word not in ("right", "n/a", "not installed"):
                print(f"\n{cell.library}, {cell.subject}, {cell.case}: {cell.word}")
                print(f"  {cell.record}"[:600])
    if options.json:
        options.json.write_text(json.dumps(table.as_json(cells, versions), indent=2) + "\n")
    if options.markdown:
        options.markdown.write_text(table.as_markdown(cells, versions))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.correctness",
        description="What libraries do with the streams on which their users have stumbled. "
        "Needs: pip install 'partialstream[bench]'.",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that happened")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table")
    parser.add_argument("--details", action="store_true", help="print what was not right")
    parser.add_argument(
        "--only", action="append", choices=LIBRARIES, help="one library; may be given repeatedly"
    )
    return parser.parse_args(arguments)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"


if __name__ == "__main__":
    sys.exit(main())
