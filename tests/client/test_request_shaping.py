from __future__ import annotations

import copy
import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from partialstream.client.endpoints.chat import build_request
from partialstream.client.prompts import TOOL_DESCRIPTION
from partialstream.client.response_model import ResponseShape
from partialstream.client.schema import request_schema
from partialstream.testing import ReplayServer


class Product(BaseModel):
    """Something for sale."""

    name: str


ITEMS = ResponseShape("items", Product)
OBJECT = ResponseShape("object", Product)
LOOSE = ResponseShape("items", dict[str, int])
MODES: list[Any] = ["json_schema", "tools", "json_object"]

ASKED: dict[str, Any] = {
    "model": "gpt-5",
    "messages": [{"role": "user", "content": "Three tools, please."}],
    "temperature": 0.2,
    "logprobs": True,
    "top_logprobs": 2,
    "seed": 7,
    "metadata": {"run": "a"},
    "timeout": 5.0,
    "extra_headers": {"x": "y"},
}


def shape_request(
    shape: ResponseShape, mode: Any, kwargs: dict[str, Any], *, stream: bool
) -> dict[str, Any]:
    return build_request(mode, kwargs, request_schema(shape), stream=stream)


def test_a_schema_is_asked_for_by_response_format() -> None:
    made = request_schema(ITEMS)
    assert shape_request(ITEMS, "json_schema", {}, stream=False) == {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "ProductList", "schema": made.schema, "strict": True},
        }
    }


def test_a_tool_is_the_only_choice_and_called_once() -> None:
    made = request_schema(OBJECT)
    assert shape_request(OBJECT, "tools", {}, stream=False) == {
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "Product",
                    "description": "Something for sale.",
                    "parameters": made.schema,
                    "strict": True,
                },
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "Product"}},
        "parallel_tool_calls": False,
    }


def test_a_tool_without_a_docstring_is_described_all_the_same() -> None:
    function = shape_request(ITEMS, "tools", {}, stream=False)["tools"][0]["function"]
    assert function["description"] == TOOL_DESCRIPTION


def test_a_response_format_takes_the_docstring() -> None:
    request = shape_request(OBJECT, "json_schema", {}, stream=False)
    described = request["response_format"]["json_schema"]
    assert described["description"] == "Something for sale."


@pytest.mark.parametrize("mode", MODES[:2])
def test_a_loose_schema_is_sent_as_not_strict(mode: Any) -> None:
    request = shape_request(LOOSE, mode, {}, stream=True)
    if mode == "tools":
        assert request["tools"][0]["function"]["strict"] is False
    else:
        assert request["response_format"]["json_schema"]["strict"] is False


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_the_callers_arguments_are_passed_on_and_not_changed(mode: Any, stream: bool) -> None:
    asked = copy.deepcopy(ASKED)
    request = shape_request(OBJECT, mode, asked, stream=stream)
    assert asked == ASKED
    passed_on = {name: request[name] for name in ASKED}
    if mode == "json_object":
        assert passed_on.pop("messages")[1:] == asked["messages"]
        asked.pop("messages")
    assert all(passed_on[name] is value for name, value in asked.items())


@pytest.mark.parametrize("mode", MODES)
def test_changing_a_request_does_not_change_the_next_one(mode: Any) -> None:
    first = shape_request(ITEMS, mode, {"messages": []}, stream=True)
    expected = copy.deepcopy(first)
    first["stream_options"].clear()
    first.get("response_format", {}).get("json_schema", {}).get("schema", {}).clear()
    for tool in first.get("tools", []):
        tool["function"]["parameters"].clear()
    assert shape_request(ITEMS, mode, {"messages": []}, stream=True) == expected


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {"stream_options": {"include_usage": True}}),
        ({"stream_options": {}}, {"stream_options": {"include_usage": True}}),
        (
            {"stream_options": {"include_obfuscation": False}},
            {"stream_options": {"include_usage": True, "include_obfuscation": False}},
        ),
        (
            {"stream_options": {"include_usage": False}},
            {"stream_options": {"include_usage": False}},
        ),
        ({"stream_options": None}, {}),
        ({"stream_options": openai.omit}, {"stream_options": openai.omit}),
    ],
)
def test_a_stream_tells_its_usage_unless_the_caller_declines(
    given: dict[str, Any], sent: dict[str, Any]
) -> None:
    request = shape_request(ITEMS, "json_schema", given, stream=True)
    del request["response_format"]
    assert request == {"stream": True, **sent}


