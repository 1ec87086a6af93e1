"""The tasks with jiter, which parses everything again at each delta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jiter

from benchmarks import documents

if TYPE_CHECKING:
    from benchmarks.libraries import Run


def growing_at(shape: str, size: int, delta: int = documents.DELTA) -> Run:
    """A growing object; each delta parses the whole document, but for its last brace.

    So it costs at the end of a document of this size; on the way there, half of it. Nothing
    is validated, but the model is constructed.
    """
    document = documents.growing(shape, size, delta)
    text = document.text[:-1].encode()
    construct = document.type.model_construct

    def run() -> int:
        for _ in document.deltas:
            construct(**jiter.from_json(text, partial_mode="trailing-strings"))
        return len(document.deltas)

    return run


def growing(shape: str, size: int, delta: int = documents.DELTA) -> Run:
    """A growing object; each delta parses what has arrived until then."""
    document = documents.growing(shape, size, delta)
    deltas = document.encoded
    construct = document.type.model_construct

    def run() -> int:
        text = b""
        for each in deltas:
            text += each
            construct(**jiter.from_json(text, partial_mode="trailing-strings"))
        return len(deltas)

    return run
