"""Positions, blanks, the transcript, and the parser's last word on a slice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Cut, cuts, texts

from partialstream.engine.position import Position, Transcript
from partialstream.engine.route import ANYTHING, KINDS, Shape, find_syntax_error, member_names
from partialstream.engine.tokens import BlankRun
from partialstream.errors import JSONSyntaxError, LimitExceededError
from partialstream.limits import Limits


@given(st.text(st.sampled_from("ab\n\r\t"), max_size=20), cuts)
def test_a_position_does_not_depend_on_the_way(text: str, cut: Cut) -> None:
    place = Position()
    for piece in cut(text):
        place = place.after(piece)
    assert place.offset == len(text)
    assert place.line == text.count("\n") + 1
    assert place.column == len(text) - text.rfind("\n")


@given(st.lists(texts, max_size=8), st.integers(0, 1000), st.data())
def test_slices_of_a_transcript(pieces: list[str], offset: int, data: st.DataObject) -> None:
    transcript = Transcript(offset)
    for piece in pieces:
        transcript.append(piece)
    whole = "".join(pieces)
    assert transcript.text == whole
    assert transcript.end - transcript.start == len(whole)
    assert transcript.end == offset + len(whole)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    if end > start:
        assert transcript.slice(offset + start, offset + end) == whole[start:end]


def longest_run(text: str) -> int:
    return max(map(len, "".join(c if c in " \t\n\r" else "x" for c in text).split("x")))


@given(st.text(st.sampled_from("  \n\tab"), max_size=40), st.integers(1, 6), cuts)
def test_blanks_are_counted_over_pieces(text: str, allowed: int, cut: Cut) -> None:
    for pieces in (cut(text), [text]):
        run = BlankRun(Limits(whitespace_run=allowed))
        exceeded = False
        for piece in pieces:
            try:
                run.read(f"<{piece}>", 1, 1 + len(piece))
            except LimitExceededError:
                exceeded = True
                break
        assert exceeded == (longest_run(text) > allowed)


def test_something_else_ends_a_run_of_blanks() -> None:
    run = BlankRun(Limits(whitespace_run=3))
    for _ in range(5):
        run.read("   ", 0, 3)
        run.reset()
    run.read("  ", 0, 2)
    run.read("", 0, 0)
    run.read(" x", 0, 2)
    run.read("   ", 0, 3)
    with pytest.raises(LimitExceededError):
        run.read(" ", 0, 1)


AT = Position(50, 3, 40)


@pytest.mark.parametrize(
    ("raw", "complete", "reason", "offset", "path"),
    [
        ('{"a":1}', True, None, 0, ()),
        ("12", True, None, 0, ()),
        ('{"a":tru}', True, "expected 'true'", 8, ("r", 0, "a")),
        ('{"a":1}]', True, "unexpected ']' behind a value", 7, ("r", 0)),
        ("tru", True, "unexpected end of a value", 3, ("r", 0)),
        ("1.", True, "unexpected end of a value", 2, ("r", 0)),
        ("-", True, "unexpected end of a value", 1, ("r", 0)),
        ('{"a"', True, "unexpected end of a value", 4, ("r", 0)),
        ('"x" 1', True, "unexpected ' ' behind a value", 3, ("r", 0)),
        ('{"a"', False, None, 0, ()),
        ("1.", False, None, 0, ()),
        ("12", False, None, 0, ()),
        ("", False, None, 0, ()),
        ('{"a" 1', False, "expected ':'", 5, ("r", 0)),
        ("[1]]", False, "unexpected ']' behind a value", 3, ("r", 0)),
    ],
)
def test_the_parsers_last_word(
    raw: str, complete: bool, reason: str | None, offset: int, path: tuple[str | int, ...]
) -> None:
    error = find_syntax_error(raw, AT, ("r", 0), complete=complete)
    if reason is None:
        assert error is None
        return
    assert isinstance(error, JSONSyntaxError)
    assert error.reason.startswith(reason)
    assert (error.offset, error.line, error.path) == (50 + offset, 3, path)
    assert error.column == 11 + offset


def test_a_slice_that_is_too_deep_gets_no_verdict() -> None:
    with pytest.raises(LimitExceededError):
        find_syntax_error("[[[1x", AT, (), limits=Limits(depth=2))


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ('{"a":1,"b":{"c":2},"d":[{"e":3}]}', ["a", "b", "d"]),
        ('{"\\u0061":1,"a":2}', ["a"]),
        ('{"a":' + "1" * 5000 + "}", ["a"]),
        ('{"a":{"b":' + "1" * 5000 + '},"c":2}', ["a", "c"]),
        ("{}", []),
        ('[{"a":1}]', []),
        ('"a"', []),
    ],
)
def test_the_names_of_an_objects_own_members(raw: str, names: list[str]) -> None:
    assert member_names(raw, AT, (), Limits()) == names


def test_the_names_of_what_is_malformed_are_refused() -> None:
    with pytest.raises(JSONSyntaxError) as raised:
        member_names('{"a" 1}', AT, ("r", 0), Limits())
    assert (raised.value.offset, raised.value.path) == (55, ("r", 0))


def test_what_a_shape_can_tell() -> None:
    shape = Shape(frozenset({"object", "null"}), frozenset({"a", "b"}))
    assert [char for char in KINDS if shape.may_begin(char)] == ["{", "n"]
    assert not shape.may_begin("x")
    assert shape.shares(["b", "c"])
    assert shape.shares([])
    assert not shape.shares(["c"])
    assert Shape(frozenset({"object"}), None).shares(["c"])
    assert not Shape(frozenset({"array"}), None).shares(["a"])
    assert all(map(ANYTHING.may_begin, KINDS))
