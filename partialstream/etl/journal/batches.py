"""The batches of a journal: which rows are delivered together.

A batch is recorded before it is delivered. If the process dies before the batch is marked, the next
run delivers it again under the same number, with the same rows.

A batch has finished documents. With `commit_rows` it also has rows of open documents, which are
ready as soon as they are stored. The column `batch` of a row is

    NULL  if it is delivered with its document, when that is finished
    -1    if it is ready for the next batch (`READY`)
    n     if it is in the batch n, which is not marked yet
    0     if the sink has it (`IN_SINK`)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from partialstream.etl.journal.file import JournalFile, sqlite_errors

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

State = Literal["open", "done", "delivered", "failed"]

READY: Final = -1
IN_SINK: Final = 0

_RECORDED: Final = "batches.recorded"
_MARKED: Final = "batches.marked"


class StoredDocument(NamedTuple):
    """A document of a batch and its rows."""

    number: int
    id: str
    state: State
    rows: list[tuple[int, str, str]]  # row_index, value, raw; in order
    replace: bool  # whether these rows replace all that the sink has of it


class JournalBatches(JournalFile):
    """A journal file and the batches in it."""

    def waiting(self) -> tuple[int, int]:
        """The number of documents that are not delivered yet, and of their rows."""
        with self._lock, sqlite_errors(self.path):
            count, rows = self._db.execute(
                "SELECT count(*), coalesce(sum(rows), 0) FROM documents WHERE undelivered"
            ).fetchone()
            return count, rows

    def unmarked_batch(self) -> int | None:
        """The number of the batch that was recorded and not marked, if there is one."""
        with self._lock:
            number = int(self._get(_RECORDED) or "0")
            return number if number > int(self._get(_MARKED) or "0") else None

    def next_batch(self, rows: int, documents: int) -> int | None:
        """Record the next batch and return its number; None if nothing is waiting.

        Every earlier batch is marked: a run begins with its `unmarked_batch`.

        Args:
            rows: The number of rows at which a new batch is full.
            documents: The largest number of documents of a new batch.
        """
        with self._transaction() as db:
            number = int(self._get(_RECORDED) or "0") + 1
            waiting = db.execute(
                "SELECT number, rows FROM documents WHERE undelivered ORDER BY number LIMIT ?",
                (documents,),
            ).fetchall()
            finished: list[tuple[int, int]] = []
            total = 0
            for document, count in waiting:
                finished.append((number, document))
                total += count
                if total >= rows:
                    break
            db.executemany("UPDATE documents SET batch = ? WHERE number = ?", finished)
            found = len(finished)
            if self._commit_rows:
                found += db.execute(
                    "UPDATE rows SET batch = ? WHERE batch = ? AND batch != 0 "
                    "AND (SELECT state FROM documents WHERE number = document) = 'open'",
                    (number, READY),
                ).rowcount
            if not found:
                return None
            self._set(_RECORDED, str(number))
            return number

    def batch(self, batch: int) -> list[StoredDocument]:
        """The documents of a batch and their rows."""
        with self._lock, sqlite_errors(self.path):
            finished = self._db.execute(
                "SELECT number, id, state FROM documents WHERE undelivered AND batch = ? "
                "ORDER BY number",
                (batch,),
            ).fetchall()
            under_way = self._db.execute(
                "SELECT DISTINCT number, id, 'open' FROM rows JOIN documents ON number = document "
                "WHERE rows.batch = ? AND rows.batch != 0 ORDER BY number",
                (batch,),
            ).fetchall()
            return [
                *(self._stored(each, "batch IS NOT ?", IN_SINK) for each in finished),
                *(self._stored(each, "batch = ?", batch) for each in under_way),
            ]

    def _stored(
        self, document: tuple[int, str, State], condition: str, batch: int
    ) -> StoredDocument:
        number, id_, state = document
        rows = self._db.execute(
            "SELECT row_index, value, raw FROM rows "
            f"WHERE document = ? AND {condition} ORDER BY row_index",
            (number, batch),
        ).fetchall()
        (delivered,) = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM rows WHERE document = ? AND batch = ?)",
            (number, IN_SINK),
        ).fetchone()
        return StoredDocument(number, id_, state, rows, not delivered)

    def postpone_rows(self, number: int, batch: int) -> None:
        """Take the rows of an open document out of a batch; they come with their document."""
        with self._lock, sqlite_errors(self.path):
            self._db.execute(
                "UPDATE rows SET batch = NULL WHERE document = ? AND batch = ?", (number, batch)
            )

    def skip_delivery(self, number: int) -> None:
        """Take a document without rows out of its batch; it is not delivered."""
        with self._lock, sqlite_errors(self.path):
            self._db.execute(
                "UPDATE documents SET undelivered = 0, batch = NULL WHERE number = ?", (number,)
            )

    def mark_documents(self, numbers: Iterable[int]) -> None:
        """Record that these documents are delivered, and take them out of their batch.

        Only without a sink: it would not be given the same batch again.
        """
        with self._transaction() as db:
            for number in numbers:
                self._mark_documents(db, "number = ?", number)

    def mark_delivered(self, batch: int, name: str, state: str | None) -> None:
        """Record that the sink has a batch, and delete the rows of its finished documents.

        Args:
            batch: The number of the batch.
            name: The name under which the state of the sink is stored.
            state: What `Sink.deliver` returned; None to keep the stored state.
        """
        with self._transaction() as db:
            self._mark_documents(db, "batch = ?", batch)
            db.execute("UPDATE rows SET batch = ? WHERE batch = ? AND batch != 0", (IN_SINK, batch))
            self._set(_MARKED, str(batch))
            if state is not None:
                self._set(f"state.{name}", state)

    def _mark_documents(self, db: sqlite3.Connection, condition: str, value: int) -> None:
        db.execute(
            "DELETE FROM rows WHERE document IN "
            f"(SELECT number FROM documents WHERE undelivered AND {condition})",
            (value,),
        )
        db.execute(
            "UPDATE documents SET undelivered = 0, batch = NULL, "
            "state = CASE state WHEN 'done' THEN 'delivered' ELSE state END "
            f"WHERE undelivered AND {condition}",
            (value,),
        )
