from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import body_of, recordings, texts_until_error
from source_runs import brief, needs_streams, read_all, says

from partialstream.errors import LimitExceededError, ProviderError
from partialstream.limits import Limits
from partialstream.sources.body import BodySource, UndecidedFraming
from partialstream.sources.detect import source_for

CONTENT = ("content", 0)
OLLAMA = {"model": "m", "message": {"content": 'a}\\"{'}, "done": False}
GEMINI = {"candidates": [{"content": {"parts": [{"text": "é\n[{"}]}}]}


def data_of(reads: list[bytes]) -> list[bytes]:
    framing = UndecidedFraming()
    events = [event for each in reads for event in framing.feed(each)] + [*framing.finish()]
    return [data for _, data, _ in events]


def every_cut(body: bytes) -> list[list[bytes]]:
    pairs = [[body[:at], body[at:]] for at in range(len(body) + 1)]
    return [[body], [body[at : at + 1] for at in range(len(body))], *pairs]


def dumps(value: Any, indent: int | None = None) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent).encode()


ONE, TWO = dumps(OLLAMA), dumps(GEMINI)

BODIES: dict[str, tuple[bytes, list[Any]]] = {
    "server-sent events": (b"data: " + ONE + b"\n\ndata: " + TWO + b"\n\n", [OLLAMA, GEMINI]),
    "server-sent events behind a BOM": (b"\xef\xbb\xbfdata: " + ONE + b"\n\n", [OLLAMA]),
    "server-sent events behind blank lines": (b"\r\n\n: hi\n\ndata: " + ONE, [OLLAMA]),
    "NDJSON": (ONE + b"\n" + TWO + b"\n", [OLLAMA, GEMINI]),
    "NDJSON without a last line feed": (ONE + b"\n" + TWO, [OLLAMA, GEMINI]),
    "NDJSON with CRLF": (b"\n" + ONE + b"\r\n\r\n" + TWO + b"\r\n", [OLLAMA, GEMINI]),
    "NDJSON behind a BOM": (b"\xef\xbb\xbf" + ONE + b"\n" + TWO, [OLLAMA, GEMINI]),
    "NDJSON behind blanks": (b" \t\n " + ONE, [OLLAMA]),
    "documents without lines": (ONE + TWO + b" " + ONE, [OLLAMA, GEMINI, OLLAMA]),
    "documents over several lines": (
        dumps(GEMINI, 2) + b"\n" + dumps(OLLAMA, 1) + b"\n",
        [GEMINI, OLLAMA],
    ),
    "one document": (ONE, [OLLAMA]),
    "one document over several lines": (dumps(OLLAMA, 2), [OLLAMA]),
    "an array": (dumps([OLLAMA, GEMINI]), [OLLAMA, GEMINI]),
    "an array over several lines": (dumps([OLLAMA, GEMINI], 2) + b"\n", [OLLAMA, GEMINI]),
    "an array with CRLF": (b"[" + ONE + b"\r\n,\r\n" + TWO + b"\r\n]\r\n", [OLLAMA, GEMINI]),
    "an empty array": (b" [ ]\n", []),
    "an array of anything": (b'[1,"a,]", null\n,[[2],3],{}]', [1, "a,]", None, [[2], 3], {}]),
    "arrays line by line": (b"[1]\n[2,3]\n", [1, [2, 3]]),
    "something behind an array": (b"[1] 2\n{}", [1, 2, {}]),
    "nothing": (b"", []),
    "blanks": (b" \n\n \t", []),
}


@pytest.mark.parametrize("name", BODIES)
def test_events_in_all_cuts(name: str) -> None:
    body, expected = BODIES[name]
    for reads in every_cut(body):
        assert [json.loads(each) for each in data_of(reads)] == expected


BROKEN: dict[str, tuple[bytes, list[Any]]] = {
    "text behind a document": (b"{}\nInternal error\n{}", ["{}", "Internal error", "{}"]),
    "text ahead of a document": (b"[{} x,{}", ["{}", "x", "{}"]),
    "a string over two lines": (b'{"a":"b\n"}\n{}', ['{"a":"b', '"}', "{}"]),
    "other brackets": (b'{"a":]\n{}', ['{"a":]', "{}"]),
    "a bracket too many": (b"{}}\n{}]", ["{}", "}", "{}", "]"]),
    "a bracket too many in an array": (b"[{}},1", ["{}", "}", "1"]),
    "cut off": (b'{}\n{"a', ["{}", '{"a']),
    "an array cut off": (b'[{},{"a', ["{}", '{"a']),
    "a character cut off": ('{}\n{"é'.encode()[:-1], ["{}", b'{"\xc3']),
    "Amazon's framing cut off": (b"\0\0\1", ["\0\0\1"]),
    "a BOM cut off": (b"\xef\xbb", [b"\xef\xbb"]),
    "a BOM alone": (b"\xef\xbb\xbf", []),
    "a second BOM": ("\ufeff\ufeffdata: a\n\n".encode(), ["\ufeffdata: a"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_given_as_it_is(name: str) -> None:
    body, expected = BROKEN[name]
    for reads in every_cut(body):
        assert data_of(reads) == [e if isinstance(e, bytes) else e.encode() for e in expected]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a"\\{}[],\né', max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('b"]', max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("ab", max_size=2), VALUES, max_size=3)


@given(st.lists(OBJECTS, min_size=1, max_size=3), st.sampled_from([None, 1]), st.data())
def test_any_documents_in_any_cuts(
    documents: list[Any], indent: int | None, data: st.DataObject
) -> None:
    for body in (
        b"\n".join(dumps(each, indent) for each in documents),
        dumps(documents, indent),
    ):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=5)))
        reads = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
        assert [json.loads(each) for each in data_of(reads)] == documents


