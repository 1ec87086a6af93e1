from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import openai
import pytest
from client_runs import ASK, EVERY_CALLER, Caller, Product, async_sdk, sync_sdk
from patience import where_it_stalls

from partialstream import (
    IncompleteStreamError,
    Limits,
    OutputValidationError,
    PartialStreamError,
    ProviderError,
    RefusalError,
    Usage,
    astream_items,
    stream_items,
)
from partialstream.testing import Answer, ReplayServer, faults, sse_body

if TYPE_CHECKING:
    from partialstream.testing import Fault

every = pytest.mark.parametrize("caller", EVERY_CALLER)
in_two_modes = pytest.mark.parametrize("mode", ["json_schema", "tools"])

PRODUCTS = '{"items":[{"name":"Lamp"},{"name":"Rug"}]}'
LAMP, RUG = Product(name="Lamp"), Product(name="Rug")
CUT = 7  # deltas; the first item is complete, the second has begun
TAIL = '{"'


@every
@in_two_modes
@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        (faults.LengthCut(CUT), IncompleteStreamError, "truncated"),
        (faults.ContentFilter(CUT), RefusalError, "filtered"),
        (faults.Refusal(CUT, "No."), RefusalError, "refused"),
        (faults.Reset(CUT), IncompleteStreamError, "disconnected"),
        (faults.Disconnect(CUT), IncompleteStreamError, "disconnected"),
        (faults.EndEarly(CUT), IncompleteStreamError, "disconnected"),
        (faults.Stall(CUT), IncompleteStreamError, "stalled"),
        (faults.ErrorEvent(CUT, "overloaded"), ProviderError, "disconnected"),
        (faults.MalformedEvent(CUT), ProviderError, "disconnected"),
    ],
)
def test_items_before_a_failure_are_delivered_then_it_is_raised(
    caller: Caller, mode: str, fault: Fault, kind: type[PartialStreamError], status: str
) -> None:
    def check(idle: float) -> None:
        with ReplayServer(Answer(PRODUCTS, fault=fault)) as server:
            limits = Limits(idle_seconds=idle)
            run = caller(server).read(
                "create_iterable", response_model=Product, mode=mode, limits=limits
            )
        assert run.values == [LAMP]
        assert type(run.error) is kind
        assert isinstance(run.error, PartialStreamError)
        assert run.error.outcome == run.stream.outcome
        assert run.error.outcome is not None
        assert run.error.outcome.status == status
        assert run.error.tail == TAIL
        assert run.error.delivered == 1
        assert run.error.usage == run.stream.usage
        assert len(server.requests) == 1

    where_it_stalls(fault, check)


@every
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults.LengthCut(3), "truncated"),
        (faults.Reset(3), "disconnected"),
        (faults.Stall(3), "stalled"),
        (faults.ErrorEvent(3), "disconnected"),
    ],
)
def test_the_last_snapshot_is_with_the_error(caller: Caller, fault: Fault, status: str) -> None:
    def check(idle: float) -> None:
        with ReplayServer(Answer('{"name":"Lamp"}', fault=fault)) as server:
            limits = Limits(idle_seconds=idle)
            run = caller(server).read("create_partial", response_model=Product, limits=limits)
        assert isinstance(run.error, PartialStreamError)
        assert run.values
        assert run.values[-1].name == "Lam"
        assert run.error.snapshot is run.values[-1]
        assert run.error.outcome is not None
        assert run.error.outcome.status == status
        assert run.stream.outcome.status == status

    where_it_stalls(fault, check)


@every
@in_two_modes
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(""), "empty"),
        (Answer(recorded=sse_body([])), "empty"),
        (Answer("Sorry, I have none."), "no_json"),
        (Answer(refusal="No."), "refused"),
        (Answer(fault=faults.ContentFilter()), "filtered"),
        (Answer(PRODUCTS, fault=faults.LengthCut()), "truncated"),
        (Answer(PRODUCTS, fault=faults.EndEarly()), "disconnected"),
        (Answer(recorded=b""), "empty"),
    ],
)
def test_an_answer_without_items_is_no_silent_success(
    caller: Caller, mode: str, answer: Answer, status: str
) -> None:
    with ReplayServer(answer) as server:
        run = caller(server).read("create_iterable", response_model=Product, mode=mode)
    assert run.values == []
    assert isinstance(run.error, PartialStreamError)
    assert run.stream.outcome.status == status


@every
def test_an_answer_where_it_was_not_asked_for_is_read_at_its_end(caller: Caller) -> None:
    with ReplayServer([Answer(PRODUCTS, as_tool=False), Answer("Sorry.", as_tool=False)]) as server:
        run = caller(server).read("create_iterable", response_model=Product, mode="tools")
        assert run.error is None
        assert run.values == [LAMP, RUG]
        assert run.stream.outcome.ok
        run = caller(server).read("create_partial", response_model=Product, mode="tools")
        assert run.values == []
        assert isinstance(run.error, IncompleteStreamError)
        assert run.stream.outcome.status == "no_json"
        assert "no JSON found in the response: 'Sorry.'" in str(run.error)


@every
@pytest.mark.parametrize("fault", [faults.Comments(), faults.NoDone()])
def test_what_is_no_failure(caller: Caller, fault: Fault) -> None:
    with ReplayServer(Answer(PRODUCTS, fault=fault)) as server:
        run = caller(server).read("create_iterable", response_model=Product)
    assert run.error is None
    assert run.values == [LAMP, RUG]
    assert run.stream.outcome.ok


