"""The parser of one object: how it ends, what it says then, and what it takes afterwards."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, RootModel, ValidationError
from runs import run_items, run_partial

from partialstream import (
    IncompleteStreamError,
    JSONSyntaxError,
    LimitExceededError,
    Limits,
    OutputValidationError,
    PartialParser,
    PartialStreamError,
)
from partialstream.testing import every_cut


class Aged(BaseModel):
    name: str = ""
    age: Annotated[int, Field(ge=0)] = 0


Positive = RootModel[Annotated[int, Field(gt=5)]]

ENDINGS: dict[str, tuple[str, type[PartialStreamError], str, str]] = {
    # the text, the error, the outcome's status and its tail
    "nothing": ("", IncompleteStreamError, "empty", ""),
    "no object": ("I can not.", IncompleteStreamError, "no_json", ""),
    "open": ('{"name": "a', IncompleteStreamError, "truncated", '{"name": "a'),
    "open, behind prose": ('so: {"name": "a', IncompleteStreamError, "truncated", '{"name": "a'),
    "open, behind blanks": (' \n{"age": 1', IncompleteStreamError, "truncated", '{"age": 1'),
    "a guess": ('so: {"na', IncompleteStreamError, "truncated", '{"na'),
    "does not validate": ('{"name": "a", "age": -1}', OutputValidationError, "invalid", ""),
    "does not validate, and more": ('{"age": -1} or so', OutputValidationError, "invalid", ""),
    "malformed": ('{"age": 1x, "name": "a"}', JSONSyntaxError, "invalid", ""),
    "a bracket too many": ('{"age": 1}} or so', JSONSyntaxError, "invalid", ""),
    "too deep": ('{"b": [[[1]]]}', LimitExceededError, "invalid", ""),
    "too long": ('{"name": "' + "a" * 50, LimitExceededError, "invalid", ""),
    "too long a guess": ('so: {"' + "a" * 50, LimitExceededError, "invalid", ""),
    "too much behind it": ('{"age": 1}' + "a" * 50, LimitExceededError, "invalid", ""),
}


@pytest.mark.parametrize("behind", ['"b"', "1", "null", "{", '{"a": 1}'])
def test_what_follows_a_root_scalar_is_not_read(behind: str) -> None:
    for deltas in every_cut(f'"a" {behind}'):
        run = run_partial(RootModel[str], list(deltas))
        assert (run.exception, run.status) == (None, "complete")
        assert run.values[-1] == RootModel[str]("a")


@pytest.mark.parametrize(("text", "error", "status", "tail"), ENDINGS.values(), ids=ENDINGS)
def test_only_what_could_go_on_has_a_tail(
    text: str, error: type[PartialStreamError], status: str, tail: str
) -> None:
    limits = Limits(depth=3, item_size=40, total_size=45)
    for deltas in ([text], list(text), *map(list, every_cut(text))):
        run = run_partial(Aged, deltas, limits=limits)
        assert type(run.exception) is error
        assert run.exception.outcome is not None
        assert (run.exception.outcome.status, run.status) == (status, status)
        assert (run.exception.tail, run.tail) == (tail, tail)


@pytest.mark.parametrize(
    "text", [ENDINGS[name][0] for name in ENDINGS if ENDINGS[name][2] == "invalid"]
)
def test_invalid_items_have_no_tail_either(text: str) -> None:
    limits = Limits(depth=3, item_size=40, total_size=45)
    for deltas in ([text], list(text)):
        run = run_items(Aged, deltas, limits=limits)
        assert (run.status, run.tail) == ("invalid", "")


@pytest.mark.parametrize("text", ['{"age": -1}', '{"age": 1x'])
def test_an_error_is_raised_again_by_every_call(text: str) -> None:
    parser = PartialParser(Aged)
    with pytest.raises(PartialStreamError) as first:
        parser.feed(text)
    calls = [lambda: parser.feed('{"age": 1}'), parser.finish, parser.end]
    for call in calls:
        with pytest.raises(type(first.value)) as again:
            call()
        assert again.value is first.value
    assert parser.outcome is first.value.outcome


def test_the_reason_of_a_refusal_is_pydantics_own() -> None:
    parser = PartialParser(Aged)
    parser.feed('{"name": "a", "age": ')
    with pytest.raises(OutputValidationError) as raised:
        parser.feed("-1} ")
    error = raised.value
    assert (error.raw, error.index) == ('{"name": "a", "age": -1}', None)
    assert isinstance(error.__cause__, ValidationError)
    assert error.snapshot is parser.snapshot
    assert error.snapshot.model_fields_set == {"name"}


@pytest.mark.parametrize("text", ["", '{"age": 1}', "12"])
def test_nothing_can_be_fed_behind_the_end(text: str) -> None:
    parser: PartialParser[Any] = PartialParser(RootModel[Any])
    parser.feed(text)
    parser.end()
    with pytest.raises(ValueError, match="has been told that the text is finished"):
        parser.feed("")


def test_the_end_may_be_told_twice() -> None:
    parser = PartialParser(Aged)
    parser.feed('{"age": 1}')
    final = parser.finish()
    assert final == Aged(age=1)
    assert parser.finish() is final is parser.snapshot
    open_one = PartialParser(Aged)
    open_one.feed('{"age": 1')
    for _ in range(2):
        with pytest.raises(IncompleteStreamError) as raised:
            open_one.finish()
        assert raised.value.tail == '{"age": 1'


def test_a_root_number_that_is_refused_at_the_end_has_no_tail() -> None:
    run = run_partial(Positive, list("3"))
    assert isinstance(run.exception, OutputValidationError)
    assert (run.status, run.tail, run.exception.raw) == ("invalid", "", "3")
    cut_off = run_partial(Positive, list("-"))
    assert (cut_off.status, cut_off.tail) == ("truncated", "-")
