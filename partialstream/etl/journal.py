"""The journal: what is known of each document, and the rows that no sink has yet. SQLite.

A document goes through these states, each change one transaction:

    open ──────────► done ──────────► delivered
     │  its rows,     │  its rows, in
     │  one by one    │  a batch
     └─► failed ◄─────┘  if the sink refuses them

A row is here before anything else happens to it, and until the sink has it. A batch is written
down before it is delivered, so that the same documents come again under the same number if nobody
lives to mark them. With WAL and `synchronous=NORMAL` a transaction survives the death of the
process at once, and that of the machine from the next checkpoint on: what is lost are the last
transactions, in their order. So the journal may be behind the sink, and is never ahead of it, as
sinks have their rows on the disk before they return.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from partialstream.etl.journal_file import JournalFile, errors_of

if TYPE_CHECKING:
    import sqlite3

State = Literal["open", "done", "delivered", "failed"]


_UNDELIVERED: Final = "(state = 'done' OR (state = 'failed' AND in_sink))"


class Known(NamedTuple):
    """What the journal says of a document that is about to be read."""

    verdict: Literal["new", "resume", "known", "failed", "doubled", "changed"]
    number: int = 0
    listed: bool = False


class StoredRow(NamedTuple):
    """A row of a document."""

    place: int
    raw: str
    value: str | None


class StoredDocument(NamedTuple):
    """A document of a batch, and its rows."""

    number: int
    id: str
    rows: list[tuple[int, str, str]]  # place, value, raw; in order


class DeadLetter(NamedTuple):
    """A row, or a document, that no sink has."""

    number: int
    document: str
    place: int | None
    raw: str | None
    reason: str


class Ending(NamedTuple):
    """How the reading of a document ended, and what it took."""

    outcome: str
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    first_row: float | None = None
    seconds: float | None = None


def hash_of(text: str) -> bytes:
    """What a document's text is known by."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Journal(JournalFile):
    """The journal of one job: its documents, their rows, its batches; see `JournalFile`."""

    # -- one document ----------------------------------------------------------------------

    def begin(
        self, id_: str, hash_: bytes, *, resume: bool, can_replace: bool, retry_failed: bool
    ) -> Known:
        """A document is about to be read.

        Args:
            id_: Its id.
            hash_: That of its text.
            resume: Whether one that was under way goes on after its rows, or begins anew.
            can_replace: Whether the sink can replace the rows of a document.
            retry_failed: Whether failed documents are read, and no others.
        """
        with self._transaction() as db:
            row = db.execute(
                "SELECT number, hash, state, run, listed FROM documents WHERE id = ?", (id_,)
            ).fetchone()
            if row is None:
                if retry_failed:
                    return Known("known")
                cursor = db.execute(
                    "INSERT INTO documents (id, hash, state, run, starts) "
                    "VALUES (?, ?, 'open', ?, 1)",
                    (id_, hash_, self.run),
                )
                return Known("new", cursor.lastrowid or 0)
            number, hash_before, state, run, listed = row
            same = hash_before == hash_
            if run == self.run:
                return Known("known" if same else "doubled", number)
            if retry_failed and state != "failed":
                return Known("known", number)
            if same and state in ("done", "delivered"):
                return Known("known", number)
            if state == "failed" and same and not retry_failed:
                return Known("failed", number)
            if not same and state in ("done", "delivered") and not can_replace:
                return Known("changed", number)
            goes_on = same and state == "open" and resume
            if not goes_on:
                db.execute("DELETE FROM rows WHERE document = ?", (number,))
                listed = 0
            db.execute(
                "UPDATE documents SET hash = ?, state = 'open', run = ?, batch = NULL, listed = ?, "
                "starts = starts + 1, outcome = NULL, error = NULL WHERE number = ?",
                (hash_, self.run, listed, number),
            )
            return Known("resume" if goes_on else "new", number, bool(listed))

    def rows_of(self, number: int) -> list[StoredRow]:
        """The rows of a document that is under way, in their order."""
        with self._lock, errors_of(self.path):
            found = self._db.execute(
                "SELECT place, raw, value FROM rows WHERE document = ? ORDER BY place", (number,)
            )
            return [StoredRow(*row) for row in found]

    def add_row(
        self, number: int, place: int, raw: str, value: str | None, reason: str | None = None
    ) -> None:
        """A row has come; in place of an earlier one that it repairs."""
        with self._lock, errors_of(self.path):
            self._db.execute(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)",
                (number, place, raw, value, reason),
            )

    def mark_listed(self, number: int) -> None:
        """The end of a document's list has come; what follows are repairs."""
        with self._lock, errors_of(self.path):
            self._db.execute("UPDATE documents SET listed = 1 WHERE number = ?", (number,))

    def complete(self, number: int, ending: Ending) -> tuple[int, int]:
        """A document's rows are all here; gives how many there are, and how many are rejected."""
        with self._transaction() as db:
            rejected = self._bury_rejected(number)
            (rows,) = db.execute(
                "SELECT count(*) FROM rows WHERE document = ?", (number,)
            ).fetchone()
            self._end(number, "done", ending, None, rows, rejected)
            return rows, rejected

    def fail(self, number: int, ending: Ending, reason: str) -> int:
        """A document has failed: its rows are dropped; gives how many were rejected."""
        with self._transaction() as db:
            rejected = self._bury_rejected(number)
            (id_,) = db.execute("SELECT id FROM documents WHERE number = ?", (number,)).fetchone()
            self._bury(id_, None, None, reason)
            db.execute("DELETE FROM rows WHERE document = ?", (number,))
            self._end(number, "failed", ending, reason, 0, rejected)
            return rejected

    def add_usage(self, number: int, ending: Ending) -> None:
        """A document is left under way: what it has taken so far counts."""
        with self._transaction() as db:
            _add_usage(db, number, ending)

    def bury(self, document: str, reason: str) -> None:
        """A document is not read at all, and the journal keeps what it knew of it before."""
        with self._transaction():
            self._bury(document, None, None, reason)

    def _end(
        self,
        number: int,
        state: State,
        ending: Ending,
        error: str | None,
        rows: int,
        rejected: int,
    ) -> None:
        _add_usage(self._db, number, ending)
        self._db.execute(
            "UPDATE documents SET state = ?, outcome = ?, error = ?, rows = ?, rejected = ?, "
            "first_row = ?, seconds = ?, ended_at = datetime('now') WHERE number = ?",
            (
                *(state, ending.outcome, error, rows, rejected),
                *(ending.first_row, ending.seconds, number),
            ),
        )

    def _bury_rejected(self, number: int) -> int:
        """Rows that did not validate go to the dead letters; gives how many."""
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

    def _bury(self, document: str, place: int | None, raw: str | None, reason: str) -> None:
        self._db.execute(
            "INSERT INTO dead_letters (document, place, raw, reason) VALUES (?, ?, ?, ?)",
            (document, place, raw, _storable(reason)),
        )

    # -- batches ---------------------------------------------------------------------------

    def waiting(self) -> tuple[int, int]:
        """How many documents wait to be delivered, and how many rows they have."""
        with self._lock, errors_of(self.path):
            count, rows = self._db.execute(
                f"SELECT count(*), coalesce(sum(rows), 0) FROM documents WHERE {_UNDELIVERED}"
            ).fetchone()
            return count, rows

    def next_batch(self, rows: int, documents: int) -> int | None:
        """The number of the batch to deliver next; None if no document waits.

        One that was planned before comes first, as it was. A new one has at least so many `rows`,
        if that many wait, and at most so many `documents`.
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
        """The documents of a batch, and their rows."""
        with self._lock, errors_of(self.path):
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
        """The sink has a batch: its rows are not needed any more."""
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
        """Those that are in no file yet, the first of them."""
        with self._lock, errors_of(self.path):
            found = self._db.execute(
                "SELECT number, document, place, raw, reason FROM dead_letters "
                "ORDER BY number LIMIT ?",
                (limit,),
            )
            return [DeadLetter(*row) for row in found]

    def mark_buried(self, last: int, name: str, state: str) -> None:
        """The file has them up to that number."""
        with self._transaction() as db:
            db.execute("DELETE FROM dead_letters WHERE number <= ?", (last,))
            self._set(f"state.{name}", state)

    # -- what is in it ---------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """How many documents are in which state."""
        with self._lock, errors_of(self.path):
            return dict(self._db.execute("SELECT state, count(*) FROM documents GROUP BY state"))

    def costs(self) -> tuple[float, float]:
        """US dollars paid so far, over all runs; and for the document that cost most."""
        with self._lock, errors_of(self.path):
            total, most = self._db.execute(
                "SELECT total(cost), coalesce(max(cost), 0.0) FROM documents"
            ).fetchone()
            return total, most


def _add_usage(db: sqlite3.Connection, number: int, ending: Ending) -> None:
    db.execute(
        "UPDATE documents SET requests = requests + ?, input_tokens = input_tokens + ?, "
        "output_tokens = output_tokens + ?, "
        "cost = CASE WHEN ? IS NULL THEN cost ELSE coalesce(cost, 0) + ? END WHERE number = ?",
        (
            *(ending.requests, ending.input_tokens, ending.output_tokens),
            *(ending.cost, ending.cost, number),
        ),
    )


def _storable(text: str) -> str:
    """A text that SQLite takes: one without lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode()
