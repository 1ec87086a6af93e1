"""Where a quote stands in a text, against what the words say it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partialstream.results import Span
from partialstream.validation.quotes import SourceText


def found(text: str, quote: str) -> tuple[str, str] | None:
    """What was found, and how."""
    span = SourceText(text).find(quote)
    return None if span is None else (text[span.start : span.end], span.match)


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        ("3 x Lamp, 2 x Rug", "Lamp", ("Lamp", "exact")),
        ("Invoice\n  No. 7", "Invoice No. 7", ("Invoice\n  No. 7", "blanks")),
        ("Invoice No. 7", " Invoice \t No. 7\n", ("Invoice No. 7", "blanks")),
        ("a\u00a0b", "a b", ("a\u00a0b", "blanks")),
        ("a b", "ab", None),
        ("ab", "a b", None),
        ("THE LAMP", "the  lamp", ("THE LAMP", "case")),
        ("Große Straße", "GROSSE STRASSE", ("Große Straße", "case")),
        ("Straße", "stras", None),  # half of a ß
        ("Straße", "se", None),
        ("Maß ss", "SS", ("ß", "case")),
        ("ﬁn", "i", None),  # half of a ligature
        ("ﬁn", "FI", ("ﬁ", "case")),
        ("ΟΔΟΣ", "οδος", ("ΟΔΟΣ", "case")),
        ("x", "", None),
        ("x y", "  ", None),
        ("", "x", None),
        ("😀 a  😀", "😀 A 😀", ("😀 a  😀", "case")),
    ],
)
def test_examples(text: str, quote: str, expected: tuple[str, str] | None) -> None:
    assert found(text, quote) == expected


def test_the_best_kind_counts_before_the_first_place() -> None:
    text = "LAMP  a lamp  a  lamp"
    assert SourceText(text).find("a  lamp") == Span(14, 21, "exact")
    assert SourceText(text).find("a lamp") == Span(6, 12, "exact")
    assert SourceText("A B a  b").find("a b") == Span(4, 8, "blanks")
    assert SourceText("x x").find("x") == Span(0, 1, "exact")


letters = st.sampled_from("aAbBßẞ\u017f\u212aﬁİ  \n\t\u00a0\u2028é😀")
texts = st.lists(letters, max_size=30).map("".join)


def collapsed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def oracle(text: str, quote: str) -> Span | None:
    """All places are looked at, the best kind first."""
    if not collapsed(quote):
        return None
    size = len(text)
    # A place begins and ends with a character of the quote, not in a run of blanks.
    places = [
        (start, end)
        for start in range(size)
        for end in range(start + 1, size + 1)
        if not (text[start].isspace() or text[end - 1].isspace())
    ]
    if quote in text:
        return Span(text.index(quote), text.index(quote) + len(quote), "exact")
    for start, end in places:
        if collapsed(text[start:end]) == collapsed(quote):
            return Span(start, end, "blanks")
    for start, end in places:
        if collapsed(text[start:end]).casefold() == collapsed(quote).casefold():
            return Span(start, end, "case")
    return None


@given(texts, texts)
def test_any_text_against_the_oracle(text: str, quote: str) -> None:
    assert SourceText(text).find(quote) == oracle(text, quote)


@given(texts, st.data())
def test_what_was_taken_from_the_text_is_found(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    changes = [lambda part: part, str.upper, lambda part: re.sub(r"\s+", "  ", part)]
    quote = data.draw(st.sampled_from(changes))(text[start:end])
    span = SourceText(text).find(quote)
    assert span == oracle(text, quote)


def test_a_long_text_is_not_gone_through_by_the_character_for_each_quote() -> None:
    from time import perf_counter

    def seconds(size: int, quotes: int) -> float:
        source = SourceText("Some words, and\nothers. " * size)
        source.find("not there")  # makes the other forms
        began = perf_counter()
        for number in range(quotes):
            source.find(f"WORDS, AND OTHERS{number}")
        return perf_counter() - began

    few = min(seconds(2000, 20) for _ in range(3))
    many = min(seconds(4000, 20) for _ in range(3))
    assert many < 4 * few + 0.01
