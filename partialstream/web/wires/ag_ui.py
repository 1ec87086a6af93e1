"""The AG-UI protocol, which `HttpAgent` reads: the object is the agent's state.

A list is the member `items` of the state, with null where an item was rejected.

The client resolves a run that ends without `RUN_FINISHED` and `RUN_ERROR`, so there is always one
of them. It only warns of a patch that does not apply, and goes on without it: what a patch may not
say (its library refuses `__proto__`) is said by a new snapshot.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from typing_extensions import override

from partialstream.engine.changes import UNSET, Change, GrowingState, is_array
from partialstream.stream.events import is_item
from partialstream.web.wires.base import Ending, Wire, data_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.results import Path


class AgUi(Wire):
    """Events of the AG-UI protocol.

    Args:
        thread_id: The conversation, as the request says (`threadId`); by default a new one.
        run_id: The run, as the request says (`runId`); by default a new one.
    """

    throttle: ClassVar[float] = 0.1  # a patch sends a text anew that has grown

    def __init__(self, *, thread_id: str | None = None, run_id: str | None = None) -> None:
        self._thread_id = thread_id
        self._run_id = run_id

    @override
    def _reset(self) -> None:
        self._run = {
            "threadId": self._thread_id or uuid4().hex,
            "runId": self._run_id or uuid4().hex,
        }
        self._state = GrowingState()

    @override
    def start(self) -> list[str]:
        return [data_event({"type": "RUN_STARTED", **self._run})]

    @override
    def feed(self, events: Sequence[object]) -> list[str]:
        frames: list[str] = []
        patch: list[dict[str, Any]] = []
        snapshot = False
        for event in events:
            for change in self._changes(event):
                if change.op == "complete":
                    continue
                operation = self._operation(change)
                self._state.apply(change)
                if operation is None:
                    snapshot = True
                else:
                    patch.append(operation)
        if snapshot:
            frames.append(data_event({"type": "STATE_SNAPSHOT", "snapshot": self._state.value}))
        elif patch:
            frames.append(data_event({"type": "STATE_DELTA", "delta": patch}))
        return frames

    @override
    def end(self, ending: Ending) -> list[str]:
        if ending.ok:
            frames: list[str] = []
            if self._state.value is UNSET:  # of a list without items
                frames.append(data_event({"type": "STATE_SNAPSHOT", "snapshot": {"items": []}}))
            return [*frames, data_event({"type": "RUN_FINISHED", **self._run})]
        error = {"type": "RUN_ERROR", "message": ending.message, "code": ending.status}
        return [data_event(error)]

    def _changes(self, event: object) -> list[Change]:
        """What an event changes in the state."""
        if isinstance(event, Change):
            return [event]
        if not is_item(event):
            return []
        changes: list[Change] = []
        if self._state.value is UNSET:
            changes.append(Change((), "set", {"items": [None] * event.index}))
            known = event.index
        else:
            known = len(self._state.value["items"])
        changes += [Change(("items", index), "set", None) for index in range(known, event.index)]
        return [*changes, Change(("items", event.index), "set", self.value(event))]

    def _operation(self, change: Change) -> dict[str, Any] | None:
        """A change as RFC 6902 has it; None if it takes a snapshot."""
        path = change.path
        if not path or not _may_be_patched(path):
            return None
        before: Any = self._state.value
        for step in path[:-1]:
            before = before[step]
        last: Any = path[-1]
        if is_array(before) and last > len(before):
            return None  # where items were rejected; a patch may not leave a gap
        there = last < len(before) if is_array(before) else last in before
        value = before[last] + change.value if change.op == "append" else change.value
        return {"op": "replace" if there else "add", "path": _pointer(path), "value": value}


def _may_be_patched(path: Path) -> bool:
    """Whether the client's library takes a patch of this place."""
    if "__proto__" in path:
        return False
    return ("constructor", "prototype") not in pairwise(path)


def _pointer(path: Path) -> str:
    """A path as RFC 6901 has it."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
