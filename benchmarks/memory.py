"""What a long list of items leaves in memory: the peak of a process, and its growth.

`python -m benchmarks.memory LIBRARY MEGABYTES CHARACTERS` is the process that is watched: it
reads a megabyte of items, then so many, in chunks of so many characters, and prints by how many
megabytes its peak has grown, and to how many.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import documents
from benchmarks.peak import peak

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Workers
    from benchmarks.report import Row
    from partialstream.cli.chart import Chart, Point

RUNS = ((100, 4096), (10, documents.DELTA))
"""Megabytes and characters of a delta, of the rows that are judged."""

QUICK_RUNS = ((30, 4096), (10, documents.DELTA))

LENGTHS = (1, 3, 10, 30, 100)
QUICK_LENGTHS = (1, 10)

WARM_UP = 1
"""Megabytes that are read before, so that what a library needs once does not count."""

LIBRARIES = {
    "partialstream": "partialstream_",
    "ijson (yajl2_c)": "ijson_",
    "json-stream": "json_stream_",
    "all text, then one validation": "floor_",
}

OURS = "partialstream_"

CHECKED = (10, 4096)

HOLDS_ALL = "floor_"
"""Whose growth has to show, or the measure is blind."""


def measure(workers: Workers, *, quick: bool) -> Iterator[Row | Chart]:
    """Measure memory.

    Args:
        workers: Not needed: each length has a process of its own.
        quick: With shorter lists.
    """
    from benchmarks.report import Row
    from partialstream.cli.chart import Chart

    for megabytes, characters in QUICK_RUNS if quick else RUNS:
        what = f"peak growth over {megabytes} MB of items, {characters} characters a delta"
        yield Row("memory", what, read(OURS, megabytes, characters).growth, "MB", target="memory")
    megabytes, characters = CHECKED
    growth = read(HOLDS_ALL, megabytes, characters).growth
    if growth < megabytes - WARM_UP:
        raise RuntimeError(
            f"{megabytes} MB of text are held, and the peak grows by {growth:.1f} MB"
        )
    what = f"the same of all text, then one validation; {megabytes} MB, {characters} characters"
    yield Row("memory", what, growth, "MB")
    lines: dict[str, list[Point]] = {name: [] for name in LIBRARIES}
    missing: set[str] = set()
    for length in QUICK_LENGTHS if quick else LENGTHS:
        for name, library in LIBRARIES.items():
            if name in missing:
                continue
            try:
                most = read(library, length, 4096).peak
            except ModuleNotFoundError:
                missing.add(name)
                yield Row("memory", f"{name}: peak of the process", None, "MB")
                continue
            lines[name].append((length, most))
            yield Row("memory", f"{name}, {length} MB of items: peak of the process", most, "MB")
    yield Chart(
        "memory-by-length",
        "Peak memory of a process that reads a list of items",
        "megabytes of text",
        "megabytes",
        lines,
        [f"{name}: not installed." for name in sorted(missing)],
    )


class Memory(NamedTuple):
    """Memory of a process, in MB.

    Attributes:
        growth: By how much the peak grew while it read, from where it was after the warm-up.
        peak: The most it ever had.
    """

    growth: float
    peak: float


def read(library: str, megabytes: float, characters: int) -> Memory:
    """Let a fresh process read a list of items.

    Raises:
        ModuleNotFoundError: The library is not installed.
        subprocess.CalledProcessError: The process failed.
    """
    command = ["benchmarks.memory", library, str(megabytes), str(characters)]
    printed = subprocess.run(
        [sys.executable, "-m", *command],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        start_new_session=True,  # Ctrl-C is for the command, which ends its processes
    ).stdout
    answer = json.loads(printed)
    if answer is None:
        raise ModuleNotFoundError(f"{library}: not installed")
    return Memory(**answer)


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


def main() -> None:
    """Read, and print the growth; `null` if the library is not installed."""
    library, megabytes, characters = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    try:
        items = importlib.import_module(f"benchmarks.libraries.{library}").read_items
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith(("benchmarks", "partialstream")):
            raise
        print("null")
        return
    for _ in items(documents.Product, chunks(WARM_UP, characters)):
        pass
    before = peak()
    for _ in items(documents.Product, chunks(megabytes, characters)):
        pass
    most = peak()
    print(json.dumps({"growth": most - before, "peak": most}))


if __name__ == "__main__":
    main()
