"""What may be said of a fallback, and what is sent to it."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from endpoints import FIVE, MESSAGES, Product, call, client_for, listed, sdk_for

from partialstream import from_openai
from partialstream.testing import Answer, ReplayServer, faults

NO = Answer(fault=faults.HTTPError(503))
WHOLE = listed("chat", *FIVE)


def bodies(server: ReplayServer) -> list[dict[str, Any]]:
    return [request.body for request in server.requests]


def test_other_models_of_the_same_client(asynchronous: bool) -> None:
    with ReplayServer([NO, NO, WHOLE]) as server:
        run = call(
            [("chat", server)],
            asynchronous=asynchronous,
            changed=lambda _: ["second", {"model": "third", "temperature": 0.5}],
            temperature=0.9,
            mode="tools",
        )
        asked = bodies(server)
    assert run.error is None
    assert [value for _, value in run.items] == FIVE
    assert [body["model"] for body in asked] == ["chat-model", "second", "third"]
    assert [body["temperature"] for body in asked] == [0.9, 0.9, 0.5]
    assert all("tools" in body for body in asked), "a mode is for all models of a client"


def test_another_client_and_its_default_model(asynchronous: bool) -> None:
    with ReplayServer(NO) as first, ReplayServer(listed("instructor", *FIVE)) as second:
        run = call(
            [("chat", first), ("instructor", second)],
            asynchronous=asynchronous,
            changed=lambda others: [client for client, _ in others],
            mode="tools",
        )
        (asked,) = bodies(second)
    assert run.error is None
    assert asked["model"] == "instructor-model"


def test_arguments_in_which_its_requests_differ(asynchronous: bool) -> None:
    with ReplayServer(NO) as first, ReplayServer(WHOLE) as second:
        changed = {"model": "other", "max_tokens": 100, "max_completion_tokens": None}
        run = call(
            [("chat", first), ("chat", second)],
            asynchronous=asynchronous,
            changed=lambda others: [(others[0][0], {**changed, "mode": "json_object"})],
            max_completion_tokens=50,
            temperature=0.5,
        )
        (before,), (asked,) = bodies(first), bodies(second)
    assert run.error is None
    assert before["max_completion_tokens"] == 50
    assert "max_tokens" not in before
    assert asked["max_tokens"] == 100
    assert "max_completion_tokens" not in asked
    assert (asked["model"], asked["temperature"]) == ("other", 0.5)
    assert asked["response_format"] == {"type": "json_object"}
    assert before["response_format"]["type"] == "json_schema"


def test_a_calls_fallbacks_replace_those_of_its_client(asynchronous: bool) -> None:
    async def main() -> None:
        async with sdk_for("chat", server.url, asynchronous=True) as sdk:
            client = from_openai(sdk, fallbacks=["of the client"])
            for fallbacks in (None, ["of the call"], []):
                stream = client.create_iterable(
                    response_model=Product, model="m", messages=MESSAGES, fallbacks=fallbacks
                )
                try:
                    async for _ in stream:
                        pass
                except Exception as error:  # noqa: BLE001 - looked at below
                    errors.append(error)

    errors: list[Exception] = []
    with ReplayServer([NO, WHOLE, NO, WHOLE, NO]) as server:
        if asynchronous:
            asyncio.run(main())
        else:
            with sdk_for("chat", server.url, asynchronous=False) as sdk:
                client = from_openai(sdk, fallbacks=["of the client"])
                for fallbacks in (None, ["of the call"], []):
                    try:
                        list(
                            client.create_iterable(
                                response_model=Product,
                                model="m",
                                messages=MESSAGES,
                                fallbacks=fallbacks,
                            )
                        )
                    except Exception as error:  # noqa: BLE001 - looked at below
                        errors.append(error)
        models = [body["model"] for body in bodies(server)]
    assert models == ["m", "of the client", "m", "of the call", "m"]
    assert [type(error) for error in errors] == [openai.InternalServerError]


def test_each_clients_hooks_are_told_of_its_own_requests() -> None:
    told: list[tuple[str, str]] = []

    def listening(client: Any, name: str) -> Any:
        for event in ("completion:kwargs", "completion:response", "completion:error"):
            client.on(event, lambda *_, event=event, **__: told.append((name, event)))
        return client

    with (
        ReplayServer(NO) as first,
        ReplayServer(WHOLE) as second,
        sdk_for("chat", first.url, asynchronous=False) as one,
        sdk_for("chat", second.url, asynchronous=False) as two,
    ):
        other = listening(from_openai(two), "second")
        client = listening(from_openai(one, fallbacks=[(other, "m")]), "first")
        list(client.create_iterable(response_model=Product, model="m", messages=MESSAGES))
    assert told == [
        ("first", "completion:kwargs"),
        ("first", "completion:error"),
        ("second", "completion:kwargs"),
        ("second", "completion:response"),
    ]


@pytest.mark.parametrize(
    "answer",
    [NO, Answer(listed("chat", *FIVE)[:60], finish_reason="length")],
    ids=["rejected", "cut off"],
)
def test_responses_that_are_not_streamed(answer: Answer) -> None:
    with (
        ReplayServer(answer) as first,
        ReplayServer(WHOLE) as second,
        sdk_for("chat", first.url, asynchronous=False) as one,
        sdk_for("chat", second.url, asynchronous=False) as two,
    ):
        client = from_openai(one, fallbacks=[(from_openai(two), "m")])
        found, completion = client.create_with_completion(
            response_model=list[Product], model="m", messages=MESSAGES
        )
        assert found == FIVE
        assert completion.choices[0].message.content == WHOLE
        assert len(first.requests) == len(second.requests) == 1


@pytest.mark.parametrize(
    ("fallbacks", "message"),
    [
        ("other-model", "fallbacks= must be a list, not 'other-model'"),
        ({"model": "m"}, "fallbacks= must be a list"),
        (7, "fallbacks= must be a list, not 7"),
        ([None], "a client of partialstream's"),
        ([("a", "b")], "a client of partialstream's"),
        ([openai.OpenAI(api_key="-")], "use from_openai"),
        ([(openai.OpenAI(api_key="-"), "m")], "use from_openai"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(fallbacks: Any, message: str) -> None:
    sdk = openai.OpenAI(api_key="-", base_url="http://127.0.0.1:1")
    with pytest.raises(TypeError, match=message):
        from_openai(sdk, fallbacks=fallbacks)
    with pytest.raises(TypeError, match=message):
        from_openai(sdk).create_iterable(
            response_model=Product, model="m", messages=MESSAGES, fallbacks=fallbacks
        )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"max_token": 5}, "there is no argument max_token=; did you mean max_tokens="),
        ({"temprature": 0}, "there is no argument temprature=; did you mean temperature="),
        ({"modle": "b"}, "there is no argument modle=; did you mean model="),
        ({"modes": "tools"}, "there is no argument modes=; did you mean mode="),
        ({"model": "b", "max_retires": None}, "there is no argument max_retires=; did you mean"),
        ({"rate_limit": None}, "rate_limit= holds for all calls of a client"),
        *(
            ({"model": "b", name: None}, f"{name}= is for the whole call, and cannot differ in a")
            for name in ("deadline", "max_retries", "response_model", "hooks", "fallbacks")
        ),
    ],
)
def test_arguments_that_a_fallback_cannot_have(
    asynchronous: bool, changed: Any, message: str
) -> None:
    sdk = (openai.AsyncOpenAI if asynchronous else openai.OpenAI)(
        api_key="-", base_url="http://127.0.0.1:1"
    )
    other = from_openai(sdk)
    for place, fallbacks in ((0, [changed]), (1, ["m", (other, changed)])):
        message_there = rf"^fallbacks\[{place}\]: {message}"
        with pytest.raises(TypeError, match=message_there):
            from_openai(sdk, fallbacks=fallbacks)
        with pytest.raises(TypeError, match=message_there):
            from_openai(sdk).create_iterable(
                response_model=Product, model="m", messages=MESSAGES, fallbacks=fallbacks
            )


def test_sync_clients_and_async_clients_do_not_mix() -> None:
    one, two = openai.OpenAI(api_key="-"), openai.AsyncOpenAI(api_key="-")
    with pytest.raises(TypeError, match="fallbacks= of Client must not hold AsyncClient"):
        from_openai(one, fallbacks=[(from_openai(two), "m")])
    with pytest.raises(TypeError, match="fallbacks= of AsyncClient must not hold Client"):
        from_openai(two, fallbacks=[from_openai(one)])


def test_arguments_that_contradict_each_other_are_named_with_their_fallback() -> None:
    other = client_for("instructor", openai.OpenAI(api_key="-"))
    client = from_openai(
        openai.OpenAI(api_key="-"), fallbacks=["m", (other, {"model": "m", "mode": "tools"})]
    )
    with pytest.raises(TypeError, match=r"^fallbacks\[1\]: mode= belongs to instructor's client"):
        client.create_iterable(response_model=Product, model="m", messages=MESSAGES)


def test_what_a_user_typed_is_no_template_for_a_fallback_either(asynchronous: bool) -> None:
    typed: Any = [{"role": "user", "content": "{{ secret }}"}]
    with ReplayServer(NO) as first, ReplayServer(listed("instructor", *FIVE)) as second:
        run = call(
            [("chat", first), ("instructor", second)],
            asynchronous=asynchronous,
            messages=typed,
            context={"secret": "the key"},
        )
        (asked,) = bodies(second)
    assert run.error is None
    assert "{{ secret }}" in str(asked)
    assert "the key" not in str(asked)
