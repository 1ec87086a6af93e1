"""The replay server as Anthropic's Messages API."""

from __future__ import annotations

from typing import Any

import pytest
from extras import needs
from http_library import httpx
from wire_runs import ask, events_of

from partialstream.testing import Answer, ReplayServer, ToolCall, faults
from partialstream.usage import Usage

PATH = "/v1/messages"
MESSAGES = [{"role": "user", "content": "list two lamps"}]
BODY: dict[str, Any] = {"model": "m-1", "max_tokens": 100, "messages": MESSAGES}
TOOLS = [{"name": name, "input_schema": {"type": "object"}} for name in ("first", "second")]
TEXT = "one two three four "  # five deltas


def streamed(answer: Answer | str, **options: Any) -> list[dict[str, Any]]:
    """The events, which all say in two places what they are."""
    events = events_of(ask(answer, PATH, {**BODY, "stream": True, **options}))
    assert all(name == data["type"] for name, data in events)
    return [data for _, data in events]


def whole(answer: Answer | str, **options: Any) -> dict[str, Any]:
    message: dict[str, Any] = ask(answer, PATH, {**BODY, **options}).json()
    return message


def blocks_of(events: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    """Each block's start and its text; blocks come one after another, and are closed."""
    blocks: list[tuple[dict[str, Any], str]] = []
    is_open = False
    for event in events:
        if event["type"].startswith("content_block"):
            assert event["index"] == len(blocks) - is_open
        if event["type"] == "content_block_start":
            blocks.append((event["content_block"], ""))
            is_open = True
        elif event["type"] == "content_block_delta":
            kind, text = event["delta"].values()
            assert is_open
            if kind != "signature_delta":
                blocks[-1] = (blocks[-1][0], blocks[-1][1] + text)
        elif event["type"] == "content_block_stop":
            is_open = False
    assert not is_open
    return blocks


def stop_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = [event for event in events if event["type"] == "message_delta"]
    delta: dict[str, Any] = found["delta"]
    return delta


def test_a_text_event_by_event() -> None:
    start, ping, *events = streamed(Answer("abcdef", usage=Usage(30, 20, cached_tokens=10)))
    assert ping == {"type": "ping"}
    assert start["type"] == "message_start"
    assert start["message"] == {
        "id": "msg_replay",
        "type": "message",
        "role": "assistant",
        "model": "m-1",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 20,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 10,
            "output_tokens": 1,
        },
    }
    place = {"index": 0}
    assert events == [
        {"type": "content_block_start", **place, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", **place, "delta": {"type": "text_delta", "text": "abcd"}},
        {"type": "content_block_delta", **place, "delta": {"type": "text_delta", "text": "ef"}},
        {"type": "content_block_stop", **place},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 20},
        },
        {"type": "message_stop"},
    ]


def test_a_text_that_is_not_streamed() -> None:
    message = whole("abcdef")
    assert message["content"] == [{"type": "text", "text": "abcdef"}]
    assert (message["stop_reason"], message["model"]) == ("end_turn", "m-1")
    # Four characters of the prompt make a token.
    assert (message["usage"]["input_tokens"], message["usage"]["output_tokens"]) == (4, 2)


def test_thinking_text_and_calls_are_blocks_one_after_another() -> None:
    calls = [ToolCall("a", '{"x":1}'), ToolCall("b", id="mine")]
    answer = Answer("text", reasoning="think", tool_calls=calls, chunk_size=3)
    events = streamed(answer)
    signatures = [event for event in events if event.get("delta", {}).get("signature")]
    assert len(signatures) == 1
    assert blocks_of(events) == [
        ({"type": "thinking", "thinking": "", "signature": ""}, "think"),
        ({"type": "text", "text": ""}, "text"),
        ({"type": "tool_use", "id": "call_0", "name": "a", "input": {}}, '{"x":1}'),
        ({"type": "tool_use", "id": "mine", "name": "b", "input": {}}, ""),
    ]
    assert stop_of(events)["stop_reason"] == "tool_use"
    thinking, *content = whole(answer)["content"]
    assert (thinking["thinking"], bool(thinking["signature"])) == ("think", True)
    assert content == [
        {"type": "text", "text": "text"},
        {"type": "tool_use", "id": "call_0", "name": "a", "input": {"x": 1}},
        {"type": "tool_use", "id": "mine", "name": "b", "input": {}},
    ]


