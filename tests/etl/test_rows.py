"""Rows handed to a loop."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

import openai
import pytest
from etl_runs import Model, Row, expected, extraction_of, job, lines
from openai import AsyncOpenAI, OpenAI
from pydantic import field_validator

from partialstream.etl import journal_status
from partialstream.etl.journal.journal import Journal
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from partialstream.etl import Document, ExtractedRow, Extraction

Rows = list[tuple[str, int, str, int]]


def rows_by_loop(
    server: ReplayServer, documents: Any, wanted: int | None = None, **options: Any
) -> Rows:
    with OpenAI(base_url=server.base_url, api_key="test") as sdk:
        rows = extraction_of(sdk, options).rows(documents)
        with closing(rows):  # pyright: ignore[reportArgumentType]  # it is a generator
            return [as_tuple(row) for row in islice(rows, wanted)]


def rows_by_async_loop(
    server: ReplayServer, documents: Any, wanted: int | None = None, **options: Any
) -> Rows:
    async def main() -> Rows:
        found: Rows = []
        async with AsyncOpenAI(base_url=server.base_url, api_key="test") as sdk:
            async with extraction_of(sdk, options).arows(documents) as rows:
                async for row in rows:
                    found.append(as_tuple(row))
                    if len(found) == wanted:
                        break
        return found

    return asyncio.run(main())


def rows_by_loop_alone(
    server: ReplayServer, documents: Any, wanted: int | None = None, **options: Any
) -> Rows:
    """Without `async with`, as most people begin."""

    async def main() -> Rows:
        found: Rows = []
        async with AsyncOpenAI(base_url=server.base_url, api_key="test") as sdk:
            async for row in extraction_of(sdk, options).arows(documents):
                found.append(as_tuple(row))
                if len(found) == wanted:
                    break
        return found

    return asyncio.run(main())


def as_tuple(row: ExtractedRow[Row]) -> tuple[str, int, str, int]:
    assert isinstance(row.value, Row)
    return row.document, row.index, row.value.article, row.value.count


both = pytest.mark.parametrize(
    "read",
    [rows_by_loop, rows_by_async_loop, rows_by_loop_alone],
    ids=["sync", "async", "async-alone"],
)


@both
def test_every_row_is_handed_over_once(read: Any, tmp_path: Path) -> None:
    with ReplayServer(Model()) as server:
        rows = read(server, job(20, rows=3), journal=tmp_path / "run.db")
        assert len(rows) == 60
        assert set(rows) == expected(20, rows=3)
        more = read(server, job(22, rows=3), journal=tmp_path / "run.db")
        assert sorted(more) == sorted(expected(22, rows=3) - expected(20, rows=3))
        assert len(server.requests) == 22


@both
def test_the_sink_has_a_row_before_the_loop(read: Any, tmp_path: Path) -> None:
    sink = tmp_path / "rows.jsonl"
    with ReplayServer(Model()) as server:
        first = read(server, job(5, rows=3), 1, journal=tmp_path / "run.db", sink=sink)
        assert first[0][0] in {line["document"] for line in lines(sink)}
        rest = read(server, job(5, rows=3), journal=tmp_path / "run.db", sink=sink)
    assert len(lines(sink)) == 15
    assert set(rest) <= expected(5, rows=3)


@both
def test_a_loop_that_was_left_gets_the_remaining_rows_in_the_next_run(
    read: Any, tmp_path: Path
) -> None:
    with ReplayServer(Model()) as server:
        first = read(server, job(10, rows=3), 4, journal=tmp_path / "run.db", concurrency=1)
        rest = read(server, job(10, rows=3), journal=tmp_path / "run.db", concurrency=1)
        assert len(server.requests) <= 11
    assert set(first) | set(rest) == expected(10, rows=3)
    # The document that the loop was left in comes once more, and those before it do not.
    assert set(first) & set(rest) == set(first[3:])


@both
def test_a_loop_that_was_left_gets_no_earlier_document_of_its_batch_again(
    read: Any, tmp_path: Path
) -> None:
    journal = tmp_path / "run.db"
    with ReplayServer(Model()) as server:
        with OpenAI(base_url=server.base_url, api_key="test") as sdk:
            # They wait for the loop, which gets them as one batch.
            extraction_of(sdk, {"journal": journal, "concurrency": 1}).run(job(10, rows=3))
        first = read(server, job(10, rows=3), 7, journal=journal)
        rest = read(server, job(10, rows=3), journal=journal)
        assert len(server.requests) == 10
        assert not read(server, job(10, rows=3), journal=journal)
    assert set(first[:6]) == expected(2, rows=3)
    assert sorted(rest) == sorted(expected(10, rows=3) - expected(2, rows=3))


@both
def test_a_slow_loop_slows_the_requests(read: Any, tmp_path: Path) -> None:
    taken = 0

    def documents() -> Iterator[Document]:
        nonlocal taken
        for document in job(1000, rows=1):
            taken += 1
            yield document

    with ReplayServer(Model()) as server:
        rows = read(server, documents(), 1, journal=tmp_path / "run.db", concurrency=4)
        assert len(rows) == 1
        assert taken <= 20


@both
def test_an_error_that_ends_the_run_is_raised_in_the_loop(read: Any, tmp_path: Path) -> None:
    answer = Answer(fault=faults.HTTPError(401))
    with ReplayServer(answer, repeat=True) as server, pytest.raises(openai.AuthenticationError):
        read(server, job(5), journal=tmp_path / "run.db")


@both
def test_what_ends_the_program_ends_the_loop(read: Any, tmp_path: Path) -> None:
    def prompt(document: Document) -> str:
        raise SystemExit(3)

    with ReplayServer(Model()) as server, pytest.raises(SystemExit):
        read(server, job(3, rows=1), journal=tmp_path / "run.db", prompt=prompt)


class Checked(Row):
    """A type whose validator becomes stricter, which its JSON schema does not show."""

    refused: ClassVar[str] = ""

    @field_validator("article")
    @classmethod
    def check(cls, article: str) -> str:
        if article == cls.refused:
            raise ValueError("is not sold any more")
        return article


@pytest.mark.parametrize("has_sink", [False, True])
@both
def test_a_stored_row_that_is_no_longer_valid_fails_its_document(
    read: Any,
    has_sink: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And not every run from then on, at the same place."""
    sink = tmp_path / "rows.jsonl" if has_sink else None
    options: dict[str, Any] = {"journal": tmp_path / "run.db", "sink": sink}
    options |= {"response_model": Checked, "concurrency": 1}  # the first document is done first
    with ReplayServer(Model()) as server:
        assert read(server, job(4, rows=3), 1, **options)[0][0] == "doc-0000"
        monkeypatch.setattr(Checked, "refused", "article 0-1 {ü}")
        rest = read(server, job(4, rows=3), **options)
        whole = expected(4, rows=3)
        others = {row for row in whole if row[0] != "doc-0000"}
        assert sorted(rest) == sorted(others)
        assert caplog.messages == ["document 'doc-0000' failed: a stored row is no longer valid"]
        [letter] = lines(tmp_path / "run.dead-letters.jsonl")
        assert json.loads(letter["raw"])["article"] == "article 0-1 {ü}"
        assert letter["reason"].startswith("row 1: no longer valid: article: ")
        assert "is not sold any more" in letter["reason"]
        totals = journal_status(tmp_path / "run.db").totals
        assert (totals.delivered, totals.failed) == (3, 1)
        if sink is not None:
            assert {line["document"] for line in lines(sink)} == {row[0] for row in others}
        monkeypatch.setattr(Checked, "refused", "")
        with OpenAI(base_url=server.base_url, api_key="test") as client:
            again = extraction_of(client, options).rows(job(4, rows=3), retry_failed=True)
            assert {as_tuple(row) for row in again} == whole - others


