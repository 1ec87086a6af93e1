from __future__ import annotations

import json
from typing import Any

import pytest
from extras import needs
from recordings import reads_of
from source_runs import brief, read_all

from partialstream.deltas import Channel, Token
from partialstream.errors import ProviderError
from partialstream.sources.cohere import CohereSource
from partialstream.sources.detect import source_for
from partialstream.usage import Usage

CONTENT, REASONING = ("content", 0), ("reasoning", 0)


def event(kind: str, index: int | None = None, **message: Any) -> dict[str, Any]:
    fields = {"type": kind, "delta": {"message": message}}
    return fields if index is None else {**fields, "index": index}


def says(text: str, index: int = 0) -> dict[str, Any]:
    return event("content-delta", index, content={"text": text})


def begins(index: int, name: str, arguments: str = "") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    call = {"id": f"{name}_{index}", "type": "function", "function": function}
    return event("tool-call-start", index, tool_calls=call)


def arguments(text: str, index: int = 0) -> dict[str, Any]:
    return event("tool-call-delta", index, tool_calls={"function": {"arguments": text}})


def ends(reason: str = "COMPLETE", **delta: Any) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": reason, **delta}}


START = {**event("message-start", role="assistant", content=[], tool_plan=""), "id": "id-1"}

USAGE = {
    "billed_units": {"input_tokens": 5},
    "tokens": {"input_tokens": 71.0, "output_tokens": 4.0},
    "cached_tokens": 16,
}

ANSWER = [
    START,
    event("content-start", 0, content={"type": "thinking", "thinking": ""}),
    event("content-delta", 0, content={"thinking": "So"}),
    {"type": "content-end", "index": 0},
    event("content-start", 1, content={"type": "text", "text": ""}),
    says("[1", 1),
    event("citation-start", 0, citations={"start": 0, "end": 1, "text": "[1"}),
    {"type": "citation-end", "index": 0},
    says("]", 1),
    {"type": "content-end", "index": 1},
    ends(usage=USAGE),
]

TEXTS: dict[str, tuple[list[Any], dict[Any, str]]] = {
    "thinking, then text": (ANSWER, {REASONING: "So", ("content", 1): "[1]"}),
    "calls": (
        [
            START,
            event("tool-plan-delta", tool_plan="I will "),
            event("tool-plan-delta", tool_plan="look."),
            begins(0, "f"),
            arguments('{"a"'),
            arguments(":1}"),
            {"type": "tool-call-end", "index": 0},
            begins(1, "g", '{"b":2}'),
            {"type": "tool-call-end", "index": 1},
            begins(2, "h"),
            {"type": "tool-call-end", "index": 2},
            ends("TOOL_CALL"),
        ],
        {
            ("reasoning", "plan"): "I will look.",
            ("tool", 0): '{"a":1}',
            ("tool", 1): '{"b":2}',
            ("tool", 2): "{}",
        },
    ),
    "a call cut ahead of its arguments": ([begins(0, "f"), ends("MAX_TOKENS")], {}),
    "nothing": ([None, START, {"type": "debug", "prompt": "x"}, event("content-delta"), {}], {}),
    "halves of a pair": ([says("\ud83d"), says("\ude00")], {CONTENT: "😀"}),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name: str) -> None:
    chunks, expected = TEXTS[name]
    source = CohereSource()
    assert brief(read_all(source, chunks)) == expected


def test_a_body() -> None:
    body = b"".join(
        f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in ANSWER
    )
    for reads in reads_of(body + b"data: [DONE]\n\n", "cohere"):
        source = source_for(reads[0] or None)
        assert brief(read_all(source, reads)) == {REASONING: "So", ("content", 1): "[1]"}
        metadata = source.metadata
        assert metadata.usage == Usage(71, 4, 16)
        assert metadata.finish_reason == "COMPLETE"
        assert metadata.request_id == "id-1"
        assert metadata.reasoning == "So"
        assert metadata.terminated


@needs("providers", "cohere")
@pytest.mark.filterwarnings("ignore")
def test_objects_of_the_sdk() -> None:
    from cohere.core.unchecked_base_model import construct_type
    from cohere.v2.types import V2ChatStreamResponse

    objects = [construct_type(type_=V2ChatStreamResponse, object_=each) for each in ANSWER]
    source = source_for(objects[0])
    assert type(source) is CohereSource
    assert brief(read_all(source, objects)) == {REASONING: "So", ("content", 1): "[1]"}
    assert source.metadata.usage == Usage(71, 4, 16)


def test_token_probabilities() -> None:
    source = CohereSource()
    logprobs = {"text": "[1", "token_ids": [4, 5], "logprobs": [-0.5, -0.25]}
    source.feed({**says("[1"), "logprobs": logprobs})
    assert source.metadata.tokens == [Token(Channel("content"), b"[1", -0.75)]
    source.feed({**says("[1"), "logprobs": {**logprobs, "logprobs": None}})
    assert source.metadata.tokens == []


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        (ends("ERROR"), "finish_reason 'ERROR'"),
        (ends("ERROR", error="the model is gone"), "the model is gone"),
        (ends("TIMEOUT"), "TIMEOUT"),
        ({"message": "too many requests", "status": 429}, "too many requests"),
        ({"error": "busy"}, "busy"),
        (says(3), "unknown chunk"),  # type: ignore[arg-type]  # a wrong shape
        ({"model": "m"}, "unknown chunk"),
        ("text", "unknown chunk"),
        (3, "unknown chunk"),
    ],
)
def test_errors(chunk: Any, message: str) -> None:
    source = CohereSource()
    source.feed(says("a"))
    with pytest.raises(ProviderError, match=message):
        source.feed(chunk)
