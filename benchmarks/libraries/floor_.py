"""What no library can do without: to look at each delta, and to validate the whole text once."""

from __future__ import annotations

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
