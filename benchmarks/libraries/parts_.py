"""The parts of the way from deltas to items: each run does what the one before does, and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import documents
from partialstream import stream_items
from partialstream.engine.items import END, ItemScanner
from partialstream.validation.items import ItemValidator

if TYPE_CHECKING:
    from benchmarks.libraries import Run


def set_up(kind: str, count: int) -> Run:
    """A stream whose list is empty; `count` times."""
    type_ = documents.items(kind, 1).type

    def run() -> int:
        for _ in range(count):
            for _ in stream_items(type_, ['{"items": []}']):
                pass
        return count

    return run


def looked(kind: str, count: int) -> Run:
    """Keep each delta, look for the brace that may end an item, join what was kept."""
    deltas = documents.items(kind, count).deltas

    def run() -> int:
        pieces: list[str] = []
        looks = 0
        for delta in deltas:
            pieces.append(delta)
            if "}" in delta:
                "".join(pieces)
                pieces.clear()
                looks += 1
        return looks

    return run


def cut(kind: str, count: int) -> Run:
    """Find the list in the text, and cut its items out."""
    document = documents.items(kind, count)
    shape = ItemValidator(document.type).shape

    def run() -> int:
        scanner = ItemScanner(shape)
        chunks = iter(document.deltas)
        found = 0
        other: object = None
        while other is not END:
            raws, other = scanner.pull(chunks)
            found += len(raws)
        return found

    return run


def validated(kind: str, count: int) -> Run:
    """The same, and validate them."""
    document = documents.items(kind, count)

    def run() -> int:
        validator = ItemValidator(document.type)
        scanner = ItemScanner(validator.shape)
        chunks = iter(document.deltas)
        other: object = None
        while other is not END:
            raws, other = scanner.pull(chunks)
            validator.accept(raws)
        return validator.delivered

    return run
