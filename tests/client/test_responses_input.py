from __future__ import annotations

import copy
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessage
from openai.types.responses import ResponseOutputMessage

from partialstream.client.endpoints.responses_input import input_items, input_of
from partialstream.testing import ReplayServer

PICTURE = "data:image/png;base64,AAAA"
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
CUSTOM = {"id": "c2", "type": "custom", "custom": {"name": "run", "input": "print(1)"}}
CALL_ITEM = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"a":1}'}


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def said(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def text(text: str, kind: str = "input_text", **more: Any) -> dict[str, Any]:
    return {"type": kind, "text": text, **more}


@pytest.mark.parametrize(
    ("message", "items"),
    [
        *[
            ({"role": role, "content": "a"}, [{"role": role, "content": "a"}])
            for role in ("system", "developer", "user", "assistant")
        ],
        (user([text("a", "text")]), [user([text("a")])]),
        (user(["a"]), [user([text("a")])]),
        (user([]), [user([])]),
        (user(None), [user("")]),
        (user("a", type="message"), [user("a", type="message")]),
        (
            {"role": "system", "content": [text("a", "text")]},
            [{"role": "system", "content": [text("a")]}],
        ),
        (user([text("a", "text", prompt_cache_breakpoint={"mode": "explicit"})]), ...),
        (
            user([{"type": "image_url", "image_url": {"url": PICTURE}}]),
            [user([{"type": "input_image", "image_url": PICTURE, "detail": "auto"}])],
        ),
        (
            user([{"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}}]),
            [user([{"type": "input_image", "image_url": PICTURE, "detail": "low"}])],
        ),
        (
            user([{"type": "image_url", "image_url": PICTURE}]),
            [user([{"type": "input_image", "image_url": PICTURE, "detail": "auto"}])],
        ),
        (
            user([{"type": "file", "file": {"file_id": "f"}}]),
            [user([{"type": "input_file", "file_id": "f"}])],
        ),
        (
            user([{"type": "file", "file": {"filename": "a.pdf", "file_data": "data:…"}}]),
            [user([{"type": "input_file", "filename": "a.pdf", "file_data": "data:…"}])],
        ),
        (said([text("a", "text")]), [said("a")]),
        (said([text("a", "output_text")]), [said("a")]),
        (
            said([text("a", "text"), text("b", "text")]),
            [said([text("a", "output_text"), text("b", "output_text")])],
        ),
        (said(None), [said("")]),
        (said("a", phase="commentary"), [said("a", phase="commentary")]),
        (said(None, refusal="no"), [said([{"type": "refusal", "refusal": "no"}])]),
        (
            said("a", refusal="no"),
            [said([text("a", "output_text"), {"type": "refusal", "refusal": "no"}])],
        ),
        (
            said([{"type": "refusal", "refusal": "no"}]),
            [said([{"type": "refusal", "refusal": "no"}])],
        ),
        (said("", tool_calls=[CALL]), [CALL_ITEM]),
        (said(None, tool_calls=[CALL]), [CALL_ITEM]),
        (said("Let me see.", tool_calls=[CALL]), [said("Let me see."), CALL_ITEM]),
        (said("a", tool_calls=[], refusal=None, audio=None, annotations=[]), [said("a")]),
        (
            {"role": "tool", "tool_call_id": "c1", "content": "7", "name": "look"},
            [{"type": "function_call_output", "call_id": "c1", "output": "7"}],
        ),
        (
            {"role": "tool", "tool_call_id": "c1", "content": [text("7", "text")]},
            [{"type": "function_call_output", "call_id": "c1", "output": [text("7")]}],
        ),
    ],
)
def test_a_message_becomes_items(message: dict[str, Any], items: Any) -> None:
    before = copy.deepcopy(message)
    made = input_of([message])
    if items is ...:
        assert made == [user([text("a", prompt_cache_breakpoint={"mode": "explicit"})])]
    else:
        assert made == items
    assert message == before


@pytest.mark.parametrize(
    "own",
    [
        user([text("a")]),
        user([{"type": "input_image", "file_id": "f", "detail": "high"}]),
        said([text("a", "output_text", annotations=[])]),
        {"type": "reasoning", "id": "r", "summary": []},
        {"type": "item_reference", "id": "m"},
        CALL_ITEM,
    ],
)
def test_what_is_in_the_form_of_the_responses_api_stays(own: dict[str, Any]) -> None:
    assert input_of([user("a"), own]) == [user("a"), own]


def test_calls_of_custom_tools_have_outputs_of_their_own_type() -> None:
    made = input_of(
        [
            said(None, tool_calls=[CALL, CUSTOM]),
            {"role": "tool", "tool_call_id": "c1", "content": "7"},
            {"role": "tool", "tool_call_id": "c2", "content": "1"},
        ]
    )
    assert [item["type"] for item in made] == [
        "function_call",
        "custom_tool_call",
        "function_call_output",
        "custom_tool_call_output",
    ]
    assert made[1] == {
        "type": "custom_tool_call",
        "call_id": "c2",
        "name": "run",
        "input": "print(1)",
    }


def test_the_sdks_own_objects_are_messages_too() -> None:
    message = ChatCompletionMessage.model_validate(said("a", refusal=None, tool_calls=[CALL]))
    assert input_of((message,)) == [said("a"), CALL_ITEM]
    content = {"type": "output_text", "text": "a", "annotations": []}
    output = {"id": "m", "type": "message", "status": "completed", "role": "assistant"}
    item = ResponseOutputMessage.model_validate({**output, "content": [content]})
    assert input_of([item]) == [said([content])]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (user("a", name="Ada"), "name= of a message has no place"),
        (said("a", audio={"id": "a"}), "audio= of an assistant's message has no place"),
        (said(None, function_call={"name": "a", "arguments": ""}), "function_call= of an"),
        (user([{"type": "input_audio", "input_audio": {}}]), "a part of type 'input_audio' has no"),
        (user([{"type": "video_url", "video_url": {}}]), "a part of type 'video_url' has no place"),
        (user([{"text": "a"}]), "a part of type None has no place"),
        (user([7]), "a part of type None has no place"),
        (said([{"type": "image_url", "image_url": PICTURE}]), "a part of type 'image_url'"),
        (said(None, tool_calls=[{"id": "a", "type": "mcp"}]), "a tool call like .*mcp"),
        (said(None, tool_calls=["look"]), "a tool call like 'look' has no place"),
        ({"role": "function", "name": "a", "content": "b"}, "role must be one of .*'function'"),
        ({"content": "a"}, "role must be one of 'system', .*'tool', not None"),
        ("a", "a message must be a mapping, not 'a'"),
        (user(7), "must be a text or a list of parts, not 7"),
        (user({"type": "text", "text": "a"}), "must be a text or a list of parts"),
    ],
)
def test_what_has_no_place_there_is_refused(message: Any, reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        input_of([user("first"), message])


@pytest.mark.parametrize("given", ["hello", None, 7, {"role": "user", "content": "a"}])
def test_messages_are_a_list(given: Any) -> None:
    with pytest.raises(TypeError, match="messages= must be a list of messages"):
        input_of(given)


def test_an_input_is_a_text_or_a_list_of_anything() -> None:
    item = ResponseOutputMessage.model_validate(
        {"id": "m", "type": "message", "status": "completed", "role": "assistant", "content": []}
    )
    assert input_items("hello") == [user("hello")]
    assert input_items(iter([user("a"), item])) == [user("a"), item]
    for given in (7, {"role": "user"}, b"hello", None):
        with pytest.raises(TypeError, match="input= must be a text or a list"):
            input_items(given)


def test_the_sdk_sends_translated_messages_as_they_are() -> None:
    items = input_of(
        [
            {"role": "system", "content": "Be short."},
            user([text("a", "text"), {"type": "image_url", "image_url": {"url": PICTURE}}]),
            said("Let me see.", tool_calls=[CALL]),
            {"role": "tool", "tool_call_id": "c1", "content": "7"},
        ]
    )
    with ReplayServer("[]") as server:
        with openai.OpenAI(base_url=server.base_url, api_key="-", max_retries=0) as client:
            client.responses.create(model="m", input=items)
    assert server.requests[0].body["input"] == items
