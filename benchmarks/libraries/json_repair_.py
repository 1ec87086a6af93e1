"""The tasks with json_repair, which repairs everything again at each delta, unvalidated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import json_repair

from benchmarks.libraries import growing_task

if TYPE_CHECKING:
    from collections.abc import Iterator


def _snapshots(type_: Any, deltas: list[str]) -> Iterator[Any]:
    text = ""
    for delta in deltas:
        text += delta
        yield json_repair.loads(text, stream_stable=True)


growing = growing_task(_snapshots)
