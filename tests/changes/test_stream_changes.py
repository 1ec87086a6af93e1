"""`stream.changes()`, sync and async: growing objects, lists, new attempts, throttling, ends."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from arrived import State
from client_runs import ASK, async_sdk, sync_sdk
from pydantic import BaseModel, Field, PlainSerializer, RootModel, TypeAdapter
from typing_extensions import Required, TypedDict

from partialstream import (
    Change,
    Finished,
    IncompleteStreamError,
    Snapshot,
    TextDelta,
    astream_items,
    astream_partial,
    from_openai,
    stream_items,
    stream_partial,
)
from partialstream.client import budget
from partialstream.stream.changes import Throttle
from partialstream.testing import Answer, ReplayServer, async_fake_stream, faults

if TYPE_CHECKING:
    from collections.abc import Sequence

DRIVERS = ["sync", "async"]
Reading = Literal["changes", "events"]


class Review(BaseModel):
    title: str
    score: int = Field(ge=0, le=10)
    text: str = ""


class Product(BaseModel):
    name: str
    price: float = Field(ge=0)


def read(
    driver: str,
    kind: str,
    type_: Any,
    deltas: Sequence[str],
    reading: Reading = "changes",
    **options: Any,
) -> tuple[list[Any], Exception | None]:
    """Read a stream of deltas; gives what it gave, and what it raised."""
    own = options.pop("stream", {})
    found: list[Any] = []
    try:
        if driver == "sync":
            make: Any = stream_items if kind == "items" else stream_partial
            found.extend(getattr(make(type_, deltas, **own), reading)(**options))
        else:
            make = astream_items if kind == "items" else astream_partial

            async def main() -> None:
                stream = make(type_, async_fake_stream(deltas), **own)
                async for each in getattr(stream, reading)(**options):
                    found.append(each)  # noqa: PERF401 - also what comes before an error

            asyncio.run(main())
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return found, error
    return found, None


def call(
    driver: str, answers: Sequence[Answer], method: str, **options: Any
) -> tuple[list[Change], Any, Exception | None]:
    """The changes of a call, the stream, and what was raised."""
    found: list[Change] = []
    stream: Any = None
    error: Exception | None = None
    with ReplayServer(answers) as server:
        try:
            if driver == "sync":
                with sync_sdk(base_url=server.base_url) as sdk:
                    stream = getattr(from_openai(sdk), method)(**ASK, **options)
                    found.extend(stream.changes())  # also what comes before an error
            else:

                async def main() -> None:
                    nonlocal stream
                    async with async_sdk(base_url=server.base_url) as sdk:
                        stream = getattr(from_openai(sdk), method)(**ASK, **options)
                        async for change in stream.changes():
                            found.append(change)  # noqa: PERF401 - as above

                asyncio.run(main())
        except Exception as raised:  # noqa: BLE001 - the test looks at it
            error = raised
    return found, stream, error


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_growing_object(driver: str) -> None:
    deltas = ['{"title": "Br', 'ass", "score": 7', ', "text": "', "abc", '"}']
    changes, error = read(driver, "partial", Review, deltas)
    assert error is None
    assert [change.as_dict() for change in changes] == [
        {"path": [], "op": "set", "value": {"title": "Br"}},
        {"path": ["title"], "op": "append", "value": "ass"},
        {"path": ["title"], "op": "complete"},
        {"path": ["score"], "op": "set", "value": 7},
        {"path": ["text"], "op": "set", "value": ""},
        {"path": ["text"], "op": "append", "value": "abc"},
        {"path": [], "op": "complete"},
    ]


@pytest.mark.parametrize("driver", DRIVERS)
def test_items(driver: str) -> None:
    deltas = [
        '[{"name": "a", "price": 1}, {"name"',
        ': "b", "price": -2}, {"name": "c", "price": 3}]',
    ]
    changes, error = read(driver, "items", Product, deltas, stream={"on_invalid": "skip"})
    assert error is None
    assert changes == [
        Change((), "set", []),
        Change((0,), "set", {"name": "a", "price": 1.0}),
        Change((2,), "set", {"name": "c", "price": 3.0}),
        Change((), "complete"),
    ]
    state = State()
    state.add(changes)
    assert [each and each["name"] for each in state.value] == ["a", None, "c"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_empty_list_is_a_list(driver: str) -> None:
    changes, _ = read(driver, "items", Product, ["[", "]"])
    assert changes == [Change((), "set", []), Change((), "complete")]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("kind", ["items", "partial"])
def test_what_is_not_complete_is_not_called_complete(driver: str, kind: str) -> None:
    document = '{"title": "a", "text": "b' if kind == "partial" else '[{"name": "a", "price": 1}, '
    type_ = Review if kind == "partial" else Product
    for options in ({}, {"throttle": 60}):
        changes, error = read(driver, kind, type_, list(document), **options)
        assert isinstance(error, IncompleteStreamError)
        assert Change((), "complete") not in changes
        state = State()
        state.add(changes)  # what was held back comes before the error
        assert state.value == (
            {"title": "a", "text": "b"} if kind == "partial" else [{"name": "a", "price": 1.0}]
        )


@pytest.mark.parametrize("driver", DRIVERS)
def test_events_have_changes_in_place_of_snapshots(driver: str) -> None:
    deltas = ['{"title": "Br', 'ass", "score": 7}']
    events, _ = read(driver, "partial", Review, deltas, "events", changes=True, text=False)
    assert not [event for event in events if isinstance(event, (Snapshot, TextDelta))]
    assert isinstance(events[-1], Finished)
    assert Change((), "complete") in events
    events, _ = read(driver, "partial", Review, deltas, "events", text=False)
    assert {type(event) for event in events} == {Snapshot, Finished}
    events, _ = read(driver, "items", int, ["[1]"], "events", text=False)
    assert not [event for event in events if isinstance(event, TextDelta)]


@pytest.mark.parametrize("driver", DRIVERS)
def test_throttled_changes_are_fewer_and_lead_to_the_same(driver: str) -> None:
    text = json.dumps({"title": "Brass lamp", "score": 7, "text": "word " * 50})
    every, _ = read(driver, "partial", Review, list(text))
    fewer, _ = read(driver, "partial", Review, list(text), throttle=60)
    assert len(fewer) < 8 < len(every)
    states = [State(), State()]
    states[0].add(every)
    states[1].add(fewer)
    assert states[0].value == states[1].value == json.loads(text)


def test_a_window_holds_back_and_then_lets_pass() -> None:
    now = 0.0
    throttle = Throttle(1.0, clock=lambda: now)
    assert throttle.due_in is None
    assert throttle.add(Change((), "set", {"a": ""})) == [Change((), "set", {"a": ""})]
    assert throttle.due_in is None
    for now in (0.1, 0.5, 0.9):  # noqa: B007 - the clock reads it
        assert throttle.add(Change(("a",), "append", "x")) == []
    assert throttle.due_in == pytest.approx(0.1)
    now = 1.0
    assert throttle.due_in == 0
    assert throttle.add(Change(("a",), "append", "y")) == [Change(("a",), "append", "xxxy")]
    now = 1.5
    assert throttle.add(Change(("a",), "append", "z")) == []
    assert throttle.due_in == pytest.approx(0.5)
    assert throttle.take() == [Change(("a",), "append", "z")]


@pytest.mark.parametrize("throttle", [-1, -0.5])
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_negative_window_makes_no_sense(driver: str, throttle: float) -> None:
    _, error = read(driver, "partial", Review, ["{}"], throttle=throttle)
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_new_attempt_begins_with_what_stands(driver: str) -> None:
    good = {"title": "Brass lamp", "score": 7, "text": "solid"}
    cut = json.dumps(good)[:-4]
    answers = [Answer(cut, finish_reason="length"), Answer(json.dumps({"text": "better"}))]
    changes, stream, error = call(
        driver, answers, "create_partial", response_model=Review, max_retries=1
    )
    assert error is None
    assert len(stream.attempts) == 2
    starts = [n for n, change in enumerate(changes) if change.path == () and change.op == "set"]
    assert len(starts) == 2
    first = changes[starts[1]].value
    assert first["title"] == "Brass lamp"
    assert first["score"] == 7
    assert not first.get("text", "").startswith("solid")
    state = State()
    state.add(changes)
    assert state.value == {**good, "text": "better"}


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_repaired_item_sets_its_own_place(driver: str) -> None:
    items = [{"name": "a", "price": 1}, {"name": "b", "price": -2}, {"name": "c", "price": 3}]
    repaired = {"items": [{"index": 1, "name": "b", "price": 2}]}
    answers = [Answer(json.dumps({"items": items})), Answer(json.dumps(repaired))]
    changes, stream, error = call(
        driver, answers, "create_iterable", response_model=Product, max_retries=1
    )
    assert error is None, stream
    state = State()
    state.add(changes)
    assert [each["price"] for each in state.value] == [1.0, 2.0, 3.0]
    assert [change.path for change in changes] == [(), (0,), (2,), (1,), ()]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("type_", "document", "expected"),
    [
        (int, "12", 12),
        (list[Product] | None, '[{"name": "a", "price": 1}]', None),
        (str, '"abc"', "abc"),
    ],
    ids=["int", "list", "str"],
)
def test_a_value_that_is_no_object_is_the_whole(
    driver: str, type_: Any, document: str, expected: Any
) -> None:
    answers = [Answer(f'{{"value": {document}}}', chunk_size=3)]
    changes, stream, error = call(driver, answers, "create_partial", response_model=type_)
    assert error is None, stream
    state = State()
    state.add(changes)
    assert state.value == (expected or [{"name": "a", "price": 1.0}])
    assert changes[-1] == Change((), "complete")


class Half(TypedDict, total=False):
    name: Required[str]
    on: date


@dataclass
class Point:
    x: float
    on: date


OTHER_TYPES: list[tuple[Any, Any]] = [
    (Half, {"name": "abc", "on": "2026-01-02"}),
    (Point, {"x": 1, "on": "2026-01-02"}),
    (list[Product], [{"name": "abc", "price": 1}, {"name": "d", "price": 2}]),
    (list[str], ["ab", "cd"]),
    (tuple[date, ...], ["2026-01-02", "2026-01-03"]),
    (tuple[str, date], ["ab", "2026-01-03"]),
    (dict[str, date], {"a": "2026-01-02", "b": "2026-01-03"}),
    (dict[str, Any], {"a": {"b": [1, "text"]}}),
    (RootModel[list[date]], ["2026-01-02"]),
    (Product | Half, {"name": "abc", "price": 1}),
    (Annotated[list[str], PlainSerializer("+".join)], ["ab", "cd"]),
]


@pytest.mark.parametrize("size", [1, 9])
@pytest.mark.parametrize(("type_", "document"), OTHER_TYPES, ids=lambda each: str(each)[:30])
def test_values_that_are_no_models(type_: Any, document: Any, size: int) -> None:
    text = json.dumps(document)
    deltas = [text[start : start + size] for start in range(0, len(text), size)]
    stream: Any = stream_partial(type_, deltas)
    state = State()
    state.add(list(stream.changes()))
    assert state.value == TypeAdapter(type_).dump_python(stream.final(), mode="json")
    assert state.completeness(())


@pytest.mark.parametrize("driver", DRIVERS)
def test_changes_of_what_was_read_without_them(driver: str) -> None:
    """What came before is unknown: better an error than changes that lead nowhere."""
    deltas = ['{"title": "Br', 'ass"', "}"]
    if driver == "sync":
        stream = stream_partial(Review, deltas)
        next(iter(stream))
        for ask in (stream.changes, lambda: stream.events(changes=True)):
            with pytest.raises(RuntimeError, match="without its changes"):
                ask()
        return

    async def main() -> None:
        stream = astream_partial(Review, async_fake_stream(deltas))
        await anext(aiter(stream))
        for ask in (stream.changes, lambda: stream.events(changes=True)):
            with pytest.raises(RuntimeError, match="without its changes"):
                ask()
        await stream.close()

    asyncio.run(main())


def test_to_leave_the_loop_is_to_leave_the_stream() -> None:
    stream = stream_partial(Review, ['{"title": "a', 'b"', "}"])
    for _ in stream.changes():
        break
    assert stream.outcome is not None
    assert stream.outcome.status == "cancelled"


@pytest.mark.parametrize("at", range(1, 20))
@pytest.mark.parametrize("fault", [faults.LengthCut, faults.Reset, faults.ErrorEvent])
def test_wherever_a_response_breaks_off_the_changes_lead_to_the_object(
    at: int, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "FIRST_WAIT", 0.0)
    good = {"title": "Brass lamp", "score": 7, "text": "solid brass"}
    other = {"text": "another text", "title": "Other lamp", "score": 9}
    answers = [
        Answer(json.dumps(good), fault=fault(at)),
        Answer(json.dumps(other), fault=fault(max(1, at // 2))),
        Answer(json.dumps(other)),
    ]
    state = State()
    with ReplayServer(answers, repeat=True) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = from_openai(sdk).create_partial(**ASK, response_model=Review, max_retries=3)
        for event in stream.events(changes=True, text=False):
            if isinstance(event, Change):
                state.add([event])
        assert state.value == stream.final().model_dump(mode="json")
    assert state.completeness(())


def test_a_field_that_is_refused_is_taken_back_at_the_next_attempt() -> None:
    answers = [
        Answer('{"title": "Lamp", "score": 70, "text": "abc"}'),
        Answer('{"score": 7, "text": "abc"}'),
    ]
    changes, stream, error = call(
        "sync", answers, "create_partial", response_model=Review, max_retries=1
    )
    assert error is None
    assert not [change for change in changes if change.value == 70]
    state = State()
    state.add(changes)
    assert state.value == {"title": "Lamp", "score": 7, "text": "abc"}
    assert len(stream.attempts) == 2


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    "text",
    [
        "{'title': 'abc', 'score': 5, 'text': 'x',}",
        '{"title": "abc", // so\n "score": 5, "text": "x"}',
        '{"title": "abc", "score": 5, "text": "x",}',
    ],
)
def test_an_object_that_only_a_lenient_reader_takes(driver: str, size: int, text: str) -> None:
    deltas = [text[start : start + size] for start in range(0, len(text), size)]
    changes, error = read(driver, "partial", Review, deltas, stream={"lenient": True})
    assert error is None
    state = State()
    state.add(changes)
    assert state.value == {"title": "abc", "score": 5, "text": "x"}
    assert state.completeness(())
