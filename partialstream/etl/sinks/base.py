"""The `Sink` protocol and its batches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.etl.sinks.columns import Column


@dataclass(frozen=True, slots=True)
class SinkRow:
    """A row.

    Attributes:
        index: Its index in the list of its document, from 0. Rejected rows leave gaps.
        text: Its values by column name as a JSON object, as written by pydantic.
    """

    index: int
    text: str

    @property
    def members(self) -> dict[str, Any]:
        """The values by column name, parsed from `text`."""
        return cast("dict[str, Any]", json.loads(self.text))


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """All rows of one document.

    Attributes:
        id: The id of the document.
        rows: The rows in order; empty if the document has none, or if it has failed.
        replace: Whether they replace all that the sink has of the document. If not, they are added,
            each in place of a row with the same index; only with `commit="row"`.
    """

    id: str
    rows: Sequence[SinkRow]
    replace: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents that are delivered together.

    Attributes:
        number: Its number; batches are delivered in ascending order. After a crash the last one
            may be delivered again: the same number has the same documents and rows, except for
            documents that have failed since.
        documents: The documents.
    """

    number: int
    documents: Sequence[DocumentRows]


@runtime_checkable
class Sink(Protocol):
    """A destination for rows: any object with these members.

    Methods are called one at a time, but not always from the same thread.

    Attributes:
        name: Identifies the sink. A journal belongs to one sink.
        can_replace: Whether a document may be delivered again with other rows, which replace the
            earlier ones; `commit="row"` needs it.
        batch_rows: The number of rows to collect for a batch; 1 to deliver each document as soon as
            it is complete.
    """

    name: str
    can_replace: bool
    batch_rows: int

    def open(self, columns: Sequence[Column], state: str | None) -> str | None:
        """Prepare for batches.

        Args:
            columns: The columns of a row; `document` and `row` come first.
            state: The last state that was stored in the journal: from `open` when the journal was
                new, or from the last `deliver` whose batch was marked. None if the journal is new.

        Returns:
            The state to store in the journal, None to keep the one that is there.

        Raises:
            SinkError: The destination does not match the journal or the columns.
        """
        ...

    def deliver(self, batch: Batch) -> str | None:
        """Store a batch durably, all or nothing.

        A batch that was stored just before a crash is delivered again, and must be stored once.

        Returns:
            The state for the next `open`, None to keep the one that is there.

        Raises:
            RowsRefusedError: A document's rows cannot be stored. The batch is delivered again
                without them.
            OSError: The destination cannot be written. The run ends, and the next one delivers
                the batch again; so it does after any other exception.
        """
        ...

    def close(self) -> None:
        """Release resources; the run has ended."""
        ...
