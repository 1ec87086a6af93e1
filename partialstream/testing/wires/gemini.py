"""Gemini's GenerateContent, streamed as server-sent events or whole.

The arguments of a function call are one object there, sent when they are complete. Arguments that
are not valid JSON cannot be sent; the response then ends with `MALFORMED_FUNCTION_CALL`, as
Gemini's does.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from typing_extensions import override

from partialstream.testing.script import Ask
from partialstream.testing.wires import sse
from partialstream.testing.wires.base import (
    Rendering,
    Wire,
    listed,
    prompt_tokens,
    tool_asked_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from partialstream.testing.script import Part, Script

_ID = "gemini-replay"

_FINISH_REASONS = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
}

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class GeminiWire(Wire):
    """`POST …/models/{model}:streamGenerateContent?alt=sse` and `…:generateContent`."""

    route = "/{prefix:path}models/{call}"

    @override
    def _ask(self, path: str, body: Mapping[str, Any]) -> Ask:
        model, _, method = path.rpartition("/")[2].partition(":")
        if method not in ("generateContent", "streamGenerateContent"):
            raise ValueError(f"no such method: {method!r}")
        names = [
            str(declared["name"])
            for tool in listed(body.get("tools"))
            for declared in listed(tool.get("functionDeclarations"))
        ]
        config: Any = body.get("toolConfig")
        config = config and config.get("functionCallingConfig")
        allowed = listed(config and config.get("allowedFunctionNames"))
        wanted = "none" if config and config.get("mode") == "NONE" else [*allowed, "auto"][0]
        return Ask(
            model=model,
            stream=method == "streamGenerateContent",
            tool=tool_asked_for(names, wanted),
            include_usage=True,
            prompt_tokens=prompt_tokens(body.get("systemInstruction"), body.get("contents")),
        )

    @override
    def render(self, ask: Ask, script: Script) -> GeminiRendering:
        return GeminiRendering(ask, script)

    @override
    def whole(self, ask: Ask, script: Script) -> bytes:
        candidates = [
            _candidate(choice, _parts(script, script.begun, choice), _finish_reason(script, choice))
            for choice in script.choices
        ]
        return sse.dumps({**_response(ask, candidates), "usageMetadata": _usage(script)})

    @override
    def error(self, message: str, *, status: int, code: str | None = None) -> bytes:
        return sse.dumps(_error(message, status, code))

    @override
    def error_event(self, message: str, *, code: str | None = None) -> bytes:
        return sse.event(sse.dumps(_error(message, 503, code)))


class GeminiRendering(Rendering):
    """A streamed response. A refusal is a text here: the provider has no other form."""

    def __init__(self, ask: Ask, script: Script) -> None:
        super().__init__(ask, script)
        self._left = Counter(part for part, _ in script.deltas)

    @override
    def opening(self) -> bytes:
        return b""

    @override
    def delta(self, part: Part, text: str) -> bytes:
        self._left[part] -= 1
        if part.kind == "tool":
            if self._left[part]:
                return b""
            text = self._script.text(part)
        rendered = _part(part, text)
        if rendered is None:
            return b""
        return self._event(_response(self._ask, [_candidate(part.choice, [rendered])]))

    @override
    def closing(self) -> bytes:
        script = self._script
        spoken = {part for part, _ in script.deltas}
        silent = [part for part in script.begun if part.kind == "tool" and part not in spoken]
        candidates = [
            _candidate(
                choice,
                _parts(script, silent, choice) or [{"text": ""}],
                _finish_reason(script, choice),
            )
            for choice in script.choices
        ]
        return self._event({**_response(self._ask, candidates), "usageMetadata": _usage(script)})

    @override
    def done(self) -> bytes:
        return b""

    @staticmethod
    def _event(chunk: Mapping[str, Any]) -> bytes:
        return sse.event(sse.dumps(chunk), newline=b"\r\n")


def _candidate(
    choice: int, parts: list[dict[str, Any]], finish_reason: str | None = None
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": choice, "content": {"role": "model", "parts": parts}}
    return candidate if finish_reason is None else {**candidate, "finishReason": finish_reason}


def _parts(script: Script, parts: Iterable[Part], choice: int) -> list[dict[str, Any]]:
    rendered = [_part(part, script.text(part)) for part in parts if part.choice == choice]
    return [part for part in rendered if part is not None]


def _part(part: Part, text: str) -> dict[str, Any] | None:
    if part.kind == "tool":
        try:
            arguments = json.loads(text or "{}")
        except ValueError:
            return None
        return {"functionCall": {"id": part.call_id, "name": part.name, "args": arguments}}
    if part.kind == "reasoning":
        return {"text": text, "thought": True}
    return {"text": text}


def _finish_reason(script: Script, choice: int) -> str:
    reason = _FINISH_REASONS.get(script.finish_reason, script.finish_reason)
    broken = any(
        part.choice == choice and _part(part, script.text(part)) is None for part in script.begun
    )
    return "MALFORMED_FUNCTION_CALL" if broken and reason == "STOP" else reason


def _response(ask: Ask, candidates: list[Any]) -> dict[str, Any]:
    return {"candidates": candidates, "modelVersion": ask.model, "responseId": _ID}


def _usage(script: Script) -> dict[str, int]:
    usage = script.usage
    return {
        "promptTokenCount": usage.input_tokens,
        "cachedContentTokenCount": usage.cached_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
        "thoughtsTokenCount": usage.reasoning_tokens,
        "totalTokenCount": usage.total_tokens,
    }


def _error(message: str, status: int, code: str | None) -> dict[str, Any]:
    word = code or _STATUSES.get(status, "UNKNOWN")
    return {"error": {"code": status, "message": message, "status": word}}
