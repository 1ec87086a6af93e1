from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import openai
import pytest

from partialstream.testing import Answer, ReplayRequest, ReplayServer, ToolCall
from partialstream.usage import Usage

MESSAGES: Any = [{"role": "user", "content": "list two lamps"}]
TOOLS: Any = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("first", "second")
]
SECOND: Any = {"type": "function", "function": {"name": "second"}}


def connect(server: ReplayServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.base_url, api_key="test")


def ask(client: openai.OpenAI, **options: Any) -> list[Any]:
    """Stream one answer and give its chunks."""
    return list(
        client.chat.completions.create(model="m", messages=MESSAGES, stream=True, **options)
    )


def deltas(chunks: list[Any]) -> list[Any]:
    return [chunk.choices[0].delta for chunk in chunks if chunk.choices]


def content(chunks: list[Any]) -> str:
    return "".join(delta.content or "" for delta in deltas(chunks))


def answered(answer: Answer | str, **options: Any) -> list[Any]:
    with ReplayServer([answer]) as server, connect(server) as client:
        return ask(client, **options)


def whole(answer: Answer | str, **options: Any) -> Any:
    with ReplayServer([answer]) as server, connect(server) as client:
        return client.chat.completions.create(model="m", messages=MESSAGES, **options)


@pytest.mark.parametrize("text", ["", "x", '{"items":[{"name":"Ä €"}]}', "\U0001f4a1" * 9])
def test_a_text_arrives_whole(text: str) -> None:
    chunks = answered(text)
    assert content(chunks) == text
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert whole(text).choices[0].message.content == text


def test_deltas_have_the_chunk_size_or_are_the_given_pieces() -> None:
    assert [d.content for d in deltas(answered("abcdefg"))] == ["", "abcd", "efg", None]
    pieces = ["", "a", "", "bc", ""]
    assert [d.content for d in deltas(answered(Answer(pieces=pieces)))] == ["", *pieces, None]


def test_a_lone_surrogate_survives_the_wire() -> None:
    pieces = ["\ud83d", "\udca1"]
    assert [d.content for d in deltas(answered(Answer(pieces=pieces)))] == ["", *pieces, None]


def test_tool_calls_come_one_after_another_or_in_turns() -> None:
    calls = [ToolCall("a", "12345"), ToolCall("b", pieces=["x", "y"], id="mine")]

    def heard(**options: Any) -> list[tuple[int, str | None, str | None, str]]:
        chunks = answered(Answer(tool_calls=calls, chunk_size=3, **options))
        assert chunks[-1].choices[0].finish_reason == "tool_calls"
        found = [call for delta in deltas(chunks) for call in delta.tool_calls or []]
        return [(c.index, c.id, c.function.name, c.function.arguments) for c in found]

    head_a, head_b = (0, "call_0", "a", ""), (1, "mine", "b", "")
    rest_a = [(0, None, None, "123"), (0, None, None, "45")]
    rest_b = [(1, None, None, "x"), (1, None, None, "y")]
    assert heard() == [head_a, *rest_a, head_b, *rest_b]
    turns = [head_a, rest_a[0], head_b, rest_b[0], rest_a[1], rest_b[1]]
    assert heard(interleaved=True) == turns


def test_tool_calls_in_an_answer_that_is_not_streamed() -> None:
    choice = whole(Answer(tool_calls=[ToolCall("a", "{}"), ToolCall("b", "[1]")])).choices[0]
    calls = [(c.id, c.function.name, c.function.arguments) for c in choice.message.tool_calls]
    assert calls == [("call_0", "a", "{}"), ("call_1", "b", "[1]")]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)


@pytest.mark.parametrize(
    ("as_tool", "request_options", "called"),
    [
        (None, {}, None),
        (None, {"tools": TOOLS}, "first"),
        (None, {"tools": TOOLS, "tool_choice": "auto"}, "first"),
        (None, {"tools": TOOLS, "tool_choice": SECOND}, "second"),
        (None, {"tools": TOOLS, "tool_choice": "none"}, None),
        (False, {"tools": TOOLS}, None),
        (True, {"tools": TOOLS}, "first"),
    ],
)
def test_one_script_serves_json_and_tools_mode(
    as_tool: bool | None, request_options: dict[str, Any], called: str | None
) -> None:
    answer = Answer('{"name":"lamp"}', as_tool=as_tool)
    message = whole(answer, **request_options).choices[0].message
    chunks = answered(answer, **request_options)
    found = [call.function for delta in deltas(chunks) for call in delta.tool_calls or []]
    if called is None:
        assert message.content == content(chunks) == answer.text
        assert not found
    else:
        assert message.tool_calls[0].function.name == found[0].name == called
        assert message.tool_calls[0].function.arguments == answer.text
        assert "".join(function.arguments for function in found) == answer.text
        assert content(chunks) == ""


def test_reasoning_comes_first_and_a_refusal_last() -> None:
    answer = Answer("text", reasoning="think", refusal="no", chunk_size=10)
    seen = [d.model_dump(exclude_none=True) for d in deltas(answered(answer))]
    opening = {"role": "assistant", "content": ""}
    spoken = [{"reasoning_content": "think"}, {"content": "text"}, {"refusal": "no"}]
    assert seen == [opening, *spoken, {}]
    message = whole(answer).choices[0].message
    assert (message.reasoning_content, message.content, message.refusal) == ("think", "text", "no")


