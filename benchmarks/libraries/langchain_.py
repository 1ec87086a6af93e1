"""The tasks with langchain-core's JSON output parser, which gives growing dicts, unvalidated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.output_parsers import JsonOutputParser

from benchmarks.libraries import growing_task

if TYPE_CHECKING:
    from collections.abc import Iterator


def _snapshots(type_: Any, deltas: list[str]) -> Iterator[Any]:
    return JsonOutputParser().transform(iter(deltas))


growing = growing_task(_snapshots)
