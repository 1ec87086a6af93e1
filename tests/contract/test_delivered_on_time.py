"""An item is delivered by the delta that holds its last character."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from runs import run_items, run_partial
from strategies import Cut, chances, cut_everywhere, cuts, ends_of, surroundings
from typed_documents import Flat, Pair, item_texts, typed_texts

_BLANKS = " \t\n\r"


def item_ends(text: str, start: int) -> list[int]:
    """How many characters have to arrive for each element of the array that opens at `start`.

    The last one, and for numbers one more: only the delimiter shows that it is the last.
    """
    decoder = json.JSONDecoder()
    ends: list[int] = []
    pos = start + 1
    while True:
        while text[pos] in _BLANKS:
            pos += 1
        if text[pos] == "]":
            return ends
        if text[pos] == ",":
            pos += 1
            continue
        _, end = decoder.raw_decode(text, pos)
        ends.append(end if text[end - 1] in '}]"' else end + 1)
        pos = end


def expected(ends: list[int], deltas: list[str]) -> list[int]:
    """How many items have been delivered after each delta."""
    return [sum(end <= arrived for end in ends) for arrived in ends_of(deltas)]


def array(items: list[str], chance: Any) -> str:
    blanks = ["", "", " ", "\n", "\t "]
    spaced = (chance.choice(blanks) + item + chance.choice(blanks) for item in items)
    return "[" + ",".join(spaced) + chance.choice(["", " "] if items else [""]) + "]"


WRAPPERS = (
    "{%s}",
    '{ "found": true, "n": 3,%s}',
    '{"note": "see [1] {x}",%s, "more": [{"zz": 1}]}',
    '{"meta": [{"zz": 1}, {"zz": 2}],%s , "other": {"deep": [[[]]]}}',
    '{"empty": [],%s}',
)


@given(item_texts(), chances, cuts, surroundings)
def test_items_of_a_root_array(
    typed: tuple[Any, list[str]], chance: Any, cut: Cut, around: tuple[str, str]
) -> None:
    type_, items = typed
    before, after = around
    if "{x}" in before or "`code`" in before or "Sure" in before or before.endswith(": "):
        # In prose a list counts if it has something in common with the type: a fixed one has.
        type_, items = Flat, ['{"name": "a", "price": 1}', '{"name": "[]", "price": 2.5}']
    text = before + array(items, chance) + after
    deltas = cut(text)
    run = run_items(type_, deltas)
    assert run.error is None
    assert run.after == expected(item_ends(text, len(before)), deltas)


@given(item_texts(), chances, cuts, st.sampled_from(WRAPPERS))
def test_items_of_a_list_in_a_wrapper(
    typed: tuple[Any, list[str]], chance: Any, cut: Cut, wrapper: str
) -> None:
    type_, items = typed
    if type_ not in (Flat, Pair):
        type_, items = Flat, ['{"name": "a", "price": 1}', '{"price": 2.5, "name": "}]"}']
    head, _, tail = wrapper.partition("%s")
    head += '"the items": '
    text = head + array(items, chance) + tail
    deltas = cut(text)
    run = run_items(type_, deltas)
    assert run.error is None
    assert run.after == expected(item_ends(text, len(head)), deltas)


@given(item_texts(), chances, cuts, st.sampled_from(WRAPPERS))
def test_items_at_a_path(typed: tuple[Any, list[str]], chance: Any, cut: Cut, wrapper: str) -> None:
    type_, items = typed
    head, _, tail = wrapper.partition("%s")
    head += '"the.items": {"0": [[], '
    text = head + array(items, chance) + "]}" + tail
    deltas = cut(text)
    run = run_items(type_, deltas, path=("the.items", "*", 1))
    assert run.error is None
    assert run.after == expected(item_ends(text, len(head)), deltas)


@given(item_texts(), cuts, st.sampled_from(["", "\n", " ", "\r\n\n"]))
def test_documents_in_a_row(typed: tuple[Any, list[str]], cut: Cut, between: str) -> None:
    type_, items = typed
    if type_ not in (Flat, Pair) or not items:
        type_, items = Flat, ['{"name": "a", "price": 1}', '{"price": 2.5, "name": "}{"}']
    deltas = cut(between.join(items) + between)
    ends = []
    for item in items:
        ends.append((ends[-1] + len(between) if ends else 0) + len(item))
    run = run_items(type_, deltas)
    assert run.error is None
    assert run.after == expected(ends, deltas)


@given(typed_texts(), cuts, surroundings)
@example((Flat, '{"name":"a","price":1}'), cut_everywhere, ("", "} "))
def test_the_object_is_complete_with_its_last_character(
    typed: tuple[Any, str], cut: Cut, around: tuple[str, str]
) -> None:
    model, text = typed
    before, _ = around
    deltas = cut(before + text)
    parser_run = run_partial(model, deltas)
    assert parser_run.error is None
    last = next(n for n, end in enumerate(ends_of(deltas)) if end >= len(before + text))
    assert parser_run.after[last] == len(parser_run.values)
    assert last == 0 or parser_run.after[last - 1] < len(parser_run.values)
