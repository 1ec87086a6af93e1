"""A model that says the same again and again is stopped, whatever the cut."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from pydantic import BaseModel
from runs import run_items
from strategies import cut_between_tokens, cut_by, cut_everywhere, cut_whole

from partialstream import (
    ItemParser,
    LimitExceededError,
    Limits,
    astream_items,
    stream_items,
)

CUTS = [cut_whole, cut_everywhere, cut_between_tokens, cut_by(3), cut_by(7)]

LAMP, RUG = '{"name":"Lamp"}', '{"name":"Rug"}'


class Product(BaseModel):
    name: str


def assert_runaway(error: BaseException | None, allowed: int) -> None:
    assert isinstance(error, LimitExceededError), error
    assert (error.limit, error.allowed) == ("repeated_items", allowed)
    assert error.outcome is not None
    assert error.outcome.status == "invalid"


@pytest.mark.parametrize(
    "item",
    [LAMP, "[[1],[2]]", '"a long way"', '{"a":  1}', "123456789", '{"name":""}', "[1, 2, 3]"],
)
@pytest.mark.parametrize("cut", CUTS)
def test_as_many_in_a_row_as_are_allowed(item: str, cut: Any) -> None:
    limits = Limits(repeated_items=3)
    allowed = run_items(
        Any, cut(f"[{item},{item},{item},{RUG},{item},{item},{item}]"), limits=limits
    )
    assert (allowed.status, len(allowed.values)) == ("complete", 7)
    run = run_items(Any, cut(f"[{RUG},{item},{item} ,{item},{item},{RUG}]"), limits=limits)
    assert_runaway(run.exception, 3)
    assert len(run.values) == 4
    assert f"the last at 4: {item}" in str(run.exception)


@pytest.mark.parametrize("item", ["0", "true", "null", '"abcdef"', "12345678", "{}", '{"a":1 }'])
def test_short_items_may_come_as_often_as_they_like(item: str) -> None:
    assert len(item) <= 8
    text = "[" + ",".join([item] * 50) + "]"
    assert run_items(Any, [text], limits=Limits(repeated_items=3)).status == "complete"


def test_only_what_is_the_same_character_for_character_counts() -> None:
    turns = ",".join([LAMP, RUG] * 20)
    assert run_items(Any, [f"[{turns}]"], limits=Limits(repeated_items=2)).status == "complete"
    spaced = ",".join([LAMP, '{"name": "Lamp"}'] * 20)
    assert run_items(Any, [f"[{spaced}]"], limits=Limits(repeated_items=2)).status == "complete"


def test_rejected_items_count_too() -> None:
    wrong = '{"title":"Lamp"}'
    text = "[" + ",".join([wrong] * 9) + "]"
    run = run_items(Product, [text], on_invalid="skip", limits=Limits(repeated_items=5))
    assert_runaway(run.exception, 5)
    assert len(run.rejected) == 5


def test_documents_in_a_row_count_too() -> None:
    run = run_items(Product, [LAMP * 9], limits=Limits(repeated_items=5))
    assert_runaway(run.exception, 5)
    assert len(run.values) == 5


def test_an_endless_stream_ends_by_default() -> None:
    stream = stream_items(Product, itertools.chain("[", itertools.repeat(LAMP + ",")))
    with pytest.raises(LimitExceededError) as caught:
        list(stream)
    assert_runaway(caught.value, Limits().repeated_items or 0)
    assert caught.value.delivered == 1000


def test_an_endless_async_stream_ends_too() -> None:
    async def endless() -> Any:
        yield {"choices": [{"index": 0, "delta": {"content": "["}}]}
        while True:
            yield {"choices": [{"index": 0, "delta": {"content": LAMP + ","}}]}

    async def main() -> None:
        stream = astream_items(Product, endless(), limits=Limits(repeated_items=20))
        with pytest.raises(LimitExceededError) as caught:
            [item async for item in stream.detailed()]
        assert_runaway(caught.value, 20)
        assert caught.value.delivered == 20

    asyncio.run(main())


def test_the_limit_can_be_taken_away() -> None:
    parser = ItemParser(Product, limits=Limits(repeated_items=None))
    assert len(parser.feed("[" + ",".join([LAMP] * 3000) + "]")) == 3000


def test_no_other_limit_can_be() -> None:
    wrong: Any = None
    with pytest.raises(ValueError, match="depth must be a number"):
        Limits(depth=wrong)
    with pytest.raises(ValueError, match="repeated_items must be positive"):
        Limits(repeated_items=0)
