"""What is different from instructor on purpose: the same call, both ways, against one server.

Each row of the README's table is a test here. Should instructor change, its half fails, and the
table is to be changed.
"""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import instructor
import pytest
from client_runs import sync_sdk
from pydantic import BaseModel, Field, ValidationError

import partialstream
from partialstream.testing import Answer, ReplayServer


class Product(BaseModel):
    name: str
    price: float = Field(ge=0)


class Counted(BaseModel):
    title: str
    number: int


class Dated(BaseModel):
    title: str
    day: date


class Run:
    """What came of a call.

    Attributes:
        stream: What the call gave.
        values: What that gave.
        error: What was raised at last.
        requests: How many requests were made.
    """

    def __init__(self, answer: Answer | str, method: str, model: Any, *, ours: bool) -> None:
        self.values: list[Any] = []
        self.error: Exception | None = None
        with (
            ReplayServer(answer, repeat=True) as server,
            sync_sdk(base_url=server.base_url, max_retries=0) as sdk,
        ):
            client: Any = instructor.from_openai(sdk, model="any")
            if ours:
                client = partialstream.from_instructor(client)
            asked = [{"role": "user", "content": "Some, please."}]
            try:
                self.stream = getattr(client, method)(response_model=model, messages=asked)
                for value in self.stream:
                    self.values.append(value)
            except Exception as error:  # noqa: BLE001  # the test looks at it
                self.error = error
            self.requests = len(server.requests)


def items(answer: Answer | str, model: Any = Product) -> tuple[Run, Run]:
    """By instructor and by us."""
    runs = [Run(answer, "create_iterable", model, ours=ours) for ours in (False, True)]
    return runs[0], runs[1]


def growing(text: str, model: Any, size: int = 1) -> tuple[Run, Run]:
    answer = Answer(text, chunk_size=size)
    runs = [Run(answer, "create_partial", model, ours=ours) for ours in (False, True)]
    return runs[0], runs[1]


LAMP = Product(name="Lamp", price=1)


def test_a_list_that_is_cut() -> None:
    text = '{"tasks": [{"name": "Lamp", "price": 1}, {"name": "Ru'
    theirs, ours = items(Answer(text, finish_reason="length"))
    assert theirs.values == ours.values == [LAMP]
    assert theirs.error is None
    assert isinstance(ours.error, partialstream.IncompleteStreamError)
    assert ours.error.tail == '{"name": "Ru'


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer("", refusal="No."), partialstream.RefusalError),
        (Answer("I know none.", as_tool=False), partialstream.IncompleteStreamError),
    ],
)
def test_no_list_at_all(answer: Answer, error: type[Exception]) -> None:
    theirs, ours = items(answer)
    assert (theirs.values, theirs.error) == ([], None)
    assert ours.values == []
    assert isinstance(ours.error, error)


def test_a_list_of_numbers() -> None:
    theirs, ours = items('{"tasks": [1, 2, 3]}', int)
    assert (theirs.values, theirs.error) == ([], None)
    assert (ours.values, ours.error) == ([1, 2, 3], None)


def test_an_invalid_item() -> None:
    text = '{"tasks": [{"name": "Lamp", "price": 1}, {"name": "Rug", "price": -2}]}'
    theirs, ours = items(text)
    assert isinstance(theirs.error, ValidationError)
    assert isinstance(ours.error, partialstream.OutputValidationError)
    assert isinstance(ours.error.__cause__, ValidationError)
    assert (ours.error.index, ours.error.raw) == (1, '{"name": "Rug", "price": -2}')
    assert theirs.requests == ours.requests == 1


def test_a_growing_object_grows_while_it_arrives() -> None:
    theirs, ours = growing('{"title": "Report", "number": 120}', Counted)
    assert isinstance(theirs.stream, list)
    assert isinstance(ours.stream, partialstream.PartialStream)
    assert theirs.values[-1] == ours.values[-1] == Counted(title="Report", number=120)


def test_half_a_number() -> None:
    theirs, ours = growing('{"number": 120, "title": "Report"}', Counted)
    assert {value.number for value in theirs.values} == {None, 1, 12, 120}
    assert {value.number for value in ours.values} == {None, 120}


def test_a_snapshot_only_when_something_has_changed() -> None:
    theirs, ours = growing('{"title": "Report", "number": 120}', Counted)
    shown = [value.model_dump() for value in theirs.values]
    assert any(first == second for first, second in itertools.pairwise(shown))
    states = [
        (value.model_dump(), tuple(partialstream.completeness(value, name) for name in shown[0]))
        for value in ours.values
    ]
    assert all(first != second for first, second in itertools.pairwise(states))


def test_a_character_of_the_users_data() -> None:
    theirs, ours = growing('{"title": "a\x7fb", "number": 1}', Counted)
    assert theirs.values[-1].title == "ab"
    assert ours.values[-1].title == "a\x7fb"


def test_a_date() -> None:
    theirs, ours = growing('{"title": "Report", "day": "2026-01-02"}', Dated)
    assert theirs.error is not None
    assert ours.error is None
    assert ours.values[-1] == Dated(title="Report", day=date(2026, 1, 2))


def test_retries_are_asked_for() -> None:
    runs = [
        Run('{"name": "Lamp", "price": -1}', "create", Product, ours=ours) for ours in (False, True)
    ]
    assert [run.requests for run in runs] == [4, 1]
