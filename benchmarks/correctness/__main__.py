"""Asks all libraries, and prints the table: `python -m benchmarks.correctness`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.correctness.compare import compare
from benchmarks.correctness.libraries import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, print the table; gives the exit code."""
    options = _options(arguments)
    try:
        table = compare(tuple(options.only or LIBRARIES))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(table.text)
    if options.details:
        for cell in table.cells:
            if cell.word not in ("right", "n/a", "not installed"):
                print(f"\n{cell.library}, {cell.subject}, {cell.case}: {cell.word}")
                print(f"  {cell.record}"[:600])
    if options.json:
        options.json.write_text(json.dumps(table.json, indent=2) + "\n")
    if options.markdown:
        options.markdown.write_text(table.markdown)
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


if __name__ == "__main__":
    sys.exit(main())
