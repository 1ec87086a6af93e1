from __future__ import annotations

import copy
import json
from typing import Any

import openai
import pytest
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming
from pydantic import BaseModel, TypeAdapter

from partialstream.client.endpoints.chat import CALL_ID
from partialstream.client.endpoints.responses import (
    ResponsesRequestBuilder,
    build_request,
    translated,
)
from partialstream.client.options.options import Options
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
USER = {"role": "user", "content": "Three tools, please."}
SEARCH: list[Any] = [{"type": "web_search"}]

ASKED: dict[str, Any] = {
    "model": "gpt-5",
    "input": [USER],
    "instructions": "Be short.",
    "reasoning": {"effort": "low"},
    "previous_response_id": "resp_1",
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "metadata": {"run": "a"},
    "timeout": 5.0,
    "extra_headers": {"x": "y"},
}


def shape_request(
    shape: ResponseShape, mode: Any, kwargs: dict[str, Any], *, stream: bool
) -> dict[str, Any]:
    return build_request(mode, kwargs, request_schema(shape), stream=stream)


def builder(mode: Any, **kwargs: Any) -> ResponsesRequestBuilder:
    return ResponsesRequestBuilder(ITEMS, Options(mode=mode), kwargs, stream=True)


# -- the schema ----------------------------------------------------------------------------


def test_a_schema_is_asked_for_by_the_format_of_the_text() -> None:
    described = {
        "type": "json_schema",
        "name": "Product",
        "description": "Something for sale.",
        "schema": request_schema(OBJECT).schema,
        "strict": True,
    }
    assert shape_request(OBJECT, "json_schema", {}, stream=False) == {"text": {"format": described}}


def test_a_tool_is_the_only_choice_and_called_once() -> None:
    assert shape_request(ITEMS, "tools", {}, stream=False) == {
        "tools": [
            {
                "type": "function",
                "name": "ProductList",
                "description": TOOL_DESCRIPTION,
                "parameters": request_schema(ITEMS).schema,
                "strict": True,
            }
        ],
        "tool_choice": {"type": "function", "name": "ProductList"},
        "parallel_tool_calls": False,
    }
    asked = {"parallel_tool_calls": True}
    assert shape_request(ITEMS, "tools", asked, stream=False)["parallel_tool_calls"] is True


@pytest.mark.parametrize("mode", MODES[:2])
def test_a_loose_schema_is_sent_as_not_strict(mode: Any) -> None:
    request = shape_request(LOOSE, mode, {}, stream=True)
    described = request["tools"][0] if mode == "tools" else request["text"]["format"]
    assert described["strict"] is False


@pytest.mark.parametrize(
    ("given", "before", "others"),
    [
        ("Three tools, please.", None, [USER]),
        ([USER], None, [USER]),
        ((USER,), None, [USER]),
        ([], None, []),
        (None, None, []),
        ([{"role": "system", "content": "Be short."}, USER], "Be short.\n\n", [USER]),
        ([{"role": "developer", "content": "Be short."}, USER], "Be short.\n\n", [USER]),
    ],
)
def test_json_object_tells_the_schema_in_a_system_message_of_the_input(
    given: Any, before: str | None, others: list[Any]
) -> None:
    asked = {} if given is None else {"input": given}
    request = shape_request(ITEMS, "json_object", {**asked, "instructions": "x"}, stream=False)
    assert request["text"] == {"format": {"type": "json_object"}}
    assert request["instructions"] == "x"
    first, *rest = request["input"]
    assert rest == others
    assert first["role"] == (given[0]["role"] if before else "system")
    assert first["content"].startswith(before or "Answer with one JSON object")
    assert json.loads(first["content"].partition("schema:\n")[2]) == request_schema(ITEMS).schema


def test_json_object_adds_a_part_to_a_system_message_of_parts() -> None:
    part = {"type": "input_text", "text": "Be short."}
    asked = {"input": [{"role": "system", "content": [part]}, USER]}
    before = copy.deepcopy(asked)
    kept, added = shape_request(ITEMS, "json_object", asked, stream=False)["input"][0]["content"]
    assert kept is part
    assert added["type"] == "input_text"
    assert "JSON" in added["text"]
    assert asked == before


# -- what the caller passes on -------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_the_callers_arguments_are_passed_on_and_not_changed(mode: Any, stream: bool) -> None:
    asked = copy.deepcopy(ASKED)
    request = shape_request(OBJECT, mode, asked, stream=stream)
    assert asked == ASKED
    if mode == "json_object":
        assert request["input"][1:] == asked.pop("input")
    assert all(request[name] is value for name, value in asked.items())
    assert request.get("stream", False) is stream


