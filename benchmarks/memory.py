"""What a long list of items leaves in memory: the peak of a process, and its growth.

`python -m benchmarks.memory LIBRARY MEGABYTES CHARACTERS` is the process that is watched: it
reads a megabyte of items, then so many, in chunks of so many characters, and prints by how many
megabytes its peak has grown, and to how many.
"""

from __future__ import annotations

import importlib
import json
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks import documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.charts import Chart, Point
    from benchmarks.measure import Workers
    from benchmarks.report import Row

RUNS = ((100, 4096), (10, documents.DELTA))
"""Megabytes and characters of a delta, of the rows that are judged."""

LENGTHS = (1, 3, 10, 30, 100)
QUICK_LENGTHS = (1, 10, 30)

LIBRARIES = {
    "partialstream": "partialstream_",
    "ijson (yajl2_c)": "ijson_",
    "json-stream": "json_stream_",
    "all text, then one validation": "floor_",
}


def measure(workers: Workers, *, quick: bool) -> Iterator[Row | Chart]:
    """Measure memory.

    Args:
        workers: Not needed: each length has a process of its own.
        quick: With shorter lists.
    """
    from benchmarks.charts import Chart
    from benchmarks.report import Row

    for megabytes, characters in RUNS:
        what = f"peak growth over {megabytes} MB of items, {characters} characters a delta"
        growth, _ = _run("partialstream_", megabytes, characters)
        yield Row("memory", what, growth, "MB", target="memory")
    lines: dict[str, list[Point]] = {name: [] for name in LIBRARIES}
    for length in QUICK_LENGTHS if quick else LENGTHS:
        for name, library in LIBRARIES.items():
            _, most = _run(library, length, 4096)
            lines[name].append((length, most))
            yield Row("memory", f"{name}, {length} MB of items: peak of the process", most, "MB")
    yield Chart(
        "memory-by-length",
        "Peak memory of a process that reads a list of items",
        "megabytes of text",
        "megabytes",
        lines,
    )


def _run(library: str, megabytes: float, characters: int) -> tuple[float, float]:
    """By how much the peak of a process grows, and to what, in MB."""
    command = ["benchmarks.memory", library, str(megabytes), str(characters)]
    printed = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=True
    ).stdout
    answer = json.loads(printed)
    return answer["growth"], answer["peak"]


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


def peak() -> float:
    """The most memory that this process ever had, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    """Read, and print the growth."""
    library, megabytes, characters = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    read = importlib.import_module(f"benchmarks.libraries.{library}").read_items
    for _ in read(documents.Product, chunks(1, characters)):
        pass
    before = peak()
    for _ in read(documents.Product, chunks(megabytes, characters)):
        pass
    print(json.dumps({"growth": peak() - before, "peak": peak()}))


if __name__ == "__main__":
    main()
