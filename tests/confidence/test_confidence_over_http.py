"""`logprobs=True` goes to the provider, and what it tells comes through both clients."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from math import exp
from typing import TYPE_CHECKING, Any

import pytest
from client_runs import ASK, async_sdk, sync_sdk
from pydantic import BaseModel, Field
from spoken import chunks_of, tokens_of

from partialstream import TextDelta, confidence, from_openai
from partialstream.client import budget
from partialstream.testing import Answer, ReplayServer, ToolCall

if TYPE_CHECKING:
    from partialstream.testing import ReplayRequest

ASK_FOR_TOKENS = {**ASK, "logprobs": True, "top_logprobs": 5}


class Product(BaseModel):
    name: str
    price: int = Field(ge=0)


class Report(BaseModel):
    title: str
    products: list[Product]


def answer(*tokens: tuple[str, float], finish_reason: str = "stop") -> Answer:
    pieces, logprobs = zip(*tokens, strict=True)
    return Answer(pieces=pieces, logprobs=logprobs, finish_reason=finish_reason, cut_bytes=333)


LISTED = answer(
    ('{"items": [{"', -8), ('name": "R\u00fc', -1), ('g", "price": ', -2), ('1}]}', -4)
)  # fmt: skip


def read_sync(
    answers: list[Answer], method: str, api: Any, **options: Any
) -> tuple[list[Any], list[ReplayRequest]]:
    with ReplayServer(answers) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = getattr(from_openai(sdk, api=api), method)(**{**ASK_FOR_TOKENS, **options})
        found = stream.detailed() if method == "create_iterable" else stream
        return list(found), list(server.requests)


def read_async(
    answers: list[Answer], method: str, api: Any, **options: Any
) -> tuple[list[Any], list[ReplayRequest]]:
    async def main() -> list[Any]:
        async with async_sdk(base_url=server.base_url) as sdk:
            stream = getattr(from_openai(sdk, api=api), method)(**{**ASK_FOR_TOKENS, **options})
            found = stream.detailed() if method == "create_iterable" else stream
            return [each async for each in found]

    with ReplayServer(answers) as server:
        return asyncio.run(main()), list(server.requests)


each_client = pytest.mark.parametrize(
    "read",
    [partial(read, api=api) for api in ("chat", "responses") for read in (read_sync, read_async)],
    ids=["sync", "async", "sync-responses", "async-responses"],
)


@each_client
def test_items(read: Any) -> None:
    (item,), (request,) = read([LISTED], "create_iterable", response_model=Product)
    body = request.body
    assert body.get("logprobs") or body["include"] == ["message.output_text.logprobs"]
    assert body["top_logprobs"] == 5
    assert item.value == Product(name="R\u00fcg", price=1)
    assert item.confidence == {("name",): exp(-3), ("price",): exp(-4)}


@each_client
def test_tool_calls_have_no_probabilities(read: Any) -> None:
    calls = [ToolCall("Product", '{"items": [{"name": "a", "price": 1}]}')]
    (item,), _ = read(
        [Answer(tool_calls=calls)], "create_iterable", response_model=Product, mode="tools"
    )
    assert item.confidence is None


@each_client
def test_repaired_and_resumed_items(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "FIRST_WAIT", 0.0)
    answers = [
        answer(
            ('{"items": [{"name": "a', -1),
            ('", "price": ', 0),
            ("1}", -2),
            (', {"name": "b', -1),
            ('", "price": -', -1),
            ("2}", -4),
            (', {"name": "c', -1),
            finish_reason="length",
        ),
        answer(('{"items": [{"name": "', 0), ("c", -2), ('", "price": ', 0), ("3}]}", -0.5)),
        answer(('{"items": [{"name": "', 0), ("b", -4), ('", "price": ', 0), ("2}]}", -0.25)),
    ]
    items, _ = read(answers, "create_iterable", response_model=Product, max_retries=2)
    assert [(item.index, item.attempt, item.value.name) for item in items] == [
        (0, 1, "a"),
        (2, 2, "c"),
        (1, 3, "b"),
    ]
    assert [item.confidence for item in items] == [
        {("name",): exp(-1), ("price",): exp(-2)},
        {("name",): exp(-2), ("price",): exp(-0.5)},
        {("name",): exp(-4), ("price",): exp(-0.25)},
    ]


REPORT = [('{"title": "', 0), ("On", -1), (' paper"', -2)]
PRODUCT = [(', "products": [{"name": "', 0), ("R", -0.5), ('", "price": ', 0), ("7}]}", -4)]


@each_client
def test_objects(read: Any) -> None:
    said = answer(*REPORT, *PRODUCT)
    (*_, final), _ = read([said], "create_partial", response_model=Report)
    assert isinstance(final, Report)
    assert confidence(final, "title") == exp(-3)
    assert confidence(final, "products.0.price") == confidence(final) == exp(-4)


@each_client
def test_of_members_that_an_earlier_answer_told_nothing_is_known(
    read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "FIRST_WAIT", 0.0)
    first = answer(*REPORT, (", ", 0), finish_reason="length")
    # Prose in front, so that places in the two texts differ.
    rest = answer(
        ("Here it is, all that was missing: ", 0), ("{", 0), (PRODUCT[0][0][2:], 0), *PRODUCT[1:]
    )
    (*_, final), requests = read(
        [first, rest], "create_partial", response_model=Report, max_retries=1
    )
    assert len(requests) == 2
    assert final == Report(title="On paper", products=[Product(name="R", price=7)])
    assert confidence(final, "title") is None
    assert confidence(final, "products.0.name") == exp(-0.5)
    assert confidence(final, "products.0.price") == confidence(final) == exp(-4)


@each_client
def test_a_union_that_is_a_member_of_the_answer(read: Any) -> None:
    said = answer(('{"value": {"name": "', 0), ("a", -1), ('", "price": ', 0), ("1", -2), ("}}", 0))
    (*_, final), _ = read([said], "create_partial", response_model=Product | Report)
    assert final == Product(name="a", price=1)
    assert confidence(final, "price") == exp(-2)


def test_an_object_that_is_not_streamed() -> None:
    whole = chunks_of(tokens_of(*REPORT, *PRODUCT), [len(REPORT) + len(PRODUCT)])[0]
    (choice,) = whole["choices"]
    message = {"role": "assistant", "content": choice.pop("delta")["content"]}
    whole |= {"object": "chat.completion", "created": 1, "usage": None}
    whole["choices"] = [{**choice, "message": message, "finish_reason": "stop"}]
    said = Answer(recorded=json.dumps(whole).encode())
    with ReplayServer([said]) as server, sync_sdk(base_url=server.base_url) as sdk:
        report = from_openai(sdk).create(response_model=Report, **ASK_FOR_TOKENS)
    assert confidence(report, "title") == exp(-3)


def test_the_events_of_a_call_show_its_tokens() -> None:
    with ReplayServer([LISTED]) as server, sync_sdk(base_url=server.base_url) as sdk:
        stream = from_openai(sdk).create_iterable(response_model=Product, **ASK_FOR_TOKENS)
        texts = [event for event in stream.events() if isinstance(event, TextDelta)]
    told = [(each.data.decode(), each.logprob) for event in texts for each in event.tokens]
    assert told == [
        ('{"items": [{"', -8),
        ('name": "R\u00fc', -1),
        ('g", "price": ', -2),
        ("1}]}", -4),
    ]
