"""OpenAI's Responses API."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from typing_extensions import override

from partialstream.testing.wires.base import (
    CREATED,
    Stream,
    Wire,
    ask_from,
    dumps,
    listed,
    openai_error,
    sse_event,
    stream_blocks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from partialstream.testing.script import Ask, Part, Script

_ID = "resp_replay"

# Items that come in parts, and what the events of these are called.
_PARTS = {
    "content": ("response.content_part", {"content_index": 0}),
    "refusal": ("response.content_part", {"content_index": 0}),
    "reasoning": ("response.reasoning_summary_part", {"summary_index": 0}),
}

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


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
        return ask_from(body, prompt=("instructions", "input"), names=names, wanted=wanted)

    @override
    def stream(self, ask: Ask, script: Script) -> Stream:
        """Render one output item after the other; the whole response marks the end."""
        places = {part: place for place, part in enumerate(script.begun)}
        cut = _cut_part(script)
        numbers = count()

        def event(kind: str, **members: Any) -> bytes:
            return _event(kind, next(numbers), **members)

        def at(part: Part) -> dict[str, Any]:
            return {"output_index": places[part], "item_id": f"item_{places[part]}"}

        def content_part(part: Part, word: str, text: str) -> bytes:
            """Tell that a part of an item begins, or is done; a tool call has none."""
            if part.kind not in _PARTS:
                return b""
            kind, place = _PARTS[part.kind]
            return event(f"{kind}.{word}", **at(part), **place, part=_content(part, text))

        def start(part: Part) -> bytes:
            place = places[part]
            item = _item(part, place, None, "in_progress")
            started = event("response.output_item.added", output_index=place, item=item)
            return started + content_part(part, "added", "")

        def piece(part: Part, text: str) -> bytes:
            kind, place = _DELTAS[part.kind]
            return event(f"{kind}.delta", **at(part), **place, delta=text)

        def end(part: Part) -> bytes:
            text = script.text(part)
            kind, place = _DELTAS[part.kind]
            said = {
                "tool": {"name": part.name, "arguments": text},
                "refusal": {"refusal": text},
            }.get(part.kind, {"text": text})
            ended = event(f"{kind}.done", **at(part), **place, **said)
            ended += content_part(part, "done", text)
            index = places[part]
            item = _item(part, index, text, "incomplete" if part == cut else "completed")
            return ended + event("response.output_item.done", output_index=index, item=item)

        begun = _response(ask, "in_progress", [])
        opening = event("response.created", response=begun)
        opening += event("response.in_progress", response=begun)
        deltas = stream_blocks(script, places, start=start, piece=piece, end=end)
        closing = b"".join(start(part) + end(part) for part in script.silent)
        response = _ended(ask, script)
        closing += event(f"response.{response['status']}", response=response)
        return Stream(opening, deltas, closing)

    @override
    def whole(self, ask: Ask, script: Script) -> bytes:
        return dumps(_ended(ask, script))

    @override
    def error(self, message: str, *, status: int, code: str | None = None) -> bytes:
        return openai_error(message, status, code)

    @override
    def error_event(self, message: str, *, code: str | None = None) -> bytes:
        members = {"code": code or "server_error", "message": message, "param": None}
        return _event("error", 0, **members)


_DELTAS: dict[str, tuple[str, dict[str, Any]]] = {
    "content": ("response.output_text", {"content_index": 0, "logprobs": []}),
    "tool": ("response.function_call_arguments", {}),
    "reasoning": ("response.reasoning_summary_text", {"summary_index": 0}),
    "refusal": ("response.refusal", {"content_index": 0}),
}
"""What the events of each kind of text are called, and what else is in them."""


def _event(kind: str, number: int, **members: Any) -> bytes:
    return sse_event(dumps({"type": kind, "sequence_number": number, **members}), name=kind)


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
        "created_at": CREATED,
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
