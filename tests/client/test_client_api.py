"""`from_openai(sdk, api="responses")`: how such a client is made, and how it may be called."""

from __future__ import annotations

import json
from typing import Any

import instructor
import openai
import pytest
from client_runs import CALLERS, Caller, async_sdk, sync_sdk
from pydantic import BaseModel

from partialstream import Client, from_openai, from_provider
from partialstream.client.mode import resolve_mode
from partialstream.testing import ReplayServer

SAID = '{"items": [{"name":"saw"}]}'


class Product(BaseModel):
    name: str


@pytest.mark.parametrize("caller", CALLERS)
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
            caller(server, api="responses").read(
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
