"""jiter, which parses everything again at each delta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jiter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.correctness.source import Source


def growing(type_: Any, source: Source) -> Iterator[Any]:
    """Partial mode until the end, then the whole text, which pydantic validates."""
    text = ""
    for delta in source.texts():
        text += delta
        if text:
            snapshot = jiter.from_json(text.encode(), partial_mode="trailing-strings")
            if isinstance(snapshot, dict):
                yield snapshot
    return type_.model_validate(jiter.from_json(text.encode()))


sync_growing = growing
