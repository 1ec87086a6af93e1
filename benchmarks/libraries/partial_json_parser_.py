"""The tasks with partial-json-parser, which parses everything again at each delta, unvalidated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import partial_json_parser

from benchmarks.libraries import growing_task

if TYPE_CHECKING:
    from collections.abc import Iterator


def _snapshots(type_: Any, deltas: list[str]) -> Iterator[Any]:
    text = ""
    for delta in deltas:
        text += delta
        yield partial_json_parser.loads(text)


growing = growing_task(_snapshots)
