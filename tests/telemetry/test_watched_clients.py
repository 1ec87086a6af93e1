"""Clients of the SDK whose methods somebody has replaced: called as their users call them."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest
from client_runs import MESSAGES, Product, async_sdk, sync_sdk
from extras import needs
from openai import AsyncOpenAI, OpenAI
from openai.resources.chat.completions import AsyncCompletions, Completions
from openai.resources.responses import Responses

from partialstream import Usage, from_openai
from partialstream.client.budget import Budget
from partialstream.client.endpoints.watched import (
    is_instrumented,
    is_own,
    is_stream_instrumented,
)
from partialstream.testing import Answer, ReplayServer, faults

LIST = '{"items": [{"name": "Lamp"}, {"name": "Rug"}, {"name": "Vase"}]}'
BAD = '{"items": [{"name": "Lamp"}, {"name": 1}, {"name": "Vase"}]}'
RUG = '{"items": [{"name": "Rug"}]}'
REST = '{"first_index": 1, "items": [{"name": "Rug"}, {"name": "Vase"}]}'


class Seen(list[Any]):
    """What a tracer saw: the arguments of calls, chunks, and how streams were left."""

    def stream(self, stream: Any) -> Any:
        """Watch a stream."""
        seen = self

        class Watched:
            response = stream.response

            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: Any) -> None:
                seen.append("left")
                stream.__exit__(*_)

            def __iter__(self) -> Any:
                for chunk in stream:
                    seen.append(chunk)
                    yield chunk
                seen.append("end")

            async def __aenter__(self) -> Any:
                return self

            async def __aexit__(self, *_: Any) -> None:
                seen.append("left")
                await stream.__aexit__(*_)

            async def __aiter__(self) -> Any:
                async for chunk in stream:
                    seen.append(chunk)
                    yield chunk
                seen.append("end")

        return Watched()

    def patched(self, method: Any, *, asynchronous: bool = False) -> Any:
        """A method in the place of the SDK's own."""

        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            self.append(kwargs)
            return self.stream(method(*args, **kwargs))

        @functools.wraps(method)
        async def acall(*args: Any, **kwargs: Any) -> Any:
            self.append(kwargs)
            return self.stream(await method(*args, **kwargs))

        return acall if asynchronous else call


class Proxy:
    """A wrapper that shows all attributes of what it wraps, as wrapt's do."""

    def __init__(self, wrapped: Any, instance: Any = None) -> None:
        self._wrapped, self._instance = wrapped, instance

    def __get__(self, instance: Any, owner: Any) -> Proxy:
        return Proxy(self._wrapped, instance)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    @property  # type: ignore[misc]  # as wrapt's
    def __class__(self) -> Any:
        return type(self._wrapped)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._wrapped(self._instance, *args, **kwargs)


# -- finding out ---------------------------------------------------------------------------


def watched(sdk: Any) -> bool:
    return is_instrumented(sdk, sdk.chat.completions)


@pytest.mark.parametrize("make", [sync_sdk, async_sdk])
def test_methods_that_nobody_has_replaced_are_the_sdks_own(make: Any) -> None:
    sdk = make()
    assert not watched(sdk)
    assert not is_instrumented(sdk, sdk.responses)
    assert not watched(sdk.with_options(max_retries=0))


class Subclass(OpenAI):
    """A client of the user's, which changes nothing."""


class Changed(OpenAI):
    """A client of the user's that counts."""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        return super().request(*args, **kwargs)


def test_a_subclass_counts_if_it_changes_a_method() -> None:
    assert not watched(Subclass(api_key="test"))
    assert watched(Changed(api_key="test"))


@pytest.mark.parametrize("name", ["request", "post"])
@pytest.mark.parametrize("where", ["class", "instance"])
@pytest.mark.parametrize("how", ["wraps", "proxy"])
def test_a_method_of_the_client_is_replaced(
    monkeypatch: pytest.MonkeyPatch, name: str, where: str, how: str
) -> None:
    sdk = sync_sdk()
    place: Any = OpenAI if where == "class" else sdk
    method = getattr(place, name)
    wrapped = Proxy(method) if how == "proxy" else functools.wraps(method)(lambda *_, **__: None)
    monkeypatch.setattr(place, name, wrapped, raising=False)
    assert watched(sdk)
    monkeypatch.undo()
    assert not watched(sdk)


@pytest.mark.parametrize("resource", [Completions, AsyncCompletions])
def test_create_is_replaced(monkeypatch: pytest.MonkeyPatch, resource: Any) -> None:
    sdk = sync_sdk() if resource is Completions else async_sdk()
    monkeypatch.setattr(resource, "create", Proxy(resource.create))
    assert watched(sdk)
    assert not is_instrumented(sdk, sdk.responses)


def test_what_has_no_code_is_nobodys_own() -> None:
    assert not is_own(len)
    assert not is_own(object())
    assert not is_own(functools.partial(OpenAI.request))


