"""partial-json-parser, which parses everything again at each delta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import partial_json_parser
from partial_json_parser import Allow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.correctness.source import Source


def growing(type_: Any, source: Source) -> Iterator[Any]:
    """All partial but numbers; in the end nothing partial, which pydantic validates."""
    text = ""
    for delta in source.texts():
        text += delta
        if text:
            try:
                snapshot = partial_json_parser.loads(text, Allow.ALL & ~Allow.NUM)
            except partial_json_parser.PartialJSON:  # nothing can be shown yet
                continue
            if isinstance(snapshot, dict):
                yield snapshot
    return type_.model_validate(partial_json_parser.loads(text, Allow(0)))


sync_growing = growing
