from __future__ import annotations

import itertools
import json
import time
from typing import Any

import openai
import pytest
from http_library import httpx
from patience import patiently
from undisturbed import undisturbed

from partialstream.testing import Answer, ReplayRequest, ReplayServer, faults

MESSAGES: Any = [{"role": "user", "content": "hello"}]
TEXT = "one two three four "  # five deltas
SOON = 10.0  # seconds, on a busy machine


def stream_of(answer: Answer) -> tuple[list[Any], BaseException | None, ReplayRequest]:
    """Give the chunks that arrive, what is raised behind them, and the server's view."""
    chunks: list[Any] = []
    caught: BaseException | None = None
    with (
        ReplayServer([answer]) as server,
        openai.OpenAI(base_url=server.base_url, api_key="test", max_retries=0) as client,
    ):
        try:
            for chunk in client.chat.completions.create(model="m", messages=MESSAGES, stream=True):
                chunks.append(chunk)  # noqa: PERF402 - what came before an error counts
        except (openai.APIError, httpx.TransportError, json.JSONDecodeError) as error:
            # Some releases of the SDK let the HTTP library's errors through, others wrap them.
            caught = error.__cause__ if type(error) is openai.APIConnectionError else error
        request = server.requests[0]
        assert request.wait_finished(SOON)
    return chunks, caught, request


def said(chunks: list[Any], name: str = "content") -> str:
    return "".join(getattr(chunk.choices[0].delta, name, None) or "" for chunk in chunks)


def finish_reason(chunks: list[Any]) -> str | None:
    return chunks[-1].choices[0].finish_reason


@pytest.mark.parametrize("after", [0, 1, 3, 5, 99])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.Reset, httpx.ReadError),
        (faults.Disconnect, httpx.RemoteProtocolError),
        (faults.EndEarly, None),
        (faults.ErrorEvent, openai.APIError),
        (faults.MalformedEvent, json.JSONDecodeError),
    ],
)
def test_a_stream_is_cut_behind_the_given_delta(
    fault: type[faults.PlacedFault], error: type[Exception] | None, after: int
) -> None:
    chunks, caught, request = stream_of(Answer(TEXT, fault=fault(after=after)))
    assert said(chunks) == TEXT[: 4 * after]
    assert finish_reason(chunks) is None
    assert type(caught) is error if error else caught is None
    if fault is not faults.MalformedEvent:
        assert request.deltas_sent == request.deltas_planned == min(after, 5)
    assert not request.hung_up


@pytest.mark.parametrize("after", [0, 2, 5, 99])
@pytest.mark.parametrize(
    ("fault", "reason"),
    [(faults.LengthCut, "length"), (faults.ContentFilter, "content_filter")],
)
def test_an_answer_stops_with_a_finish_reason(
    fault: type[faults.PlacedFault], reason: str, after: int
) -> None:
    chunks, caught, request = stream_of(Answer(TEXT, fault=fault(after=after)))
    assert caught is None
    assert (said(chunks), finish_reason(chunks)) == (TEXT[: 4 * after], reason)
    assert request.deltas_sent == min(after, 5)


def test_a_refusal_cuts_in() -> None:
    chunks, caught, _ = stream_of(Answer(TEXT, fault=faults.Refusal(2, text="Sorry, no.")))
    assert caught is None
    assert (said(chunks), said(chunks, "refusal")) == (TEXT[:8], "Sorry, no.")
    assert finish_reason(chunks) == "stop"


@pytest.mark.parametrize("fault", [faults.Comments(), faults.Comments(3), faults.NoDone()])
def test_oddities_do_no_harm(fault: faults.Fault) -> None:
    chunks, caught, _ = stream_of(Answer(TEXT, fault=fault))
    assert caught is None
    assert (said(chunks), finish_reason(chunks)) == (TEXT, "stop")


def test_the_bytes_of_oddities() -> None:
    def body(fault: faults.Fault | None) -> bytes:
        answer = Answer("abcdefgh", fault=fault)
        with (
            ReplayServer(answer) as server,
            openai.OpenAI(base_url=server.base_url, api_key="test") as client,
        ):
            create = client.chat.completions.with_streaming_response.create
            with create(model="m", messages=MESSAGES, stream=True) as response:
                return response.read()

    opening, one, two, end, done, rest = body(None).split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    comment = b": OPENROUTER PROCESSING"
    with_comments = [opening, comment, one, comment, two, end, done, rest]
    assert body(faults.Comments()).split(b"\n\n") == with_comments
    assert body(faults.NoDone()).split(b"\n\n") == [opening, one, two, end, rest]
    malformed = [opening, one, b"data: {", two, end, done, rest]
    assert body(faults.MalformedEvent(1, line="data: {")).split(b"\n\n") == malformed


