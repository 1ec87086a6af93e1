"""The replay server as Gemini's GenerateContent."""

from __future__ import annotations

from typing import Any

import pytest
from extras import needs
from http_library import httpx
from wire_runs import ask, events_of

from partialstream.testing import Answer, ReplayServer, ToolCall, faults
from partialstream.usage import Usage

METHOD = "/v1beta/models/m-1:generateContent"
STREAM = "/v1beta/models/m-1:streamGenerateContent?alt=sse"
BODY: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "list two lamps"}]}]}
TOOLS = [{"functionDeclarations": [{"name": "first"}, {"name": "second"}]}]
TEXT = "one two three four "  # five deltas


def streamed(answer: Answer | str, **options: Any) -> list[dict[str, Any]]:
    return [data for _, data in events_of(ask(answer, STREAM, {**BODY, **options}))]


def whole(answer: Answer | str, **options: Any) -> dict[str, Any]:
    response: dict[str, Any] = ask(answer, METHOD, {**BODY, **options}).json()
    return response


def parts_of(*chunks: dict[str, Any], choice: int = 0) -> list[dict[str, Any]]:
    """The parts that say something."""
    return [
        part
        for chunk in chunks
        for candidate in chunk["candidates"]
        for part in candidate["content"]["parts"]
        if candidate["index"] == choice and part != {"text": ""}
    ]


def reason_of(chunk: dict[str, Any]) -> str | None:
    reason: str | None = chunk["candidates"][0].get("finishReason")
    return reason


def calling(**config: Any) -> dict[str, Any]:
    return {"tools": TOOLS, "toolConfig": {"functionCallingConfig": config}}


def test_a_text_chunk_by_chunk() -> None:
    usage = Usage(30, 20, cached_tokens=10, reasoning_tokens=5)
    first, second, last = streamed(Answer("abcdef", usage=usage))
    told = {"modelVersion": "m-1", "responseId": "gemini-replay"}
    content = {"role": "model", "parts": [{"text": "abcd"}]}
    assert first == {**told, "candidates": [{"index": 0, "content": content}]}
    assert parts_of(second) == [{"text": "ef"}]
    assert last["candidates"] == [
        {
            "index": 0,
            "content": {"role": "model", "parts": [{"text": ""}]},
            "finishReason": "STOP",
        }
    ]
    assert last["usageMetadata"] == {
        "promptTokenCount": 30,
        "cachedContentTokenCount": 10,
        "candidatesTokenCount": 15,
        "thoughtsTokenCount": 5,
        "totalTokenCount": 50,
    }


def test_a_text_that_is_not_streamed() -> None:
    response = whole("abcdef", systemInstruction={"parts": [{"text": "1234"}]})
    assert parts_of(response) == [{"text": "abcdef"}]
    assert reason_of(response) == "STOP"
    assert response["usageMetadata"]["promptTokenCount"] == 5


def test_a_call_comes_in_one_piece() -> None:
    calls = [ToolCall("a", '{"x":[1,2]}'), ToolCall("b", id="mine")]
    answer = Answer("text", reasoning="think", tool_calls=calls, chunk_size=10)
    parts = [
        {"text": "think", "thought": True},
        {"text": "text"},
        {"functionCall": {"id": "call_0", "name": "a", "args": {"x": [1, 2]}}},
        {"functionCall": {"id": "mine", "name": "b", "args": {}}},
    ]
    chunks = streamed(answer)
    assert parts_of(*chunks) == parts_of(whole(answer)) == parts
    assert [reason_of(chunk) for chunk in chunks] == [None, None, None, "STOP"]


@pytest.mark.parametrize(
    ("options", "called"),
    [
        ({}, None),
        ({"tools": [{"googleSearch": {}}]}, None),
        ({"tools": TOOLS}, "first"),
        (calling(mode="ANY"), "first"),
        (calling(mode="ANY", allowedFunctionNames=["second"]), "second"),
        (calling(mode="NONE"), None),
    ],
)
def test_one_script_serves_requests_with_tools_and_without(
    options: dict[str, Any], called: str | None
) -> None:
    (part,) = parts_of(*streamed("[1]", **options))
    assert parts_of(whole("[1]", **options)) == [part]
    if called is None:
        assert part == {"text": "[1]"}
    else:
        assert (part["functionCall"]["name"], part["functionCall"]["args"]) == (called, [1])


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (None, "STOP"),
        (faults.LengthCut(2), "MAX_TOKENS"),
        (faults.ContentFilter(2), "SAFETY"),
    ],
)
def test_finish_reasons(fault: faults.Fault | None, reason: str) -> None:
    answer = Answer(TEXT, fault=fault)
    *before, last = streamed(answer)
    assert reason_of(last) == reason_of(whole(answer)) == reason
    said = TEXT if fault is None else TEXT[:8]
    assert "".join(part["text"] for part in parts_of(*before)) == said
    assert reason_of(streamed(Answer(TEXT, finish_reason="RECITATION"))[-1]) == "RECITATION"