@pytest.mark.parametrize("make", [sync_sdk, async_sdk])
def test_streams_that_nobody_has_replaced_are_the_sdks_own(make: Any) -> None:
    asynchronous = make is async_sdk
    with ReplayServer([LIST]) as server:

        async def main() -> None:
            async with async_sdk(base_url=server.base_url) as sdk:
                check(await sdk.chat.completions.create(**arguments))

        def check(stream: Any) -> None:
            assert not is_stream_instrumented(stream)
            stream._iterator = iter(())
            assert is_stream_instrumented(stream)
            assert is_stream_instrumented(Proxy(stream))

        arguments: Any = {"model": "any", "messages": MESSAGES, "stream": True}
        if asynchronous:
            asyncio.run(main())
        else:
            with sync_sdk(base_url=server.base_url) as sdk:
                check(sdk.chat.completions.create(**arguments))


@needs("providers", "anthropic")
def test_anthropics_streams_are_read_as_bytes_unless_somebody_watches() -> None:
    from anthropic import Anthropic

    with ReplayServer([LIST]) as server, Anthropic(base_url=server.url, api_key="test") as sdk:
        stream: Any = sdk.messages.create(
            model="any", max_tokens=9, stream=True, messages=[{"role": "user", "content": "Lamps"}]
        )
        assert not is_instrumented(sdk, sdk.messages)
        assert not is_stream_instrumented(stream)
        stream.close = lambda: None
        assert is_stream_instrumented(stream)
        stream.response.close()


# -- what is seen --------------------------------------------------------------------------


def ask(api: str) -> dict[str, Any]:
    given = {"messages": MESSAGES} if api == "chat" else {"input": "Two products, please."}
    return {"response_model": Product, "model": "any", **given}


@pytest.mark.parametrize(("api", "resource"), [("chat", Completions), ("responses", Responses)])
def test_a_tracer_sees_the_chunks_to_the_end(
    monkeypatch: pytest.MonkeyPatch, api: Any, resource: Any
) -> None:
    seen = Seen()
    with ReplayServer(Answer(LIST, usage=Usage(20, 9))) as server:
        with sync_sdk(base_url=server.base_url) as sdk:
            client = from_openai(sdk, api=api)  # made before the tracer is there
            monkeypatch.setattr(resource, "create", seen.patched(resource.create))
            stream = client.create_iterable(**ask(api))
            assert len(list(stream)) == 3
            assert stream.usage == Usage(20, 9)
            assert stream.outcome is not None
            assert stream.outcome.ok
            assert stream.headers["content-type"].startswith("text/event-stream")
    assert seen[0]["stream"] is True
    assert "extra_headers" not in seen[0]
    assert seen[-2:] == ["end", "left"]