@pytest.mark.parametrize("mode", MODES)
def test_the_rest_of_text_is_the_callers(mode: Any) -> None:
    text = {"verbosity": "low"}
    request = shape_request(ITEMS, mode, {"input": "a", "text": text}, stream=True)
    assert request["text"]["verbosity"] == "low"
    assert text == {"verbosity": "low"}
    assert ("format" in request["text"]) is (mode != "tools")
    with pytest.raises(TypeError, match="text= must be a mapping, not 'low'"):
        shape_request(ITEMS, mode, {"text": "low"}, stream=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("response_format", {}),
        ("tools", [{"type": "function", "name": "look"}]),
        ("tools", []),
        ("tool_choice", "auto"),
        ("functions", []),
        ("function_call", "auto"),
        ("text_format", Product),
        ("text.format", {"type": "text"}),
    ],
)
def test_what_response_model_decides_is_not_the_callers_to_pass(
    name: str, value: Any, mode: Any
) -> None:
    argument, _, member = name.partition(".")
    given = {argument: {member: value} if member else value}
    with pytest.raises(TypeError, match=rf"^{name}= is made from response_model.*mode="):
        shape_request(ITEMS, mode, {**ASKED, **given}, stream=True)


@pytest.mark.parametrize("mode", ["json_schema", "json_object"])
def test_tools_that_the_provider_runs_may_be_given_beside_a_schema(mode: Any) -> None:
    asked = {"input": "a", "tools": SEARCH, "tool_choice": "required"}
    request = shape_request(ITEMS, mode, asked, stream=True)
    assert request["tools"] is SEARCH
    assert request["tool_choice"] == "required"
    assert "format" in request["text"]
    with pytest.raises(TypeError, match="tools= is made from response_model"):
        shape_request(ITEMS, "tools", asked, stream=True)
    with pytest.raises(TypeError, match="tools= must be a list"):
        shape_request(ITEMS, mode, {"tools": iter(SEARCH)}, stream=True)


@pytest.mark.parametrize("stream", [True, False])
def test_stream_may_be_repeated_but_not_contradicted(stream: bool) -> None:
    assert shape_request(ITEMS, "tools", {"stream": stream}, stream=stream)["stream"] is stream
    with pytest.raises(TypeError, match="contradicts the call"):
        shape_request(ITEMS, "tools", {"stream": not stream}, stream=stream)


def test_a_response_in_the_background_has_to_be_streamed() -> None:
    asked = {"input": "a", "background": True}
    assert shape_request(ITEMS, "json_schema", asked, stream=True)["background"] is True
    with pytest.raises(TypeError, match="background=True gives no response to read"):
        shape_request(ITEMS, "json_schema", asked, stream=False)
    asked["background"] = False
    assert shape_request(ITEMS, "json_schema", asked, stream=False)["background"] is False


@pytest.mark.parametrize("mode", MODES)
def test_changing_a_request_does_not_change_the_next_one(mode: Any) -> None:
    first = shape_request(ITEMS, mode, {"input": []}, stream=True)
    expected = copy.deepcopy(first)
    first.get("text", {}).get("format", {}).get("schema", {}).clear()
    for tool in first.get("tools", []):
        tool["parameters"].clear()
    assert shape_request(ITEMS, mode, {"input": []}, stream=True) == expected


# -- the words of Chat Completions ---------------------------------------------------------

IN: dict[str, Any] = {"input": "a"}
INCLUDE = "message.output_text.logprobs"


