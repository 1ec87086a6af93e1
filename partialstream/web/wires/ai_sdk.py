"""The UI message stream (version 1) of the npm package `ai`, which `useChat` reads.

Each item is a data part of its own, `{"type": "data-item", "id": "0", "data": …}`; the same type
and id again replaces it: so do repaired items, and the parts of a growing object.

`finish` only for a response that is complete. The client takes any other quiet end for success,
`finishReason: "length"` and `abort` among them, so all other ends are an `error`, which `useChat`
shows as its `error` and by its status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from typing_extensions import override

from partialstream.engine.changes import Change, GrowingState
from partialstream.stream.events import ItemRejected, is_item
from partialstream.web.wires.base import Ending, Wire, data_event, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class AiSdk(Wire):
    """The UI message stream of the AI SDK.

    Args:
        name: What the parts are called: `"product"` makes `data-product`. By default `"item"`, and
            `"object"` for a growing object.
        message_id: The id of the message; by default a new one for each response. With `Replay`,
            a request for the same message of the same chat, while it is under way, is the same.
    """

    headers: ClassVar[Mapping[str, str]] = {"x-vercel-ai-ui-message-stream": "v1"}
    many_runs: ClassVar[bool] = True  # keys are the ids of chats
    throttle: ClassVar[float] = 0.1  # each change sends the object anew

    def __init__(self, *, name: str | None = None, message_id: str | None = None) -> None:
        self._name = name
        self._message_id = message_id
        self.run = message_id or ""

    @override
    def _reset(self) -> None:
        self._state = GrowingState()

    @override
    def start(self) -> list[str]:
        message_id = self._message_id or uuid4().hex
        return [
            data_event({"type": "start", "messageId": message_id}),
            data_event({"type": "start-step"}),
        ]

    @override
    def feed(self, events: Sequence[object]) -> list[str]:
        frames: list[str] = []
        changed = False
        for event in events:
            if isinstance(event, Change):
                self._state.apply(event)
                changed = changed or event.op != "complete"
            elif is_item(event):
                frames.append(self._part("item", str(event.index), self.value(event)))
            elif isinstance(event, ItemRejected):
                # Transient: it is handed to `onData`, and is no part of the message.
                data = {"index": event.item.index, "reason": reason_of(event.item.error)}
                frames.append(
                    data_event({"type": "data-rejected", "data": data, "transient": True})
                )
        if changed:
            frames.append(self._part("object", "0", self._state.value))
        return frames

    @override
    def end(self, ending: Ending) -> list[str]:
        if ending.ok:
            last = [{"type": "finish-step"}, {"type": "finish", "finishReason": "stop"}]
        else:
            last = [{"type": "error", "errorText": ending.message}]
        return [*map(data_event, last), "data: [DONE]\n\n"]

    def _part(self, name: str, part_id: str, data: Any) -> str:
        return data_event({"type": f"data-{self._name or name}", "id": part_id, "data": data})