def test_run_and_rows_refuse_an_async_client(tmp_path: Path) -> None:
    client: Any = AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="test")
    extraction: Extraction[Row] = extraction_of(client, {"journal": tmp_path / "run.db"})
    with pytest.raises(TypeError, match="arun"):
        extraction.run([])
    with pytest.raises(TypeError, match="arows"):
        extraction.rows([])
    assert not (tmp_path / "run.db").exists()


def test_rows_of_a_run_are_read_once(tmp_path: Path) -> None:
    async def main(server: ReplayServer) -> None:
        async with AsyncOpenAI(base_url=server.base_url, api_key="test") as sdk:
            rows = extraction_of(sdk, {"journal": tmp_path / "run.db"}).arows(job(2, rows=2))
            with pytest.raises(RuntimeError, match="async with extraction"):
                await anext(rows)
            assert len([row async for row in rows]) == 4
            with pytest.raises(RuntimeError, match="call arows"):
                _ = [row async for row in rows]
            with pytest.raises(RuntimeError, match="call arows"):
                await rows.__aenter__()

    with ReplayServer(Model()) as server:
        asyncio.run(main(server))


def test_a_loop_that_was_closed_has_closed_the_journal(tmp_path: Path) -> None:
    async def main(server: ReplayServer) -> None:
        async with AsyncOpenAI(base_url=server.base_url, api_key="test") as sdk:
            rows: Any = aiter(extraction_of(sdk, {"journal": tmp_path / "run.db"}).arows(job(9)))
            await anext(rows)
            await rows.aclose()
            Journal(tmp_path / "run.db").close()

    with ReplayServer(Model()) as server:
        asyncio.run(main(server))
