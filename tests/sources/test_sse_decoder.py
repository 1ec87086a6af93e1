from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest
from growth import LINEAR, growth
from source_runs import body_source, brief, read_all, says

from partialstream.errors import LimitExceededError, ProviderError
from partialstream.limits import Limits
from partialstream.sources.detect import source_for
from partialstream.sources.sse import SSEDecoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.sources.base import Event

HELLO = b"data: " + json.dumps(says({"content": "hello"})).encode() + b"\n\n"


def decode(*reads: bytes) -> list[Event]:
    decoder = SSEDecoder()
    events = [event for read in reads for event in decoder.feed(read)]
    return events + decoder.finish()


def message(data: str, kind: str = "message") -> Event:
    return kind, data.encode(), False


def bare(data: str) -> Event:
    return "message", data.encode(), True


CASES: dict[str, tuple[str, list[Event]]] = {
    "one event": ("data: a\n\n", [message("a")]),
    "no space after the colon": ("data:a\n\n", [message("a")]),
    "only the first space belongs to the field": ("data:  a \n\n", [message(" a ")]),
    "several data lines": ("data: a\ndata:b\ndata:\n\n", [message("a\nb\n")]),
    "data without a colon": ("data\n\n", [message("")]),
    "empty data": ("data:\n\n", [message("")]),
    "event type": (
        "event: error\ndata: a\n\ndata: b\n\n",
        [
            message("a", "error"),
            message("b"),
        ],
    ),
    "event type behind the data": ("data: a\nevent:x\n\n", [message("a", "x")]),
    "event without data": ("event: x\n\ndata: a\n\n", [message("a")]),
    "id is ignored": ("id: 7\ndata: a\n\ndata: b\n\n", [message("a"), message("b")]),
    "id with a null is ignored": ("id: 7\0\ndata: a\n\n", [message("a")]),
    "retry is ignored": ("retry: 100\ndata: a\n\n", [message("a")]),
    "comments": (": OPENROUTER PROCESSING\n\n:\n\ndata: a\n: b\n\n", [message("a")]),
    "extra blank lines": ("\n\n\ndata: a\n\n\n\ndata: b\n\n\n", [message("a"), message("b")]),
    "nothing": ("", []),
    "no closing blank line": ("data: a\n\ndata: b\n", [message("a"), message("b")]),
    "no line end at all": ("data: a\n\ndata: b", [message("a"), message("b")]),
    "characters of all lengths": ("data: aé€😀\n\n", [message("aé€😀")]),
    "separators that are no line ends": (
        "data: a\u0085b\u2028c\u2029d\x0be\x0cf\x1cg\n\n",
        [message("a\u0085b\u2028c\u2029d\x0be\x0cf\x1cg")],
    ),
    "a document without field names": ('{\n  "error": 1\n}\n', [bare('{\n  "error": 1\n}')]),
    "a document behind an event": ("data: a\n\n{\n}\n\n", [message("a"), bare("{\n}")]),
    "a document close behind an event": ("data: a\n{\n}", [message("a"), bare("{\n}")]),
    "an indented field is no field": (" data: a\n\n", [bare(" data: a")]),
}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("name", CASES)
def test_events_are_the_same_for_every_line_end_and_every_cut(name: str, end: str) -> None:
    text, expected = CASES[name]
    body = text.replace("\n", end).encode()
    assert decode(body) == expected
    assert decode(*(body[at : at + 1] for at in range(len(body)))) == expected
    for at in range(len(body)):
        assert decode(body[:at], b"", body[at:]) == expected


def test_mixed_line_ends() -> None:
    assert decode(b"data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\r") == [
        message("a\nb\nc"),
        message("d"),
    ]


def test_a_carriage_return_ends_the_line_without_waiting_for_a_line_feed() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r\r") == [message("a")]
    assert decoder.feed(b"\ndata: b\n\n") == [message("b")]


def test_an_event_is_given_by_the_read_that_ends_it() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\nda") == [message("a")]
    assert decoder.feed(b"ta: b\n\n") == [message("b")]


@pytest.mark.parametrize("body", [b"data: \xff\n\n", b"data: \xe2\x82\n\n", b"event: \xff\n\n"])
def test_invalid_utf8_is_the_providers_error(body: bytes) -> None:
    with pytest.raises(ProviderError, match="not valid UTF-8"):
        read_all(body_source(), [body])


def test_events_before_invalid_utf8_are_given_first() -> None:
    source = body_source()
    assert brief(source.feed(HELLO + b"data: \xff\n\n")) == {("content", 0): "hello"}
    for _ in range(2):
        with pytest.raises(ProviderError, match="not valid UTF-8"):
            source.feed(HELLO)
    with pytest.raises(ProviderError, match="not valid UTF-8"):
        source.finish()


def test_a_character_cut_by_the_end_is_left_out() -> None:
    assert read_all(body_source(), ['data: {"choices": [], "a€'.encode()[:-1]]) == []
    with pytest.raises(ProviderError, match=r"not valid JSON.*: 'a'"):
        read_all(body_source(), ["data: a€".encode()[:-1]])


@pytest.mark.parametrize("piece", [b"x", b"data: x\n", b"x\n"], ids=["line", "data", "bare"])
def test_an_event_without_end_is_limited(piece: bytes) -> None:
    counted = len(piece) + 64 if piece.endswith(b"\n") else len(piece)
    source = source_for(piece, limits=Limits(event_size=500))
    for _ in range(500 // counted):
        assert source.feed(piece) == []
    for _ in range(2):
        with pytest.raises(LimitExceededError, match="not ended after 500 bytes") as caught:
            source.feed(piece * 500)
        assert (caught.value.limit, caught.value.allowed) == ("event_size", 500)


def test_the_limit_counts_what_has_not_ended() -> None:
    decoder = SSEDecoder()
    assert len(decoder.feed(b"data: 0123456789\n\n" * 100)) == 100
    assert decoder.held == 0


def test_random_bodies_decode_alike_under_random_cuts() -> None:
    random_source = random.Random(7)
    lines = ["data: é", "data:", "event: e", "id: 1", ": c", "", "", "x", "data: 😀\u2028"]
    for _ in range(200):
        body = "".join(
            random_source.choice(lines) + random_source.choice(["\n", "\r\n", "\r"])
            for _ in range(12)
        ).encode()
        cuts = sorted(random_source.choices(range(len(body) + 1), k=5))
        reads = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
        assert decode(*reads) == decode(body)


def test_one_long_line_byte_by_byte_takes_linear_time() -> None:
    def make(size: int) -> Callable[[], None]:
        def run() -> None:
            decoder = SSEDecoder()
            for _ in range(size):
                decoder.feed(b"x")

        return run

    assert growth(make, 50_000) <= LINEAR