def test_choices_take_turns() -> None:
    answer = Answer(choices=["aaaaaa", "b"])
    chunks = answered(answer)
    pieces = [(chunk.choices[0].index, chunk.choices[0].delta.content) for chunk in chunks]
    ends = [(0, None), (1, None)]
    assert pieces == [(0, ""), (1, ""), (0, "aaaa"), (1, "b"), (0, "aa"), *ends]
    assert [choice.message.content for choice in whole(answer).choices] == ["aaaaaa", "b"]


def test_usage_is_counted_and_sent_where_it_is_due() -> None:
    answer = Answer("abcdefgh", reasoning="hm")
    usage = whole(answer).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (4, 3, 7)
    assert usage.completion_tokens_details.reasoning_tokens == 1
    assert [chunk.usage for chunk in answered(answer)] == [None] * 5
    *before, last = answered(answer, stream_options={"include_usage": True})
    assert (last.choices, last.usage) == ([], usage)
    assert [chunk.usage for chunk in before] == [None] * 5
    assert whole(Answer("x", usage=Usage(50, 60))).usage.total_tokens == 110


def test_a_recording_is_sent_as_it_is() -> None:
    assert answered(Answer(recorded=b"")) == []
    body = b': hello\r\n\r\ndata: {"choices":[]}\r\n\r\ndata: [DONE]'
    with ReplayServer(Answer(recorded=body)) as server, connect(server) as client:
        create = client.chat.completions.with_streaming_response.create
        with create(model="m", messages=MESSAGES, stream=True) as response:
            assert response.read() == body
        request = server.requests[0]
        assert request.wait_finished(10.0)
        assert (request.deltas_sent, request.bytes_sent) == (3, len(body))


def test_answers_go_to_requests_in_order_and_then_run_out() -> None:
    with ReplayServer(["one", Answer("two")]) as server, connect(server) as client:
        assert [content(ask(client)), content(ask(client))] == ["one", "two"]
        with pytest.raises(openai.InternalServerError, match="no answer to request 3"):
            ask(client)
        assert len(server.requests) == 3  # so the SDK did not try again


def test_the_last_answer_can_repeat() -> None:
    with ReplayServer(["one", "two"], repeat=True) as server, connect(server) as client:
        assert [content(ask(client)) for _ in range(4)] == ["one", "two", "two", "two"]


def test_a_function_can_answer() -> None:
    def echo(request: ReplayRequest) -> Answer | str:
        return f"{request.number}: {request.body['messages'][0]['content']}"

    with ReplayServer(echo) as server, connect(server) as client:
        assert content(ask(client)) == "1: list two lamps"
        assert content(ask(client)) == "2: list two lamps"


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (Answer("{}", as_tool=True), "the request offers no tool"),
        (lambda request: request.body["missing"], "missing"),
    ],
)
def test_a_broken_script_is_an_http_error_that_says_why(answers: Any, message: str) -> None:
    with ReplayServer(answers) as server, connect(server) as client:
        with pytest.raises(openai.InternalServerError, match=message):
            ask(client)
        assert [request.finished for request in server.requests] == [False]


def test_what_is_no_request_is_told_so_and_takes_no_answer() -> None:
    with ReplayServer("ok") as server, connect(server) as client:
        with pytest.raises(openai.NotFoundError, match="chat/completions"):
            client.embeddings.create(model="m", input="x")
        with pytest.raises(openai.BadRequestError, match="unknown shape"):
            ask(client, tools=[{"type": "unheard-of"}])
        with pytest.raises(openai.BadRequestError, match="must be a JSON object"):
            client.post("/chat/completions", body=cast("Any", [1]), cast_to=object)
        assert content(ask(client)) == "ok"


def test_requests_are_recorded_without_credentials() -> None:
    with ReplayServer("ok") as server:
        client = openai.OpenAI(
            base_url=server.base_url,
            api_key="very-secret",
            default_headers={"api-key": "very-secret", "X-Api-Key": "very-secret", "cookie": "s=1"},
            default_query={"key": "very-secret"},
        )
        before = time.perf_counter()
        with client:
            ask(client)
        (request,) = server.requests
    assert (request.number, request.method, request.path) == (1, "POST", "/v1/chat/completions")
    assert request.body == {"model": "m", "messages": MESSAGES, "stream": True}
    assert before < request.received_at < time.perf_counter()
    assert "secret" not in repr(request)
    hidden = {name for name, value in request.headers.items() if value == "[redacted]"}
    assert hidden == {"authorization", "api-key", "x-api-key", "cookie"}
    assert request.headers["content-type"] == "application/json"


def test_many_requests_at_once() -> None:
    async def run() -> list[str]:
        async with (
            ReplayServer(Answer("abcdefgh", tokens_per_second=20), repeat=True) as server,
            openai.AsyncOpenAI(base_url=server.base_url, api_key="test") as client,
        ):

            async def one() -> str:
                stream: Any = await client.chat.completions.create(
                    model="m", messages=MESSAGES, stream=True
                )
                return content([chunk async for chunk in stream])

            return await asyncio.gather(*[one() for _ in range(20)])

    assert asyncio.run(run()) == ["abcdefgh"] * 20


@pytest.mark.parametrize("prefix", ["", "/v1", "/openai/deployments/m"])
def test_providers_put_the_endpoint_under_different_paths(prefix: str) -> None:
    with ReplayServer("ok") as server:
        base_url, query = server.url + prefix, {"api-version": "1"}
        with openai.OpenAI(base_url=base_url, api_key="test", default_query=query) as client:
            assert content(ask(client)) == "ok"
        assert server.requests[0].path == f"{prefix}/chat/completions"