def test_parallel_calls_are_left_to_a_caller_who_asks_for_them() -> None:
    request = shape_request(ITEMS, "tools", {"parallel_tool_calls": True}, stream=True)
    assert request["parallel_tool_calls"] is True


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "name", ["response_format", "tools", "tool_choice", "functions", "function_call"]
)
def test_what_response_model_decides_is_not_the_callers_to_pass(name: str, mode: Any) -> None:
    with pytest.raises(TypeError, match=rf"^{name}= is made from response_model.*mode="):
        shape_request(ITEMS, mode, {**ASKED, name: []}, stream=True)


@pytest.mark.parametrize("stream", [True, False])
def test_stream_may_be_repeated_but_not_contradicted(stream: bool) -> None:
    request = shape_request(ITEMS, "tools", {"stream": stream}, stream=stream)
    assert request["stream"] is stream
    with pytest.raises(TypeError, match="contradicts the call"):
        shape_request(ITEMS, "tools", {"stream": not stream}, stream=stream)


def system(content: Any, role: str = "system") -> dict[str, Any]:
    return {"role": role, "content": content}


USER = {"role": "user", "content": "Three tools, please."}


@pytest.mark.parametrize(
    ("messages", "before", "after"),
    [
        ([USER], None, [USER]),
        ([], None, []),
        ((USER,), None, [USER]),
        ([system("Be short."), USER], "Be short.\n\n", [USER]),
        ([system("Be short.", "developer"), USER], "Be short.\n\n", [USER]),
        ([USER, system("Be short.")], None, [USER, system("Be short.")]),
    ],
)
def test_json_object_tells_the_schema_in_the_one_system_message(
    messages: Any, before: str | None, after: list[Any]
) -> None:
    request = shape_request(ITEMS, "json_object", {"messages": messages}, stream=False)
    assert request["response_format"] == {"type": "json_object"}
    first, *others = request["messages"]
    assert others == after
    assert first["role"] == (messages[0]["role"] if before else "system")
    text = first["content"]
    assert text.startswith(before or "Answer with one JSON object")
    assert json.loads(text.partition("schema:\n")[2]) == request_schema(ITEMS).schema


def test_json_object_adds_a_part_to_a_system_message_of_parts() -> None:
    part = {"type": "text", "text": "Be short."}
    messages = [system([part]), USER]
    request = shape_request(ITEMS, "json_object", {"messages": messages}, stream=False)
    kept, added = request["messages"][0]["content"]
    assert kept is part
    assert added["type"] == "text"
    assert "JSON" in added["text"]
    assert messages == [system([part]), USER]


def test_json_object_fills_an_empty_system_message() -> None:
    request = shape_request(ITEMS, "json_object", {"messages": [system(None)]}, stream=False)
    assert [part["type"] for part in request["messages"][0]["content"]] == ["text"]


@pytest.mark.parametrize("kwargs", [{}, {"messages": None}, {"messages": "hello"}])
def test_json_object_needs_messages(kwargs: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="messages= must be a list"):
        shape_request(ITEMS, "json_object", kwargs, stream=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [ITEMS, OBJECT, LOOSE])
def test_the_sdk_sends_the_request_as_it_is(mode: Any, shape: ResponseShape) -> None:
    asked = {"model": "m", "messages": [USER], "logprobs": True}
    request = shape_request(shape, mode, asked, stream=True)
    with ReplayServer('{"items":[]}') as server:
        with openai.OpenAI(base_url=server.base_url, api_key="-", max_retries=0) as client:
            finish_reasons = [
                choice.finish_reason
                for chunk in client.chat.completions.create(**request)
                for choice in chunk.choices
            ]
        assert server.requests[0].body == request
    assert finish_reasons[-1] == ("tool_calls" if mode == "tools" else "stop")
