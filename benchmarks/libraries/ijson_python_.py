"""The tasks with ijson's backend in Python; pydantic validates the dicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ijson.backends import python
from pydantic import TypeAdapter

from benchmarks.libraries import items_task
from benchmarks.libraries.ijson_ import PREFIX, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator


def _items(type_: Any, deltas: list[str]) -> Iterator[Any]:
    validate = TypeAdapter(type_).validator.validate_python
    for item in python.items(Reader(map(str.encode, deltas)), PREFIX, use_float=True):
        yield validate(item)


items_stream = items_task(_items)
