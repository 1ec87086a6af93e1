"""The journal: the state of each document, and the rows not delivered yet.

The states of a document; each change is one transaction:

    open ──────────► done ──────────► delivered
     │ all rows are   │ the sink has
     │ here           │ its batch
     └──► failed ◄────┘ (the sink refuses its rows)

A row is stored here as soon as it is complete, and stays until its document is delivered.
A failed document is delivered without rows, so that a sink that can replace rows has none of it.

The database uses WAL with `synchronous=NORMAL`: a committed transaction survives a crash of the
process. A power failure may undo the last transactions, never earlier ones without later ones. As
a sink has its rows on disk before `deliver` returns, the journal may be behind the sink, but is
never ahead of it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from partialstream.etl.journal.batches import IN_SINK, READY, JournalBatches
from partialstream.etl.journal.file import sqlite_errors

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from partialstream.etl.journal.batches import State


class JournalEntry(NamedTuple):
    """What the journal says of a document that is about to be read.

    Attributes:
        status: `"new"` and `"resume"`: it is read. Otherwise it is skipped: it is complete or given
            twice (`"known"`), failed in an earlier run (`"failed"`), is not among the failed ones
            that are to be read (`"not_failed"`), has another text than a document of this run with
            the same id (`"conflict"`), or than its delivered rows come from (`"changed"`).
        number: Its number in the journal; 0 if it is not there.
        list_complete: Whether its list had ended when it was interrupted.
    """

    status: Literal["new", "resume", "known", "failed", "not_failed", "conflict", "changed"]
    number: int = 0
    list_complete: bool = False


class StoredRow(NamedTuple):
    """A row of a document."""

    row_index: int
    raw: str
    value: str | None


class RevisedRow(NamedTuple):
    """A row that was stored before, validated again: either its value or its reason is None."""

    row_index: int
    raw: str
    value: str | None
    reason: str | None


class DeadLetter(NamedTuple):
    """A row that stayed invalid, or a document that failed."""

    number: int
    document: str
    row_index: int | None
    raw: str | None
    reason: str


class ReadingStats(NamedTuple):
    """The outcome of reading a document, its usage and timing."""

    outcome: str
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    first_row: float | None = None
    seconds: float | None = None


def hash_of(text: str) -> bytes:
    """The hash by which a changed text is recognized."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class _Numbers:
    """A set of documents, by their numbers: one bit for each document of the journal."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> bool:
        """Add a document; returns whether it is new."""
        byte, bit = number >> 3, 1 << (number & 7)
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 - len(self._bits)))
        if self._bits[byte] & bit:
            return False
        self._bits[byte] |= bit
        return True


class Journal(JournalBatches):
    """The journal of one job: documents, rows, batches and dead letters; see `JournalFile`."""

    def __init__(self, path: str | os.PathLike[str], *, commit_rows: bool = False) -> None:
        super().__init__(path, commit_rows=commit_rows)
        self._seen = _Numbers()

    # -- one document ----------------------------------------------------------------------

    def begin(
        self, id_: str, hash_: bytes, *, resume: bool, can_replace: bool, retry_failed: bool
    ) -> JournalEntry:
        """Register that a document is about to be read.

        For a document that is complete already, this is a single SELECT.

        Args:
            id_: Its id.
            hash_: The hash of its text.
            resume: Whether an unfinished document is resumed after its rows, or read anew.
            can_replace: Whether the sink can replace the rows of a document.
            retry_failed: Whether only failed documents are read.
        """
        with self._lock, sqlite_errors(self.path):
            row = self._db.execute(
                "SELECT number, hash, state, run, list_complete FROM documents WHERE id = ?", (id_,)
            ).fetchone()
            if row is None:
                if retry_failed:
                    return JournalEntry("not_failed")
                cursor = self._db.execute(
                    "INSERT INTO documents (id, hash, state, run, starts) "
                    "VALUES (?, ?, 'open', ?, 1)",
                    (id_, hash_, self.run),
                )
                return JournalEntry("new", cursor.lastrowid or 0)
            number, hash_before, state, run, list_complete = row
            same = hash_before == hash_
            if run == self.run or not self._seen.add(number):
                return JournalEntry("known" if same else "conflict", number)
            if retry_failed and state != "failed":
                complete = same and state in ("done", "delivered")
                return JournalEntry("known" if complete else "not_failed", number)
            if same and state in ("done", "delivered"):
                return JournalEntry("known", number)
            if state == "failed" and same and not retry_failed:
                return JournalEntry("failed", number)
            if not same and state in ("done", "delivered") and not can_replace:
                return JournalEntry("changed", number)
            goes_on = same and state == "open" and resume
            self._restart(number, hash_, keep_rows=goes_on)
            if goes_on:
                return JournalEntry("resume", number, bool(list_complete))
            return JournalEntry("new", number)

    def _restart(self, number: int, hash_: bytes, *, keep_rows: bool) -> None:
        """Open a document of an earlier run again."""
        with self._transaction() as db:
            if not keep_rows:
                db.execute("DELETE FROM rows WHERE document = ?", (number,))
            db.execute(
                "UPDATE documents SET hash = ?, state = 'open', run = ?, batch = NULL, "
                "undelivered = 0, list_complete = list_complete AND ?, starts = starts + 1, "
                "outcome = NULL, error = NULL WHERE number = ?",
                (hash_, self.run, keep_rows, number),
            )

    def is_of_this_run(self, number: int) -> bool:
        """Whether a document was read in this run, and not only in earlier ones."""
        with self._lock, sqlite_errors(self.path):
            (run,) = self._db.execute(
                "SELECT run FROM documents WHERE number = ?", (number,)
            ).fetchone()
            return bool(run == self.run)

    def rows_of(self, number: int) -> list[StoredRow]:
        """The rows of an unfinished document, in order."""
        with self._lock, sqlite_errors(self.path):
            found = self._db.execute(
                "SELECT row_index, raw, value FROM rows WHERE document = ? ORDER BY row_index",
                (number,),
            )
            return [StoredRow(*row) for row in found]

    def add_row(
        self, number: int, index: int, raw: str, value: str | None, reason: str | None = None
    ) -> None:
        """Store a row, in place of the rejected one that it repairs."""
        batch = READY if self._commit_rows and value is not None else None
        with self._lock, sqlite_errors(self.path):
            self._db.execute(
                "INSERT OR REPLACE INTO rows (document, row_index, raw, value, reason, batch) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (number, index, _storable(raw), value, reason and _storable(reason), batch),
            )

    def revise_rows(self, number: int, rows: Iterable[RevisedRow]) -> None:
        """Store other values for rows of an open document.

        All its rows are delivered again, in place of those that the sink has or is being given: it
        may have one that is rejected now. A single transaction, as only a difference to the stored
        values says that this has not been done yet.
        """
        with self._transaction() as db:
            for row in rows:
                self.add_row(number, *row)
            db.execute(
                "UPDATE rows SET batch = ? WHERE document = ? AND batch >= ?",
                (READY, number, IN_SINK),
            )

    def mark_list_complete(self, number: int) -> None:
        """Record that a document's list has ended; only repairs follow."""
        with self._lock, sqlite_errors(self.path):
            self._db.execute("UPDATE documents SET list_complete = 1 WHERE number = ?", (number,))

    def complete(self, number: int, stats: ReadingStats) -> tuple[int, int]:
        """Finish a document; returns its number of rows, and of rejected rows."""
        with self._lock, sqlite_errors(self.path):
            stored, rows = self._db.execute(
                "SELECT count(*), count(value) FROM rows WHERE document = ?", (number,)
            ).fetchone()
            rejected = stored - rows
            if not rejected:  # a transaction of one statement
                self._finish(number, "done", stats, None, rows, 0)
                return rows, 0
            with self._transaction():
                self._move_rejected_rows(number)
                self._finish(number, "done", stats, None, rows, rejected)
            return rows, rejected

    def fail(self, number: int, stats: ReadingStats, reason: str, raw: str | None = None) -> int:
        """Fail a document and delete its rows; returns the number of rejected rows.

        Args:
            number: The number of the document.
            stats: The usage and timing of this reading.
            reason: Why, for the dead letter.
            raw: The text of the single object that stayed invalid, or of the row that the sink
                refused.
        """
        with self._transaction() as db:
            rejected = self._move_rejected_rows(number)
            (id_,) = db.execute("SELECT id FROM documents WHERE number = ?", (number,)).fetchone()
            self._add_dead_letter(id_, None, raw, reason)
            db.execute("DELETE FROM rows WHERE document = ?", (number,))
            self._finish(number, "failed", stats, reason, 0, rejected)
            return rejected

    def add_usage(self, number: int, stats: ReadingStats) -> None:
        """Add the usage of a document whose reading was interrupted."""
        with self._lock, sqlite_errors(self.path):
            self._db.execute(
                f"UPDATE documents SET {_USAGE} WHERE number = ?", (*_usage(stats), number)
            )

    def add_dead_letter(self, document: str, reason: str) -> None:
        """Add a dead letter for a document that is skipped; its state does not change."""
        with self._transaction():
            self._add_dead_letter(document, None, None, reason)

    def _finish(
        self,
        number: int,
        state: State,
        stats: ReadingStats,
        error: str | None,
        rows: int,
        rejected: int,
    ) -> None:
        self._db.execute(
            f"UPDATE documents SET {_USAGE}, state = ?, undelivered = 1, outcome = ?, error = ?, "
            "rows = ?, rejected = ?, first_row = ?, seconds = ?, ended_at = datetime('now') "
            "WHERE number = ?",
            (
                *_usage(stats),
                *(state, stats.outcome, error and _storable(error), rows, rejected),
                *(stats.first_row, stats.seconds, number),
            ),
        )

    def _move_rejected_rows(self, number: int) -> int:
        """Move a document's rejected rows to the dead letters; returns how many."""
        cursor = self._db.execute(
            "INSERT INTO dead_letters (document, row_index, raw, reason) "
            "SELECT id, row_index, raw, coalesce(reason, '') FROM rows "
            "JOIN documents ON number = document "
            "WHERE document = ? AND value IS NULL ORDER BY row_index",
            (number,),
        )
        if cursor.rowcount:
            self._db.execute("DELETE FROM rows WHERE document = ? AND value IS NULL", (number,))
        return cursor.rowcount

    def _add_dead_letter(
        self, document: str, row_index: int | None, raw: str | None, reason: str
    ) -> None:
        self._db.execute(
            "INSERT INTO dead_letters (document, row_index, raw, reason) VALUES (?, ?, ?, ?)",
            (document, row_index, raw and _storable(raw), _storable(reason)),
        )

    # -- dead letters ----------------------------------------------------------------------

    def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """The first dead letters that are not in the file yet."""
        with self._lock, sqlite_errors(self.path):
            found = self._db.execute(
                "SELECT number, document, row_index, raw, reason FROM dead_letters "
                "ORDER BY number LIMIT ?",
                (limit,),
            )
            return [DeadLetter(*row) for row in found]

    def mark_written(self, last: int, name: str, state: str) -> None:
        """Record that the file has all dead letters up to a number, and delete them here.

        Args:
            last: The number.
            name: The name under which the state of the file is stored.
            state: The state of the file.
        """
        with self._transaction() as db:
            db.execute("DELETE FROM dead_letters WHERE number <= ?", (last,))
            self._set(f"state.{name}", state)

    # -- inspection ------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """The number of documents in each state."""
        with self._lock, sqlite_errors(self.path):
            return dict(self._db.execute("SELECT state, count(*) FROM documents GROUP BY state"))

    def costs(self) -> tuple[float, float]:
        """US dollars paid so far, over all runs, and for the most expensive document."""
        with self._lock, sqlite_errors(self.path):
            total, most = self._db.execute(
                "SELECT total(cost), coalesce(max(cost), 0.0) FROM documents"
            ).fetchone()
            return total, most


_USAGE: Final = (
    "requests = requests + ?, input_tokens = input_tokens + ?, output_tokens = output_tokens + ?, "
    "cost = CASE WHEN ? IS NULL THEN cost ELSE coalesce(cost, 0) + ? END"
)


def _usage(stats: ReadingStats) -> tuple[float | None, ...]:
    """The values of `_USAGE`."""
    return stats.requests, stats.input_tokens, stats.output_tokens, stats.cost, stats.cost


def _storable(text: str) -> str:
    """The text with lone surrogates, which SQLite does not store, written as JSON escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