@pytest.mark.parametrize("opening", [b"", b"["])
def test_a_document_is_given_by_its_last_bracket(opening: bytes) -> None:
    framing = UndecidedFraming()
    assert framing.feed(opening + ONE[:-1]) == []
    assert [data for _, data, _ in framing.feed(b"}")] == [ONE]
    assert framing.feed(b"\n,") == []


def test_an_unfinished_document_has_a_limit() -> None:
    limits = Limits(event_size=40)
    chunk = dumps({"message": {"content": "a"}, "done": False})
    source = source_for(chunk, limits=limits)
    assert len(source.feed(chunk * 9 + b'{"a":"' + b"x" * 50)) == 9
    for proceed in (lambda: source.feed(b'"}'), source.finish):
        with pytest.raises(LimitExceededError, match="not ended after 40 bytes"):
            proceed()
    with pytest.raises(LimitExceededError, match="not ended"):
        source_for(b"{", limits=limits).feed(b'{"' + b"x" * 50)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(ProviderError, match="not valid UTF-8"):
        source_for(b"{").feed(b'{"\xff"}')


# What a reader of the whole body makes of it.

READS: dict[str, tuple[bytes, str]] = {
    "NDJSON cut within a line": (
        b'{"message":{"content":"[1"},"done":false}\n{"message":{"cont',
        "[1",
    ),
    "an array cut off": (b'[{"candidates":[{"content":{"parts":[{"text":"[1"}]}}]},\n{"cand', "[1"),
    "an array cut in its first element": (b'[{\n  "cand', ""),
    "chat chunks line by line": (dumps(says({"content": "[1"})) + b"\n[DONE]\n", "[1"),
    "a list of nulls": (b"[null,null]", ""),
}


@pytest.mark.parametrize("name", READS)
def test_bodies(name: str) -> None:
    body, expected = READS[name]
    for reads in every_cut(body):
        source = source_for(reads[0] or None)
        assert brief(read_all(source, reads)) == ({CONTENT: expected} if expected else {})
        assert source.metadata.finish_reason is None


ERRORS: dict[str, tuple[bytes, str, str]] = {
    # body, text ahead of the error, what the message says
    "an error document": (b'{"error":{"message":"no such model"}}', "", "no such model"),
    "an error document over several lines": (
        b'{\n  "error": {\n    "message": "no such model"\n  }\n}\n',
        "",
        "no such model",
    ),
    "an error document cut off": (b'{\n  "error": {\n    "code": 4', "", "not valid JSON.*error"),
    "an error in an array": (
        b'[{"candidates":[{"content":{"parts":[{"text":"[1"}]}}]}\n,\n'
        b'{\n  "error": {\n    "code": 503,\n    "message": "overloaded"\n  }\n}]\n',
        "[1",
        "overloaded",
    ),
    "text behind a document": (
        dumps({"message": {"content": "[1"}, "done": False}) + b"\nupstream timeout\n",
        "[1",
        "not valid JSON.*upstream timeout",
    ),
    "one line cut off": (b'{"message":{"cont', "", "not valid JSON.*message"),
    "malformed": (b'{"done" true}', "", "not valid JSON"),
    "an unknown shape": (b'{"is_finished":false,"text":"a"}\n', "", "unknown chunk.*is_finished"),
    "a list of numbers": (b"[1, 2]", "", "unknown chunk: a int"),
    "no framing at all": (b"<html>502</html>", "", "not an event stream: '<html>"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_in_bodies(name: str) -> None:
    body, expected, message = ERRORS[name]
    for reads in every_cut(body):
        text, error = texts_until_error(source_for(reads[0] or None), reads)
        assert text == expected
        with pytest.raises(ProviderError, match=f"(?s){message}"):
            raise error


@needs_streams
@pytest.mark.parametrize("entry", [*recordings("chat")[::5], *recordings("bedrock-converse")])
def test_the_framing_makes_no_difference_to_other_recordings(entry: dict[str, Any]) -> None:
    body = body_of(entry["file"])
    whole = source_for(body)
    assert type(whole) is BodySource
    expected = brief(read_all(whole, [body]))
    assert expected
    in_pieces = source_for(body[:1])
    reads = [body[at : at + 7] for at in range(0, len(body), 7)]
    assert brief(read_all(in_pieces, reads)) == expected
    assert in_pieces.metadata.usage == whole.metadata.usage
