"""The tasks with instructor's own parser of streamed lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instructor.dsl.iterable import IterableModel

from benchmarks import documents

if TYPE_CHECKING:
    from benchmarks.libraries import Run


def items_stream(kind: str, count: int) -> Run:
    """Items from an iterable of deltas."""
    document = documents.items(kind, count)
    model = IterableModel(document.type)

    def run() -> int:
        delivered = 0
        for _ in model.tasks_from_chunks(document.deltas):
            delivered += 1
        return delivered

    return run
