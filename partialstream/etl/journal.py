"""The journal: the state of each document, and the rows not delivered yet.

The states of a document; each change is one transaction:

    open ──────────► done ──────────► delivered
     │ all rows are   │ the sink has
     │ here           │ its batch
     └──► failed ◄────┘ (the sink refuses its rows)

A row is stored here as soon as it is complete, and stays until the sink has it. A batch is recorded
before it is delivered: if the process dies before the batch is marked, the next run delivers the
same documents under the same number again.

The database uses WAL with `synchronous=NORMAL`: a committed transaction survives a crash of the
process. A power failure may undo the last transactions, never earlier ones without later ones. As
a sink has its rows on disk before `deliver` returns, the journal may be behind the sink, but is
never ahead of it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from partialstream.etl.journal_file import JournalFile, sqlite_errors

if TYPE_CHECKING:
    import sqlite3

State = Literal["open", "done", "delivered", "failed"]


_UNDELIVERED: Final = "(state = 'done' OR (state = 'failed' AND in_sink))"


class JournalEntry(NamedTuple):
    """What to do with a document that is about to be read, and its number in the journal."""

    status: Literal["new", "resume", "known", "failed", "conflict", "changed"]
    number: int = 0
    list_complete: bool = False


class StoredRow(NamedTuple):
    """A row of a document."""

    place: int
    raw: str
    value: str | None


class StoredDocument(NamedTuple):
    """A document of a batch and its rows."""

    number: int
    id: str
    rows: list[tuple[int, str, str]]  # place, value, raw; in order


class DeadLetter(NamedTuple):
    """A row that stayed invalid, or a document that failed."""

    number: int
    document: str
    place: int | None
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


class Journal(JournalFile):
    """The journal of one job: documents, rows and batches. See `JournalFile` for the arguments."""

    # -- one document ----------------------------------------------------------------------

    def begin(
        self, id_: str, hash_: bytes, *, resume: bool, can_replace: bool, retry_failed: bool
    ) -> JournalEntry:
        """Register that a document is about to be read.

        Args:
            id_: Its id.
            hash_: The hash of its text.
            resume: Whether an unfinished document is resumed after its rows, or read anew.
            can_replace: Whether the sink can replace the rows of a document.
            retry_failed: Whether only failed documents are read.
        """
        with self._transaction() as db:
            row = db.execute(
                "SELECT number, hash, state, run, list_complete FROM documents WHERE id = ?", (id_,)
            ).fetchone()
            if row is None:
                if retry_failed:
                    return JournalEntry("known")
                cursor = db.execute(
                    "INSERT INTO documents (id, hash, state, run, starts) "
                    "VALUES (?, ?, 'open', ?, 1)",
                    (id_, hash_, self.run),
                )
                return JournalEntry("new", cursor.lastrowid or 0)
            number, hash_before, state, run, list_complete = row
            same = hash_before == hash_
            if run == self.run:
                return JournalEntry("known" if same else "conflict", number)
            if retry_failed and state != "failed":
                return JournalEntry("known", number)
            if same and state in ("done", "delivered"):
                return JournalEntry("known", number)
            if state == "failed" and same and not retry_failed:
                return JournalEntry("failed", number)
            if not same and state in ("done", "delivered") and not can_replace:
                return JournalEntry("changed", number)
            goes_on = same and state == "open" and resume
            if not goes_on:
                db.execute("DELETE FROM rows WHERE document = ?", (number,))
                list_complete = 0
            db.execute(
                "UPDATE documents SET hash = ?, state = 'open', run = ?, batch = NULL, "
                "list_complete = ?, starts = starts + 1, outcome = NULL, error = NULL "
                "WHERE number = ?",
                (hash_, self.run, list_complete, number),
            )
            return JournalEntry("resume" if goes_on else "new", number, bool(list_complete))

    def rows_of(self, number: int) -> list[StoredRow]:
        """The rows of an unfinished document, in order."""
        with self._lock, sqlite_errors(self.path):
            found = self._db.execute(
                "SELECT place, raw, value FROM rows WHERE document = ? ORDER BY place", (number,)
            )
            return [StoredRow(*row) for row in found]

    def add_row(
        self, number: int, place: int, raw: str, value: str | None, reason: str | None = None
    ) -> None:
        """Store a row, in place of the rejected one that it repairs."""
        with self._lock, sqlite_errors(self.path):
            self._db.execute(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)",
                (number, place, raw, value, reason),
            )

    def mark_list_complete(self, number: int) -> None:
        """Record that a document's list has ended; only repairs follow."""
        with self._lock, sqlite_errors(self.path):
            self._db.execute("UPDATE documents SET list_complete = 1 WHERE number = ?", (number,))

    def complete(self, number: int, stats: ReadingStats) -> tuple[int, int]:
        """Finish a document; returns its number of rows, and of rejected rows."""
        with self._transaction() as db:
            rejected = self._move_rejected_rows(number)
            (rows,) = db.execute(
                "SELECT count(*) FROM rows WHERE document = ?", (number,)
            ).fetchone()
            self._end(number, "done", stats, None, rows, rejected)
            return rows, rejected

    def fail(self, number: int, stats: ReadingStats, reason: str) -> int:
        """Fail a document and drop its rows; returns the number of rejected rows."""
        with self._transaction() as db:
            rejected = self._move_rejected_rows(number)
            (id_,) = db.execute("SELECT id FROM documents WHERE number = ?", (number,)).fetchone()
            self._add_dead_letter(id_, None, None, reason)
            db.execute("DELETE FROM rows WHERE document = ?", (number,))
            self._end(number, "failed", stats, reason, 0, rejected)
            return rejected

    def add_usage(self, number: int, stats: ReadingStats) -> None:
        """Add the usage of a document whose reading was interrupted."""
        with self._transaction() as db:
            _add_usage(db, number, stats)

    def add_dead_letter(self, document: str, reason: str) -> None:
        """Add a dead letter for a document that is skipped; its state does not change."""
        with self._transaction():
            self._add_dead_letter(document, None, None, reason)

    def _end(
        self,
        number: int,
        state: State,
        stats: ReadingStats,
        error: str | None,
        rows: int,
        rejected: int,
    ) -> None:
        _add_usage(self._db, number, stats)
        self._db.execute(
            "UPDATE documents SET state = ?, outcome = ?, error = ?, rows = ?, rejected = ?, "
            "first_row = ?, seconds = ?, ended_at = datetime('now') WHERE number = ?",
            (
                *(state, stats.outcome, error, rows, rejected),
                *(stats.first_row, stats.seconds, number),
            ),
        )

    def _move_rejected_rows(self, number: int) -> int:
        """Move a document's rejected rows to the dead letters; returns how many."""
        cursor = self._db.execute(
            "INSERT INTO dead_letters (document, place, raw, reason) "
            "SELECT id, place, raw, coalesce(reason, '') FROM rows "
            "JOIN documents ON number = document "
            "WHERE document = ? AND value IS NULL ORDER BY place",
            (number,),
        )
        if cursor.rowcount:
            self._db.execute("DELETE FROM rows WHERE document = ? AND value IS NULL", (number,))
        return cursor.rowcount

    def _add_dead_letter(
        self, document: str, place: int | None, raw: str | None, reason: str
    ) -> None:
        self._db.execute(
            "INSERT INTO dead_letters (document, place, raw, reason) VALUES (?, ?, ?, ?)",
            (document, place, raw, _storable(reason)),
        )

    # -- batches ---------------------------------------------------------------------------

    def waiting(self) -> tuple[int, int]:
        """The number of documents that are not delivered yet, and of their rows."""
        with self._lock, sqlite_errors(self.path):
            count, rows = self._db.execute(
                f"SELECT count(*), coalesce(sum(rows), 0) FROM documents WHERE {_UNDELIVERED}"
            ).fetchone()
            return count, rows

    def next_batch(self, rows: int, documents: int) -> int | None:
        """The number of the next batch to deliver, None if no document is waiting.

        A batch that was recorded earlier and not marked comes first, unchanged.

        Args:
            rows: The number of rows at which a new batch is full.
            documents: The largest number of documents of a new batch.
        """
        with self._transaction() as db:
            (planned,) = db.execute(
                f"SELECT min(batch) FROM documents WHERE {_UNDELIVERED} AND batch IS NOT NULL"
            ).fetchone()
            if planned is not None:
                number: int = planned
                return number
            waiting = db.execute(
                f"SELECT number, rows FROM documents WHERE {_UNDELIVERED} ORDER BY number LIMIT ?",
                (documents,),
            ).fetchall()
            chosen: list[tuple[int, int]] = []
            number = int(self._get("batches") or "0") + 1
            total = 0
            for document, count in waiting:
                chosen.append((number, document))
                total += count
                if total >= rows:
                    break
            if not chosen:
                return None
            db.executemany("UPDATE documents SET batch = ? WHERE number = ?", chosen)
            self._set("batches", str(number))
            return number

    def batch(self, batch: int) -> list[StoredDocument]:
        """The documents of a batch and their rows."""
        with self._lock, sqlite_errors(self.path):
            found = self._db.execute(
                f"SELECT number, id FROM documents WHERE {_UNDELIVERED} AND batch = ? "
                "ORDER BY number",
                (batch,),
            ).fetchall()
            return [
                StoredDocument(
                    number,
                    id_,
                    self._db.execute(
                        "SELECT place, value, raw FROM rows WHERE document = ? ORDER BY place",
                        (number,),
                    ).fetchall(),
                )
                for number, id_ in found
            ]

    def mark_delivered(self, batch: int, sink: str, state: str | None) -> None:
        """Record that the sink has a batch, and delete its rows."""
        with self._transaction() as db:
            db.execute(
                "DELETE FROM rows WHERE document IN "
                f"(SELECT number FROM documents WHERE {_UNDELIVERED} AND batch = ?)",
                (batch,),
            )
            db.execute(
                "UPDATE documents SET in_sink = (state = 'done' AND rows > 0), batch = NULL, "
                "state = CASE state WHEN 'done' THEN 'delivered' ELSE state END "
                f"WHERE {_UNDELIVERED} AND batch = ?",
                (batch,),
            )
            if state is not None:
                self._set(f"state.{sink}", state)

    # -- dead letters ----------------------------------------------------------------------

    def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """The first dead letters that are not in the file yet."""
        with self._lock, sqlite_errors(self.path):
            found = self._db.execute(
                "SELECT number, document, place, raw, reason FROM dead_letters "
                "ORDER BY number LIMIT ?",
                (limit,),
            )
            return [DeadLetter(*row) for row in found]

    def mark_written(self, last: int, name: str, state: str) -> None:
        """Record that the file has all dead letters up to this number."""
        with self._transaction() as db:
            db.execute("DELETE FROM dead_letters WHERE number <= ?", (last,))
            self._set(f"state.{name}", state)

    # -- inspection ------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """The number of documents in each state."""
        with self._lock, sqlite_errors(self.path):
            return dict(self._db.execute("SELECT state, count(*) FROM documents GROUP BY state"))

    def costs(self) -> tuple[float, float]:
        """US dollars paid so far, over all runs; and for the document that cost most."""
        with self._lock, sqlite_errors(self.path):
            total, most = self._db.execute(
                "SELECT total(cost), coalesce(max(cost), 0.0) FROM documents"
            ).fetchone()
            return total, most


def _add_usage(db: sqlite3.Connection, number: int, stats: ReadingStats) -> None:
    db.execute(
        "UPDATE documents SET requests = requests + ?, input_tokens = input_tokens + ?, "
        "output_tokens = output_tokens + ?, "
        "cost = CASE WHEN ? IS NULL THEN cost ELSE coalesce(cost, 0) + ? END WHERE number = ?",
        (
            *(stats.requests, stats.input_tokens, stats.output_tokens),
            *(stats.cost, stats.cost, number),
        ),
    )


def _storable(text: str) -> str:
    """A text with lone surrogates escaped, which SQLite does not store."""
    return text.encode("utf-8", "backslashreplace").decode()
