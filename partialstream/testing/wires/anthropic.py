"""Anthropic's Messages API.

The arguments of a tool call are streamed as text, but are one object in an answer that is not
streamed. Arguments that are no JSON, because they were cut, are an empty object there.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from partialstream.testing.script import Ask
from partialstream.testing.wires import sse
from partialstream.testing.wires.reading import listed, prompt_tokens, tool_asked_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.testing.script import Part, Script

_ID = "msg_replay"

_SIGNATURE = "c2lnbmF0dXJl"

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


class AnthropicWire:
    """`POST …/messages`."""

    route = "/{prefix:path}messages"

    def read(self, path: str, body: Mapping[str, Any]) -> Ask:
        """Read what a request asks for.

        Raises:
            ValueError: If messages or tools have an unknown shape.
        """
        try:
            names = [str(tool["name"]) for tool in listed(body.get("tools"))]
            choice: Any = body.get("tool_choice") or {"type": "auto"}
            wanted = choice["name"] if choice["type"] == "tool" else choice["type"]
            return Ask(
                model=str(body.get("model", "replay")),
                stream=bool(body.get("stream", False)),
                tool=tool_asked_for(names, wanted),
                include_usage=True,
                prompt_tokens=prompt_tokens(body.get("system"), body.get("messages")),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"the request has an unknown shape: {error!r}") from error

    def render(self, ask: Ask, script: Script) -> AnthropicRendering:
        """Begin to render a streamed answer."""
        return AnthropicRendering(ask, script)

    def whole(self, ask: Ask, script: Script) -> bytes:
        """Render an answer that is not streamed."""
        blocks = [_block(part, script.text(part)) for part in _blocks(script)]
        usage = {**_input_usage(script), "output_tokens": script.usage.output_tokens}
        return sse.dumps({**_message(ask), **_stop(script), "content": blocks, "usage": usage})

    def error(self, message: str, *, status: int, code: str | None = None) -> bytes:
        """Render the body of an HTTP error."""
        return sse.dumps(_error(message, code or _ERROR_TYPES.get(status, "api_error")))

    def error_event(self, message: str, *, code: str | None = None) -> bytes:
        """Render an error inside a stream."""
        return sse.event(sse.dumps(_error(message, code or "overloaded_error")), name="error")


class AnthropicRendering:
    """A streamed answer: one content block after the other, each with its deltas.

    Args:
        ask: The request.
        script: What to say. A refusal is told at the end, where the provider tells of it.
    """

    def __init__(self, ask: Ask, script: Script) -> None:
        self._ask = ask
        self._script = script
        self._blocks = {part: index for index, part in enumerate(_blocks(script))}
        self._left = Counter(part for part, _ in script.deltas)
        self._opened: set[Part] = set()

    def opening(self) -> bytes:
        """Render the message, which has the input's tokens already."""
        usage = {**_input_usage(self._script), "output_tokens": 1}
        message: dict[str, Any] = {
            **_message(self._ask),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        return _event("message_start", message=message) + _event("ping")

    def delta(self, part: Part, text: str) -> bytes:
        """Render one delta, the start of its block before the first and the end after the last."""
        self._left[part] -= 1
        if part.kind == "refusal":
            return b""
        kind, member = {
            "content": ("text_delta", "text"),
            "tool": ("input_json_delta", "partial_json"),
            "reasoning": ("thinking_delta", "thinking"),
        }[part.kind]
        index = self._blocks[part]
        head = b"" if part in self._opened else self._start(part)
        delta = _event("content_block_delta", index=index, delta={"type": kind, member: text})
        return head + delta + (b"" if self._left[part] else self._end(part))

    def closing(self) -> bytes:
        """Render blocks without deltas, then the stop reason and the output's tokens."""
        silent = b"".join(
            self._start(part) + self._end(part) for part in self._blocks if part not in self._opened
        )
        usage = {"output_tokens": self._script.usage.output_tokens}
        return silent + _event("message_delta", delta=_stop(self._script), usage=usage)

    def done(self) -> bytes:
        """Render the mark that ends the stream."""
        return _event("message_stop")

    def _start(self, part: Part) -> bytes:
        self._opened.add(part)
        block = _block(part, "")
        return _event("content_block_start", index=self._blocks[part], content_block=block)

    def _end(self, part: Part) -> bytes:
        index = self._blocks[part]
        signed = b""
        if part.kind == "reasoning":
            signature = {"type": "signature_delta", "signature": _SIGNATURE}
            signed = _event("content_block_delta", index=index, delta=signature)
        return signed + _event("content_block_stop", index=index)


def _event(kind: str, **members: Any) -> bytes:
    return sse.event(sse.dumps({"type": kind, **members}), name=kind)


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
