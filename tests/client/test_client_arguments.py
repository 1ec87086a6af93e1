from __future__ import annotations

from typing import Any

import instructor
import openai
import pytest
from client_runs import ASK, CALLERS, EVERY_CALLER, Caller, Product, async_sdk, sync_sdk
from http_library import httpx
from openai import NotGiven, Timeout

from partialstream import AsyncClient, Client, Limits, from_openai
from partialstream.client.endpoints.base import idle_timeout
from partialstream.testing import Answer, ReplayServer, faults

both = pytest.mark.parametrize("caller", CALLERS)
every = pytest.mark.parametrize("caller", EVERY_CALLER)

PRODUCTS = '{"items":[{"name":"Lamp"}]}'
LAMP = Product(name="Lamp")
KEY = {"api_key": "test"}


@pytest.mark.parametrize(
    ("sdk", "kind"),
    [
        (openai.OpenAI(**KEY), Client),
        (openai.AsyncOpenAI(**KEY), AsyncClient),
        (openai.AzureOpenAI(azure_endpoint="http://a", api_version="1", **KEY), Client),
        (openai.AsyncAzureOpenAI(azure_endpoint="http://a", api_version="1", **KEY), AsyncClient),
    ],
)
def test_which_client_an_sdk_client_gets(sdk: Any, kind: type[Any]) -> None:
    assert type(from_openai(sdk)) is kind


@pytest.mark.parametrize("nothing", [None, "sk-…", openai.OpenAI, object()])
def test_what_is_no_sdk_client_is_refused(nothing: Any) -> None:
    with pytest.raises(TypeError, match="OpenAI or AsyncOpenAI client"):
        from_openai(nothing)


@pytest.mark.parametrize("sdk", [sync_sdk(), async_sdk()])
def test_a_mode_that_there_is_not_is_refused_at_once(sdk: Any) -> None:
    with pytest.raises(ValueError, match="no such mode: 'yaml'"):
        from_openai(sdk, mode="yaml")
    with pytest.raises(ValueError, match="no such mode: 'yaml'"):
        from_openai(sdk).create_iterable(response_model=Product, mode="yaml", **ASK)


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("sdk", [sync_sdk(), async_sdk()])
@pytest.mark.parametrize(
    ("method", "kwargs", "message"),
    [
        ("create", {"max_retries": "2"}, "max_retries must be a number, or tenacity's"),
        ("create_iterable", {"max_retries": None}, "max_retries must be a number"),
        ("create_iterable", {"max_retries": True}, "max_retries must be a number"),
        ("create_partial", {"hooks": print}, "hooks= must be partialstream's or instructor's"),
        ("create_iterable", {"prompts": {}}, "prompts= must be partialstream's Prompts"),
        ("create_iterable", {"fail_fast": False}, "fail_fast= is for objects; response_model"),
        ("create", {"validation_context": {}}, "validation_context= is called context= here"),
        ("create", {"response_format": {}}, "response_format= is made from response_model"),
        ("create_iterable", {"tools": []}, "tools= is made from response_model"),
        ("create_iterable", {"stream": False}, "stream=False contradicts the call"),
        ("create_partial", {"path": "items"}, "path= is for lists; response_model asks for no"),
        ("create", {"on_invalid": "skip"}, "on_invalid= is for lists"),
        ("create_partial", {"ordered": True}, "ordered= is for lists"),
        ("create", {"key": "name"}, "key= is for lists"),
        ("create", {"response_model": None}, "response_model is None"),
        ("create_iterable", {"response_model": list}, "does not say what its items are"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_at_once(
    sdk: Any, api: Any, method: str, kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        getattr(from_openai(sdk, api=api), method)(**{"response_model": Product, **ASK, **kwargs})


@pytest.mark.parametrize("sdk", [sync_sdk(), async_sdk()])
@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"max_retries": -1}, "max_retries must not be negative"),
        ({"max_retries": 2, "max_requests": 0}, "max_requests must be at least 1"),
        ({"max_requests": 0}, "max_requests must be at least 1, not 0"),
        ({"on_invalid": "reask"}, "on_invalid must be one of 'repair', 'raise', 'skip'"),
        ({"on_interrupt": "retry"}, "on_interrupt must be one of 'resume', 'raise'"),
    ],
)
def test_values_out_of_range_are_refused_at_once(
    sdk: Any, kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        from_openai(sdk).create_iterable(response_model=Product, **ASK, **kwargs)


@every
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("max_requests", value) for value in ("x", 2.0, True)),
        *(("key", value) for value in (5, ["name"])),
        *(("on_invalid", value) for value in (5, True, ["skip"])),
        *(("on_interrupt", value) for value in (5, None, len)),
        *(("path", value) for value in (3, b"items", {"items"}, [1.5], [None], [True])),
        *((flag, value) for flag in ("ordered", "lenient") for value in ("yes", None, 1)),
        *(("limits", value) for value in (5, {"depth": 3}, Limits)),
        *(("strict", value) for value in ("yes", 1)),
    ],
)
def test_a_wrong_type_is_refused_before_a_request(caller: Caller, name: str, value: Any) -> None:
    with ReplayServer(PRODUCTS) as server:
        run = caller(server).read("create_iterable", response_model=Product, **{name: value})
    assert isinstance(run.error, TypeError)
    assert str(run.error).startswith(f"{name}= must be ")
    assert repr(value) in str(run.error)
    assert server.requests == []


