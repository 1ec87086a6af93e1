"""The item parser: what it does with items that are refused, and with its own arguments."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, RootModel, ValidationError
from runs import feed, run_items, run_partial

from partialstream import (
    ItemParser,
    JSONSyntaxError,
    LimitExceededError,
    OutputValidationError,
    PartialParser,
    PartialStreamError,
    stream_items,
)
from partialstream.testing import every_cut


class Aged(BaseModel):
    age: Annotated[int, Field(ge=0)]


AGES = '{"items": [{"age": 1}, {"age": -2}, {"age": 3}]}'


def test_an_item_that_is_skipped_is_kept_with_its_reason() -> None:
    for deltas in ([AGES], list(AGES), *map(list, every_cut(AGES))):
        parser = ItemParser(Aged, on_invalid="skip")
        items = [item for items in feed(parser, deltas, finish=True) for item in items]
        assert items == [Aged(age=1), Aged(age=3)]
        (rejected,) = parser.rejected
        assert (rejected.index, rejected.raw) == (1, '{"age": -2}')
        assert rejected.path == ("items", 1)
        assert isinstance(rejected.error, ValidationError)
        assert rejected.error.errors()[0]["type"] == "greater_than_equal"


def test_an_item_that_is_refused_stops_the_parser() -> None:
    parser = ItemParser(Aged)
    assert parser.feed(AGES) == [Aged(age=1)]
    with pytest.raises(OutputValidationError) as raised:
        parser.feed("")
    assert (raised.value.index, raised.value.raw) == (1, '{"age": -2}')
    assert isinstance(raised.value.__cause__, ValidationError)
    assert len(parser.rejected) == 1


def test_on_invalid_has_two_values() -> None:
    with pytest.raises(ValueError, match='"raise" or "skip"'):
        ItemParser(Aged, on_invalid="ignore")  # type: ignore[arg-type]


@pytest.mark.parametrize("on_invalid", ["raise", "skip"])
@pytest.mark.parametrize(
    ("item", "offset", "path"),
    [
        ('{"age": tru}', 12, (0, "age")),
        ('{"age": 1,}', 11, (0,)),
        ('"\ud83d"', 2, (0,)),
        ('{"\ude00": 1}', 3, (0,)),
        ('{"age": "\\ud83d"}', 10, (0, "age")),
    ],
)
def test_a_malformed_item_is_never_skipped(
    item: str, offset: int, path: tuple[str | int, ...], on_invalid: str
) -> None:
    for deltas in ([f"[{item}]"], list(f"[{item}]")):
        run = run_items(Any, deltas, on_invalid=on_invalid)
        assert isinstance(run.exception, JSONSyntaxError)
        assert (run.exception.offset, run.exception.path) == (offset, path)
        assert run.rejected == []


@pytest.mark.parametrize("on_invalid", ["raise", "skip"])
def test_an_item_too_deep_for_pydantic_is_over_a_limit(on_invalid: str) -> None:
    nested = "[" * 150 + '{"a":' * 100 + "1" + "}" * 100 + "]" * 150
    for text in (f'[{{"a":1}},{{"a":{nested}}}]', f"[0,{nested}]"):
        run = run_items(Any, [text], on_invalid=on_invalid)
        assert isinstance(run.exception, LimitExceededError)
        assert run.exception.limit == "depth"
        assert run.exception.delivered == len(run.values) == 1


def test_a_root_number_is_validated_at_the_end() -> None:
    model = RootModel[Annotated[int, Field(gt=5)]]
    assert run_partial(model, list("12")).values[-1].root == 12
    run = run_partial(model, list("3"))
    assert isinstance(run.exception, OutputValidationError)
    assert (run.status, run.exception.raw) == ("invalid", "3")
    parser = PartialParser(model)
    parser.feed("3")
    for _ in range(2):
        with pytest.raises(OutputValidationError):
            parser.end()


def test_the_end_can_be_told_without_an_error() -> None:
    parser = PartialParser(Aged)
    parser.feed('{"age": 1')
    assert parser.end().status == "truncated"
    assert parser.end() is parser.outcome


LAST_ITEMS = [
    ('say {" [1, 2x]', [1], "invalid"),
    ('say {" [1, 2}]', [1], "invalid"),
    ('say {" [1, 2', [1], "truncated"),
    ('say {" [1, 2] 7', [1, 2], "complete"),
]


@pytest.mark.parametrize(("text", "items", "status"), LAST_ITEMS)
def test_items_that_only_the_end_shows_come_before_what_is_wrong_behind_them(
    text: str, items: list[int], status: str
) -> None:
    parser = ItemParser(int)
    found = parser.feed(text) + parser.finish()
    assert found == items
    assert parser.outcome is not None
    assert parser.outcome.status == status
    if status != "complete":
        with pytest.raises(PartialStreamError) as caught:
            parser.finish()
        assert caught.value.delivered == len(items)

    stream = stream_items(int, [text])
    streamed = iter(stream)
    assert [next(streamed) for _ in items] == items
    with pytest.raises(StopIteration if status == "complete" else PartialStreamError):
        next(streamed)
    assert stream.outcome is not None
    assert stream.outcome.status == status
