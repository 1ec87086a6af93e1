"""The state of a job, read from its journal."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import Driver, Model, extraction_of, job
from openai import OpenAI

from partialstream.etl import Document, JobTotals, JournalError, journal_status
from partialstream.etl.journal import status as status_module
from partialstream.etl.journal.journal import Journal
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    return {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}


def run(server: ReplayServer, documents: Any, files: dict[str, Any], **options: Any) -> Any:
    with OpenAI(base_url=server.base_url, api_key="test") as sdk:
        given = {**files, "endpoint": "test", **options}
        return extraction_of(sdk, given).run(documents)


def spoil(number: int, asked: int, answer: Answer) -> Answer:
    if number == 1:
        return Answer(fault=faults.HTTPError(400, message="too \x1b[31mlong"))
    if number == 2:
        return Answer(answer.text.replace('"count": 1}', '"count": -1}'), chunk_size=12)
    return answer


def test_the_status_has_the_totals_and_failures_of_the_job(files: dict[str, Any]) -> None:
    with ReplayServer(Model(spoil)) as server:
        summary = run(server, job(4, rows=3), files, max_retries=1)
    before = {name: (files["journal"].parent / name).read_bytes() for name in names(files)}
    status = journal_status(files["journal"])
    assert (status.path, status.runs, status.in_use) == (str(files["journal"]), 1, False)
    assert (status.job["model"], status.job["endpoint"]) == ("any", "test")
    assert status.job["prompt"].endswith("{text}")
    totals = status.totals
    assert (totals.documents, totals.open, totals.done) == (4, 0, 0)
    assert (totals.delivered, totals.failed, totals.rows, totals.rejected) == (3, 1, 8, 1)
    assert (totals.requests, totals.output_tokens) == (5, summary.output_tokens)
    [failed] = status.failed
    assert failed.id == "doc-0001"
    assert "too" in failed.reason
    assert summary.job == totals
    # Reading has changed nothing, and left nothing behind.
    assert before == {name: (files["journal"].parent / name).read_bytes() for name in names(files)}


def names(files: dict[str, Any]) -> list[str]:
    return sorted(os.listdir(files["journal"].parent))


def test_the_status_as_json_and_as_text(files: dict[str, Any]) -> None:
    with ReplayServer(Model(spoil)) as server:
        run(server, job(3, rows=2), files, max_retries=1)
    status = journal_status(files["journal"])
    given = json.loads(status.to_json())
    assert given == status.as_dict()
    assert given["totals"]["failed"] == 1
    assert given["failed"][0]["id"] == "doc-0001"
    text = str(status)
    assert f"sink      {status.job['sink']}" in text
    assert re.search(r"^  failed +1$", text, re.MULTILINE)
    assert "\n  doc-0001: " in text
    assert "\x1b" not in text
    assert "too \\x1b[31mlong" in text


def test_many_failed_documents_are_counted(files: dict[str, Any]) -> None:
    documents = [Document(f"d-{number}", "", problem="is lost") for number in range(25)]
    with ReplayServer(Model()) as server:
        run(server, documents, files)
    status = journal_status(files["journal"])
    assert len(status.failed) == len(status.as_dict()["failed"]) == 25
    assert str(status).count("is lost") == 20
    assert str(status).endswith("\n  and 5 more")


def test_the_status_can_be_read_while_a_run_uses_the_journal(
    driver: Driver, files: dict[str, Any]
) -> None:
    seen = []

    def documents() -> Iterator[Document]:
        for document in job(6, rows=2):
            seen.append(journal_status(files["journal"]))
            yield document

    with ReplayServer(Model()) as server:
        driver.run(server, documents(), concurrency=1, **files)
    assert all(status.in_use for status in seen)
    assert [status.totals.documents for status in seen] == list(range(6))
    after = journal_status(files["journal"])
    assert (after.in_use, after.totals.delivered) == (False, 6)


def test_a_journal_of_a_killed_run_is_not_in_use(files: dict[str, Any], tmp_path: Path) -> None:
    with Journal(files["journal"]) as journal:
        journal.begin_run({"model": "any"})
        journal.begin("a", b"hash", resume=True, can_replace=True, retry_failed=False)
        copy = tmp_path / "killed.db"
        for suffix in ("", "-wal", "-lock"):
            shutil.copy(f"{files['journal']}{suffix}", f"{copy}{suffix}")
    status = journal_status(copy)
    assert (status.in_use, status.runs) == (False, 1)
    assert status.totals == JobTotals(documents=1, open=1)


@pytest.mark.parametrize("name", ["a b.db", "50%.db", "a#b?c=d.db", "ü.db"])
def test_a_journal_may_have_any_file_name(tmp_path: Path, name: str) -> None:
    with Journal(tmp_path / name):
        assert journal_status(tmp_path / name).in_use
    assert journal_status(tmp_path / name).runs == 0


def test_files_that_are_not_journals_are_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"there is no journal .*none\.db"):
        journal_status(tmp_path / "none.db")
    with pytest.raises(JournalError, match="there is no journal"):
        journal_status(tmp_path)
    (tmp_path / "text.db").write_text("this is not a database, but some text\n" * 100)
    (tmp_path / "empty.db").write_bytes(b"")
    with closing(sqlite3.connect(tmp_path / "other.db")) as db:
        db.execute("CREATE TABLE job (other TEXT)")
    for name in ("text.db", "empty.db", "other.db"):
        with pytest.raises(JournalError, match=f"{name} is not a journal"):
            journal_status(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["empty.db", "other.db", "text.db"]


def test_the_status_of_another_version_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db"):
        pass
    with closing(sqlite3.connect(tmp_path / "run.db")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match=r"run\.db has version 99"):
        journal_status(tmp_path / "run.db")


@pytest.mark.parametrize(
    ("versions", "opened"),
    [
        ([1, 1], ["immutable"]),
        ([1, 2, 2, 2], ["immutable", "immutable"]),
        ([1, 2, 3, 4, 5, 6], ["immutable", "immutable", "immutable", "shared"]),
        ([1, 2, None], ["immutable", "shared"]),  # a run has begun, and there is a log
        ([None], ["shared"]),
    ],
)
def test_a_journal_that_changes_while_it_is_read_is_read_again(
    versions: list[int | None], opened: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({"model": "any"})
    query = status_module._query
    found: list[str] = []

    def watch(*given: Any, immutable: bool) -> Any:
        found.append("immutable" if immutable else "shared")
        return query(*given, immutable=immutable)

    left = iter(versions)
    monkeypatch.setattr(status_module, "_version_of", lambda _: next(left))
    monkeypatch.setattr(status_module, "_query", watch)
    assert journal_status(tmp_path / "run.db").runs == 1
    assert found == opened
