"""Where a resumed response meets the list that is known."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from repeats import sent_again

from partialstream.client.retries.placing import Elements, resemble, same_key, same_text
from partialstream.client.retries.seam import Repairs, Seam, Sign

if TYPE_CHECKING:
    from collections.abc import Sequence


def raws_of(letters: str) -> list[str]:
    """Elements by letters: a short text for a small one, a long text for a capital."""
    return [f'"{letter}"' if letter.islower() else f'"{letter * 9}"' for letter in letters]


def seam_of(
    known: str,
    came: str,
    *,
    claim: int | None = None,
    interrupted: bool = False,
    refused: Sequence[int] = (),
    keyed: bool = False,
) -> tuple[int, int, int]:
    """Where it aligns, how many elements were sent again, after how many that was known."""
    texts = raws_of(known)
    seam = Seam(
        array("q", map(same_text, texts)),
        versions={},
        open_=set(refused),
        resembles=lambda index, raw: resemble(texts[index], raw),
        held=1000,
    )
    seam.claim(claim)
    decided = len(came) + 1
    for place, raw in enumerate(raws_of(came), 1):
        seam.feed(Sign(same_text(raw), raw, keyed))
        if seam.overlap is not None:
            decided = min(decided, place)
    start, length = seam.end(interrupted=interrupted)
    return start, length, decided


@pytest.mark.parametrize(
    ("known", "came", "start", "length", "decided"),
    [
        # What aligns with nothing is new, at once.
        ("y", "nyn", 1, 0, 1),
        ("ab", "cad", 2, 0, 1),
        ("AB", "CAD", 2, 0, 1),
        # From the start: two equal elements, or a long one, and on to the end of the list.
        ("ab", "abc", 0, 2, 2),
        ("A", "AB", 0, 1, 1),
        ("ABC", "ABCD", 0, 3, 3),
        # With the tail.
        ("abc", "bcd", 1, 2, 2),
        ("ABC", "CD", 2, 1, 1),
        ("ABC", "BCD", 1, 2, 2),
        # One equal short element is new.
        ("ab", "bc", 2, 0, 1),
        ("yn", "nyn", 2, 0, 1),
        ("ynnyy", "nyn", 5, 0, 3),
        # The longest alignment counts, and until then more may come.
        ("yyyyy", "yyyn", 2, 3, 4),
        ("yyyyy", "yyyyyn", 0, 5, 5),
        ("ABA", "ABAC", 0, 3, 3),
        ("ABA", "ABC", 2, 1, 3),
        # Looking like earlier ones is not enough, neither in the middle nor at the start.
        ("ABCD", "BCA", 4, 0, 3),
        ("ynnyn", "yny", 3, 2, 3),
        ("ynnyy", "ynyy", 5, 0, 3),
        ("ABC", "AC", 3, 0, 2),
        # A list of long elements that is begun anew, and left.
        ("ABCD", "ABX", 0, 2, 3),
    ],
)
def test_what_the_texts_show(known: str, came: str, start: int, length: int, decided: int) -> None:
    assert seam_of(known, came) == (start, length, decided)
    assert seam_of(known, came, interrupted=True) == (start, length, decided)


@pytest.mark.parametrize(
    ("known", "came", "length", "length_if_interrupted"),
    [
        ("ABCD", "AB", 2, 2),  # begun again, and no more
        ("ABCD", "BC", 0, 2),  # the tail again, if more was to come
        ("abcd", "ab", 0, 2),
        ("abcd", "bc", 0, 2),
        ("abcd", "a", 0, 0),
        ("abcd", "b", 0, 0),
        ("ABA", "AB", 1, 2),
        ("AAAA", "AA", 2, 2),
        ("ab", "", 0, 0),
    ],
)
def test_what_is_open_is_decided_at_the_end(
    known: str, came: str, length: int, length_if_interrupted: int
) -> None:
    assert seam_of(known, came)[1] == length
    assert seam_of(known, came, interrupted=True)[1] == length_if_interrupted


@pytest.mark.parametrize(
    ("known", "came", "claim", "start", "length", "decided"),
    [
        # An index says what the texts cannot.
        ("yn", "yn", 2, 2, 0, 1),
        ("A", "AB", 1, 1, 0, 1),
        ("yn", "ny", 1, 1, 1, 1),
        ("yyyy", "yyn", 2, 2, 2, 2),
        ("ABCD", "BC", 1, 1, 3, 1),
        # One that counts from 1.
        ("ab", "cd", 3, 2, 0, 1),
        ("ABC", "ABCD", 1, 0, 3, 3),
        ("aab", "aabc", 1, 0, 3, 3),
        ("AAB", "AABC", 1, 0, 3, 3),
        # No index at all.
        ("ab", "bc", 17, 2, 0, 1),
        ("abc", "bcd", 17, 1, 2, 2),
        # One that some of the elements support: the others are said anew.
        ("ABCD", "AXCDE", 0, 0, 4, 1),
        ("ABCD", "XBCDE", 0, 0, 4, 2),
        # One that nothing supports.
        ("ABCD", "XYZ", 0, 4, 0, 2),
        ("A", "XYZ", 0, 1, 0, 1),
        # One that another alignment refutes.
        ("ABCD", "CDE", 0, 2, 2, 2),
        ("abcd", "cde", 0, 2, 2, 2),
    ],
)
def test_what_an_index_says(
    known: str, came: str, claim: int, start: int, length: int, decided: int
) -> None:
    assert seam_of(known, came, claim=claim) == (start, length, decided)


def test_elements_that_are_said_anew_are_known_by_what_they_share() -> None:
    known = ['{"name": "saw", "price": 5}', '{"name": "axe", "price": 7}']
    came = ['{"name": "saw", "price": 6}', '{"name": "axe", "price": 8}', '{"name": "nail"}']
    seam = Seam(
        array("q", map(same_text, known)),
        versions={},
        open_=set(),
        resembles=lambda index, raw: resemble(known[index], raw),
        held=1000,
    )
    seam.claim(0)
    for raw in came:
        seam.feed(Sign(same_text(raw), raw, False))
    assert seam.end(interrupted=False) == (0, 2)


def test_an_invalid_element_may_come_better_among_those_that_come_again() -> None:
    assert seam_of("ABCD", "AXCDE", refused=[1]) == (0, 4, 4)
    assert seam_of("ABCD", "BXDE", refused=[2]) == (1, 3, 3)
    assert seam_of("AB", "XC", refused=[1]) == (2, 0, 1)  # nothing tells that it is that one
    assert seam_of("AB", "XC", refused=[1], claim=1) == (1, 1, 1)


def test_equal_keys_are_the_same_element_however_short() -> None:
    assert seam_of("abc", "cd", keyed=True) == (2, 1, 1)
    assert seam_of("abc", "cd", keyed=True, claim=3) == (2, 1, 1)
    assert seam_of("abc", "ad", keyed=True) == (0, 1, 2)
    assert seam_of("abc", "de", keyed=True, claim=3) == (3, 0, 1)


letters = st.text("aBC", max_size=10)


@given(letters.filter(bool), letters, st.booleans(), st.booleans())
def test_it_is_what_brute_force_finds(
    known: str, came: str, interrupted: bool, keyed: bool
) -> None:
    start, length, _ = seam_of(known, came, interrupted=interrupted, keyed=keyed)
    long = [letter.isupper() for letter in came]
    found = sent_again(raws_of(known), raws_of(came), long, keyed=keyed, interrupted=interrupted)
    assert (start, length) == found


@given(letters, letters, st.integers(0, 10))
def test_an_honest_index_is_always_right(before: str, rest: str, back: int) -> None:
    start = max(0, len(before) - back)
    came = before[start:] + rest
    for end in range(len(came) + 1):
        for interrupted in (False, True):
            found = seam_of(before, came[:end], claim=start, interrupted=interrupted)
            if before and end:
                assert found[:2] == (start, len(before) - start)


@settings(deadline=None)
@given(st.sampled_from([("a", "a"), ("ab", "ab"), ("aab", "aaab"), ("AB", "A")]))
def test_the_work_is_linear_however_often_the_list_repeats_itself(pattern: tuple[str, str]) -> None:
    compared = 0

    class Counting(Seam):
        def _is_equal(self, index: int, place: int) -> bool:
            nonlocal compared
            compared += 1
            return super()._is_equal(index, place)

    counts: list[int] = []
    for size in (500, 1000):
        compared = 0
        texts = raws_of((pattern[0] * size)[:size])
        seam = Counting(
            array("q", map(same_text, texts)),
            versions={},
            open_=set(),
            resembles=lambda index, raw: False,
            held=10**6,
        )
        for raw in raws_of((pattern[1] * size)[: size - 1]):
            seam.feed(Sign(same_text(raw), raw, False))
        seam.end(interrupted=False)
        counts.append(compared)
    assert counts[1] <= 2.5 * counts[0]


def test_no_more_is_held_back_than_allowed() -> None:
    texts = raws_of("ABCDEFGHIJ" * 100)
    seam = Seam(
        array("q", map(same_text, texts)),
        versions={},
        open_=set(),
        resembles=lambda index, raw: False,
        held=200,
    )
    held = 0
    for raw in texts:
        seam.feed(Sign(same_text(raw), raw, False))
        if seam.overlap is not None:
            break
        held += len(raw)
    assert held <= 200
    assert seam.overlap == (0, 1000)


def test_elements_are_known_though_their_texts_are_not_kept() -> None:
    elements = Elements(20)
    for number in range(100):
        elements.add(f'{{"n": {number}}}')
    assert elements.count == 100
    assert sum(map(len, elements.texts)) <= 20
    assert list(elements.tokens()) == [same_text(f'{{"n":{n}}}') for n in range(100)]
    assert elements.text(99) == '{"n": 99}'
    assert elements.text(0) is None


def test_elements_are_known_by_their_keys_where_they_have_some() -> None:
    elements = Elements(1000)
    for raw, key in (("1", None), ("2", "b"), ("3", None), ("4", ("b", -1)), ("5", ("b", -2))):
        elements.add(raw, key)
    tokens = elements.tokens()
    assert (tokens[0], tokens[2]) == (same_text("1"), same_text("3"))
    assert [tokens[1], tokens[3], tokens[4]] == [same_key(k) for k in ("b", ("b", -1), ("b", -2))]
    assert len(set(tokens)) == 5


# -- repairs -------------------------------------------------------------------------------


def repaired(
    known: str,
    asked: list[int],
    came: str,
    *,
    claim: list[int] | None = None,
    interrupted: bool = False,
) -> list[int | None]:
    """The indexes of the elements of a repair."""
    texts = raws_of(known)

    def is_known(sign: Sign, index: int | None) -> bool:
        if index is not None:
            return texts[index] == sign.raw
        return any(raw == sign.raw for n, raw in enumerate(texts) if n not in asked)

    repairs = Repairs(asked, {}, is_known, len(texts))
    if claim is not None:
        repairs.claim(claim)
    found: list[int | None] = []
    for raw in raws_of(came):
        found += repairs.feed(Sign(same_text(raw), raw, False), None)
    return found + repairs.end(interrupted=interrupted)


@pytest.mark.parametrize(
    ("known", "asked", "came", "indexes"),
    [
        ("AxC", [1], "B", [1]),
        ("AxCx", [1, 3], "BD", [1, 3]),
        ("AxCx", [1, 3], "B", [1]),
        # As many as were asked for, or fewer: the order counts, whatever they look like.
        ("AxC", [1], "A", [1]),
        ("yxn", [1], "y", [1]),
        ("AxCx", [1, 3], "AC", [1, 3]),
        # More: those that are known came again.
        ("AxC", [1], "AB", [None, 1]),
        ("AxC", [1], "BC", [1, None]),
        ("AxC", [1], "ABC", [None, 1, None]),
        ("AxCxE", [1, 3], "CDE", [None, 1, None]),
        ("yxnx", [1, 3], "yan", [None, 1, None]),
        # The whole list, in which a corrected one may well equal another.
        ("yxn", [1], "yyn", [None, 1, None]),
        ("AxC", [1], "AAC", [None, 1, None]),
        ("xAC", [0], "AAC", [0, None, None]),
        # More that nobody has asked for.
        ("AxC", [1], "BDE", [1, None, None]),
    ],
)
def test_a_repair_without_indexes(
    known: str, asked: list[int], came: str, indexes: list[int | None]
) -> None:
    assert repaired(known, asked, came) == indexes


@pytest.mark.parametrize(
    ("known", "asked", "claim", "came", "indexes"),
    [
        ("AxCx", [1, 3], [3, 1], "DB", [3, 1]),
        ("AxCx", [1, 3], [3], "D", [3]),
        ("AxCx", [1, 3], [0, 1], "AA", [None, 1]),
        ("AxCx", [1, 3], [1, 1], "BB", [1, None]),
        ("AxCx", [1, 3], [1], "BD", [1, None]),
        ("AxCx", [1, 3], [2], "C", [None]),
        # The places in the response instead of those in the list.
        ("AxCx", [1], [0], "B", [1]),
        ("ABCxxF", [3, 4], [0, 1], "DE", [3, 4]),
    ],
)
def test_a_repair_with_indexes(
    known: str, asked: list[int], claim: list[int], came: str, indexes: list[int | None]
) -> None:
    assert repaired(known, asked, came, claim=claim) == indexes


def test_a_repair_that_breaks_off_is_no_reason_to_take_a_known_item_for_another() -> None:
    assert repaired("AxC", [1], "A", interrupted=True) == [None]
