"""Anthropic's Messages API.

The arguments of a tool call are streamed as text, but are one object in an answer that is not
streamed. Arguments that are no JSON, because they were cut, are an empty object there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from partialstream.testing.wires.base import (
    Stream,
    Wire,
    ask_from,
    dumps,
    listed,
    sse_event,
    stream_blocks,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.testing.script import Ask, Part, Script

_ID = "msg_replay"

_SIGNATURE = "c2lnbmF0dXJl"

_DELTAS = {
    "content": ("text_delta", "text"),
    "tool": ("input_json_delta", "partial_json"),
    "reasoning": ("thinking_delta", "thinking"),
}

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class AnthropicWire(Wire):
    """`POST …/messages`."""

    route = "/{prefix:path}messages"

    @override
    def _ask(self, path: str, body: Mapping[str, Any]) -> Ask:
        names = [str(tool["name"]) for tool in listed(body.get("tools"))]
        choice: Any = body.get("tool_choice") or {"type": "auto"}
        wanted = choice["name"] if choice["type"] == "tool" else choice["type"]
        return ask_from(body, prompt=("system", "messages"), names=names, wanted=wanted)

    @override
    def stream(self, ask: Ask, script: Script) -> Stream:
        """Render one content block after the other; a refusal is in the last event."""
        places = {part: place for place, part in enumerate(_blocks(script))}

        def start(part: Part) -> bytes:
            block = _block(part, "")
            return _event("content_block_start", index=places[part], content_block=block)

        def piece(part: Part, text: str) -> bytes:
            return _delta(places[part], *_DELTAS[part.kind], text)

        def end(part: Part) -> bytes:
            index = places[part]
            stop = _event("content_block_stop", index=index)
            if part.kind == "reasoning":
                return _delta(index, "signature_delta", "signature", _SIGNATURE) + stop
            return stop

        message: dict[str, Any] = {
            **_message(ask),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**_input_usage(script), "output_tokens": 1},
        }
        opening = _event("message_start", message=message) + _event("ping")
        deltas = stream_blocks(script, places, start=start, piece=piece, end=end)
        silent = b"".join(start(part) + end(part) for part in script.silent if part in places)
        usage = {"output_tokens": script.usage.output_tokens}
        closing = silent + _event("message_delta", delta=_stop(script), usage=usage)
        return Stream(opening, deltas, closing, _event("message_stop"))

    @override
    def whole(self, ask: Ask, script: Script) -> bytes:
        blocks = [_block(part, script.text(part)) for part in _blocks(script)]
        usage = {**_input_usage(script), "output_tokens": script.usage.output_tokens}
        return dumps({**_message(ask), **_stop(script), "content": blocks, "usage": usage})

    @override
    def error(self, message: str, *, status: int, code: str | None = None) -> bytes:
        return dumps(_error(message, code or _ERROR_TYPES.get(status, "api_error")))

    @override
    def error_event(self, message: str, *, code: str | None = None) -> bytes:
        return sse_event(dumps(_error(message, code or "overloaded_error")), name="error")


def _delta(index: int, kind: str, member: str, text: str) -> bytes:
    return _event("content_block_delta", index=index, delta={"type": kind, member: text})


def _event(kind: str, **members: Any) -> bytes:
    return sse_event(dumps({"type": kind, **members}), name=kind)


def _blocks(script: Script) -> list[Part]:
    """The parts that are content blocks: a refusal is none."""
    return [part for part in script.begun if part.kind != "refusal"]


def _block(part: Part, text: str) -> dict[str, Any]:
    """Make a content block; without a text it is one that begins."""
    if part.kind == "tool":
        call = {"type": "tool_use", "id": part.call_id, "name": part.name}
        return {**call, "input": _arguments(text)}
    if part.kind == "reasoning":
        return {"type": "thinking", "thinking": text, "signature": text and _SIGNATURE}
    return {"type": "text", "text": text}


def _arguments(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return {}


def _message(ask: Ask) -> dict[str, Any]:
    return {"id": _ID, "type": "message", "role": "assistant", "model": ask.model}


def _stop(script: Script) -> dict[str, Any]:
    refusals = [script.text(part) for part in script.begun if part.kind == "refusal"]
    reason = _STOP_REASONS.get(script.finish_reason, script.finish_reason)
    if not refusals:
        return {"stop_reason": reason, "stop_sequence": None}
    details = {"type": "refusal", "category": None, "explanation": "".join(refusals)}
    return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}


def _input_usage(script: Script) -> dict[str, int]:
    usage = script.usage
    return {
        "input_tokens": usage.input_tokens - usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
    }


def _error(message: str, kind: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}
