"""Streams as each provider's SDK gives them, made up of a list of deltas."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from openai.types.chat import ChatCompletionChunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def namespace(value: Any) -> Any:
    """Objects with attributes, as the SDKs make them."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: namespace(each) for name, each in value.items()})
    return [namespace(each) for each in value] if isinstance(value, list) else value


def chat_chunks(deltas: Sequence[str], tool: str | None) -> Iterator[dict[str, Any]]:
    head = {"id": "chat-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {**head, "choices": [choice], **more}

    yield chunk({"role": "assistant", "content": None if tool else ""})
    if tool:
        function = {"name": tool, "arguments": ""}
        call = {"index": 0, "id": "call1", "type": "function", "function": function}
        yield chunk({"tool_calls": [call]})
    for delta in deltas:
        if tool:
            yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": delta}}]})
        else:
            yield chunk({"content": delta})
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    yield chunk({}, "tool_calls" if tool else "stop", usage=usage)


def openai_objects(deltas: Sequence[str], tool: str | None) -> Iterator[Any]:
    for chunk in chat_chunks(deltas, tool):
        yield ChatCompletionChunk.construct(**chunk)


def writer_objects(deltas: Sequence[str], tool: str | None) -> Iterator[Any]:
    return map(namespace, chat_chunks(deltas, tool))


def mistral_objects(deltas: Sequence[str], tool: str | None) -> Iterator[Any]:
    for chunk in chat_chunks(deltas, tool):
        yield SimpleNamespace(data=namespace(chunk))


def anthropic_objects(deltas: Sequence[str], tool: str | None) -> Iterator[Any]:
    usage = {"input_tokens": 7, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "model": "m", "content": [], "usage": usage}
    block = (
        {"type": "tool_use", "id": "tool1", "name": tool, "input": {}}
        if tool
        else {"type": "text", "text": ""}
    )
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
    ]
    for delta in deltas:
        piece = (
            {"type": "input_json_delta", "partial_json": delta}
            if tool
            else {"type": "text_delta", "text": delta}
        )
        events.append({"type": "content_block_delta", "index": 0, "delta": piece})
    stop = {"stop_reason": "tool_use" if tool else "end_turn", "stop_sequence": None}
    events += [
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]
    for event in events:
        if event.get("content_block", {}).get("input") == {}:
            made = namespace(event)
            made.content_block.input = {}
            yield made
        else:
            yield namespace(event)


def responses_objects(deltas: Sequence[str], tool: str | None) -> Iterator[Any]:
    response = {"id": "resp_1", "object": "response", "model": "m", "status": "in_progress"}
    item = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": tool, "arguments": ""}
    yield namespace({"type": "response.created", "response": response})
    yield namespace({"type": "response.output_item.added", "output_index": 0, "item": item})
    for delta in deltas:
        yield namespace(
            {
                "type": "response.function_call_arguments.delta",
                "output_index": 0,
                "item_id": "fc_1",
                "delta": delta,
            }
        )
    done = {
        "type": "response.function_call_arguments.done",
        "output_index": 0,
        "item_id": "fc_1",
        "arguments": "".join(deltas),
    }
    yield namespace(done)
    usage = {"input_tokens": 7, "output_tokens": 5}
    ended = {**response, "status": "completed", "output": [], "usage": usage}
    yield namespace({"type": "response.completed", "response": ended})


def genai_objects(deltas: Sequence[str], tool: str | None) -> Iterator[Any]:
    from google.genai import types

    def chunk(part: dict[str, Any], reason: str | None = None) -> Any:
        candidate = {"index": 0, "content": {"role": "model", "parts": [part]}}
        fields: dict[str, Any] = {"candidates": [candidate]}
        if reason:
            candidate["finishReason"] = reason
            fields["usageMetadata"] = {"promptTokenCount": 7, "candidatesTokenCount": 5}
        return types.GenerateContentResponse.model_validate(fields)

    if tool:
        call = {"name": tool, "args": json.loads("".join(deltas))}
        yield chunk({"functionCall": call}, "STOP")
        return
    for delta in deltas:
        yield chunk({"text": delta})
    yield chunk({"text": ""}, "STOP")


def cohere_objects(deltas: Sequence[str], tool: str | None) -> Iterator[Any]:
    assert tool is None, "instructor asks Cohere for content in all modes"
    yield namespace({"type": "message-start", "id": "1", "delta": {"message": {"role": "a"}}})
    for delta in deltas:
        content = {"message": {"content": {"text": delta}}}
        yield namespace({"type": "content-delta", "index": 0, "delta": content})
    usage = {"tokens": {"input_tokens": 7, "output_tokens": 5}}
    yield namespace({"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}})


STREAMS: dict[str, Callable[[Sequence[str], str | None], Iterator[Any]]] = {
    "anthropic": anthropic_objects,
    "cohere": cohere_objects,
    "genai": genai_objects,
    "mistral": mistral_objects,
    "writer": writer_objects,
    **dict.fromkeys(
        (
            "anyscale",
            "cerebras",
            "databricks",
            "deepseek",
            "fireworks",
            "groq",
            "openai",
            "openrouter",
            "perplexity",
            "together",
        ),
        openai_objects,
    ),
}


def gemini_objects(deltas: Sequence[str], tool: str | None) -> Iterator[Any]:
    """Of google-generativeai, which comes before google-genai."""
    from google.generativeai import protos

    def chunk(part: dict[str, Any], reason: int = 0) -> Any:
        content = {"role": "model", "parts": [part]}
        candidate = {"index": 0, "content": content, "finish_reason": reason}
        return protos.GenerateContentResponse({"candidates": [candidate]})

    if tool:
        yield chunk({"function_call": {"name": tool, "args": json.loads("".join(deltas))}}, 1)
        return
    for delta in deltas:
        yield chunk({"text": delta})


def vertexai_objects(deltas: Sequence[str], tool: str | None) -> Iterator[Any]:
    from vertexai.generative_models import GenerationResponse

    def chunk(part: dict[str, Any]) -> Any:
        content = {"role": "model", "parts": [part]}
        return GenerationResponse.from_dict({"candidates": [{"index": 0, "content": content}]})

    if tool:
        yield chunk({"function_call": {"name": tool, "args": json.loads("".join(deltas))}})
        return
    for delta in deltas:
        yield chunk({"text": delta})


def xai_chunks(deltas: Sequence[str], *, as_tool: bool) -> Iterator[tuple[Any, Any]]:
    """Pairs of the answer so far and the chunk."""
    so_far = ""
    for delta in deltas:
        so_far += delta
        function = SimpleNamespace(name="Answer", arguments=so_far)
        call = SimpleNamespace(id="call1", function=function)
        answer = SimpleNamespace(content=so_far, tool_calls=[call] if as_tool else [])
        yield answer, SimpleNamespace(content="" if as_tool else delta)
