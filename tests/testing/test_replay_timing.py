from __future__ import annotations

import asyncio
import itertools
import time
from typing import Any

import openai
import pytest
from undisturbed import undisturbed

from partialstream.testing import Answer, ReplayRequest, ReplayServer, faults

MESSAGES: Any = [{"role": "user", "content": "hello"}]
SLOW = Answer("abcdefgh" * 10, tokens_per_second=0.01)  # the next delta is minutes away
STALLED = Answer("abcdefgh", fault=faults.Stall(1))
LATE = Answer("abcdefgh", first_delay=3600)
SOON = 10.0  # seconds, on a busy machine; it takes milliseconds
LARGE = Answer("x" * 40_000_000, chunk_size=100_000)  # more than any socket buffer holds


def connect(server: ReplayServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.base_url, api_key="test")


def arrivals(answer: Answer) -> list[float]:
    """Give the seconds between the request and each delta."""
    with ReplayServer(answer) as server, connect(server) as client:
        stream: Any = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        times = [time.perf_counter() for chunk in stream if chunk.choices[0].delta.content]
        return [moment - server.requests[0].received_at for moment in times]


def test_a_pace_is_kept() -> None:
    due = [0.1 + index / 50 for index in range(20)]

    def measure() -> list[float]:
        times = arrivals(Answer("a" * 80, tokens_per_second=50, first_delay=0.1))
        assert all(moment >= planned for moment, planned in zip(times, due, strict=True))
        return times

    assert undisturbed(measure, lambda times: 0.75 < (times[-1] - times[0]) / 0.38 < 1.25)


def test_a_pace_does_not_drift() -> None:
    due = 0.4995  # half a millisecond each

    def measure() -> tuple[float, float]:
        unpaced = arrivals(Answer("a" * 4000))
        paced = arrivals(Answer("a" * 4000, tokens_per_second=2000))
        assert len(unpaced) == len(paced) == 1000
        assert paced[-1] >= due
        return paced[-1], unpaced[-1]

    # The loop wakes late; were that added up, it were three times the time. What the machine
    # takes to send that much comes on top.
    assert undisturbed(measure, lambda times: times[0] < 1.6 * due + times[1])


def test_without_a_pace_everything_comes_at_once_after_the_first_delay() -> None:
    def measure() -> list[float]:
        times = arrivals(Answer("a" * 160, first_delay=0.3))
        assert 0.3 <= times[0]
        return times

    assert undisturbed(measure, lambda times: times[-1] - times[0] < times[0])


def test_an_answer_that_is_not_streamed_takes_as_long_as_one_that_is() -> None:
    answer = Answer("a" * 40, tokens_per_second=50, first_delay=0.1)  # 0.3 s

    def measure() -> float:
        with ReplayServer(answer) as server, connect(server) as client:
            client.chat.completions.create(model="m", messages=MESSAGES)
            elapsed = time.perf_counter() - server.requests[0].received_at
        assert elapsed >= 0.3
        return elapsed

    assert undisturbed(measure, lambda elapsed: elapsed < 1)


def check_hang_up(request: ReplayRequest, closed_at: float) -> None:
    assert request.wait_hung_up(SOON)
    assert request.hung_up_at is not None
    assert request.hung_up_at - closed_at < SOON
    assert not request.finished
    assert not request.wait_finished()


@pytest.mark.parametrize("answer", [SLOW, STALLED, LARGE], ids=["slow", "stalled", "large"])
def test_a_client_that_leaves_is_noticed_at_once(answer: Answer) -> None:
    with ReplayServer(answer) as server, connect(server) as client:
        with client.chat.completions.create(model="m", messages=MESSAGES, stream=True) as stream:
            assert next(stream).choices[0].delta.role == "assistant"
            assert next(stream).choices[0].delta.content
        check_hang_up(server.requests[0], time.perf_counter())
        assert server.requests[0].deltas_sent < 400
        if answer is not LARGE:
            assert server.requests[0].deltas_sent == 1
        assert server.requests[0].deltas_planned == -(-len(answer.text) // answer.chunk_size)


@pytest.mark.parametrize("answer", [SLOW, STALLED], ids=["slow", "stalled"])
def test_an_asynchronous_client_that_leaves_is_noticed_at_once(answer: Answer) -> None:
    async def run() -> tuple[ReplayRequest, float]:
        async with (
            ReplayServer(answer) as server,
            openai.AsyncOpenAI(base_url=server.base_url, api_key="test") as client,
        ):
            stream: Any = await client.chat.completions.create(
                model="m", messages=MESSAGES, stream=True
            )
            async for chunk in stream:
                if chunk.choices[0].delta.content:
                    break
            await stream.close()
            closed_at = time.perf_counter()
            await asyncio.to_thread(server.requests[0].wait_hung_up, SOON)
            return server.requests[0], closed_at

    check_hang_up(*asyncio.run(run()))


def test_a_client_that_leaves_before_the_first_delta_is_noticed_at_once() -> None:
    with ReplayServer(LATE) as server, connect(server) as client:
        client.chat.completions.create(model="m", messages=MESSAGES, stream=True).close()
        check_hang_up(server.requests[0], time.perf_counter())
        assert server.requests[0].deltas_sent == 0


def test_a_client_that_leaves_is_noticed_behind_a_large_request() -> None:
    messages: Any = [{"role": "user", "content": "hello" * 100_000}]
    with ReplayServer(SLOW) as server, connect(server) as client:
        with client.chat.completions.create(model="m", messages=messages, stream=True) as stream:
            next(stream)
        check_hang_up(server.requests[0], time.perf_counter())
        assert server.requests[0].body["messages"] == messages


@pytest.mark.parametrize("size", [1, 2, 3, 7, (1, 5, 2), 100_000])
@pytest.mark.parametrize("pace", [None, 1000.0])
def test_the_body_is_cut_anywhere(size: Any, pace: float | None) -> None:
    text = "5 € für \U0001f4a1 "
    answer = Answer(text, cut_bytes=size, tokens_per_second=pace)
    with ReplayServer([answer] * 2) as server, connect(server) as client:
        stream: Any = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == text
        create = client.chat.completions.with_streaming_response.create
        with create(model="m", messages=MESSAGES, stream=True) as response:
            writes = list(response.http_response.iter_raw())
        assert server.requests[1].wait_finished(SOON)
        assert server.requests[1].deltas_sent == 3
    sizes = itertools.cycle([size] if isinstance(size, int) else size)
    if pace is None:  # with a pace, what is due at one time is cut by itself
        expected = [b"".join(writes)]
        while len(expected[-1]) > (width := next(sizes)):
            expected[-1:] = [expected[-1][:width], expected[-1][width:]]
        assert writes == expected
    if size == 1:
        assert {len(write) for write in writes} == {1}
