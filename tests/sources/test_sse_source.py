from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from source_runs import body_source, brief, choice, chunk, read_all, says

from partialstream.deltas import Channel
from partialstream.errors import ProviderError
from partialstream.usage import Usage

if TYPE_CHECKING:
    from partialstream.sources.base import Event

CONTENT = ("content", 0)
DONE = b"data: [DONE]\n\n"


def event(data: Any) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


HELLO = event(says({"content": "hello"}))
STOP = event(says({}, "stop"))


def test_done_marks_the_end() -> None:
    source = body_source()
    assert source.feed(HELLO + STOP) == [(Channel("content"), "hello")]
    assert not source.metadata.terminated
    assert source.feed(DONE) == []
    assert source.metadata.terminated
    assert source.finish() == []


def test_many_events_in_one_read_give_all_their_texts() -> None:
    assert brief(read_all(body_source(), [HELLO * 50 + DONE])) == {CONTENT: "hello" * 50}


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_all_kinds_of_bytes(kind: Any) -> None:
    assert brief(read_all(body_source(), [kind(HELLO), None, kind(DONE)])) == {CONTENT: "hello"}


def test_other_chunks_are_refused() -> None:
    source = body_source()
    source.feed(HELLO)
    with pytest.raises(ProviderError, match="the text 'abc'; expected bytes"):
        source.feed("abc")


def test_the_last_event_needs_no_blank_line() -> None:
    assert brief(read_all(body_source(), [HELLO, STOP, HELLO.rstrip()])) == {CONTENT: "hellohello"}


@pytest.mark.parametrize(
    "end", [b"data:", b"data: {", b'data: {"choices":[{"del', b"data: [DO", b"da", b": PROC"]
)
def test_an_event_cut_by_the_end_is_no_error(end: bytes) -> None:
    source = body_source()
    assert brief(read_all(source, [HELLO, end])) == {CONTENT: "hello"}
    assert not source.metadata.terminated
    assert source.metadata.finish_reason is None


def test_a_cut_body_makes_up_no_arguments() -> None:
    begun = event(says({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}))
    assert read_all(body_source(), [begun]) == []
    assert brief(read_all(body_source(), [begun, DONE])) == {("tool", (0, 0)): "{}"}
    assert brief(read_all(body_source(), [begun, STOP])) == {("tool", (0, 0)): "{}"}
    assert read_all(body_source(), [begun, STOP], cut=True) == []


def test_events_without_meaning() -> None:
    body = b": PROCESSING\n\ndata:\n\ndata: \n\nevent: ping\n\ndata: null\n\nretry: 3\n\n"
    assert brief(read_all(body_source(), [body + HELLO + body + DONE])) == {CONTENT: "hello"}


