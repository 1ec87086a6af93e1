"""Delivery of finished documents to the sink, and of dead letters to their file.

record a batch in the journal ──► sink stores it ──► `rows()` hands its rows over ──► mark it

After a crash at any point the same batch is delivered again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from partialstream.etl.errors import RowsRefusedError, SinkError
from partialstream.etl.journal.journal import ReadingStats
from partialstream.etl.sinks.appended import AppendedFile
from partialstream.etl.sinks.base import Batch, DocumentRows, SinkRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partialstream.etl.journal.batches import StoredDocument
    from partialstream.etl.journal.journal import Journal
    from partialstream.etl.sinks.base import Sink
    from partialstream.etl.sinks.columns import Column


_GROUP_ROWS: Final = 1000
"""Rows at which a batch is full if the sink asks for single documents (`batch_rows = 1`): documents
that finish while a batch is being written share the next one, and its fsync."""

_MAX_DOCUMENTS: Final = 10_000
"""The largest number of documents of a batch."""

_SINK: Final = "sink"
_LETTERS: Final = "dead_letters"
# The names of their states in the journal.


class Refusal(NamedTuple):
    """A document whose rows were refused, and that has failed therefore."""

    document: str
    reason: str
    logged_reason: str  # the same without anything that a user or a model wrote
    rows: int
    in_this_run: bool  # whether it was read in this run, and counted as done


class StoredBatch(NamedTuple):
    """A batch that the sink has stored, and that is not marked yet; with the sink's new state."""

    number: int
    documents: list[StoredDocument]
    state: str | None
    refused: list[Refusal]

    @property
    def delivered(self) -> int:
        """The number of documents whose delivery it completes."""
        return sum(document.state == "done" for document in self.documents)


