"""What single recordings show, and what remains readable when parts of them are lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from openai.types.responses import Response
from recordings import (
    CANCELLED,
    Entry,
    body_of,
    check,
    events_of,
    reads_of,
    recordings,
    texts_until_error,
)
from source_runs import body_source, needs_streams

from partialstream.sources.aws import AwsEventStreamDecoder, is_aws_event_stream
from partialstream.sources.detect import source_for
from partialstream.sources.responses import ResponsesSource
from partialstream.sources.sse import SSEDecoder
from partialstream.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.deltas import AnswerMetadata

pytestmark = needs_streams

each_of_responses = pytest.mark.parametrize("entry", recordings("responses"))
each_of_gemini = pytest.mark.parametrize("entry", recordings("gemini"))


def metadata_of(file: str) -> AnswerMetadata:
    """What is known when the body of a recording is there."""
    binary = file.endswith(".eventstream")
    source = body_source(AwsEventStreamDecoder()) if binary else body_source()
    source.feed(body_of(file))
    return source.metadata


@pytest.mark.parametrize(
    ("file", "usage"),
    [
        ("anthropic-anthropic-56690985.sse", Usage(4843, 604)),  # the first figures are others
        (
            "anthropic-anthropic-5984c13a.sse",
            Usage(9690, 7, cache_write_tokens=9687),
        ),  # with those written to the cache
        ("bedrock-converse-bedrock-55a488d8.eventstream", Usage(8, 10)),
        ("gemini-gemini-1f1cd072.sse", Usage(12, 88, 0, 82)),  # the last counts
        ("gemini-gemini-13088836.sse", Usage(89 + 112, 30 + 91, 0, 91)),
        ("gemini-vertex-6a5cf73c.sse", Usage(8, 1)),
    ],
)
def test_usage(file: str, usage: Usage) -> None:
    assert metadata_of(file).usage == usage


def test_a_refusal_tells_why() -> None:
    metadata = metadata_of("anthropic-anthropic-13f671d6.sse")
    assert metadata.finish_reason == "refusal"
    assert metadata.refusal == "This request was refused due to policy."
    assert metadata.extra["stop_details"]["category"] == "cyber"


def test_the_model_is_the_one_that_went_on_after_a_fallback() -> None:
    assert metadata_of("anthropic-anthropic-1f6c57ba.sse").model == "claude-sonnet-4-5"


def test_what_else_bedrock_says() -> None:
    metadata = metadata_of("bedrock-converse-bedrock-55a488d8.eventstream")
    assert metadata.extra == {"metrics": {"latencyMs": 605}}


@pytest.mark.parametrize("entry", recordings("bedrock-converse"))
def test_the_binary_framing_is_told_by_the_first_12_bytes(entry: Entry) -> None:
    body = body_of(entry["file"])
    assert is_aws_event_stream(body) is True
    assert is_aws_event_stream(body[:12]) is True
    assert [is_aws_event_stream(body[:end]) for end in range(12)] == [None] * 12


@each_of_gemini
@pytest.mark.parametrize("indent", [None, 2])
def test_a_body_that_is_an_array(entry: Entry, indent: int | None) -> None:
    chunks = [json.dumps(each, indent=indent) for each in events_of(entry)]
    body = ("[" + ",\r\n".join(chunks) + "\n]\n").encode()
    for reads in reads_of(body, entry["file"]):
        check(entry, source_for(reads[0] or None), reads)


def test_a_pretty_printed_error_behind_good_events() -> None:
    body = body_of(CANCELLED)
    decoder = SSEDecoder()
    *events, last = decoder.feed(body) + decoder.finish()
    assert [bare for _, _, bare in events] == [False, False]
    assert last[2]
    assert json.loads(last[1])["error"]["message"] == "The operation was cancelled."
    for reads in reads_of(body, CANCELLED):
        text, error = texts_until_error(body_source(), reads)
        assert text == "First Second "
        assert error.code == "499"
        assert "The operation was cancelled" in str(error)


@each_of_responses
def test_a_whole_response(entry: Entry) -> None:
    response = events_of(entry)[-1]["response"]
    for whole in (response, Response.construct(**response)):
        check(entry, source_for(whole), [whole])
    check(entry, body_source(), [json.dumps(response, indent=2).encode()])


THINNED: dict[str, Callable[[str], bool]] = {
    "without deltas": lambda kind: not kind.endswith(".delta"),
    "without deltas and whole texts": lambda kind: not kind.endswith((".delta", "_text.done")),
    "without the beginnings of parts": lambda kind: not kind.endswith("part.added"),
    "texts in one piece and the end": lambda kind: kind.endswith((".done", "ed", "incomplete")),
    "items and the end": lambda kind: "item.done" in kind or kind in ENDS,
    "the end alone": lambda kind: kind in ENDS,
}

ENDS = ("response.completed", "response.incomplete")


@each_of_responses
@pytest.mark.parametrize("how", THINNED)
def test_texts_come_once_whatever_tells_them(entry: Entry, how: str) -> None:
    events = [each for each in events_of(entry) if THINNED[how](each["type"])]
    check(entry, ResponsesSource(), events)


@each_of_responses
def test_an_end_without_its_output(entry: Entry) -> None:
    events = events_of(entry)
    events[-1]["response"]["output"] = []
    check(entry, ResponsesSource(), events)


@each_of_responses
@pytest.mark.parametrize("lost", [["item_id"], ["id"], ["item_id", "id"]])
def test_ids_may_be_missing(entry: Entry, lost: list[str]) -> None:
    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: strip(member)
                for name, member in value.items()
                if name not in lost or value.get("object") == "response"
            }
        return [strip(each) for each in value] if isinstance(value, list) else value

    check(entry, ResponsesSource(), map(strip, events_of(entry)))


def test_tokens_are_told_with_their_text() -> None:
    source = body_source()
    body = body_of("responses-openai-30abde17.sse")
    data = b""
    for at in range(0, len(body), 100):
        deltas = source.feed(body[at : at + 100])
        assert len(deltas) <= 1
        for channel, text in deltas:
            (token,) = source.metadata.tokens
            assert (token.channel, token.data) == (channel, text.encode())
            assert 0.9 < token.probability <= 1
            data += token.data
    assert data == b"The capital of Minas Gerais is Belo Horizonte."
    assert source.metadata.tokens == []
