"""Spans and metrics of a call, through both clients, as the GenAI conventions want them."""

from __future__ import annotations

import asyncio
import gc
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from client_runs import ASK, CALLERS, Caller, Product, SyncCaller, async_sdk, sync_sdk
from extras import needs

from partialstream import PartialStreamError, Usage, from_openai
from partialstream.client.budget import Budget
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from telemetry_seen import Seen

pytestmark = needs("dev", "opentelemetry.sdk", "opentelemetry.semconv")

LIST = '{"items": [{"name": "Lamp"}, {"name": "Rug"}, {"name": "Vase"}]}'
BAD = '{"items": [{"name": "Lamp"}, {"name": 1}, {"name": "Vase"}]}'
RUG = '{"items": [{"name": "Rug"}]}'
REST = '{"first_index": 1, "items": [{"name": "Rug"}, {"name": "Vase"}]}'
AT_ONCE: dict[str, Any] = {"max_retries": 0}


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once."""

    def pause(self: Budget) -> Any:
        del self
        yield from ()

    monkeypatch.setattr(Budget, "pause", pause)


@pytest.fixture(params=CALLERS, ids=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Caller:
    """Both clients."""
    made: Caller = request.param
    return made


@dataclass(frozen=True)
class Case:
    """A call, and its attempts: cause, outcome, error."""

    answers: list[Answer | str]
    options: dict[str, Any]
    outcome: str | None
    error: str | None
    attempts: list[tuple[str, str | None, str | None]]
    method: Any = "create_iterable"


def cut(text: str) -> Answer:
    return Answer(text, fault=faults.Disconnect(8))


CASES = {
    "success": Case([LIST], {}, "complete", None, [("request", "complete", None)]),
    "repair": Case(
        [BAD, RUG],
        {"max_retries": 1},
        "complete",
        None,
        [("request", "complete", None), ("repair", "complete", None)],
    ),
    "resume": Case(
        [cut(LIST), REST],
        {"max_retries": 1},
        "complete",
        None,
        [("request", "disconnected", "disconnected"), ("resume", "complete", None)],
    ),
    "truncation": Case(
        [Answer(LIST, fault=faults.LengthCut(6))],
        {},
        "truncated",
        "truncated",
        [("request", "truncated", "truncated")],
    ),
    "invalid": Case(
        [BAD],
        {},
        "invalid",
        "OutputValidationError",
        [("request", "invalid", "OutputValidationError")],
    ),
    "refusal": Case(
        [Answer("", refusal="I will not.")],
        {},
        "refused",
        "refused",
        [("request", "refused", "refused")],
    ),
    "rejected for a moment": Case(
        [Answer(LIST, fault=faults.HTTPError(429)), LIST],
        {"max_retries": 1},
        "complete",
        None,
        [("request", None, "429"), ("request", "complete", None)],
    ),
    "rejected": Case(
        [Answer(LIST, fault=faults.HTTPError(401))],
        {"max_retries": 1},
        None,
        "401",
        [("request", None, "401")],
    ),
    "enough": Case([LIST], {"take": 1}, "cancelled", None, [("request", "cancelled", None)]),
    "an object": Case(
        ['{"name": "Lamp"}'],
        {},
        "complete",
        None,
        [("request", "complete", None)],
        "create_partial",
    ),
    "an object asked for again": Case(
        ['{"name": 1}', '{"name": "Lamp"}'],
        {"max_retries": 1},
        "complete",
        None,
        [
            ("request", "invalid", "OutputValidationError"),
            ("reask", "complete", None),
        ],
        "create_partial",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_span_for_the_call_and_one_for_each_attempt(
    seen: Seen, caller: Caller, case: Case
) -> None:
    with ReplayServer(case.answers) as server:
        run = caller(server, **AT_ONCE).read(case.method, response_model=Product, **case.options)
    call = seen.call
    assert call.name == f"partialstream {case.method}"
    assert call.kind.name == "INTERNAL"
    assert call.parent is None
    assert call.attributes.get("partialstream.outcome") == case.outcome
    assert call.attributes.get("error.type") == case.error
    assert call.attributes["partialstream.attempts"] == len(case.attempts)
    assert call.status.status_code.name == ("ERROR" if case.error else "UNSET")
    assert [
        (
            span.attributes["partialstream.cause"],
            span.attributes.get("partialstream.outcome"),
            span.attributes.get("error.type"),
        )
        for span in seen.attempts
    ] == case.attempts
    assert len(seen.spans) == 1 + len(case.attempts)
    for number, span in enumerate(seen.attempts, 1):
        assert span.attributes["partialstream.attempt"] == number
        assert span.name == "chat any"
        assert span.kind.name == "CLIENT"
        assert call.start_time <= span.start_time <= span.end_time <= call.end_time
        assert span.status.status_code.name == (
            "ERROR" if "error.type" in span.attributes else "UNSET"
        )
    retries = [event for event in call.events if event.name == "partialstream.retry"]
    assert len(retries) == len(call.events) == len(case.attempts) - 1
    if case.method == "create_iterable" and run.stream is not None:
        assert call.attributes["partialstream.items"] == len(run.values)
        assert sum(span.attributes.get("partialstream.items", 0) for span in seen.attempts) == len(
            run.values
        )


def test_attributes_of_a_request_and_of_its_response(seen: Seen, caller: Caller) -> None:
    usage = Usage(input_tokens=20, output_tokens=9, cached_tokens=8, reasoning_tokens=3)
    with ReplayServer(Answer(LIST, usage=usage)) as server:
        run = caller(server).read(
            "create_iterable",
            response_model=Product,
            temperature=0,
            top_p=0.5,
            max_completion_tokens=100,
            seed=7,
            frequency_penalty=1,
            presence_penalty=0.5,
            stop="END",
        )
        port = int(server.url.rpartition(":")[2])
    (span,) = seen.attempts
    attributes = dict(span.attributes)
    first_chunk = attributes.pop("gen_ai.response.time_to_first_chunk")
    assert 0 < first_chunk <= run.stream.timing.first_delta
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "any",
        "gen_ai.request.stream": True,
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.top_p": 0.5,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.seed": 7,
        "gen_ai.request.frequency_penalty": 1.0,
        "gen_ai.request.presence_penalty": 0.5,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.output.type": "json",
        "server.address": "127.0.0.1",
        "server.port": port,
        "gen_ai.response.model": "any",
        "gen_ai.response.id": run.stream.metadata.request_id,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 9,
        "gen_ai.usage.cache_read.input_tokens": 8,
        "gen_ai.usage.reasoning.output_tokens": 3,
        "partialstream.attempt": 1,
        "partialstream.cause": "request",
        "partialstream.items": 3,
        "partialstream.outcome": "complete",
    }
    assert dict(seen.call.attributes) == {
        "partialstream.attempts": 1,
        "partialstream.items": 3,
        "partialstream.rejected": 0,
        "partialstream.outcome": "complete",
        "partialstream.usage.input_tokens": 20,
        "partialstream.usage.output_tokens": 9,
        "partialstream.time_to_first_item": run.stream.timing.first_item,
    }


def test_names_are_those_of_the_conventions(seen: Seen, caller: Caller) -> None:
    from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
    from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
    from opentelemetry.semconv.attributes import error_attributes, server_attributes

    known = {
        value
        for module in (gen_ai_attributes, error_attributes, server_attributes)
        for name, value in vars(module).items()
        if name.isupper()
    }
    metrics = {value for name, value in vars(gen_ai_metrics).items() if name.isupper()}
    providers = {each.value for each in gen_ai_attributes.GenAiProviderNameValues}
    with ReplayServer(
        [BAD, Answer(RUG, fault=faults.Disconnect(3)), RUG, Answer("", fault=faults.HTTPError(500))]
    ) as server:
        made = caller(server, **AT_ONCE)
        made.read("create_iterable", response_model=Product, max_retries=3, temperature=0.5)
        made.read("create_iterable", response_model=Product)
    used = {name for span in seen.spans for name in span.attributes}
    recorded = {each.name for each in seen.metrics()}
    for metric in seen.metrics():
        for point in metric.data.data_points:
            used |= set(point.attributes)
    assert {name for name in used if not name.startswith("partialstream.")} <= known
    assert {name for name in recorded if not name.startswith("partialstream.")} <= metrics
    assert {"gen_ai.provider.name", "gen_ai.operation.name", "error.type"} <= used
    assert recorded == {
        "gen_ai.client.operation.duration",
        "gen_ai.client.operation.time_to_first_chunk",
        "gen_ai.client.token.usage",
        "partialstream.time_to_first_item",
    }
    assert {
        span.attributes["gen_ai.provider.name"] for span in seen.spans if span.kind.name == "CLIENT"
    } <= providers


def test_metrics_of_attempts(seen: Seen, caller: Caller) -> None:
    usage = Usage(input_tokens=20, output_tokens=9)
    rejected = Answer("", fault=faults.HTTPError(503))
    answers = [Answer(BAD, usage=usage), Answer(RUG, usage=usage), rejected]
    with ReplayServer(answers) as server:
        made = caller(server, **AT_ONCE)
        run = made.read("create_iterable", response_model=Product, max_retries=1)
        assert made.read("create_iterable", response_model=Product).error is not None
    (fine, failed) = sorted(
        seen.metric("gen_ai.client.operation.duration"),
        key=lambda point: "error.type" in point.attributes,
    )
    assert (fine.count, failed.count) == (2, 1)
    target = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "any",
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rpartition(":")[2]),
    }
    assert dict(fine.attributes) == {**target, "gen_ai.response.model": "any"}
    assert dict(failed.attributes) == {**target, "error.type": "503"}
    assert list(fine.explicit_bounds) == [0.01 * 2**power for power in range(14)]
    (first_chunk,) = seen.metric("gen_ai.client.operation.time_to_first_chunk")
    assert first_chunk.count == 2
    tokens = {
        point.attributes["gen_ai.token.type"]: point
        for point in seen.metric("gen_ai.client.token.usage")
    }
    assert {kind: point.sum for kind, point in tokens.items()} == {"input": 40, "output": 18}
    assert list(tokens["input"].explicit_bounds) == [4**power for power in range(14)]
    (first_item,) = seen.metric("partialstream.time_to_first_item")
    assert first_item.sum == pytest.approx(run.stream.timing.first_item)


def test_what_is_not_streamed_has_no_first_chunk(seen: Seen, caller: Caller) -> None:
    with ReplayServer('{"name": "Lamp"}') as server:
        caller(server).whole(response_model=Product)
    assert seen.call.name == "partialstream create"
    (span,) = seen.attempts
    assert "gen_ai.response.time_to_first_chunk" not in span.attributes
    assert "gen_ai.request.stream" not in span.attributes
    assert span.attributes["gen_ai.usage.input_tokens"] > 0
    assert seen.metric("gen_ai.client.operation.time_to_first_chunk") == []


# -- ends ----------------------------------------------------------------------------------


def test_leaving_ends_the_spans_at_once(seen: Seen) -> None:
    with ReplayServer(LIST) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = from_openai(sdk).create_iterable(response_model=Product, **ASK)
        for _ in stream:
            assert seen.spans == []
            break
        assert seen.call.attributes["partialstream.outcome"] == "cancelled"
        assert seen.call.attributes["partialstream.items"] >= 1
        (attempt,) = seen.attempts
        assert attempt.attributes["partialstream.outcome"] == "cancelled"
        assert "error.type" not in attempt.attributes
        stream.close()
    assert len(seen.spans) == 2


def test_leaving_ends_the_spans_at_once_async(seen: Seen) -> None:
    async def main() -> None:
        async with async_sdk(base_url=server.base_url) as sdk:
            async with from_openai(sdk).create_iterable(response_model=Product, **ASK) as stream:
                async for _ in stream:
                    break
            assert seen.call.attributes["partialstream.outcome"] == "cancelled"
            assert len(seen.attempts) == 1

    with ReplayServer(LIST) as server:
        asyncio.run(main())


def test_a_cancelled_task_ends_the_spans(seen: Seen) -> None:
    async def main() -> None:
        async with async_sdk(base_url=server.base_url) as sdk:

            async def read() -> None:
                async for _ in from_openai(sdk).create_iterable(response_model=Product, **ASK):
                    pass

            task = asyncio.create_task(read())
            while not server.requests:  # noqa: ASYNC110  # it comes from the server's thread
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with ReplayServer(Answer(LIST, fault=faults.Stall(2, seconds=20))) as server:
        asyncio.run(main())
    assert seen.call.attributes["partialstream.outcome"] == "cancelled"
    assert seen.call.status.status_code.name == "UNSET"
    assert len(seen.attempts) == 1


def test_a_stream_that_nobody_reads_ends_its_spans_when_it_is_dropped(seen: Seen) -> None:
    with ReplayServer(LIST) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = from_openai(sdk).create_iterable(response_model=Product, **ASK)
        assert seen.spans == []
        del stream
        gc.collect()
        assert seen.call.attributes["partialstream.outcome"] == "cancelled"
        assert len(seen.attempts) == 1


def test_an_async_stream_that_was_never_sent_has_no_spans(seen: Seen) -> None:
    sdk = async_sdk(base_url="http://127.0.0.1:9/v1")
    stream = from_openai(sdk).create_iterable(response_model=Product, **ASK)
    del stream
    gc.collect()
    assert seen.spans == []


def test_a_handler_that_fails_ends_the_spans(seen: Seen, caller: Caller) -> None:
    def fail(_: Product) -> bool:
        raise KeyError("secret")

    with ReplayServer(LIST) as server:
        run = caller(server).read("create_iterable", response_model=Product, stop_when=fail)
    assert isinstance(run.error, KeyError)
    assert seen.call.attributes["error.type"] == "KeyError"
    assert "secret" not in seen.everything()


def test_a_processor_that_fails_does_not_end_the_stream(
    seen: Seen, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    def fail(*_: Any) -> None:
        raise OSError("the collector is gone")

    monkeypatch.setattr(SimpleSpanProcessor, "on_end", fail)
    with ReplayServer(LIST) as server:
        run = caller(server).read("create_iterable", response_model=Product)
    assert run.error is None
    assert len(run.values) == 3
    assert seen.spans == []


# -- context -------------------------------------------------------------------------------


def test_an_attempt_is_current_while_its_request_is_sent_and_not_after(
    seen: Seen, caller: Caller
) -> None:
    from opentelemetry import trace

    current: list[Any] = []

    def note(**_: Any) -> None:
        current.append(trace.get_current_span().get_span_context().span_id)

    tracer = trace.get_tracer("program")
    with ReplayServer([BAD, RUG]) as server, tracer.start_as_current_span("program") as mine:

        def is_mine(_: Product) -> bool:
            assert trace.get_current_span() is mine
            return False

        from partialstream import Hooks

        hooks = Hooks()
        hooks.on("completion:kwargs", note)
        run = caller(server).read(
            "create_iterable", response_model=Product, stop_when=is_mine, max_retries=1, hooks=hooks
        )
        assert run.error is None
        assert trace.get_current_span() is mine
    assert current == [span.context.span_id for span in seen.attempts]
    assert seen.call.parent.span_id == mine.get_span_context().span_id


def test_a_stream_may_be_read_by_several_threads(seen: Seen) -> None:
    from opentelemetry import trace

    after: list[bool] = []

    def read_one(stream: Any) -> None:
        next(stream, None)
        after.append(trace.get_current_span().get_span_context().is_valid)

    with ReplayServer([cut(LIST), REST]) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = from_openai(sdk).create_iterable(response_model=Product, max_retries=1, **ASK)
        values = iter(stream)
        for _ in range(4):
            thread = threading.Thread(target=read_one, args=(values,))
            thread.start()
            thread.join()
    assert after == [False] * 4
    assert not trace.get_current_span().get_span_context().is_valid
    assert len(seen.attempts) == 2


def test_calls_side_by_side_do_not_mix(seen: Seen) -> None:
    async def main() -> None:
        async with async_sdk(base_url=server.base_url) as sdk:

            async def read() -> None:
                stream = from_openai(sdk).create_iterable(
                    response_model=Product, max_retries=1, **ASK
                )
                assert len([product async for product in stream]) == 3

            await asyncio.gather(*(read() for _ in range(8)))

    def choose(request: Any) -> str:
        repair = len(request.body["messages"]) > 1
        return RUG if repair else BAD

    with ReplayServer(choose) as server:
        asyncio.run(main())
    calls = [span for span in seen.spans if span.name == "partialstream create_iterable"]
    assert len(calls) == 8
    for call in calls:
        causes = [
            span.attributes["partialstream.cause"]
            for span in seen.spans
            if span.parent is not None and span.parent.span_id == call.context.span_id
        ]
        assert causes == ["request", "repair"]


# -- content -------------------------------------------------------------------------------

SECRET = "a lamp that nobody may know of"


def tell(caller: Caller) -> None:
    """Calls in which the secret is said by all sides, in errors too."""
    said = f'{{"items": [{{"name": "{SECRET}"}}, {{"name": ["{SECRET}"]}}]}}'
    rejected = Answer("", fault=faults.HTTPError(400, message=SECRET))
    error = Answer(said, fault=faults.ErrorEvent(30, message=SECRET))
    answers = [said, said, error, error, Answer("", refusal=SECRET), rejected]
    with ReplayServer(answers) as server:
        made = caller(server, **AT_ONCE)
        for retries in (1, 1, 0, 0):
            with_secret = {"response_model": Product, "user": SECRET, "max_retries": retries}
            assert made.read("create_iterable", **with_secret).error is not None


def test_nothing_that_was_said_is_in_spans(seen: Seen, caller: Caller) -> None:
    tell(caller)
    assert len(seen.spans) >= 8
    assert SECRET not in seen.everything()
    assert "products, please" not in seen.everything()


def test_what_was_said_is_in_spans_if_the_environment_asks_for_it(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")
    with ReplayServer(LIST) as server:
        SyncCaller(server).read("create_iterable", response_model=Product)
    (span,) = seen.attempts
    assert json.loads(span.attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Two products, please."}]}
    ]
    assert json.loads(span.attributes["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": LIST}],
            "finish_reason": "stop",
        }
    ]


def test_without_providers_there_is_nothing(caller: Caller) -> None:
    from partialstream.telemetry import observer_for

    assert observer_for("create_iterable") is None
    with ReplayServer(LIST) as server:
        run = caller(server).read("create_iterable", response_model=Product)
    assert run.error is None


def test_a_stream_that_was_opened_elsewhere_has_no_spans(seen: Seen) -> None:
    from partialstream import stream_items

    with pytest.raises(PartialStreamError):
        list(stream_items(Product, ["[1]"]))
    assert seen.spans == []


# -- several endpoints ---------------------------------------------------------------------


def test_attempts_of_a_fallback_name_the_model_they_ask_for(seen: Seen, caller: Caller) -> None:
    with ReplayServer([cut(LIST), REST]) as server:
        run = caller(server, **AT_ONCE).read(
            "create_iterable", response_model=Product, fallbacks=["its-model"]
        )
    assert run.error is None
    assert [value.name for value in run.values] == ["Lamp", "Rug", "Vase"]
    first, second = seen.attempts
    assert (first.name, second.name) == ("chat any", "chat its-model")
    assert second.attributes["gen_ai.request.model"] == "its-model"
    assert second.attributes["gen_ai.response.model"] == "its-model"
    assert first.attributes["error.type"] == "disconnected"
    assert second.attributes["partialstream.cause"] == "resume"
    assert second.attributes["partialstream.outcome"] == "complete"
    models = {
        point.attributes["gen_ai.request.model"]: point.count
        for point in seen.metric("gen_ai.client.operation.duration")
    }
    assert models == {"any": 1, "its-model": 1}


def test_each_request_of_a_race_has_a_span(seen: Seen, caller: Caller) -> None:
    def choose(request: Any) -> Answer:
        return Answer(LIST, first_delay=20 if request.body["model"] == "any" else 0)

    with ReplayServer(choose) as server:
        run = caller(server, **AT_ONCE).read(
            "create_iterable",
            response_model=Product,
            first_delta_within=0.1,
            fallbacks=["its-model"],
        )
    assert run.error is None
    assert len(run.values) == 3
    first, second = seen.attempts
    assert (first.name, second.name) == ("chat any", "chat its-model")
    assert first.attributes["partialstream.outcome"] == "cancelled"
    assert "error.type" not in first.attributes
    assert second.attributes["partialstream.outcome"] == "complete"
    assert seen.call.attributes["partialstream.attempts"] == 2
