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
from partialstream.testing.wires.base import (
    Stream,
    Wire,
    dumps,
    listed,
    prompt_tokens,
    sse_event,
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
    def stream(self, ask: Ask, script: Script) -> Stream:
        """Render texts delta by delta, and calls at their last one; a refusal is a text here."""

        def event(candidates: list[Any], **members: Any) -> bytes:
            chunk = {**_response(ask, candidates), **members}
            return sse_event(dumps(chunk), newline=b"\r\n")

        left = Counter(part for part, _ in script.deltas)
        deltas: list[bytes] = []
        for part, text in script.deltas:
            left[part] -= 1
            whole = part.kind == "tool"
            rendered = _part(part, script.text(part) if whole else text)
            shown = rendered is not None and not (whole and left[part])
            deltas.append(event([_candidate(part.choice, [rendered])]) if shown else b"")
        silent = [part for part in script.silent if part.kind == "tool"]
        candidates = [
            _candidate(
                choice,
                _parts(script, silent, choice) or [{"text": ""}],
                _finish_reason(script, choice),
            )
            for choice in script.choices
        ]
        return Stream(b"", deltas, event(candidates, usageMetadata=_usage(script)))

    @override
    def whole(self, ask: Ask, script: Script) -> bytes:
        candidates = [
            _candidate(choice, _parts(script, script.begun, choice), _finish_reason(script, choice))
            for choice in script.choices
        ]
        return dumps({**_response(ask, candidates), "usageMetadata": _usage(script)})

    @override
    def error(self, message: str, *, status: int, code: str | None = None) -> bytes:
        return dumps(_error(message, status, code))

    @override
    def error_event(self, message: str, *, code: str | None = None) -> bytes:
        return sse_event(dumps(_error(message, 503, code)))


def _candidate(choice: int, parts: list[Any], finish_reason: str | None = None) -> dict[str, Any]:
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
