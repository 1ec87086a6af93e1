"""However an answer ends, it says so: each end is an outcome of its own, and an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import run_items, run_partial
from strategies import Cut, Fault, chances, cuts, spell, surroundings, truncations
from typed_documents import Flat, Report, item_texts, typed_texts

from partialstream import (
    Finished,
    IncompleteStreamError,
    ItemParser,
    PartialParser,
    PartialStreamError,
    RefusalError,
    stream_items,
    stream_partial,
)
from partialstream.testing import chat_chunks, fake_stream

if TYPE_CHECKING:
    from pydantic import BaseModel

PROSE = "I can not help with that."


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", "empty"),
        (" \n\t\r\n", "empty"),
        ("\ufeff", "empty"),
        (PROSE, "no_json"),
        ("see [1] and {x}", "no_json"),
        ("<think>[1, 2", "no_json"),
        ("```", "no_json"),
        ("``", "no_json"),
        ("a < b", "no_json"),
        ("</thin", "no_json"),
        ("so [", "no_json"),
        ("so [ ", "no_json"),
        ("{", "truncated"),
        ("[", "truncated"),
        ('{"name', "truncated"),
    ],
)
def test_the_end_of_a_text_without_a_document(text: str, status: str) -> None:
    for deltas in ([text], list(text), ["", *text, ""]):
        growing = run_partial(Flat, deltas)
        items = run_items(Flat, deltas)
        for run in (growing, items):
            assert run.status == status
            assert isinstance(run.exception, IncompleteStreamError)
            assert run.exception.outcome is not None
            assert run.exception.outcome.status == run.status
            assert run.exception.tail == run.tail


@given(item_texts(), truncations, cuts)
def test_a_truncated_list_says_so_and_keeps_its_items(
    typed: tuple[Any, list[str]], fault: Fault, cut: Cut
) -> None:
    type_, items = typed
    whole = '{"items": [' + ", ".join(items) + "]}"
    text = fault(whole, first=len('{"items": ['))
    run = run_items(type_, cut(text), path="items")
    assert run.status == "truncated"
    assert isinstance(run.exception, IncompleteStreamError)
    assert run.exception.delivered == len(run.values)
    assert text.endswith(run.tail)
    assert not run.tail or len(run.values) < len(items)
    assert not run.tail or items[len(run.values)].startswith(run.tail)


@given(typed_texts(), surroundings, truncations, cuts)
def test_a_truncated_object_says_so_and_keeps_its_snapshot(
    typed: tuple[type[BaseModel], str], around: tuple[str, str], fault: Fault, cut: Cut
) -> None:
    model, document = typed
    before = around[0]
    text = fault(before + document, first=len(before) + 1)
    run = run_partial(model, cut(text))
    assert run.status in ("truncated", "no_json")
    if run.status == "truncated":
        assert run.tail == text[len(before) :]
    else:
        assert len(text) < len(before) + 3 or not text[len(before) + 1 :].strip()
    assert isinstance(run.exception, IncompleteStreamError)
    assert run.exception.snapshot is (run.values[-1] if run.values else None)


@given(item_texts(), chances, cuts)
def test_a_complete_list_is_complete(typed: tuple[Any, list[str]], chance: Any, cut: Cut) -> None:
    type_, items = typed
    run = run_items(type_, cut("[" + ",".join(items) + "]" + spell([], chance)[1:-1]))
    assert (run.status, run.error, run.tail) == ("complete", None, "")


def test_a_parser_that_has_failed_fails_again_with_the_same_error() -> None:
    parsers: list[Any] = [ItemParser(Flat), PartialParser(Flat)]
    for parser, text in zip(parsers, ("[nul1]", '{"name": nul1'), strict=True):
        with pytest.raises(PartialStreamError) as first:
            parser.feed(text)
        for again in (lambda: parser.feed("{}"), parser.finish):  # noqa: B023 - called at once
            with pytest.raises(PartialStreamError) as second:
                again()
            assert second.value is first.value


def test_a_parser_that_is_finished_takes_no_more() -> None:
    items = ItemParser(Flat)
    items.feed("[]")
    assert items.finish() == []
    assert items.finish() == []
    growing = PartialParser(Report)
    growing.feed('{"title": "a", "sections": []}')
    assert growing.finish() is growing.finish()
    with pytest.raises(ValueError, match="finished"):
        items.feed("[]")
    with pytest.raises(ValueError, match="finished"):
        growing.feed("x")


def test_items_before_a_failure_are_handed_over_and_the_next_call_raises() -> None:
    for bad in ('{"name": 1}', '{"name": nul1}', "}"):
        parser = ItemParser(Flat)
        good = '{"name": "a", "price": 1}'
        assert parser.feed(f"[{good}, {good}, {bad}") == [Flat(name="a", price=1)] * 2
        with pytest.raises(PartialStreamError) as raised:
            parser.feed("")
        assert raised.value.delivered == 2
        assert parser.outcome is not None
        assert parser.outcome.status == "invalid"


LIST = '[{"name": "a", "price": 1}, {"name": "b'


def chunks_of(text: str, **last: Any) -> list[Any]:
    chunks = chat_chunks([text], finish_reason=last.pop("finish_reason", "stop"))
    chunks[-1]["choices"][0]["delta"].update(last)
    return chunks


class ConnectTimeoutError(TimeoutError):
    pass


STREAMS = [
    ("refused", chunks_of(LIST, refusal="No."), None, RefusalError),
    ("filtered", chunks_of(LIST, finish_reason="content_filter"), None, RefusalError),
    ("truncated", chunks_of(LIST, finish_reason="length"), None, IncompleteStreamError),
    ("truncated", [LIST], None, IncompleteStreamError),
    ("disconnected", [LIST], ConnectionResetError("reset"), IncompleteStreamError),
    ("stalled", [LIST], ConnectTimeoutError("silence"), IncompleteStreamError),
    ("empty", chunks_of(""), None, IncompleteStreamError),
    ("no_json", chunks_of(PROSE), None, IncompleteStreamError),
    ("invalid", [LIST.removesuffix('"b'), "3}"], None, PartialStreamError),
]


@pytest.mark.parametrize(("status", "chunks", "error", "kind"), STREAMS)
def test_each_end_of_a_stream_of_items(
    status: str, chunks: list[Any], error: Exception | None, kind: type[Exception]
) -> None:
    stream = stream_items(Flat, fake_stream(chunks, error=error))
    items: list[Flat] = []
    with pytest.raises(kind) as raised:
        items.extend(stream)
    failure = raised.value
    assert isinstance(failure, PartialStreamError)
    assert stream.outcome is not None
    assert stream.outcome.status == status
    assert failure.outcome == stream.outcome
    assert failure.delivered == len(items) == (1 if status not in ("empty", "no_json") else 0)
    assert failure.tail == ('{"name": "b' if items and status != "invalid" else "")
    assert failure.__cause__ is (error if status != "invalid" else failure.__cause__)


@pytest.mark.parametrize(("status", "chunks", "error", "kind"), STREAMS)
def test_each_end_of_a_stream_of_snapshots(
    status: str, chunks: list[Any], error: Exception | None, kind: type[Exception]
) -> None:
    head = '{"title": "t", "first": null, "sections": '
    chunks = [head + chunk if chunk is LIST else chunk for chunk in chunks]
    stream = stream_partial(Report, fake_stream(chunks, error=error))
    events: list[Any] = []
    with pytest.raises(kind):
        events.extend(stream.events())
    assert isinstance(events[-1], Finished)
    assert stream.outcome == events[-1].outcome
    if isinstance(chunks[0], str) and status != "invalid":
        assert stream.outcome is not None
        assert stream.outcome.status == status


@given(st.integers(0, 2))
def test_leaving_a_stream_is_an_outcome_too(seen: int) -> None:
    source = fake_stream([LIST] * 3)
    with stream_items(Flat, source) as stream:
        for _, _ in zip(range(seen), stream, strict=False):
            break
    assert stream.outcome is not None
    assert stream.outcome.status == "cancelled"
    assert source.closed
