"""OpenAI's Responses API."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from typing_extensions import override

from partialstream.testing.wires.base import CREATED, Wire, ask_from, dumps, openai_error, sse_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from partialstream.testing.script import Ask, Delta, Part, Script

_ID = "resp_replay"

# Items that come in parts, and what the events of these are called.
_PARTS = {
    "content": ("response.content_part", {"content_index": 0}),
    "refusal": ("response.content_part", {"content_index": 0}),
    "reasoning": ("response.reasoning_summary_part", {"summary_index": 0}),
}

# What the events of each kind of text are called, and what else is in them.
_DELTAS: dict[str, tuple[str, dict[str, Any]]] = {
    "content": ("response.output_text", {"content_index": 0}),
    "tool": ("response.function_call_arguments", {}),
    "reasoning": ("response.reasoning_summary_text", {"summary_index": 0}),
    "refusal": ("response.refusal", {"content_index": 0}),
}

_LOGPROBS = "message.output_text.logprobs"

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ResponsesWire(Wire):
    """`POST …/responses`: one output item after the other; the whole response marks the end."""

    route = "/{prefix:path}responses"

    def __init__(self, ask: Ask, script: Script) -> None:
        super().__init__(ask, script)
        self._numbers = count()
        self._reason = _INCOMPLETE.get(script.finish_reason)
        # The part that the response breaks off in.
        self._cut = script.deltas[-1].part if self._reason and script.deltas else None

    @override
    @classmethod
    def _ask(cls, path: str, body: Mapping[str, Any]) -> Ask:
        tools = [tool for tool in body.get("tools") or () if tool.get("type") == "function"]
        choice: Any = body.get("tool_choice") or "auto"
        return ask_from(
            body,
            prompt=("instructions", "input"),
            tools=[str(tool["name"]) for tool in tools],
            wanted=choice if isinstance(choice, str) else choice.get("name", "auto"),
            logprobs=_LOGPROBS in (body.get("include") or ()),
            top_logprobs=int(body.get("top_logprobs") or 0),
        )

    @override
    def opening(self) -> bytes:
        begun = self._response("in_progress", [])
        created = self._event("response.created", response=begun)
        return created + self._event("response.in_progress", response=begun)

    @override
    def start(self, part: Part) -> bytes:
        place, item = self.places[part], self._item(part, None, "in_progress")
        started = self._event("response.output_item.added", output_index=place, item=item)
        return started + self._content_part(part, "added", "")

    @override
    def piece(self, delta: Delta) -> bytes:
        kind, place = _DELTAS[delta.part.kind]
        told = self._told(delta.part, [delta])
        return self._event(
            f"{kind}.delta", **self._at(delta.part), **place, delta=delta.text, **told
        )

    @override
    def end(self, part: Part) -> bytes:
        text = self.script.text(part)
        kind, place = _DELTAS[part.kind]
        said = {
            "tool": {"name": part.name, "arguments": text},
            "refusal": {"refusal": text},
        }.get(part.kind, {"text": text})
        told = self._told(part, self._deltas(part))
        ended = self._event(f"{kind}.done", **self._at(part), **place, **said, **told)
        ended += self._content_part(part, "done", text)
        index, item = self.places[part], self._ended_item(part)
        return ended + self._event("response.output_item.done", output_index=index, item=item)

    @override
    def closing(self) -> bytes:
        silent, response = self.silent(), self._ended()
        return silent + self._event(f"response.{response['status']}", response=response)

    @override
    def whole(self) -> bytes:
        return dumps(self._ended())

    @override
    @staticmethod
    def error(message: str, *, status: int, code: str | None = None) -> bytes:
        return openai_error(message, status, code)

    @override
    @staticmethod
    def error_event(message: str, *, code: str | None = None) -> bytes:
        members = {"code": code or "server_error", "message": message, "param": None}
        return sse_event(dumps({"type": "error", "sequence_number": 0, **members}), name="error")

    def _event(self, kind: str, **members: Any) -> bytes:
        event = {"type": kind, "sequence_number": next(self._numbers), **members}
        return sse_event(dumps(event), name=kind)

    def _at(self, part: Part) -> dict[str, Any]:
        place = self.places[part]
        return {"output_index": place, "item_id": f"item_{place}"}

    def _told(self, part: Part, deltas: Iterable[Delta]) -> dict[str, Any]:
        """What is said of the tokens of a text; of other parts nothing is."""
        return {"logprobs": self.logprobs(deltas)} if part.kind == "content" else {}

    def _deltas(self, part: Part) -> list[Delta]:
        return [delta for delta in self.script.deltas if delta.part == part]

    def _content_part(self, part: Part, word: str, text: str) -> bytes:
        """Tell that a part of an item begins, or is done; a tool call has none."""
        if part.kind not in _PARTS:
            return b""
        kind, place = _PARTS[part.kind]
        return self._event(f"{kind}.{word}", **self._at(part), **place, part=_content(part, text))

    def _item(self, part: Part, text: str | None, status: str) -> dict[str, Any]:
        """Make an output item; `text` is None while it begins."""
        item: dict[str, Any] = {"id": f"item_{self.places[part]}", "status": status}
        if part.kind == "tool":
            call = {"call_id": part.call_id, "name": part.name, "arguments": text or ""}
            return {**item, "type": "function_call", **call}
        if part.kind == "reasoning":
            summary = [_content(part, text)] if text else []
            return {**item, "type": "reasoning", "summary": summary}
        content = [] if text is None else [_content(part, text)]
        if text is not None and part.kind == "content":
            content[0]["logprobs"] = self.logprobs(self._deltas(part))
        return {**item, "type": "message", "role": "assistant", "content": content}

    def _ended_item(self, part: Part) -> dict[str, Any]:
        status = "incomplete" if part == self._cut else "completed"
        return self._item(part, self.script.text(part), status)

    def _response(self, status: str, output: list[Any]) -> dict[str, Any]:
        return {
            "id": _ID,
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "model": self.ask.model,
            "output": output,
            "error": None,
            "incomplete_details": None,
            "parallel_tool_calls": False,
            "tool_choice": "auto",
            "tools": [],
            "usage": None,
        }

    def _ended(self) -> dict[str, Any]:
        """The response at its end."""
        reason, usage = self._reason, self.script.usage
        output = [self._ended_item(part) for part in self.places]
        return {
            **self._response("incomplete" if reason else "completed", output),
            "incomplete_details": {"reason": reason} if reason else None,
            "usage": {
                "input_tokens": usage.input_tokens,
                "input_tokens_details": {"cached_tokens": usage.cached_tokens},
                "output_tokens": usage.output_tokens,
                "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
                "total_tokens": usage.total_tokens,
            },
        }


def _content(part: Part, text: str) -> dict[str, Any]:
    if part.kind == "refusal":
        return {"type": "refusal", "refusal": text}
    if part.kind == "reasoning":
        return {"type": "summary_text", "text": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
