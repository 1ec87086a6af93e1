"""What no library can do without: to look at each delta, to validate, and to copy."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from benchmarks import documents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.libraries import Run


def items_stream(kind: str, count: int, delta: int = documents.DELTA) -> Run:
    """An empty loop and one validation."""
    document = documents.items(kind, count, delta)

    def run() -> int:
        for _ in document.deltas:
            pass
        adapter = TypeAdapter(dict[str, list[document.type]])
        return len(adapter.validate_json(document.text)["items"])

    return run


def read_items(type_: Any, deltas: Iterable[str]) -> list[Any]:
    """Validated items, all at the end."""
    return TypeAdapter(dict[str, list[type_]]).validate_json("".join(deltas))["items"]


def joined(kind: str, count: int) -> Run:
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


def validated(kind: str, count: int) -> Run:
    """The same, and validate each item, whose place is known."""
    document = documents.items(kind, count)
    look = joined(kind, count)
    starts = [document.text.index("[") + 1, *documents.ends(document.text)]
    raws = [document.text[start:end].lstrip(", ") for start, end in itertools.pairwise(starts)]
    validate = TypeAdapter(document.type).validator.validate_json

    def run() -> int:
        look()
        for raw in raws:
            validate(raw)
        return len(raws)

    return run


def validations(count: int) -> Run:
    """One flat item, so many times."""
    text = documents.items("flat", 1).text[len('{"items": [') : -len("]}")]
    validate = TypeAdapter(documents.Product).validator.validate_json

    def run() -> int:
        for _ in range(count):
            validate(text)
        return count

    return run


def copies(shape: str, size: int, count: int) -> Run:
    """`copy()` of a list or dict of that size, so many times."""
    type_, start, _ = documents.entries(shape, size, 0)
    end = "]}" if shape == "list" else "}}"
    entries = type_.model_validate_json(start + end).entries

    def run() -> int:
        for _ in range(count):
            entries.copy()
        return count

    return run
