"""A list over several answers: each item once, in time, and nothing asked for that stands."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING

import pytest
from client_runs import LENGTH, instruction, schema_of
from patience import patiently
from retry_lists import (
    BOOK,
    FIVE,
    LAMP,
    REPAIR,
    RESUME,
    RUG,
    SHELF,
    VASE,
    Product,
    bad,
    behind,
    follow_up,
    listed,
    read,
    text_of,
    within,
)

from partialstream import AttemptFailed, AttemptStarted, Item, ItemRejected, ItemRepaired, Resumed
from partialstream.testing import Answer, ReplayServer, faults
from partialstream.usage import Usage

if TYPE_CHECKING:
    from retry_runs import Caller

pytestmark = pytest.mark.usefixtures("no_waits")

NEGATIVE = "price: Input should be greater than or equal to 0"


def everything() -> list[Answer]:
    """An invalid item, a reset, the token limit, an error event; then the rest, and the item."""
    reset = text_of(LAMP, bad(RUG), SHELF, VASE, BOOK)
    cut = text_of(SHELF, VASE, BOOK)
    error = text_of(VASE, BOOK)
    return [
        Answer(reset, fault=faults.Reset(within(reset, "Shelf"))),
        Answer(cut, fault=faults.LengthCut(within(cut, "Vase")), usage=Usage(10, 5)),
        Answer(error, fault=faults.ErrorEvent(within(error, "Book"))),
        listed(BOOK, usage=Usage(20, 7)),
        listed(RUG, usage=Usage(30, 9)),
    ]


@pytest.mark.parametrize("ordered", [False, True], ids=["as they come", "ordered"])
def test_a_stream_survives_anything(caller: Caller, mode: str, ordered: bool) -> None:
    run, requests = read(caller, everything(), mode=mode, ordered=ordered, max_retries=1)
    assert run.error is None
    items = run.all(Item)
    assert [item.index for item in items] == ([0, 1, 2, 3, 4] if ordered else [0, 2, 3, 4, 1])
    assert sorted((item.index, item.value) for item in items) == list(enumerate(FIVE))
    assert {item.index: item.attempt for item in items} == {0: 1, 2: 2, 3: 3, 4: 4, 1: 5}
    assert {item.index: item.path for item in items} == {n: ("items", n) for n in range(5)}
    stream = run.stream
    assert stream.outcome.ok
    assert stream.rejected == []
    # Those that were cut off before their usage came have cost something too.
    assert [each.usage and each.usage.complete for each in stream.attempts] == [
        *(False, True, False, True, True)
    ]
    estimated = sum(a.usage.estimated_output_tokens for a in stream.attempts)
    assert estimated > 10
    assert stream.usage == Usage(60, 21, complete=False, estimated_output_tokens=estimated)
    assert len(requests) == len(stream.attempts) == 5
    assert [(a.number, a.cause, a.outcome.status) for a in stream.attempts] == [
        (1, "request", "disconnected"),
        (2, "resume", "truncated"),
        (3, "resume", "disconnected"),
        (4, "resume", "complete"),
        (5, "repair", "complete"),
    ]


def test_what_is_said_to_the_model(caller: Caller, mode: str) -> None:
    _, requests = read(caller, everything(), mode=mode, max_retries=1)
    first = requests[0].body
    said = [
        None,
        follow_up(caller, mode, text_of(LAMP, bad(RUG)), RESUME.format(count=2)),
        follow_up(caller, mode, text_of(LAMP, bad(RUG), SHELF), RESUME.format(count=3)),
        follow_up(caller, mode, text_of(LAMP, bad(RUG), SHELF, VASE), RESUME.format(count=4)),
        follow_up(
            caller, mode, text_of(bad(RUG)), REPAIR.format(index=1, raw=bad(RUG), error=NEGATIVE)
        ),
    ]
    beside = [None, "first_index", "first_index", "first_index", "indexes"]
    for request, messages, name in zip(requests, said, beside, strict=True):
        rest = copy.deepcopy(request.body)
        if name is not None:  # the schema asks for one member more, before the list
            schema = schema_of(rest)
            assert list(schema["properties"]) == schema["required"] == [name, "items"]
            del schema["properties"][name], schema["required"][0]
        place = "input" if caller.api == "responses" else "messages"
        assert rest.pop(place) == first[place] + (messages or [])
        assert rest == {name: value for name, value in first.items() if name != place}


def test_the_events_tell_of_it_in_order(caller: Caller) -> None:
    run, _ = read(caller, everything(), max_retries=1)
    kinds = (AttemptStarted, AttemptFailed, Resumed, Item, ItemRejected, ItemRepaired)
    told = [value for value in run.values if isinstance(value, kinds)]
    assert [type(event).__name__ for event in told] == [
        *("AttemptStarted", "Item", "ItemRejected", "AttemptFailed"),
        *("AttemptStarted", "Resumed", "Item", "AttemptFailed"),
        *("AttemptStarted", "Resumed", "Item", "AttemptFailed"),
        *("AttemptStarted", "Resumed", "Item", "AttemptFailed"),
        *("AttemptStarted", "ItemRepaired", "Item"),
    ]
    assert [event.kept for event in run.all(Resumed)] == [2, 3, 4]
    repaired = run.only(ItemRepaired)
    assert repaired.attempt == 5
    assert repaired.rejected == run.only(ItemRejected).item
    assert (repaired.rejected.index, repaired.rejected.raw) == (1, bad(RUG))
    assert [re.split("[:;]", str(e.error))[0] for e in run.all(AttemptFailed)] == [
        "the connection ended before the response did",
        f"the response ends before the document does (finish reason {LENGTH[caller.api]!r})",
        "the provider sent an error",
        "item 1 does not validate",
    ]


def test_the_values_are_the_items(caller: Caller) -> None:

    with ReplayServer(everything()) as server:
        run = caller(server).read("create_iterable", response_model=Product, max_retries=1)
    assert run.values == [LAMP, SHELF, VASE, BOOK, RUG]
    assert run.stream.timing.total >= max(run.stream.timing.items)


def test_items_beside_an_invalid_one_are_in_time(caller: Caller, mode: str) -> None:
    text = text_of(LAMP, bad(RUG), SHELF)

    def check(pause: float) -> None:  # seconds, behind the last item
        answer = Answer(text, fault=faults.Stall(behind(text, '"price": 3}'), seconds=pause))
        run, requests = read(caller, [answer, listed(RUG)], mode=mode, max_retries=1)
        items = run.all(Item)
        assert [(item.index, item.value) for item in items] == [(0, LAMP), (2, SHELF), (1, RUG)]
        first, second = run.stream.attempts
        assert (first.cause, second.cause) == ("request", "repair")
        assert first.duration - items[1].received_at > pause / 2, "long before the stream ends"
        assert items[2].received_at > first.duration >= pause
        asked = requests[1].received_at - requests[0].received_at
        assert pause <= asked < items[2].received_at + pause / 8
        assert bad(RUG) in instruction(requests[1].body)
        assert len(requests) == 2

    patiently(check, 0.4)
