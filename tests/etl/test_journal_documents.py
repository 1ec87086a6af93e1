"""The documents of a journal: what is read, what is skipped, and what a run leaves to the next."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from partialstream.etl import JournalError, JournalMismatchError
from partialstream.etl.journal.journal import Journal, ReadingStats, RevisedRow, hash_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROW = '{"n":1}'
STATS = ReadingStats("complete", requests=1, input_tokens=10, output_tokens=20, cost=0.5)


def begin(journal: Journal, text: str = "text", **options: bool) -> Any:
    given = {"resume": True, "can_replace": False, "retry_failed": False, **options}
    return journal.begin("d", hash_of(text), **given)


def leave_open(journal: Journal) -> None:
    entry = begin(journal)
    journal.add_row(entry.number, 0, ROW, ROW)
    journal.mark_list_complete(entry.number)


def complete(journal: Journal) -> None:
    leave_open(journal)
    journal.complete(1, STATS)


def fail(journal: Journal) -> None:
    leave_open(journal)
    journal.fail(1, STATS, "too long")


def deliver(journal: Journal) -> None:
    complete(journal)
    batch = journal.next_batch(1, 1)
    assert batch is not None
    journal.mark_delivered(batch, "sink", None)


def nothing(journal: Journal) -> None:
    del journal


@pytest.mark.parametrize(
    ("earlier_run", "text", "options", "status"),
    [
        (nothing, "text", {}, "new"),
        (nothing, "text", {"retry_failed": True}, "not_failed"),
        (leave_open, "text", {}, "resume"),
        (leave_open, "text", {"resume": False}, "new"),
        (leave_open, "changed", {}, "new"),
        (leave_open, "text", {"retry_failed": True}, "not_failed"),
        (complete, "text", {}, "known"),
        (complete, "changed", {}, "changed"),
        (complete, "changed", {"can_replace": True}, "new"),
        (deliver, "text", {}, "known"),
        (deliver, "text", {"retry_failed": True}, "known"),
        (deliver, "changed", {}, "changed"),
        (deliver, "changed", {"can_replace": True}, "new"),
        (deliver, "changed", {"retry_failed": True, "can_replace": True}, "not_failed"),
        (fail, "text", {}, "failed"),
        (fail, "text", {"retry_failed": True}, "new"),
        (fail, "changed", {}, "new"),
    ],
)
def test_what_a_run_does_with_a_document_of_an_earlier_one(
    earlier_run: Callable[[Journal], None],
    text: str,
    options: dict[str, bool],
    status: str,
    tmp_path: Path,
) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        earlier_run(journal)
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        entry = begin(journal, text, **options)
        assert entry.status == status
        # Only a document that is resumed keeps what it has.
        assert entry.list_complete == (status == "resume")
        if status == "resume":
            assert [row.raw for row in journal.rows_of(entry.number)] == [ROW]
        elif status == "new":
            assert journal.rows_of(entry.number) == []


def test_a_document_that_begins_anew_forgets_that_its_list_was_complete(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        leave_open(journal)
    for resume in (False, True):
        with Journal(tmp_path / "run.db") as journal:
            journal.begin_run({})
            entry = begin(journal, resume=resume)
    assert (entry.status, entry.list_complete) == ("resume", False)


def test_two_texts_under_one_id_conflict_within_a_run(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        statuses = [begin(journal, text).status for text in ("text", "text", "changed")]
    assert statuses == ["new", "known", "conflict"]


def test_usage_adds_up_over_runs(tmp_path: Path) -> None:
    for _ in range(2):
        with Journal(tmp_path / "run.db") as journal:
            journal.begin_run({})
            entry = begin(journal)
            journal.add_usage(entry.number, STATS)
            journal.add_usage(entry.number, STATS._replace(cost=None))
    with Journal(tmp_path / "run.db") as journal:
        assert journal.costs() == (1.0, 1.0)
    with closing(sqlite3.connect(tmp_path / "run.db")) as db:
        sums = "SELECT requests, input_tokens, output_tokens, starts FROM documents"
        assert db.execute(sums).fetchall() == [(4, 40, 80, 2)]


def test_texts_with_lone_surrogates_are_stored_as_escapes(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        entry = begin(journal)
        journal.add_row(entry.number, 0, '"a\ud800"', None, "reason \ud800")
        assert [row.raw for row in journal.rows_of(entry.number)] == ['"a\\ud800"']
        journal.fail(entry.number, STATS, "document \ud800", raw='"b\udfff"')
        found = [(letter.raw, letter.reason) for letter in journal.dead_letters()]
    assert found == [
        ('"a\\ud800"', "reason \\ud800"),
        ('"b\\udfff"', "document \\ud800"),
    ]


# -- batches -------------------------------------------------------------------------------


def add_documents(journal: Journal, *rows: int) -> None:
    for number, count in enumerate(rows):
        entry = journal.begin(str(number), b"", resume=True, can_replace=True, retry_failed=False)
        for index in range(count):
            journal.add_row(entry.number, index, ROW, ROW)
        journal.complete(entry.number, STATS)


@pytest.mark.parametrize(
    ("rows", "documents", "batches"),
    [
        (1, 9, [["0"], ["1"], ["2"]]),
        (3, 9, [["0", "1"], ["2"]]),  # full with as many rows as wanted
        (4, 9, [["0", "1", "2"]]),
        (99, 2, [["0", "1"], ["2"]]),
    ],
)
def test_a_batch_is_full_at_a_number_of_rows_or_of_documents(
    rows: int, documents: int, batches: list[list[str]], tmp_path: Path
) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        add_documents(journal, 1, 2, 3)
        found: list[list[str]] = []
        while (batch := journal.next_batch(rows, documents)) is not None:
            assert journal.unmarked_batch() == batch
            found.append([document.id for document in journal.batch(batch)])
            journal.mark_delivered(batch, "sink", str(batch))
            assert (journal.unmarked_batch(), journal.state("sink")) == (None, str(batch))
    assert found == batches


def test_an_unmarked_batch_is_the_same_in_the_next_run(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        add_documents(journal, 2, 1)
        number = journal.next_batch(1, 9)
        assert number is not None
        before = journal.batch(number)
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        assert journal.unmarked_batch() == number
        assert journal.batch(number) == before


def test_a_document_that_begins_anew_is_not_delivered_before_its_end(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        complete(journal)
        assert journal.waiting() == (1, 1)
        batch = journal.next_batch(1, 9)
        assert batch is not None
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        assert begin(journal, "changed", can_replace=True).status == "new"
        assert (journal.waiting(), journal.batch(batch)) == ((0, 0), [])
        journal.complete(1, STATS)
        assert (journal.waiting(), journal.batch(batch)) == ((1, 0), [])


def test_rows_that_are_postponed_come_with_their_document(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db", commit_rows=True) as journal:
        journal.begin_run({})
        number = begin(journal).number
        for index in range(2):
            journal.add_row(number, index, ROW, ROW)
            batch = journal.next_batch(1, 9)
            assert batch is not None
            if not index:
                journal.mark_delivered(batch, "sink", None)
        journal.postpone_rows(number, batch)
        assert journal.batch(batch) == []
        journal.mark_delivered(batch, "sink", None)
        journal.complete(number, STATS)
        batch = journal.next_batch(1, 9)
        assert batch is not None
        [document] = journal.batch(batch)
        assert ([row[0] for row in document.rows], document.replace) == ([1], False)


def test_rows_revised_while_a_batch_is_delivered_replace_those_that_the_sink_has(
    tmp_path: Path,
) -> None:
    """Rows that an earlier run has left are delivered while their document is resumed."""
    with Journal(tmp_path / "run.db", commit_rows=True) as journal:
        journal.begin_run({})
        number = begin(journal).number
        for rows in (range(2), range(2, 4)):
            for index in rows:
                journal.add_row(number, index, ROW, ROW)
            batch = journal.next_batch(1, 9)
            assert batch is not None
            if rows[0]:
                journal.revise_rows(number, [RevisedRow(1, ROW, None, "no longer valid")])
            journal.mark_delivered(batch, "sink", None)
        batch = journal.next_batch(1, 9)
        assert batch is not None
        [document] = journal.batch(batch)
        assert ([row[0] for row in document.rows], document.replace) == ([0, 2, 3], True)


# -- transactions --------------------------------------------------------------------------


def test_a_transaction_that_fails_is_rolled_back(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({"model": "a"})
        with pytest.raises(JournalMismatchError):
            journal.begin_run({"model": "b"})
        add_documents(journal, 1)
        journal.add_dead_letter("0", "refused")
        with closing(sqlite3.connect(tmp_path / "run.db")) as db:  # what is committed
            assert db.execute("SELECT state FROM documents").fetchall() == [("done",)]
            assert db.execute("SELECT reason FROM dead_letters").fetchall() == [("refused",)]


def test_an_error_that_has_rolled_back_is_raised_as_it_is(tmp_path: Path) -> None:
    def fill(journal: Journal) -> None:
        with journal._transaction() as db:
            db.execute("ROLLBACK")  # as SQLite does
            raise sqlite3.OperationalError("database or disk is full")

    with Journal(tmp_path / "run.db") as journal:
        with pytest.raises(JournalError, match="disk is full"):
            fill(journal)
        journal.begin_run({})


def test_a_commit_survives_a_crash_and_the_state_of_a_sink_a_power_failure(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db") as journal:
        assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert journal._db.execute("PRAGMA synchronous").fetchone() == (1,)  # NORMAL
        journal.begin_run({})
        journal.set_state("sink", "0")
        # What is in the log may be lost.
        shutil.copy(tmp_path / "run.db", tmp_path / "found.db")
    with Journal(tmp_path / "found.db") as journal:
        assert journal.state("sink") == "0"
