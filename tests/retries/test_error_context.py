"""Errors say what happened, when, and what had been delivered; they can be copied and pickled."""

from __future__ import annotations

import copy
import pickle
import re
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel
from retry_lists import LAMP, RUG, SHELF, bad, listed, read, text_of, within

from partialstream import (
    IncompleteStreamError,
    JSONSyntaxError,
    Limits,
    OutputValidationError,
    PartialStreamError,
    RefusalError,
    RetriesExhaustedError,
    stream_items,
    stream_partial,
)
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from retry_runs import Caller

pytestmark = pytest.mark.usefixtures("no_waits")

THREE = text_of(LAMP, RUG, SHELF)
IN_SHELF = within(THREE, "Shelf")
CUT = Answer(THREE, fault=faults.Reset(9))
WHEN = r"after \d+\.\d s and "


class Lamp(BaseModel):
    name: str
    price: int


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(THREE, fault=faults.Reset(IN_SHELF)), IncompleteStreamError),
        (Answer(THREE, fault=faults.LengthCut(IN_SHELF)), IncompleteStreamError),
        (Answer(THREE, fault=faults.Refusal(IN_SHELF)), RefusalError),
        (Answer(THREE, fault=faults.ErrorEvent(IN_SHELF)), PartialStreamError),
        (listed(LAMP, RUG, bad(SHELF)), OutputValidationError),
        (Answer(THREE.replace('"Shelf",', '"Shelf";')), JSONSyntaxError),
    ],
    ids=["reset", "length", "refusal", "error event", "invalid", "malformed"],
)
def test_an_error_says_when_and_what_was_delivered(
    caller: Caller, answer: Answer, kind: type[PartialStreamError]
) -> None:
    run, _ = read(caller, [answer])
    error = run.error
    assert isinstance(error, kind)
    assert re.search(rf"\({WHEN}2 items\)$", str(error)), str(error)
    assert error.elapsed is not None
    assert 0 < error.elapsed <= run.stream.timing.total
    assert error.delivered == 2
    assert error.attempts == tuple(run.stream.attempts)


def test_an_error_after_retries_says_in_which_attempt(caller: Caller) -> None:
    answers = [Answer(THREE, fault=faults.Reset(IN_SHELF))] + [
        Answer("", fault=faults.Reset(0))
    ] * 5
    run, requests = read(caller, answers, max_retries=1)
    assert isinstance(run.error, RetriesExhaustedError)
    assert len(requests) == len(run.error.attempts) == 2
    assert re.search(rf"\({WHEN}2 items, attempt 2\)$", str(run.error))
    # The last failure is told of once.
    assert str(run.error).count(" s and ") == 1


def test_the_error_of_an_object_counts_its_fields(caller: Caller) -> None:
    cut = Answer('{"name": "Lamp", "price": 12}', fault=faults.Reset(5))
    with ReplayServer(cut) as server:
        run = caller(server).events("create_partial", response_model=Lamp)
    assert isinstance(run.error, IncompleteStreamError)
    assert re.search(rf"\({WHEN}1 field\)$", str(run.error))
    with ReplayServer(cut) as server, pytest.raises(PartialStreamError) as caught:
        caller(server).whole(response_model=Lamp, deadline=0.000001)
    assert isinstance(caught.value, IncompleteStreamError)
    assert re.search(rf"\({WHEN}0 items\)$", str(caught.value))


def test_streams_that_were_opened_elsewhere_say_it_too() -> None:
    with pytest.raises(IncompleteStreamError, match=rf"\({WHEN}1 item\)$"):
        list(stream_items(Lamp, ['[{"name":"a","price":1},{"name']))
    stream = stream_partial(Lamp, ['{"name":"a","pri'])
    with pytest.raises(IncompleteStreamError, match=rf"\({WHEN}1 field\)$"):
        stream.final()
    stopped = stream_partial(Lamp, ['{"name":"a","pri', 'ce":1}'], stop_when=lambda _: True)
    with pytest.raises(IncompleteStreamError, match=rf"stop_when \({WHEN}1 field\)$"):
        stopped.final()


def errors() -> list[PartialStreamError]:
    found: list[PartialStreamError] = []
    for text in (
        '[{"name":"a","price":1}, {"na',
        "[{]",
        '[{"name":"a"}]',
        "I am sorry.",
        "[[[[1]]]]",
    ):
        with pytest.raises(PartialStreamError) as caught:
            list(stream_items(Lamp, [text], limits=Limits(depth=3)))
        found.append(caught.value)
    exhausted = RetriesExhaustedError("no more", attempts=found[0].attempts)
    return [*found, exhausted]


