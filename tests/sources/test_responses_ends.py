from __future__ import annotations

import json
from typing import Any

import pydantic
import pytest
from responses_events import COMPLETED, CREATED, USAGE, ends, event, message, response, text
from source_runs import body_source, brief, read_all

import partialstream
from partialstream.errors import (
    IncompleteStreamError,
    PartialStreamError,
    ProviderError,
    RefusalError,
)
from partialstream.sources.detect import source_for
from partialstream.sources.responses import ResponsesSource
from partialstream.usage import Usage

CONTENT = ("content", (0, 0))
MAX = {"incomplete_details": {"reason": "max_output_tokens"}}
FILTER = {"incomplete_details": {"reason": "content_filter"}}

ENDS: dict[str, tuple[list[Any], str | None, bool]] = {
    "completed": ([COMPLETED], "completed", True),
    "by another name": ([ends("done", status=None)], "completed", True),
    "nothing but the word": ([event("completed")], "completed", True),
    "still in progress, it says": ([ends("completed", status="in_progress")], "completed", True),
    "out of tokens": ([ends("incomplete", **MAX)], "max_output_tokens", True),
    "out of tokens, but completed": ([ends("completed", **MAX)], "max_output_tokens", True),
    "filtered": ([ends("incomplete", **FILTER)], "content_filter", True),
    "incomplete": ([ends("incomplete")], "incomplete", True),
    "incomplete, but completed": ([ends("completed", status="incomplete")], "incomplete", True),
    "none": ([text("[")], None, False),
    "queued": ([event("queued", response=response("queued"))], None, False),
    "whole": ([response("completed")], "completed", True),
    "whole, without a status": ([response(None, message("a"))], "completed", True),
    "whole, in the background": ([response("queued")], None, False),
    "whole, out of tokens": ([response("incomplete", **MAX)], "max_output_tokens", True),
}


@pytest.mark.parametrize("name", ENDS)
def test_finish_reason(name: str) -> None:
    events, expected, terminated = ENDS[name]
    source = ResponsesSource()
    read_all(source, [CREATED, *events])
    assert source.metadata.finish_reason == expected
    assert source.metadata.terminated == terminated
    assert source.metadata.filter_reason == (expected if name == "filtered" else None)


def test_metadata() -> None:
    source = ResponsesSource()
    source.feed({"type": "response.created", "response": {"id": "", "model": None}})
    source.feed(CREATED)
    assert (source.metadata.request_id, source.metadata.model) == ("resp_1", "test-model")
    assert source.metadata.usage is None
    source.feed(ends("completed", usage=USAGE, id="resp_2", model="test-model-2"))
    assert source.metadata.usage == Usage(9, 5, cached_tokens=4, reasoning_tokens=3)
    assert (source.metadata.request_id, source.metadata.model) == ("resp_1", "test-model")


BUSY = {"code": "server_error", "message": "busy"}

