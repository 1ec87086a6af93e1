"""Repair and resumption against a real engine, which has never seen what we ask it for."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Literal

import pytest
from engine_runs import Run, asking, listed, same, seeds_until_twice
from pydantic import BaseModel, Field, field_validator
from vocabulary import ENDLESS_LISTS, NO_STRAY_BYTES, ending

from partialstream import (
    IncompleteStreamError,
    ItemRejected,
    ItemRepaired,
    Resumed,
    RetriesExhaustedError,
)

if TYPE_CHECKING:
    from engine_runs import Caller

pytestmark = pytest.mark.engine


class Product(BaseModel):
    name: str = Field(pattern="^[a-z]{3,8}$")
    stock: int


class Pair(Product):
    """With a rule that no grammar can say."""

    @field_validator("stock")
    @classmethod
    def _even(cls, stock: int) -> int:
        if stock % 2:
            raise ValueError("must be even")
        return stock


class Ticket(BaseModel):
    sold: bool
    seats: int
    label: str = Field(pattern="^[a-z]{3,8}$")

    @field_validator("seats")
    @classmethod
    def _lucky(cls, seats: int) -> int:
        if seats % 3 != 1:
            raise ValueError("must be one more than a multiple of three")
        return seats


class Colour(BaseModel):
    name: Literal["red", "green", "blue"]
    shade: int


def once_each(answers: list[str]) -> list[str]:
    """The elements of the answers, without those that an earlier answer had."""
    before: Counter[str] = Counter()
    kept: list[str] = []
    for answer in answers:
        raws = listed(answer).raws
        known = Counter(before)
        for raw in raws:
            if known[same(raw)] > 0:
                known[same(raw)] -= 1
            else:
                kept.append(raw)
                before[same(raw)] += 1
    return kept


def check_resumed(run: Run) -> None:
    """All items of all answers were delivered once, and need not come again."""
    raws = once_each(run.answers)
    assert [item.raw for item in run.items] == raws
    assert [item.index for item in run.items] == list(range(len(raws)))
    assert [item.value for item in run.items] == [*map(Product.model_validate_json, raws)]
    attempts = run.stream.attempts
    assert len(attempts) == len(run.answers) == len(run.requests)
    assert [each.cause for each in attempts] == ["request", *["resume"] * (len(attempts) - 1)]
    assert all(each.outcome.status == "truncated" for each in attempts[:-1])
    for number, (request, resumed) in enumerate(
        zip(run.requests[1:], run.all(Resumed), strict=True), start=2
    ):
        before = [item.raw for item in run.items if item.attempt < number]
        assert (resumed.attempt, resumed.kept) == (number, len(before))
        said = str(request["messages"])
        assert all(raw in said for raw in before)


def test_a_list_without_end_is_resumed_as_often_as_allowed(caller: Caller, mode: str) -> None:
    run = caller.read(
        "create_iterable",
        **asking(
            Product,
            "create_iterable",
            mode,
            seed=1,
            max_tokens=130,
            bias=NO_STRAY_BYTES | ENDLESS_LISTS,
            max_retries=2,
            max_requests=4,
        ),
    )
    check_resumed(run)
    assert isinstance(run.error, RetriesExhaustedError)
    assert isinstance(run.error.__cause__, IncompleteStreamError)
    assert len(run.error.attempts) == 4
    assert {item.attempt for item in run.items} == {1, 2, 3, 4}
    assert run.stream.outcome.status == "truncated"


def test_a_list_that_is_cut_comes_to_its_end(caller: Caller, mode: str) -> None:
    resumed: list[int] = []
    for seed in seeds_until_twice(resumed):
        run = caller.read(
            "create_iterable",
            **asking(
                Product,
                "create_iterable",
                mode,
                seed=seed,
                max_tokens=100,
                bias=NO_STRAY_BYTES | ending(-2.0),
                max_retries=3,
                max_requests=6,
            ),
        )
        check_resumed(run)
        if run.error is None:
            assert run.stream.outcome.ok
            assert listed(run.answers[-1]).ended
            if len(run.answers) > 1:
                resumed.append(seed)
        else:
            assert isinstance(run.error, RetriesExhaustedError)
    assert resumed


def test_what_aligns_with_the_list_by_its_key_is_not_delivered_again(
    caller: Caller, mode: str
) -> None:
    run = caller.read(
        "create_iterable",
        **asking(
            Colour,
            "create_iterable",
            mode,
            seed=5,
            max_tokens=150,
            bias=NO_STRAY_BYTES | ENDLESS_LISTS,
            max_retries=1,
            max_requests=4,
            key="name",
        ),
    )
    known: list[str] = []
    for attempt, answer in enumerate(run.answers, 1):
        keys = [json.loads(raw)["name"] for raw in listed(answer).raws]
        new = [item.value.name for item in run.items if item.attempt == attempt]
        again = keys[: len(keys) - len(new)]
        assert keys == again + new
        if again:
            assert again in (known[-len(again) :], known[: len(again)])
        elif known:
            assert new[:1] != known[-1:], "the last item, sent again"
        known += new
    sent = [len(listed(answer).raws) for answer in run.answers]
    assert len(sent) > 1
    assert sum(sent) > len(run.items), "some came again"
    assert isinstance(run.error, RetriesExhaustedError)


def test_invalid_items_are_repaired_within_the_budget(caller: Caller, mode: str) -> None:
    repaired: list[int] = []
    for seed in seeds_until_twice(repaired):
        run = caller.read(
            "create_iterable",
            **asking(
                Pair,
                "create_iterable",
                mode,
                seed=seed,
                max_tokens=300,
                bias=NO_STRAY_BYTES | ending(-1.0),
                max_retries=4,
                max_requests=8,
            ),
        )
        indexes = [item.index for item in run.items]
        assert len(set(indexes)) == len(indexes)
        assert all(item.value == Pair.model_validate_json(item.raw) for item in run.items)
        first = listed(run.answers[0]).raws
        refused = {event.item.index: event.item for event in run.all(ItemRejected)}
        assert [item.raw for item in run.items if item.attempt == 1] == [
            raw for at, raw in enumerate(first) if at not in refused
        ]
        assert len(run.requests) == len(run.stream.attempts) <= 8
        left = {rejected.index for rejected in run.stream.rejected}
        assert set(indexes) | left == set(range(len(indexes) + len(left)))
        assert not set(indexes) & left
        if run.error is None:
            assert run.stream.outcome.ok
            assert not left
        else:
            assert isinstance(run.error, RetriesExhaustedError)
        for event in run.all(ItemRepaired):
            assert event.rejected.index in indexes
            assert event.rejected.raw in str(run.requests[event.attempt - 1]["messages"])
            repaired.append(seed)
    assert repaired


def test_an_object_is_left_at_its_invalid_member_and_asked_for_again(
    caller: Caller, mode: str
) -> None:
    asked_again: list[int] = []
    for seed in seeds_until_twice(asked_again):
        run = caller.read(
            "create_partial",
            **asking(Ticket, "create_partial", mode, seed=seed, max_tokens=200, max_retries=8),
        )
        for answer in run.answers[:-1]:
            assert '"label"' not in answer, "nothing behind the member is paid for"
        if run.error is not None:
            assert isinstance(run.error, RetriesExhaustedError)
            continue
        assert isinstance(run.final, Ticket)
        assert run.final.seats % 3 == 1
        assert [each.cause for each in run.stream.attempts[1:]] == ["reask"] * (
            len(run.answers) - 1
        )
        if len(run.answers) > 1:
            asked_again.append(seed)
            if mode == "tools":  # where the schema is ours, what stands is not asked for again
                assert '"sold"' not in "".join(run.answers[1:])
                assert f'"sold":{str(run.final.sold).lower()}' in run.answers[0].replace(" ", "")
    assert asked_again
