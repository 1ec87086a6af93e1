"""Anthropic's Messages API.

The arguments of a tool call are streamed as text, but are one object in a response that is not
streamed. Arguments that are not valid JSON, because they were cut, are an empty object there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from partialstream.testing.wires.base import Wire, ask_from, dumps, sse_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partialstream.testing.script import Ask, Delta, Part, Script

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


def _event(kind: str, **members: Any) -> bytes:
    return sse_event(dumps({"type": kind, **members}), name=kind)


class AnthropicWire(Wire):
    """`POST …/messages`: one content block after the other; a refusal is in the last event."""

    route = "/{prefix:path}messages"
    done = _event("message_stop")

    @override
    @classmethod
    def _ask(cls, path: str, body: Mapping[str, Any]) -> Ask:
        tools = [str(tool["name"]) for tool in body.get("tools") or ()]
        choice: Any = body.get("tool_choice") or {"type": "auto"}
        wanted = choice["name"] if choice["type"] == "tool" else choice["type"]
        return ask_from(body, prompt=("system", "messages"), tools=tools, wanted=wanted)

    @override
    def blocks(self) -> Iterable[Part]:
        return [part for part in self.script.begun if part.kind != "refusal"]

    @override
    def opening(self) -> bytes:
        message: dict[str, Any] = {
            **self._message(),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": self._usage(output_tokens=1),
        }
        return _event("message_start", message=message) + _event("ping")

    @override
    def start(self, part: Part) -> bytes:
        block = _block(part, "")
        return _event("content_block_start", index=self.places[part], content_block=block)

    @override
    def piece(self, delta: Delta) -> bytes:
        return self._delta(delta.part, *_DELTAS[delta.part.kind], delta.text)

    @override
    def end(self, part: Part) -> bytes:
        stop = _event("content_block_stop", index=self.places[part])
        if part.kind == "reasoning":
            return self._delta(part, "signature_delta", "signature", _SIGNATURE) + stop
        return stop

    @override
    def closing(self) -> bytes:
        usage = {"output_tokens": self.script.usage.output_tokens}
        return self.silent() + _event("message_delta", delta=_stop(self.script), usage=usage)

    @override
    def whole(self) -> bytes:
        blocks = [_block(part, self.script.text(part)) for part in self.places]
        usage = self._usage(output_tokens=self.script.usage.output_tokens)
        return dumps({**self._message(), **_stop(self.script), "content": blocks, "usage": usage})

    @override
    @staticmethod
    def error(message: str, *, status: int, code: str | None = None) -> bytes:
        return dumps(_error(message, code or _ERROR_TYPES.get(status, "api_error")))

    @override
    @staticmethod
    def error_event(message: str, *, code: str | None = None) -> bytes:
        return sse_event(dumps(_error(message, code or "overloaded_error")), name="error")

    def _delta(self, part: Part, kind: str, member: str, text: str) -> bytes:
        delta = {"type": kind, member: text}
        return _event("content_block_delta", index=self.places[part], delta=delta)

    def _message(self) -> dict[str, Any]:
        return {"id": _ID, "type": "message", "role": "assistant", "model": self.ask.model}

    def _usage(self, *, output_tokens: int) -> dict[str, int]:
        usage = self.script.usage
        return {
            "input_tokens": usage.input_tokens - usage.cached_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": usage.cached_tokens,
            "output_tokens": output_tokens,
        }


def _block(part: Part, text: str) -> dict[str, Any]:
    """Make a content block; without a text it is one that begins."""
    if part.kind == "tool":
        try:
            arguments = json.loads(text or "{}")
        except ValueError:
            arguments = {}
        return {"type": "tool_use", "id": part.call_id, "name": part.name, "input": arguments}
    if part.kind == "reasoning":
        return {"type": "thinking", "thinking": text, "signature": text and _SIGNATURE}
    return {"type": "text", "text": text}


def _stop(script: Script) -> dict[str, Any]:
    refusals = [script.text(part) for part in script.begun if part.kind == "refusal"]
    reason = _STOP_REASONS.get(script.finish_reason, script.finish_reason)
    if not refusals:
        return {"stop_reason": reason, "stop_sequence": None}
    details = {"type": "refusal", "category": None, "explanation": "".join(refusals)}
    return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}


def _error(message: str, kind: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}
