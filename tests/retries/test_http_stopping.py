"""Lists that end by wish, over several answers: what counts is what is handed over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from retry_lists import BOOK, LAMP, RUG, SHELF, VASE, Product, bad, read, text_of, within

from partialstream import (
    AttemptStarted,
    Finished,
    Item,
    ItemRejected,
    ItemRepaired,
    Outcome,
    Snapshot,
    TextDelta,
)
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from retry_runs import Caller, Run

pytestmark = pytest.mark.usefixtures("no_waits")

# In small deltas, in tokens, and all in one.
every_size = pytest.mark.parametrize("size", [1, 4, 10_000])


def answers(size: int, *texts: str | Answer) -> list[Answer]:
    given = (text if isinstance(text, Answer) else Answer(text) for text in texts)
    return [replace(answer, chunk_size=size) for answer in given]


def told(run: Run) -> list[tuple[int, Product]]:
    assert run.error is None
    assert isinstance(run.values[-1], Finished)
    assert run.values[-1].outcome == run.stream.outcome
    return [(item.index, item.value) for item in run.all(Item)]


@every_size
def test_no_repair_is_asked_for_behind_the_stop(caller: Caller, mode: str, size: int) -> None:
    said = answers(size, text_of(LAMP, bad(RUG), SHELF, bad(VASE), BOOK))
    run, requests = read(caller, said, mode=mode, max_retries=3, take=2)
    assert told(run) == [(0, LAMP), (2, SHELF)]
    assert run.stream.outcome == Outcome("cancelled", detail="take=2")
    assert [(each.index, each.raw) for each in run.stream.rejected] == [(1, bad(RUG))]
    assert [e.item.index for e in run.all(ItemRejected)] == [1]
    assert len(requests) == 1
    (attempt,) = run.stream.attempts
    assert attempt.outcome == run.stream.outcome
    assert len(run.stream.timing.items) == 2


@every_size
def test_repaired_items_count(caller: Caller, size: int) -> None:
    first = text_of(LAMP, bad(RUG), SHELF, bad(VASE), bad(BOOK))
    second = text_of(RUG, VASE, bad(BOOK))
    said = answers(size, first, second)
    run, requests = read(caller, said, max_retries=3, take=3)
    assert told(run) == [(0, LAMP), (2, SHELF), (1, RUG)]
    assert len(requests) == 2
    # What the same answer has repaired, or refused again, behind the stop is not told.
    assert [event.rejected.index for event in run.all(ItemRepaired)] == [1]
    rejected = [(each.index, each.raw, each.attempt) for each in run.stream.rejected]
    assert rejected == [(3, bad(VASE), 1), (4, bad(BOOK), 1)]
    causes = [(each.cause, each.outcome.status) for each in run.stream.attempts]
    assert causes == [("request", "complete"), ("repair", "cancelled")]


@every_size
def test_what_is_held_back_does_not_count(caller: Caller, size: int) -> None:
    said = answers(size, text_of(LAMP, bad(RUG), SHELF, VASE, BOOK), text_of(RUG))
    run, requests = read(caller, said, max_retries=1, take=3, ordered=True)
    assert told(run) == [(0, LAMP), (1, RUG), (2, SHELF)]
    assert run.stream.rejected == []
    assert len(requests) == 2
    assert run.stream.outcome == Outcome("cancelled", detail="take=3")


@every_size
def test_what_is_let_go_at_a_failure_counts(caller: Caller, size: int) -> None:
    text = text_of(LAMP, bad(RUG), SHELF, VASE, BOOK)
    said = answers(size, text, text_of(bad(RUG)))
    run, _ = read(caller, said, max_retries=1, take=3, ordered=True)
    assert told(run) == [(0, LAMP), (2, SHELF), (3, VASE)]
    assert [each.index for each in run.stream.rejected] == [1]


@every_size
def test_items_are_counted_over_answers_that_break_off(caller: Caller, size: int) -> None:
    text = text_of(LAMP, RUG, SHELF)
    cut = Answer(
        pieces=[text[: text.index("Shelf")], text[text.index("Shelf") :]],
        fault=faults.Reset(after=1),
    )
    if size != 4:
        cut = Answer(text, chunk_size=1, fault=faults.Reset(after=text.index("Shelf")))
    said = [cut, *answers(size, text_of(SHELF, VASE, BOOK))]
    run, requests = read(caller, said, max_retries=1, take=4)
    assert told(run) == [(0, LAMP), (1, RUG), (2, SHELF), (3, VASE)]
    assert len(requests) == 2
    assert run.last(Item).attempt == 2


@every_size
def test_stop_when_sees_what_is_handed_over(caller: Caller, size: int) -> None:
    seen: list[Product] = []

    def is_rug(product: Product) -> bool:
        seen.append(product)
        return product == RUG

    said = answers(size, text_of(LAMP, bad(RUG), SHELF, bad(BOOK)), text_of(RUG, BOOK))
    run, _ = read(caller, said, max_retries=1, stop_when=is_rug)
    assert told(run) == [(0, LAMP), (2, SHELF), (1, RUG)]
    assert seen == [LAMP, SHELF, RUG]
    assert [each.index for each in run.stream.rejected] == [3]
    assert run.stream.outcome == Outcome("cancelled", detail="stop_when")


class LookingError(Exception):
    """What a predicate raises."""


def test_what_the_predicate_raises_is_not_retried(caller: Caller) -> None:
    def fails(product: Product) -> bool:
        raise LookingError

    run, requests = read(caller, [text_of(LAMP, RUG)], max_retries=3, stop_when=fails)
    assert isinstance(run.error, LookingError)
    assert len(requests) == 1
    assert run.all(Item) == []
    assert run.only(Finished).outcome.status == "cancelled"


def test_a_stalled_answer_is_left_at_the_last_item(caller: Caller, mode: str) -> None:
    text = text_of(LAMP, bad(RUG), SHELF, VASE)
    stalled = Answer(text, chunk_size=4, fault=faults.Stall(within(text, "Vase")))
    with ReplayServer(stalled) as server:
        run = caller(server).events(
            "create_iterable", response_model=Product, mode=mode, max_retries=3, take=2
        )
        assert told(run) == [(0, LAMP), (2, SHELF)]
        (request,) = server.requests
        assert request.wait_hung_up(10.0)


def test_without_a_stream_the_list_so_far_is_given(caller: Caller) -> None:
    # Such a list is in order, so that the second item has to be repaired before the third.
    said = [text_of(LAMP, bad(RUG), SHELF, bad(VASE), BOOK), text_of(RUG, VASE)]
    with ReplayServer(said) as server:
        calls = caller(server)
        assert calls.whole(response_model=list[Product], take=1, max_retries=1) == [LAMP]
    with ReplayServer(said) as server:
        products: Any = caller(server).whole(response_model=list[Product], take=3, max_retries=1)
        assert products == [LAMP, RUG, SHELF]
        assert len(server.requests) == 2


def test_a_growing_object_is_left_in_a_later_answer(caller: Caller) -> None:
    said = ['{"name": "Lamp", "price": -4}', Answer('{"price": 4}', chunk_size=1)]
    with ReplayServer(said) as server:
        run = caller(server).events(
            "create_partial",
            response_model=Product,
            max_retries=3,
            stop_when=lambda product: product.price == 4,
        )
        assert len(server.requests) == 2
    assert run.last(Snapshot).value == Product(name="Lamp", price=4)
    assert run.stream.outcome == Outcome("cancelled", detail="stop_when")
    assert [event.cause for event in run.all(AttemptStarted)] == ["request", "reask"]
    assert not isinstance(run.values[-1], TextDelta)
    assert run.error.message == "the stream was closed before its end: stop_when", "from final()"
