"""Each attempt says which model was asked for, and whose it is."""

from __future__ import annotations

import json
from typing import Any

import instructor
import pytest
from http_library import httpx
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI
from pydantic import BaseModel

from partialstream import from_instructor, from_openai, from_provider, stream_items
from partialstream.client.endpoints.providers import provider_of, provider_of_instructor
from partialstream.testing import ReplayServer


class Product(BaseModel):
    name: str


MESSAGES = [{"role": "user", "content": "Two products, please."}]
LIST = '{"items": [{"name": "Lamp"}, {"name": "Rug"}]}'
BAD = '{"items": [{"name": "Lamp"}, {"name": 1}]}'
AZURE: dict[str, Any] = {"azure_endpoint": "https://me.openai.azure.com", "api_version": "v1"}


@pytest.mark.parametrize("sdk", [OpenAI, AsyncOpenAI])
@pytest.mark.parametrize(
    ("base_url", "provider"),
    [
        (None, "openai"),
        ("https://eu.api.openai.com/v1", "openai"),
        ("https://me.openai.azure.com/openai/v1", "azure.ai.openai"),
        ("https://api.groq.com/openai/v1", "groq"),
        ("https://api.mistral.ai/v1", "mistral_ai"),
        ("https://api.deepseek.com", "deepseek"),
        ("https://api.x.ai/v1", "x_ai"),
        ("https://api.perplexity.ai", "perplexity"),
        ("https://api.anthropic.com/v1/", "anthropic"),
        ("https://generativelanguage.googleapis.com/v1beta/openai/", "gcp.gemini"),
        ("https://us-central1-aiplatform.googleapis.com/v1", "gcp.vertex_ai"),
        ("https://aiplatform.googleapis.com/v1", "gcp.vertex_ai"),
        ("https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1", "aws.bedrock"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("http://localhost:8000/v1", "openai"),
        ("http://127.0.0.1:8000/v1", "openai"),
        ("https://notgroq.com/v1", "openai"),
    ],
)
def test_the_host_tells_the_provider(sdk: Any, base_url: str | None, provider: str) -> None:
    assert provider_of(sdk(api_key="test", base_url=base_url)) == provider


@pytest.mark.parametrize("sdk", [AzureOpenAI, AsyncAzureOpenAI])
def test_the_class_tells_the_provider(sdk: Any) -> None:
    assert provider_of(sdk(api_key="test", **AZURE)) == "azure.ai.openai"


def test_the_provider_behind_an_instructor_client() -> None:
    local = instructor.from_openai(OpenAI(api_key="test", base_url="http://localhost:8000/v1"))
    assert provider_of_instructor(local) == "openai"
    groq = instructor.from_openai(OpenAI(api_key="test", base_url="https://api.groq.com/v1"))
    assert provider_of_instructor(groq) == "groq"
    azure = instructor.from_openai(AzureOpenAI(api_key="test", **AZURE))
    assert provider_of_instructor(azure) == "azure.ai.openai"


def test_before_the_request_is_made_it_is_known_who_is_asked() -> None:
    client = from_openai(AsyncOpenAI(api_key="test", base_url="https://api.groq.com/v1"))
    stream = client.create_iterable(response_model=Product, model="llama", messages=MESSAGES)
    assert [(each.model, each.provider) for each in stream.attempts] == [("llama", "groq")]


@pytest.mark.parametrize("make", ["openai", "instructor"])
@pytest.mark.parametrize("method", ["create_iterable", "create_partial"])
@pytest.mark.parametrize("max_retries", [0, 2])
def test_attempts_name_the_model_that_was_asked_for(
    make: str, method: str, max_retries: int
) -> None:
    answer = LIST if method == "create_iterable" else '{"name": "Lamp"}'
    if make == "instructor":
        answer = answer.replace("items", "tasks")
    with ReplayServer(answer) as server, OpenAI(base_url=server.base_url, api_key="test") as sdk:
        client = (
            from_openai(sdk)
            if make == "openai"
            else from_instructor(instructor.from_openai(sdk, mode=instructor.Mode.JSON_SCHEMA))
        )
        stream = getattr(client, method)(
            response_model=Product, model="asked-for", messages=MESSAGES, max_retries=max_retries
        )
        list(stream)
    assert [(each.model, each.provider) for each in stream.attempts] == [("asked-for", "openai")]


def test_what_responded_is_kept_apart() -> None:
    def respond(request: Any) -> Any:
        chunk = {
            "model": "that-responded",
            "choices": [{"index": 0, "delta": {"content": LIST}, "finish_reason": "stop"}],
        }
        return httpx.Response(
            200,
            headers={"content-type": "text/event-stream"},
            content=f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n",
        )

    transport = httpx.Client(transport=httpx.MockTransport(respond))
    with OpenAI(api_key="test", http_client=transport) as sdk:
        stream = from_openai(sdk).create_iterable(
            response_model=Product, model="asked-for", messages=MESSAGES
        )
        assert len(list(stream)) == 2
    assert stream.attempts[0].model == "asked-for"
    assert stream.metadata.model == "that-responded"


def test_follow_ups_name_it_too() -> None:
    fixed = '{"items": [{"name": "Rug"}]}'
    with (
        ReplayServer([BAD, fixed]) as server,
        OpenAI(base_url=server.base_url, api_key="test") as sdk,
    ):
        stream = from_openai(sdk).create_iterable(
            response_model=Product, model="asked-for", messages=MESSAGES, max_retries=1
        )
        assert len(list(stream)) == 2
    assert [(each.cause, each.model, each.provider) for each in stream.attempts] == [
        ("request", "asked-for", "openai"),
        ("repair", "asked-for", "openai"),
    ]


def test_a_default_model_is_the_one_that_is_asked_for() -> None:
    with ReplayServer(LIST) as server:
        client = from_provider("openai/gpt-5", api_key="test", base_url=server.base_url)
        stream = client.create_iterable(response_model=Product, messages=MESSAGES)
        list(stream)
    assert [(each.model, each.provider) for each in stream.attempts] == [("gpt-5", "openai")]


def test_of_a_stream_that_was_opened_elsewhere_nothing_is_known() -> None:
    stream = stream_items(Product, [LIST])
    list(stream)
    assert [(each.model, each.provider) for each in stream.attempts] == [(None, None)]
