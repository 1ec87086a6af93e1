"""The tasks with json-stream, whose tokenizer is in Rust; pydantic validates what it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import json_stream
from pydantic import TypeAdapter

from benchmarks.libraries import items_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def read_items(type_: Any, deltas: Iterable[str]) -> Iterator[Any]:
    """Validated items."""
    validate = TypeAdapter(type_).validator.validate_python
    for item in json_stream.load(map(str.encode, deltas))["items"]:
        yield validate(json_stream.to_standard_types(item))


items_stream = items_task(read_items)
