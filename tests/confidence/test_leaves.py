"""Strings, numbers and words are found in any JSON text, cut anywhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoken import spans_of
from strategies import cut_by, cut_everywhere, json_texts

from partialstream.stream.confidence import Leaf, LeafReader, leaves


def read(pieces: list[str], offset: int = 0) -> LeafReader:
    reader = LeafReader(offset)
    for piece in pieces:
        reader.feed(piece)
    reader.finish()
    return reader


def spans(reader: LeafReader) -> dict[tuple[str | int, ...], tuple[int, int]]:
    """Of an empty string the quote, as confidences have it."""
    return {
        path: place
        for path, leaf in leaves(reader.root)
        if leaf.end is not None and (place := leaf.slice(reader.offset))
    }


TEXTS = [
    ('{"a": "x", "b": [1, {"c": null}], "d": ""}', ["x", "1", "null", '"']),
    (" [true , false,-1.5e3 ,\n[ ] , { }]", ["true", "false", "-1.5e3"]),
    ('"a \\" \\\\"', ['a \\" \\\\']),
    ("12", ["12"]),
    ('{"\\u0061\\"": {"": 0}}', ["0"]),
    ('{"a": {"x": 1, "y": 2}, "b": 3, "a": [4]}', ["3", "4"]),
    ('{"a": 1, "a": 2}', ["2"]),
    ("NaN", ["NaN"]),
]

NO_JSON = ['{"\\x": 1}', "]1,2", '{"a" "b": 1}', "{,}", '{"a": tru}', "a b"]


@pytest.mark.parametrize(("text", "values"), TEXTS)
def test_the_texts_of_leaves(text: str, values: list[str]) -> None:
    for pieces in ([text], list(text), cut_by(3)(text)):
        found = spans(read(pieces))
        assert [text[start:end] for start, end in found.values()] == values
        assert found == spans_of(text)


@given(json_texts, st.integers(0, 9), st.integers(1, 9))
def test_every_leaf_is_found_whatever_the_cut(text: str, blanks: int, size: int) -> None:
    expected = spans_of(text)
    for pieces in ([text], cut_everywhere(text), cut_by(size)(text)):
        assert spans(read([" " * blanks, *pieces])) == {
            path: (start + blanks, end + blanks) for path, (start, end) in expected.items()
        }
        assert list(spans(read(pieces, offset=blanks))) == list(expected)


def test_an_open_string_is_there_an_open_number_is_not() -> None:
    reader = LeafReader()
    reader.feed('{"a": "x')
    assert isinstance(reader.root, dict)
    leaf = reader.root["a"]
    assert isinstance(leaf, Leaf)
    assert (leaf.start, leaf.end) == (7, None)
    reader.feed('y", "b": 12')
    assert leaf.end == 9
    assert "b" not in reader.root
    reader.feed("}")
    assert "b" in reader.root


@pytest.mark.parametrize(
    ("text", "slices"),
    [
        # what there is of the first element, as far as each character
        ('["ab",', [None, None, (2, 3), (2, 4), (2, 4), (2, 4)]),
        ('["",', [None, None, (2, 3), (2, 3)]),
        ("[12,", [None, None, None, (1, 3)]),
        ("[true,", [None, None, None, None, None, (1, 5)]),
        ("[-1.5e3,", [None] * 7 + [(1, 7)]),
    ],
)
def test_how_much_of_a_leaf_is_there(text: str, slices: list[Any]) -> None:
    growing, whole = LeafReader(), read([text])
    assert isinstance(whole.root, dict)
    leaf = whole.root[0]
    assert isinstance(leaf, Leaf)
    for upto, expected in enumerate(slices, start=1):
        growing.feed(text[upto - 1])
        # Whether asked at once, or with hindsight.
        at_once = [each.slice(upto) for _, each in leaves(growing.root)]
        assert (at_once or [None]) == [leaf.slice(upto)] == [expected]


@pytest.mark.parametrize("text", NO_JSON)
def test_what_is_no_json_makes_no_trouble(text: str) -> None:
    assert spans(read([text])) == spans(read(list(text)))


def test_what_stands_behind_the_document_is_not_read() -> None:
    assert spans(read(['{"a": 1} ```', ' "b"', " 2"])) == {("a",): (6, 7)}


@given(st.text(st.sampled_from('ab"\\{}[]:,1 '), max_size=30), st.integers(1, 5))
def test_no_text_makes_it_fail(text: str, size: int) -> None:
    assert spans(read(cut_by(size)(text))) == spans(read([text]))
