"""Chunks as the SDKs hand them on that put something around those of Chat Completions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from extras import needs
from source_runs import brief, call, calls, chunk, read_all, says

from partialstream.deltas import Channel, Token
from partialstream.errors import ProviderError
from partialstream.sources.chat import ChatSource
from partialstream.sources.detect import WrappedSource, source_for
from partialstream.usage import Usage

TEXTS = {("content", 0): "[1", ("tool", (0, 0)): '{"a":1}'}

CHUNKS = [
    says({"role": "assistant", "content": ""}),
    says({"content": "[1"}),
    calls(call('{"a":1}', id="x", name="f")),
    says({"content": ""}, "tool_calls", usage={"prompt_tokens": 3, "completion_tokens": 2}),
]


def as_object(value: Any) -> Any:
    if isinstance(value, dict):
        return SimpleNamespace(**{name: as_object(each) for name, each in value.items()})
    return [as_object(each) for each in value] if isinstance(value, list) else value


def mistral(data: dict[str, Any]) -> Any:
    from mistralai.client import models

    return models.CompletionEvent.model_validate({"data": data})


def test_events_of_openais_stream_helper() -> None:
    events: list[Any] = []
    for data in CHUNKS:
        events.append({"type": "chunk", "chunk": data, "snapshot": {"choices": []}})
        events.append({"type": "content.delta", "delta": "told again", "snapshot": "told again"})
        events.append({"type": "content.done", "content": "told again", "parsed": None})
    for source in (source_for(events[0]), source_for(as_object(events[0]))):
        assert isinstance(source, WrappedSource)
        assert brief(read_all(source, events)) == TEXTS
        assert source.metadata.usage == Usage(3, 2)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda data: {"data": data},
        lambda data: {"data": data, "event": None},
        lambda data: as_object({"data": data}),
        lambda data: SimpleNamespace(data=data, _response="hidden"),
        pytest.param(mistral, marks=needs("providers", "mistralai.client")),
    ],
)
def test_wrapped_chunks(wrap: Any) -> None:
    source = source_for(wrap(CHUNKS[0]))
    assert type(source) is WrappedSource
    assert brief(read_all(source, [wrap(each) for each in CHUNKS])) == TEXTS
    assert source.metadata.finish_reason == "tool_calls"
    assert source.metadata.usage == Usage(3, 2)


def test_what_is_in_no_wrapper_is_read_as_it_is() -> None:
    source = source_for({"data": CHUNKS[1]})
    source.feed({"data": CHUNKS[1]})
    with pytest.raises(ProviderError, match="busy"):
        source.feed({"error": {"message": "busy"}})


def test_a_wrapper_of_nothing() -> None:
    source = source_for({"data": {}})
    assert source.feed({"data": None}) == []
    assert source.finish() == []
    with pytest.raises(ProviderError, match="unknown chunk: an empty dict"):
        source.feed({"data": {}})


@pytest.mark.parametrize("data", ["text", b"bytes", [1], None])
def test_data_that_is_no_chunk_makes_no_wrapper(data: Any) -> None:
    with pytest.raises(ProviderError, match="unknown chunk"):
        source_for({"data": data})


def litellm(index: int = 0, finish_reason: str | None = None, **delta: Any) -> Any:
    """What LiteLLM makes of the chunks of all providers: everything has all attributes."""
    logprobs = delta.pop("logprobs", None)
    empty = {"role": None, "function_call": None, "tool_calls": None, "audio": None}
    return as_object(
        chunk(
            {
                "finish_reason": finish_reason,
                "index": index,
                "delta": {"provider_specific_fields": None, "content": None, **empty, **delta},
                "logprobs": logprobs,
            },
            system_fingerprint=None,
            citations=None,
        )
    )


def test_objects_of_litellm() -> None:
    entry = {"token": "[1", "logprob": -0.5, "bytes": None, "top_logprobs": []}
    function = {"name": "f", "arguments": '{"a":1}'}
    tool_call = {"id": "x", "function": function, "type": "function", "index": 0}
    source = source_for(litellm(role="assistant", content=""))
    assert type(source) is ChatSource
    deltas = source.feed(litellm(content="[1", logprobs={"content": [entry], "refusal": None}))
    assert source.metadata.tokens == [Token(Channel("content"), b"[1", -0.5)]
    deltas += read_all(
        source,
        [
            litellm(reasoning_content="So", thinking_blocks=[{"type": "thinking"}]),
            litellm(tool_calls=[tool_call]),
            litellm(finish_reason="tool_calls"),
        ],
    )
    assert brief(deltas) == {**TEXTS, ("reasoning", 0): "So"}
    assert source.metadata.tokens == []
    assert source.metadata.finish_reason == "tool_calls"
