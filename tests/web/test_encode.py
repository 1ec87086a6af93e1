"""`web.encode` and `web.aencode`: what each wire says of items, growing objects and ends."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer
from strategies import Cut, cuts
from typed_documents import typed_texts
from wire_readers import READERS, Page, sse_events

from partialstream import (
    Change,
    IncompleteStreamError,
    Item,
    ItemRejected,
    ItemRepaired,
    PartialStreamError,
    RejectedItem,
    astream_items,
    astream_partial,
    stream_items,
    stream_partial,
    web,
)
from partialstream.testing import async_fake_stream, chat_chunks
from partialstream.web.wires.writer import GrowingDocument, TakenBackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WIRES = list(READERS)
DRIVERS = ["sync", "async"]


class Product(BaseModel):
    name: str
    score: int = Field(ge=0, le=100)


class Report(BaseModel):
    title: str
    tags: list[str] = Field(default_factory=list)
    pages: int = 1


def body(
    driver: str, kind: str, type_: Any, deltas: Sequence[Any], wire: Any, **options: Any
) -> tuple[str, Exception | None]:
    """The text of a response, and what tore it."""
    own = options.pop("stream", {})
    text: list[str] = []
    error: Exception | None = None
    try:
        if driver == "sync":
            make: Any = stream_items if kind == "items" else stream_partial
            for frame in web.encode(make(type_, deltas, **own), wire, **options):
                text.append(frame)  # noqa: PERF402 - also what comes before an error
        else:
            make = astream_items if kind == "items" else astream_partial

            async def main() -> None:
                stream = make(type_, async_fake_stream(deltas), **own)
                async for frame in web.aencode(stream, wire, **options):
                    text.append(frame)  # noqa: PERF401 - as above

            asyncio.run(main())
    except Exception as raised:  # noqa: BLE001 - the test looks at it
        error = raised
    return "".join(text), error


def page(
    driver: str, kind: str, type_: Any, deltas: Sequence[Any], wire: str, **options: Any
) -> Page:
    text, error = body(driver, kind, type_, deltas, wire, **options)
    assert error is None
    return READERS[wire](text)


ITEMS = ['[{"name": "a", "sc', 'ore": 1}, {"name": "b', '", "score": 2}', "]"]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("wire", WIRES)
def test_items_arrive_one_by_one(driver: str, wire: str) -> None:
    seen = page(driver, "items", Product, ITEMS, wire)
    assert seen.ok
    assert seen.values == [{"name": "a", "score": 1}, {"name": "b", "score": 2}]
    assert seen.order == [0, 1]


@pytest.mark.parametrize("wire", WIRES)
def test_an_item_is_sent_when_it_is_complete(wire: str) -> None:
    sent: list[int] = []

    def deltas() -> Any:
        for delta in ITEMS:
            sent.append(len(text))
            yield delta

    text: list[str] = []
    for frame in web.encode(stream_items(Product, deltas()), wire):
        text.append(frame)  # noqa: PERF402 - looked at meanwhile
    # Something was said between the deltas that complete an item and the next ones.
    assert sent[2] > sent[1]
    assert sent[3] > sent[2]


@given(typed_texts(), cuts, st.sampled_from(WIRES), st.booleans())
def test_the_page_has_the_final_object(
    typed: tuple[type[BaseModel], str], cut: Cut, wire: str, by_alias: bool
) -> None:
    model, text = typed
    final = model.model_validate_json(text).model_dump(mode="json", by_alias=by_alias)
    for throttle in (0.0, 60.0):
        sent, error = body(
            "sync", "partial", model, cut(text), wire, throttle=throttle, by_alias=by_alias
        )
        assert error is None
        assert READERS[wire](sent).state == final
        assert READERS[wire](sent).ok


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("wire", WIRES)
def test_a_growing_object(driver: str, wire: str) -> None:
    deltas = ['{"title": "On', ' paper", "tags": ["a', '", "b"], "pa', 'ges": 12}']
    seen = page(driver, "partial", Report, deltas, wire)
    assert seen.ok
    assert seen.state == {"title": "On paper", "tags": ["a", "b"], "pages": 12}


@pytest.mark.parametrize("kind", ["items", "partial"])
@pytest.mark.parametrize("wire", WIRES)
def test_empty_lists_and_objects(kind: str, wire: str) -> None:
    class Empty(BaseModel):
        pass

    seen = page("sync", kind, Empty, ["[", "]"] if kind == "items" else ["{", "}"], wire)
    assert seen.ok
    assert seen.values == []
    if kind == "partial":
        assert seen.state == {}


ENDS: dict[str, tuple[list[str], str | None]] = {
    "truncated": (['[{"name": "a", "score": 1}, {"na'], "length"),
    "filtered": (['[{"name": "a", "score": 1}'], "content_filter"),
    "disconnected": (['[{"name": "a", "score": 1}, '], None),
    "empty": ([], "stop"),
    "no_json": (["I am SECRET sorry"], "stop"),
    "invalid": (['[{"name": "a", "score": 1}, {"name": "SECRET", "score": 840}]'], "stop"),
    "malformed": (['[{"name": "a", "score": 1}, {"name": SECRET}]'], "stop"),
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("end", ENDS)
def test_no_end_but_a_complete_one_is_taken_for_success(
    driver: str, wire: str, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    deltas, reason = ENDS[end]
    chunks = chat_chunks(deltas, finish_reason=reason)
    text, error = body(driver, "items", Product, chunks, wire)
    assert "SECRET" not in text
    assert "SECRET" not in caplog.text
    if wire == "object":
        assert isinstance(error, PartialStreamError)
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
        return
    assert error is None
    seen = READERS[wire](text)
    assert not seen.ok
    assert seen.error
    assert seen.values == ([] if end in ("empty", "no_json") else [{"name": "a", "score": 1}])
    status = "invalid" if end == "malformed" else end
    if wire in ("sse", "ndjson"):
        assert seen.last == ("error", {"status": status, "message": seen.error})
    if wire == "ag-ui":
        assert seen.last["code"] == status


@pytest.mark.parametrize("wire", WIRES)
def test_an_object_that_is_not_complete_is_an_error(wire: str) -> None:
    text, error = body("sync", "partial", Report, ['{"title": "a", "tags": ["b'], wire)
    if wire == "object":
        assert isinstance(error, IncompleteStreamError)
        assert text == '{"title":"a","tags":["b'
        return
    seen = READERS[wire](text)
    assert not seen.ok
    assert seen.state == {"title": "a", "tags": ["b"]}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("wire", WIRES)
def test_an_error_of_the_program_is_told_and_logged(
    driver: str, wire: str, caplog: pytest.LogCaptureFixture
) -> None:
    def stop(product: Product) -> bool:
        raise ZeroDivisionError("".join(("SEC", "RET")))  # not in this line, which is logged

    caplog.set_level(logging.INFO)
    text, error = body(driver, "items", Product, ITEMS, wire, stream={"stop_when": stop})
    assert "SECRET" not in text
    if wire == "object":
        assert isinstance(error, ZeroDivisionError)
        return
    seen = READERS[wire](text)
    assert not seen.ok
    assert seen.error == "The request failed."
    assert "ZeroDivisionError" in caplog.text
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize("wire", ["sse", "ndjson", "ai-sdk", "ag-ui"])
def test_a_message_of_ones_own(wire: str) -> None:
    text, _ = body(
        "sync", "items", Product, ["[1]"], wire, describe=lambda error: repr(type(error))
    )
    assert READERS[wire](text).error == "<class 'partialstream.errors.OutputValidationError'>"


@pytest.mark.parametrize("wire", ["sse", "ndjson", "ai-sdk", "ag-ui"])
def test_a_message_that_fails(wire: str) -> None:
    def describe(error: Exception) -> str:
        raise KeyError(error)

    text, error = body("sync", "items", Product, ["[1]"], wire, describe=describe)
    assert error is None
    assert READERS[wire](text).error == "The response was not valid."


class Unwritable(BaseModel):
    name: str

    @field_serializer("name")
    def write(self, name: str) -> str:
        raise LookupError("SECRET")


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("kind", ["items", "partial"])
@pytest.mark.parametrize("wire", WIRES)
def test_what_cannot_be_written_is_an_error(driver: str, kind: str, wire: str) -> None:
    deltas = ['{"name": "a"', "}"] if kind == "partial" else ['[{"name": "a"}', "]"]
    text, error = body(driver, kind, Unwritable, deltas, wire)
    assert "SECRET" not in text
    if wire == "object":
        assert error is not None
        return
    assert error is None
    assert not READERS[wire](text).ok


@pytest.mark.parametrize("wire", WIRES)
def test_a_list_that_was_cut_short_on_purpose_is_complete(wire: str) -> None:
    seen = page("sync", "items", Product, ITEMS, wire, stream={"take": 1})
    assert seen.ok
    assert seen.values == [{"name": "a", "score": 1}]
    if wire in ("sse", "ndjson"):
        assert seen.last[1]["outcome"] == "cancelled"


@pytest.mark.parametrize("wire", ["sse", "ndjson", "ai-sdk", "ag-ui"])
def test_an_object_that_was_left_is_not_complete(wire: str) -> None:
    changes = [Change((), "set", {"a": 1}), Change(("b",), "set", "x")]
    seen = READERS[wire]("".join(web.encode(changes, wire)))  # type: ignore[arg-type]
    assert not seen.ok
    seen = READERS[wire]("".join(web.encode([*changes, Change((), "complete")], wire)))  # type: ignore[arg-type]
    assert seen.ok


def rejected_and_repaired() -> list[Any]:
    """Events of a list whose second item was repaired."""

    def item(index: int, score: int) -> Item[Product]:
        value = Product(name=f"SECRET-{index}", score=score)
        return Item(value, index, (index,), "")

    with pytest.raises(ValidationError) as failure:
        Product.model_validate({"name": "SECRET", "score": 840})
    rejected = RejectedItem(1, '{"name": "SECRET", "score": 840}', failure.value)
    return [item(0, 1), ItemRejected(rejected), item(2, 3), ItemRepaired(rejected, 2), item(1, 2)]


@pytest.mark.parametrize("wire", ["sse", "ndjson", "ai-sdk", "ag-ui"])
def test_a_repaired_item_takes_its_place(wire: str) -> None:
    text = "".join(web.encode(rejected_and_repaired(), wire))  # type: ignore[arg-type]
    seen = READERS[wire](text)
    assert seen.ok
    assert [value["score"] for value in seen.values] == [1, 2, 3]
    if wire != "ag-ui":
        assert seen.order == [0, 2, 1]
        assert seen.rejected == [(1, "less_than_equal")]
    assert "840" not in text


def test_a_document_that_only_grows_cannot_put_an_item_between_others() -> None:
    with pytest.raises(TakenBackError):
        list(web.encode(rejected_and_repaired(), "object"))


def test_a_repaired_item_that_kept_its_place_is_written() -> None:
    events = rejected_and_repaired()
    ordered = [*events[:2], events[3], events[4], events[2]]
    seen = READERS["object"]("".join(web.encode(ordered, "object")))
    assert [value["score"] for value in seen.values] == [1, 2, 3]


@pytest.mark.parametrize("wire", WIRES)
def test_what_json_has_no_number_for_is_null(wire: str) -> None:
    class Measured(BaseModel):
        value: float
        values: list[float]

    deltas = ['{"value": NaN, "values": [1.5, -Infinity]}']
    seen = page("sync", "partial", Measured, deltas, wire)
    assert seen.state == {"value": None, "values": [1.5, None]}
    items, _ = body("sync", "items", float, ["[1.5, NaN]"], wire)
    assert "NaN" not in items
    assert not any(isinstance(v, float) and math.isnan(v) for v in READERS[wire](items).values)


@pytest.mark.parametrize("wire", WIRES)
def test_line_ends_and_quotes_in_texts(wire: str) -> None:
    title = 'a\n\r\n\ndata: x\u2028\u2029\x85"\\ 😀\x7f event: done'
    deltas = list(json.dumps({"title": title}))
    assert page("sync", "partial", Report, deltas, wire).state["title"] == title


def test_names_that_a_patch_may_not_have_are_said_by_a_snapshot() -> None:
    class Mapped(BaseModel):
        names: dict[str, dict[str, str]]

    value = {"names": {"__proto__": {"a~b/c": "x"}, "constructor": {"prototype": "y"}}}
    text, _ = body("sync", "partial", Mapped, list(json.dumps(value)), "ag-ui", throttle=0)
    assert READERS["ag-ui"](text).state == value
    for _, _, data in sse_events(text):
        for operation in json.loads(data).get("delta", []):
            assert "__proto__" not in operation["path"]
            assert "constructor/prototype" not in operation["path"]


def test_an_unknown_wire() -> None:
    with pytest.raises(ValueError, match="'sse', 'ndjson'"):
        web.encode([], "websocket")  # type: ignore[arg-type]


def failing() -> Iterator[Any]:
    yield from [Item(Product(name="a", score=1), 0, (0,), "")]
    raise LookupError("SECRET")


def begun() -> Any:
    """The rest of the changes of a stream."""
    changes = stream_partial(Report, ['{"title": "a', 'b", ', '"pages": 2}']).changes()
    next(changes)
    return changes


NO_EVENTS: dict[str, Callable[[], Any]] = {
    "snapshots": lambda: stream_partial(Report, ['{"title": "a"}']),
    "events with snapshots": lambda: stream_partial(Report, ['{"title": "a"}']).events(),
    "items without events": lambda: stream_items(Product, ITEMS),
    "values": lambda: [Product(name="a", score=1)],
    "texts": lambda: ["a", "b"],
    "a generator that fails": failing,
    "changes from the middle on": begun,
}


@pytest.mark.parametrize("what", NO_EVENTS)
@pytest.mark.parametrize("wire", WIRES)
def test_what_is_no_stream_is_no_success(wire: str, what: str) -> None:
    events = NO_EVENTS[what]()
    if what in ("snapshots", "items without events"):
        events = iter(events)
    text: list[str] = []
    if wire == "object":
        with pytest.raises((TypeError, ValueError, LookupError)):
            text.extend(web.encode(events, wire))
        with pytest.raises(json.JSONDecodeError):
            json.loads("".join(text))
        return
    text.extend(web.encode(events, wire))  # type: ignore[arg-type]
    seen = READERS[wire]("".join(text))
    assert not seen.ok
    assert seen.error == "The request failed."
    assert seen.values == ([{"name": "a", "score": 1}] if what.startswith("a gen") else [])


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("kind", ["items", "partial"])
def test_a_stream_that_was_read_is_no_success(wire: str, kind: str) -> None:
    stream: Any = stream_items(int, ["[1]"]) if kind == "items" else stream_partial(Report, ["{}"])
    for _ in stream.events(text=False):
        break
    text: list[str] = []
    if kind == "partial" or wire == "object":
        with pytest.raises(RuntimeError):
            text.extend(web.encode(stream, wire))  # type: ignore[arg-type]
        assert text == []
    else:
        assert not READERS[wire]("".join(web.encode(stream, wire))).ok  # type: ignore[arg-type]


@pytest.mark.parametrize("wire", WIRES)
def test_the_rest_of_a_list(wire: str) -> None:
    """Who has taken items from a stream has them; the page has the others."""
    stream = stream_items(Product, ITEMS)
    items = iter(stream)
    assert next(items).name == "a"
    seen = READERS[wire]("".join(web.encode(stream, wire)))  # type: ignore[arg-type]
    assert seen.ok
    assert seen.values == [{"name": "b", "score": 2}]
    assert seen.order == [0 if wire == "object" else 1]


def test_the_fields_of_our_own_events() -> None:
    text, _ = body("sync", "partial", Report, ['{"title": "a"', "}"], "ndjson")
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[0] == {"type": "change", "path": [], "op": "set", "value": {"title": "a"}}
    assert lines[-2] == {"type": "change", "path": [], "op": "complete"}
    assert lines[-1] == {"type": "done", "outcome": "complete", "items": None, "usage": None}
    repaired = "".join(web.encode(rejected_and_repaired(), "sse"))
    assert [(name, set(json.loads(data))) for _, name, data in sse_events(repaired)] == [
        ("item", {"index", "value"}),
        ("rejected", {"index", "reason"}),
        ("item", {"index", "value"}),
        ("repaired", {"index", "value"}),
        ("done", {"outcome", "items", "usage"}),
    ]
    failed = "".join(web.encode(failing(), "sse"))
    assert sse_events(failed)[-1][1] == "error"
    assert set(json.loads(sse_events(failed)[-1][2])) == {"status", "message"}


class Tagged(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True)
    full_name: str = Field(alias="fullName")


@pytest.mark.parametrize("by_alias", [None, False, True])
def test_items_that_hold_models_are_written_as_these_say(by_alias: bool | None) -> None:
    deltas = ['[[{"fullName": "a"}]]']
    text, _ = body("sync", "items", list[Tagged], deltas, "ndjson", by_alias=by_alias)
    name = "full_name" if by_alias is False else "fullName"
    assert READERS["ndjson"](text).values == [[{name: "a"}]]


def test_a_wire_is_for_many_responses() -> None:
    wire = web.AiSdk(name="product", message_id="m1")
    for _ in range(2):
        text = "".join(web.encode(stream_items(int, ["[1]"]), wire))
        assert '{"type":"start","messageId":"m1"}' in text
        assert '{"type":"data-product","id":"0","data":1}' in text


def test_a_long_text_costs_what_it_brings() -> None:
    """A field of 2,000 characters, four at a time, takes at most 60 KB."""
    document = json.dumps({"title": "word " * 400})
    deltas = [document[start : start + 4] for start in range(0, len(document), 4)]
    text, _ = body("sync", "partial", Report, deltas, "sse")
    assert len(text.encode()) <= 60_000
    assert READERS["sse"](text).state["title"] == "word " * 400


def test_leaving_closes_the_stream() -> None:
    stream = stream_items(Product, ITEMS)
    frames = web.encode(stream)
    next(iter(frames))
    frames.close()  # type: ignore[attr-defined]
    assert stream.outcome is not None
    assert stream.outcome.status == "cancelled"


@given(st.lists(st.sampled_from(["x", "é", '"', "\n", "12"]), max_size=6), st.data())
def test_a_document_that_grows_is_read_at_its_end(texts: list[str], data: st.DataObject) -> None:
    document = GrowingDocument()
    text = document.feed(Change((), "set", {}))
    state: Any = {}
    for number, piece in enumerate(texts):
        value = data.draw(
            st.sampled_from([piece, [piece], {"k": [1, {"m": piece}]}, 5, None, [], {}])
        )
        change = Change((f"n{number}",), "set", value)
        text += document.feed(change)
        state = change.apply(state)
        if isinstance(value, str):
            more = Change(change.path, "append", "more")
            text += document.feed(more)
            state = more.apply(state)
    assert json.loads(text + document.close()) == state


@pytest.mark.parametrize("describe", [lambda _: None, lambda error: error])
def test_a_message_that_is_no_text_is_not_sent(
    describe: Any, caplog: pytest.LogCaptureFixture
) -> None:
    text, _ = body("sync", "items", Product, ["[1]"], "ai-sdk", describe=describe)
    assert READERS["ai-sdk"](text).error == "The response was not valid."
    assert "describe= must give a string" in caplog.text
