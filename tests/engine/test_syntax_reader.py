"""The incremental parser: what it tells, where it stops, and how it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from runs import feed
from strategies import Cut, cuts, json_texts

from partialstream.engine.parser import Handler, SyntaxReader
from partialstream.engine.position import Position
from partialstream.errors import JSONSyntaxError, LimitExceededError
from partialstream.limits import Limits
from partialstream.testing import every_cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.results import Path


class Recorder(Handler):
    """Notes what it is told; pieces of a string are joined."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def begin_object(self, start: int) -> None:
        self.events.append(("{", start))

    def begin_array(self, start: int) -> None:
        self.events.append(("[", start))

    def end(self, end: int) -> None:
        self.events.append(("end", end))

    def name(self, name: str) -> None:
        self.events.append(("name", name))

    def begin_string(self, start: int) -> Callable[[str], None]:
        self.events += [("string", start), ""]
        return self._take_piece

    def _take_piece(self, piece: str) -> None:
        assert piece
        self.events[-1] += piece

    def end_string(self, end: int) -> None:
        self.events.append(("end", end))

    def scalar(self, raw: str, end: int) -> None:
        self.events.append(("scalar", raw))


def events(deltas: list[str]) -> list[Any]:
    recorder = Recorder()
    reader = SyntaxReader(recorder)
    for delta in deltas:
        assert reader.feed(delta) == len(delta)
    reader.finish()
    return recorder.events


def test_what_is_told_of_a_document() -> None:
    assert events(['{"a\\u0062": [1, "x\\n", true], "": {}}']) == [
        ("{", 0),
        ("name", "ab"),
        ("[", 12),
        ("scalar", "1"),
        ("string", 16),
        "x\n",
        ("end", 21),
        ("scalar", "true"),
        ("end", 28),
        ("name", ""),
        ("{", 34),
        ("end", 36),
        ("end", 37),
    ]


@given(json_texts, cuts)
def test_the_same_is_told_whatever_the_cut(text: str, cut: Cut) -> None:
    text = f"[{text}]"
    assert events(cut(text)) == events([text])


# text, offset, line, column, path, reason
REFUSED: list[tuple[str, int, int, int, Path, str]] = [
    ('{"a":1x', 6, 1, 7, ("a",), "unexpected 'x' in a number"),
    ("[1 2", 3, 1, 4, (), "expected ',' or ']', not '2'"),
    ('{"a" 1}', 5, 1, 6, (), "expected ':', not '1'"),
    ("[1}", 2, 1, 3, (), "expected ',' or ']', not '}'"),
    ('{"a":1]', 6, 1, 7, (), "expected ',' or '}', not ']'"),
    ('["App\\Http"]', 5, 1, 6, (0,), "invalid escape in a string"),
    ('["\\ud83d"]', 2, 1, 3, (0,), "invalid escape in a string"),
    ('["\\ud83d\\u0041"]', 2, 1, 3, (0,), "invalid escape in a string"),
    ('["\\udc00"]', 2, 1, 3, (0,), "invalid escape in a string"),
    ('["a\nb"]', 3, 1, 4, (0,), "unescaped control character '\\n' in a string"),
    ('["\ud83d"]', 2, 1, 3, (0,), "unescaped surrogate '\\ud83d' in a string"),
    ('{"a\tb": 1}', 3, 1, 4, (), "unescaped control character '\\t' in a string"),
    ("[\n 1,\n\n x]", 8, 4, 2, (1,), "expected a value, not 'x'"),
    ("[x", 1, 1, 2, (), "expected a value or ']', not 'x'"),
    ("{x", 1, 1, 2, (), "expected a name or '}', not 'x'"),
    ('{"a":1,}', 7, 1, 8, (), "expected a name, not '}'"),
    ("[1,]", 3, 1, 4, (1,), "expected a value, not ']'"),
    ("[nulx", 4, 1, 5, (0,), "expected 'null'"),
    ("[tru]", 4, 1, 5, (0,), "expected 'true'"),
    ("[truex", 5, 1, 6, (0,), "unexpected 'x' after 'true'"),
    ("12]", 2, 1, 3, (), "unexpected ']' after the document"),
    ("[-Inf,", 5, 1, 6, (0,), "expected '-Infinity'"),
    ("[-x", 2, 1, 3, (0,), "unexpected 'x' in a number"),
    ("[01", 2, 1, 3, (0,), "unexpected '1' in a number"),
    ("[1.e", 3, 1, 4, (0,), "unexpected 'e' in a number"),
    ("[1d5", 2, 1, 3, (0,), "unexpected 'd' in a number"),
    ("[-d", 2, 1, 3, (0,), "unexpected 'd' in a number"),
    ('{"a":[{"b.c":[[],[1,{"d":q', 25, 1, 26, ("a", 0, "b.c", 1, 1, "d"), "expected a value"),
    ('{"a":{"b":1},"c":[1],"d" "', 25, 1, 26, (), "expected ':', not '\"'"),
    ("\n\n\r\n}", 4, 4, 1, (), "expected a value, not '}'"),
]


