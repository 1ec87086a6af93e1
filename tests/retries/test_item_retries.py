"""What several answers bring, told by what it should be, and not by an oracle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import openai
import pytest
from http_library import httpx
from script_runs import Run, make_call, open_sync, run_async, run_sync
from scripts import FOREVER, Script, Style, Truth, Turn

from partialstream import (
    IncompleteStreamError,
    Item,
    ItemRepaired,
    OutputValidationError,
    RetriesExhaustedError,
    Usage,
)
from partialstream.client.retries.items import item_session
from partialstream.stream.aio import AsyncItemStream
from partialstream.stream.events import AttemptStarted
from partialstream.stream.transport import AsyncChunks

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD, BAD, HOPELESS = Truth(), Truth(bad=1), Truth(bad=FOREVER, stuck=True)

both = pytest.mark.parametrize("run", [run_sync, run_async], ids=["sync", "async"])


def indexes(run: Run) -> list[int]:
    """Of the items, in the order in which they came."""
    return [value.index for value in run.values if isinstance(value, Item)]


@both
@pytest.mark.parametrize("key", ["name", "function"])
def test_items_that_come_again_are_known_by_their_key(run: Callable[..., Run], key: Any) -> None:
    turns = (Turn("length", 0.7), Turn(again=None, altered=True))
    came = run(Script((GOOD,) * 5, turns, key=key))
    assert len(came.log[1].elements) == 5
    assert '"renamed"' in came.log[1].elements[0].raw
    assert indexes(came) == [0, 1, 2, 3, 4]
    assert came.stream.outcome.ok


@both
def test_a_long_list_is_known_though_its_texts_are_not_kept(run: Callable[..., Run]) -> None:
    style = Style(separators=(",", ":"), backwards=True)
    turns = (Turn("length", 0.5), Turn("reset", 0.75, again=None, style=style), Turn(again=None))
    came = run(Script((GOOD,) * 400, turns, text_kept=500, size=40))
    assert len(came.log[2].elements) == 400
    assert indexes(came) == list(range(400))
    assert came.stream.outcome.ok


@both
def test_the_same_invalid_item_twice_is_not_paid_for_a_third_time(run: Callable[..., Run]) -> None:
    came = run(Script((GOOD, HOPELESS), max_retries=4))
    assert len(came.log) == 2
    assert isinstance(came.error, RetriesExhaustedError)
    assert str(came.error).startswith(
        "the same failure came twice, so that paying again will not help: item 1 does not validate"
    )
    assert [each.index for each in came.stream.rejected] == [1]


@both
def test_no_more_requests_are_made_than_allowed_though_each_brings_something(
    run: Callable[..., Run],
) -> None:
    turns = tuple(Turn("length", 0.5) for _ in range(5))
    came = run(Script((GOOD,) * 64, turns, max_retries=1, max_requests=3))
    assert len(came.log) == 3
    assert isinstance(came.error, RetriesExhaustedError)
    assert str(came.error).startswith("3 requests were made, and no more are allowed: ")
    assert len(indexes(came)) > 32


@both
def test_what_brings_something_renews_the_budget(run: Callable[..., Run]) -> None:
    turns = tuple(Turn("length", 0.5) for _ in range(5))
    came = run(Script((GOOD,) * 64, turns, max_retries=1))
    assert len(came.log) == 6
    assert indexes(came) == list(range(64))


@both
def test_the_error_carries_all_that_is_known(run: Callable[..., Run]) -> None:
    turns = (
        Turn("length", 0.5, usage=Usage(10, 20)),
        Turn("cut", 0.1, usage=Usage(1, 2)),
        Turn("stall", 0.2),
    )
    came = run(Script((GOOD,) * 4, turns, max_retries=2))
    error = came.error
    assert isinstance(error, RetriesExhaustedError)
    assert str(error).startswith("no more retries, after 3 request(s): the response took longer")
    assert list(error.attempts) == came.stream.attempts
    assert [each.cause for each in error.attempts] == ["request", "resume", "resume"]
    assert [each.outcome.status for each in error.attempts if each.outcome] == [
        "truncated",
        "truncated",
        "stalled",
    ]
    stalled = error.attempts[2].usage
    assert stalled == Usage(complete=False, estimated_output_tokens=-(-len(came.log[2].text) // 4))
    assert error.usage == came.stream.usage == Usage(11, 22) + stalled
    assert error.outcome is came.stream.outcome
    assert error.outcome is not None
    assert error.outcome.status == "stalled"
    assert error.delivered == len(indexes(came))
    assert error.delivered > 0
    assert isinstance(error.__cause__, IncompleteStreamError)


@both
def test_a_repair_that_fails_is_raised_with_the_item_as_its_cause(run: Callable[..., Run]) -> None:
    came = run(Script((GOOD, Truth(bad=FOREVER)), max_retries=2))
    assert isinstance(came.error, RetriesExhaustedError)
    cause = came.error.__cause__
    assert isinstance(cause, OutputValidationError)
    assert cause.index == 1
    assert cause.raw == came.stream.rejected[0].raw
    assert came.stream.rejected[0].attempt == 3


@both
def test_only_items_behind_one_that_is_repaired_are_held_back(run: Callable[..., Run]) -> None:
    came = run(Script((GOOD, BAD, GOOD, BAD, GOOD), ordered=True))
    places = [
        each.index
        if isinstance(each, Item)
        else each.cause
        if isinstance(each, AttemptStarted)
        else "repaired"
        for each in came.values
        if isinstance(each, (Item, AttemptStarted, ItemRepaired))
    ]
    assert places == ["request", 0, "repair", "repaired", 1, 2, "repaired", 3, 4]
    assert [each.attempt for each in came.values if isinstance(each, Item)] == [1, 2, 1, 2, 1]


def test_an_item_that_is_held_back_is_timed_when_it_is_let_go() -> None:
    stream = open_sync(Script((BAD, GOOD), ordered=True))
    for value in stream.events():
        if isinstance(value, AttemptStarted):
            assert stream.timing.items == []
            assert stream.timing.first_item is None
    assert len(stream.timing.items) == 2
    assert stream.timing.first_item == stream.timing.items[0]


class Refusing:
    """Cannot be reached any more after the first answer."""

    def __init__(self) -> None:
        self.asked = 0

    async def send(self, request: Any) -> Any:
        self.asked += 1
        raise openai.APIConnectionError(request=httpx.Request("POST", "http://127.0.0.1/"))


def test_a_request_that_cannot_be_sent_is_tried_once_by_each_retry() -> None:
    async def main() -> tuple[int, BaseException | None]:
        server, call = Refusing(), make_call(Script(max_retries=2), asynchronous=True)

        async def first() -> Any:
            return nothing()

        async def nothing() -> Any:
            for chunk in ():
                yield chunk

        stream: Any = AsyncItemStream(item_session(call), AsyncChunks(first, server.send))
        try:
            async for _ in stream:
                pass
        except Exception as error:  # noqa: BLE001 - looked at below
            return server.asked, error
        return server.asked, None

    asked, error = asyncio.run(main())
    assert asked == 2
    assert isinstance(error, RetriesExhaustedError)
