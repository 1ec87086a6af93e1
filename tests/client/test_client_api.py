"""`from_openai(sdk, api="responses")`: how such a client is made, and how it may be called."""

from __future__ import annotations

import json
from typing import Any

import instructor
import openai
import pytest
from client_runs import ASK, PATHS, RESPONSES_CALLERS, Caller, async_sdk, sync_sdk
from pydantic import BaseModel

from partialstream import Client, IncompleteStreamError, from_openai, from_provider
from partialstream.client.options.mode import resolve_mode
from partialstream.testing import Answer, ReplayServer, faults


@pytest.fixture(scope="module", autouse=True)
def everything_is_imported() -> None:
    """The SDK loads a part of itself with the first call."""
    for caller in RESPONSES_CALLERS:
        with ReplayServer('{"name": "saw"}') as server:
            caller(server).whole(response_model=Product)


SAID = '{"items": [{"name":"saw"}]}'


class Product(BaseModel):
    name: str


@pytest.mark.parametrize("caller", RESPONSES_CALLERS)
def test_templates_are_filled_in_wherever_they_stand(caller: Caller) -> None:
    variables = {"count": 3, "mood": "short"}
    inputs: list[dict[str, Any]] = [
        {"input": "{{ count }} tools."},
        {
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "{{ count }} tools."}]}
            ]
        },
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "{{ count }} tools."}]}
            ]
        },
    ]
    for given in inputs:
        with ReplayServer('{"items":[]}') as server:
            caller(server).read(
                "create_iterable",
                response_model=Product,
                context=variables,
                templates=True,
                instructions="Be {{ mood }}.",
                **{"messages": None, **given},
            )
        body = server.requests[0].body
        assert body["instructions"] == "Be short."
        assert "3 tools." in json.dumps(body["input"])
        assert "{{" not in json.dumps(body)


def test_the_spelling_of_the_sdk() -> None:
    with ReplayServer([SAID, '{"name":"saw"}']) as server:
        with sync_sdk(base_url=server.base_url) as sdk:
            create = from_openai(sdk, api="responses").responses.create
            asked: dict[str, Any] = {"model": "m", "input": "A tool, please."}
            saw = Product(name="saw")
            assert list(create(response_model=list[Product], stream=True, **asked)) == [saw]
            assert create(response_model=Product, **asked) == saw
    assert [request.path for request in server.requests] == ["/v1/responses"] * 2


@pytest.mark.parametrize("sdk", [sync_sdk(), async_sdk()])
def test_an_input_for_chat_completions_is_refused(sdk: Any) -> None:
    with pytest.raises(TypeError, match=r"input= belongs to the Responses API.*api='responses'"):
        from_openai(sdk).responses.create(response_model=Product, model="m", input="a")


@pytest.mark.parametrize("api", ["response", "", None, "Chat", ["chat"]])
def test_an_api_that_there_is_not_is_refused_at_once(api: Any) -> None:
    with pytest.raises(ValueError, match="api must be 'chat' or 'responses', not "):
        from_openai(sync_sdk(), api=api)
    with pytest.raises(ValueError, match="api must be 'chat' or 'responses', not "):
        from_provider("openai/gpt-5", api=api, api_key="test")


def test_azure_asks_at_its_own_path() -> None:
    with ReplayServer(SAID) as server:
        with openai.AzureOpenAI(
            azure_endpoint=server.url, api_version="2025-04-01-preview", api_key="test"
        ) as sdk:
            client = from_openai(sdk, api="responses")
            stream = client.create_iterable(response_model=Product, model="mini", input="a")
            assert list(stream) == [Product(name="saw")]
    assert server.requests[0].path == "/openai/responses"


def test_from_provider_makes_such_a_client() -> None:
    with ReplayServer(SAID) as server:
        client = from_provider(
            "openai/gpt-5", api="responses", api_key="test", base_url=server.base_url
        )
        assert isinstance(client, Client)
        assert client.create(response_model=list[Product], input="a") == [Product(name="saw")]
    body = server.requests[0].body
    assert server.requests[0].path == "/v1/responses"
    assert body["model"] == "gpt-5"
    assert body["text"]["format"]["name"] == "ProductList"
    with pytest.raises(ValueError, match="api='responses' is for OpenAI and Azure"):
        from_provider("anthropic/claude", api="responses", api_key="test")


