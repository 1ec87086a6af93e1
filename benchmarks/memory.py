"""What a long list of items leaves in memory: the growth of a process's peak.

`python -m benchmarks.memory MEGABYTES CHARACTERS` is the process that is watched: it reads so
many megabytes of items in chunks of so many characters, and prints by how many megabytes its
peak has grown.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks import documents
from benchmarks.report import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTES = 10.0
"""Target."""

RUNS = ((100, 4096), (10, documents.DELTA))


def measure() -> Iterator[Row]:
    """Measure memory."""
    for megabytes, characters in RUNS:
        command = [sys.executable, "-m", "benchmarks.memory", str(megabytes), str(characters)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        what = f"peak growth over {megabytes} MB of items, {characters} characters a delta"
        yield Row("memory", what, float(printed), "MB", target=MEGABYTES)


def chunks(megabytes: float, characters: int) -> Iterator[str]:
    """The text of a long list, made on the way."""
    block = documents.items("flat", 400).text[len('{"items": [') : -len("]}")] + ", "
    block *= characters // 400 + 1  # so that the cuts fall everywhere
    yield '{"items": ['
    written = 0
    while written < megabytes * 1_000_000:
        for start in range(0, len(block), characters):
            yield block[start : start + characters]
        written += len(block)
    yield block[:-2] + "]}"


def _read(megabytes: float, characters: int) -> None:
    from partialstream import stream_items

    for _ in stream_items(documents.Product, chunks(megabytes, characters)):
        pass


def _peak() -> float:
    """The most memory that this process ever had, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    """Read, and print the growth."""
    megabytes, characters = float(sys.argv[1]), int(sys.argv[2])
    _read(1, characters)
    before = _peak()
    _read(megabytes, characters)
    print(_peak() - before)


if __name__ == "__main__":
    main()
