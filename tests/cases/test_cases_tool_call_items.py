"""Tool calls: how their items are numbered, and objects that grow in one."""

from __future__ import annotations

import pytest
from case_models import Named, Optionally
from pydantic import BaseModel
from wire_case import CALLED, call, calls, chunk, says

from partialstream import IncompleteStreamError, OutputValidationError, stream_items, stream_partial


class Bare(BaseModel):
    name: str = "none"


A, B = '{"name":"a"}', '{"name":"b"}'


def test_items_of_several_calls_are_numbered_as_they_come() -> None:
    chunks = [
        calls(
            call('{"items":[', 0, id="a", name="f"), call(f'{{"items":[{B},', 1, id="b", name="f")
        ),
        calls(call(f"{A},{A}]}}", 0)),
        calls(call(f"{B}]}}", 1)),
        CALLED,
    ]
    items = list(stream_items(Named, chunks).detailed())
    assert [(item.index, item.value.name, item.path) for item in items] == [
        (0, "b", ("items", 0)),
        (1, "a", ("items", 0)),
        (2, "a", ("items", 1)),
        (3, "b", ("items", 1)),
    ]
    assert [item.raw for item in items] == [B, A, A, B]


def test_an_item_that_is_invalid_in_one_call_leaves_the_others() -> None:
    chunks = [calls(call('{"age":1}', 0, id="a", name="f"), call(A, 1, id="b", name="f")), CALLED]
    stream = stream_items(Optionally, chunks, on_invalid="skip")
    assert [item.index for item in stream.detailed()] == [1]
    assert [(rejected.index, rejected.raw) for rejected in stream.rejected] == [(0, '{"age":1}')]


class Report(BaseModel):
    title: str
    pages: int


def test_a_growing_object_from_a_tool_call() -> None:
    chunks = [
        says("Let me [write] {it}."),
        calls(call("", 0, id="a", name="Report")),
        calls(call('{"title":"On pa', 0)),
        calls(call('per","pages":1', 0)),
        calls(call("2}", 0)),
        CALLED,
    ]
    stream = stream_partial(Report, chunks)
    titles = [(snapshot.title, snapshot.pages) for snapshot in stream]
    assert titles == [("On pa", None), ("On paper", None), ("On paper", 12)]
    assert stream.final() == Report(title="On paper", pages=12)


def test_of_two_calls_one_is_the_object() -> None:
    chunks = [
        calls(
            call('{"title":"a"', 0, id="a", name="Report"),
            call('{"title":"b"', 1, id="b", name="Report"),
        ),
        calls(call(',"pages":2}', 1)),
        calls(call(',"pages":1}', 0)),
        CALLED,
    ]
    assert stream_partial(Report, chunks).final() == Report(title="a", pages=1)


def test_a_tool_call_without_arguments_is_an_empty_object() -> None:
    chunks = [calls(call("", 0, id="a", name="f")), CALLED]
    assert stream_partial(Bare, chunks).final() == Bare()
    with pytest.raises(OutputValidationError):
        stream_partial(Report, chunks).final()
    cut = [calls(call("", 0, id="a", name="f")), chunk({}, "length")]
    with pytest.raises(IncompleteStreamError) as caught:
        stream_partial(Bare, cut).final()
    assert caught.value.outcome is not None
    assert caught.value.outcome.status == "truncated"
