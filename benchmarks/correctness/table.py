"""The table as text and as Markdown."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.correctness.verdict import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.correctness.verdict import Record


@dataclass(frozen=True)
class Cell:
    """What one library did with one case.

    Attributes:
        subject: What the case is about.
        case: The case's name.
        library: The library's name.
        word: One of `verdict.WORDS`.
        record: What happened.
    """

    subject: str
    case: str
    library: str
    word: str
    record: Record


@dataclass(frozen=True)
class Table:
    """All cells.

    Attributes:
        cells: Row by row.
        versions: Of each library, by its name; in the order of the columns.
    """

    cells: list[Cell]
    versions: dict[str, str]

    @property
    def text(self) -> str:
        """For a terminal."""
        return as_text(self.cells, self.versions)

    @property
    def markdown(self) -> str:
        """For a document."""
        return as_markdown(self.cells, self.versions)

    @property
    def json(self) -> dict[str, Any]:
        """Everything, for `json.dump`."""
        return as_json(self.cells, self.versions)


def as_text(cells: Sequence[Cell], versions: dict[str, str]) -> str:
    """The table for a terminal."""
    rows = [["", *versions], ["", *versions.values()], *_rows(cells, versions)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", *_legend(cells)])


def as_markdown(cells: Sequence[Cell], versions: dict[str, str]) -> str:
    """The table for a document."""
    head = ["", *(f"{name} {version}" for name, version in versions.items())]
    rows = [
        [row[0] if row[1] else f"**{row[0]}**", *(_shown(word) for word in row[1:])]
        for row in _rows(cells, versions)
        if row[0]
    ]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join([*lines, "", *(f"- {line}" for line in _legend(cells))]) + "\n"


def as_json(cells: Sequence[Cell], versions: dict[str, str]) -> dict[str, Any]:
    """Everything, for `json.dump`."""
    return {"versions": versions, "words": WORDS, "cells": [asdict(cell) for cell in cells]}


def _rows(cells: Sequence[Cell], versions: dict[str, str]) -> list[list[str]]:
    words = {(cell.subject, cell.case, cell.library): cell.word for cell in cells}
    rows: list[list[str]] = []
    subject = ""
    for about, case in dict.fromkeys((cell.subject, cell.case) for cell in cells):
        if about != subject:
            subject = about
            rows += [[""] * (len(versions) + 1), [subject, *[""] * len(versions)]]
        rows.append([case, *(words[subject, case, name] for name in versions)])
    counts = Counter((cell.library, cell.word) for cell in cells)
    offered = Counter(cell.library for cell in cells if cell.word not in ("n/a", "not installed"))
    rows.append([""] * (len(versions) + 1))
    rows.append(["right, of", *(f"{counts[name, 'right']}/{offered[name]}" for name in versions)])
    return rows


def _shown(word: str) -> str:
    return word if word in ("", "right", "n/a") or "/" in word else f"**{word}**"


def _legend(cells: Sequence[Cell]) -> list[str]:
    used = {cell.word for cell in cells}
    return [f"{word}: {meaning}" for word, meaning in WORDS.items() if word in used]
