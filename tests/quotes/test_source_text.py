"""Quotes in the streams of both clients: found, or repaired."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import pytest
from client_runs import MESSAGES, async_sdk, sync_sdk
from pydantic import BaseModel, Field

from partialstream import OutputValidationError, Quote, Span, from_openai
from partialstream.testing import ReplayServer


class Article(BaseModel):
    name: Annotated[str, Quote]
    count: int


TEXT = "Delivery:\n 3 x Lamp,\n 2 x red  Rug"
ARTICLES = [{"name": "Lamp", "count": 3}, {"name": "red rug", "count": 2}]


def answer(*articles: dict[str, Any], **beside: Any) -> str:
    return json.dumps({**beside, "items": list(articles)})


def read_sync(server: ReplayServer, **options: Any) -> tuple[list[Any], Any]:
    with sync_sdk(base_url=server.base_url) as sdk:
        given = {"response_model": Article, "model": "any", "messages": MESSAGES, **options}
        stream = from_openai(sdk).create_iterable(**given)
        return list(stream.detailed()), stream


def read_async(server: ReplayServer, **options: Any) -> tuple[list[Any], Any]:
    async def run() -> tuple[list[Any], Any]:
        async with async_sdk(base_url=server.base_url) as sdk:
            given = {"response_model": Article, "model": "any", "messages": MESSAGES, **options}
            stream = from_openai(sdk).create_iterable(**given)
            return [item async for item in stream.detailed()], stream

    return asyncio.run(run())


both = pytest.mark.parametrize("read", [read_sync, read_async], ids=["sync", "async"])


@both
@pytest.mark.parametrize("max_retries", [0, 2])
def test_items_have_the_spans_of_their_quotes(read: Any, max_retries: int) -> None:
    with ReplayServer(answer(*ARTICLES)) as server:
        items, _ = read(server, source_text=TEXT, max_retries=max_retries)
    assert [item.spans for item in items] == [
        {("name",): Span(15, 19, "exact")},
        {("name",): Span(26, 34, "case")},
    ]
    assert [TEXT[span.start : span.end] for item in items for span in item.spans.values()] == [
        "Lamp",
        "red  Rug",
    ]


@both
@pytest.mark.parametrize("max_retries", [0, 2])
def test_without_a_text_anything_is_a_quote(read: Any, max_retries: int) -> None:
    with ReplayServer(answer({"name": "Sofa", "count": 1})) as server:
        [item], _ = read(server, max_retries=max_retries)
    assert item.spans == {}


@both
def test_a_quote_that_is_not_found_is_repaired_in_the_stream(read: Any) -> None:
    wrong = {"name": "Blue rug", "count": 2}
    answers = [answer(ARTICLES[0], wrong), answer(ARTICLES[1], indexes="1")]
    with ReplayServer(answers) as server:
        items, stream = read(server, source_text=TEXT, max_retries=2)
        told = server.requests[1].body["messages"][-1]["content"]
    assert "- name: Input should be a quote from the document, copied word for word" in told
    assert [(item.index, item.value.name) for item in items] == [(0, "Lamp"), (1, "red rug")]
    assert items[1].spans == {("name",): Span(26, 34, "case")}
    assert [attempt.cause for attempt in stream.attempts] == ["request", "repair"]


@both
def test_without_retries_it_is_an_error(read: Any) -> None:
    with ReplayServer(answer({"name": "Sofa", "count": 1})) as server:
        with pytest.raises(OutputValidationError, match="quote from the document"):
            read(server, source_text=TEXT)


@both
def test_an_item_that_is_read_leniently_has_its_spans(read: Any) -> None:
    text = "{\"items\": [{'name': 'Lamp', 'count': 3,}, " + json.dumps(ARTICLES[1]) + "]}"
    with ReplayServer([text, text]) as server:
        for max_retries in (0, 1):
            items, _ = read(server, source_text=TEXT, lenient=True, max_retries=max_retries)
            assert [item.text_repaired for item in items] == [True, False]
            assert [list(item.spans) for item in items] == [[("name",)]] * 2


@both
def test_a_source_text_that_is_not_a_str_is_refused(read: Any) -> None:
    with ReplayServer("") as server, pytest.raises(TypeError, match="source_text= must be a str"):
        read(server, source_text=5)


# -- one object ----------------------------------------------------------------------------


class Note(BaseModel):
    seller: Annotated[str, Quote]
    articles: list[Article]
    comment: str = ""


NOTE: dict[str, Any] = {"seller": "delivery", "articles": ARTICLES, "comment": "free text"}
NOTE_SPANS = {
    ("seller",): Span(0, 8, "case"),
    ("articles", 0, "name"): Span(15, 19, "exact"),
    ("articles", 1, "name"): Span(26, 34, "case"),
}


def object_sync(server: ReplayServer, method: str = "create_partial", **options: Any) -> Any:
    with sync_sdk(base_url=server.base_url) as sdk:
        given = {"response_model": Note, "model": "any", "messages": MESSAGES, **options}
        if method == "create":
            return from_openai(sdk).create(**given)
        stream = from_openai(sdk).create_partial(**given)
        return stream.final(), stream


def object_async(server: ReplayServer, method: str = "create_partial", **options: Any) -> Any:
    async def run() -> Any:
        async with async_sdk(base_url=server.base_url) as sdk:
            given = {"response_model": Note, "model": "any", "messages": MESSAGES, **options}
            if method == "create":
                return await from_openai(sdk).create(**given)
            stream = from_openai(sdk).create_partial(**given)
            return await stream.final(), stream

    return asyncio.run(run())


either = pytest.mark.parametrize("read", [object_sync, object_async], ids=["sync", "async"])


@either
@pytest.mark.parametrize("max_retries", [0, 2])
def test_the_quotes_of_an_object(read: Any, max_retries: int) -> None:
    with ReplayServer(json.dumps(NOTE)) as server:
        note, stream = read(server, source_text=TEXT, max_retries=max_retries)
    assert note == Note.model_validate(NOTE)
    assert stream.spans == NOTE_SPANS
    assert stream.raw == json.dumps(NOTE)


@either
@pytest.mark.parametrize("method", ["create_partial", "create"])
def test_only_the_field_with_a_wrong_quote_is_asked_again(read: Any, method: str) -> None:
    wrong = {**NOTE, "articles": [ARTICLES[0], {"name": "Blue rug", "count": 2}]}
    with ReplayServer([json.dumps(wrong), json.dumps({"articles": ARTICLES})]) as server:
        found = read(server, method, source_text=TEXT, max_retries=2)
        told = server.requests[1].body["messages"][-1]["content"]
    assert (
        "- articles[1].name: Input should be a quote from the document, copied word for word; "
        "the document does not contain 'Blue rug'\n"
    ) in told
    assert 'do not send them again: "seller", "comment"' in told
    if method == "create":
        assert found == Note.model_validate(NOTE)
        return
    note, stream = found
    assert note == Note.model_validate(NOTE)
    assert stream.spans == NOTE_SPANS
    assert Note.model_validate_json(stream.raw) == note  # with the fields of both responses
    assert [attempt.cause for attempt in stream.attempts] == ["request", "reask"]


@either
def test_an_object_without_retries(read: Any) -> None:
    wrong = {**NOTE, "seller": "Somebody"}
    with ReplayServer(json.dumps(wrong)) as server:
        with pytest.raises(OutputValidationError, match="does not contain 'Somebody'"):
            read(server, source_text=TEXT)


@either
def test_a_value_that_is_not_an_object(read: Any) -> None:
    # It is asked for as the member of an object, which the paths do not show.
    with ReplayServer(['{"value": ["Sofa"]}', '{"value": ["Lamp", "RUG"]}']) as server:
        names, stream = read(
            server,
            response_model=list[Annotated[str, Quote]],
            source_text=TEXT,
            max_retries=1,
        )
    assert names == ["Lamp", "RUG"]
    assert stream.spans == {(0,): Span(15, 19, "exact"), (1,): Span(31, 34, "case")}
    assert json.loads(stream.raw) == names


@both
def test_the_repair_names_the_quote_and_its_path(read: Any) -> None:
    class Row(BaseModel):
        articles: list[Article] = Field(alias="Articles")

    wrong = {"Articles": [ARTICLES[0], {"name": "Blue rug", "count": 2}]}
    answers = [answer(wrong), answer({"Articles": ARTICLES}, indexes="0")]
    with ReplayServer(answers) as server:
        items, _ = read(server, response_model=Row, source_text=TEXT, max_retries=2)
        told = server.requests[1].body["messages"][-1]["content"]
    assert "- Articles[1].name: Input should be a quote" in told
    assert "the document does not contain 'Blue rug'" in told
    assert [*items[0].spans] == [("articles", 0, "name"), ("articles", 1, "name")]
