"""What instructor's users write, with another import and another `from_...` call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import instructor
import pytest
import tenacity
from client_runs import async_sdk, sync_sdk
from pydantic import BaseModel, Field

import partialstream
from partialstream import Partial
from partialstream.testing import Answer, ReplayServer


class User(BaseModel):
    """Somebody."""

    name: str
    age: int = Field(ge=0)


ASKED: Any = [{"role": "user", "content": "Everybody, please."}]
USERS = [User(name="a", age=1), User(name="b", age=2)]
ITEMS = '[{"name": "a", "age": 1}, {"name": "b", "age": 2}]'

From = Callable[[Any], Any]


def through_openai(sdk: Any) -> Any:
    return partialstream.from_openai(sdk, mode=instructor.Mode.TOOLS)


def through_instructor(sdk: Any) -> Any:
    return partialstream.from_instructor(instructor.from_openai(sdk, mode=instructor.Mode.TOOLS))


both = pytest.mark.parametrize("made", [through_openai, through_instructor])


def as_list(made: From, items: str) -> str:
    """A list where the request asks for it."""
    member = "items" if made is through_openai else "tasks"
    return f'{{"{member}": {items}}}'


@both
@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.create_iterable(response_model=User, model="m", messages=ASKED),
        lambda client: client.chat.completions.create_iterable(
            model="m", messages=ASKED, response_model=User
        ),
        lambda client: client.chat.completions.create(
            model="m", messages=ASKED, response_model=Iterable[User], stream=True
        ),
        lambda client: client.messages.create(
            model="m", messages=ASKED, response_model=list[User], stream=True
        ),
        lambda client: client.create(model="m", messages=ASKED, response_model=list[User]),
    ],
)
def test_lists(made: From, call: Callable[[Any], Iterable[User]]) -> None:
    with ReplayServer(as_list(made, ITEMS)) as server, sync_sdk(base_url=server.base_url) as sdk:
        assert list(call(made(sdk))) == USERS


@both
@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.create_partial(response_model=User, model="m", messages=ASKED),
        lambda client: client.chat.completions.create(
            model="m", messages=ASKED, response_model=Partial[User], stream=True
        ),
        lambda client: client.chat.completions.create(
            model="m", messages=ASKED, response_model=instructor.Partial[User], stream=True
        ),
    ],
)
def test_growing_objects(made: From, call: Callable[[Any], Iterable[User]]) -> None:
    answer = Answer('{"name": "Some long name", "age": 7}')
    with ReplayServer(answer) as server, sync_sdk(base_url=server.base_url) as sdk:
        snapshots = list(call(made(sdk)))
    assert snapshots[-1] == User(name="Some long name", age=7)
    assert len(snapshots) > 3
    assert all(isinstance(snapshot, User) for snapshot in snapshots)


@both
def test_with_completion(made: From) -> None:
    with (
        ReplayServer(['{"name": "a", "age": 1}', as_list(made, ITEMS)]) as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        client = made(sdk)
        user, completion = client.create_with_completion(
            model="m", messages=ASKED, response_model=User
        )
        users, _ = client.chat.completions.create_with_completion(
            model="m", messages=ASKED, response_model=list[User]
        )
    assert user == USERS[0]
    assert completion.object == "chat.completion"
    arguments = completion.choices[0].message.tool_calls[0].function.arguments
    assert json.loads(arguments) == {"name": "a", "age": 1}
    assert completion.usage.total_tokens > 0
    assert users == USERS


@both
def test_with_completion_in_a_loop(made: From) -> None:
    async def ask() -> tuple[User, Any]:
        with ReplayServer('{"name": "a", "age": 1}') as server:
            async with async_sdk(base_url=server.base_url) as sdk:
                user, completion = await made(sdk).create_with_completion(
                    model="m", messages=ASKED, response_model=User
                )
                return user, completion

    user, completion = asyncio.run(ask())
    assert user == USERS[0]
    assert completion.object == "chat.completion"


@both
def test_templates(made: From) -> None:
    messages = [
        {"role": "system", "content": "You know {{ what }}."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "{% for n in of %}{{ n }},{% endfor %}"}],
        },
        {"role": "user", "content": "no template: { 1 }"},
    ]
    before = json.dumps(messages)
    with (
        ReplayServer(as_list(made, ITEMS)) as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        stream = made(sdk).create_iterable(
            model="m",
            messages=messages,
            response_model=User,
            context={"what": "people", "of": [1, 2]},
            templates=True,
        )
        assert list(stream) == USERS
        sent = server.requests[0].body["messages"]
    assert [message["content"] for message in sent] == [
        "You know people.",
        [{"type": "text", "text": "1,2,"}],
        "no template: { 1 }",
    ]
    assert json.dumps(messages) == before


@both
def test_what_the_model_said_is_no_template(made: From) -> None:
    bad = '[{"name": "{{ what }}{% raw %}", "age": -1}]'
    answers = [as_list(made, bad), as_list(made, '[{"name": "x", "age": 1}]')]
    with (
        ReplayServer(answers) as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        stream = made(sdk).create_iterable(
            model="m",
            messages=ASKED,
            response_model=User,
            context={"what": "people"},
            templates=True,
            max_retries=1,
        )
        assert list(stream) == [User(name="x", age=1)]
        sent = json.dumps(server.requests[1].body["messages"])
    assert "{{ what }}{% raw %}" in sent
    assert "people" not in sent


@both
def test_hooks_of_the_client_and_of_the_call(made: From) -> None:
    told: list[str] = []
    of_call = instructor.core.hooks.Hooks()
    of_call.on("completion:kwargs", lambda **kwargs: told.append(f"call {kwargs['model']}"))
    answers = [as_list(made, '[{"name": "a", "age": -1}]'), as_list(made, ITEMS[:25] + "]")]
    with (
        ReplayServer(answers) as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        client = made(sdk)
        client.on("completion:kwargs", lambda **kwargs: told.append(f"client {kwargs['model']}"))
        client.on("completion:response", lambda response: told.append("response"))
        client.on("parse:error", lambda error: told.append(f"error {type(error).__name__}"))
        stream = client.create_iterable(
            model="m", messages=ASKED, response_model=User, max_retries=1, hooks=of_call
        )
        assert len(list(stream)) == 1
    asked = ["client m", "call m", "response"]
    assert told == [*asked, "error OutputValidationError", *asked]


def test_hooks_of_instructors_client_are_told_once() -> None:
    told: list[Any] = []
    with (
        ReplayServer('{"tasks": [{"name": "a", "age": -1}]}') as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        theirs = instructor.from_openai(sdk)
        theirs.on("completion:kwargs", lambda **kwargs: told.append(sorted(kwargs)))
        theirs.on("parse:error", lambda error: told.append(type(error).__name__))
        client = partialstream.from_instructor(theirs)
        with pytest.raises(partialstream.OutputValidationError):
            list(client.create_iterable(model="m", messages=ASKED, response_model=User))
    assert told[1:] == ["OutputValidationError"]
    assert "tools" in told[0]


@both
@pytest.mark.parametrize("max_retries", [2, tenacity.Retrying(stop=tenacity.stop_after_attempt(3))])
def test_retries(made: From, max_retries: Any) -> None:
    answers = ['{"name": "a", "age": -1}', '{"name": "a", "age": -2}', '{"name": "a", "age": 1}']
    with ReplayServer(answers) as server, sync_sdk(base_url=server.base_url) as sdk:
        user = made(sdk).create(
            model="m", messages=ASKED, response_model=User, max_retries=max_retries
        )
        assert len(server.requests) == 3
    assert user == USERS[0]


@both
def test_async(made: From) -> None:
    async def ask() -> tuple[list[User], list[User], list[User]]:
        answers = [as_list(made, ITEMS)] * 2 + ['{"name": "a", "age": 1}']
        with ReplayServer(answers) as server:
            async with async_sdk(base_url=server.base_url) as sdk:
                client = made(sdk)
                first = [
                    user
                    async for user in client.create_iterable(
                        model="m", messages=ASKED, response_model=User
                    )
                ]
                stream = await client.chat.completions.create(
                    model="m", messages=ASKED, response_model=Iterable[User], stream=True
                )
                second = [user async for user in stream]
                third = [
                    user
                    async for user in client.create_partial(
                        model="m", messages=ASKED, response_model=User
                    )
                ]
                return first, second, third

    first, second, third = asyncio.run(ask())
    assert first == second == USERS
    assert third[-1] == USERS[0]


def test_usage_is_asked_for_where_it_would_not_come() -> None:
    with (
        ReplayServer('{"tasks": []}') as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        client = through_instructor(sdk)
        stream = client.create_iterable(model="m", messages=ASKED, response_model=User)
        assert list(stream) == []
        assert stream.usage is not None
        assert server.requests[0].body["stream_options"] == {"include_usage": True}


def test_defaults_of_instructors_client_hold() -> None:
    with (
        ReplayServer('{"name": "a", "age": 1}') as server,
        sync_sdk(base_url=server.base_url) as sdk,
    ):
        theirs = instructor.from_openai(sdk, model="of-the-client", temperature=0.5)
        client = partialstream.from_instructor(theirs)
        client.create(messages=ASKED, response_model=User)
        assert server.requests[0].body["model"] == "of-the-client"
        assert server.requests[0].body["temperature"] == 0.5


def test_an_error_of_the_provider_is_the_sdks_own() -> None:
    from openai import RateLimitError

    from partialstream.testing import faults

    fault = Answer(fault=faults.HTTPError(429, retry_after=0))
    with (
        ReplayServer(fault, repeat=True) as server,
        sync_sdk(base_url=server.base_url, max_retries=0) as sdk,
        pytest.raises(RateLimitError),
    ):
        through_instructor(sdk).create_iterable(model="m", messages=ASKED, response_model=User)


def test_mode_belongs_to_instructors_client() -> None:
    client = through_instructor(sync_sdk(base_url="http://127.0.0.1:1"))
    with pytest.raises(TypeError, match="mode= belongs to instructor's client"):
        client.create_iterable(model="m", messages=ASKED, response_model=User, mode="tools")


@pytest.mark.parametrize("client", [None, object()])
def test_what_is_no_instructor_client(client: Any) -> None:
    with pytest.raises(TypeError, match="an instructor client is needed"):
        partialstream.from_instructor(client)
