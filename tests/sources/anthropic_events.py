"""Events of the Messages API in short."""

from __future__ import annotations

from typing import Any


def started(**usage: Any) -> dict[str, Any]:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "test-model",
        "content": [],
        "stop_reason": None,
        "usage": usage or {"input_tokens": 5, "output_tokens": 1},
    }
    return {"type": "message_start", "message": message}


def begins(index: int | None, kind: str, **members: Any) -> dict[str, Any]:
    block = {"type": kind, **members}
    return {"type": "content_block_start", "index": index, "content_block": block}


def calls(index: int, name: str, kind: str = "tool_use", **members: Any) -> dict[str, Any]:
    return begins(index, kind, **{"id": f"call_{index}", "name": name, "input": {}, **members})


def adds(index: int | None, kind: str, **members: Any) -> dict[str, Any]:
    delta = {"type": f"{kind}_delta", **members}
    return {"type": "content_block_delta", "index": index, "delta": delta}


def says(text: str, index: int = 0) -> dict[str, Any]:
    return adds(index, "text", text=text)


def writes(partial_json: str, index: int = 0) -> dict[str, Any]:
    return adds(index, "input_json", partial_json=partial_json)


def thinks(text: str, index: int = 0) -> dict[str, Any]:
    return adds(index, "thinking", thinking=text)


def ends(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def stops(reason: str | None, usage: Any = None, **members: Any) -> dict[str, Any]:
    delta = {"stop_reason": reason, "stop_sequence": None, **members}
    return {"type": "message_delta", "delta": delta, "usage": usage or {"output_tokens": 9}}


PING = {"type": "ping"}
STOP = {"type": "message_stop"}
