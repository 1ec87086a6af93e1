"""Growing objects over several answers: early failure, carried members, resumed answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest
from client_runs import conversation, instruction, schema_of
from pydantic import BaseModel, Field, model_validator
from retry_lists import ended
from retry_runs import Run, words

from partialstream import (
    AttemptFailed,
    AttemptStarted,
    OutputValidationError,
    Resumed,
    RetriesExhaustedError,
    Snapshot,
)
from partialstream.testing import Answer, ReplayServer, faults
from partialstream.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retry_runs import Caller


class Review(BaseModel):
    title: str
    score: int = Field(ge=0, le=10)
    verdict: Literal["buy", "wait", "avoid"]
    text: str = ""


GOOD = {"title": "Brass lamp", "score": 7, "verdict": "buy", "text": words(30)}


def answer(*parts: dict[str, Any], **kwargs: Any) -> Answer:
    return Answer(json.dumps({k: v for part in parts for k, v in part.items()}), **kwargs)


def read(
    caller: Caller, answers: Sequence[Answer], model: Any = Review, **kwargs: Any
) -> tuple[Run, list[Any]]:
    """Read all events of one call; gives what came of it, and the requests."""
    with ReplayServer(answers) as server:
        run = caller(server).events("create_partial", response_model=model, **kwargs)
        return run, ended(server)


def test_an_invalid_member_ends_the_answer_at_once(caller: Caller, mode: str) -> None:
    bad = answer(GOOD, {"verdict": "maybe", "text": words(200)})
    # With its last character: more is not sent while the client is there.
    deltas = -(-(bad.text.index('"maybe"') + len('"maybe"')) // bad.chunk_size)
    bad = replace(bad, fault=faults.Stall(deltas))
    rest = answer({"verdict": "buy", "text": GOOD["text"]}, usage=Usage(9, 4))
    run, requests = read(caller, [bad, rest], mode=mode, max_retries=1)
    assert run.error is None
    assert run.last(Snapshot).value == Review(**GOOD)
    assert [a.cause for a in run.stream.attempts] == ["request", "reask"]
    left = run.stream.attempts[0].usage
    assert not left.complete
    assert left.estimated_output_tokens > 0
    assert run.stream.usage == Usage(9, 4) + left
    first = requests[0]
    assert first.wait_hung_up(10.0)
    assert first.deltas_sent == deltas


def test_only_the_rest_is_asked_for(caller: Caller, mode: str) -> None:
    bad = answer(GOOD, {"verdict": "maybe"})
    rest = answer({"verdict": "buy", "text": GOOD["text"]})
    _, requests = read(caller, [bad, rest], mode=mode, max_retries=1)
    body = requests[1].body
    schema = schema_of(body)
    assert list(schema["properties"]) == ["verdict", "text"]
    assert schema["required"] == ["verdict", "text"]
    *_, last = conversation(body)
    if mode == "tools" and caller.api == "responses":
        assert last["type"] == "function_call_output"
    else:
        assert last["role"] == ("tool" if mode == "tools" else "user")
    assert "verdict: Input should be 'buy', 'wait' or 'avoid'" in instruction(body)
    assert "maybe" in json.dumps(conversation(body))


def test_members_that_stand_are_shown_from_the_first_snapshot_on(caller: Caller) -> None:
    bad = answer(GOOD, {"verdict": "maybe"})
    rest = answer({"verdict": "buy", "text": GOOD["text"]})
    run, _ = read(caller, [bad, rest], max_retries=1)
    start = next(
        n for n, e in enumerate(run.values) if isinstance(e, AttemptStarted) and e.number == 2
    )
    later = [event.value for event in run.values[start:] if isinstance(event, Snapshot)]
    assert later
    for snapshot in later:
        assert (snapshot.title, snapshot.score) == (GOOD["title"], GOOD["score"])
    failed = next(e for e in run.values if isinstance(e, AttemptFailed))
    assert isinstance(failed.error, OutputValidationError)


def test_fail_fast_can_be_left_off(caller: Caller) -> None:
    bad = answer(GOOD, {"verdict": "maybe"}, usage=Usage(1, 2))
    run, requests = read(caller, [bad, answer(GOOD)], max_retries=1, fail_fast=False)
    assert requests[0].wait_finished(10.0)
    assert run.last(Snapshot).value == Review(**GOOD)
    assert run.stream.attempts[0].usage == Usage(1, 2), "all of it was read"


@pytest.mark.parametrize(
    "fault",
    [faults.Reset(after=12), faults.ErrorEvent(after=12), faults.LengthCut(after=12)],
    ids=["reset", "error", "length"],
)
def test_an_answer_that_breaks_off_is_resumed(caller: Caller, fault: faults.Fault) -> None:
    rest = answer({"verdict": "buy", "text": GOOD["text"]})
    run, requests = read(caller, [answer(GOOD, fault=fault), rest], max_retries=1)
    assert run.error is None
    assert run.last(Snapshot).value == Review(**GOOD)
    assert run.only(Resumed).kept == 2
    assert [a.cause for a in run.stream.attempts] == ["request", "resume"]
    said = conversation(requests[1].body)[-2]
    assert said == {"role": "assistant", "content": '{"title": "Brass lamp", "score": 7}'}


def test_an_answer_that_breaks_off_is_an_error_if_so_wanted(caller: Caller) -> None:
    cut = answer(GOOD, fault=faults.Disconnect(after=12))
    run, requests = read(caller, [cut], max_retries=1, on_interrupt="raise")
    assert run.stream.outcome.status == "disconnected"
    assert len(requests) == 1


class Interval(BaseModel):
    low: int
    high: int

    @model_validator(mode="after")
    def in_order(self) -> Interval:
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self


def test_a_model_that_fails_as_a_whole_is_asked_for_as_a_whole(caller: Caller) -> None:
    answers = [answer({"low": 3, "high": 1}), answer({"low": 1, "high": 3})]
    run, requests = read(caller, answers, Interval, max_retries=1)
    assert run.last(Snapshot).value == Interval(low=1, high=3)
    assert run.final == Interval(low=1, high=3)
    said, asked = conversation(requests[1].body)[-2:]
    assert said["content"] == '{"low": 3, "high": 1}'
    assert "low must not be above high" in asked["content"]


def test_the_same_invalid_answer_twice_is_not_paid_for_again(caller: Caller) -> None:
    bad = answer({"low": 3, "high": 1}, usage=Usage(5, 5))
    run, requests = read(caller, [bad] * 5, Interval, max_retries=4, temperature=0)
    assert len(requests) == 2
    assert isinstance(run.error, RetriesExhaustedError)
    assert "the same failure came twice" in str(run.error)
    assert [a.number for a in run.error.attempts] == [1, 2]
    assert run.error.usage == Usage(10, 10)
    assert isinstance(run.error.__cause__, OutputValidationError)


def test_without_a_stream_an_object_is_asked_for_again_too(caller: Caller) -> None:
    with ReplayServer([answer(GOOD, {"score": 11}), answer({"score": 7})]) as server:
        review = caller(server).whole(response_model=Review, max_retries=1)
        assert review == Review(**GOOD)
        assert len(server.requests) == 2


def test_a_refusal_is_not_retried(caller: Caller) -> None:
    run, requests = read(caller, [answer(GOOD, fault=faults.Refusal(after=3))], max_retries=3)
    assert len(requests) == 1
    assert run.stream.outcome.status == "refused"
