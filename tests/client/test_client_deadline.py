"""How long a call may take: keep-alives over HTTP, and `deadline=` over all attempts."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import instructor
import pytest
import tenacity
from client_runs import ASK, Product, async_sdk, sync_sdk
from patience import patiently

from partialstream import IncompleteStreamError, Limits, from_instructor, from_openai
from partialstream.testing import Answer, ReplayServer, faults, sse_body

if TYPE_CHECKING:
    from collections.abc import Callable

SOON = 0.3
IDLE = 0.8  # the headers have to come within it
LATEST = 10.0  # seconds, on a busy machine; without a bound it is 30 and more

PRODUCTS = '{"items":[{"name":"Lamp"},{"name":"Rug"}],"tasks":[{"name":"Lamp"},{"name":"Rug"}]}'
LAMP = Product(name="Lamp")


def ours(sdk: Any) -> Any:
    return from_openai(sdk)


def of_instructor(sdk: Any) -> Any:
    return from_instructor(instructor.from_openai(sdk, mode=instructor.Mode.JSON))


class Run:
    def __init__(self) -> None:
        self.values: list[Any] = []
        self.error: BaseException | None = None
        self.stream: Any = None
        self.took = 0.0


def call(
    server: ReplayServer, make: Callable[[Any], Any], asynchronous: bool, method: str, **kwargs: Any
) -> Run:
    """Make a call, read what it gives, and measure how long that takes."""
    run = Run()
    arguments = {**ASK, "response_model": Product, **kwargs}
    options: dict[str, Any] = {"base_url": server.base_url}
    if make is of_instructor:
        options["max_retries"] = 0  # else the SDK asks again by itself where headers are late

    async def read() -> None:
        async with async_sdk(**options) as sdk:
            client = make(sdk)
            began = time.perf_counter()
            try:
                if method == "create":
                    run.values.append(await client.create(**arguments))
                else:
                    run.stream = getattr(client, method)(**arguments)
                    async for value in run.stream:
                        run.values.append(value)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                run.error = error
            run.took = time.perf_counter() - began

    if asynchronous:
        asyncio.run(read())
        return run
    with sync_sdk(**options) as sdk:
        client = make(sdk)
        began = time.perf_counter()
        try:
            if method == "create":
                run.values.append(client.create(**arguments))
            else:
                run.stream = getattr(client, method)(**arguments)
                for value in run.stream:
                    run.values.append(value)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            run.error = error
        run.took = time.perf_counter() - began
    return run


@pytest.fixture(scope="module", autouse=True)
def everything_is_imported() -> None:
    """instructor and the SDK load a part of themselves with the first call."""
    for make in (ours, of_instructor):
        for asynchronous in (False, True):
            with ReplayServer(PRODUCTS) as server:
                assert call(server, make, asynchronous, "create_iterable").error is None


both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
through = pytest.mark.parametrize("make", [ours, of_instructor])


def event(**delta: Any) -> bytes:
    chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


BEGIN = {
    "create_iterable": event(content='{"items":[{"name":"La'),
    "create_partial": event(content='{"name":"La'),
}
ENDLESS = {
    "comments": b": keep-alive\n\n",
    "pings": b'event: ping\ndata: {"type": "ping"}\n\n',
    "empty deltas": event(),
    "usage only": b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n',
    "role only": event(role="assistant"),
}


def dripping(recorded: bytes, per_second: float = 50) -> Answer:
    return Answer(recorded=recorded, tokens_per_second=per_second)


def check_closed(server: ReplayServer) -> None:
    end = time.perf_counter() + LATEST
    while not all(request.finished or request.hung_up for request in server.requests):
        assert time.perf_counter() < end, "the connection is open"
        time.sleep(0.01)


@both
@through
@pytest.mark.parametrize("method", ["create_iterable", "create_partial"])
@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS)
def test_keep_alives_for_ever_end_as_stalled(
    make: Any, asynchronous: bool, method: str, endless: bytes
) -> None:
    if make is of_instructor and endless is not ENDLESS["comments"]:
        pytest.skip("it is read by the same means")
    body = BEGIN[method] + endless * 2000

    def check(idle: float) -> None:
        with ReplayServer(dripping(body)) as server:
            run = call(server, make, asynchronous, method, limits=Limits(idle_seconds=idle))
        assert isinstance(run.error, IncompleteStreamError)
        assert run.stream.outcome.status == "stalled"
        assert run.error.tail == '{"name":"La'
        assert "Limits.idle_seconds" in str(run.error)
        assert idle <= run.took < idle + LATEST

    patiently(check, IDLE)


@both
@pytest.mark.parametrize("method", ["create_iterable", "create_partial"])
def test_a_stream_of_keep_alives_is_retried_like_any_stall(asynchronous: bool, method: str) -> None:
    text = '{"items":[{"name":"Lamp"}]}' if method == "create_iterable" else '{"name":"Lamp"}'
    bodies = [
        dripping(BEGIN[method] + ENDLESS["comments"] * 2000),
        Answer(recorded=sse_body([text])),
    ]

    def check(idle: float) -> None:
        with ReplayServer(bodies) as server:
            limits = Limits(idle_seconds=idle)
            run = call(server, ours, asynchronous, method, limits=limits, max_retries=1)
        assert run.error is None
        assert run.values[-1] == LAMP
        assert [each.outcome.status for each in run.stream.attempts] == ["stalled", "complete"]

    patiently(check, IDLE)


# -- deadlines ---------------------------------------------------------------------------------

ITEM = event(content='{"name":"Lamp"},')

SLOW: dict[str, Any] = {
    "slow headers": [Answer(PRODUCTS, fault=faults.HTTPError(500), first_delay=30)],
    "slow first delta": [Answer(PRODUCTS, first_delay=30)],
    "endless slow items": [dripping(event(content='{"items":[') + ITEM * 600, 20)],
    "keep-alives": [dripping(BEGIN["create_iterable"] + ENDLESS["comments"] * 600, 20)],
    "a stall": [Answer(PRODUCTS, fault=faults.Stall(7))],
    "a long wait between attempts": [Answer(PRODUCTS, fault=faults.Disconnect(7))] * 9,
}


@both
@through
@pytest.mark.parametrize("retries", [0, 9])
@pytest.mark.parametrize("answers", SLOW.values(), ids=SLOW)
def test_a_call_is_over_at_its_deadline(
    make: Any, asynchronous: bool, answers: list[Answer], retries: int
) -> None:
    if retries == 0 and len(answers) > 1:
        pytest.skip("there is nothing to wait for")

    def check(deadline: float) -> None:
        with ReplayServer(answers) as server:
            run = call(
                server,
                make,
                asynchronous,
                "create_iterable",
                deadline=deadline,
                max_retries=retries,
            )
            check_closed(server)
        assert isinstance(run.error, IncompleteStreamError)
        assert f"deadline={deadline:g} s" in str(run.error)
        assert run.error.outcome is not None
        assert run.error.outcome.status == "stalled"
        assert run.error.__cause__ is not None
        if run.stream is not None:
            assert run.stream.outcome == run.error.outcome
        if len(answers) == 1:
            assert len(server.requests) == 1
            assert deadline / 2 <= run.took
        assert run.took < deadline + LATEST

    patiently(check, SOON)


@both
def test_the_deadline_of_a_growing_object(asynchronous: bool) -> None:
    answer = Answer('{"name":"' + "Lamp" * 200 + '"}', tokens_per_second=20)

    def check(deadline: float) -> None:
        with ReplayServer(answer) as server:
            run = call(
                server, ours, asynchronous, "create_partial", deadline=deadline, max_retries=5
            )
        assert isinstance(run.error, IncompleteStreamError)
        assert f"deadline={deadline:g} s" in str(run.error)
        assert run.values
        assert run.stream.outcome.status == "stalled"
        assert run.error.snapshot is run.values[-1]
        assert run.took < deadline + LATEST

    patiently(check, SOON)


@both
@through
@pytest.mark.parametrize("fault", [faults.Stall(), None])
def test_the_deadline_of_a_call_without_a_stream(make: Any, asynchronous: bool, fault: Any) -> None:
    # Half of the body, or each byte by itself.
    answer = Answer('{"name":"Lamp"}', fault=fault, first_delay=0.0 if fault else 30)

    def check(deadline: float) -> None:
        with ReplayServer([answer] * 5) as server:
            run = call(server, make, asynchronous, "create", deadline=deadline)
        assert isinstance(run.error, IncompleteStreamError), run.error
        assert f"deadline={deadline:g} s" in str(run.error)
        assert run.error.outcome is not None
        assert run.error.outcome.status == "stalled"
        assert run.took < deadline + LATEST
        assert len(server.requests) == 1

    patiently(check, SOON)


@both
@pytest.mark.parametrize("late", ["wait", "sleep"])
def test_no_wait_of_the_callers_own_policy_goes_beyond_the_deadline(
    asynchronous: bool, late: str
) -> None:
    options: dict[str, Any] = {"wait": tenacity.wait_fixed(60)}
    if late == "sleep":
        options["sleep"] = lambda seconds: pytest.fail("it sleeps")
    retrying = tenacity.Retrying(stop=tenacity.stop_after_attempt(3), **options)

    def check(deadline: float) -> None:
        with ReplayServer([Answer(PRODUCTS, fault=faults.Reset(7))] * 3) as server:
            run = call(
                server,
                ours,
                asynchronous,
                "create_iterable",
                deadline=deadline,
                max_retries=retrying,
            )
        assert isinstance(run.error, IncompleteStreamError)
        assert f"deadline={deadline:g} s" in str(run.error)
        assert isinstance(run.error.__cause__, IncompleteStreamError)
        assert run.values == [LAMP]
        assert run.took < deadline + LATEST
        assert len(server.requests) == 1

    patiently(check, SOON)


@both
@through
@pytest.mark.parametrize("method", ["create_iterable", "create"])
def test_a_deadline_that_is_kept_changes_nothing(
    make: Any, asynchronous: bool, method: str
) -> None:
    text = PRODUCTS if method == "create_iterable" else '{"name":"Lamp"}'
    with ReplayServer(text) as server:
        run = call(server, make, asynchronous, method, deadline=30)
    assert run.error is None
    assert run.values[0] == LAMP


@both
@pytest.mark.parametrize("deadline", [0, -1, float("nan"), float("inf"), "10", True, [1]])
def test_a_deadline_is_a_positive_number(asynchronous: bool, deadline: Any) -> None:
    with ReplayServer(PRODUCTS) as server:
        run = call(server, ours, asynchronous, "create_iterable", deadline=deadline)
    assert isinstance(run.error, (TypeError, ValueError))
    assert "deadline= must be a" in str(run.error)
    assert not server.requests


def alarm_threads() -> int:
    return [thread.name for thread in threading.enumerate()].count("partialstream-alarms")


def wait_until_no_alarm_is_left() -> None:
    end = time.perf_counter() + LATEST
    while alarm_threads():
        assert time.perf_counter() < end
        time.sleep(0.01)


def test_many_deadlines_share_one_thread_which_ends_with_them() -> None:
    wait_until_no_alarm_is_left()  # of another test
    with ReplayServer(Answer(PRODUCTS), repeat=True) as server:
        with sync_sdk(base_url=server.base_url) as sdk:
            client = from_openai(sdk)
            streams = [
                client.create_iterable(response_model=Product, **ASK, deadline=30) for _ in range(5)
            ]
            assert alarm_threads() == 1
            for stream in streams:
                stream.close()
    wait_until_no_alarm_is_left()


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_rejected_first_request_is_not_made_again_behind_the_deadline(
    asynchronous: bool,
) -> None:
    busy = Answer(fault=faults.HTTPError(429, retry_after=30))
    with ReplayServer(busy, repeat=True) as server:
        run = call(server, ours, asynchronous, "create_iterable", max_retries=3, deadline=5.0)
        assert len(server.requests) == 1
    assert isinstance(run.error, IncompleteStreamError)
    assert "deadline=5 s" in str(run.error)
