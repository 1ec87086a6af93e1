"""Cutting the same text anywhere gives the same items, objects, events and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runs import run_items, shown
from strategies import (
    Cut,
    Fault,
    cuts,
    ends_of,
    faults,
    surroundings,
    texts,
)
from typed_documents import Flat, Report, Rows, item_texts, typed_texts

from partialstream import (
    Finished,
    Item,
    PartialParser,
    PartialStreamError,
    TextDelta,
    stream_items,
    stream_partial,
)
from partialstream.testing import every_cut, recut_bytes, sse_body

if TYPE_CHECKING:
    from pydantic import BaseModel

NOTHING = Fault("insert", 0)


def listed(items: list[str], form: str) -> str:
    if form == "array":
        return "[" + ", ".join(items) + "]"
    if form == "wrapper":
        return '{"a": [1], "items": [' + ",".join(items) + '], "b": {}}'
    return "\n".join(items)


@given(
    item_texts(),
    st.sampled_from(["array", "wrapper", "row"]),
    surroundings,
    st.just(NOTHING) | faults,
    cuts,
    st.sampled_from(["raise", "skip"]),
)
def test_items(
    typed: tuple[Any, list[str]],
    form: str,
    around: tuple[str, str],
    fault: Fault,
    cut: Cut,
    on_invalid: str,
) -> None:
    type_, items = typed
    text = fault(around[0] + listed(items, form) + around[1])
    whole = run_items(type_, [text], on_invalid=on_invalid)
    assert run_items(type_, cut(text), on_invalid=on_invalid).result == whole.result
    assert run_items(type_, list(text), on_invalid=on_invalid).result == whole.result


def states(model: type[BaseModel], deltas: list[str]) -> list[tuple[Any, str]]:
    """What there is to be seen after each delta and at the end: the snapshot, or the error."""
    parser: PartialParser[Any] = PartialParser(model)
    seen: list[tuple[Any, str]] = []
    for delta in [*deltas, None]:
        try:
            parser.feed(delta) if delta is not None else parser.finish()
        except PartialStreamError as error:
            # What was right before the wrong character is not shown if the delta holds both.
            return [*seen, (None, f"{type(error).__name__}: {error}")]
        seen.append((shown(parser.snapshot), ""))
    return seen


@given(typed_texts(), surroundings, st.just(NOTHING) | faults, cuts)
def test_the_state_of_an_object_depends_on_what_has_arrived_only(
    typed: tuple[type[BaseModel], str], around: tuple[str, str], fault: Fault, cut: Cut
) -> None:
    model, text = typed
    text = fault(around[0] + text + around[1])
    by_characters = [(shown(None), ""), *states(model, list(text))]
    for deltas in (cut(text), [text]):
        found = states(model, deltas)
        for end, state in zip([*ends_of(deltas), len(text) + 1], found, strict=False):
            assert state == by_characters[min(end, len(by_characters) - 1)]
        assert found[-1] == by_characters[-1]


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (Flat, '{"items": [{"name": "a}\\"", "price": 1e3}, {"name": "é😀", "price": -0}]}'),
        (Flat, 'see [1]:\n```json\n[{"price": 1, "name": "\\ud83d\\ude00"}]\n```'),
        (Flat, '{"name": "a", "price": 1}\n{"name": "b", "price": 2} '),
        (int, "<think>[x]</think>[1, 23, -4]"),
        (Flat, '[{"name": "a", "price": 1}, {"name": 3, "price": 1}, {"name": "c", "price": 3}'),
        (Flat, '[{"name": "a", "price": 1}, {"name": "b" "price": 2}]'),
    ],
)
def test_items_cut_in_two_at_every_place(type_: Any, text: str) -> None:
    whole = run_items(type_, [text], on_invalid="skip")
    for halves in every_cut(text):
        assert run_items(type_, list(halves), on_invalid="skip").result == whole.result
        assert (
            run_items(type_, ["", halves[0], "", "", halves[1], ""], on_invalid="skip").result
            == whole.result
        )


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Report, 'so {x}: {"title": "\\ud83d\\ude00\\n", "sections": [{"bullets": ["", "]"]}]} ok'),
        (Rows, '\ufeff```json\n[{"left": "a", "right": [1, 2]}]\n```'),
        (Flat, '{"name": "App\\Http"}'),
        (Flat, '{"name": "a", "price": 1}}'),
    ],
)
def test_objects_cut_in_two_at_every_place(model: type[BaseModel], text: str) -> None:
    final = states(model, [text])[-1]
    for halves in every_cut(text):
        assert states(model, list(halves))[-1] == final


def joined(events: list[Any]) -> list[Any]:
    """Events with neighbouring text deltas joined."""
    result: list[Any] = []
    for event in events:
        if isinstance(event, Item):
            event = (event.value, event.index, event.path, event.raw)
        last = result[-1] if result else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta):
            assert event.text, "a text delta is never empty"
            result[-1] = TextDelta(last.text + event.text, event.channel)
        else:
            result.append(event)
    return result


@given(st.lists(texts, max_size=3), st.lists(texts, max_size=2), st.integers(0, 1000), cuts)
def test_the_events_of_an_item_stream(
    names: list[str], more: list[str], seed: int, cut: Cut
) -> None:
    """An item is told of at the end of the delta that completes it, so each ends one here."""
    deltas = ["["]
    for name in names + more:
        item = Flat(name=name, price=1).model_dump_json()
        deltas += [*([", "] if len(deltas) > 1 else []), item]
    deltas.append("]")
    expected = joined(list(stream_items(Flat, deltas).events()))
    assert isinstance(expected[-1], Finished)
    finer = [piece for delta in deltas for piece in cut(delta)]
    assert joined(list(stream_items(Flat, finer).events())) == expected
    body = recut_bytes(sse_body(finer), seed=seed, max_piece=40)
    over_sse = joined(list(stream_items(Flat, body).events()))
    assert [event for event in over_sse if not isinstance(event, TextDelta | Finished)] == [
        event for event in expected if not isinstance(event, TextDelta | Finished)
    ]
    assert "".join(event.text for event in over_sse if isinstance(event, TextDelta)) == "".join(
        deltas
    )


@given(typed_texts(), st.integers(0, 1000), cuts)
def test_the_object_of_a_stream_of_bytes(
    typed: tuple[type[BaseModel], str], seed: int, cut: Cut
) -> None:
    model, text = typed
    expected = shown(model.model_validate_json(text))
    assert shown(stream_partial(model, cut(text)).final()) == expected
    body = recut_bytes(sse_body(cut(text)), seed=seed, max_piece=30)
    snapshots = list(stream_partial(model, body))
    assert shown(snapshots[-1]) == expected
