"""Hooks are told of each request, response and failure: ours and instructor's, however called."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import openai
import pytest
from client_runs import ASK, async_sdk, conversation, sync_sdk
from instructor.core import hooks as instructors
from openai.types.chat import ChatCompletion
from openai.types.responses import Response
from retry_lists import LAMP, RUG, SHELF, Product, bad, listed, row, text_of, within

from partialstream import (
    Hooks,
    IncompleteStreamError,
    OutputValidationError,
    PartialStreamError,
    RefusalError,
    from_openai,
)
from partialstream.testing import Answer, ReplayServer, faults
from partialstream.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retry_runs import Caller

pytestmark = pytest.mark.usefixtures("no_waits")

EVENTS = [name.value for name in instructors.HookName]
THREE = text_of(LAMP, RUG, SHELF)
CUT = Answer(THREE, fault=faults.Reset(within(THREE, "Rug")))
REST = listed(RUG, SHELF, usage=Usage(3, 4))
REPAIRED = [listed(bad(LAMP), usage=Usage(1, 2)), listed(LAMP, usage=Usage(3, 4))]


class Told:
    """Handlers for all events, and what they were called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def listen(self, hooks: Any) -> Any:
        for event in EVENTS:
            hooks.on(event, self._handler(event))
        return hooks

    def _handler(self, event: str) -> Any:
        def handler(*args: Any, **kwargs: Any) -> None:
            self.calls.append((event, args, kwargs))

        return handler

    @property
    def events(self) -> list[str]:
        return [event for event, _, _ in self.calls]

    def of(self, event: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        return [(args, kwargs) for name, args, kwargs in self.calls if name == event]


def call(
    caller: Caller, answers: Sequence[Any], *, whole: bool = False, sdk: Any = None, **kwargs: Any
) -> Any:
    """Call for a list, streamed or not; gives what was raised, and the requests."""
    error = None
    with ReplayServer(answers) as server:
        calls = caller(server, **(sdk or {}))
        if whole:
            try:
                calls.whole(response_model=list[Product], **kwargs)
            except (PartialStreamError, openai.OpenAIError) as raised:
                error = raised
        else:
            error = calls.read("create_iterable", response_model=Product, **kwargs).error
        return error, list(server.requests)


streamed_or_not = pytest.mark.parametrize("whole", [False, True], ids=["streamed", "whole"])
of_both_kinds = pytest.mark.parametrize("kind", [Hooks, instructors.Hooks])


@streamed_or_not
@of_both_kinds
def test_what_each_handler_is_called_with(caller: Caller, kind: Any, whole: bool) -> None:
    told = Told()
    hooks = told.listen(kind())
    error, requests = call(caller, REPAIRED, whole=whole, hooks=hooks, max_retries=1)
    assert error is None
    assert told.events == [
        *("completion:kwargs", "completion:response", "completion:usage", "parse:error"),
        *("completion:kwargs", "completion:response", "completion:usage"),
    ]
    for (args, kwargs), request in zip(told.of("completion:kwargs"), requests, strict=True):
        assert args == ()
        assert kwargs["model"] == request.body["model"]
        assert conversation(kwargs) == conversation(request.body)
        assert kwargs.get("stream", False) is not whole
    for args, kwargs in told.of("completion:response"):
        assert kwargs == {}
        kind = Response if caller.api == "responses" else ChatCompletion
        assert isinstance(args[0], kind) is whole
        if not whole:
            assert args[0].headers["content-type"].startswith("text/event-stream")
    assert told.of("completion:usage") == [
        ((Usage(1, 2),), {"attempt_number": 1}),
        ((Usage(4, 6),), {"attempt_number": 2}),
    ]
    (((failure,), about),) = told.of("parse:error")
    assert isinstance(failure, OutputValidationError)
    assert failure.raw == bad(LAMP)
    assert about == {"attempt_number": 1, "max_attempts": 10, "is_last_attempt": False}


@streamed_or_not
def test_the_last_failure_is_told_as_such(caller: Caller, whole: bool) -> None:
    told = Told()
    answers = [listed(row("Lamp", -each)) for each in (1, 2)]
    error, _ = call(
        caller, answers, whole=whole, hooks=told.listen(Hooks()), max_retries=5, max_requests=2
    )
    assert [event for event in told.events if "error" in event or "last" in event] == [
        "parse:error",
        "parse:error",
        "completion:last_attempt",
    ]
    last = {"attempt_number": 2, "max_attempts": 2, "is_last_attempt": True}
    assert told.of("completion:last_attempt") == [((error.__cause__,), last)]
    assert told.of("parse:error")[1] == ((error.__cause__,), last)


def test_a_broken_connection_is_no_error_of_the_model(caller: Caller) -> None:
    told = Told()
    error, _ = call(caller, [CUT, REST], hooks=told.listen(Hooks()), max_retries=1)
    assert error is None
    assert told.of("parse:error") == []
    (((failure,), about),) = told.of("completion:error")
    assert isinstance(failure, IncompleteStreamError)
    assert about["attempt_number"] == 1


@streamed_or_not
@pytest.mark.parametrize("max_retries", [0, 2])
def test_a_request_that_is_turned_away(caller: Caller, whole: bool, max_retries: int) -> None:
    told = Told()
    error, _ = call(
        caller,
        [Answer(fault=faults.HTTPError(401))],
        whole=whole,
        sdk={"max_retries": 0},
        hooks=told.listen(Hooks()),
        max_retries=max_retries,
    )
    assert isinstance(error, openai.AuthenticationError)
    assert told.events == ["completion:kwargs", "completion:error", "completion:last_attempt"]
    most = 10 if max_retries else 1
    about = {"attempt_number": 1, "max_attempts": most, "is_last_attempt": True}
    assert told.calls[1:] == [(name, (error,), about) for name in told.events[1:]]


@pytest.mark.parametrize("max_retries", [0, 2])
@pytest.mark.parametrize(
    ("answer", "kind", "event"),
    [
        (Answer(THREE, fault=faults.Refusal(3)), RefusalError, "completion:error"),
        (listed(LAMP, bad(RUG)), OutputValidationError, "parse:error"),
    ],
    ids=["refusal", "invalid"],
)
def test_what_is_not_retried_is_told_too(
    caller: Caller, answer: Answer, kind: type[Exception], event: str, max_retries: int
) -> None:
    told = Told()
    error, _ = call(
        caller,
        [answer],
        hooks=told.listen(Hooks()),
        max_retries=max_retries,
        on_invalid="raise",
    )
    assert type(error) is kind
    failures = [(args[0], name) for name, args, _ in told.calls if "response" not in name and args]
    failures = [pair for pair in failures if pair[1] != "completion:usage"]
    assert failures == [(error, event), (error, "completion:last_attempt")]


def test_a_handler_that_takes_the_error_alone(caller: Caller) -> None:
    errors: list[Exception] = []
    hooks = Hooks()
    hooks.on("parse:error", errors.append)
    error, _ = call(caller, REPAIRED, hooks=hooks, max_retries=1)
    assert error is None
    assert len(errors) == 1


def test_a_handler_that_fails_is_a_warning(caller: Caller) -> None:
    def fail(error: Exception) -> None:
        raise LookupError("no such log")

    hooks = Hooks()
    hooks.on("parse:error", fail)
    with pytest.warns(UserWarning, match="no such log"):
        error, _ = call(caller, REPAIRED, hooks=hooks, max_retries=1)
    assert error is None


def sync_calls(base_url: str, use: Any) -> None:
    with sync_sdk(base_url=base_url) as sdk:
        client = from_openai(sdk)
        for kwargs in use(client):
            client.create(response_model=list[Product], **ASK, **kwargs)


def async_calls(base_url: str, use: Any) -> None:
    async def main() -> None:
        async with async_sdk(base_url=base_url) as sdk:
            client = from_openai(sdk)
            for kwargs in use(client):
                await client.create(response_model=list[Product], **ASK, **kwargs)

    asyncio.run(main())


@pytest.mark.parametrize("run", [sync_calls, async_calls])
def test_hooks_of_the_client_and_of_the_call(run: Any) -> None:
    told: list[str] = []

    def of_client(**_: Any) -> None:
        told.append("client")

    def use(client: Any) -> Any:
        of_call = Hooks()
        of_call.on("completion:kwargs", lambda **_: told.append("call"))
        client.on("completion:kwargs", of_client)
        yield {}
        told.append("-")
        yield {"hooks": of_call}
        told.append("-")
        client.off(instructors.HookName.COMPLETION_KWARGS, of_client)
        yield {"hooks": of_call}
        told.append("-")
        client.on("completion:kwargs", of_client)
        client.on("parse:error", print)
        client.clear("completion:kwargs")
        yield {}
        assert client.hooks
        client.clear()
        assert not client.hooks
        with pytest.raises(ValueError, match="no such event: 'parse:errors'"):
            client.on("parse:errors", print)

    with ReplayServer(listed(LAMP), repeat=True) as server:
        run(server.base_url, use)
    assert told == ["client", "-", "client", "call", "-", "call", "-"]