def test_instructors_modes_for_the_responses_api() -> None:
    tools, with_tools = (
        instructor.Mode.RESPONSES_TOOLS,
        instructor.Mode.RESPONSES_TOOLS_WITH_INBUILT_TOOLS,
    )
    assert resolve_mode(tools, "responses") == resolve_mode(tools.value, "responses") == "tools"
    assert resolve_mode(with_tools, "responses") == "json_schema"
    assert resolve_mode(instructor.Mode.JSON, "responses") == "json_object"
    with pytest.raises(ValueError, match="it needs a client made with api='responses'"):
        from_openai(sync_sdk(), mode=tools)
    client = from_openai(sync_sdk(), api="responses", mode=tools)
    with pytest.raises(ValueError, match="no such mode: 'yaml'"):
        client.create(response_model=Product, input="a", mode="yaml")


@pytest.mark.parametrize("caller", RESPONSES_CALLERS)
@pytest.mark.parametrize(
    "answer",
    [
        Answer(SAID, first_delay=30),
        Answer(SAID, fault=faults.Stall(3)),
        Answer(fault=faults.HTTPError(500, retry_after=30)),
    ],
    ids=["headers", "stall", "retries"],
)
def test_a_call_is_over_at_its_deadline(caller: Caller, answer: Answer) -> None:
    with ReplayServer([answer] * 2) as server:
        run = caller(server).read(
            "create_iterable", response_model=Product, deadline=0.3, max_retries=2
        )
        assert isinstance(run.error, IncompleteStreamError)
        assert "deadline=0.3 s" in str(run.error)
        with pytest.raises(IncompleteStreamError, match=r"deadline=0\.3 s"):
            caller(server).whole(response_model=Product, deadline=0.3, max_retries=2)


@pytest.mark.parametrize("caller", RESPONSES_CALLERS)
@pytest.mark.parametrize("mode", ["json_schema", "tools"])
def test_a_response_that_failed(caller: Caller, mode: str) -> None:
    """`response.failed` comes where an error event might, and a whole response may say it too."""
    error = {"code": "server_error", "message": "An error occurred."}
    failed = {"object": "response", "id": "r", "status": "failed", "error": error, "output": []}
    event = {"type": "response.failed", "sequence_number": 1, "response": failed}
    recorded = b"event: response.failed\ndata: " + json.dumps(event).encode() + b"\n\n"
    asked: dict[str, Any] = {"mode": mode, "max_retries": 1}
    again = Answer(SAID)
    answers = [
        Answer(recorded=recorded),
        again,
        Answer(recorded=json.dumps(failed).encode()),
        again,
    ]
    with ReplayServer(answers) as server:
        run = caller(server).read("create_iterable", response_model=Product, **asked)
        assert run.error is None
        assert [product.name for product in run.values] == ["saw"]
        first, _ = run.stream.attempts
        assert (first.outcome.status, "An error occurred." in first.outcome.detail) == (
            "disconnected",
            True,
        )
        assert len(caller(server).whole(response_model=list[Product], **asked)) == 1
    assert len(server.requests) == 4


@pytest.mark.parametrize("first", ["chat", "responses"])
def test_a_list_goes_on_through_the_other_api(first: Any) -> None:
    second: Any = "responses" if first == "chat" else "chat"
    cut = Answer('{"items": [{"name":"saw"}, {"name":"axe"}]}', fault=faults.Reset(8))
    rest = '{"first_index": 1, "items": [{"name":"axe"}]}'
    with ReplayServer([cut, rest]) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = from_openai(sdk, api=first).create_iterable(
            response_model=Product, fallbacks=[(from_openai(sdk, api=second), "other")], **ASK
        )
        assert [item.name for item in stream] == ["saw", "axe"]
    assert [request.path for request in server.requests] == [PATHS[first], PATHS[second]]
    assert [attempt.cause for attempt in stream.attempts] == ["request", "resume"]