@pytest.mark.parametrize("after", [0, 1])
def test_of_a_call_that_is_cut_nothing_comes(after: int) -> None:
    calls = [ToolCall("a", pieces=["{", "}"]), ToolCall("b")]
    answer = Answer(tool_calls=calls, fault=faults.LengthCut(after))
    chunks = streamed(answer)
    assert parts_of(*chunks) == parts_of(whole(answer)) == []
    assert reason_of(chunks[-1]) == "MAX_TOKENS"


def test_arguments_that_are_no_json_are_a_malformed_call() -> None:
    answer = Answer("text", tool_calls=[ToolCall("a", '{"x":')])
    chunks = streamed(answer)
    assert parts_of(*chunks) == parts_of(whole(answer)) == [{"text": "text"}]
    assert reason_of(chunks[-1]) == "MALFORMED_FUNCTION_CALL"


def test_choices_are_candidates() -> None:
    answer = Answer(choices=["aaaaaa", "b"])
    chunks = streamed(answer)
    assert parts_of(*chunks, choice=0) == [{"text": "aaaa"}, {"text": "aa"}]
    assert parts_of(*chunks, choice=1) == [{"text": "b"}]
    assert [candidate["index"] for candidate in chunks[-1]["candidates"]] == [0, 1]
    assert parts_of(whole(answer), choice=1) == [{"text": "b"}]


def test_errors() -> None:
    for status, word in [(429, "RESOURCE_EXHAUSTED"), (503, "UNAVAILABLE"), (400, None)]:
        response = ask(Answer(fault=faults.HTTPError(status, message="told")), STREAM, BODY)
        assert response.status_code == status
        error = {"code": status, "message": "told", "status": word or "INVALID_ARGUMENT"}
        assert response.json() == {"error": error}
    *before, error = streamed(Answer(TEXT, fault=faults.ErrorEvent(2, message="too busy")))
    assert error == {"error": {"code": 503, "message": "too busy", "status": "UNAVAILABLE"}}
    assert len(before) == 2


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/v1beta/models/m-1:countTokens", BODY, "no such method: 'countTokens'"),
        (STREAM, {**BODY, "tools": {"functionDeclarations": []}}, "unknown shape"),
    ],
)
def test_what_is_no_request_is_told_so(path: str, body: dict[str, Any], message: str) -> None:
    response = ask("ok", path, body)
    assert (response.status_code, response.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert message in response.json()["error"]["message"]


def test_requests_are_recorded_without_the_key() -> None:
    with ReplayServer("abcdefgh") as server, httpx.Client() as client:
        headers = {"x-goog-api-key": "very-secret"}
        client.post(f"{server.url}{STREAM}&key=very-secret", json=BODY, headers=headers)
        (request,) = server.requests
        assert request.wait_finished(10.0)
    assert (request.path, request.body) == ("/v1beta/models/m-1:streamGenerateContent", BODY)
    assert "secret" not in repr(request)
    assert request.deltas_sent == 2


@pytest.mark.parametrize("pace", [None, 200.0])
def test_deltas_of_a_call_count_when_it_comes(pace: float | None) -> None:
    with ReplayServer(Answer('{"x": [1, 2]}', tokens_per_second=pace)) as server:
        with httpx.Client() as client:
            client.post(server.url + STREAM, json={**BODY, "tools": TOOLS})
        (request,) = server.requests
        assert request.wait_finished(10.0)
    assert request.deltas_sent == 4


@needs("providers", "google.genai")
@pytest.mark.filterwarnings(
    # What aiohttp says of google-genai.
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)
def test_the_sdk_understands_it() -> None:
    from google import genai

    calls = [ToolCall("a", '{"x":[1,"ä"]}')]
    answer = Answer("text", reasoning="think", tool_calls=calls, chunk_size=10)
    with ReplayServer(answer, repeat=True) as server:
        client = genai.Client(api_key="-", http_options={"base_url": server.url})
        response = client.models.generate_content(model="m-1", contents="x")
        chunks = list(client.models.generate_content_stream(model="m-1", contents="x"))
        client.close()
    found = [response.candidates[0].content.parts]
    found.append([part for chunk in chunks for part in chunk.candidates[0].content.parts])
    for parts in found:
        assert [part.text for part in parts if part.text] == ["think", "text"]
        (call,) = [part.function_call for part in parts if part.function_call]
        assert (call.name, call.args) == ("a", {"x": [1, "ä"]})
    for finished in (response, chunks[-1]):
        assert finished.candidates[0].finish_reason == "STOP"
        assert finished.usage_metadata.thoughts_token_count == 1
