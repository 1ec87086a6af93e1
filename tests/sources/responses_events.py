"""Events of the Responses API in short."""

from __future__ import annotations

from typing import Any

USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 14,
}


def event(kind: str, **members: Any) -> dict[str, Any]:
    """What is None is left out."""
    given = {name: value for name, value in members.items() if value is not None}
    return {"type": f"response.{kind}", "sequence_number": 1, **given}


def text(delta: Any, index: int | None = 0, part: int | None = 0, **members: Any) -> dict[str, Any]:
    return event(
        "output_text.delta", delta=delta, output_index=index, content_index=part, **members
    )


def arguments(delta: Any, index: int | None = 0, **members: Any) -> dict[str, Any]:
    return event("function_call_arguments.delta", delta=delta, output_index=index, **members)


def added(item: dict[str, Any], index: int | None = 0) -> dict[str, Any]:
    return event("output_item.added", item=item, output_index=index)


def done(item: dict[str, Any], index: int | None = 0) -> dict[str, Any]:
    return event("output_item.done", item=item, output_index=index)


def call(name: str | None = "f", arguments: Any = "", **members: Any) -> dict[str, Any]:
    return {"type": "function_call", "name": name, "arguments": arguments, **members}


def message(*texts: str, **members: Any) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": each, "annotations": []} for each in texts]
    return {"type": "message", "role": "assistant", "content": parts, **members}


def response(status: str | None, *output: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "status": status,
        "model": "test-model",
        "error": None,
        "incomplete_details": None,
        "output": list(output),
        "usage": None,
        **members,
    }


def ends(kind: str, *output: dict[str, Any], **members: Any) -> dict[str, Any]:
    return event(kind, response=response(kind, *output) | members)


CREATED = event("created", response=response("in_progress"))
COMPLETED = ends("completed")
