"""Gemini's GenerateContent, streamed as server-sent events or whole.

The arguments of a function call are one object there, sent when they are complete. Arguments that
are not valid JSON cannot be sent; the response then ends with `MALFORMED_FUNCTION_CALL`, as
Gemini's does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typing_extensions import override

from partialstream.sources.common import is_list
from partialstream.testing.wires.base import Wire, ask_from, dumps, sse_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from partialstream.testing.script import Ask, Delta, Part

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
    """`POST …/models/{model}:streamGenerateContent?alt=sse` and `…:generateContent`.

    A refusal is a text here.
    """

    route = "/{prefix:path}models/{call}"

    @override
    @classmethod
    def _ask(cls, path: str, body: Mapping[str, Any]) -> Ask:
        model, _, method = path.rpartition("/")[2].partition(":")
        if method not in ("generateContent", "streamGenerateContent"):
            raise ValueError(f"no such method: {method!r}")
        tools = [
            str(declared["name"])
            for tool in body.get("tools") or ()
            for declared in tool.get("functionDeclarations") or ()
        ]
        config: Any = body.get("toolConfig")
        config = config and config.get("functionCallingConfig")
        allowed: Any = (config and config.get("allowedFunctionNames")) or ["auto"]
        if not is_list(allowed):
            raise TypeError(f"a list is needed, not {allowed!r}")
        return ask_from(
            body,
            prompt=("systemInstruction", "contents"),
            tools=tools,
            wanted="none" if config and config.get("mode") == "NONE" else allowed[0],
            model=model,
            stream=method == "streamGenerateContent",
        )

    @override
    def opening(self) -> bytes:
        return b""

    @override
    def piece(self, delta: Delta) -> bytes:
        part = delta.part
        return b"" if part.kind == "tool" else self._event(part, delta.text)

    @override
    def end(self, part: Part) -> bytes:
        return self._event(part, self.script.text(part)) if part.kind == "tool" else b""

    @override
    def closing(self) -> bytes:
        calls = [part for part in self.script.silent if part.kind == "tool"]
        return _event(self._ended(calls, [{"text": ""}]))

    @override
    def whole(self) -> bytes:
        return dumps(self._ended(self.script.begun, []))

    @override
    @staticmethod
    def error(message: str, *, status: int, code: str | None = None) -> bytes:
        word = code or _STATUSES.get(status, "UNKNOWN")
        return dumps({"error": {"code": status, "message": message, "status": word}})

    @override
    @staticmethod
    def error_event(message: str, *, code: str | None = None) -> bytes:
        return sse_event(GeminiWire.error(message, status=503, code=code))

    def _event(self, part: Part, text: str) -> bytes:
        content = _content(part, text)
        if content is None:
            return b""
        return _event(self._response([_candidate(part.choice, [content])]))

    def _response(self, candidates: list[Any]) -> dict[str, Any]:
        return {"candidates": candidates, "modelVersion": self.ask.model, "responseId": _ID}

    def _ended(self, parts: Iterable[Part], otherwise: list[Any]) -> dict[str, Any]:
        """The response at its end, with these parts in it, or with others where there are none."""
        usage = self.script.usage
        candidates: list[Any] = []
        for choice in self.script.choices:
            found = [_content(p, self.script.text(p)) for p in parts if p.choice == choice]
            candidate = _candidate(choice, [each for each in found if each] or otherwise)
            candidates.append({**candidate, "finishReason": self._finish_reason(choice)})
        return {
            **self._response(candidates),
            "usageMetadata": {
                "promptTokenCount": usage.input_tokens,
                "cachedContentTokenCount": usage.cached_tokens,
                "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
                "thoughtsTokenCount": usage.reasoning_tokens,
                "totalTokenCount": usage.total_tokens,
            },
        }

    def _finish_reason(self, choice: int) -> str:
        script = self.script
        reason = _FINISH_REASONS.get(script.finish_reason, script.finish_reason)
        parts = [part for part in script.begun if part.choice == choice]
        malformed = any(_content(part, script.text(part)) is None for part in parts)
        return "MALFORMED_FUNCTION_CALL" if malformed and reason == "STOP" else reason


def _event(response: dict[str, Any]) -> bytes:
    return sse_event(dumps(response), newline=b"\r\n")


def _candidate(choice: int, parts: list[Any]) -> dict[str, Any]:
    return {"index": choice, "content": {"role": "model", "parts": parts}}


def _content(part: Part, text: str) -> dict[str, Any] | None:
    """Make a part of a candidate; None of a call whose arguments are not valid JSON."""
    if part.kind == "tool":
        try:
            arguments = json.loads(text or "{}")
        except ValueError:
            return None
        return {"functionCall": {"id": part.call_id, "name": part.name, "args": arguments}}
    return {"text": text, "thought": True} if part.kind == "reasoning" else {"text": text}