def test_a_tracer_sees_the_chunks_to_the_end_async(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen()

    async def main() -> None:
        async with async_sdk(base_url=server.base_url) as sdk:
            create = seen.patched(sdk.chat.completions.create, asynchronous=True)
            monkeypatch.setattr(sdk.chat.completions, "create", create)
            stream = from_openai(sdk).create_iterable(**ask("chat"))
            assert len([product async for product in stream]) == 3

    with ReplayServer(LIST) as server:
        asyncio.run(main())
    assert seen[0]["stream"] is True
    assert seen[-2:] == ["end", "left"]


def test_leaving_leaves_through_the_context_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen()
    with ReplayServer(Answer(LIST, tokens_per_second=100)) as server:
        with sync_sdk(base_url=server.base_url) as sdk:
            monkeypatch.setattr(Completions, "create", seen.patched(Completions.create))
            for _ in from_openai(sdk).create_iterable(**ask("chat")):
                assert "left" not in seen
                break
    assert seen[-1] == "left"
    assert "end" not in seen


def test_a_patched_client_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen()
    answers = [Answer("", fault=faults.HTTPError(500, retry_after=0.01)), BAD, RUG]
    with ReplayServer(answers) as server, sync_sdk(base_url=server.base_url) as sdk:
        monkeypatch.setattr(sdk, "request", functools.partial(sdk.request), raising=False)
        create = seen.patched(sdk.chat.completions.create)
        monkeypatch.setattr(sdk.chat.completions, "create", create)
        monkeypatch.setattr(OpenAI, "with_options", None)
        stream = from_openai(sdk).create_iterable(deadline=30, max_retries=1, **ask("chat"))
        assert len(list(stream)) == 3
    calls = [each for each in seen if isinstance(each, dict)]
    assert len(calls) == 2  # the SDK has made the first request again, by itself
    assert all(call["timeout"].read <= 30 for call in calls)


def test_a_class_that_is_patched_is_copied_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen()
    answers = [Answer("", fault=faults.HTTPError(500, retry_after=0.01)), LIST]
    with ReplayServer(answers) as server, sync_sdk(base_url=server.base_url) as sdk:
        monkeypatch.setattr(Completions, "create", seen.patched(Completions.create))
        stream = from_openai(sdk).create_iterable(deadline=30, max_retries=1, **ask("chat"))
        assert len(list(stream)) == 3
    assert len([each for each in seen if isinstance(each, dict)]) == 2
    assert [attempt.cause for attempt in stream.attempts] == ["request", "request"]


@pytest.mark.parametrize("raw_chunks", [True, False])
def test_it_may_be_said_by_hand(monkeypatch: pytest.MonkeyPatch, raw_chunks: bool) -> None:
    seen = Seen()
    parsed: list[Any] = []
    with ReplayServer([LIST, LIST]) as server, sync_sdk(base_url=server.base_url) as sdk:
        process = sdk._process_response_data
        monkeypatch.setattr(
            sdk,
            "_process_response_data",
            lambda **kwargs: parsed.append(kwargs) or process(**kwargs),
        )
        client = from_openai(sdk, raw_chunks=raw_chunks)
        assert len(list(client.create_iterable(**ask("chat")))) == 3
        assert bool(parsed) is not raw_chunks
        monkeypatch.setattr(Completions, "create", seen.patched(Completions.create))
        if not raw_chunks:
            assert len(list(client.create_iterable(**ask("chat")))) == 3
            assert seen[-1] == "left"


def test_what_is_not_streamed_is_seen_too(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    create = Completions.create

    @functools.wraps(create)
    def patched(*args: Any, **kwargs: Any) -> Any:
        made = create(*args, **kwargs)
        seen.append(made)
        return made

    monkeypatch.setattr(Completions, "create", patched)
    with ReplayServer('{"name": "Lamp"}') as server, sync_sdk(base_url=server.base_url) as sdk:
        value, completion = from_openai(sdk).create_with_completion(**ask("chat"))
    assert value == Product(name="Lamp")
    assert seen == [completion]
    assert type(completion).__name__ == "ChatCompletion"


# -- the same as the bytes -----------------------------------------------------------------

ANSWERS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "all well": ([LIST], {}),
    "repair": ([BAD, RUG], {"max_retries": 1}),
    "resume": ([Answer(LIST, fault=faults.Disconnect(8)), REST], {"max_retries": 1}),
    "disconnected": ([Answer(LIST, fault=faults.Disconnect(8))], {}),
    "reset": ([Answer(LIST, fault=faults.Reset())], {}),
    "error event": ([Answer(LIST, fault=faults.ErrorEvent(8))], {}),
    "error event, resumed": ([Answer(LIST, fault=faults.ErrorEvent(8)), REST], {"max_retries": 1}),
    "malformed event": ([Answer(LIST, fault=faults.MalformedEvent(8))], {}),
    "malformed, resumed": (
        [Answer(LIST, fault=faults.MalformedEvent(8)), REST],
        {"max_retries": 1},
    ),
    "length": ([Answer(LIST, fault=faults.LengthCut(8))], {}),
    "refusal": ([Answer("", refusal="No.")], {}),
    "rejected": ([Answer("", fault=faults.HTTPError(401))], {}),
    "rejected for a moment": ([Answer("", fault=faults.HTTPError(503)), LIST], {"max_retries": 1}),
    "enough": ([LIST], {"take": 2}),
    "no JSON": (["I can not do that."], {}),
    "empty": ([""], {}),
}


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Budget, "pause", lambda _: iter(()))


def run(asynchronous: bool, api: Any, raw_chunks: bool, answers: Any, options: Any) -> Any:
    values: list[Any] = []
    stream: Any = None
    error: Any = None

    async def read_async(server: ReplayServer) -> None:
        nonlocal stream
        async with AsyncOpenAI(base_url=server.base_url, api_key="test", max_retries=0) as sdk:
            client = from_openai(sdk, api=api, raw_chunks=raw_chunks)
            stream = client.create_iterable(**ask(api), **options)
            values.extend([value async for value in stream])

    def read(server: ReplayServer) -> None:
        nonlocal stream
        with OpenAI(base_url=server.base_url, api_key="test", max_retries=0) as sdk:
            client = from_openai(sdk, api=api, raw_chunks=raw_chunks)
            stream = client.create_iterable(**ask(api), **options)
            values.extend(stream)

    with ReplayServer(answers) as server:
        try:
            if asynchronous:
                asyncio.run(read_async(server))
            else:
                read(server)
        except Exception as failure:  # noqa: BLE001 - compared
            error = failure
    attempts = [] if stream is None else stream.attempts
    return (
        values,
        type(error),
        len(server.requests),
        [(each.cause, each.outcome and each.outcome.status) for each in attempts],
    )


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("case", ANSWERS)
def test_all_is_as_with_the_bytes(asynchronous: bool, api: str, case: str) -> None:
    answers, options = ANSWERS[case]
    expected = run(asynchronous, api, True, answers, options)
    assert run(asynchronous, api, False, answers, options) == expected