FAILURES: dict[str, tuple[Any, str, str | None]] = {
    "failed": (ends("failed", error=BUSY), "busy", "server_error"),
    "failed without a reason": (ends("failed"), "'failed'", "failed"),
    "failed without a response": (event("failed"), "'failed'", "failed"),
    "completed as failed": (ends("completed", status="failed", error=BUSY), "busy", "server_error"),
    "cancelled": (ends("cancelled"), "'cancelled'", "cancelled"),
    "whole and failed": (response("failed", error=BUSY), "busy", "server_error"),
    "whole and cancelled": (response("cancelled"), "'cancelled'", "cancelled"),
    "flat": (
        {"type": "error", "sequence_number": 2, "param": None, **BUSY},
        "busy",
        "server_error",
    ),
    "nested": ({"type": "error", "error": BUSY}, "busy", "server_error"),
    "by another name": (event("error", error=BUSY), "busy", "server_error"),
    "by another name, flat": (event("error", **BUSY), "busy", "server_error"),
    "as everywhere": ({"error": BUSY}, "busy", "server_error"),
    "bare": (BUSY, "busy", "server_error"),
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("first", [True, False])
def test_errors(name: str, first: bool) -> None:
    failure, message, code = FAILURES[name]
    source = source_for(failure) if first else ResponsesSource()
    if not first:
        assert brief(source.feed(CREATED) + source.feed(text("[1"))) == {CONTENT: "[1"}
    with pytest.raises(ProviderError, match=message) as caught:
        source.feed(failure)
    assert caught.value.code == code
    assert caught.value.chunk is failure


def test_a_failure_tells_what_it_cost() -> None:
    source = ResponsesSource()
    with pytest.raises(ProviderError):
        source.feed(ends("failed", usage=USAGE))
    assert source.metadata.usage is not None


def body(*events: dict[str, Any], names: bool = True, done: bool = False) -> bytes:
    lines = [
        (f"event: {each['type']}\n" if names else "") + f"data: {json.dumps(each)}\n\n"
        for each in events
    ]
    return ("".join(lines) + "data: [DONE]\n\n" * done).encode()


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("done", [True, False])
def test_a_body_with_and_without_names_and_mark(names: bool, done: bool) -> None:
    raw = b": keep-alive\n\n" + body(
        CREATED, text("[1"), text("]"), COMPLETED, names=names, done=done
    )
    for size in (1, 7, len(raw)):
        source = body_source()
        reads = [raw[at : at + size] for at in range(0, len(raw), size)]
        assert brief(read_all(source, reads)) == {CONTENT: "[1]"}
        assert source.metadata.terminated
        assert source.metadata.finish_reason == "completed"


def test_a_keepalive_may_come_first() -> None:
    raw = body({"type": "keepalive", "sequence_number": 0}, CREATED, text("[1]"), names=False)
    assert brief(read_all(body_source(), [raw])) == {CONTENT: "[1]"}


class Product(pydantic.BaseModel):
    name: str


FIRST = '[{"name":"a"}, {"na'

OUTCOMES: dict[str, tuple[list[Any], type[PartialStreamError], str, str]] = {
    "out of tokens": (
        [text(FIRST), ends("incomplete", **MAX)],
        IncompleteStreamError,
        "truncated",
        '{"na',
    ),
    "out of tokens while reasoning": (
        [ends("incomplete", **MAX)],
        IncompleteStreamError,
        "truncated",
        "",
    ),
    "incomplete for no told reason": ([ends("incomplete")], IncompleteStreamError, "truncated", ""),
    "filtered": ([text(FIRST), ends("incomplete", **FILTER)], RefusalError, "filtered", '{"na'),
    "refused": (
        [
            text(FIRST),
            event("refusal.delta", delta="No.", output_index=0, content_index=1),
            COMPLETED,
        ],
        RefusalError,
        "refused",
        '{"na',
    ),
    "failed": (
        [text(FIRST), ends("failed", error=BUSY)],
        ProviderError,
        "disconnected",
        '{"na',
    ),
    "no end": ([text(FIRST)], IncompleteStreamError, "disconnected", '{"na'),
    "nothing": ([COMPLETED], IncompleteStreamError, "empty", ""),
    "prose": ([text("Sorry."), COMPLETED], IncompleteStreamError, "no_json", ""),
}


@pytest.mark.parametrize("name", OUTCOMES)
@pytest.mark.parametrize("raw", [True, False])
def test_outcomes_of_streams(name: str, raw: bool) -> None:
    events, error, status, tail = OUTCOMES[name]
    events = [CREATED, *events]
    stream = partialstream.stream_items(Product, iter([body(*events)] if raw else events))
    if tail:
        assert next(stream) == Product(name="a")
    with pytest.raises(error) as caught:
        next(stream)
    assert caught.value.outcome is not None
    assert (caught.value.outcome.status, caught.value.outcome.tail) == (status, tail)


def test_a_complete_answer_is_complete() -> None:
    events = [CREATED, text(FIRST), text('me":"b"}]'), ends("completed", usage=USAGE)]
    stream = partialstream.stream_items(Product, iter(events))
    assert [product.name for product in stream] == ["a", "b"]
    assert stream.outcome is not None
    assert (stream.outcome.status, stream.outcome.finish_reason) == ("complete", "completed")
    assert stream.usage == Usage(9, 5, 4, 3)
