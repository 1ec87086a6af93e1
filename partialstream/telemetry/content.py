"""What was said, in spans: only if the environment asks for it, as the conventions want it.

`OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` set to `true`, `span_only` or `span_and_event`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from partialstream.errors import LimitExceededError

if TYPE_CHECKING:
    from partialstream.stream.observer import AttemptEnd
    from partialstream.telemetry.attributes import Attributes

_VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


def is_captured() -> bool:
    """Whether messages are to be in spans."""
    asked = os.environ.get(_VARIABLE, "").strip().lower()
    return asked in ("true", "span_only", "span_and_event")


def of_messages(arguments: Mapping[str, Any]) -> Attributes:
    """The messages of a request."""
    given: Any = arguments.get("messages", arguments.get("input"))
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    found: Attributes = {}
    if isinstance(given, (list, tuple)):
        messages = [_message(each) for each in cast("Iterable[Any]", given)]
        found["gen_ai.input.messages"] = _json(messages)
    instructions = arguments.get("instructions", arguments.get("system"))
    if isinstance(instructions, str):
        found["gen_ai.system_instructions"] = _json([{"type": "text", "content": instructions}])
    return found


def of_text(end: AttemptEnd) -> Attributes:
    """The text of a response, as far as it came."""
    try:
        text = end.text()
    except LimitExceededError:  # it is longer than what is kept
        return {}
    message: dict[str, Any] = {
        "role": "assistant",
        "parts": [{"type": "text", "content": text}],
        "finish_reason": end.metadata.finish_reason or "",
    }
    return {"gen_ai.output.messages": _json([message])}


def _message(message: Any) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        return {"role": "", "parts": [{"type": "text", "content": str(message)}]}
    given = cast("Mapping[str, Any]", message)
    content: Any = given.get("content")
    if isinstance(content, (list, tuple)):
        parts = [_part(each) for each in cast("Iterable[Any]", content)]
    else:
        parts = [] if content is None else [_part(content)]
    return {"role": str(given.get("role", "")), "parts": parts}


def _part(part: Any) -> dict[str, Any]:
    """A part of a message: a text, or only the kind of anything else."""
    if isinstance(part, Mapping):
        given = cast("Mapping[str, Any]", part)
        text = given.get("text")
        if not isinstance(text, str):
            return {"type": str(given.get("type", ""))}
        part = text
    return {"type": "text", "content": str(part)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