@pytest.mark.parametrize("error", errors(), ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    "again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"]
)
def test_errors_can_be_copied_and_sent_to_another_process(
    error: PartialStreamError, again: Any
) -> None:
    other = again(error)
    assert type(other) is type(error)
    assert str(other) == str(error)
    assert repr(other) == repr(error)
    assert vars(other) == vars(error)


@pytest.mark.parametrize(
    "second",
    [
        Answer(fault=faults.HTTPError(401)),
        Answer(refusal="No."),
        Answer("I am sorry."),
        Answer("", fault=faults.ErrorEvent(0)),
    ],
    ids=["rejected", "refused", "prose", "error event"],
)
def test_the_error_of_a_failed_follow_up_carries_what_was_delivered_before(
    caller: Caller, second: Answer
) -> None:
    cut = Answer('{"name": "Lamp", "price": 12}', fault=faults.Reset(5))
    with ReplayServer([cut, second], repeat=True) as server:
        run = caller(server).events("create_partial", response_model=Lamp, max_retries=1)
    assert isinstance(run.error, PartialStreamError)
    assert run.error.snapshot is not None
    assert run.error.snapshot.name == "Lamp"
    assert re.search(rf"\({WHEN}1 field, attempt \d\)$", str(run.error)), str(run.error)


# -- quotes ----------------------------------------------------------------------------------

KEY = "sk-proj-Ab3dEf6hIj9kLmNoPqRsTu"


@pytest.mark.parametrize("of", [stream_items, stream_partial])
def test_a_response_without_json_is_quoted(of: Any) -> None:
    text = "I am sorry, " * 50
    with pytest.raises(IncompleteStreamError) as caught:
        list(of(Lamp, [text[:7], text[7:]]))
    assert repr(text[:200] + "…") in str(caught.value)
    assert text[:201] not in str(caught.value)
    with pytest.raises(IncompleteStreamError) as caught:
        list(of(Lamp, [f"There is no such key: {KEY}. Authorization: Bearer {KEY[8:]}"]))
    assert KEY[8:] not in str(caught.value)
    assert "no such key: sk-…" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        (b"<html><body>Bad gateway</body></html>", "<html><body>Bad gateway"),
        (b"<p>" + b"x" * 500, "<p>" + "x" * 197 + "'"),
        (
            b'data: {"foo": [1, 2], "api_key": "0123456789abc"}\n\n',
            '{"foo": [1, 2], "api_key": "…"}',
        ),
        (b'{"foo": "' + b"y" * 500 + b'"}', '{"foo": "' + "y" * 191 + "…"),
        (b"data: hello " + KEY.encode() + b"\n\n", "'hello sk-…'"),
    ],
    ids=["html", "long", "an object", "a long one", "no JSON"],
)
def test_an_unknown_body_is_quoted(body: bytes, quoted: str) -> None:
    for size in (len(body), 7):
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        with pytest.raises(PartialStreamError) as caught:
            list(stream_items(Lamp, pieces))
        assert quoted in str(caught.value)
        assert KEY[8:] not in str(caught.value)


def test_an_object_that_may_be_a_request_is_not_quoted() -> None:
    with pytest.raises(PartialStreamError) as caught:
        list(stream_items(Lamp, [{"model": "m", "secret": "abc"}]))
    assert "a dict with model, secret" in str(caught.value)
    assert "abc" not in str(caught.value)


def test_words_that_only_look_like_keys_stay() -> None:
    with pytest.raises(IncompleteStreamError, match="ask-me and a task-list, or sk-learn"):
        list(stream_items(Lamp, ["ask-me and a task-list, or sk-learn"]))


@pytest.mark.parametrize(
    ("answers", "options"),
    [
        (
            [
                Answer(THREE, fault=faults.Reset(9)),
                Answer(fault=faults.HTTPError(401, message=KEY)),
            ],
            1,
        ),
        (
            [
                Answer(THREE, fault=faults.Reset(9)),
                Answer(fault=faults.HTTPError(500, message=KEY)),
            ],
            1,
        ),
        ([Answer(refusal=f"No, {KEY}.")], 0),
    ],
    ids=["rejected for good", "rejected", "refusal"],
)
def test_errors_hold_no_keys(caller: Caller, answers: list[Answer], options: int) -> None:
    run, _ = read(caller, [*answers, answers[-1]], max_retries=options)
    assert isinstance(run.error, PartialStreamError)
    assert "sk-…" in str(run.error)
    assert KEY not in str(run.error)
    if options:
        assert KEY not in repr(run.error.outcome)
        assert KEY not in "".join(repr(each.outcome) for each in run.stream.attempts)
