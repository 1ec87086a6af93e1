"""Rows whose fields must stand in their document."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from time import sleep
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from etl_runs import Driver, extraction_of, lines
from etl_sinks import JSONLPlace, ParquetPlace, SQLitePlace
from extras import needs
from openai import AsyncOpenAI, OpenAI
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from partialstream import Quote, Span
from partialstream.etl import Document, JournalMismatchError, quotes_html, quotes_text
from partialstream.testing import Answer, ReplayRequest, ReplayServer

if TYPE_CHECKING:
    from pathlib import Path

    from etl_sinks import Place


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


def test_rows_of_an_earlier_run_are_kept_and_the_rest_is_checked(tmp_path: Path) -> None:
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
            run = asyncio.create_task(extraction.arun([document]))
            await asyncio.to_thread(wait_for_rows, tmp_path / "run.db")
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            summary = await extraction.arun([document])
            assert (summary.resumed, summary.done) == (1, 1)

    with ReplayServer(slow) as server:
        asyncio.run(main(server))
    assert [row["name"] for row in lines(tmp_path / "rows.jsonl")] == words


# -- spans in sinks and in rows ------------------------------------------------------------


class Line(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True)
    article: Annotated[str, Quote] = Field(alias="Article")
    tags: list[Annotated[str, Quote]] = []


SOURCE = "3 x red  LAMP\n(new, sale)\n"
LINE = {"Article": "red lamp", "tags": ["sale", "new"]}
SPANS = [
    {"path": ["Article"], "start": 4, "end": 13, "match": "case"},
    {"path": ["tags", 0], "start": 20, "end": 24, "match": "exact"},
    {"path": ["tags", 1], "start": 15, "end": 18, "match": "exact"},
]


@pytest.mark.parametrize(
    "place",
    [
        JSONLPlace,
        pytest.param(ParquetPlace, marks=needs("parquet", "pyarrow")),
        pytest.param(SQLitePlace, marks=needs("sql", "sqlalchemy")),
    ],
)
def test_the_column_of_spans(driver: Driver, place: type[Place], tmp_path: Path) -> None:
    with ReplayServer(json.dumps({"items": [LINE]})) as server, place(tmp_path) as sink:
        driver.run(
            server,
            [Document("a", SOURCE)],
            response_model=Line,
            journal=tmp_path / "run.db",
            sink=sink.spec,
        )
        [row] = sink.objects()
    assert [*row] == ["document", "row", "spans", "Article", "tags"]
    spans = json.loads(row["spans"]) if isinstance(row["spans"], str) else row["spans"]
    assert spans == SPANS
    # A finished run can be looked at.
    page = quotes_html([Document("a", SOURCE), Document("b", "other")], [row])
    assert 'data-tip="row 0: Article (letter case differs)">red  LAMP</mark>' in page
    assert "[sale]⁰" in quotes_text(Document("a", SOURCE), [row], color=False)


def test_values_that_are_not_objects(driver: Driver, tmp_path: Path) -> None:
    with ReplayServer('{"items": ["lamp", ""]}') as server:
        driver.run(
            server,
            [Document("a", SOURCE)],
            response_model=Annotated[str, Quote],
            journal=tmp_path / "run.db",
            sink=tmp_path / "rows.jsonl",
        )
    span = {"path": ["value"], "start": 9, "end": 13, "match": "case"}
    assert lines(tmp_path / "rows.jsonl") == [
        {"document": "a", "row": 0, "spans": [span], "value": "lamp"},
        {"document": "a", "row": 1, "spans": [], "value": ""},
    ]


def test_a_row_of_the_loop_has_spans(tmp_path: Path) -> None:
    with (
        ReplayServer(json.dumps({"items": [LINE]})) as server,
        OpenAI(base_url=server.base_url, api_key="test") as sdk,
    ):
        options = {"journal": tmp_path / "run.db", "response_model": Line}
        [row] = extraction_of(sdk, options).rows([Document("a", SOURCE)])
    assert row.value == Line.model_validate(LINE)
    assert row.spans == {
        ("article",): Span(4, 13, "case"),
        ("tags", 0): Span(20, 24, "exact"),
        ("tags", 1): Span(15, 18, "exact"),
    }


def test_a_field_that_is_called_spans(tmp_path: Path) -> None:
    class Marked(BaseModel):
        name: Annotated[str, Quote]
        spans: int

    class Unmarked(BaseModel):
        name: str
        spans: int

    options = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
    with OpenAI(api_key="test") as sdk:
        extraction_of(sdk, {"response_model": Unmarked, **options})
        with pytest.raises(ValueError, match="the field 'spans' has the name of a column"):
            extraction_of(sdk, {"response_model": Marked, **options})


def test_an_extra_member_of_that_name_is_in_the_column_of_the_value(
    driver: Driver, tmp_path: Path
) -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        name: Annotated[str, Quote]

    items = '{"items": [{"name": "LAMP", "spans": 7}, {"name": "new", "note": "spans"}]}'
    with ReplayServer(items) as server:
        driver.run(
            server,
            [Document("a", SOURCE)],
            response_model=Open,
            journal=tmp_path / "run.db",
            sink=tmp_path / "rows.jsonl",
        )
    first, second = lines(tmp_path / "rows.jsonl")
    assert first["value"] == {"name": "LAMP", "spans": 7}
    assert second["value"] == {"name": "new", "note": "spans"}
    assert [row["spans"][0]["path"] for row in (first, second)] == [["value", "name"]] * 2


def test_marking_a_field_makes_it_another_job(driver: Driver, tmp_path: Path) -> None:
    class Plain(BaseModel):
        name: str

    def run(type_: type[BaseModel]) -> None:
        options = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
        driver.run(server, [], response_model=type_, **options)

    Marked = create_model("Plain", name=Annotated[str, Quote])
    with ReplayServer("") as server:
        run(Plain)
        with pytest.raises(JournalMismatchError, match="quotes"):
            run(Marked)


@pytest.mark.parametrize("on_restart", ["resume", "restart"])
def test_spans_are_those_of_an_unkilled_run(on_restart: str, tmp_path: Path) -> None:
    words = [f"word{number:02}" for number in range(30)]
    text = "  ".join(words)
    items = [{"name": word.upper() if at % 3 else word} for at, word in enumerate(words)]

    def slow(request: ReplayRequest) -> Answer:
        messages = request.body["messages"]
        if len(messages) == 1:
            pace = None if request.number == 1 else 60  # the first one is not cancelled
            return Answer(json.dumps({"items": items}), tokens_per_second=pace)
        known = len(json.loads(messages[1]["content"])["items"])
        return Answer(json.dumps({"first_index": known, "items": items[known:]}))

    def options(name: str) -> dict[str, Any]:
        return {
            "response_model": Quoted,
            "journal": tmp_path / f"{name}.db",
            "sink": tmp_path / f"{name}.jsonl",
            "on_restart": on_restart,
        }

    document = Document("a", text)

    async def main(server: ReplayServer) -> None:
        async with AsyncOpenAI(base_url=server.base_url, api_key="test") as sdk:
            await extraction_of(sdk, options("whole")).arun([document])
            extraction = extraction_of(sdk, options("cut"))
            run = asyncio.create_task(extraction.arun([document]))
            await asyncio.to_thread(wait_for_rows, tmp_path / "cut.db")
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            await extraction.arun([document])

    with ReplayServer(slow) as server:
        asyncio.run(main(server))
    rows = lines(tmp_path / "cut.jsonl")
    assert rows == lines(tmp_path / "whole.jsonl")
    assert [text[row["spans"][0]["start"] : row["spans"][0]["end"]] for row in rows] == words


PROGRAM = """
import sys
from typing import Annotated
from openai import OpenAI
from pydantic import BaseModel
from partialstream import Quote, from_openai
from partialstream.etl import Document, Extraction

