"""ijson, its fastest backend."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import ijson
from pydantic import TypeAdapter, ValidationError

from benchmarks.correctness.source import Reported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.correctness.source import Source


class _Reader:
    """A file whose reads give one delta each."""

    def __init__(self, deltas: Iterable[str]) -> None:
        # The first read is of 0 bytes: it only asks for the type. An empty delta is no end.
        self._deltas = itertools.chain([b""], (each.encode() for each in deltas if each))

    def read(self, size: int) -> bytes:
        return next(self._deltas, b"")


def items(type_: Any, source: Source) -> Iterator[Any]:
    """`ijson.items`; pydantic validates each."""
    adapter = TypeAdapter(type_)
    refused: list[ValidationError] = []
    prefix = {None: "", "": "item"}.get(source.path, f"{source.path}.item")
    options = {"use_float": True, "multiple_values": True}  # several documents in a row
    for item in ijson.items(_Reader(source.texts()), prefix, **options):
        try:
            yield adapter.validate_python(item)
        except ValidationError as error:
            refused.append(error)
    if refused:
        raise Reported(str(refused[0]))
