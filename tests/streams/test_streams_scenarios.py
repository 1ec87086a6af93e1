"""Sync and async streams tell the same of the same answer, from every kind of source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from drivers import DRIVERS, KINDS, WIRES, Driver, Kind, Reading, as_chunks, as_wire
from pydantic import BaseModel, Field

from partialstream import (
    Finished,
    IncompleteStreamError,
    Item,
    JSONSyntaxError,
    OutputValidationError,
    PartialStreamError,
    ProviderError,
    RefusalError,
    Snapshot,
    Usage,
)
from partialstream.testing import chat_chunks


class Product(BaseModel):
    name: str
    price: float = Field(default=0, ge=0)


class Report(BaseModel):
    title: str
    pages: int


USAGE = Usage(input_tokens=5, output_tokens=7)
LAMP, RUG = Product(name="Lamp"), Product(name="Rug", price=2.5)
TWO = ['{"items":[{"na', 'me":"Lamp"}', ',{"name":"Rug","pri', 'ce":2.5}', "]}"]


def closing(delta: dict[str, Any], finish: str = "stop", **members: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {**chat_chunks([])[0], "choices": [choice], **members}


@dataclass(frozen=True)
class Scenario:
    """An answer, what comes of it and how it ends.

    Attributes:
        name: What it is.
        deltas: Its texts.
        values: The items; the last snapshot of an object.
        status: The outcome's.
        error: What is raised behind them.
        tail: The outcome's.
        finish: The finish reason of a provider.
        last: A provider's last chunk instead of the usual one; there is no such text.
        type_: The type of an item, or the model of the object.
    """

    name: str
    deltas: list[str]
    values: list[Any]
    status: str = "complete"
    error: type[PartialStreamError] | None = None
    tail: str = ""
    finish: str | None = "stop"
    last: dict[str, Any] | None = None
    type_: Any = Product
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def partial(self) -> bool:
        return self.type_ is Report

    def chunks(self, kind: Kind) -> list[Any]:
        if self.last is None:
            return as_chunks(kind, self.deltas, finish=self.finish, usage=USAGE)
        usual = chat_chunks(self.deltas, finish_reason=None, usage=USAGE)
        return as_wire(kind, [*usual[:-1], self.last, usual[-1]])


Incomplete = IncompleteStreamError
OBJECT = ['{"title":"On ', 'paper","pages":1', "2}"]
SOON = Report.model_construct(_fields_set={"title"}, title="On pa", pages=None)

SCENARIOS = [
    Scenario("complete", TWO, [LAMP, RUG]),
    Scenario("no items", ['{"items":', "[]}"], []),
    Scenario("truncated", TWO[:3], [LAMP], "truncated", Incomplete, '{"name":"Rug","pri'),
    Scenario("length", TWO[:3], [LAMP], "truncated", Incomplete, '{"name":"Rug","pri', "length"),
    Scenario("empty", [], [], "empty", Incomplete),
    Scenario("blanks", [" ", "\n"], [], "empty", Incomplete),
    Scenario("no JSON", ["I can", "not."], [], "no_json", Incomplete),
    Scenario("malformed", [*TWO[:3], 'ce"2.5}'], [LAMP], "invalid", JSONSyntaxError),
    Scenario(
        "malformed in a delta with items",
        ["".join(TWO[:2]) + "]]"],
        [LAMP],
        "invalid",
        JSONSyntaxError,
    ),
    Scenario("invalid", [*TWO[:3], 'ce":-1}'], [LAMP], "invalid", OutputValidationError),
    Scenario(
        "invalid, skipped",
        [TWO[0], 'me":1},', '{"name":"Lamp"}]}'],
        [LAMP],
        options={"on_invalid": "skip"},
    ),
    Scenario("refusal", [], [], "refused", RefusalError, last=closing({"refusal": "No."})),
    Scenario(
        "refusal in the middle",
        TWO[:3],
        [LAMP],
        "refused",
        RefusalError,
        '{"name":"Rug","pri',
        last=closing({"refusal": "No."}),
    ),
    Scenario(
        "content filter",
        TWO[:3],
        [LAMP],
        "filtered",
        RefusalError,
        '{"name":"Rug","pri',
        "content_filter",
    ),
    Scenario(
        "in-band error",
        TWO[:3],
        [LAMP],
        "disconnected",
        ProviderError,
        '{"name":"Rug","pri',
        last={"error": {"message": "overloaded"}},
    ),
    Scenario("object: complete", OBJECT, [Report(title="On paper", pages=12)], type_=Report),
    Scenario(
        "object: truncated",
        ['{"title":"On ', "pa"],
        [SOON],
        "truncated",
        Incomplete,
        '{"title":"On pa',
        type_=Report,
    ),
    Scenario(
        "object: length",
        ['{"title":"On pa'],
        [SOON],
        "truncated",
        Incomplete,
        '{"title":"On pa',
        "length",
        type_=Report,
    ),
    Scenario("object: empty", [], [], "empty", Incomplete, type_=Report),
    Scenario("object: no JSON", ["I can", "not."], [], "no_json", Incomplete, type_=Report),
    Scenario(
        "object: malformed",
        ['{"title":"On pa', "\n"],
        [SOON],
        "invalid",
        JSONSyntaxError,
        type_=Report,
    ),
    Scenario(
        "object: invalid",
        ['{"title":"On pa', '"}'],
        [SOON],
        "invalid",
        OutputValidationError,
        type_=Report,
    ),
    Scenario(
        "object: refusal in the middle",
        ['{"title":"On pa'],
        [SOON],
        "refused",
        RefusalError,
        '{"title":"On pa',
        last=closing({"refusal": "No."}),
        type_=Report,
    ),
    Scenario(
        "object: content filter",
        ['{"title":"On pa'],
        [SOON],
        "filtered",
        RefusalError,
        '{"title":"On pa',
        "content_filter",
        type_=Report,
    ),
    Scenario(
        "object: in-band error",
        ['{"title":"On pa'],
        [SOON],
        "disconnected",
        ProviderError,
        '{"title":"On pa',
        last={"error": "overloaded"},
        type_=Report,
    ),
]


# A text alone cannot say that it was refused, filtered or in error.
ANSWERS = [
    pytest.param(scenario, kind, id=f"{scenario}-{kind}")
    for scenario in SCENARIOS
    for kind in (KINDS if scenario.last is None and scenario.status != "filtered" else WIRES)
]


def readings(scenario: Scenario) -> list[Reading]:
    return ["values", "events", "final"] if scenario.partial else ["values", "detailed", "events"]


def values_of(told: list[Any]) -> list[Any]:
    """The items or snapshots among what a stream gave."""
    kinds = {Item, Snapshot}
    return [
        value.value if type(value) in kinds else value
        for value in told
        if type(value) in kinds or isinstance(value, BaseModel)
    ]


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
@pytest.mark.parametrize(("scenario", "kind"), ANSWERS)
def test_what_a_stream_tells(scenario: Scenario, driver: Driver, kind: Kind) -> None:
    chunks = scenario.chunks(kind)
    for reading in readings(scenario):
        told = driver.read(
            scenario.type_, chunks, partial=scenario.partial, reading=reading, **scenario.options
        )
        values = values_of(told.values)
        if scenario.partial:
            values = values[-1:]
            if reading == "final" and scenario.error is not None:
                values = scenario.values
        assert list(map(repr, values)) == list(map(repr, scenario.values)), reading
        assert type(told.error) is (scenario.error or type(None)), reading
        assert told.outcome is not None
        assert told.outcome.status == scenario.status
        if scenario.status != "invalid":
            assert told.outcome.tail == scenario.tail
        assert told.closed
        assert told.text == "".join(scenario.deltas)
        if reading == "events":
            assert told.values[-1] == Finished(told.outcome)
            assert sum(isinstance(value, Finished) for value in told.values) == 1
        if told.error is not None:
            assert isinstance(told.error, PartialStreamError)
            assert told.error.outcome == told.outcome
            assert told.error.usage == told.usage
            assert told.error.delivered == (0 if scenario.partial else len(scenario.values))
            if scenario.partial and scenario.values:
                assert repr(told.error.snapshot) == repr(scenario.values[0])
        if kind != "text" and scenario.status not in ("invalid", "disconnected"):
            assert told.usage == USAGE
            assert told.outcome.finish_reason == scenario.finish


@pytest.mark.parametrize(("scenario", "kind"), ANSWERS)
def test_sync_and_async_tell_the_same(scenario: Scenario, kind: Kind) -> None:
    chunks = scenario.chunks(kind)
    for reading in readings(scenario):
        sync, other = (
            driver.read(
                scenario.type_,
                chunks,
                partial=scenario.partial,
                reading=reading,
                **scenario.options,
            )
            for driver in DRIVERS
        )
        assert sync.comparable() == other.comparable(), reading


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_final_may_be_asked_for_again(driver: Driver) -> None:
    for kind in WIRES:
        told = driver.read(Report, as_chunks(kind, OBJECT), partial=True, reading="final")
        assert told.values == [Report(title="On paper", pages=12)]
