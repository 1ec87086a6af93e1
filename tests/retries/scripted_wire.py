"""What a scripted model has said, and how it goes over the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from http_library import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts import Script, Turn

    from partialstream.results import AttemptCause

_UNFINISHED = ("silence", "reset", "stall", "error event", "foreign")


class ForeignError(Exception):
    """Raised by nothing that streams know of."""


@dataclass(frozen=True)
class Element:
    """What stands in an answer; the index of one that nobody has asked for is negative."""

    index: int
    version: int
    raw: str
    valid: bool
    start: int = 0


@dataclass
class Said:
    """One answer, as it was sent.

    Attributes:
        cause: What the request was for.
        turn: What the script says of it.
        asked: The indexes that were to be repaired.
        elements: Those whose last character was sent.
        text: The text that was sent.
        valid_text: What comes before it stops to be JSON; None if it does not.
        tail: Of the element that was not sent whole.
        whole: Whether all of the text was sent.
        beside: What stands in the text before the list.
        place: Which endpoint was asked, 0 for the first.
        mode: How it was.
    """

    cause: AttemptCause
    turn: Turn
    asked: list[int] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)
    text: str = ""
    valid_text: str | None = None
    tail: str = ""
    whole: bool = False
    beside: str = ""
    place: int = 0
    mode: str = "json_schema"

    @property
    def was_finished(self) -> bool:
        """Whether the provider has sent its last chunk, with the usage."""
        return self.turn.ending not in (*_UNFINISHED, "no answer", "unauthorized")


class Wire:
    """Sends an answer, as Chat Completions does."""

    def __init__(self, script: Script, said: Said) -> None:
        self._script = script
        self._said = said
        self._tools = said.mode == "tools"

    def chunks(self) -> Iterator[Any]:
        """The answer's chunks, and the fault at their end."""
        chunks = list(self._dicts())
        if self._script.wire == "dicts":
            yield from chunks
        else:
            events = [
                b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"
                for chunk in chunks
            ]
            if self._said.turn.ending in ("stop", "cut", "length", "refusal", "filter"):
                events.append(b"data: [DONE]\n\n")
            body = b"".join(events)
            size = self._script.size * 7
            yield from (body[start : start + size] for start in range(0, len(body), size))
        if self._said.turn.ending == "reset":
            raise httpx.ReadError("reset")
        if self._said.turn.ending == "stall":
            raise httpx.ReadTimeout("timeout")
        if self._said.turn.ending == "foreign":
            raise ForeignError("whose fault is this?")

    def _dicts(self) -> Iterator[dict[str, Any]]:
        text, turn, size = self._said.text, self._said.turn, self._script.size
        yield _chunk({"role": "assistant", "content": None if self._tools else ""})
        for start in range(0, len(text), size):
            yield _chunk(self._delta(text[start : start + size], start == 0))
        if turn.ending == "refusal":
            yield _chunk({"refusal": "I'd rather not."})
        if turn.ending == "error event":
            yield {"error": {"message": "overloaded", "code": "busy"}}
        if turn.ending in _UNFINISHED:
            return
        reason = {"length": "length", "filter": "content_filter"}.get(turn.ending)
        yield _chunk({}, reason or ("tool_calls" if self._tools else "stop"))
        if turn.usage is not None:
            usage = turn.usage
            yield {
                "choices": [],
                "usage": {
                    "prompt_tokens": usage.input_tokens,
                    "completion_tokens": usage.output_tokens,
                    "total_tokens": usage.total_tokens,
                },
            }

    def _delta(self, text: str, first: bool) -> dict[str, Any]:
        if not self._tools or self._said.turn.ending == "prose":
            return {"content": text}
        call: dict[str, Any] = {"index": 0, "function": {"arguments": text}}
        if first:
            call = {"index": 0, "id": "c1", "type": "function"}
            call["function"] = {"name": "EntryList", "arguments": text}
        return {"tool_calls": [call]}


def _chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {
        "id": "x",
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }
