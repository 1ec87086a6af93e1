"""Documents and rows that fail: what that means for the run, the summary and the dead letters."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import openai
import pytest
from anyio import to_thread
from etl_runs import Driver, Model, extraction_of, job, lines
from openai import OpenAI

from partialstream.etl import Document, FailedDocument, RowsRefusedError, journal_status
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from partialstream.etl import Batch


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    return {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}


def letters(files: dict[str, Any]) -> list[dict[str, Any]]:
    return lines(files["journal"].with_suffix(".dead-letters.jsonl"))


def test_an_endpoint_that_cannot_be_reached_ends_the_run(
    driver: Driver, files: dict[str, Any]
) -> None:
    """Or an outage would mark all documents as failed that are left."""
    with ReplayServer(Model()) as server:
        driver.run(server, job(2, rows=1), **files, max_retries=0, endpoint="model")

    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    class Gone:
        base_url = f"http://127.0.0.1:{port}/v1"

    gone: Any = Gone()
    with pytest.raises(openai.APIConnectionError):
        driver.run(gone, job(9, rows=1), **files, max_retries=0, endpoint="model")
    status = journal_status(files["journal"])
    assert (status.totals.delivered, status.totals.failed) == (2, 0)
    assert letters(files) == []
    with ReplayServer(Model()) as server:
        summary = driver.run(server, job(9, rows=1), **files, max_retries=0, endpoint="model")
    assert (summary.known, summary.done) == (2, 7)


@pytest.mark.parametrize("rejected", [False, True])
def test_a_run_that_fails_does_not_wait_for_a_response_to_begin(
    rejected: bool, files: dict[str, Any]
) -> None:
    """Nor for the next request of a document, after a response with `Retry-After`."""
    asked, released, errors = Event(), Event(), list[BaseException]()

    def spoil(number: int, count: int, answer: Answer) -> Answer:
        asked.set()
        if rejected:
            return replace(answer, fault=faults.HTTPError(429, retry_after=50))
        released.wait(60)
        return answer

    async def documents() -> AsyncIterator[Document]:
        for document in job(1, rows=1):
            yield document
        await to_thread.run_sync(asked.wait, 30)
        raise OSError("the share is gone")

    def run(server: ReplayServer) -> None:
        with OpenAI(base_url=server.base_url, api_key="test") as sdk:
            try:
                extraction_of(sdk, {**files, "concurrency": 2, "endpoint": "model"}).run(
                    documents()
                )
            except OSError as error:
                errors.append(error)

    with ReplayServer(Model(spoil)) as server:
        thread = Thread(target=run, args=(server,))
        thread.start()
        thread.join(15)
        in_time = not thread.is_alive()
        released.set()
        thread.join()
        assert in_time
        assert [str(error) for error in errors] == ["the share is gone"]
        assert len(server.requests) == 1
        totals = journal_status(files["journal"]).totals
        assert (totals.open, totals.failed, totals.requests) == (1, 0, 1)
    with ReplayServer(Model()) as server, OpenAI(base_url=server.base_url, api_key="t") as sdk:
        extraction = extraction_of(sdk, {**files, "endpoint": "model"})
        assert extraction.run(job(1, rows=1)).done == 1
    assert letters(files) == []


def test_two_texts_under_one_id_are_refused_in_every_run(
    driver: Driver, files: dict[str, Any]
) -> None:
    documents = [Document("a", "1|2"), Document("a", "2|2"), Document("b", "3|1")]
    files["sink"] = Replacing()
    with ReplayServer(Model()) as server:
        for _ in range(3):
            summary = driver.run(server, documents, **files, concurrency=1)
            assert summary.refused == 1
        assert len(server.requests) == 2
    assert files["sink"].rows["a"] == ["article 1-0 {ü}", "article 1-1 {ü}"]


class Replacing:
    """A sink in memory."""

    name = "memory"
    can_replace = True
    batch_rows = 1

    def __init__(self) -> None:
        self.rows: dict[str, list[str]] = {}

    def open(self, columns: Any, state: str | None) -> None: ...

    def deliver(self, batch: Batch) -> None:
        for document in batch.documents:
            self.rows[document.id] = [json.loads(row.text)["article"] for row in document.rows]

    def close(self) -> None: ...


@pytest.mark.parametrize("max_retries", [0, 1])
def test_an_invalid_row_is_a_dead_letter_and_its_document_is_done(
    driver: Driver, max_retries: int, files: dict[str, Any]
) -> None:
    def invalid(number: int, asked: int, answer: Answer) -> Answer:
        del number, asked
        return replace(answer, text=answer.text.replace('"count": 1}', '"count": -1}'))

    with ReplayServer(Model(invalid)) as server:
        summary = driver.run(server, job(1, rows=3), **files, max_retries=max_retries)
    assert (summary.done, summary.failed, summary.rows, summary.rejected) == (1, 0, 2, 1)
    [letter] = letters(files)
    assert (letter["row"], json.loads(letter["raw"])["count"]) == (1, -1)


@pytest.mark.parametrize("max_retries", [0, 2])
def test_an_object_that_stays_invalid_is_in_the_dead_letters(
    driver: Driver, max_retries: int, files: dict[str, Any]
) -> None:
    """With retries, a response ends at its first invalid field, so that is all there is."""
    text = '{"article": "Lamp", "count": -3}'
    with ReplayServer(Answer(text), repeat=True) as server:
        summary = driver.run(
            server, [Document("d", "1|1")], **files, many=False, max_retries=max_retries
        )
    assert summary.failed == 1
    [letter] = letters(files)
    assert (letter["document"], letter["raw"]) == ("d", "-3" if max_retries else text)
    assert "count: Input should be greater than or equal to 0" in letter["reason"]
    assert "http" not in letter["reason"]
    assert "\n" not in letter["reason"]


def test_a_refused_document_has_failed_and_is_not_counted_as_done(
    driver: Driver, files: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    class Choosy(Replacing):
        def deliver(self, batch: Batch) -> None:
            for document in batch.documents:
                if document.id == "doc-0001" and document.rows:
                    raise RowsRefusedError(document.id, "not this one")
            super().deliver(batch)

    with ReplayServer(Model()) as server:
        summary = driver.run(server, job(3, rows=4), **{**files, "sink": Choosy()})
    assert (summary.done, summary.failed, summary.rows, summary.delivered) == (2, 1, 8, 2)
    assert not summary.ok
    assert summary.failures == [FailedDocument("doc-0001", "not this one")]
    # The reason of a sink may quote rows.
    assert caplog.messages == ["document 'doc-0001' failed: the sink refused it"]


def test_a_document_that_is_refused_even_without_rows_is_not_delivered_again(
    driver: Driver, files: dict[str, Any]
) -> None:
    class Refusing(Replacing):
        refused = 0

        def deliver(self, batch: Batch) -> None:
            for document in batch.documents:
                if document.id == "doc-0001":
                    self.refused += 1
                    raise RowsRefusedError(document.id, "not this one")
            super().deliver(batch)

    sink = Refusing()
    with ReplayServer(Model()) as server:
        summary = driver.run(server, job(3, rows=2), **{**files, "sink": sink})
        assert (summary.done, summary.failed, summary.delivered) == (2, 1, 2)
        assert sink.refused == 2  # with its rows, and when they are to be removed
        driver.run(server, job(3, rows=2), **{**files, "sink": sink})
    assert sink.refused == 2
    [letter] = letters(files)
    assert letter == {"document": "doc-0001", "reason": "not this one"}


def test_tokens_of_an_attempt_that_was_cut_off_are_estimated(
    driver: Driver, files: dict[str, Any]
) -> None:
    def cut(number: int, asked: int, answer: Answer) -> Answer:
        is_cut = (number, asked) == (0, 1)
        return replace(answer, fault=faults.Reset(after=40)) if is_cut else answer

    with ReplayServer(Model(cut)) as server:
        summary = driver.run(server, job(1, rows=30), **files)
        whole = driver.run(server, job(2, rows=30), **files)
    assert summary.requests == 2
    assert summary.output_tokens >= whole.output_tokens
    assert summary.input_tokens > 1.5 * whole.input_tokens


def test_the_request_that_ends_a_run_is_counted(files: dict[str, Any]) -> None:
    answer = Answer(fault=faults.HTTPError(401))
    with (
        ReplayServer(answer, repeat=True) as server,
        OpenAI(base_url=server.base_url, api_key="t") as sdk,
    ):
        extraction = extraction_of(sdk, {**files, "concurrency": 1})
        with pytest.raises(openai.AuthenticationError):
            extraction.run(job(3))
    assert (extraction.summary.requests, extraction.summary.done) == (1, 0)


def test_a_key_is_not_in_the_dead_letters(files: dict[str, Any]) -> None:
    def prompt(document: Document) -> str:
        raise ValueError(f"no template for {document.id}: sk-very-secret-key-1234567890")

    with ReplayServer(Model()) as server, OpenAI(base_url=server.base_url, api_key="t") as sdk:
        extraction_of(sdk, {**files, "prompt": prompt}).run(job(1))
    [letter] = letters(files)
    assert letter["reason"].startswith("ValueError: no template for doc-0000: ")
    assert "secret" not in letter["reason"]


def test_rows_of_a_changed_text_are_refused_where_nothing_replaces_them(
    files: dict[str, Any],
) -> None:
    del files["sink"]
    with ReplayServer(Model()) as server, OpenAI(base_url=server.base_url, api_key="t") as sdk:
        first = list(extraction_of(sdk, files).rows([Document("a", "1|2")]))
        extraction = extraction_of(sdk, files)
        second = list(extraction.rows([Document("a", "2|2")]))
    assert [row.index for row in first] == [0, 1]
    assert second == []
    assert extraction.summary.refused == 1
    assert "has changed" in letters(files)[0]["reason"]


def test_journals_in_one_folder_have_dead_letters_of_their_own(
    driver: Driver, tmp_path: Path
) -> None:
    """Two that write one file would each truncate what the other has written."""
    journals = ["run", "run.1", "run.2", "run.db", "run.sqlite", "run.2026.db"]
    with ReplayServer(Model()) as server:
        for number in range(2):
            for name in journals:
                files: dict[str, Any] = {
                    "journal": tmp_path / name,
                    "sink": tmp_path / f"{name}.rows.jsonl",
                }
                unreadable = Document(f"{name}-{number}", "", problem="cannot be read")
                assert driver.run(server, [unreadable], **files).failed == 1
    found = [
        {letter["document"] for letter in lines(path)}
        for path in tmp_path.glob("*dead-letters.jsonl")
    ]
    assert len(found) == len(journals)
    assert all({f"{name}-0", f"{name}-1"} in found for name in journals)
    assert {letter["document"] for letter in lines(tmp_path / "run.dead-letters.jsonl")} == {
        "run.db-0",
        "run.db-1",
    }
