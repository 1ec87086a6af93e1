"""What a page has in the end, read from the text of each wire: by the rules of its format alone."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any

import jsonpatch

from partialstream.engine.changes import UNSET, Change


@dataclass
class Page:
    """What a page was told.

    Attributes:
        items: By their indexes.
        order: The indexes, as items arrived or were replaced.
        state: Of a growing object; UNSET before it began.
        rejected: Indexes and reasons.
        ok: Whether it was told that this is all.
        error: The message of an error.
        last: The last message as it came.
    """

    items: dict[int, Any] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    state: Any = UNSET
    rejected: list[tuple[int, str]] = field(default_factory=list)
    ok: bool = False
    error: str | None = None
    last: Any = None

    def item(self, index: int, value: Any) -> None:
        self.items[index] = value
        self.order.append(index)

    @property
    def values(self) -> list[Any]:
        return [self.items[index] for index in sorted(self.items)]


def sse_events(text: str) -> list[tuple[str, str, str]]:
    """The events of a body: id, name, data."""
    assert text == "" or text.endswith("\n\n")
    events = []
    for block in text.split("\n\n")[:-1]:
        fields = {"id": "", "event": "message"}
        data = []
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if name == "data":
                data.append(value.removeprefix(" "))
            elif name:
                fields[name] = value.removeprefix(" ")
        if data:
            events.append((fields["id"], fields["event"], "\n".join(data)))
    return events


def _own(page: Page, name: str, data: dict[str, Any]) -> None:
    assert page.last is None or page.last[0] not in ("done", "error")
    page.last = (name, data)
    if name in ("item", "repaired"):
        assert (data["index"] in [index for index, _ in page.rejected]) == (name == "repaired")
        page.item(data["index"], data["value"])
    elif name == "rejected":
        page.rejected.append((data["index"], data["reason"]))
    elif name == "change":
        change = Change(tuple(data["path"]), data["op"], data.get("value"))
        page.state = change.apply(page.state)
    elif name == "done":
        page.ok = True
    else:
        assert name == "error"
        page.error = data["message"]


def read_sse(text: str) -> Page:
    page = Page()
    for number, (id_, name, data) in enumerate(sse_events(text), 1):
        assert id_ == str(number)
        _own(page, name, json.loads(data))
    return page


def read_ndjson(text: str) -> Page:
    page = Page()
    assert text.endswith("\n")
    for line in text.splitlines():
        data = json.loads(line)
        _own(page, data.pop("type"), data)
    return page


def read_ai_sdk(text: str) -> Page:
    page = Page()
    datas = [data for _, _, data in sse_events(text)]
    assert datas.pop() == "[DONE]"
    chunks = [json.loads(data) for data in datas]
    assert [chunk["type"] for chunk in chunks[:2]] == ["start", "start-step"]
    for chunk in chunks[2:]:
        page.last = chunk
        kind = chunk["type"]
        if kind == "data-rejected":
            assert chunk["transient"]
            page.rejected.append((chunk["data"]["index"], chunk["data"]["reason"]))
        elif kind == "data-item":
            page.item(int(chunk["id"]), chunk["data"])
        elif kind == "data-object":
            page.state = chunk["data"]
        elif kind == "error":
            page.error = chunk["errorText"]
        elif kind == "finish":
            page.ok = True
        else:
            assert kind == "finish-step"
    assert page.ok != (page.error is not None)
    return page


def read_ag_ui(text: str) -> Page:
    page = Page()
    events = [json.loads(data) for _, _, data in sse_events(text)]
    assert events[0]["type"] == "RUN_STARTED"
    assert events[-1]["type"] in ("RUN_FINISHED", "RUN_ERROR")
    for event in events[1:-1]:
        if event["type"] == "STATE_SNAPSHOT":
            page.state = event["snapshot"]
        else:
            assert event["type"] == "STATE_DELTA"
            page.state = jsonpatch.apply_patch(copy.deepcopy(page.state), event["delta"])
    page.last = events[-1]
    page.ok = page.last["type"] == "RUN_FINISHED"
    page.error = page.last.get("message")
    if page.state is not UNSET and isinstance(page.state, dict) and set(page.state) == {"items"}:
        for index, value in enumerate(page.state["items"]):
            if value is not None:
                page.item(index, value)
    return page


def read_object(text: str) -> Page:
    """A body that was not torn."""
    page = Page(ok=True, state=json.loads(text))
    if isinstance(page.state, list):
        for index, value in enumerate(page.state):
            page.item(index, value)
    return page


READERS = {
    "sse": read_sse,
    "ndjson": read_ndjson,
    "ai-sdk": read_ai_sdk,
    "ag-ui": read_ag_ui,
    "object": read_object,
}
