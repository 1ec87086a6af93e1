"""Finished documents on their way to the sink, and dead letters to their file.

plan a batch in the journal ──► the sink stores it ──► somebody takes its rows ──► mark it

Whatever dies between two of these, the same batch comes again at the next start.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from partialstream.etl.errors import RowsRefusedError, SinkError
from partialstream.etl.journal import Ending
from partialstream.etl.sinks.appended import AppendedFile
from partialstream.etl.sinks.base import Batch, DocumentRows, SinkRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.etl.journal import Journal, StoredDocument
    from partialstream.etl.sinks.base import Sink
    from partialstream.etl.sinks.columns import Column

_AT_LEAST: Final = 1000
"""Rows that a batch may have even where the sink wants each document soon: a write to the disk
takes as long for one document as for many, and those that end meanwhile go together."""

_DOCUMENTS: Final = 10_000
"""Documents of a batch at most."""


class StoredBatch(NamedTuple):
    """A batch that the sink has, and that is not marked yet."""

    number: int
    documents: list[StoredDocument]
    state: str | None
    refused: int  # documents that were taken out of it

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(len(document.rows) for document in self.documents)


class Delivery:
    """Delivers what waits in a journal. Its methods block; one thread at a time.

    Args:
        journal: The journal.
        sink: The sink; None if rows are only handed over.
        dead_letters: The file for what no sink has.
    """

    def __init__(self, journal: Journal, sink: Sink | None, dead_letters: DeadLetters) -> None:
        self._journal = journal
        self._sink = sink
        self._dead_letters = dead_letters
        self.can_replace = sink is None or sink.can_replace
        self.batch_rows = 1 if sink is None else sink.batch_rows

    def open(self, columns: Sequence[Column]) -> None:
        """Open the sink, and what is left of an earlier run.

        Raises:
            SinkError: It cannot be opened.
        """
        self._dead_letters.open()
        sink = self._sink
        if sink is None:
            return
        before = self._journal.state(_STATE)
        try:
            state = sink.open(columns, before)
        except OSError as error:
            raise SinkError(f"the sink {sink.name} cannot be opened: {error}") from error
        if state is not None and state != before:
            self._journal.set_state(_STATE, state)

    def store(self) -> StoredBatch | None:
        """Have the sink store the next batch; None if nothing waits.

        Raises:
            SinkError: It cannot.
        """
        rows = max(self.batch_rows, _AT_LEAST) if self.batch_rows == 1 else self.batch_rows
        number = self._journal.next_batch(rows, _DOCUMENTS)
        if number is None:
            return None
        refused = 0
        while True:
            documents = self._journal.batch(number)
            if not documents:
                return StoredBatch(number, [], None, refused)
            try:
                state = self._deliver(number, documents)
            except RowsRefusedError as error:
                self._refuse(documents, error)
                refused += 1
            else:
                return StoredBatch(number, documents, state, refused)

    def _deliver(self, number: int, documents: Sequence[StoredDocument]) -> str | None:
        sink = self._sink
        if sink is None:
            return None
        rows = [
            DocumentRows(each.id, [SinkRow(place, text) for place, text, _ in each.rows])
            for each in documents
        ]
        try:
            return sink.deliver(Batch(number, rows))
        except OSError as error:
            raise SinkError(f"the sink {sink.name} cannot be written: {error}") from error

    def _refuse(self, documents: Sequence[StoredDocument], error: RowsRefusedError) -> None:
        """The sink cannot store a document: it fails."""
        for document in documents:
            if document.id == error.document and document.rows:
                self._journal.fail(document.number, Ending("refused"), error.reason)
                return
        raise SinkError(f"the sink refuses a document that has no rows here: {error}") from error

    def mark(self, batch: StoredBatch) -> None:
        """The batch is where it belongs."""
        if batch.documents:
            self._journal.mark_delivered(batch.number, _STATE, batch.state)

    def bury(self) -> None:
        """Write the dead letters that wait.

        Raises:
            SinkError: They cannot be written.
        """
        self._dead_letters.write()

    def close(self) -> None:
        """The run has ended."""
        self._dead_letters.close()
        if self._sink is not None:
            self._sink.close()


_STATE: Final = "sink"


class DeadLetters:
    """The file for rows and documents that no sink has: JSON Lines.

    Args:
        journal: The journal, where they wait.
        path: The file. It is made with the first one.
    """

    def __init__(self, journal: Journal, path: str) -> None:
        self._journal = journal
        self._file = AppendedFile(path)

    def open(self) -> None:
        """Cut the file back to what the journal knows of it."""
        state = self._journal.state(_LETTERS)
        if state is None:
            self._journal.set_state(_LETTERS, str(self._file.open(None)))
        else:
            self._file.open(int(state))

    def write(self) -> None:
        """Append those that wait.

        Raises:
            SinkError: They cannot be written.
        """
        while letters := self._journal.dead_letters():
            lines = [_letter(*letter[1:]) for letter in letters]
            try:
                end = self._file.append(lines)
            except OSError as error:
                path = self._file.path
                raise SinkError(f"the dead letters cannot be written to {path}: {error}") from error
            self._journal.mark_buried(letters[-1].number, _LETTERS, str(end))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


_LETTERS: Final = "dead_letters"


def _letter(document: str, place: int | None, raw: str | None, reason: str) -> str:
    """A line of the file; without a row if it is the document that has failed."""
    letter: dict[str, Any] = {"document": document}
    if place is not None:
        letter |= {"row": place, "raw": raw}
    return json.dumps({**letter, "reason": reason}, ensure_ascii=False)