@pytest.mark.parametrize(("text", "offset", "line", "column", "path", "reason"), REFUSED)
def test_a_refusal_tells_the_place(
    text: str, offset: int, line: int, column: int, path: Path, reason: str
) -> None:
    text += "  "  # what follows does not matter
    for deltas in ([text], list(text), *map(list, every_cut(text))):
        with pytest.raises(JSONSyntaxError) as raised:
            feed(SyntaxReader(Handler()), deltas)
        error = raised.value
        assert (error.offset, error.line, error.column, error.path) == (offset, line, column, path)
        assert error.reason.startswith(reason)


@pytest.mark.parametrize("text", [text for text, *_ in REFUSED])
def test_what_stands_around_the_document_counts_into_the_place(text: str) -> None:
    def refusal(reader: SyntaxReader) -> JSONSyntaxError:
        with pytest.raises(JSONSyntaxError) as raised:
            reader.feed(text + " ")
        return raised.value

    plain = refusal(SyntaxReader(Handler()))
    before = Position(100, 5, 90)
    inside = refusal(SyntaxReader(Handler(), position=before, path=("rows", 3)))
    assert inside.offset == plain.offset + 100
    assert inside.line == plain.line + 4
    assert inside.column == plain.column + (10 if plain.line == 1 else 0)
    assert inside.path == ("rows", 3, *plain.path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "expected a value, not 'N'"),
        ("[Infinity", "expected a value or ']', not 'I'"),
        ("-Infinity", "unexpected 'I' in a number"),
    ],
)
def test_words_that_are_no_json_are_refused_at_once_if_so_wished(text: str, reason: str) -> None:
    reader = SyntaxReader(Handler(), allow_nan=False)
    with pytest.raises(JSONSyntaxError, match=reason):
        feed(reader, text)


def test_reading_stops_behind_the_document() -> None:
    reader = SyntaxReader(Handler())
    assert reader.feed('{"a": "}"} and {more') == 10
    assert reader.done
    assert reader.position == Position(10, 1, 0)
    assert reader.feed("]") == 0
    assert reader.feed("x]", 1) == 1
    assert reader.finish()


@pytest.mark.parametrize("text", ["-", "1.", "1e", "1e+", "tru", '"a', "[1", ""])
def test_a_document_that_is_cut_is_not_closed(text: str) -> None:
    reader = SyntaxReader(Handler())
    reader.feed(text)
    assert not reader.finish()
    assert not reader.done


@pytest.mark.parametrize("text", ["0", "-0", "12", "1.5", "1e5"])
def test_the_end_of_the_text_completes_a_root_number(text: str) -> None:
    recorder = Recorder()
    reader = SyntaxReader(recorder)
    reader.feed(text)
    assert not reader.done
    assert reader.finish()
    assert recorder.events == [("scalar", text)]


def test_a_handler_may_halt_the_parser_and_another_one_read_on() -> None:
    class Halting(Recorder):
        def begin_array(self, start: int) -> None:
            super().begin_array(start)
            reader.halt()

    recorder = Halting()
    reader = SyntaxReader(recorder)
    text = '{"a":\n[unread],"b":2}'
    assert reader.feed(text) == 7
    assert (reader.path, reader.depth) == (("a",), 2)
    reader.leave(Position(14, 2, 6))
    assert reader.depth == 1
    assert reader.feed(text, 14) == len(text)
    assert reader.done
    assert recorder.events[-3:] == [("name", "b"), ("scalar", "2"), ("end", len(text))]
    assert reader.position == Position(len(text), 2, 6)


def test_the_path_is_that_of_the_innermost_value() -> None:
    reader = SyntaxReader(Handler())
    for piece, path in (
        ("{", ()),
        ('"a', ()),
        ('"', ()),
        (":", ("a",)),
        ("[", ("a",)),
        ("1", ("a", 0)),
        (",", ("a", 1)),
        ("{", ("a", 1)),
        ('"b":', ("a", 1, "b")),
        ('"x', ("a", 1, "b")),
        ('"', ("a", 1)),
        ("}", ("a",)),
        ("]", ()),
        (',"c"', ()),
        (":tr", ("c",)),
        ("ue}", ()),
    ):
        reader.feed(piece)
        assert reader.path == path


def test_nesting_and_blanks_have_limits() -> None:
    limits = Limits(depth=2, whitespace_run=3)
    for text, limit in (
        ("[[[", "depth"),
        ('{"a":{"b":[', "depth"),
        ("[1,    2]", "whitespace_run"),
    ):
        for deltas in ([text], list(text)):
            reader = SyntaxReader(Handler(), limits=limits)
            with pytest.raises(LimitExceededError) as raised:
                feed(reader, deltas)
            assert raised.value.limit == limit
    for text in ("[[],[   1   ,   2   ]]", '"    "'):
        for deltas in ([text], list(text)):
            reader = SyntaxReader(Handler(), limits=limits)
            for delta in deltas:
                reader.feed(delta)
            assert reader.done


def test_a_handler_that_does_not_care_need_not() -> None:
    reader = SyntaxReader(Handler())
    reader.feed('{"a":["x\\n",1,{}]}')
    assert reader.done
