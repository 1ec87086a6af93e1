"""Streams that end by wish: what is handed over, what is read, what is told, whatever the cut."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from drivers import DRIVERS, KINDS, Driver, Kind, Told, as_chunks, join_texts
from pydantic import BaseModel, Field

from partialstream import (
    Finished,
    IncompleteStreamError,
    Item,
    ItemRejected,
    JSONSyntaxError,
    Outcome,
    Snapshot,
    TextDelta,
    astream_items,
    stream_items,
    stream_partial,
)
from partialstream.testing import async_fake_stream, characters, every_cut, fake_stream, recut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Product(BaseModel):
    name: str
    price: float = Field(default=0, ge=0)


every_driver = pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
every_reading = pytest.mark.parametrize("reading", ["values", "detailed", "events"])

GOOD = ['{"name":"Lamp"}', '{"name":"R}ug","price":3}', '{"name":"Vase"}']
BAD = ['{"name":"Shelf","price":-1}', '{"name":7}']
# Behind what is wanted stand an item, a rejected one, and text that is malformed.
TEXT = f'So: {{"rows":[{GOOD[0]}, {BAD[0]},\n{GOOD[1]},{GOOD[2]},{BAD[1]},]]'
TAKEN = Outcome("cancelled", detail="take=2")
FOUND = Outcome("cancelled", detail="stop_when")


def cuts(text: str = TEXT) -> Iterator[list[str]]:
    yield [text]
    yield characters(text)
    yield from map(list, every_cut(text))
    yield from (recut(text, seed=seed) for seed in range(10))


def names(values: list[Any]) -> list[str]:
    """Of the items among values, items and events."""
    items = [value.value if isinstance(value, Item) else value for value in values]
    return [item.name for item in items if isinstance(item, Product)]


def assert_stopped(told: Told, outcome: Outcome, found: list[str], rejected: list[str]) -> None:
    assert told.error is None
    assert told.outcome == outcome
    assert names(told.values) == found
    assert [each.raw for each in told.rejected] == rejected
    assert told.closed
    assert told.timing is not None
    assert told.timing.total is not None
    assert len(told.timing.items) == len(found)


@every_reading
@every_driver
def test_take_under_any_cut(driver: Driver, reading: Any) -> None:
    for pieces in cuts():
        told = driver.read(Product, pieces, reading=reading, on_invalid="skip", take=2)
        assert_stopped(told, TAKEN, ["Lamp", "R}ug"], [BAD[0]])


@every_reading
@every_driver
def test_stop_when_under_any_cut(driver: Driver, reading: Any) -> None:
    for pieces in cuts():
        asked: list[str] = []

        def is_dear(product: Product, asked: list[str] = asked) -> bool:
            asked.append(product.name)
            return product.price > 2

        told = driver.read(Product, pieces, reading=reading, on_invalid="skip", stop_when=is_dear)
        assert_stopped(told, FOUND, ["Lamp", "R}ug"], [BAD[0]])
        assert asked == ["Lamp", "R}ug"], "each once, and nothing behind"


@every_driver
def test_events_up_to_the_last_item_do_not_depend_on_the_cut(driver: Driver) -> None:
    for pieces in cuts():
        told = driver.read(Product, pieces, reading="events", on_invalid="skip", take=2)
        events = join_texts(told.values)
        texts = [event.text for event in events if isinstance(event, TextDelta)]
        assert "".join(texts) == TEXT[: TEXT.index(GOOD[1]) + len(GOOD[1])]
        kinds = [TextDelta, Item, TextDelta, tuple, TextDelta, Item, Finished]
        assert [type(event) for event in events] == kinds
        assert events[-1] == Finished(TAKEN)


@every_reading
@every_driver
def test_what_fails_behind_the_last_item_is_no_failure(driver: Driver, reading: Any) -> None:
    behind = [",x", f",{BAD[0]}]", ",{]}", "]}}", ""]
    for end in behind:
        for pieces in cuts(f"[{GOOD[0]},{GOOD[1]}{end}"):
            told = driver.read(Product, pieces, reading=reading, take=2)
            assert_stopped(told, TAKEN, ["Lamp", "R}ug"], [])


@every_driver
def test_what_fails_before_it_is_raised(driver: Driver) -> None:
    for pieces in cuts(f"[{GOOD[0]},}},{GOOD[1]}]"):
        told = driver.read(Product, pieces, take=2)
        assert isinstance(told.error, JSONSyntaxError)
        assert names(told.values) == ["Lamp"]


@every_reading
@every_driver
def test_a_wish_that_is_not_met_changes_nothing(driver: Driver, reading: Any) -> None:
    never: Callable[[Any], bool] = lambda _: False  # noqa: E731 - typed
    text = TEXT.replace(",]]", "]}")
    for cut_text in (text, text[:-3], f"[{GOOD[0]}", "nothing"):
        for pieces in (characters(cut_text), [cut_text], recut(cut_text, seed=3)):
            options: dict[str, Any] = {"reading": reading, "on_invalid": "skip"}
            without = driver.read(Product, pieces, **options)
            told = driver.read(Product, pieces, take=4, stop_when=never, **options)
            if reading == "events":
                without.values = join_texts(without.values)
                told.values = join_texts(told.values)
            assert told.comparable() == without.comparable()


@pytest.mark.parametrize("kind", KINDS)
@every_reading
@every_driver
def test_no_chunk_is_fetched_behind_the_last_item(driver: Driver, reading: Any, kind: Kind) -> None:
    text = f"[{GOOD[0]},{GOOD[1]},{GOOD[2]}]"
    chunks = as_chunks(kind, characters(text))
    told = driver.read(Product, chunks, reading=reading, take=2)
    assert_stopped(told, TAKEN, ["Lamp", "R}ug"], [])
    end = text.index(GOOD[1]) + len(GOOD[1])
    if kind == "bytes":
        assert told.given < len(chunks) * (end + 3) / len(text)
    else:
        # A wire has a first chunk without text.
        assert told.given == end + (kind != "text")


def test_the_stream_is_closed_before_the_last_item_is_handed_over() -> None:
    for reading in ("values", "detailed", "events"):
        for kind in KINDS:
            source = fake_stream(as_chunks(kind, characters(f"[{','.join(GOOD)}]")))
            stream: Any = stream_items(Product, source, take=2)
            closed = [
                source.closed
                for value in (stream if reading == "values" else getattr(stream, reading)())
                if not isinstance(value, TextDelta | Finished)
            ]
            assert closed == [False, True]


def test_the_async_stream_is_closed_before_the_last_item_is_handed_over() -> None:
    async def main(reading: str, kind: Kind) -> None:
        source = async_fake_stream(as_chunks(kind, characters(f"[{','.join(GOOD)}]")))
        stream: Any = astream_items(Product, source, take=2)
        closed = [
            source.closed
            async for value in (stream if reading == "values" else getattr(stream, reading)())
            if not isinstance(value, TextDelta | Finished)
        ]
        assert closed == [False, True]
        assert stream.outcome == TAKEN

    for reading in ("values", "detailed", "events"):
        for kind in KINDS:
            asyncio.run(main(reading, kind))


class LookingError(Exception):
    """What a predicate raises."""


@every_reading
@every_driver
def test_what_the_predicate_raises_is_raised_behind_the_items_before(
    driver: Driver, reading: Any
) -> None:
    error = LookingError()

    def fails(product: Product) -> bool:
        if product.price > 2:
            raise error
        return False

    for pieces in cuts():
        told = driver.read(Product, pieces, reading=reading, on_invalid="skip", stop_when=fails)
        assert told.error is error
        told.error = None
        assert_stopped(told, Outcome("cancelled", detail="stop_when failed"), ["Lamp"], [BAD[0]])
        if reading == "events":
            assert told.values[-1] == Finished(Outcome("cancelled", detail="stop_when failed"))


def test_whichever_wish_is_met_first_counts() -> None:
    for take, limit, outcome in ((2, 5, "take=2"), (5, 2, "stop_when"), (3, 3, "take=3")):
        stream = stream_items(
            int, ["[1,2,3,4,5,6]"], take=take, stop_when=lambda number, limit=limit: number >= limit
        )
        assert list(stream) == list(range(1, min(take, limit) + 1))
        assert stream.outcome == Outcome("cancelled", detail=outcome)
        with pytest.raises(RuntimeError, match="has ended"):
            list(stream)
        (attempt,) = stream.attempts
        assert attempt.outcome == stream.outcome


def test_rejected_items_before_the_stop_are_there_while_it_runs() -> None:
    stream = stream_items(
        Product, [f"[{BAD[0]},", f"{GOOD[0]},", GOOD[1]], on_invalid="skip", take=2
    )
    assert next(stream).name == "Lamp"
    assert [each.index for each in stream.rejected] == [0]
    assert stream.outcome is None
    events = stream_items(Product, [f"[{BAD[0]}, 1"], on_invalid="skip", take=1).events()
    assert any(isinstance(event, ItemRejected) for event in events)


class Report(BaseModel):
    title: str
    notes: list[str] = []


REPORT = '{"title":"On paper","notes":["a","bc","d"]}'


@pytest.mark.parametrize("reading", ["values", "events"])
@every_driver
def test_a_growing_object_ends_with_the_snapshot_that_is_looked_for(
    driver: Driver, reading: Any
) -> None:
    for pieces in cuts(REPORT):
        told = driver.read(
            Report, pieces, partial=True, reading=reading, stop_when=lambda r: len(r.notes) > 1
        )
        assert told.error is None
        assert (told.outcome, told.closed) == (FOUND, True)
        values = [v.value if isinstance(v, Snapshot) else v for v in told.values]
        snapshots = [value for value in values if isinstance(value, Report)]
        assert [len(snapshot.notes) > 1 for snapshot in snapshots[-2:]][-1:] == [True]
        assert all(len(snapshot.notes) < 2 for snapshot in snapshots[:-1])
        if reading == "events":
            assert told.values[-1] == Finished(FOUND)
            assert isinstance(told.values[-2], Snapshot), "nothing behind it is told"


@every_driver
def test_an_object_that_was_left_has_no_final_value(driver: Driver) -> None:
    for pieces in cuts(REPORT):
        told = driver.read(
            Report, pieces, partial=True, reading="final", stop_when=lambda r: r.notes
        )
        assert isinstance(told.error, IncompleteStreamError)
        assert told.error.outcome == FOUND
        assert told.error.snapshot.notes
    whole = driver.read(
        Report, [REPORT], partial=True, reading="final", stop_when=lambda r: r.title == "x"
    )
    assert whole.values == [Report.model_validate_json(REPORT)]


@every_driver
def test_what_the_predicate_of_a_growing_object_raises_is_raised(driver: Driver) -> None:
    def fails(report: Report) -> bool:
        raise LookingError(report.title)

    told = driver.read(Report, characters(REPORT), partial=True, stop_when=fails)
    assert isinstance(told.error, LookingError)
    assert (told.values, told.closed) == ([], True)


@pytest.mark.parametrize(
    ("wish", "error", "message"),
    [
        ({"take": 0}, ValueError, "take= must be at least 1, not 0"),
        ({"take": -1}, ValueError, "take= must be at least 1"),
        ({"take": 1.5}, TypeError, "take= must be an integer"),
        ({"take": True}, TypeError, "take= must be an integer"),
        ({"stop_when": 3}, TypeError, "stop_when= must be a function"),
        ({"stop_when": asyncio.sleep}, TypeError, "stop_when= must not be an async function"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_at_once(
    wish: dict[str, Any], error: type[Exception], message: str
) -> None:
    for make in (stream_items, astream_items):
        with pytest.raises(error, match=message):
            make(Product, async_fake_stream([]) if make is astream_items else [], **wish)
    if "stop_when" in wish:
        with pytest.raises(error, match=message):
            stream_partial(Report, [], **wish)
