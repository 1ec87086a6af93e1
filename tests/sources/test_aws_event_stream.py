"""The binary framing of AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_messages import frame, header, message
from hypothesis import given
from hypothesis import strategies as st
from source_runs import body_source, brief, read_all

from partialstream import ProviderError
from partialstream.sources.aws import AwsEventStreamDecoder, is_aws_event_stream


def event(payload: Any, name: str = "contentBlockDelta") -> bytes:
    return message(json.dumps(payload), event_type=name, message_type="event")


def text(piece: str) -> bytes:
    return event({"contentBlockIndex": 0, "delta": {"text": piece}})


def data_of(*reads: bytes) -> list[Any]:
    decoder = AwsEventStreamDecoder()
    events = [each for read in reads for each in decoder.feed(read)] + [*decoder.finish()]
    return [json.loads(data) for _, data, _ in events]


def test_an_event_has_its_name_as_member() -> None:
    (found,) = AwsEventStreamDecoder().feed(event({"role": "assistant"}, "messageStart"))
    name, data, bare = found
    assert name == "messageStart"
    assert json.loads(data) == {"messageStart": {"role": "assistant"}}
    assert bare is False


@given(st.lists(st.binary(max_size=20)), st.data())
def test_any_cut_gives_the_same_events(payloads: list[bytes], data: st.DataObject) -> None:
    body = b"".join(event({"p": each.hex()}) for each in payloads)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    reads = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    expected = [{"contentBlockDelta": {"p": each.hex()}} for each in payloads]
    assert data_of(body) == data_of(*reads) == expected


def test_an_event_comes_with_its_last_byte() -> None:
    body = text("[1]")
    decoder = AwsEventStreamDecoder()
    assert all([*decoder.feed(body[at : at + 1])] == [] for at in range(len(body) - 1))
    assert len([*decoder.feed(body[-1:])]) == 1


def test_headers_of_all_types_are_passed_over() -> None:
    head = header(":message-type", "event") + header("number", 7)
    for kind, value in [
        (0, b""),
        (1, b""),
        (2, b"\x01"),
        (3, b"\0\x01"),
        (5, bytes(8)),
        (6, b"\0\x02ab"),
        (8, bytes(8)),
        (9, bytes(16)),
    ]:
        head += b"\x01x" + bytes([kind]) + value
    head += header(":event-type", "messageStart")
    assert data_of(frame(head, b'{"role":"assistant"}')) == [
        {"messageStart": {"role": "assistant"}}
    ]


def test_an_event_without_payload() -> None:
    assert data_of(message("", event_type="initial-response", message_type="event")) == [
        {"initial-response": {}}
    ]


def test_an_answer_after_an_initial_response() -> None:
    body = message("", event_type="initial-response", message_type="event") + text("[1]")
    source = body_source(AwsEventStreamDecoder())
    assert brief(read_all(source, [body])) == {("content", 0): "[1]"}


@pytest.mark.parametrize("ahead", [b"", text("[1")], ids=["first", "later"])
def test_an_exception_is_raised(ahead: bytes) -> None:
    told = message(
        '{"message":"Too many tokens"}',
        exception_type="throttlingException",
        message_type="exception",
    )
    source = body_source(AwsEventStreamDecoder())
    source.feed(ahead)
    with pytest.raises(ProviderError, match="Too many tokens") as caught:
        source.feed(told)
    assert caught.value.code == "throttlingException"


def test_an_error_that_the_service_does_not_model_is_raised() -> None:
    told = message(
        "", error_code="InternalError", error_message="Out of order", message_type="error"
    )
    with pytest.raises(ProviderError, match="Out of order") as caught:
        body_source(AwsEventStreamDecoder()).feed(told)
    assert caught.value.code == "InternalError"


def damaged(at: int) -> bytes:
    body = bytearray(text("[1]"))
    body[at] ^= 1
    return bytes(body)


BROKEN = {
    "prelude": (damaged(9), "is not an event stream"),
    "header": (damaged(14), "damaged"),
    "payload": (damaged(-8), "damaged"),
    "checksum": (damaged(-1), "damaged"),
    "no UTF-8": (message(b"\xff", event_type="a"), "malformed"),
    "unknown type of header": (frame(b"\x01x\x63", b"{}"), "malformed"),
    "header cut in its name": (frame(b"\x09x", b"{}"), "malformed"),
    "header cut in its length": (frame(b"\x01x\x07\0", b"{}"), "malformed"),
    "header cut in its value": (frame(b"\x01x\x07\0\x09a", b"{}"), "malformed"),
    "text": (b"data: {}\n\ndata: {}\n\n", "is not an event stream"),
}


@pytest.mark.parametrize(("body", "reason"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_told_after_what_is_whole(body: bytes, reason: str) -> None:
    with pytest.raises(ProviderError, match=reason):
        [*AwsEventStreamDecoder().feed(body)]
    source = body_source(AwsEventStreamDecoder())
    assert len(source.feed(text("[1]") + body)) == 1
    for call in (lambda: source.feed(b""), source.finish):
        with pytest.raises(ProviderError, match=reason):
            call()


@pytest.mark.parametrize("left", [1, 11, 12, 40])
def test_a_message_that_the_end_has_cut_is_left_out(left: int) -> None:
    source = body_source(AwsEventStreamDecoder())
    assert brief(read_all(source, [text("[1"), text("]")[:left]])) == {("content", 0): "[1"}
    assert not source.metadata.terminated


HEADS = [
    (b"", None),
    (b"\0", None),
    (b"d", False),
    (b"{", False),
    (b"\n", False),
    (b"\xef\xbb\xbf", False),
    (bytes(12), False),
    (text("[1]")[:11], None),
    (text("[1]")[:12], True),
    (text("[1]"), True),
    (damaged(9), False),
    (b"\xff" + text("[1]")[1:], False),
]


@pytest.mark.parametrize(("head", "expected"), HEADS)
def test_the_framing_is_told_by_its_first_bytes(head: bytes, expected: bool | None) -> None:
    assert is_aws_event_stream(head) is expected
