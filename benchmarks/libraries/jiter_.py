"""The tasks with jiter, which parses everything again at each delta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jiter

from benchmarks import documents

if TYPE_CHECKING:
    from benchmarks.libraries import Run


def growing(shape: str, size: int) -> Run:
    """A growing object as a dict; each delta parses the whole document, but for its last brace.

    So it costs at the end of a document of this size; on the way there, half of it. Nothing
    is validated.
    """
    document = documents.growing(shape, size)
    text = document.text[:-1].encode()

    def run() -> int:
        for _ in document.deltas:
            jiter.from_json(text, partial_mode="trailing-strings")
        return len(document.deltas)

    return run


def growing_from_start(shape: str, size: int) -> Run:
    """A growing object as a dict; each delta parses what has arrived until then."""
    document = documents.growing(shape, size)
    deltas = document.encoded

    def run() -> int:
        text = b""
        for delta in deltas:
            text += delta
            jiter.from_json(text, partial_mode="trailing-strings")
        return len(deltas)

    return run