class Delivery:
    """Delivers the finished documents of a journal. Its methods block; not thread-safe.

    Args:
        journal: The journal.
        sink: The sink, None if rows are only handed over.
        dead_letters: The dead letter file.
        check: Called with each document of an earlier run before the sink gets it; raises a
            `RowsRefusedError` if its rows cannot be delivered. None to check nothing.
    """

    def __init__(
        self,
        journal: Journal,
        sink: Sink | None,
        dead_letters: DeadLetters,
        check: Callable[[StoredDocument], object] | None = None,
    ) -> None:
        self._journal = journal
        self._check = check
        self._sink = sink
        self.has_sink = sink is not None
        self._dead_letters = dead_letters
        self.can_replace = sink is not None and sink.can_replace
        self.batch_rows = 1 if sink is None else sink.batch_rows

    def open(self, columns: Sequence[Column]) -> None:
        """Open the sink and the dead letter file.

        Raises:
            SinkError: One of them cannot be opened.
        """
        self._dead_letters.open()
        sink = self._sink
        if sink is None:
            return
        before = self._journal.state(_SINK)
        try:
            state = sink.open(columns, before)
        except OSError as error:
            raise SinkError(f"the sink {sink.name} cannot be opened: {error}") from error
        if state is not None and state != before:
            self._journal.set_state(_SINK, state)

    def store(self) -> StoredBatch | None:
        """Have the sink store the next batch; None if nothing is waiting.

        Raises:
            SinkError: The sink cannot be written.
        """
        number = self._next_batch()
        return None if number is None else self._store(number)

    def store_unmarked(self) -> StoredBatch | None:
        """Have the sink store the batch that an earlier run did not mark, if there is one.

        Raises:
            SinkError: The sink cannot be written.
        """
        number = self._journal.unmarked_batch()
        return None if number is None else self._store(number)

    def _next_batch(self) -> int | None:
        rows = _GROUP_ROWS if self.batch_rows == 1 else self.batch_rows
        return self._journal.next_batch(rows, _MAX_DOCUMENTS)

    def _store(self, number: int) -> StoredBatch:
        refused: list[Refusal] = []
        while True:
            documents = self._journal.batch(number)
            if not documents:
                return StoredBatch(number, [], None, refused)
            logged_reason = "a stored row is no longer valid"
            try:
                self._check_earlier(documents)
                logged_reason = "the sink refused it"
                state = self._deliver(number, documents)
            except RowsRefusedError as error:
                refusal = self._refuse(number, documents, error, logged_reason)
                if refusal is not None:
                    refused.append(refusal)
            else:
                return StoredBatch(number, documents, state, refused)

    def _check_earlier(self, documents: Sequence[StoredDocument]) -> None:
        """Check the rows of documents that only earlier runs have read.

        Raises:
            RowsRefusedError: Those of a document cannot be delivered.
        """
        if self._check is not None:
            for document in documents:
                if document.rows and not self._journal.is_of_this_run(document.number):
                    self._check(document)

    def _deliver(self, number: int, documents: Sequence[StoredDocument]) -> str | None:
        sink = self._sink
        if sink is None:
            return None
        rows = [
            DocumentRows(
                each.id, [SinkRow(index, text) for index, text, _ in each.rows], each.replace
            )
            for each in documents
            if each.rows or each.replace
        ]
        if not rows:
            return None
        try:
            return sink.deliver(Batch(number, rows))
        except OSError as error:
            raise SinkError(f"the sink {sink.name} cannot be written: {error}") from error

    def _refuse(
        self,
        number: int,
        documents: Sequence[StoredDocument],
        error: RowsRefusedError,
        logged_reason: str,
    ) -> Refusal | None:
        """Take a refused document out of the batch; returns the refusal if the document has failed.

        An open document fails when it is finished, as its rows are refused once more then.
        """
        for document in documents:
            if document.id == error.document:
                if not document.rows:  # it has failed already, or is empty
                    self._journal.skip_delivery(document.number)
                    return None
                if document.state == "open":
                    self._journal.postpone_rows(document.number, number)
                    return None
                in_this_run = self._journal.is_of_this_run(document.number)
                raw = next((raw for index, _, raw in document.rows if index == error.row), None)
                self._journal.fail(document.number, ReadingStats("refused"), error.reason, raw)
                return Refusal(
                    document.id, error.reason, logged_reason, len(document.rows), in_this_run
                )
        raise SinkError(f"the sink refused a document that is not in the batch: {error}") from error

    def mark(self, batch: StoredBatch) -> None:
        """Record that a batch is delivered."""
        self._journal.mark_delivered(batch.number, _SINK, batch.state)

    def mark_documents(self, documents: Sequence[StoredDocument]) -> None:
        """Record that these documents of a batch are delivered, without a sink."""
        self._journal.mark_documents([document.number for document in documents])

    def write_dead_letters(self) -> None:
        """Write the dead letters that are waiting.

        Raises:
            SinkError: They cannot be written.
        """
        self._dead_letters.write()

    def close(self) -> None:
        """Close the sink and the dead letter file."""
        self._dead_letters.close()
        if self._sink is not None:
            self._sink.close()


class DeadLetters:
    """The file for rejected rows and failed documents, as JSON Lines.

    Args:
        journal: The journal, which holds them until they are written.
        path: The file, created with the first dead letter.
    """

    def __init__(self, journal: Journal, path: str) -> None:
        self._journal = journal
        self._file = AppendedFile(path)

    def open(self) -> None:
        """Truncate the file to the size in the journal.

        Raises:
            SinkError: The file is not of this journal, or cannot be opened.
        """
        state = self._journal.state(_LETTERS)
        try:
            # Users may remove dead letters that they have dealt with.
            end = self._file.open(None if state is None else int(state), may_be_shorter=True)
        except OSError as error:
            raise self._error(error) from error
        if state != str(end):
            self._journal.set_state(_LETTERS, str(end))

    def write(self) -> None:
        """Append the dead letters that are waiting.

        Raises:
            SinkError: They cannot be written.
        """
        while letters := self._journal.dead_letters():
            lines = [_letter(*letter[1:]) for letter in letters]
            try:
                end = self._file.append(lines)
            except OSError as error:
                raise self._error(error) from error
            self._journal.mark_written(letters[-1].number, _LETTERS, str(end))

    def _error(self, error: OSError) -> SinkError:
        return SinkError(f"the dead letters cannot be written to {self._file.path}: {error}")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _letter(document: str, row_index: int | None, raw: str | None, reason: str) -> str:
    """A line of the file: `row` is left out if the document failed, `raw` if there is no text."""
    letter: dict[str, Any] = {"document": document}
    if row_index is not None:
        letter["row"] = row_index
    if raw is not None:
        letter["raw"] = raw
    return json.dumps({**letter, "reason": reason}, ensure_ascii=False)
