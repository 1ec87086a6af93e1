"""Whether messages are templates: what a user typed stays as it is unless asked otherwise."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import instructor
import pytest
from client_runs import async_sdk, sync_sdk
from pydantic import BaseModel, ValidationInfo, field_validator

import partialstream
from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Callable

SEEN: list[Any] = []


class User(BaseModel):
    name: str
    age: int

    @field_validator("age")
    @classmethod
    def positive(cls, value: int, info: ValidationInfo) -> int:
        SEEN.append(info.context)
        if value < 0:
            raise ValueError("must be positive")
        return value


CONTEXT = {"secret": "hunter2", "a": "filled in", "text": "filled in"}

TYPED = [
    r"Simplify \frac{{a}}{b}, please.",
    "My name is {{ secret }}.",
    "{% raw %}{{ secret }}{% endraw %}",
    "{# a comment #} {{ secret.__class__ }}",
    "    indented {{ text }}",
    "broken {% if %} {{",
]

MESSAGES = [
    *({"role": "user", "content": text} for text in TYPED),
    {"role": "user", "content": [{"type": "text", "text": text} for text in TYPED]},
]

BAD, GOOD = '{"name": "{{ secret }}", "age": -1}', '{"name": "x", "age": 1}'

Made = Any


def ours(sdk: Any, **options: Any) -> Any:
    return partialstream.from_openai(sdk, mode="tools", **options)


def of_instructor(sdk: Any, **options: Any) -> Any:
    made = instructor.from_openai(sdk, mode=instructor.Mode.TOOLS)
    return partialstream.from_instructor(made, **options)


def asked(
    make: Callable[..., Any], asynchronous: bool, of_client: dict[str, Any], of_call: dict[str, Any]
) -> list[list[Any]]:
    """The messages of both requests of a call whose first answer is not valid."""
    SEEN.clear()
    call = {"model": "m", "messages": MESSAGES, "response_model": User, "context": CONTEXT}

    async def read(base_url: str) -> Any:
        async with async_sdk(base_url=base_url) as sdk:
            client = make(sdk, **of_client)
            return await client.create(**call, max_retries=1, **of_call)

    with ReplayServer([BAD, GOOD]) as server:
        if asynchronous:
            user = asyncio.run(read(server.base_url))
        else:
            with sync_sdk(base_url=server.base_url) as sdk:
                user = make(sdk, **of_client).create(**call, max_retries=1, **of_call)
    assert user.model_dump() == {"name": "x", "age": 1}
    return [request.body["messages"] for request in server.requests]


OFF: list[tuple[Callable[..., Any], dict[str, Any], dict[str, Any]]] = [
    (ours, {}, {}),
    (ours, {"templates": False}, {}),
    (ours, {"templates": True}, {"templates": False}),
    (of_instructor, {"templates": False}, {}),
    (of_instructor, {}, {"templates": False}),
    (of_instructor, {"templates": True}, {"templates": False}),
]


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(("make", "of_client", "of_call"), OFF)
def test_messages_arrive_unchanged_and_validators_get_the_context(
    make: Callable[..., Any], of_client: dict[str, Any], of_call: dict[str, Any], asynchronous: bool
) -> None:
    first, second = asked(make, asynchronous, of_client, of_call)
    assert first == MESSAGES
    assert second[: len(MESSAGES)] == MESSAGES
    more = json.dumps(second[len(MESSAGES) :])
    assert "{{ secret }}" in more or "must be positive" in more
    assert "hunter2" not in json.dumps(second)
    assert "{{ '{' }}" not in json.dumps(second)
    assert SEEN
    assert SEEN == [CONTEXT] * len(SEEN)


RENDERED = [{"role": "user", "content": "My name is {{ secret }}."}]

ON: list[tuple[Callable[..., Any], dict[str, Any], dict[str, Any]]] = [
    (ours, {"templates": True}, {}),
    (ours, {}, {"templates": True}),
    (of_instructor, {}, {}),
    (of_instructor, {"templates": False}, {"templates": True}),
]


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(("make", "of_client", "of_call"), ON)
def test_templates_that_are_asked_for_are_filled_in(
    make: Callable[..., Any],
    of_client: dict[str, Any],
    of_call: dict[str, Any],
    asynchronous: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("test_templates.MESSAGES", RENDERED)
    first, second = asked(make, asynchronous, of_client, of_call)
    assert first[0]["content"] == second[0]["content"] == "My name is hunter2."
    # What the model said is no template.
    assert "hunter2" not in json.dumps(second[1:])


def test_a_provider_of_ours_fills_templates_in_as_instructor_does() -> None:
    with ReplayServer([GOOD, GOOD]) as server:
        client = partialstream.from_provider("openai/m", base_url=server.base_url, api_key="-")
        for templates in ({}, {"templates": False}):
            client.create(response_model=User, messages=RENDERED, context=CONTEXT, **templates)
    sent = [request.body["messages"][0]["content"] for request in server.requests]
    assert sent == ["My name is hunter2.", "My name is {{ secret }}."]


@pytest.mark.parametrize("templates", [0, "yes", []])
def test_the_switch_is_a_bool(templates: Any) -> None:
    with (
        sync_sdk(base_url="http://127.0.0.1:1") as sdk,
        pytest.raises(TypeError, match="templates="),
    ):
        ours(sdk).create(response_model=User, messages=[], templates=templates)
