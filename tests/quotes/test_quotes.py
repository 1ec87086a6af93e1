"""Where a quote stands in a text, against what the words say it is."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import pytest
from growth import LINEAR, growth, ratio
from hypothesis import example, given
from hypothesis import strategies as st

from partialstream.results import Span
from partialstream.validation import quotes
from partialstream.validation.quotes import SourceText

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from growth import Run


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
        ("sßs", "SS", ("ß", "case")),  # it overlaps with a match that is half of a ß
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


@given(texts, st.lists(texts, max_size=5))
def test_several_quotes_in_one_text(text: str, several: list[str]) -> None:
    source = SourceText(text)
    for quote in several:
        assert source.find(quote) == oracle(text, quote)


@given(texts, st.data())
def test_what_was_taken_from_the_text_is_found(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    changes = [lambda part: part, str.upper, lambda part: re.sub(r"\s+", "  ", part)]
    quote = data.draw(st.sampled_from(changes))(text[start:end])
    span = SourceText(text).find(quote)
    assert span == oracle(text, quote)


# Matches that overlap, of which the first one is half of a ß.
@example("ß sss s ss", "S ss", 0)
@example("ßs sss sss", "SS sss", 0)
@given(st.text("sSßẞ ", max_size=40), st.text("sSßẞ ", max_size=9), st.sampled_from([0, 1, 2]))
def test_many_matches_inside_of_folded_characters(text: str, quote: str, tries: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quotes, "_TRIES", tries)
        assert SourceText(text).find(quote) == oracle(text, quote)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("\u201cred\u201d", '"red"'),  # curly and straight quotation marks
        ("it\u2019s", "it's"),
        ("3 x Lamp", "3 x Lamp."),  # a period that is not there
        ("Lamp.", "Lamp!"),
        ("de\u00adlivery", "delivery"),  # a soft hyphen
        ("deli-\nvery", "delivery"),  # a word that is broken at the end of a line
        ("deli\u200bvery", "delivery"),  # a space of no width
        ("caf\u00e9", "cafe\u0301"),  # composed and decomposed
        ("cafe\u0301", "caf\u00e9"),
        ("caf\u00e9", "cafe"),
        ("1\u20132", "1-2"),  # dashes
        ("and so on\u2026", "and so on..."),
        ("a &amp; b", "a & b"),
        ("\uff21\uff22", "AB"),  # of full width
        ("3 x red Lamp", "3 x Lamp"),  # something left out
        ("Lamp, Rug", "Lamp Rug"),
        ("**Lamp**", "* *Lamp**"),
    ],
)
def test_what_is_not_a_quote(text: str, quote: str) -> None:
    assert SourceText(text).find(quote) is None


MODELS_CHANGES = [
    lambda quote: quote + ".",
    lambda quote: quote.replace("'", "\u2019").replace('"', "\u201c"),
    lambda quote: unicodedata.normalize("NFD", quote),
    lambda quote: unicodedata.normalize("NFC", quote),
    lambda quote: quote.replace("-", "\u00ad"),
    lambda quote: quote.title(),
    lambda quote: quote.capitalize(),
    lambda quote: f" {quote}\n",
    lambda quote: re.sub(r"\s+", "\u00a0", quote),
    lambda quote: quote.replace("\n", ""),
    lambda quote: f'"{quote}"',
]
words = st.sampled_from(
    ["it's", "caf\u00e9", "cafe\u0301", '"red"', "co-op", "LAMP", "Lamp", "lamp.", "\n", "  ", " "]
)


@given(st.lists(words, max_size=6).map("".join), st.data())
def test_what_models_make_of_a_quote(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    quote = data.draw(st.sampled_from(MODELS_CHANGES))(text[start:end])
    assert SourceText(text).find(quote) == oracle(text, quote)


# -- time ----------------------------------------------------------------------------------


def searching(text: str, searched: Sequence[str]) -> Run:
    """Finds these."""

    def run() -> None:
        source = SourceText(text)
        for quote in searched:
            source.find(quote)

    return run


WORDS = " ".join(f"word{number * 7919 % 100_003:x}" for number in range(120_000))
"""More than a megabyte."""


def some_of(size: int, count: int) -> list[str]:
    starts = range(0, size - 60, (size - 60) // count)
    changes = [str, str.upper, lambda quote: quote.replace(" ", "  "), lambda quote: quote + "?"]
    return [changes[at % 4](WORDS[start : start + 40]) for at, start in enumerate(starts)][:count]


def test_quotes_of_a_long_text_cost_as_much_as_its_length() -> None:
    assert len(WORDS) > 1_000_000
    size = 250_000
    longer = growth(lambda size: searching(WORDS[:size], some_of(size, 100)), size)
    assert longer <= LINEAR
    more = growth(lambda count: searching(WORDS[:size], some_of(size, count)), 100)
    assert more <= LINEAR


def test_the_other_forms_of_a_text_are_made_once() -> None:
    text = WORDS[:200_000] + " \n ß"
    once = searching(text, ["NOT THERE"])
    assert ratio(once, searching(text, ["NOT THERE"] * 20), 10) < 10


@pytest.mark.parametrize(
    ("piece", "quote"),
    [
        (" ", lambda size: "a b"),
        ("a", lambda size: "a" * (size // 2) + "b"),
        ("a", lambda size: "b" + "a" * (size // 2)),
        ("A  ", lambda size: "a " * (size // 4) + "b"),
        ("ab", lambda size: "BA" * (size // 4) + "c"),
        ("ß", lambda size: "s" * (size | 1)),  # which is found only inside of characters
        ("ß", lambda size: "S" * 9),
        ("a\u0301", lambda size: "A\u0301" * (size // 4) + "b"),
    ],
)
def test_a_hostile_text(piece: str, quote: Callable[[int], str]) -> None:
    assert growth(lambda size: searching(piece * size, [quote(size)]), 8_000) <= LINEAR


def test_a_long_text_is_not_gone_through_by_the_character_for_each_quote() -> None:
    def searching_for(size: int) -> Run:
        source = SourceText("Some words, and\nothers. " * size)
        source.find("not there")  # makes the other forms

        def run() -> None:
            for number in range(20):
                source.find(f"WORDS, AND OTHERS{number}")

        return run

    assert growth(searching_for, 2000) <= LINEAR
