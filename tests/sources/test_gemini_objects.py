"""Chunks as objects of Google's three SDKs."""

from __future__ import annotations

from typing import Any

import pytest
from extras import needs
from source_runs import brief, read_all

from partialstream.sources.detect import source_for
from partialstream.sources.gemini import GeminiSource
from partialstream.usage import Usage

# The SDKs warn of what they will not support any longer.
pytestmark = pytest.mark.filterwarnings("ignore")

CHUNK: dict[str, Any] = {
    "candidates": [
        {
            "index": 0,
            "content": {
                "role": "model",
                "parts": [
                    {"text": "[1]"},
                    {"function_call": {"name": "f", "args": {"a": [1, {"b": 2.5}], "c": "é"}}},
                ],
            },
            "finish_reason": "MAX_TOKENS",
        }
    ],
    "usage_metadata": {"prompt_token_count": 3, "candidates_token_count": 2},
}


def as_genai() -> Any:
    from google.genai import types

    return types.GenerateContentResponse.model_validate(CHUNK)


def as_generativeai() -> Any:
    from google.generativeai.types import generation_types as types

    return types.GenerateContentResponse.from_response(as_protocol_buffer())


def as_protocol_buffer() -> Any:
    from google.ai import generativelanguage as language

    return language.GenerateContentResponse(CHUNK)


def as_vertexai() -> Any:
    from vertexai import generative_models as models

    return models.GenerationResponse.from_dict(CHUNK)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(as_genai, marks=needs("providers", "google.genai")),
        pytest.param(as_generativeai, marks=needs("providers", "google.generativeai")),
        pytest.param(as_protocol_buffer, marks=needs("providers", "google.ai.generativelanguage")),
        pytest.param(as_vertexai, marks=needs("providers", "vertexai")),
    ],
)
def test_objects_say_what_dicts_say(build: Any) -> None:
    chunk = build()
    source = source_for(chunk)
    assert type(source) is GeminiSource
    assert brief(read_all(source, [chunk])) == {
        ("content", 0): "[1]",
        ("tool", (0, 0)): '{"a":[1,{"b":2.5}],"c":"é"}',
    }
    assert source.metadata.finish_reason == "MAX_TOKENS"
    assert source.metadata.usage == Usage(3, 2)


@needs("providers", "google.genai")
def test_streamed_arguments_and_a_blocked_prompt_as_objects() -> None:
    from google.genai import types

    leaves = [{"json_path": "$.a", "number_value": 2.0}, {"json_path": "$.b"}]
    call = {"name": "f", "partial_args": leaves}
    chunk = {"candidates": [{"content": {"parts": [{"function_call": call}]}}]}
    blocked = {"prompt_feedback": {"block_reason": "JAILBREAK"}}
    chunks = [types.GenerateContentResponse.model_validate(each) for each in (chunk, blocked)]
    source = GeminiSource()
    assert brief(read_all(source, chunks)) == {("tool", (0, 0)): '{"a":2,"b":null}'}
    assert source.metadata.filter_reason == "JAILBREAK"