@pytest.mark.parametrize(
    ("given", "request_"),
    [
        ({"messages": [USER]}, {"input": [USER]}),
        ({"messages": [USER], "input": None}, {"input": [USER]}),
        ({"input": (USER,)}, {"input": [USER]}),
        ({"input": "a", "messages": openai.omit}, IN),
        ({"previous_response_id": "r"}, {"previous_response_id": "r"}),
        ({"prompt": {"id": "p"}, "input": None}, {"prompt": {"id": "p"}}),
        ({"conversation": "c"}, {"conversation": "c"}),
        ({**IN, "max_tokens": 5}, {**IN, "max_output_tokens": 5}),
        ({**IN, "max_completion_tokens": 5}, {**IN, "max_output_tokens": 5}),
        ({**IN, "reasoning_effort": "low"}, {**IN, "reasoning": {"effort": "low"}}),
        ({**IN, "reasoning_effort": openai.omit}, IN),
        (
            {**IN, "reasoning_effort": "low", "reasoning": {"summary": "auto"}},
            {**IN, "reasoning": {"summary": "auto", "effort": "low"}},
        ),
        ({**IN, "verbosity": "low"}, {**IN, "text": {"verbosity": "low"}}),
        (
            {**IN, "logprobs": True, "top_logprobs": 3},
            {**IN, "include": [INCLUDE], "top_logprobs": 3},
        ),
        ({**IN, "logprobs": True, "include": ["a"]}, {**IN, "include": ["a", INCLUDE]}),
        ({**IN, "logprobs": True, "include": [INCLUDE]}, {**IN, "include": [INCLUDE]}),
        ({**IN, "logprobs": False}, IN),
        ({**IN, "stream_options": {"include_usage": True}}, IN),
        ({**IN, "stream_options": None}, IN),
        (
            {**IN, "stream_options": {"include_usage": False, "include_obfuscation": False}},
            {**IN, "stream_options": {"include_obfuscation": False}},
        ),
    ],
)
def test_what_is_said_as_for_chat_completions_is_translated(
    given: dict[str, Any], request_: dict[str, Any]
) -> None:
    before = copy.copy(given)
    assert translated(given) == request_
    assert given == before


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "input= or messages= is needed"),
        ({"messages": None, "input": openai.omit}, "input= or messages= is needed"),
        ({"messages": [USER], "input": "a"}, "messages= and input= say the same"),
        ({"messages": "a"}, "messages= must be a list of messages"),
        ({"input": {"role": "user"}}, "input= must be a text or a list of items"),
        (
            {**IN, "max_tokens": 5, "max_output_tokens": 5},
            "max_tokens= and max_output_tokens= say the same",
        ),
        (
            {**IN, "max_tokens": 5, "max_completion_tokens": 5},
            "max_completion_tokens= and max_output_tokens= say the same",
        ),
        (
            {**IN, "reasoning_effort": "low", "reasoning": {"effort": "high"}},
            "reasoning_effort= and 'effort' in reasoning= say the same",
        ),
        ({**IN, "verbosity": "low", "text": 7}, "text= must be a mapping"),
    ],
)
def test_what_is_said_twice_or_not_at_all_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        translated(given)


# -- follow-ups ----------------------------------------------------------------------------

SAID = '{"items": [{"name":"saw"}]}'


@pytest.mark.parametrize(
    "given", [{"input": "Hello"}, {"messages": [user := {"role": "user", "content": "Hello"}]}]
)
def test_a_follow_up_continues_the_input(given: dict[str, Any]) -> None:
    for mode in ("json_schema", "json_object"):
        items = builder(mode, **given).follow_up(SAID, "Go on.", ())["input"]
        assert items[-3:] == [
            user,
            {"role": "assistant", "content": SAID},
            {"role": "user", "content": "Go on."},
        ]
    assert builder("tools", **given).follow_up(SAID, "Go on.", ())["input"] == [
        user,
        {"type": "function_call", "call_id": CALL_ID, "name": "ProductList", "arguments": SAID},
        {"type": "function_call_output", "call_id": CALL_ID, "output": "Go on."},
    ]


@pytest.mark.parametrize("mode", MODES)
def test_where_the_model_said_nothing_the_instruction_is_the_users(mode: Any) -> None:
    items = builder(mode, input="Hello").follow_up(None, "Go on.", ())["input"]
    assert items[-2:] == [user, {"role": "user", "content": "Go on."}]


@pytest.mark.parametrize("mode", MODES)
def test_a_previous_response_stays_the_callers(mode: Any) -> None:
    request = builder(mode, previous_response_id="r").follow_up(None, "Go on.", ())
    assert request["previous_response_id"] == "r"
    assert request["input"][-1] == {"role": "user", "content": "Go on."}
    assert "previous_response_id" not in builder(mode, input="a").follow_up("{}", "Go on.", ())


@pytest.mark.parametrize("mode", MODES)
def test_requests_fit_the_types_that_servers_check_them_by(mode: Any) -> None:
    fitting = TypeAdapter[Any](ResponseCreateParamsStreaming)
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages: list[Any] = [
        {"role": "system", "content": [{"type": "text", "text": "Be short."}]},
        {"role": "user", "content": [{"type": "text", "text": "Look."}]},
        {"role": "assistant", "content": [{"type": "text", "text": "So."}], "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "7"},
    ]
    made = builder(mode, model="m", messages=messages, logprobs=True, reasoning_effort="low")
    followed = [made.follow_up(said, "Go on.", ()) for said in (SAID, None)]
    for request in (made.request, *followed):
        del request["timeout"]
        fitting.validate_python(request)


@pytest.mark.parametrize("said", [SAID, None])
@pytest.mark.parametrize("mode", MODES)
def test_the_sdk_sends_requests_as_they_are(mode: Any, said: str | None) -> None:
    asked = builder(mode, **{**ASKED, "timeout": None, "extra_headers": None})
    with ReplayServer(SAID, repeat=True) as server:
        with openai.OpenAI(base_url=server.base_url, api_key="-", max_retries=0) as client:
            for request in (asked.request, asked.follow_up(said, "Go on.", ())):
                del request["timeout"], request["extra_headers"]
                for _event in client.responses.create(**request):
                    pass
                assert server.requests[-1].body == request
