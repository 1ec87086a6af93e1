"""`source_text=` of the parsers and of streams that are open already."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from partialstream import (
    ItemParser,
    OutputValidationError,
    PartialParser,
    Quote,
    Span,
    astream_items,
    astream_partial,
    stream_items,
    stream_partial,
)
from partialstream.testing import async_fake_stream

TEXT = "3 x Lamp,\n2 x red  Rug"


class Article(BaseModel):
    name: Annotated[str, Quote]


class Note(BaseModel):
    articles: list[Article]
    buyer: str = ""
    shop: Annotated[str, Quote] = Field("", alias="Shop")


NOTE = '{"articles": [{"name": "Lamp"}, {"name": "red rug"}], "buyer": "free", "Shop": "2 X"}'
SPANS = {
    ("articles", 0, "name"): Span(4, 8, "exact"),
    ("articles", 1, "name"): Span(14, 22, "case"),
    ("shop",): Span(10, 13, "case"),
}
WRONG = NOTE.replace("Lamp", "Sofa")


def pieces(text: str) -> list[str]:
    return [text[start : start + 5] for start in range(0, len(text), 5)]


def test_items_of_a_parser() -> None:
    parser = ItemParser(Article, source_text=TEXT)
    assert parser.spans == []
    assert parser.feed('[{"name": "Lamp"}, {"name": "RUG"}, ') == [
        Article(name="Lamp"),
        Article(name="RUG"),
    ]
    assert parser.spans == [{("name",): Span(4, 8, "exact")}, {("name",): Span(19, 22, "case")}]
    with pytest.raises(OutputValidationError, match="does not contain 'Sofa'"):
        parser.feed('{"name": "Sofa"}')


def test_a_parser_that_skips() -> None:
    parser = ItemParser(Article, source_text=TEXT, on_invalid="skip")
    assert parser.feed('[{"name": "Sofa"}, {"name": "Rug"}]') == [Article(name="Rug")]
    assert parser.spans == [{("name",): Span(19, 22, "exact")}]
    assert [each.index for each in parser.rejected] == [0]


def test_a_growing_object_of_a_parser() -> None:
    parser = PartialParser(Note, source_text=TEXT)
    for piece in pieces(NOTE)[:-1]:
        parser.feed(piece)
        assert (parser.spans, parser.raw) == ({}, None)
    parser.feed(pieces(NOTE)[-1])
    assert parser.finish() == Note.model_validate_json(NOTE)
    assert (parser.spans, parser.raw) == (SPANS, NOTE)


def test_without_a_source() -> None:
    parser = PartialParser(Note)
    parser.feed(WRONG)
    assert parser.finish()
    assert (parser.spans, parser.raw) == ({}, WRONG)


def test_an_object_with_a_quote_that_is_missing() -> None:
    parser = PartialParser(Note, source_text=TEXT)
    with pytest.raises(OutputValidationError, match="does not contain 'Sofa'") as caught:
        parser.feed(WRONG)
    assert caught.value.raw == WRONG
    assert (parser.spans, parser.raw) == ({}, None)
    assert [*parser.standing] == ["buyer", "Shop"]  # which need not come again


def test_a_lenient_object() -> None:
    text = "{'articles': [{'name': 'LAMP'}], 'Shop': '',}"
    stream = stream_partial(Note, pieces(text), lenient=True, source_text=TEXT)
    assert stream.final().articles == [Article(name="LAMP")]
    assert stream.spans == {("articles", 0, "name"): Span(4, 8, "case")}


def read_sync(kind: str, text: str, **options: Any) -> Any:
    if kind == "items":
        return list(stream_items(Article, pieces(text), source_text=TEXT, **options).detailed())
    stream = stream_partial(Note, pieces(text), source_text=TEXT, **options)
    return stream.final(), stream.spans, stream.raw


def read_async(kind: str, text: str, **options: Any) -> Any:
    async def main() -> Any:
        chunks = async_fake_stream(pieces(text))
        if kind == "items":
            items = astream_items(Article, chunks, source_text=TEXT, **options)
            return [item async for item in items.detailed()]
        stream = astream_partial(Note, chunks, source_text=TEXT, **options)
        return await stream.final(), stream.spans, stream.raw

    return asyncio.run(main())


both = pytest.mark.parametrize("read", [read_sync, read_async], ids=["sync", "async"])


@both
def test_streams_of_items(read: Any) -> None:
    items = read("items", '[{"name": "Lamp"}, {"name": "rug"}]')
    assert [item.spans[("name",)].match for item in items] == ["exact", "case"]
    items = read("items", '[{"name": "Sofa"}, {"name": "rug"}]', on_invalid="skip")
    assert [item.index for item in items] == [1]


@both
def test_streams_of_an_object(read: Any) -> None:
    assert read("object", NOTE) == (Note.model_validate_json(NOTE), SPANS, NOTE)
    with pytest.raises(OutputValidationError, match="does not contain 'Sofa'"):
        read("object", WRONG)


@pytest.mark.parametrize(("parser", "type_"), [(ItemParser, Article), (PartialParser, Note)])
def test_parsers_refuse_a_source_text_that_is_not_a_str(parser: Any, type_: Any) -> None:
    with pytest.raises(TypeError, match="source_text= must be a str, not bytes"):
        parser(type_, source_text=b"")
