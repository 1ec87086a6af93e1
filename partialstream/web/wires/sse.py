"""Our own server-sent events.

    event: item      {"index": 0, "value": …}
    event: rejected  {"index": 1, "reason": "less_than_equal"}
    event: repaired  {"index": 1, "value": …}
    event: change    {"path": ["title"], "op": "append", "value": " paper"}
    event: done      {"outcome": "complete", "items": 3, "usage": …}
    event: error     {"status": "truncated", "message": …}

The last one is `done` or `error`, and there is exactly one of them. Each has a number as its `id`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from partialstream.engine.changes import Change
from partialstream.stream.events import ItemRejected, is_item
from partialstream.web.wires.base import (
    Ending,
    RepairedItems,
    Wire,
    json_text,
    reason_of,
    usage_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Message = tuple[str, dict[str, Any]]


def messages_of(events: Sequence[object], repaired: RepairedItems, wire: Wire) -> Iterator[Message]:
    """What our own formats say of events: a name, and what belongs to it."""
    for event in events:
        was_repaired = repaired.feed(event)
        if isinstance(event, Change):
            yield "change", event.as_dict()
        elif is_item(event):
            value = wire.value(event)
            yield "repaired" if was_repaired else "item", {"index": event.index, "value": value}
        elif isinstance(event, ItemRejected):
            reason = reason_of(event.item.error)
            yield "rejected", {"index": event.item.index, "reason": reason}


def last_message(ending: Ending) -> Message:
    """What our own formats say of the end."""
    if not ending.ok:
        return "error", {"status": ending.status, "message": ending.message}
    usage = usage_of(ending.usage)
    return "done", {"outcome": ending.status, "items": ending.items, "usage": usage}


class Sse(Wire):
    """Server-sent events of our own."""

    numbered: ClassVar[bool] = True

    @override
    def _reset(self) -> None:
        self._repaired = RepairedItems()
        self._number = 0

    @override
    def resume(self, number: int) -> None:
        self._number = number

    @override
    def start(self) -> list[str]:
        return []

    @override
    def feed(self, events: Sequence[object]) -> list[str]:
        return [self._frame(*message) for message in messages_of(events, self._repaired, self)]

    @override
    def end(self, ending: Ending) -> list[str]:
        return [self._frame(*last_message(ending))]

    def _frame(self, name: str, data: dict[str, Any]) -> str:
        text = json_text(data)  # may fail: numbers are those of frames that were made
        self._number += 1
        return f"id: {self._number}\nevent: {name}\ndata: {text}\n\n"