def test_an_error_event_says_what_it_was_told() -> None:
    _, caught, _ = stream_of(Answer(TEXT, fault=faults.ErrorEvent(1, "overloaded", "busy")))
    assert isinstance(caught, openai.APIError)
    assert (caught.message, caught.code) == ("overloaded", "busy")


def test_a_stall_ends_and_the_answer_goes_on() -> None:
    answer = Answer(TEXT, fault=faults.Stall(2, seconds=0.3))

    def measure() -> list[float]:
        arrivals: list[float] = []
        chunks: list[Any] = []
        with (
            ReplayServer(answer) as server,
            openai.OpenAI(base_url=server.base_url, api_key="test") as client,
        ):
            for chunk in client.chat.completions.create(model="m", messages=MESSAGES, stream=True):
                arrivals.append(time.perf_counter())
                chunks.append(chunk)
        assert said(chunks) == TEXT
        return [late - early for early, late in itertools.pairwise(arrivals)]

    # The opening and two deltas come before.
    assert undisturbed(measure, lambda gaps: gaps.index(max(gaps)) == 2 and 0.2 < max(gaps) < 2)


def test_a_stalled_stream_runs_into_the_clients_time_out() -> None:
    def check(timeout: float) -> None:
        with (
            ReplayServer(Answer(TEXT, fault=faults.Stall(2))) as server,
            openai.OpenAI(
                base_url=server.base_url, api_key="test", max_retries=0, timeout=timeout
            ) as client,
        ):
            stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
            with pytest.raises((httpx.ReadTimeout, openai.APITimeoutError)):
                list(stream)
            assert server.requests[0].wait_hung_up(SOON)

    patiently(check, 0.2)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
def test_an_http_error_comes_instead_of_an_answer(
    status: int, error: type[openai.APIStatusError]
) -> None:
    chunks, caught, _ = stream_of(Answer(fault=faults.HTTPError(status, message="told you")))
    assert not chunks
    assert isinstance(caught, error)
    assert caught.response.headers.get("retry-after") is None
    assert caught.response.json()["error"]["message"] == "told you"


def test_the_sdk_waits_and_tries_again_after_429() -> None:
    answers = [Answer(fault=faults.HTTPError(429, retry_after=0.7)), "ok"]
    with (
        ReplayServer(answers) as server,
        openai.OpenAI(base_url=server.base_url, api_key="test") as client,
    ):
        completion = client.chat.completions.create(model="m", messages=MESSAGES)
        assert completion.choices[0].message.content == "ok"
        first, second = server.requests
    assert first.wait_finished(SOON)
    assert second.received_at - first.received_at >= 0.7  # without the header: 0.5 at most
    assert second.headers["x-stainless-retry-count"] == "1"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.Reset(), openai.APIConnectionError),
        (faults.Disconnect(), openai.APIConnectionError),
        (faults.Stall(), openai.APITimeoutError),
        (faults.EndEarly(), json.JSONDecodeError),
        (faults.MalformedEvent(), json.JSONDecodeError),
    ],
)
def test_an_answer_that_is_not_streamed_breaks_in_its_middle(
    fault: faults.Fault, error: type[Exception]
) -> None:
    with (
        ReplayServer(Answer(TEXT, fault=fault)) as server,
        openai.OpenAI(
            base_url=server.base_url,
            api_key="test",
            max_retries=0,
            timeout=0.3 if isinstance(fault, faults.Stall) else 30.0,
        ) as client,
        pytest.raises(error),
    ):
        client.chat.completions.create(model="m", messages=MESSAGES)


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        (faults.LengthCut(1), ("one ", None, "length")),
        (faults.ContentFilter(1), ("one ", None, "content_filter")),
        (faults.Refusal(1, text="no"), ("one ", "no", "stop")),
        (faults.Comments(), (TEXT, None, "stop")),
        (faults.Stall(seconds=0.01), (TEXT, None, "stop")),
    ],
)
def test_what_is_said_breaks_off_without_a_stream_too(
    fault: faults.Fault, heard: tuple[str, str | None, str]
) -> None:
    with (
        ReplayServer(Answer(TEXT, fault=fault)) as server,
        openai.OpenAI(base_url=server.base_url, api_key="test") as client,
    ):
        choice = client.chat.completions.create(model="m", messages=MESSAGES).choices[0]
    assert (choice.message.content, choice.message.refusal, choice.finish_reason) == heard


def test_an_error_can_be_the_body_of_an_answer_with_http_200() -> None:
    with (
        ReplayServer(Answer(TEXT, fault=faults.ErrorEvent(message="overloaded"))) as server,
        openai.OpenAI(base_url=server.base_url, api_key="test") as client,
    ):
        raw = client.chat.completions.with_raw_response.create(model="m", messages=MESSAGES)
    assert raw.status_code == 200
    assert json.loads(raw.text)["error"]["message"] == "overloaded"
