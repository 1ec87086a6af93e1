"""The replay server as OpenAI's Responses API."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from wire_runs import ask, events_of

from partialstream.testing import Answer, ReplayServer, ToolCall, faults
from partialstream.usage import Usage

PATH = "/v1/responses"
BODY: dict[str, Any] = {"model": "m-1", "input": "list two lamps"}
TOOLS = [{"type": "function", "name": name, "parameters": {}} for name in ("first", "second")]
TEXT = "one two three four "  # five deltas


def streamed(answer: Answer | str, **options: Any) -> list[dict[str, Any]]:
    """The events, which are numbered, and say in two places what they are."""
    events = events_of(ask(answer, PATH, {**BODY, "stream": True, **options}))
    assert all(name == data["type"] for name, data in events)
    return [data for _, data in events]


def whole(answer: Answer | str, **options: Any) -> dict[str, Any]:
    response: dict[str, Any] = ask(answer, PATH, {**BODY, **options}).json()
    return response


def said(events: list[dict[str, Any]], kind: str) -> str:
    return "".join(event["delta"] for event in events if event["type"] == f"response.{kind}.delta")


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def test_a_text_event_by_event() -> None:
    events = streamed("abcdef")
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    created, _, added, part, first, _, text, part_done, done, completed = events
    place = {"item_id": "item_0", "output_index": 0, "content_index": 0}
    assert created["response"]["status"] == "in_progress"
    assert added["item"] == {
        "id": "item_0",
        "type": "message",
        "role": "assistant",
        "status": "in_progress",
        "content": [],
    }
    content = {"type": "output_text", "text": "abcdef", "annotations": [], "logprobs": []}
    assert part["part"] == {**content, "text": ""}
    assert {**first, **place, "delta": "abcd"} == first
    assert {**text, **place, "text": "abcdef"} == text
    assert {**part_done, **place, "part": content} == part_done
    item = {**added["item"], "status": "completed", "content": [content]}
    assert done["item"] == item
    assert completed["response"]["output"] == [item]
    assert completed["response"] == whole("abcdef")


def test_reasoning_text_calls_and_refusal_are_items_one_after_another() -> None:
    calls = [ToolCall("a", '{"x":1}'), ToolCall("b", id="mine")]
    answer = Answer("text", reasoning="think", tool_calls=calls, refusal="no", chunk_size=3)
    events = streamed(answer)
    assert said(events, "reasoning_summary_text") == "think"
    assert said(events, "output_text") == "text"
    assert said(events, "function_call_arguments") == '{"x":1}'
    assert said(events, "refusal") == "no"
    added = [event for event in events if event["type"] == "response.output_item.added"]
    done = [event for event in events if event["type"] == "response.output_item.done"]
    assert sorted(event["output_index"] for event in added) == [0, 1, 2, 3, 4]
    types = {event["output_index"]: event["item"]["type"] for event in done}
    assert [types[place] for place in sorted(types)] == [
        "reasoning",
        "message",
        "function_call",
        "function_call",
        "message",
    ]
    parts = [kind for kind in kinds(events) if kind.endswith("part.added")]
    assert parts == ["reasoning_summary_part.added", "content_part.added", "content_part.added"]
    arguments = [event for event in events if event["type"].endswith("arguments.done")]
    found = sorted((event["name"], event["arguments"]) for event in arguments)
    assert found == [("a", '{"x":1}'), ("b", "")]
    reasoning, text, first, second, refusal = whole(answer)["output"]
    assert reasoning["summary"] == [{"type": "summary_text", "text": "think"}]
    assert (text["content"][0]["text"], refusal["content"][0]["refusal"]) == ("text", "no")
    assert (first["call_id"], first["name"], first["arguments"]) == ("call_0", "a", '{"x":1}')
    assert (second["call_id"], second["name"], second["arguments"]) == ("mine", "b", "")
    assert events[-1]["response"] == whole(answer)


@pytest.mark.parametrize(
    ("options", "called"),
    [
        ({}, None),
        ({"tools": TOOLS}, "first"),
        ({"tools": [{"type": "web_search"}, *TOOLS]}, "first"),
        ({"tools": [{"type": "web_search"}]}, None),
        ({"tools": TOOLS, "tool_choice": "required"}, "first"),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "name": "second"}}, "second"),
        ({"tools": TOOLS, "tool_choice": "none"}, None),
    ],
)
def test_one_script_serves_requests_with_tools_and_without(
    options: dict[str, Any], called: str | None
) -> None:
    kind = "function_call_arguments" if called else "output_text"
    assert said(streamed('{"x":1}', **options), kind) == '{"x":1}'
    (item,) = whole('{"x":1}', **options)["output"]
    assert item.get("name") == called


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.LengthCut(2), "max_output_tokens"),
        (faults.ContentFilter(2), "content_filter"),
    ],
)
def test_an_answer_that_breaks_off_is_incomplete(fault: faults.Fault, reason: str) -> None:
    answer = Answer(TEXT, fault=fault)
    events = streamed(answer)
    last = events[-1]
    assert (last["type"], said(events, "output_text")) == ("response.incomplete", TEXT[:8])
    assert last["response"]["incomplete_details"] == {"reason": reason}
    assert [item["status"] for item in last["response"]["output"]] == ["incomplete"]
    assert last["response"] == whole(answer)


def test_calls_that_were_not_begun_are_not_there() -> None:
    calls = [ToolCall("a", pieces=["{", "}"]), ToolCall("b", pieces=["{", "}"])]
    for after, statuses in [(0, []), (1, ["incomplete"]), (3, ["completed", "incomplete"])]:
        answer = Answer(tool_calls=calls, fault=faults.LengthCut(after))
        assert [item["status"] for item in whole(answer)["output"]] == statuses
        assert kinds(streamed(answer)).count("output_item.done") == len(statuses)


def test_a_refusal_cuts_in() -> None:
    answer = Answer(TEXT, fault=faults.Refusal(1, text="no, not this"))
    events = streamed(answer)
    assert (said(events, "output_text"), said(events, "refusal")) == ("one ", "no, not this")
    assert events[-1]["type"] == "response.completed"
    # Where a tool was to be called, no call is there.
    events = streamed(Answer(TEXT, fault=faults.Refusal(0)), tools=TOOLS)
    assert not [event for event in events if event.get("item", {}).get("type") == "function_call"]


def test_usage() -> None:
    usage = Usage(30, 20, cached_tokens=10, reasoning_tokens=5)
    assert whole(Answer("x", usage=usage))["usage"] == {
        "input_tokens": 30,
        "input_tokens_details": {"cached_tokens": 10},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": 50,
    }
    messages = [{"role": "user", "content": [{"type": "input_text", "text": "12345678"}]}]
    assert whole("x", input=messages, instructions="1234")["usage"]["input_tokens"] == 3
    call = {"type": "function_call", "call_id": "c", "name": "a", "arguments": "1234"}
    output = {"type": "function_call_output", "call_id": "c", "output": "12345678"}
    assert whole("x", input=[call, output])["usage"]["input_tokens"] == 3


def test_errors() -> None:
    for status, kind in [(429, "rate_limit_error"), (500, "server_error")]:
        fault = faults.HTTPError(status, message="told", code="c")
        response = ask(Answer(fault=fault), PATH, BODY)
        assert response.status_code == status
        error = {"message": "told", "type": kind, "param": None, "code": "c"}
        assert response.json() == {"error": error}
    *before, error = streamed(Answer(TEXT, fault=faults.ErrorEvent(2, message="too busy")))
    assert (error["type"], error["code"], error["message"]) == ("error", "server_error", "too busy")
    assert (said(before, "output_text"), len(before)) == (TEXT[:8], 6)


def test_what_is_no_request_is_told_so() -> None:
    response = ask("ok", PATH, {**BODY, "tools": [{"type": "function"}]})
    assert response.status_code == 400
    assert "unknown shape" in response.json()["error"]["message"]


def test_the_sdk_understands_it() -> None:
    calls = [ToolCall("a", '{"x":[1,"ä"]}')]
    answer = Answer("text", reasoning="think", tool_calls=calls, chunk_size=3)
    with (
        ReplayServer(answer, repeat=True) as server,
        openai.OpenAI(base_url=server.base_url, api_key="-") as client,
    ):
        with client.responses.stream(model="m-1", input="x") as stream:
            streamed_response: Any = stream.get_final_response()
        response = client.responses.create(model="m-1", input="x")
        request = server.requests[0]
    for found in (streamed_response, response):
        reasoning, _, call = found.output
        assert (reasoning.summary[0].text, found.output_text) == ("think", "text")
        assert (call.name, call.arguments, found.status) == ("a", '{"x":[1,"ä"]}', "completed")
    assert (request.path, request.body["stream"]) == (PATH, True)
    assert request.headers["authorization"] == "[redacted]"
