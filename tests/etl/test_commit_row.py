"""`commit="row"`: rows reach the sink one by one, before their document is finished."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import DRIVERS, Driver, Model, Row, expected, extraction_of, job, lines
from etl_sinks import PostgreSQLPlace, SQLitePlace
from extras import needs
from openai import OpenAI
from pydantic import field_validator

from partialstream.etl import Batch, Document, JournalError, RowsRefusedError, SinkError
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from partialstream.etl import Column

sql = needs("sql", "sqlalchemy")


class Replacing:
    """A sink in memory that replaces rows."""

    name = "memory"
    can_replace = True
    batch_rows = 1

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.rows: dict[str, dict[int, Any]] = {}
        self.refused: tuple[str, int] | None = None
        self.delivered = threading.Event()
        self.fails_at: int | None = None

    def open(self, columns: Sequence[Column], state: str | None) -> str | None:
        return None

    def deliver(self, batch: Batch) -> str | None:
        for document in batch.documents:
            if self.refused in [(document.id, row.index) for row in document.rows]:
                raise RowsRefusedError(document.id, "not this one")
        self.batches.append(batch)
        for document in batch.documents:
            if document.replace:
                self.rows[document.id] = {}
            self.rows[document.id].update({row.index: row.members for row in document.rows})
        self.delivered.set()
        if self.fails_at == len(self.batches):
            raise OSError("the connection is lost")
        return None

    def close(self) -> None:
        pass

    def found(self) -> set[tuple[str, int, str, int]]:
        return {
            (document, index, row["article"], row["count"])
            for document, rows in self.rows.items()
            for index, row in rows.items()
        }

    def handed_over(self) -> list[tuple[str, int]]:
        return [
            (document.id, row.index)
            for batch in self.batches
            for document in batch.documents
            for row in document.rows
        ]


class Appending(Replacing):
    can_replace = False


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


def run(driver: Driver, server: ReplayServer, documents: Any, **options: Any) -> Any:
    given: Any = {"commit": "row", **options}
    return driver.run(server, documents, **given)


@pytest.mark.parametrize(
    ("sink", "message"),
    [
        (None, "needs a sink that can replace rows, and there is none"),
        ("rows.jsonl", "'jsonl rows.jsonl' cannot: use a database"),
        pytest.param(
            "rows.parquet", "'parquet rows.parquet' cannot", marks=needs("parquet", "pyarrow")
        ),
        (Appending(), "'memory' cannot"),
    ],
)
def test_sinks_that_cannot_replace_rows_are_refused(sink: Any, message: str, journal: Path) -> None:
    with OpenAI(base_url="http://127.0.0.1:9/v1", api_key="test") as sdk:
        with pytest.raises(ValueError, match=message):
            extraction_of(sdk, {"journal": journal, "sink": sink, "commit": "row"})
        with pytest.raises(ValueError, match="'document' or 'row'"):
            extraction_of(sdk, {"journal": journal, "sink": sink, "commit": "item"})
    assert not journal.exists()


def test_rows_arrive_before_the_response_has_ended(driver: Driver, journal: Path) -> None:
    sink = Replacing()
    seen: list[bool] = []

    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        return replace(answer, tokens_per_second=40)

    deliver = sink.deliver

    def watch(batch: Batch) -> str | None:
        seen.append(any(each.deltas_sent < each.deltas_planned for each in server.requests))
        return deliver(batch)

    sink.deliver = watch  # type: ignore[method-assign]  # pyright: ignore
    with ReplayServer(Model(spoil)) as server:
        summary = run(driver, server, job(2, rows=20), journal=journal, sink=sink)
    assert sum(seen) > 10
    assert sink.found() == expected(2, rows=20)
    assert (summary.done, summary.delivered, summary.rows) == (2, 2, 40)
    # Each row once, and the first ones of a document replace what the sink may have of it.
    assert len(sink.handed_over()) == len(set(sink.handed_over())) == 40
    firsts = {"doc-0000", "doc-0001"}
    for document in [document for batch in sink.batches for document in batch.documents]:
        assert document.replace == (document.id in firsts)
        firsts.discard(document.id)
    numbers = [batch.number for batch in sink.batches]
    assert numbers == sorted(set(numbers))


def test_a_document_that_fails_has_no_rows_in_the_end(driver: Driver, journal: Path) -> None:
    sink = Replacing()

    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        if number != 1:
            return answer
        sink.delivered.clear()
        return replace(answer, tokens_per_second=40, fault=faults.Refusal(after=30))

    with ReplayServer(Model(spoil)) as server:
        summary = run(driver, server, job(3, rows=20), journal=journal, sink=sink, concurrency=1)
    assert (summary.done, summary.failed, summary.delivered) == (2, 1, 2)
    assert ("doc-0001", 0) in sink.handed_over()
    assert sink.rows["doc-0001"] == {}
    assert {row[0] for row in sink.found()} == {"doc-0000", "doc-0002"}
    [letter] = lines(journal.with_suffix(".dead-letters.jsonl"))
    assert letter["document"] == "doc-0001"


def test_a_row_that_the_sink_refuses_fails_its_document(driver: Driver, journal: Path) -> None:
    sink = Replacing()
    sink.refused = ("doc-0001", 3)
    with ReplayServer(Model(tokens_per_second=200)) as server:
        summary = run(driver, server, job(3, rows=10), journal=journal, sink=sink)
    assert (summary.done, summary.failed, summary.delivered) == (2, 1, 2)
    assert sink.found() == {row for row in expected(3, rows=10) if row[0] != "doc-0001"}
    [letter] = lines(journal.with_suffix(".dead-letters.jsonl"))
    assert letter == {"document": "doc-0001", "reason": "not this one"}


def test_repaired_rows_are_delivered_and_rejected_ones_are_not(
    driver: Driver, journal: Path
) -> None:
    sink = Replacing()

    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        text = answer.text
        if asked == 1:
            text = text.replace('"count": 1}', '"count": -1}')
        return replace(answer, text=text.replace('"count": 3}', '"count": -3}'))

    with ReplayServer(Model(spoil)) as server:
        summary = run(driver, server, job(3, rows=5), journal=journal, sink=sink, max_retries=1)
    assert (summary.done, summary.rejected) == (3, 3)
    assert sink.found() == {row for row in expected(3, rows=5) if row[1] != 3}
    assert len(sink.handed_over()) == 12


@pytest.mark.parametrize("fails_at", [1, 2, 3, 5])
def test_an_unmarked_batch_is_delivered_again_unchanged(
    driver: Driver, journal: Path, fails_at: int
) -> None:
    sink = Replacing()
    sink.fails_at = fails_at
    options = {"journal": journal, "sink": sink, "endpoint": "test", "concurrency": 2}
    with ReplayServer(Model(tokens_per_second=75)) as server:
        with pytest.raises(SinkError, match="the connection is lost"):
            run(driver, server, job(4, rows=15), **options)
        under_way = sink.batches[-1]
        sink.fails_at = None
        run(driver, server, job(4, rows=15), **options)
    assert sink.batches[fails_at] == under_way
    assert sink.found() == expected(4, rows=15)
    assert len(sink.handed_over()) == 60 + sum(len(each.rows) for each in under_way.documents)


@pytest.mark.parametrize("commit", ["row", "document"])
def test_a_document_that_is_read_again_replaces_its_old_rows(
    driver: Driver, journal: Path, commit: str
) -> None:
    sink = Replacing()
    sink.fails_at = 4
    options = {"journal": journal, "sink": sink, "endpoint": "test", "concurrency": 2}
    with ReplayServer(Model(tokens_per_second=150)) as server:
        with pytest.raises(SinkError, match="the connection is lost"):
            run(driver, server, job(2, rows=30), **options)
        begun = set(sink.rows)
        assert begun
        sink.fails_at = None
        documents = [Document(f"doc-{number:04}", f"{number}|2") for number in range(2)]
        run(driver, server, documents, **options, on_restart="restart", commit=commit)
    assert sink.found() == expected(2, rows=2)


def test_the_next_run_may_use_another_commit(driver: Driver, journal: Path) -> None:
    sink = Replacing()
    options = {"journal": journal, "sink": sink, "endpoint": "test", "concurrency": 2}
    with ReplayServer(Model(tokens_per_second=150)) as server:
        sink.fails_at = 3
        with pytest.raises(SinkError, match="the connection is lost"):
            run(driver, server, job(4, rows=15), **options)
        sink.fails_at = None
        run(driver, server, job(3, rows=15), **options, commit="document")
        run(driver, server, job(4, rows=15), **options)
    assert sink.found() == expected(4, rows=15)


@pytest.mark.parametrize("fails", [False, True])
def test_a_row_that_is_not_valid_any_more_leaves_the_sink(journal: Path, fails: bool) -> None:
    strict = False

    class Judged(Row):
        @field_validator("count")
        @classmethod
        def judge(cls, count: int) -> int:
            if strict and count == 1:
                raise ValueError("not one")
            return count

    sink = Replacing()
    sink.fails_at = 4
    options = {"journal": journal, "sink": sink, "endpoint": "test", "response_model": Judged}
    with ReplayServer(Model(tokens_per_second=100)) as server:
        with pytest.raises(SinkError, match="the connection is lost"):
            run(DRIVERS[0], server, job(1, rows=30), **options)
        assert 1 in sink.rows["doc-0000"]
        sink.fails_at = None
        strict = True
        if fails:  # while the journal takes note of it
            with closing(sqlite3.connect(journal)) as db:
                db.execute(
                    "CREATE TRIGGER full BEFORE UPDATE OF batch ON rows WHEN old.batch = 0 "
                    "BEGIN SELECT raise(ABORT, 'full'); END"
                )
            with pytest.raises(JournalError, match="full"):
                run(DRIVERS[0], server, job(1, rows=30), **options, max_retries=1)
            with closing(sqlite3.connect(journal)) as db:
                db.execute("DROP TRIGGER full")
        summary = run(DRIVERS[0], server, job(1, rows=30), **options, max_retries=1)
    assert (summary.done, summary.rejected, summary.resumed) == (1, 1, 1)
    assert sink.found() == {row for row in expected(1, rows=30) if row[1] != 1}


def test_rows_are_handed_to_a_loop_as_they_complete(journal: Path) -> None:
    sink = Replacing()
    with (
        ReplayServer(Model(tokens_per_second=40)) as server,
        OpenAI(base_url=server.base_url, api_key="test") as sdk,
    ):
        options = {"journal": journal, "sink": sink, "commit": "row"}
        early = 0
        found: list[tuple[str, int]] = []
        for row in extraction_of(sdk, options).rows(job(2, rows=20)):
            early += any(each.deltas_sent < each.deltas_planned for each in server.requests)
            assert row.index in sink.rows[row.document]
            found.append((row.document, row.index))
    assert early > 10
    assert sorted(found) == sorted(row[:2] for row in expected(2, rows=20))


@pytest.mark.parametrize("kind", [SQLitePlace, PostgreSQLPlace])
@sql
def test_rows_are_committed_to_a_database_and_removed_if_the_document_fails(
    driver: Driver, kind: Any, tmp_path: Path
) -> None:
    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        if number == 2 and asked == 1:
            return replace(answer, tokens_per_second=200, fault=faults.Refusal(after=30))
        return replace(answer, tokens_per_second=300)

    with kind(tmp_path) as place, ReplayServer(Model(spoil)) as server:
        options = {"journal": tmp_path / "run.db", "sink": place.spec}
        summary = run(driver, server, job(5, rows=20), **options)
        assert (summary.done, summary.failed) == (4, 1)
        right = expected(5, rows=20)
        assert place.rows() == {row for row in right if row[0] != "doc-0002"}
        assert place.count() == 80
        run(driver, server, job(5, rows=20), **options, retry_failed=True)
        assert place.rows() == right
        changed = Document("doc-0001", "1|3")
        run(driver, server, [changed], **options)
        assert {row[1] for row in place.rows() if row[0] == "doc-0001"} == {0, 1, 2}