@pytest.mark.parametrize(
    ("options", "called"),
    [
        ({}, None),
        ({"tools": TOOLS}, "first"),
        ({"tools": TOOLS, "tool_choice": {"type": "auto"}}, "first"),
        ({"tools": TOOLS, "tool_choice": {"type": "any"}}, "first"),
        ({"tools": TOOLS, "tool_choice": {"type": "tool", "name": "second"}}, "second"),
        ({"tools": TOOLS, "tool_choice": {"type": "none"}}, None),
    ],
)
def test_one_script_serves_requests_with_tools_and_without(
    options: dict[str, Any], called: str | None
) -> None:
    ((block, text),) = blocks_of(streamed('{"x":1}', **options))
    assert (block["type"], block.get("name")) == ("tool_use" if called else "text", called)
    assert text == '{"x":1}'
    (content,) = whole('{"x":1}', **options)["content"]
    assert content.get("input", content.get("text")) == ({"x": 1} if called else '{"x":1}')


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(TEXT), "end_turn"),
        (Answer(TEXT, fault=faults.LengthCut(2)), "max_tokens"),
        (Answer(TEXT, fault=faults.ContentFilter(2)), "refusal"),
        (Answer(TEXT, finish_reason="refusal"), "refusal"),
        (Answer(TEXT, finish_reason="tool_calls"), "tool_use"),
        (Answer(TEXT, finish_reason="pause_turn"), "pause_turn"),
    ],
)
def test_stop_reasons(answer: Answer, reason: str) -> None:
    events = streamed(answer)
    assert stop_of(events)["stop_reason"] == whole(answer)["stop_reason"] == reason
    said = TEXT if answer.fault is None else TEXT[:8]
    assert [text for _, text in blocks_of(events)] == [said]


def test_a_refusal_is_told_with_the_stop_reason() -> None:
    answer = Answer(TEXT, fault=faults.Refusal(1, text="no, not this"))
    events = streamed(answer)
    details = {"type": "refusal", "category": None, "explanation": "no, not this"}
    assert stop_of(events)["stop_details"] == whole(answer)["stop_details"] == details
    assert [text for _, text in blocks_of(events)] == ["one "]


@pytest.mark.parametrize(("after", "said"), [(0, []), (1, ["{"]), (3, ["{", "{"])])
def test_calls_that_were_not_begun_are_not_there(after: int, said: list[str]) -> None:
    calls = [ToolCall("a", pieces=["{", "}"]), ToolCall("b", pieces=["{", "}"])]
    answer = Answer(tool_calls=calls, fault=faults.LengthCut(after))
    assert [text[:1] for _, text in blocks_of(streamed(answer))] == said
    # Arguments that were cut have no form in an answer that is not streamed.
    assert [block["input"] for block in whole(answer)["content"]] == [{}] * len(said)


def test_errors() -> None:
    for status, kind in [(429, "rate_limit_error"), (529, "overloaded_error"), (500, "api_error")]:
        response = ask(Answer(fault=faults.HTTPError(status, message="told")), PATH, BODY)
        assert response.status_code == status
        assert response.json() == {"type": "error", "error": {"type": kind, "message": "told"}}
    *before, error = streamed(Answer(TEXT, fault=faults.ErrorEvent(2, message="too busy")))
    assert error == {"type": "error", "error": {"type": "overloaded_error", "message": "too busy"}}
    assert len(before) == 5
    error = streamed(Answer(TEXT, fault=faults.ErrorEvent(0, "told", "api_error")))[-1]
    assert error["error"] == {"type": "api_error", "message": "told"}


def test_the_mark_of_the_end_can_be_missing() -> None:
    assert streamed(Answer(TEXT, fault=faults.NoDone()))[-1]["type"] == "message_delta"


def test_what_is_no_request_is_told_so() -> None:
    response = ask("ok", PATH, {**BODY, "tools": [{"unheard": "of"}]})
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert "unknown shape" in response.json()["error"]["message"]


def test_requests_are_recorded() -> None:
    with ReplayServer("abcdefgh") as server, httpx.Client() as client:
        headers = {"x-api-key": "very-secret", "anthropic-version": "2023-06-01"}
        client.post(server.url + PATH, json={**BODY, "stream": True}, headers=headers)
        (request,) = server.requests
        assert request.wait_finished(10.0)
    assert (request.method, request.path) == ("POST", PATH)
    assert request.body == {**BODY, "stream": True}
    assert (request.headers["x-api-key"], request.deltas_sent) == ("[redacted]", 2)
    assert request.headers["anthropic-version"] == "2023-06-01"


@needs("providers", "anthropic")
def test_the_sdk_understands_it() -> None:
    import anthropic

    calls = [ToolCall("a", '{"x":[1,"ä"]}')]
    answer = Answer("text", reasoning="think", tool_calls=calls, chunk_size=3)
    with (
        ReplayServer(answer, repeat=True) as server,
        anthropic.Anthropic(base_url=server.url, api_key="-") as client,
    ):
        with client.messages.stream(**BODY) as stream:
            streamed_message = stream.get_final_message()
        message = client.messages.create(**BODY)
    for found in (streamed_message, message):
        thinking, text, call = found.content
        assert (thinking.thinking, text.text) == ("think", "text")
        assert (call.name, call.input) == ("a", {"x": [1, "ä"]})
        assert found.stop_reason == "tool_use"