class Quoted(BaseModel):
    name: Annotated[str, Quote]

url, folder, text = sys.argv[1:]
with OpenAI(base_url=url, api_key="test") as sdk:
    Extraction(
        from_openai(sdk), Quoted, model="any", prompt="{text}", endpoint="test",
        journal=f"{folder}/run.db", sink=f"{folder}/rows.jsonl",
    ).run([Document("a", text)])
"""


def test_spans_after_a_kill(tmp_path: Path) -> None:
    words = [f"word{number:02}" for number in range(40)]
    text = "  ".join(words)
    items = [{"name": f"{words[at]} {words[at + 1].upper()}"} for at in range(39)]

    def slow(request: ReplayRequest) -> Answer:
        messages = request.body["messages"]
        if len(messages) == 1:
            return Answer(json.dumps({"items": items}), tokens_per_second=60)
        known = len(json.loads(messages[1]["content"])["items"])
        return Answer(json.dumps({"first_index": known, "items": items[known:]}))

    with ReplayServer(slow) as server:
        command = [sys.executable, "-c", PROGRAM, server.base_url, str(tmp_path), text]
        with subprocess.Popen(command) as program:
            wait_for_rows(tmp_path / "run.db")
            program.kill()
        assert lines(tmp_path / "rows.jsonl") == []
        subprocess.run(command, check=True, timeout=120)
        assert len(server.requests) == 2
    rows = lines(tmp_path / "rows.jsonl")
    assert [row["row"] for row in rows] == [*range(39)]
    spans = [{"path": ["name"], "start": 8 * at, "end": 8 * at + 14} for at in range(39)]
    assert [row["spans"] for row in rows] == [[{**span, "match": "case"}] for span in spans]


def wait_for_rows(path: Path) -> None:
    """Return when a journal has rows."""
    while True:
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path)) as db:
            (count,) = db.execute("SELECT count(*) FROM rows").fetchone()
            if count:
                return
        sleep(0.01)


# -- one object for each document ----------------------------------------------------------


def test_the_one_row_of_a_document(driver: Driver, tmp_path: Path) -> None:
    wrong = {**LINE, "Article": "blue lamp"}
    with ReplayServer([json.dumps(wrong), json.dumps({"Article": "red lamp"})]) as server:
        summary = driver.run(
            server,
            [Document("a", SOURCE)],
            response_model=Line,
            many=False,
            journal=tmp_path / "run.db",
            sink=tmp_path / "rows.jsonl",
        )
        assert len(server.requests) == 2
    assert summary.done == 1
    assert lines(tmp_path / "rows.jsonl") == [{"document": "a", "row": 0, "spans": SPANS, **LINE}]


def test_the_one_row_of_a_document_in_a_loop(tmp_path: Path) -> None:
    class Renamed(BaseModel):
        article: Annotated[str, Quote, AfterValidator(lambda text: f"<{text}>")] = Field(
            validation_alias="Article"
        )

    with (
        ReplayServer('Here it is: {"Article": "red lamp"}') as server,
        OpenAI(base_url=server.base_url, api_key="test") as sdk,
    ):
        options = {"journal": tmp_path / "run.db", "response_model": Renamed, "many": False}
        [row] = extraction_of(sdk, options).rows([Document("a", SOURCE)])
    assert row.value.article == "<red lamp>"
    assert row.spans == {("article",): Span(4, 13, "case")}
