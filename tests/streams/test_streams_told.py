"""What streams tell beside their values: `detailed()`, `events()`, timing, text, usage."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from drivers import DRIVERS, KINDS, WIRES, Driver, Kind, as_chunks, as_wire, join_texts
from pydantic import BaseModel, Field

from partialstream import (
    Attempt,
    Finished,
    Item,
    ItemRejected,
    JSONSyntaxError,
    Outcome,
    Snapshot,
    TextDelta,
    Usage,
    stream_items,
    stream_partial,
)
from partialstream.deltas import Channel
from partialstream.testing import chat_chunks, recut

if TYPE_CHECKING:
    from collections.abc import Sequence


class Product(BaseModel):
    name: str
    price: float = Field(default=0, ge=0)


class Report(BaseModel):
    title: str
    notes: list[str] = []


every_driver = pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)

RAWS = ['{"name": "Lamp"}', '{"name":"R}ug", "price":-1}', '{"price":2,"name":"T\\u00e9"}']
TEXT = f'Here:\n{{"note": "[1]", "rows": [{RAWS[0]} ,{RAWS[1]},\n {RAWS[2]}], "more": [7]}} done'
CONTENT = Channel("content")


@pytest.mark.parametrize("kind", KINDS)
@every_driver
def test_detailed_tells_index_path_text_and_time(driver: Driver, kind: Kind) -> None:
    for seed in range(4):
        chunks = as_chunks(kind, recut(TEXT, seed=seed))
        told = driver.read(Product, chunks, reading="detailed", on_invalid="skip")
        items: list[Item[Product]] = told.values
        assert [(item.index, item.path) for item in items] == [(0, ("rows", 0)), (2, ("rows", 2))]
        assert [item.raw for item in items] == [RAWS[0], RAWS[2]]
        assert [item.value for item in items] == [
            Product.model_validate_json(raw) for raw in (RAWS[0], RAWS[2])
        ]
        assert all(item.raw in told.text for item in items)
        assert [item.attempt for item in items] == [1, 1]
        assert [item.confidence for item in items] == [None, None]
        times = [0.0, *(item.received_at for item in items)]
        assert times == sorted(times)
        rejected = told.rejected[0]
        assert (rejected.index, rejected.raw, rejected.path) == (1, RAWS[1], ("rows", 1))
        assert rejected.attempt == 1


@pytest.mark.parametrize(
    ("text", "path", "places"),
    [
        ("[1,2]", None, [(0,), (1,)]),
        ("1 [1]", None, [(0,)]),
        ('{"a":{"b":[1,2]}}', None, [("a", "b", 0), ("a", "b", 1)]),
        (
            '{"s":[{"b":[1]},{"b":[2,3]}]}',
            "s.*.b",
            [("s", 0, "b", 0), ("s", 1, "b", 0), ("s", 1, "b", 1)],
        ),
        ('{"i":[1]}{"i":[2]}', None, [("i", 0), ("i", 0)]),
    ],
)
@every_driver
def test_paths(driver: Driver, text: str, path: str | None, places: list[Any]) -> None:
    told = driver.read(int, list(text), reading="detailed", path=path)
    assert [item.path for item in told.values] == places
    assert [item.index for item in told.values] == list(range(len(places)))


@every_driver
def test_documents_in_a_row_stand_at_the_root(driver: Driver) -> None:
    told = driver.read(Product, list(RAWS[0] * 2), reading="detailed")
    assert [(item.index, item.path, item.raw) for item in told.values] == [
        (0, (), RAWS[0]),
        (1, (), RAWS[0]),
    ]


def cuts(text: str) -> list[list[str]]:
    halves = [[text[:place], text[place:]] for place in range(0, len(text), 5)]
    return [[text], list(text), *halves, *(recut(text, seed=seed) for seed in range(5))]


@every_driver
def test_events_do_not_depend_on_the_cut(driver: Driver) -> None:
    start = TEXT.index
    ends = [start(raw) + len(raw) for raw in RAWS]
    items = [
        Item(Product.model_validate_json(raw), number, ("rows", number), raw)
        for number, raw in enumerate(RAWS)
        if number != 1
    ]
    expected = [
        TextDelta(TEXT[: ends[0]], CONTENT),
        items[0],
        TextDelta(TEXT[ends[0] : ends[1]], CONTENT),
        ("rejected", 1, RAWS[1], ("rows", 1)),
        TextDelta(TEXT[ends[1] : ends[2]], CONTENT),
        items[1],
        TextDelta(TEXT[ends[2] :], CONTENT),
        Finished(Outcome("complete")),
    ]
    for pieces in cuts(TEXT):
        told = driver.read(Product, pieces, reading="events", on_invalid="skip")
        assert join_texts(told.values) == expected


@pytest.mark.parametrize("kind", WIRES)
@every_driver
def test_events_of_a_wire_do_not_depend_on_the_cut(driver: Driver, kind: Kind) -> None:
    told = [
        join_texts(driver.read(Product, as_chunks(kind, pieces), reading="events").values)
        for pieces in ([f"[{RAWS[0]},{RAWS[2]}]"], list(f"[{RAWS[0]},{RAWS[2]}]"))
    ]
    assert told[0] == told[1]
    assert [type(event) for event in told[0]] == [
        TextDelta,
        Item,
        TextDelta,
        Item,
        TextDelta,
        Finished,
    ]
    assert told[0][-1] == Finished(Outcome("complete", "stop"))


@every_driver
def test_events_before_an_error_end_with_finished(driver: Driver) -> None:
    expected: list[Any] = []
    for pieces in cuts('[{"name":"Lamp"},\n{"name":1]'):
        told = driver.read(Product, pieces, reading="events")
        assert isinstance(told.error, JSONSyntaxError)
        events = join_texts(told.values)
        expected = expected or events
        assert events == expected
        assert isinstance(events[-1], Finished)
        assert events[-1].outcome.status == "invalid"


@every_driver
def test_an_invalid_item_is_an_event_before_it_is_raised(driver: Driver) -> None:
    for pieces in cuts(f"[{RAWS[0]},{RAWS[1]}"):
        told = driver.read(Product, pieces, reading="events")
        kinds = [type(event) for event in join_texts(told.values)]
        assert kinds[:4] == [TextDelta, Item, TextDelta, tuple]
        assert kinds[-1] is Finished
        assert any(isinstance(event, ItemRejected) for event in told.values)


@every_driver
def test_events_of_an_object(driver: Driver) -> None:
    text = '{"title":"On paper","notes":["a","bc"]}'
    for pieces in cuts(text):
        told = driver.read(Report, pieces, partial=True, reading="events")
        assert "".join(e.text for e in told.values if isinstance(e, TextDelta)) == text
        snapshots = [event.value for event in told.values if isinstance(event, Snapshot)]
        assert snapshots[-1] == Report(title="On paper", notes=["a", "bc"])
        assert told.values[-1] == Finished(Outcome("complete"))
        assert len(snapshots) <= len(pieces)


@every_driver
def test_all_channels_are_in_the_events_and_only_documents_in_the_text(driver: Driver) -> None:
    first = chat_chunks([])[0]

    def said(delta: dict[str, Any]) -> dict[str, Any]:
        return {**first, "choices": [{"index": 0, "delta": delta}]}

    def called(index: int, arguments: str, name: str | None = None) -> dict[str, Any]:
        function = {"arguments": arguments, **({"name": name, "id": name} if name else {})}
        return said({"tool_calls": [{"index": index, "function": function}]})

    chunks = [
        said({"reasoning_content": "Two [2]"}),
        said({"content": "Look: "}),
        called(0, '{"name":"a"', "f"),
        called(1, '{"name":"b"', "g"),
        called(1, "}"),
        called(0, "}"),
    ]
    for kind in WIRES:
        told = driver.read(Product, as_wire(kind, chunks), reading="events")
        events = join_texts(told.values)
        texts = [(e.channel.kind, e.text) for e in events if isinstance(e, TextDelta)]
        assert texts == [
            ("reasoning", "Two [2]"),
            ("content", "Look: "),
            ("tool", '{"name":"a"'),
            ("tool", '{"name":"b"}'),
            ("tool", "}"),
        ]
        items = [(event.index, event.value.name) for event in events if isinstance(event, Item)]
        assert items == [(0, "b"), (1, "a")]
        names = [event.channel.name for event in events if isinstance(event, TextDelta)]
        assert names == [None, None, "f", "g", "f"]
        assert sorted(told.text) == sorted('Look: {"name":"a"}{"name":"b"}')


@every_driver
def test_timing(driver: Driver) -> None:
    pieces = ["Here: ", f"[{RAWS[0]}", ",", RAWS[2], "]"]
    for reading in ("values", "detailed", "events"):
        told = driver.read(Product, pieces, reading=reading, delay=0.004)
        timing = told.timing
        assert timing is not None
        assert timing.first_delta is not None
        assert timing.first_item is not None
        assert timing.total is not None
        assert 0.004 <= timing.first_delta
        assert timing.first_delta + 0.004 <= timing.first_item <= timing.total
        assert timing.first_item == timing.items[0]
        assert len(timing.items) == 2
        assert timing.items[0] + 0.008 <= timing.items[1] <= timing.total
        assert timing.total >= 0.024


@every_driver
def test_timing_of_an_object(driver: Driver) -> None:
    told = driver.read(Report, ['{"title":"a', '"}'], partial=True, delay=0.004)
    assert told.timing is not None
    assert told.timing.first_delta is not None
    assert told.timing.first_item is not None
    assert told.timing.total is not None
    assert 0.004 <= told.timing.first_delta <= told.timing.first_item < told.timing.total
    assert told.timing.items == []


def test_an_item_of_the_first_chunk_comes_after_the_first_delta() -> None:
    stream = stream_items(int, ["[1,2]"])
    assert list(stream) == [1, 2]
    timing = stream.timing
    assert timing.first_delta is not None
    assert timing.first_delta <= timing.items[0] <= timing.items[1]


def test_what_a_stream_tells_while_it_runs() -> None:
    stream = stream_items(Product, ["", "Here: [", RAWS[0], ","])
    assert (stream.outcome, stream.usage, stream.text) == (None, None, "")
    assert stream.timing.first_delta is None
    assert next(stream) == Product(name="Lamp")
    assert stream.outcome is None
    assert stream.timing.total is None
    assert stream.text == f"Here: [{RAWS[0]}"
    (attempt,) = stream.attempts
    assert (attempt.number, attempt.cause, attempt.outcome) == (1, "request", None)
    stream.close()
    (attempt,) = stream.attempts
    assert attempt == Attempt(outcome=stream.outcome, duration=attempt.duration)


@pytest.mark.parametrize("kind", WIRES)
@every_driver
def test_usage(driver: Driver, kind: Kind) -> None:
    usage = Usage(input_tokens=11, output_tokens=5, cached_tokens=3, reasoning_tokens=2)
    told = driver.read(Product, as_chunks(kind, [f"[{RAWS[0]}]"], usage=usage))
    assert told.usage == usage
    told = driver.read(Report, as_chunks(kind, ['{"title":""}'], usage=usage), partial=True)
    assert told.usage == usage
    told = driver.read(Product, as_chunks(kind, [f"[{RAWS[0]}]"]))
    assert told.usage is None


def random_items(chance: random.Random, count: int) -> list[str]:
    names = ["a", 'q"', "b\\", "{", "}]", "é€", "\U0001f600", "\n"]
    return [
        Product(
            name=chance.choice(names) * chance.randint(0, 9), price=chance.randint(0, 99)
        ).model_dump_json()
        for _ in range(count)
    ]


@every_driver
def test_raw_texts_and_values_of_random_lists(driver: Driver) -> None:
    chance = random.Random(5)
    for seed in range(15):
        raws = random_items(chance, chance.randint(1, 12))
        text = f'{{"rows":[{", ".join(raws)}]}}'
        told = driver.read(Product, recut(text, seed=seed), reading="detailed")
        assert [item.raw for item in told.values] == raws
        assert [item.value for item in told.values] == list(map(Product.model_validate_json, raws))
        assert told.text == text


def test_the_last_snapshot_is_the_final_object() -> None:
    deltas: Sequence[str] = list('{"title":"a","notes":["b"]}')
    stream = stream_partial(Report, deltas)
    *_, last = stream
    assert stream.final() is last
    assert last == Report(title="a", notes=["b"])
