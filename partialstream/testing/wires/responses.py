"""OpenAI's Responses API."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from typing_extensions import override

from partialstream.testing.script import Ask
from partialstream.testing.wires import sse
from partialstream.testing.wires.base import (
    BlockRendering,
    Wire,
    listed,
    prompt_tokens,
    tool_asked_for,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from partialstream.testing.script import Part, Script

_ID = "resp_replay"
_CREATED = 1_700_000_000  # a constant, so that the same script gives the same bytes

# Items that come in parts, and what the events of these are called.
_PARTS = {
    "content": ("response.content_part", {"content_index": 0}),
    "refusal": ("response.content_part", {"content_index": 0}),
    "reasoning": ("response.reasoning_summary_part", {"summary_index": 0}),
}

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "invalid_request_error",
    403: "invalid_request_error",
    404: "invalid_request_error",
    429: "rate_limit_error",
}


class ResponsesWire(Wire):
    """`POST …/responses`."""

    route = "/{prefix:path}responses"

    @override
    def _ask(self, path: str, body: Mapping[str, Any]) -> Ask:
        names = [
            str(tool["name"])
            for tool in listed(body.get("tools"))
            if tool.get("type") == "function"
        ]
        choice: Any = body.get("tool_choice") or "auto"
        wanted = choice if isinstance(choice, str) else choice.get("name", "auto")
        return Ask(
            model=str(body.get("model", "replay")),
            stream=bool(body.get("stream", False)),
            tool=tool_asked_for(names, wanted),
            include_usage=True,
            prompt_tokens=prompt_tokens(body.get("instructions"), body.get("input")),
        )

    @override
    def render(self, ask: Ask, script: Script) -> ResponsesRendering:
        return ResponsesRendering(ask, script)

    @override
    def whole(self, ask: Ask, script: Script) -> bytes:
        return sse.dumps(_ended(ask, script))

    @override
    def error(self, message: str, *, status: int, code: str | None = None) -> bytes:
        kind = _ERROR_TYPES.get(status, "server_error")
        error = {"message": message, "type": kind, "param": None, "code": code}
        return sse.dumps({"error": error})

    @override
    def error_event(self, message: str, *, code: str | None = None) -> bytes:
        members = {"code": code or "server_error", "message": message, "param": None}
        return _event("error", 0, **members)


class ResponsesRendering(BlockRendering):
    """A streamed response: one output item after the other, each with its deltas."""

    def __init__(self, ask: Ask, script: Script) -> None:
        super().__init__(ask, script, script.begun)
        self._cut = _cut_part(script)
        self._numbers = count()

    @override
    def opening(self) -> bytes:
        response = _response(self._ask, "in_progress", [])
        return self._event("response.created", response=response) + self._event(
            "response.in_progress", response=response
        )

    @override
    def _piece(self, part: Part, text: str) -> bytes:
        kind, place = _DELTAS[part.kind]
        return self._event(f"{kind}.delta", **self._at(part), **place, delta=text)

    @override
    def closing(self) -> bytes:
        silent = self._without_deltas()
        response = _ended(self._ask, self._script)
        return silent + self._event(f"response.{response['status']}", response=response)

    @override
    def done(self) -> bytes:
        return b""  # the whole response marks the end

    @override
    def _start(self, part: Part) -> bytes:
        place = self._places[part]
        item = _item(part, place, None, "in_progress")
        started = self._event("response.output_item.added", output_index=place, item=item)
        return started + self._part(part, "added", "")

    @override
    def _end(self, part: Part) -> bytes:
        text = self._script.text(part)
        kind, place = _DELTAS[part.kind]
        said = {
            "tool": {"name": part.name, "arguments": text},
            "refusal": {"refusal": text},
        }.get(part.kind, {"text": text})
        ended = self._event(f"{kind}.done", **self._at(part), **place, **said)
        ended += self._part(part, "done", text)
        index = self._places[part]
        item = _item(part, index, text, "incomplete" if part == self._cut else "completed")
        return ended + self._event("response.output_item.done", output_index=index, item=item)

    def _part(self, part: Part, word: str, text: str) -> bytes:
        """Render that a part of an item begins, or is done; a tool call has none."""
        if part.kind not in _PARTS:
            return b""
        kind, place = _PARTS[part.kind]
        return self._event(f"{kind}.{word}", **self._at(part), **place, part=_content(part, text))

    def _at(self, part: Part) -> dict[str, Any]:
        place = self._places[part]
        return {"output_index": place, "item_id": f"item_{place}"}

    def _event(self, kind: str, **members: Any) -> bytes:
        return _event(kind, next(self._numbers), **members)


_DELTAS: dict[str, tuple[str, dict[str, Any]]] = {
    "content": ("response.output_text", {"content_index": 0, "logprobs": []}),
    "tool": ("response.function_call_arguments", {}),
    "reasoning": ("response.reasoning_summary_text", {"summary_index": 0}),
    "refusal": ("response.refusal", {"content_index": 0}),
}
"""What the events of each kind of text are called, and what else is in them."""


def _event(kind: str, number: int, **members: Any) -> bytes:
    return sse.event(sse.dumps({"type": kind, "sequence_number": number, **members}), name=kind)


def _cut_part(script: Script) -> Part | None:
    """The part that a response breaks off in, None if it does not."""
    if script.finish_reason not in _INCOMPLETE or not script.deltas:
        return None
    return script.deltas[-1][0]


def _content(part: Part, text: str) -> dict[str, Any]:
    if part.kind == "refusal":
        return {"type": "refusal", "refusal": text}
    if part.kind == "reasoning":
        return {"type": "summary_text", "text": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _item(part: Part, place: int, text: str | None, status: str) -> dict[str, Any]:
    """Make an output item; `text` is None while it begins."""
    item: dict[str, Any] = {"id": f"item_{place}", "status": status}
    if part.kind == "tool":
        call = {"call_id": part.call_id, "name": part.name, "arguments": text or ""}
        return {**item, "type": "function_call", **call}
    if part.kind == "reasoning":
        summary = [_content(part, text)] if text else []
        return {**item, "type": "reasoning", "summary": summary}
    content = [] if text is None else [_content(part, text)]
    return {**item, "type": "message", "role": "assistant", "content": content}


def _response(ask: Ask, status: str, output: list[Any]) -> dict[str, Any]:
    return {
        "id": _ID,
        "object": "response",
        "created_at": _CREATED,
        "status": status,
        "model": ask.model,
        "output": output,
        "error": None,
        "incomplete_details": None,
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
    }


def _ended(ask: Ask, script: Script) -> dict[str, Any]:
    """The response at its end."""
    reason = _INCOMPLETE.get(script.finish_reason)
    cut = _cut_part(script)
    output = [
        _item(part, place, script.text(part), "incomplete" if part == cut else "completed")
        for place, part in enumerate(script.begun)
    ]
    usage = script.usage
    return {
        **_response(ask, "completed" if reason is None else "incomplete", output),
        "incomplete_details": None if reason is None else {"reason": reason},
        "usage": {
            "input_tokens": usage.input_tokens,
            "input_tokens_details": {"cached_tokens": usage.cached_tokens},
            "output_tokens": usage.output_tokens,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
            "total_tokens": usage.total_tokens,
        },
    }