BAD_BODIES: dict[str, tuple[bytes, str, str | None]] = {
    # name: body, what the message says, code
    "data that is no JSON": (b"data: Internal error\n\n", "not valid JSON.*'Internal error'", None),
    "data that is no JSON, at the end": (b"data: Internal error", "not valid JSON", None),
    "malformed JSON": (b'data: {"a" 1}\n\n', "not valid JSON.*'{\"a\" 1}'", None),
    "half an escape": (b'data: {"a":"\\ud83"}\n\n', "not valid JSON", None),
    "nested too deep": (b"data: " + b"[" * 9999 + b'"\\u0061"\n\n', "not valid JSON", None),
    "a number": (b"data: 3\n\n", "unknown chunk: a int", None),
    "error event": (
        b'event: error\ndata: {"error":{"message":"overloaded","type":"server_error"}}\n\n',
        "overloaded",
        "server_error",
    ),
    "error event, members only": (
        b'event: error\ndata: {"message":"overloaded","code":503}\n\n',
        "overloaded",
        "503",
    ),
    "error event, text only": (b"event: error\ndata: overloaded\n\n", "overloaded", None),
    "error alone": (event({"error": {"message": "slow down", "code": 429}}), "slow down", "429"),
    "error without a blank line": (
        event({"error": {"message": "slow down"}}).rstrip(),
        "slow down",
        None,
    ),
    "error body": (b'{"error":{"message":"no such model","code":"x"}}', "no such model", "x"),
    "pretty-printed error body": (
        b'{\n  "error": {\n    "code": 499,\n    "message": "cancelled"\n  }\n}\n',
        "cancelled",
        "499",
    ),
    "error body in a list": (b'[{\n  "error": {\n "message": "late"\n }\n}]', "late", None),
    "error body cut off": (b'{\n  "error": {\n    "code": 4', "not valid JSON.*error", None),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_errors_in_the_body(name: str) -> None:
    body, message, code = BAD_BODIES[name]
    for reads in ([body], [body[at : at + 1] for at in range(min(len(body), 300))] + [body[300:]]):
        with pytest.raises(ProviderError, match=f"(?s){message}") as caught:
            read_all(body_source(), reads)
        assert caught.value.code == code
        assert caught.value.chunk is not None


@pytest.mark.parametrize("name", BAD_BODIES)
def test_errors_behind_good_events_leave_these_alone(name: str) -> None:
    body, message, _ = BAD_BODIES[name]
    source = body_source()
    assert brief(source.feed(HELLO + body)) == {CONTENT: "hello"}
    with pytest.raises(ProviderError, match=f"(?s){message}"):
        source.feed(b"\n\n")
    with pytest.raises(ProviderError, match=f"(?s){message}"):
        source.finish()


def test_an_error_in_the_last_event_is_told_even_beside_text() -> None:
    both = event(says({"content": "a"}, error={"message": "busy"}))
    source = body_source()
    assert brief(source.feed(both)) == {CONTENT: "a"}
    with pytest.raises(ProviderError, match="busy"):
        source.finish()
    for last in (both.rstrip(), HELLO.rstrip() + b'\n{"error":"busy"}'):
        source = body_source()
        assert source.feed(last) == []
        with pytest.raises(ProviderError, match="busy"):
            source.finish()


def test_an_empty_body() -> None:
    for reads in ([], [b""], [b"\n\n"], [b": nothing\n\n"], [DONE]):
        assert read_all(body_source(), reads) == []


def test_a_body_that_is_no_stream_is_shown() -> None:
    with pytest.raises(ProviderError, match="not an event stream: '<html>502"):
        read_all(body_source(), [b"<html>502 Bad", b" Gateway</html>"])


def test_a_whole_answer_instead_of_a_stream() -> None:
    answer = {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"content": "[1]"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
    source = body_source()
    body = json.dumps(answer, indent=2).encode()
    assert brief(read_all(source, [body[:30], body[30:]])) == {CONTENT: "[1]"}
    assert source.metadata.usage == Usage(3, 1)
    assert source.metadata.finish_reason == "stop"


def test_halves_of_a_surrogate_pair_in_two_events() -> None:
    reads = [event(says({"content": text})) for text in ("a\ud83d", "\ude00b")]
    assert b"\\ud83d" in reads[0]
    assert brief(read_all(body_source(), [*reads, DONE])) == {CONTENT: "a😀b"}


def test_the_first_event_may_hold_no_choice() -> None:
    verdicts = event({**chunk(), "id": "", "object": "", "prompt_filter_results": []})
    usage = event(chunk(usage={"prompt_tokens": 1}))
    for first in (verdicts, usage, event({"usage": {"prompt_tokens": 1}})):
        assert brief(read_all(body_source(), [first, HELLO, DONE])) == {CONTENT: "hello"}


def test_the_framing_can_be_changed() -> None:
    class Lines:
        def __init__(self) -> None:
            self.rest = b""

        @property
        def held(self) -> int:
            return len(self.rest)

        def feed(self, data: bytes) -> list[Event]:
            *lines, self.rest = (self.rest + data).split(b"\n")
            return [("message", line, False) for line in lines]

        def finish(self) -> list[Event]:
            return self.feed(b"\n")

    body = json.dumps(says({"content": "a"})) + "\n" + json.dumps(chunk(choice({"content": "b"})))
    source = body_source(Lines())
    assert brief(read_all(source, [body[:20].encode(), body[20:].encode()])) == {CONTENT: "ab"}
