"""What a run does with documents, and what becomes of it in the sink and the journal."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import openai
import pytest
from etl_runs import (
    Driver,
    Model,
    Row,
    expected,
    extraction_of,
    job,
    lines,
    right_rows,
    rows_in,
)
from openai import OpenAI

from partialstream import ProviderError
from partialstream.etl import (
    Document,
    JournalError,
    JournalInUseError,
    JournalMismatchError,
    SinkError,
)
from partialstream.etl.journal.journal import Journal
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    return {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}


def dead_letters(files: dict[str, Any]) -> list[dict[str, Any]]:
    return lines(files["journal"].with_suffix(".dead-letters.jsonl"))


def query(files: dict[str, Any], statement: str) -> list[Any]:
    with closing(sqlite3.connect(files["journal"])) as db:
        return db.execute(statement).fetchall()


def test_every_row_is_in_the_sink_once(driver: Driver, files: dict[str, Any]) -> None:
    with ReplayServer(Model()) as server:
        summary = driver.run(server, job(30, rows=5), **files)
        assert len(server.requests) == 30
    assert rows_in(lines(files["sink"])) == sorted(expected(30, rows=5))
    assert (summary.documents, summary.done, summary.delivered) == (30, 30, 30)
    assert (summary.rows, summary.failed, summary.rejected) == (150, 0, 0)
    assert summary.requests == 30
    assert summary.output_tokens > 150
    assert summary.ok
    assert query(files, "SELECT count(*) FROM rows") == [(0,)]
    assert query(files, "SELECT state, sum(rows) FROM documents GROUP BY state") == [
        ("delivered", 150)
    ]
    assert dead_letters(files) == []


def test_a_second_run_asks_for_nothing(driver: Driver, files: dict[str, Any]) -> None:
    with ReplayServer(Model()) as server:
        driver.run(server, job(10, rows=3), **files)
        summary = driver.run(server, job(12, rows=3), **files)
        assert len(server.requests) == 12
    assert (summary.documents, summary.known, summary.done) == (12, 10, 2)
    assert rows_in(lines(files["sink"])) == sorted(expected(12, rows=3))


def test_no_more_documents_are_read_at_one_time_than_allowed(
    driver: Driver, files: dict[str, Any]
) -> None:
    open_now: list[int] = []
    taken = 0

    def documents() -> Iterator[Document]:
        nonlocal taken
        for document in job(12, rows=2):
            taken += 1
            open_now.append(taken - len(lines(files["sink"])) // 2)
            yield document

    with ReplayServer(Model()) as server:
        driver.run(server, documents(), concurrency=3, **files)
    # Three are read, three may wait for the sink, one is being taken.
    assert max(open_now) <= 3 + 3 + 1 + 1


def test_documents_may_come_asynchronously(driver: Driver, files: dict[str, Any]) -> None:
    closed: list[bool] = []

    async def documents() -> AsyncIterator[Document]:
        try:
            for document in job(8, rows=2):
                yield document
        finally:
            closed.append(True)

    with ReplayServer(Model()) as server:
        summary = driver.run(server, documents(), **files)
    assert summary.done == 8
    assert closed == [True]


def test_many_false_reads_one_object_for_each_document(
    driver: Driver, files: dict[str, Any]
) -> None:
    with ReplayServer('{"article": "Lamp", "count": 2}', repeat=True) as server:
        summary = driver.run(server, job(4), many=False, **files)
    assert (summary.done, summary.rows) == (4, 4)
    assert rows_in(lines(files["sink"])) == [(f"doc-{n:04}", 0, "Lamp", 2) for n in range(4)]


def test_a_list_may_be_empty(driver: Driver, files: dict[str, Any]) -> None:
    with ReplayServer(Model()) as server:
        summary = driver.run(server, job(5, rows=0), **files)
    assert (summary.done, summary.rows, summary.delivered) == (5, 0, 5)


def test_rows_that_are_not_objects_have_a_column_value(
    driver: Driver, files: dict[str, Any]
) -> None:
    with ReplayServer('{"items": [1, 2]}', repeat=True) as server:
        driver.run(server, job(1), response_model=int, **files)
    assert lines(files["sink"]) == [
        {"document": "doc-0000", "row": row, "value": row + 1} for row in range(2)
    ]


# -- failures ------------------------------------------------------------------------------


def test_invalid_rows_are_repaired(driver: Driver, files: dict[str, Any]) -> None:
    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        if number % 3 or asked > 1:
            return answer
        return Answer(answer.text.replace('"count": 1}', '"count": -1}'), chunk_size=12)

    with ReplayServer(Model(spoil)) as server:
        summary = driver.run(server, job(9, rows=4), **files)
        assert len(server.requests) == 12
    assert rows_in(lines(files["sink"])) == sorted(expected(9, rows=4))
    assert (summary.done, summary.rejected, summary.requests) == (9, 0, 12)
    assert dead_letters(files) == []


def test_rows_that_stay_invalid_are_dead_letters_and_the_others_are_delivered(
    driver: Driver, files: dict[str, Any]
) -> None:
    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        if number != 2:
            return answer
        return Answer(answer.text.replace('"count": 1}', '"count": -1}'), chunk_size=12)

    with ReplayServer(Model(spoil)) as server:
        summary = driver.run(server, job(4, rows=3), max_retries=1, **files)
    whole = expected(4, rows=3)
    missing = {row for row in whole if row[0] == "doc-0002" and row[1] == 1}
    assert rows_in(lines(files["sink"])) == sorted(whole - missing)
    assert (summary.done, summary.rejected, summary.rows) == (4, 1, 11)
    [letter] = dead_letters(files)
    assert (letter["document"], letter["row"]) == ("doc-0002", 1)
    assert json.loads(letter["raw"])["count"] == -1
    assert letter["reason"] == "count: Input should be greater than or equal to 0"


def test_a_failed_document_has_no_rows_and_is_read_again_with_retry_failed(
    driver: Driver, files: dict[str, Any]
) -> None:
    broken = True

    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        if broken and number == 1:
            return Answer(fault=faults.HTTPError(400, message="too long"))
        if broken and number == 3:
            return Answer(answer.text, chunk_size=12, fault=faults.Refusal(after=9))
        return answer

    with ReplayServer(Model(spoil)) as server:
        summary = driver.run(server, job(5, rows=3), **files)
        assert (summary.done, summary.failed, summary.ok) == (3, 2, False)
        whole = expected(5, rows=3)
        failed = {row for row in whole if row[0] in ("doc-0001", "doc-0003")}
        assert rows_in(lines(files["sink"])) == sorted(whole - failed)
        letters = {each["document"]: each["reason"] for each in dead_letters(files)}
        assert "too long" in letters["doc-0001"]
        assert "doc-0003" in letters
        before = len(server.requests)
        again = driver.run(server, job(5, rows=3), **files)
        assert (again.known, again.failed_before) == (3, 2)
        assert len(server.requests) == before
        broken = False
        mended = driver.run(server, job(6, rows=3), retry_failed=True, **files)
        assert (mended.done, mended.failed) == (2, 0)
        assert len(server.requests) == before + 2
    assert rows_in(lines(files["sink"])) == sorted(whole)


@pytest.mark.parametrize(
    ("status", "code", "each"), [(401, None, 1), (404, None, 1), (429, "insufficient_quota", 3)]
)
def test_an_error_that_every_request_would_get_ends_the_run(
    driver: Driver, files: dict[str, Any], status: int, code: str | None, each: int
) -> None:
    fault = faults.HTTPError(status, code=code, retry_after=0.01 if status == 429 else None)
    with ReplayServer(Answer(fault=fault), repeat=True) as server:
        with pytest.raises(openai.APIStatusError) as caught:
            driver.run(server, job(100), concurrency=4, **files)
        assert caught.value.status_code == status
        assert len(server.requests) <= 4 * each  # the SDK asks again after some
    assert query(files, "SELECT DISTINCT state FROM documents") == [("open",)]
    with ReplayServer(Model()) as server:
        # The journal knows the endpoint by its port.
        summary = driver.run(
            server, job(10, rows=2), **{**files, "journal": files["sink"].with_suffix(".db")}
        )
    assert summary.done == 10


def test_a_document_that_cannot_be_read_or_sent_is_a_dead_letter(
    driver: Driver, files: dict[str, Any]
) -> None:
    documents = [
        Document("good", "1|2"),
        Document("unreadable", "", problem="cannot be read: not UTF-8"),
        Document("surrogate", "2|2 \ud800"),
        Document("nul", "\x00\n3|2"),
    ]
    with ReplayServer(Model()) as server:
        summary = driver.run(server, documents, **files)
    assert (summary.done, summary.failed) == (2, 2)
    letters = {each["document"]: each["reason"] for each in dead_letters(files)}
    assert letters.keys() == {"unreadable", "surrogate"}
    assert letters["unreadable"] == "cannot be read: not UTF-8"
    assert {each["document"] for each in lines(files["sink"])} == {"good", "nul"}


def test_an_error_of_the_documents_is_raised_and_complete_documents_stay(
    driver: Driver, files: dict[str, Any]
) -> None:
    def documents() -> Iterator[Document]:
        yield from job(6, rows=2)
        raise OSError("the disk is gone")

    with ReplayServer(Model()) as server:
        with pytest.raises(OSError, match="the disk is gone"):
            driver.run(server, documents(), concurrency=1, **files)
        summary = driver.run(server, job(6, rows=2), concurrency=1, **files)
        assert summary.known + summary.done == 6
    assert rows_in(lines(files["sink"])) == sorted(expected(6, rows=2))


# -- ids and texts -------------------------------------------------------------------------


def test_the_same_document_twice_is_read_once(driver: Driver, files: dict[str, Any]) -> None:
    documents = [*job(3, rows=2), *job(3, rows=2)]
    with ReplayServer(Model()) as server:
        summary = driver.run(server, documents, **files)
        assert len(server.requests) == 3
    assert (summary.done, summary.known) == (3, 3)


def test_two_texts_under_one_id_are_refused(driver: Driver, files: dict[str, Any]) -> None:
    documents = [Document("a", "1|2"), Document("a", "2|2")]
    with ReplayServer(Model()) as server:
        summary = driver.run(server, documents, **files)
    assert (summary.done, summary.refused) == (1, 1)
    [letter] = dead_letters(files)
    assert "same id" in letter["reason"]


def test_a_changed_text_is_refused_where_the_sink_cannot_replace(
    driver: Driver, files: dict[str, Any]
) -> None:
    with ReplayServer(Model()) as server:
        driver.run(server, [Document("a", "1|2")], **files)
        summary = driver.run(server, [Document("a", "2|2")], **files)
        assert len(server.requests) == 1
        assert (summary.refused, summary.ok) == (1, False)
        assert "cannot replace" in dead_letters(files)[0]["reason"]
        assert driver.run(server, [Document("a", "1|2")], **files).known == 1
    assert len(lines(files["sink"])) == 2


# -- the journal ---------------------------------------------------------------------------


class OtherRow(Row):
    price: float | None = None


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("prompt", {"prompt": "Other articles in:\n\n{text}"}),
        ("model", {"model": "other"}),
        ("schema", {"response_model": OtherRow}),
        ("endpoint", {"endpoint": "another"}),
        ("sink", {"sink": "other.jsonl"}),
        ("kind", {"many": False}),
        ("arguments", {"temperature": 0.5}),
        ("options", {"mode": "tools"}),
    ],
)
def test_another_job_is_refused_and_the_difference_is_named(
    driver: Driver, files: dict[str, Any], name: str, change: dict[str, Any]
) -> None:
    with ReplayServer(Model()) as server:
        driver.run(server, job(2, rows=1), **files)
        with pytest.raises(JournalMismatchError, match=f"different {name}: ") as caught:
            driver.run(server, job(2, rows=1), **{**files, **change})
        assert set(caught.value.differences) == {name}
        assert len(server.requests) == 2


def test_another_path_on_the_same_server_is_another_endpoint(files: dict[str, Any]) -> None:
    with ReplayServer(Model()) as server:
        for path in ("", "/"):
            with OpenAI(base_url=f"{server.base_url}{path}", api_key="test") as sdk:
                extraction_of(sdk, files).run(job(2, rows=1))
        with OpenAI(base_url=f"{server.base_url}/other", api_key="test") as sdk:
            with pytest.raises(JournalMismatchError, match=r"different endpoint: .*/v1/other' now"):
                extraction_of(sdk, files).run(job(2, rows=1))
        assert len(server.requests) == 2


def test_a_second_run_at_the_same_time_is_refused(driver: Driver, files: dict[str, Any]) -> None:
    def documents() -> Iterator[Document]:
        yield from job(2, rows=1)
        with pytest.raises(JournalInUseError, match="another run"):
            Journal(files["journal"])

    with ReplayServer(Model()) as server:
        assert driver.run(server, documents(), **files).done == 2


def test_a_file_that_is_not_a_journal_is_refused(driver: Driver, files: dict[str, Any]) -> None:
    files["journal"].write_text("this is not a database, but some text\n" * 100)
    with ReplayServer(Model()) as server, pytest.raises(JournalError, match="not a database"):
        driver.run(server, job(1), **files)


def test_a_sink_that_the_journal_does_not_know_is_refused(
    driver: Driver, files: dict[str, Any]
) -> None:
    files["sink"].write_text('{"somebody": "else"}\n')
    with ReplayServer(Model()) as server, pytest.raises(SinkError, match="did not write it"):
        driver.run(server, job(1), **files)
    assert files["sink"].read_text() == '{"somebody": "else"}\n'


def test_a_sink_that_is_shorter_than_the_journal_says_is_refused(
    driver: Driver, files: dict[str, Any]
) -> None:
    with ReplayServer(Model()) as server:
        driver.run(server, job(2, rows=1), **files)
        files["sink"].write_text("")
        with pytest.raises(SinkError, match="changed or removed"):
            driver.run(server, job(2, rows=1), **files)


@pytest.mark.parametrize("stored", [5, 9])
@pytest.mark.parametrize("option", ["take", "stop_when"])
def test_take_and_stop_when_count_rows_of_the_earlier_run(
    driver: Driver, option: str, stored: int, files: dict[str, Any]
) -> None:
    """Whether the run died before the last of them, or just before the document was marked."""
    options = {"take": 9} if option == "take" else {"stop_when": lambda row: row.count == 8}

    def once_rejected(number: int, asked: int, answer: Answer) -> Answer:
        del number
        return Answer(fault=faults.HTTPError(401)) if asked == 1 else answer

    with ReplayServer(Model(once_rejected)) as server:
        with pytest.raises(openai.AuthenticationError):
            driver.run(server, job(1), **files, **options)
        with closing(sqlite3.connect(files["journal"])) as journal, journal:
            for row in right_rows(0)[:stored]:
                given = (row["count"], json.dumps(row), json.dumps(row))
                journal.execute(
                    "INSERT INTO rows (document, row_index, raw, value) VALUES (1, ?, ?, ?)", given
                )
        summary = driver.run(server, job(1), **files, **options)
    assert (summary.done, summary.resumed, summary.rows) == (1, 1, 9)
    assert summary.requests == (stored < 9)
    assert [line["row"] for line in lines(files["sink"])] == list(range(9))


def test_a_run_that_ended_during_a_repair_is_continued_with_the_repair_alone(
    driver: Driver, files: dict[str, Any]
) -> None:
    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        del number
        if asked == 1:
            return replace(answer, text=answer.text.replace('"count": 1}', '"count": -1}'))
        return Answer(fault=faults.HTTPError(401)) if asked == 2 else answer

    model = Model(spoil)
    with ReplayServer(model) as server:
        with pytest.raises(ProviderError):
            driver.run(server, job(1, rows=4), **files)
        sent = model.items
        summary = driver.run(server, job(1, rows=4), **files)
        assert model.items - sent == 1
    assert (summary.done, summary.resumed, summary.requests) == (1, 1, 1)
    assert rows_in(lines(files["sink"])) == sorted(expected(1, rows=4))


def test_rows_after_one_that_is_repaired_are_stored_at_once(
    driver: Driver, files: dict[str, Any]
) -> None:
    """With `ordered=True`, a stream holds them back, and the run may die before it lets them go."""
    stored: list[Any] = []

    def spoiled(number: int, asked: int, answer: Answer) -> Answer:
        del number
        if asked == 1:
            wrong = str(answer.text).replace('"count": 1}', '"count": -1}')
            return replace(answer, text=wrong)
        stored.extend(query(files, "SELECT row_index FROM rows WHERE value IS NOT NULL"))
        return answer

    with ReplayServer(Model(spoiled)) as server:
        driver.run(server, job(1, rows=9), **files, ordered=True)
    assert stored == [(row,) for row in (0, *range(2, 9))]
    assert rows_in(lines(files["sink"])) == sorted(expected(1, rows=9))
