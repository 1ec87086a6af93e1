"""`Merger` and `GrowingState`: fewer changes, the same state, and no more work than changes."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from arrived import State
from change_sequences import sequences
from growth import LINEAR, growth
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from partialstream import stream_partial, web
from partialstream.engine.changes import Change, GrowingState, Merger, merged

if TYPE_CHECKING:
    from collections.abc import Callable


@given(sequences(), st.integers(1, 5))
def test_fewer_changes_lead_to_the_same_state(changes: list[Change], size: int) -> None:
    before = copy.deepcopy(changes)
    bare, fewer, growing = State(), State(), GrowingState()
    merger = Merger()
    for start in range(0, len(changes), size):
        part = changes[start : start + size]
        bare.add(part)
        for change in part:
            merger.add(change)
            growing.apply(change)
        assert merger
        taken = merger.take()
        assert not merger
        assert taken == merged(part)
        assert len(taken) <= len(part)
        fewer.add(taken)
        assert fewer.value == bare.value == growing.value
    assert changes == before  # whoever holds them: they stay as they are


def test_merged_changes_are_in_the_order_of_the_document() -> None:
    changes = [
        Change(("a", 0, "text"), "append", "x"),
        Change(("a", 0, "text"), "complete"),
        Change(("a", 0, "size"), "set", 1),
        Change(("a", 0), "complete"),
        Change(("a", 1), "set", {}),
        Change(("a", 1, "text"), "set", "y"),
        Change(("a", 1, "text"), "append", "z"),
    ]
    assert merged(changes) == [
        Change(("a", 0, "text"), "append", "x"),
        Change(("a", 0, "size"), "set", 1),
        Change(("a", 0), "complete"),
        Change(("a", 1), "set", {"text": "yz"}),
    ]


def test_what_is_set_anew_is_not_complete() -> None:
    changes = [
        Change(("a",), "set", {"b": "x"}),
        Change(("a", "b"), "complete"),
        Change(("a",), "complete"),
        Change(("a",), "set", {"b": "y"}),
    ]
    assert merged(changes) == [Change(("a",), "set", {"b": "y"})]
    assert merged([*changes[:2], Change(("a", "b"), "set", "z")]) == [
        Change(("a",), "set", {"b": "z"})
    ]


class Card(BaseModel):
    name: str
    score: int


class Cards(BaseModel):
    cards: list[Card]


def deltas_of(count: int) -> list[str]:
    cards = [{"name": f"card {number}", "score": number} for number in range(count)]
    text = json.dumps({"cards": cards})
    return [text[start : start + 8] for start in range(0, len(text), 8)]


def encoding(wire: Any, throttle: float) -> Callable[[int], Callable[[], object]]:
    def make(count: int) -> Callable[[], object]:
        deltas = deltas_of(count)

        def run() -> None:
            for _ in web.encode(stream_partial(Cards, deltas), wire, throttle=throttle):
                pass

        return run

    return make


# `ai-sdk` sends the whole object with each change; a window bounds how often.
@pytest.mark.parametrize(
    ("wire", "throttle"),
    [("sse", 0.0), ("ag-ui", 0.0), ("object", 0.0), ("sse", 999.0), ("ai-sdk", 999.0)],
)
def test_a_long_list_costs_what_it_brings(wire: str, throttle: float) -> None:
    assert growth(encoding(wire, throttle), 1000) <= LINEAR


def test_patches_of_a_list_with_gaps() -> None:
    """A patch may not add behind the end of an array; where items were rejected is null."""
    changes = [Change((), "set", []), Change((2,), "set", "c"), Change((0,), "set", "a")]
    changes.append(Change((), "complete"))
    events = [json.loads(f[6:]) for f in web.encode(changes, "ag-ui", throttle=0)]
    assert [event["type"] for event in events[1:-1]] == [
        "STATE_SNAPSHOT",
        "STATE_SNAPSHOT",
        "STATE_DELTA",
    ]
    assert events[2]["snapshot"] == [None, None, "c"]
    assert events[3]["delta"] == [{"op": "replace", "path": "/0", "value": "a"}]
