"""The engine's parser and pydantic's take the same texts, to the last character."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import Cut, Fault, cuts, json_texts, mutations
from verdicts import engine_accepts, pydantic_accepts

lone_surrogates = st.sampled_from(["\ud83d", "\ude00", "\\ud83d", "\\ude00", "\\ud83d\\u0041"])
soup = st.text(
    st.sampled_from('{}[]:,"\\/bfnrtu0123456789-+.eEdDaAcC \n\t\x00é') | st.characters(),
    max_size=12,
)
_PIECES = (
    '[ ] { } , : " "a" \\ \\u00 \\ud83d \\ude00 41 0 1 - . e E + true nul null NaN Infin -Infinity'
)
word_soup = st.lists(st.sampled_from([*_PIECES.split(), " ", "\n"]), max_size=10).map("".join)


def stdlib_accepts(text: str) -> bool:
    def refuse(word: str) -> float:
        raise ValueError(word)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    return True


@given(json_texts, st.lists(mutations, min_size=1, max_size=3), cuts)
def test_mutated_documents(text: str, faults: list[Fault], cut: Cut) -> None:
    for fault in faults:
        text = fault(text)
    expected = pydantic_accepts(text)
    assert engine_accepts([text], allow_nan=True) == expected
    assert engine_accepts(cut(text), allow_nan=True) == expected
    strictly = engine_accepts([text])
    assert engine_accepts(cut(text)) == strictly
    # The standard library takes lone surrogates; in all else it is the judge.
    assert strictly == (stdlib_accepts(text) and expected)


@given(soup | word_soup, cuts)
@example("[1d5]", list)
@example("-NaN", list)
@example('"\\ud83d\\ud83d\\ude00"', list)
def test_texts_of_any_kind(text: str, cut: Cut) -> None:
    expected = pydantic_accepts(text)
    assert engine_accepts([text], allow_nan=True) == expected
    assert engine_accepts(cut(text), allow_nan=True) == expected


@given(json_texts, st.integers(0, 1000), lone_surrogates)
def test_lone_surrogates(text: str, place: int, half: str) -> None:
    place %= len(text) + 1
    text = text[:place] + half + text[place:]
    assert engine_accepts([text], allow_nan=True) == pydantic_accepts(text)
    assert engine_accepts(text, allow_nan=True) == pydantic_accepts(text)


@pytest.mark.parametrize("code", [*range(0x21), 0x7F, 0x80, 0x85, 0xA0, 0x2028, 0xFEFF, 0xFFFF])
@pytest.mark.parametrize("frame", ['"%s"', "[%s]", "%s[]", "[]%s", '{"%s":1}', "1%s", '"\\%s"'])
def test_special_characters_everywhere(code: int, frame: str) -> None:
    text = frame.replace("%s", chr(code))
    assert engine_accepts([text], allow_nan=True) == pydantic_accepts(text)
    assert engine_accepts(text, allow_nan=True) == pydantic_accepts(text)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_nesting_up_to_the_limit(opening: str) -> None:
    closing = opening.replace('"a":', "")[::-1].translate(str.maketrans("[{", "]}"))
    levels = sum(char in "[{" for char in opening)
    text = opening * (200 // levels) + "0" + closing * (200 // levels)
    assert engine_accepts([text])
    assert pydantic_accepts(text)
    for deeper in (f"[{text}]", f'{{"a":{text}}}'):
        assert not engine_accepts([deeper])
        assert not engine_accepts(deeper)
        assert not pydantic_accepts(deeper)


def test_one_level_more_passes_in_pydantic_if_it_is_empty() -> None:
    text = "[" * 201 + "]" * 201
    assert pydantic_accepts(text)
    assert not engine_accepts([text])  # the limit is the round number


@pytest.mark.parametrize("digits", [19, 20, 400, 4299])
@pytest.mark.parametrize("form", ["%s", "-%s", "%s.5", "%se-5", "0.%s"])
def test_huge_numbers(digits: int, form: str) -> None:
    text = form.replace("%s", "7" * digits)
    assert engine_accepts([text])
    assert pydantic_accepts(text)


def test_the_grammar_has_no_limit_on_digits_but_jiter_has() -> None:
    text = "7" * 4301
    assert engine_accepts([text])
    assert not pydantic_accepts(text)