@every
@pytest.mark.parametrize("value", ["yes", None, 0])
def test_fail_fast_is_a_flag(caller: Caller, value: Any) -> None:
    with ReplayServer(PRODUCTS) as server:
        run = caller(server).read("create_partial", response_model=Product, fail_fast=value)
    assert isinstance(run.error, TypeError)
    assert str(run.error) == f"fail_fast= must be True or False, not {value!r}"
    assert server.requests == []


@every
def test_nothing_is_asked_for_if_the_answer_could_not_be_read(caller: Caller) -> None:
    with ReplayServer(PRODUCTS) as server:
        calls = caller(server)
        run = calls.read("create_iterable", response_model=Product, on_invalid="ignore")
        assert isinstance(run.error, ValueError)
        with pytest.raises(ValueError, match="ignore"):
            calls.whole(response_model=list[Product], on_invalid="ignore")
    assert server.requests == []


@both
def test_reading_options_are_ours_and_the_rest_is_the_sdks(caller: Caller) -> None:
    with ReplayServer('{"items":[{"name":"a"},{"name":1},{"name":"b"}]}') as server:
        run = caller(server).read(
            "create_iterable",
            response_model=Product,
            on_invalid="skip",
            context={"a": 1},
            strict=True,
            limits=Limits(item_count=10),
            seed=7,
            extra_body={"top_k": 3},
            extra_headers={"x-trace": "abc"},
        )
    assert [product.name for product in run.values] == ["a", "b"]
    request = server.requests[0]
    assert request.body["seed"] == 7
    assert request.body["top_k"] == 3
    assert request.headers["x-trace"] == "abc"
    assert not {"on_invalid", "context", "strict", "limits", "mode", "path"} & set(request.body)


def test_the_mode_of_the_client_holds_unless_a_call_says_otherwise() -> None:
    with ReplayServer(PRODUCTS, repeat=True) as server, sync_sdk(base_url=server.base_url) as sdk:
        client = from_openai(sdk, mode=instructor.Mode.TOOLS)
        assert list(client.create_iterable(response_model=Product, **ASK)) == [LAMP]
        assert list(client.create_iterable(response_model=Product, mode="json_object", **ASK)) == [
            LAMP
        ]
    assert "tools" in server.requests[0].body
    assert server.requests[1].body["response_format"] == {"type": "json_object"}


