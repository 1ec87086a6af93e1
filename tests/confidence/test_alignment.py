"""Tokens find their places in the text, and what does not fit is left out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoken import CONTENT, random_sizes, random_tokens, token, tokens_of
from strategies import chances

from partialstream.deltas import Token
from partialstream.engine.alignment import Alignment

if TYPE_CHECKING:
    import random

NAN = float("nan")

# What comes in each chunk, the text and its tokens; then slices of the whole text and the
# logarithm that is to come out.
TABLE = {
    "a token that touches counts whole": (
        [('{"a":12', [('{"a', -1), ('":1', -2), ("2", -4)])],
        {(5, 7): -6, (6, 7): -4, (5, 6): -2, (0, 1): -1, (0, 7): -7},
    ),
    "parts of characters": (
        [("", [(b"\xe2", -1)]), ("€a", [(b"\x82\xac", -2), ("a", -4)])],
        {(0, 1): -3, (0, 2): -7, (1, 2): -4},
    ),
    "a token that ends inside of a character": (
        [("a€b", [(b"a\xe2", -1), (b"\x82", -2), (b"\xacb", -4)])],
        {(0, 1): -1, (1, 2): -7, (2, 3): -4},
    ),
    "tokens ahead of their text": (
        [("ab", [("ab", -1), ("cd", -2)]), ("c", []), ("d", [])],
        {(0, 2): -1, (2, 4): -2, (1, 3): -3},
    ),
    "a token whose text comes in pieces": (
        [("ab", [("abcd", -1)]), ("cd", [("e", -2)]), ("e", [])],
        {(0, 4): -1, (3, 5): -3},
    ),
    "tokens behind their text": (
        [("ab", [("a", -1)]), ("c", [("b", -2)]), ("", [("c", -4)])],
        {(0, 3): -7, (1, 2): -2},
    ),
    "a special token in its own chunk": (
        [("a", [("a", -1)]), ("", [("<|x|>", -8)]), ("b", [("b", -2)])],
        {(0, 2): -3, (1, 2): -2},
    ),
    "special tokens in the midst": (
        [("abc", [("<|x|>", -8), ("a", -1), ("<|y|>", -8), ("<|z|>", -8), ("bc", -2)])],
        {(0, 3): -3, (1, 2): -2},
    ),
    "a text without tokens in between": (
        [("ab", [("ab", -1)]), ("xx", []), ("cd", [("c", -2), ("d", -4)])],
        {(0, 2): -1, (4, 6): -6, (2, 3): None, (1, 5): None, (3, 5): None},
    ),
    "a text that the provider has changed": (
        [("é12,3", [("\ufffd", -8), ("1", -1), ("2", -2), (",", 0), ("3", -4)])],
        {(1, 3): -3, (0, 1): None, (0, 3): None, (4, 5): -4},
    ),
    "the next chunk puts it right": (
        [("abc", [("xyz", -8)]), ("de", [("de", -1)])],
        {(0, 1): None, (2, 4): None, (3, 5): -1},
    ),
    "a number that is none": ([("ab", [("a", NAN), ("b", -1)])], {(0, 1): None, (1, 2): -1}),
    "more than certain": ([("ab", [("a", 0.5), ("b", -1)])], {(0, 2): -1}),
    "impossible": ([("ab", [("a", -math.inf), ("b", -1)])], {(0, 2): -math.inf}),
    "empty tokens": ([("ab", [("", -8), ("ab", -1), ("", -8)])], {(0, 2): -1}),
    "half a surrogate pair": ([("a\ud83d1", [("a", -1), ("\ufffd", -8), ("1", -2)])], {(2, 3): -2}),
}


def align(chunks: list[tuple[str, list[Token]]], offset: int = 0) -> Alignment:
    alignment = Alignment(offset)
    for text, tokens in chunks:
        alignment.take(text, tokens)
    return alignment


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("offset", [0, 100])
def test_the_tokens_of_a_slice(name: str, offset: int) -> None:
    chunks, slices = TABLE[name]
    alignment = align([(text, tokens_of(*pairs)) for text, pairs in chunks], offset)
    assert alignment.end == offset + sum(len(text) for text, _ in chunks)
    found = {(start, end): alignment.logprob(offset + start, offset + end) for start, end in slices}
    assert found == slices


def spoken_by(tokens: list[Token]) -> dict[tuple[int, int], float]:
    """By the character, the tokens of which it consists."""
    text = b"".join(each.data for each in tokens).decode()
    character_of = [n for n, char in enumerate(text) for _ in char.encode()]
    found: dict[tuple[int, int], float] = dict.fromkeys(((n, n + 1) for n in range(len(text))), 0.0)
    place = 0
    for each in tokens:
        for n in set(character_of[place : place + len(each.data)]):
            found[n, n + 1] += each.logprob
        place += len(each.data)
    return found


def regrouped(
    tokens: list[Token], chance: random.Random, *, late: bool, special: bool
) -> list[tuple[str, list[Token]]]:
    """The same tokens in other chunks, whose text may come later than they do."""
    rest = b"".join(each.data for each in tokens).decode()
    chunks: list[tuple[str, list[Token]]] = []
    said = 0
    for size in random_sizes(len(tokens), chance):
        part, tokens = tokens[:size], tokens[size:]
        said += sum(len(each.data) for each in part)
        if special and chance.random() < 0.3:
            part.insert(chance.randint(0, len(part)), token(b"\xff<|x|>", -9))
        ready = 0  # characters whose tokens have come
        while ready < len(rest) and len(rest[: ready + 1].encode()) <= said:
            ready += 1
        if late:
            ready = chance.randint(0, ready)
        said -= len(rest[:ready].encode())
        chunks.append((rest[:ready], part))
        rest = rest[ready:]
    return [*chunks, (rest, [])]


@given(st.text(st.sampled_from('ab"1€😀 '), max_size=40), chances, st.booleans(), st.booleans())
def test_chunks_make_no_difference(
    text: str, chance: random.Random, late: bool, special: bool
) -> None:
    tokens = random_tokens(text, chance)
    alignment = align(regrouped(tokens, chance, late=late, special=special))
    expected = spoken_by(tokens)
    assert {place: alignment.logprob(*place) for place in expected} == expected
    assert alignment.end == len(text)


@given(st.lists(st.tuples(st.text(max_size=5), st.lists(st.binary(max_size=4), max_size=4))))
def test_no_tokens_make_it_fail(chunks: list[tuple[str, list[bytes]]]) -> None:
    alignment = align([(text, [token(data, -1) for data in datas]) for text, datas in chunks])
    assert alignment.end == sum(len(text) for text, _ in chunks)
    for start in range(alignment.end):
        logprob = alignment.logprob(start, start + 1)
        assert logprob is None or logprob <= -1
        assert (logprob is None) or alignment.touches(start, start + 1)


def test_the_tokens_of_a_text_are_told_with_its_last_character() -> None:
    alignment = Alignment()
    first, second, third = tokens_of(("a}", -1), (",{", -2), ("b", -4))
    alignment.take("a},{b", [first, second, third])
    assert alignment.ending_in(1) == ()
    assert alignment.ending_in(2) == (first,)
    assert alignment.ending_in(2) == (second, third)
    alignment.take("c", [])
    assert alignment.ending_in(1) == ()


def test_a_token_counts_as_soon_as_its_text_begins() -> None:
    alignment = align([("[1", tokens_of(("[1", -1), ("2},", -2)))])
    assert alignment.logprob(1, 2) == -1
    alignment.take("2}", [])
    assert (alignment.logprob(1, 3), alignment.logprob(3, 4)) == (-3, -2)
    assert alignment.logprob(4, 5) is None
    alignment.release(4)
    alignment.take(",", [])
    assert (alignment.logprob(3, 4), alignment.logprob(2, 5)) == (-2, -2)
    wrong = align([("a", tokens_of(("ab", -1), ("cd", -2)))])
    assert wrong.logprob(0, 1) == -1
    wrong.take("xcd", [])
    assert (wrong.logprob(0, 1), wrong.logprob(2, 4)) == (None, -2)


def test_released_tokens_are_gone() -> None:
    alignment = align([("abcd", tokens_of(("a", -1), ("bc", -2), ("d", -4)))])
    alignment.release(2)
    assert [alignment.logprob(n, n + 1) for n in range(4)] == [None, -2, -2, -4]
    alignment.release(4)
    assert not alignment.touches(0, 4)


def test_what_is_kept_is_bounded() -> None:
    alignment = Alignment(keeps=100)
    for _ in range(1000):
        alignment.take("ab", tokens_of(("a", -1), ("b", -2)))
    assert alignment.logprob(1900, 2000) == -150
    assert alignment.logprob(1700, 1702) is None
    waiting = Alignment()
    for _ in range(200):
        waiting.take("", [token("x" * 10, -1)] * 10)  # their text never comes
        waiting.take("y" * 1000, [])  # nor do tokens for this
    waiting.take("z", [Token(CONTENT, b"z", -1)])
    assert waiting.logprob(200_000, 200_001) == -1
    waiting.take("", tokens_of(*([("1", -1)] * 3000)))
    for _ in range(3000):
        waiting.take("1", [])
    assert waiting.logprob(200_001, 200_002) == -1
    assert waiting.logprob(201_024, 201_025) == -1
    assert waiting.logprob(201_025, 201_026) is None
    for _ in range(100):
        waiting.take("y" * 1000, [])
    waiting.take("", tokens_of(("y" * 1000, -1)))
    assert waiting.logprob(220_000, 220_001) is None
    assert waiting.logprob(303_001 - 64 * 1024, 303_002 - 64 * 1024) == -1
