"""For each wire format a valid answer that uses most of what the format knows, as dicts.

All of them hold the same two items; `body_of` frames one as the bytes that its server sends.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import anthropic_events as anthropic
import gemini_chunks as gemini
import responses_events as responses
from aws_messages import message as aws_message
from source_runs import call, calls, choice, chunk, says

ITEMS = ["Tea", "Cocoa"]
PIECES = ['[{"name":"T', 'ea"},{"name"', ':"Cocoa"}]']
ERROR = {"message": "overloaded", "type": "overloaded_error", "code": 529, "status": "BUSY"}

LOGPROBS = [
    {"token": each, "logprob": -0.5, "bytes": list(each.encode()), "top_logprobs": []}
    for each in PIECES
]


def completions(text: str, index: int = 0, **members: Any) -> dict[str, Any]:
    return {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1,
        "model": "test-model",
        "choices": [
            {"index": index, "text": text, "logprobs": None, "finish_reason": None} | members
        ],
    }


def converse(name: str, **members: Any) -> dict[str, Any]:
    return {name: members}


def adds(index: int, **delta: Any) -> dict[str, Any]:
    return converse("contentBlockDelta", delta=delta, contentBlockIndex=index)


def cohere(kind: str, index: int | None = None, **message: Any) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": message}}


def wrapped(event: Any, dump: Any = json.dumps) -> dict[str, Any]:
    """An event as InvokeModelWithResponseStream wraps it."""
    return {"chunk": {"bytes": b64encode(dump(event).encode()).decode()}}


CHAT = [
    chunk(
        choice({"role": "assistant", "content": "", "reasoning_content": "Two."}),
        system_fingerprint="fp",
        prompt_filter_results=[
            {"content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}
        ],
    ),
    says({"content": PIECES[0]}),
    chunk(choice({"content": PIECES[1]}, logprobs={"content": LOGPROBS[1:2], "refusal": None})),
    chunk(
        choice(
            {"content": [{"type": "text", "text": PIECES[2]}]},
            content_filter_results={"hate": {"filtered": False, "severity": "safe"}},
        )
    ),
    calls({"type": "function"} | call('{"q":', id="x", name="f")),
    calls(call("1}")),
    says({"reasoning_details": [{"type": "reasoning.text", "text": "So."}]}),
    says({"function_call": {"name": "g", "arguments": "{}"}}, "stop"),
    chunk(
        usage={
            "prompt_tokens": 5,
            "completion_tokens": 9,
            "prompt_tokens_details": {"cached_tokens": 1},
        },
        x_groq={"id": "req_1", "usage": {"prompt_tokens": 5, "completion_tokens": 9}},
    ),
]

WHOLE_CHAT = [
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "test-model",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "".join(PIECES),
                    "refusal": None,
                    "tool_calls": [{"type": "function"} | call({"q": 1}, id="x", name="f")],
                },
                "logprobs": {"content": LOGPROBS},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 9},
    }
]

COMPLETIONS = [
    completions(PIECES[0]),
    completions(
        PIECES[1],
        logprobs={
            "tokens": [PIECES[1]],
            "token_logprobs": [-0.5],
            "top_logprobs": [{PIECES[1]: -0.5}],
            "text_offset": [3],
        },
    ),
    completions(PIECES[2], finish_reason="stop", stop_reason=None),
    completions("") | {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 9}},
]

RESPONSES = [
    responses.CREATED,
    responses.added({"type": "reasoning", "id": "rs_1", "summary": []}),
    responses.event("reasoning_summary_text.delta", delta="Two.", output_index=0, summary_index=0),
    responses.added({"type": "message", "id": "msg_1", "content": []}, 1),
    responses.text(PIECES[0], 1, item_id="msg_1"),
    responses.text(PIECES[1], 1, item_id="msg_1", logprobs=LOGPROBS[1:2]),
    responses.text(PIECES[2], 1, item_id="msg_1"),
    responses.event("output_text.done", text="".join(PIECES), output_index=1, content_index=0),
    responses.done(responses.message("".join(PIECES), id="msg_1"), 1),
    responses.added(responses.call(id="fc_1"), 2),
    responses.arguments('{"q":1}', 2, item_id="fc_1"),
    responses.event("function_call_arguments.done", arguments='{"q":1}', output_index=2, name="f"),
    responses.done(responses.call(arguments='{"q":1}', id="fc_1"), 2),
    responses.ends(
        "completed",
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Two."}]},
        responses.message("".join(PIECES), id="msg_1"),
        responses.call(arguments='{"q":1}', id="fc_1"),
        usage=responses.USAGE,
    ),
]

WHOLE_RESPONSES = [
    responses.response(
        "incomplete",
        responses.message("".join(PIECES), id="msg_1"),
        {"type": "mcp_call", "id": "mcp_1", "name": "g", "arguments": "{}"},
        incomplete_details={"reason": "max_output_tokens"},
    )
]

ANTHROPIC = [
    anthropic.started(input_tokens=5, output_tokens=1, cache_read_input_tokens=2),
    anthropic.PING,
    anthropic.begins(0, "thinking", thinking=""),
    anthropic.thinks("Two."),
    anthropic.adds(0, "signature", signature="Eq"),
    anthropic.ends(),
    anthropic.begins(1, "text", text=""),
    *(anthropic.says(each, 1) for each in PIECES),
    anthropic.ends(1),
    anthropic.calls(2, "f"),
    anthropic.writes('{"q":', 2),
    anthropic.writes("1}", 2),
    anthropic.ends(2),
    anthropic.begins(3, "fallback", to={"model": "other-model"}),
    anthropic.ends(3),
    anthropic.stops("end_turn", {"output_tokens": 9}, stop_details={"category": "none"}),
    anthropic.STOP,
]

WHOLE_ANTHROPIC = [
    anthropic.started()["message"]
    | {
        "content": [
            {"type": "thinking", "thinking": "Two.", "signature": "Eq"},
            {"type": "text", "text": "".join(PIECES)},
            {"type": "tool_use", "id": "call_1", "name": "f", "input": {"q": 1}},
        ],
        "stop_reason": "end_turn",
    }
]

CONVERSE = [
    converse("messageStart", role="assistant"),
    adds(0, reasoningContent={"text": "Two."}),
    adds(0, reasoningContent={"signature": "Eq"}),
    converse("contentBlockStop", contentBlockIndex=0),
    *(adds(1, text=each) for each in PIECES),
    converse("contentBlockStop", contentBlockIndex=1),
    converse(
        "contentBlockStart",
        contentBlockIndex=2,
        start={"toolUse": {"toolUseId": "x", "name": "f", "type": "tool_use"}},
    ),
    adds(2, toolUse={"input": '{"q":1}'}),
    converse("contentBlockStop", contentBlockIndex=2),
    converse("messageStop", stopReason="end_turn"),
    converse("metadata", usage={"inputTokens": 5, "outputTokens": 9}, metrics={"latencyMs": 7}),
]

WHOLE_CONVERSE = [
    {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "Two.", "signature": "Eq"}}},
                    {"text": "".join(PIECES)},
                    {"toolUse": {"toolUseId": "x", "name": "f", "input": {"q": 1}}},
                ],
            }
        },
        "stopReason": "end_turn",
        "usage": {"inputTokens": 5, "outputTokens": 9},
    }
]

NOVA = [
    converse("messageStart", role="assistant"),
    *(
        event
        for index, each in enumerate(PIECES)
        for event in (
            adds(index, text=each),
            converse("contentBlockStop", contentBlockIndex=index),
        )
    ),
    converse("messageStop", stopReason="end_turn"),
]

GEMINI = [
    gemini.says(gemini.text("Two.", thought=True), index=0),
    gemini.says(
        gemini.text(PIECES[0]),
        logprobsResult={
            "chosenCandidates": [{"token": PIECES[0], "logProbability": -0.5}],
            "topCandidates": [{"candidates": [{"token": PIECES[0], "logProbability": -0.5}]}],
        },
    )
    | {"modelVersion": "test-model", "responseId": "r"},
    gemini.says(gemini.text(PIECES[1])) | {"promptFeedback": {"blockReason": None}},
    gemini.says(gemini.text(PIECES[2]), gemini.call("f", args={"q": 1}, id="x")),
    gemini.says(gemini.call("g", willContinue=True)),
    gemini.says(
        gemini.call(
            partialArgs=[{"jsonPath": "$.q", "stringValue": "a", "willContinue": False}],
            willContinue=True,
        )
    ),
    gemini.says(gemini.call(), finishReason="STOP", safetyRatings=[{"category": "HATE"}])
    | {"usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 9}},
]

BLOCKED_GEMINI = [
    {"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "unsafe"}},
]

OLLAMA = [
    {"model": "m", "message": {"role": "assistant", "content": "", "thinking": "T"}, "done": False},
    *(
        {"model": "m", "message": {"role": "assistant", "content": each}, "done": False}
        for each in PIECES
    ),
    {
        "model": "m",
        "message": {
            "content": "",
            "tool_calls": [{"function": {"name": "f", "arguments": {"q": 1}}}],
        },
        "done": False,
        "logprobs": LOGPROBS[:1],
    },
    {
        "model": "m",
        "message": {"content": ""},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 5,
        "eval_count": 9,
        "total_duration": 7,
    },
]

GENERATE = [
    *({"model": "m", "response": each, "done": False} for each in PIECES),
    {"model": "m", "response": "", "done": True, "done_reason": "stop", "context": [1]},
]

COHERE = [
    cohere("message-start", role="assistant") | {"id": "id-1"},
    cohere("tool-plan-delta", tool_plan="Two."),
    cohere("content-start", 0, content={"type": "text", "text": ""}),
    *(
        cohere("content-delta", 0, content={"text": each})
        | {"logprobs": {"text": each, "token_ids": [1], "logprobs": [-0.5]}}
        for each in PIECES
    ),
    {"type": "content-end", "index": 0},
    cohere(
        "tool-call-start",
        0,
        tool_calls={"id": "x", "type": "function", "function": {"name": "f", "arguments": ""}},
    ),
    cohere("tool-call-delta", 0, tool_calls={"function": {"arguments": '{"q":1}'}}),
    {"type": "tool-call-end", "index": 0},
    {
        "type": "message-end",
        "delta": {
            "finish_reason": "COMPLETE",
            "usage": {
                "billed_units": {"input_tokens": 5},
                "tokens": {"input_tokens": 5, "output_tokens": 9},
            },
            "error": None,
        },
    },
]

WRAPPED = [{"data": each} for each in CHAT[1:4]]
RETOLD = [
    event
    for each in CHAT[1:4]
    for event in ({"type": "chunk", "chunk": each}, {"type": "content.delta", "delta": "again"})
]

SEQUENCES: dict[str, list[dict[str, Any]]] = {
    "chat": CHAT,
    "whole chat": WHOLE_CHAT,
    "completions": COMPLETIONS,
    "responses": RESPONSES,
    "whole responses": WHOLE_RESPONSES,
    "anthropic": ANTHROPIC,
    "whole anthropic": WHOLE_ANTHROPIC,
    "converse": CONVERSE,
    "whole converse": WHOLE_CONVERSE,
    "invoked nova": NOVA,
    "invoked anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "ollama": OLLAMA,
    "generate": GENERATE,
    "cohere": COHERE,
    "wrapped": WRAPPED,
    "retold": RETOLD,
}
"""Valid answers, each with `ITEMS`. Those that are invoked are yet to be `wrapped`."""

ERRORS: dict[str, list[dict[str, Any]]] = {
    "chat": [CHAT[1], {"error": ERROR}],
    "chat beside choices": [{**CHAT[1], "error": ERROR}],
    "chat in a choice": [chunk(choice({}, finish_reason="error", error=ERROR))],
    "groq": [chunk(x_groq={"error": "busy"})],
    "responses": [{"type": "error", "error": ERROR}],
    "failed responses": [responses.ends("failed", error=ERROR)],
    "anthropic": [ANTHROPIC[0], {"type": "error", "error": ERROR}],
    "converse": [CONVERSE[0], {"throttlingException": {"message": "busy"}}],
    "gemini": [{"error": ERROR | {"details": [{"reason": "x"}]}}],
    "blocked gemini": BLOCKED_GEMINI,
    "ollama": [OLLAMA[1], {"error": "busy"}],
    "cohere": [COHERE[0], {"type": "message-end", "delta": {"finish_reason": "ERROR"}}],
    "detail": [{"detail": [{"loc": ["body"], "msg": "no"}]}],
    "plain": [{"message": "busy", "code": 529}],
}
"""Answers that end in an error, or are one."""


def framed(chunks: list[Any], name: str, dump: Any = json.dumps) -> bytes:
    """The bytes in which a server sends chunks.

    Args:
        chunks: Values of any type.
        name: The name of their sequence.
        dump: Gives a value as JSON text.
    """
    if name in ("converse", "error: converse") or name.startswith("invoked"):
        return b"".join(
            aws_message(dump(next(iter(each.values()))), event_type=next(iter(each)))
            if isinstance(each, dict) and len(each) == 1 and isinstance(next(iter(each)), str)
            else aws_message(dump(each), event_type="unheardOf")
            for each in chunks
        )
    if name in ("ollama", "generate", "error: ollama") or name.startswith("whole"):
        return "".join(dump(each) + "\n" for each in chunks).encode()
    return "".join(f"data: {dump(each)}\n\n" for each in chunks).encode()
