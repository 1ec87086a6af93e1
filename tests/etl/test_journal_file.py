"""The journal's file: one run at a time, whoever asks, and only files that are journals."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import DRIVERS, Model, expected, extraction_of, job, lines, rows_in
from openai import OpenAI

from partialstream.etl import JournalError, JournalInUseError, JournalMismatchError
from partialstream.etl.journal.journal import Journal, ReadingStats
from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLDER = """
import sys
from partialstream.etl import JournalInUseError
from partialstream.etl.journal.journal import Journal

try:
    journal = Journal(sys.argv[1])
except JournalInUseError as error:
    print(error)
else:
    print("open", flush=True)
    sys.stdin.read()
"""


def start(path: str, folder: Path) -> subprocess.Popen[str]:
    """A process that opens a journal, and holds it until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said_by(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_second_process_is_refused_until_the_first_one_dies(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with start(str(path), tmp_path) as first:
        assert said_by(first) == "open\n"
        with pytest.raises(JournalInUseError, match="another run uses the journal"):
            Journal(path)
        with start("run.db", tmp_path) as second:  # by another path
            assert "another run uses the journal run.db" in said_by(second)
        first.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
        first.wait()
        Journal(path).close()


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
def test_every_path_to_a_journal_leads_to_the_same_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "run.db")
    (tmp_path / "folder").symlink_to(tmp_path / "deep")
    monkeypatch.chdir(tmp_path / "deep")
    with Journal(tmp_path / "run.db"):
        for path in ("../run.db", "../link.db", "../folder/../run.db", str(tmp_path / "link.db")):
            with pytest.raises(JournalInUseError):
                Journal(path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_is_refused_and_its_end_frees_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    codes: list[int] = []

    def documents() -> Iterator[Any]:
        for document in job(4, rows=2):
            child = os.fork()
            if not child:
                code = 1
                try:
                    Journal(path)
                except JournalInUseError:
                    code = 7
                finally:
                    os._exit(code)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            yield document
        with start(str(path), tmp_path) as other:
            assert "another run" in said_by(other)

    with ReplayServer(Model()) as server:
        options = {"journal": path, "sink": tmp_path / "rows.jsonl"}
        summary = DRIVERS[0].run(server, documents(), **options)
    assert summary.done == 4
    assert codes == [7] * 4
    assert rows_in(lines(tmp_path / "rows.jsonl")) == sorted(expected(4, rows=2))


def test_two_extractions_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    refused = 0
    with (
        ReplayServer(Model()) as server,
        OpenAI(base_url=server.base_url, api_key="test") as sdk,
    ):
        options = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
        first, second = extraction_of(sdk, options), extraction_of(sdk, options)

        def documents() -> Iterator[Any]:
            nonlocal refused
            for document in job(3, rows=2):
                with pytest.raises(JournalInUseError):
                    next(iter(second.rows(job(1))))
                refused += 1
                yield document

        assert first.run(documents()).done == 3
        assert second.run(job(3, rows=2)).known == 3
    assert refused == 3
    assert len(lines(tmp_path / "rows.jsonl")) == 6


def test_a_run_that_is_refused_leaves_the_summary_of_the_other(tmp_path: Path) -> None:
    with (
        ReplayServer(Model()) as server,
        OpenAI(base_url=server.base_url, api_key="test") as sdk,
    ):
        options = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
        extraction = extraction_of(sdk, options)

        def documents() -> Iterator[Any]:
            yield from job(2, rows=2)
            with pytest.raises(JournalInUseError):
                next(iter(extraction.rows(job(1))))

        summary = extraction.run(documents())
        assert (summary.done, summary.delivered) == (2, 2)
        assert extraction.summary is summary


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    Journal(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 1")
    before = path.read_bytes()
    with pytest.raises(JournalError, match=r"has version 1, and this release .* uses version"):
        Journal(path)
    assert path.read_bytes() == before


def test_another_program_s_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE users (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="not a journal"):
        Journal(path)
    assert path.read_bytes() == before
    assert not path.with_name("app.db-wal").exists()


def test_nothing_is_left_beside_what_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "text.py").write_text("answer = 42\n" * 99)
    with closing(sqlite3.connect(tmp_path / "other.db")) as db:
        db.execute("CREATE TABLE mine (value)")
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.iterdir())
    for name, reason in {
        "text.py": "not a database",
        "other.db": "not a journal",
        "folder": "it is a folder",
        "none/run.db": "there is no folder",
    }.items():
        with pytest.raises(JournalError, match=reason):
            Journal(tmp_path / name)
        assert sorted(tmp_path.iterdir()) == before


def test_a_journal_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be used: there is no folder"):
        Journal(tmp_path / "no folder" / "run.db")
    with pytest.raises(JournalError, match="cannot be used"):
        Journal(tmp_path)


def test_a_journal_that_cannot_be_opened_is_not_locked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(journal: Journal) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "_prepare", fail)
        with pytest.raises(JournalError, match="disk I/O error") as caught:
            Journal(tmp_path / "run.db")
    with Journal(tmp_path / "run.db") as journal:
        assert journal.run == 1
    del caught  # until then, what it has opened is not collected


@pytest.mark.parametrize(
    ("output_tokens", "deletable"), [(0, True), (20, False)], ids=["nothing", "tokens"]
)
def test_a_journal_that_was_paid_for_is_not_to_be_deleted(
    output_tokens: int, deletable: bool, tmp_path: Path
) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({"model": "a"})
        entry = journal.begin("d", b"", resume=True, can_replace=False, retry_failed=False)
        journal.add_usage(entry.number, ReadingStats("cancelled", output_tokens=output_tokens))
        with pytest.raises(JournalMismatchError) as caught:
            journal.begin_run({"model": "b"})
    assert ("delete this one" in str(caught.value)) == deletable


def test_the_journal_has_usage_and_durations_of_each_document(tmp_path: Path) -> None:
    with ReplayServer(Model()) as server:
        options = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
        DRIVERS[0].run(server, job(2, rows=3), **options)
    with closing(sqlite3.connect(tmp_path / "run.db")) as db:
        db.row_factory = sqlite3.Row
        for row in db.execute("SELECT * FROM documents ORDER BY number"):
            assert row["id"].startswith("doc-")
            assert len(row["hash"]) == 16
            assert (row["state"], row["outcome"], row["error"]) == ("delivered", "complete", None)
            assert (row["starts"], row["requests"], row["rows"]) == (1, 1, 3)
            assert row["output_tokens"] > 3
            assert row["input_tokens"] > 0
            assert 0 < row["first_row"] <= row["seconds"]
            assert row["ended_at"]
