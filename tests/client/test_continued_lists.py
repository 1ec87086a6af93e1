"""A list whose first items an earlier call has brought, or an earlier process."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from client_runs import MESSAGES, async_sdk, sync_sdk
from pydantic import BaseModel, Field, ValidationError

from partialstream import Item, RejectedItem, RetriesExhaustedError, from_openai
from partialstream.testing import Answer, ReplayServer, faults


class Row(BaseModel):
    name: str
    count: int = Field(ge=0)


def text_of(name: str, count: int = 1) -> str:
    return json.dumps({"name": name, "count": count})


def element(index: int, text: str) -> Item[Row] | RejectedItem:
    try:
        return Item(Row.model_validate_json(text), index, ("items", index), text)
    except ValidationError as error:
        return RejectedItem(index, text, error, ("items", index))


def elements(*texts: str) -> list[Item[Row] | RejectedItem]:
    return [element(index, text) for index, text in enumerate(texts)]


def answer(*texts: str, **beside: Any) -> str:
    before = "".join(f"{json.dumps(name)}: {json.dumps(value)}, " for name, value in beside.items())
    return f'{{{before}"items": [{", ".join(texts)}]}}'


Continue = "Callable[..., tuple[list[Item[Any]], Any]]"


def continue_sync(server: ReplayServer, known: Any, **options: Any) -> tuple[list[Any], Any]:
    with sync_sdk(base_url=server.base_url) as sdk:
        stream = from_openai(sdk).continue_items(
            known, response_model=Row, model="any", messages=MESSAGES, **options
        )
        return list(stream.detailed()), stream


def continue_async(server: ReplayServer, known: Any, **options: Any) -> tuple[list[Any], Any]:
    async def run() -> tuple[list[Any], Any]:
        async with async_sdk(base_url=server.base_url) as sdk:
            stream = from_openai(sdk).continue_items(
                known, response_model=Row, model="any", messages=MESSAGES, **options
            )
            return [item async for item in stream.detailed()], stream

    return asyncio.run(run())


both = pytest.mark.parametrize("go_on", [continue_sync, continue_async], ids=["sync", "async"])


def told(server: ReplayServer, number: int = 0) -> list[str]:
    return [message["content"] for message in server.requests[number].body["messages"]]


@both
@pytest.mark.parametrize("max_retries", [0, 2])
def test_the_rest_is_asked_for_and_has_its_place_in_the_list(go_on: Any, max_retries: int) -> None:
    rest = answer(text_of("c"), text_of("d"), first_index=2)
    with ReplayServer(rest) as server:
        items, stream = go_on(server, elements(text_of("a"), text_of("b")), max_retries=max_retries)
        asked, said, instruction = told(server)
    assert [(item.index, item.value.name) for item in items] == [(2, "c"), (3, "d")]
    assert asked == MESSAGES[0]["content"]
    assert json.loads(said) == {"items": [json.loads(text_of(name)) for name in "ab"]}
    assert "after 2 complete items" in instruction
    assert stream.outcome.status == "complete"
    assert [attempt.cause for attempt in stream.attempts] == ["resume"]


@both
def test_what_is_sent_again_is_not_delivered(go_on: Any) -> None:
    whole = answer(*map(text_of, "abcd"), first_index=0)
    with ReplayServer(whole) as server:
        items, _ = go_on(server, elements(text_of("a"), text_of("b")), max_retries=1)
    assert [(item.index, item.value.name) for item in items] == [(2, "c"), (3, "d")]


@both
def test_nothing_is_missing(go_on: Any) -> None:
    with ReplayServer(answer(first_index=1)) as server:
        items, stream = go_on(server, elements(text_of("a")))
    assert items == []
    assert stream.outcome.status == "complete"


@both
def test_without_elements_it_is_the_callers_own_request(go_on: Any) -> None:
    with ReplayServer(answer(text_of("a"))) as server:
        items, stream = go_on(server, [])
        assert told(server) == [MESSAGES[0]["content"]]
    assert [item.index for item in items] == [0]
    assert stream.attempts[0].cause == "request"


@both
def test_rejected_elements_are_repaired_after_the_rest(go_on: Any) -> None:
    answers = [answer(text_of("c"), first_index=2), answer(text_of("b", 2), indexes="1")]
    with ReplayServer(answers) as server:
        items, stream = go_on(server, elements(text_of("a"), text_of("b", -2)), max_retries=2)
    assert [(item.index, item.value.count) for item in items] == [(2, 1), (1, 2)]
    assert [attempt.cause for attempt in stream.attempts] == ["resume", "repair"]
    assert stream.rejected == []


@both
def test_of_a_list_that_is_complete_only_the_rejected_ones_are_asked_for(go_on: Any) -> None:
    known = elements(text_of("a"), text_of("b", -2), text_of("c"))
    with ReplayServer(answer(text_of("b", 2), indexes="1")) as server:
        items, stream = go_on(server, known, max_retries=2, list_complete=True)
        assert "at index 1" in told(server)[-1]
    assert [(item.index, item.value.count) for item in items] == [(1, 2)]
    assert [attempt.cause for attempt in stream.attempts] == ["repair"]


@both
def test_it_is_cut_off_again_and_goes_on_again(go_on: Any) -> None:
    answers = [
        Answer(fault=faults.HTTPError(429, retry_after=0.01)),
        Answer(answer(*map(text_of, "bcd"), first_index=1), fault=faults.Reset(after=18)),
        answer(*map(text_of, "cd"), first_index=2),
    ]
    with ReplayServer(answers) as server:
        items, _ = go_on(server, elements(text_of("a")), max_retries=3)
        assert "after 1 complete item" in told(server, 1)[-1]
        assert "after 2 complete items" in told(server, 2)[-1]
    assert [(item.index, item.value.name) for item in items] == [(1, "b"), (2, "c"), (3, "d")]


@both
def test_in_order_what_follows_a_rejected_one_waits(go_on: Any) -> None:
    answers = [answer(text_of("c"), first_index=2), answer(text_of("b", 2), indexes="1")]
    known = elements(text_of("a"), text_of("b", -2))
    with ReplayServer(answers) as server:
        items, _ = go_on(server, known, max_retries=2, ordered=True)
    assert [item.index for item in items] == [1, 2]


@both
def test_what_stays_rejected_is_in_the_error(go_on: Any) -> None:
    answers = [answer(first_index=1), *[answer(text_of("b", -3), indexes="0")] * 2]
    with ReplayServer(answers) as server, pytest.raises(RetriesExhaustedError):
        go_on(server, elements(text_of("b", -2)), max_retries=1)


@both
@pytest.mark.parametrize("max_retries", [0, 2])
def test_take_counts_the_elements_of_the_earlier_call(go_on: Any, max_retries: int) -> None:
    rest = answer(*map(text_of, "cdefg"), first_index=2)
    known = elements(text_of("a"), text_of("b"))
    with ReplayServer(rest) as server:
        items, stream = go_on(server, known, max_retries=max_retries, take=4)
    assert [(item.index, item.value.name) for item in items] == [(2, "c"), (3, "d")]
    assert stream.outcome.detail == "take=4"
