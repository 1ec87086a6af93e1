"""A line of JSON for each item, rejected item or change; the last one says how it ended.

They are those of `sse.py`, with the name of the event as the member `type`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from partialstream.web.wires.base import Ending, RepairedItems, Wire, json_text
from partialstream.web.wires.sse import last_message, messages_of

if TYPE_CHECKING:
    from collections.abc import Sequence


class Ndjson(Wire):
    """JSON, line by line."""

    media_type: ClassVar[str] = "application/x-ndjson"

    @override
    def _reset(self) -> None:
        self._repaired = RepairedItems()

    @override
    def start(self) -> list[str]:
        return []

    @override
    def feed(self, events: Sequence[object]) -> list[str]:
        return [_line(*message) for message in messages_of(events, self._repaired, self)]

    @override
    def end(self, ending: Ending) -> list[str]:
        return [_line(*last_message(ending))]

    @override
    def heartbeat(self) -> str:
        return " "  # before a line's JSON, where a blank means nothing


def _line(name: str, members: dict[str, Any]) -> str:
    return f"{json_text({'type': name, **members})}\n"
