"""One JSON document as plain text that only grows, which `useObject` of `@ai-sdk/react` reads.

The text is written anew from values, and never the model's own. The hook takes a body that ends
for a complete one, so any other end tears the body, and so does a change that takes back what was
written. Items come in their order, and those that were rejected for good are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from partialstream.engine.changes import Change
from partialstream.stream.events import is_item
from partialstream.web.wires.base import Ending, Wire
from partialstream.web.wires.writer import GrowingDocument, TakenBackError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Object(Wire):
    """A growing JSON document."""

    media_type: ClassVar[str] = "text/plain; charset=utf-8"
    tears: ClassVar[bool] = True
    ordered: ClassVar[bool] = True

    @override
    def _reset(self) -> None:
        self._document = GrowingDocument()
        self._items = 0
        self._last_index = -1

    @override
    def start(self) -> list[str]:
        return []

    @override
    def feed(self, events: Sequence[object]) -> list[str]:
        text = "".join(
            self._document.feed(change) for event in events for change in self._changes(event)
        )
        return [text] if text else []

    @override
    def end(self, ending: Ending) -> list[str]:
        if not ending.ok:
            return []
        text = ""
        if ending.items is not None and not self._items:
            text = self._document.feed(Change((), "set", []))
        return [text + self._document.close()]

    @override
    def heartbeat(self) -> str:
        return "" if self._document.in_string else " "

    def _changes(self, event: object) -> list[Change]:
        if isinstance(event, Change):
            return [event]
        if not is_item(event):
            return []
        if event.index < self._last_index:
            raise TakenBackError("an item came after those that follow it: ordered=True is needed")
        changes = [] if self._items else [Change((), "set", [])]
        changes.append(Change((self._items,), "set", self.value(event)))
        self._items += 1
        self._last_index = event.index
        return changes