@every
def test_an_item_that_does_not_validate_is_raised_or_skipped(caller: Caller) -> None:
    answer = Answer('{"items":[{"name":"Lamp"},{"name":1},{"name":"Rug"}]}')
    with ReplayServer([answer, answer]) as server:
        run = caller(server).read("create_iterable", response_model=Product)
        assert run.values == [LAMP]
        assert isinstance(run.error, OutputValidationError)
        assert run.error.index == 1
        assert run.error.raw == '{"name":1}'
        assert run.stream.outcome.status == "invalid"
        assert server.requests[0].wait_finished(10.0) or server.requests[0].hung_up
        run = caller(server).read("create_iterable", response_model=Product, on_invalid="skip")
        assert run.values == [LAMP, RUG]
        assert [rejected.index for rejected in run.stream.rejected] == [1]


@every
def test_errors_before_the_answer_are_the_sdks_own(caller: Caller) -> None:
    with ReplayServer(Answer(fault=faults.HTTPError(401)), repeat=True) as server:
        run = caller(server).read("create_iterable", response_model=Product)
        assert isinstance(run.error, openai.AuthenticationError)
        with pytest.raises(openai.AuthenticationError):
            caller(server).whole(response_model=Product)
    assert len(server.requests) == 2


@every
@pytest.mark.parametrize("method", ["create_iterable", "create_partial"])
def test_the_sdk_retries_before_the_answer_begins(caller: Caller, method: Any) -> None:
    busy = Answer(fault=faults.HTTPError(429, retry_after=0.01))
    text = '{"name":"Lamp"}' if method == "create_partial" else '{"items":[{"name":"Lamp"}]}'
    with ReplayServer([busy, busy, text]) as server:
        run = caller(server, max_retries=2).read(method, response_model=Product)
    assert run.error is None
    assert run.values[-1] == LAMP
    assert len(server.requests) == 3


@every
@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"<!doctype html>\n<html><body>Sign in</body></html>\n", "<!doctype html>"),
        (b"Bad gateway", "Bad gateway"),
        (b'{"error": {"message": "no such model", "code": 404}}', "no such model"),
        (b'{"choices": [{"index": 0, "mess', "choices"),
        (b'{"status": "ok"}', "status"),
    ],
)
def test_a_body_that_is_no_answer_is_shown(caller: Caller, body: bytes, shown: str) -> None:
    with ReplayServer(Answer(recorded=body), repeat=True) as server:
        run = caller(server).read("create_iterable", response_model=Product)
        assert isinstance(run.error, ProviderError)
        assert shown in str(run.error)
        for asked in (list[Product], Product):
            with pytest.raises(ProviderError, match=shown):
                caller(server).whole(response_model=asked)


@every
@in_two_modes
@pytest.mark.parametrize("asked", [list[Product], Product])
@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        (faults.LengthCut(3), IncompleteStreamError, "truncated"),
        (faults.ContentFilter(3), RefusalError, "filtered"),
        (faults.Refusal(0, "No."), RefusalError, "refused"),
        (faults.ErrorEvent(), ProviderError, "disconnected"),
        (faults.EndEarly(), ProviderError, "disconnected"),
    ],
)
def test_a_whole_answer_that_is_none_is_raised(
    caller: Caller, mode: str, asked: Any, fault: Fault, kind: type[PartialStreamError], status: str
) -> None:
    usage = Usage(input_tokens=1, output_tokens=2)
    with ReplayServer(Answer(PRODUCTS, fault=fault, usage=usage)) as server:
        with pytest.raises(kind) as caught:
            caller(server).whole(response_model=asked, mode=mode)
    assert caught.value.outcome is not None
    assert caught.value.outcome.status == status
    assert caught.value.usage == (None if kind is ProviderError else usage)


@every
def test_the_sdk_retries_a_whole_answer_whose_connection_is_lost(caller: Caller) -> None:
    lost = Answer('{"name":"Lamp"}', fault=faults.Reset())
    with ReplayServer([lost, '{"name":"Lamp"}', lost]) as server:
        assert caller(server, max_retries=1).whole(response_model=Product) == LAMP
        with pytest.raises(openai.APIConnectionError):
            caller(server, max_retries=0).whole(response_model=Product)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults.Reset(CUT), "disconnected"),
        (faults.Disconnect(CUT), "disconnected"),
        (faults.Stall(CUT), "stalled"),
    ],
)
def test_the_sdks_own_stream_tells_of_a_lost_connection_as_ours_does(
    fault: Fault, status: str
) -> None:
    # Newer SDKs have an error of their own for it, older ones let the HTTP library's through.
    async def read_async(server: ReplayServer, timeout: float) -> Any:
        async with async_sdk(base_url=server.base_url, timeout=timeout) as sdk:
            chunks = await sdk.chat.completions.create(stream=True, **ASK)
            stream = astream_items(Product, chunks)
            assert await stream.__anext__() == LAMP
            with pytest.raises(IncompleteStreamError):
                await stream.__anext__()
            return stream.outcome

    def check(timeout: float) -> None:
        with ReplayServer(Answer(PRODUCTS, fault=fault), repeat=True) as server:
            told = [asyncio.run(read_async(server, timeout))]
            with sync_sdk(base_url=server.base_url, timeout=timeout) as sdk:
                stream = stream_items(Product, sdk.chat.completions.create(stream=True, **ASK))
                assert next(stream) == LAMP
                with pytest.raises(IncompleteStreamError):
                    next(stream)
                told.append(stream.outcome)
        assert [outcome.status for outcome in told] == [status, status]

    where_it_stalls(fault, check)
