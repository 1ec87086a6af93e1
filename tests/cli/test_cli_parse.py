from __future__ import annotations

import json
import os
import threading

import pytest
from cli_runs import Product, parse_bytes, read_line, start

from partialstream import stream_items
from partialstream.cli.options import InputFormat
from partialstream.cli.output import ExitCode
from partialstream.cli.parse import as_chunks, read_pieces
from partialstream.testing import every_cut, sse_body

LIST = '{"items":[{"name":"Lämp","price":1},{"name":"Rug","price":2.5}]}'
LINES = [b'{"name":"L\xc3\xa4mp","price":1.0}\n', b'{"name":"Rug","price":2.5}\n']


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (LIST[:37].encode(), LIST[37:].encode()),
        (b'{"name":"L\xc3\xa4mp","price":1}', b'\n{"name":"Rug","price":2.5}\n'),
        # The whole body but for its last delta, that is, the closing brackets.
        (sse_body([LIST[:37], LIST[37:]])[:-420], None),
    ],
    ids=["a list", "ndjson", "sse"],
)
def test_an_item_is_written_before_more_input_arrives(first: bytes, rest: bytes | None) -> None:
    if rest is None:
        body = sse_body([LIST[:37], LIST[37:]])
        place = body.index(b"\n\n", body.index(b"price")) + 2
        first, rest = body[:place], body[place:]
    with start("parse", "--model", "cli_runs:Product", "--many") as process:
        assert process.stdin is not None
        process.stdin.write(first)
        assert read_line(process) == LINES[0]
        assert process.poll() is None
        process.stdin.write(rest)
        assert read_line(process) == LINES[1]
        process.stdin.close()
        assert process.wait(200) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_an_object_is_written_at_its_closing_brace_and_its_snapshots_before() -> None:
    with start("parse", "--model", "cli_runs:Report", "--partial") as process:
        assert process.stdin is not None
        process.stdin.write(b'{"title":"On pa')
        assert read_line(process) == b'{"title":"On pa"}\n'
        process.stdin.write(b'per","pages":12')
        assert read_line(process) == b'{"title":"On paper"}\n'
        process.stdin.write(b"}")
        final = {"title": "On paper", "pages": 12, "label": "On paper, 12 pages"}
        assert json.loads(read_line(process)) == final
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(200) == 0


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_event_stream_is_told_and_read_wherever_it_is_cut(newline: str) -> None:
    body = b"\xef\xbb\xbf: hello" + newline.encode() * 2 + sse_body([LIST], newline=newline)
    for cut in every_cut(body):
        chunks = as_chunks(cut, InputFormat.AUTO)
        assert [item.name for item in stream_items(Product, chunks)] == ["Lämp", "Rug"]


def test_text_is_told_and_read_wherever_it_is_cut() -> None:
    for body in ("\ufeff" + LIST, "data is here: " + LIST, "\n \n" + LIST):
        for cut in every_cut(body.encode()):
            chunks = as_chunks(cut, InputFormat.AUTO)
            assert [item.name for item in stream_items(Product, chunks)] == ["Lämp", "Rug"]


@pytest.mark.parametrize("start", [b"data: ", b"data:", b"event: ping\n", b":", b"id: 1\n"])
def test_what_an_event_stream_begins_with(start: bytes) -> None:
    assert list(as_chunks([start, b"x"], InputFormat.AUTO)) == [start, b"x"]
    assert list(as_chunks([start, b"x"], InputFormat.TEXT)) == [start.decode(), "x"]


@pytest.mark.parametrize("text", ["", "d", "dat", "event", "[", "{", " ", "data", "x:"])
def test_what_is_no_event_stream(text: str) -> None:
    assert "".join(map(str, as_chunks([text.encode()], InputFormat.AUTO))) == text


def test_blanks_without_end_are_not_held_back_for_ever() -> None:
    pieces = iter([b" " * 65536] * 3)
    assert next(as_chunks(pieces, InputFormat.AUTO)) == " " * 131072
    assert len(list(pieces)) == 1


def test_invalid_items_are_told_of_and_the_others_go_on(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    data = b'[{"name":"a","price":1},{"name":"b",\n"price":"\\u001b[31m"},{"name":"c","price":3}]'
    assert parse_bytes(data, many=True) == ExitCode.INVALID
    out, err = capfdbinary.readouterr()
    assert out.splitlines() == [b'{"name":"a","price":1.0}', b'{"name":"c","price":3.0}']
    assert err.decode().splitlines() == [
        "partialstream: item 1 is invalid: price: Input should be a valid number, unable to "
        'parse string as a number; raw: {"name":"b", "price":"\\u001b[31m"}',
        "partialstream: 1 of 3 items invalid",
    ]


def test_items_of_any_type(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    blocks = b'[{"kind":"picture","url":"u"},{"kind":"text","text":"t"}]'
    assert parse_bytes(blocks, "cli_runs:Block", many=True) == ExitCode.COMPLETE
    assert parse_bytes(b"[1, 2]", "builtins:int", many=True) == ExitCode.COMPLETE
    assert capfdbinary.readouterr().out.splitlines() == [
        b'{"kind":"picture","url":"u"}',
        b'{"kind":"text","text":"t"}',
        b"1",
        b"2",
    ]


def test_the_list_at_a_path(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    data = b'{"old":[{"name":"a","price":1}],"new":[{"name":"b","price":2}]}'
    assert parse_bytes(data, many=True, path="new") == ExitCode.COMPLETE
    assert capfdbinary.readouterr().out == b'{"name":"b","price":2.0}\n'


def test_strict_mode(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    data = b'[{"name":"a","price":"1"}]'
    assert parse_bytes(data, many=True) == ExitCode.COMPLETE
    assert parse_bytes(data, many=True, strict=True) == ExitCode.INVALID
    assert parse_bytes(data[1:-1], strict=True) == ExitCode.INVALID
    assert capfdbinary.readouterr().out == b'{"name":"a","price":1.0}\n'


def test_an_item_that_cannot_be_written_is_told_of(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    data = b'[{"name":"no"},{"name":"yes"}]'
    assert parse_bytes(data, "cli_runs:Unwritable", many=True) == ExitCode.INVALID
    out, err = capfdbinary.readouterr()
    assert out == b'{"name":"yes"}\n'
    assert b"item 0 cannot be written as JSON" in err
    assert b"not this one" in err


def test_a_pipe_that_does_not_block_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    pieces = read_pieces(reading)
    late = threading.Timer(0.05, lambda: (os.write(writing, b"late"), os.close(writing)))
    late.start()
    assert list(pieces) == [b"late"]
    late.join()
    os.close(reading)