def test_the_sdks_spelling() -> None:
    with ReplayServer([PRODUCTS, '{"name":"Lamp"}']) as server:
        with sync_sdk(base_url=server.base_url) as sdk:
            client = from_openai(sdk)
            create = client.chat.completions.create
            assert list(create(response_model=list[Product], stream=True, **ASK)) == [LAMP]
            assert create(response_model=Product, **ASK) == LAMP


def test_azure_asks_at_its_own_path() -> None:
    with ReplayServer(PRODUCTS, repeat=True) as server:
        with openai.AzureOpenAI(
            azure_endpoint=server.url, api_version="2024-10-21", azure_deployment="mini", **KEY
        ) as sdk:
            stream = from_openai(sdk).create_iterable(response_model=Product, **ASK)
            assert list(stream) == [LAMP]
            assert from_openai(sdk).create(response_model=list[Product], **ASK) == [LAMP]
    assert {request.path for request in server.requests} == {
        "/openai/deployments/mini/chat/completions"
    }


def test_with_options_makes_another_client() -> None:
    busy = Answer(fault=faults.HTTPError(429, retry_after=0.01))
    with ReplayServer([busy, PRODUCTS]) as server, sync_sdk(base_url=server.base_url) as sdk:
        client = from_openai(sdk.with_options(max_retries=0, default_headers={"x-trace": "abc"}))
        with pytest.raises(openai.RateLimitError):
            client.create_iterable(response_model=Product, **ASK)
        assert list(client.create_iterable(response_model=Product, **ASK)) == [LAMP]
    assert server.requests[1].headers["x-trace"] == "abc"


def test_an_http_client_of_the_callers_own() -> None:
    seen: list[str] = []
    with (
        ReplayServer(PRODUCTS) as server,
        httpx.Client(event_hooks={"request": [lambda each: seen.append(each.url.path)]}) as http,
    ):
        sdk = openai.OpenAI(base_url=server.base_url, http_client=http, **KEY)
        stream = from_openai(sdk).create_iterable(response_model=Product, **ASK)
        assert list(stream) == [LAMP]
    assert seen == ["/v1/chat/completions"]


SHORT, LONG = Limits(idle_seconds=5), 60.0


@pytest.mark.parametrize(
    ("client", "call", "read", "connect"),
    [
        (60, {}, 60, 60),
        (900, {}, 300, 900),
        (None, {}, 300, None),
        (Timeout(900, connect=3), {}, 300, 3),
        (Timeout(900, read=None), {}, 300, 900),
        (60, {"limits": SHORT}, 5, 60),
        (60, {"limits": Limits(idle_seconds=500)}, 60, 60),
        (60, {"timeout": 900}, 900, 900),
        (60, {"timeout": None}, None, None),
        (60, {"timeout": NotGiven(), "limits": SHORT}, 5, 60),
        (60, {"timeout": 900, "limits": SHORT}, 5, 900),
        (60, {"timeout": Timeout(900, connect=3), "limits": SHORT}, 5, 3),
    ],
)
def test_how_long_a_stream_may_be_idle(
    client: Any, call: dict[str, Any], read: float | None, connect: float | None
) -> None:
    waits: list[dict[str, Any]] = []

    def note(request: httpx.Request) -> None:
        waits.append(request.extensions["timeout"])

    with (
        ReplayServer(PRODUCTS) as server,
        httpx.Client(event_hooks={"request": [note]}) as http,
        openai.OpenAI(
            base_url=server.base_url, http_client=http, timeout=client, max_retries=0, **KEY
        ) as sdk,
    ):
        list(from_openai(sdk).create_iterable(response_model=Product, **ASK, **call))
    assert waits[0]["read"] == read
    assert waits[0]["connect"] == connect


def test_a_time_out_of_the_older_http_library_is_understood() -> None:
    import httpx

    tightened = idle_timeout(httpx.Timeout(900, connect=3), SHORT)
    assert tightened.as_dict() == {"connect": 3, "read": 5, "write": 900, "pool": 900}
