"""Rows whose fields must stand in their document."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import pytest
from etl_runs import Driver, extraction_of, lines
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from partialstream import Quote
from partialstream.etl import Document
from partialstream.testing import Answer, ReplayRequest, ReplayServer

if TYPE_CHECKING:
    from pathlib import Path


class Quoted(BaseModel):
    name: Annotated[str, Quote]


def answer(request: ReplayRequest) -> Answer:
    messages = request.body["messages"]
    if len(messages) > 1:
        return Answer('{"indexes": "1", "items": [{"name": "Rug"}]}')
    names = ["Lamp", "Carpet" if "Rug" in messages[0]["content"] else "Sofa"]
    return Answer(json.dumps({"items": [{"name": name} for name in names]}))


def test_a_quote_that_a_document_does_not_have_is_repaired(driver: Driver, tmp_path: Path) -> None:
    documents = [Document("a", "a Lamp and a Rug"), Document("b", "a LAMP, a sofa")]
    with ReplayServer(answer) as server:
        summary = driver.run(
            server,
            documents,
            response_model=Quoted,
            journal=tmp_path / "run.db",
            sink=tmp_path / "rows.jsonl",
        )
        assert len(server.requests) == 3
    assert summary.done == 2
    rows = {(row["document"], row["row"], row["name"]) for row in lines(tmp_path / "rows.jsonl")}
    assert rows == {("a", 0, "Lamp"), ("a", 1, "Rug"), ("b", 0, "Lamp"), ("b", 1, "Sofa")}


def test_the_text_is_that_of_the_document(tmp_path: Path) -> None:
    with OpenAI(api_key="test") as sdk, pytest.raises(TypeError, match="source_text="):
        extraction_of(sdk, {"journal": tmp_path / "run.db", "source_text": "x"})


def test_rows_of_an_earlier_run_are_quotes_still(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(30)]
    items = ", ".join(json.dumps({"name": word}) for word in words)

    def slow(request: ReplayRequest) -> Answer:
        messages = request.body["messages"]
        if len(messages) == 1:
            return Answer(f'{{"items": [{items}]}}', tokens_per_second=60)
        known = len(json.loads(messages[1]["content"])["items"])
        rest = [{"name": word} for word in words[known:]]
        return Answer(json.dumps({"first_index": known, "items": rest}))

    options = {
        "response_model": Quoted,
        "journal": tmp_path / "run.db",
        "sink": tmp_path / "rows.jsonl",
    }
    document = Document("a", " ".join(words))

    async def main(server: ReplayServer) -> None:
        async with AsyncOpenAI(base_url=server.base_url, api_key="test") as sdk:
            extraction = extraction_of(sdk, options)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(extraction.arun([document]), 1)
            summary = await extraction.arun([document])
            assert (summary.resumed, summary.done) == (1, 1)

    with ReplayServer(slow) as server:
        asyncio.run(main(server))
    assert [row["name"] for row in lines(tmp_path / "rows.jsonl")] == words
