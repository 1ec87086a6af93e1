"""The protocol of sinks, and what a sink is given."""

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
        index: Its place in the list of its document, from 0. Rejected rows leave gaps.
        text: Its value, as pydantic's JSON mode writes it.
    """

    index: int
    text: str

    @property
    def value(self) -> Any:
        """`text` as Python reads JSON."""
        return json.loads(self.text)

    @property
    def members(self) -> dict[str, Any]:
        """The values of its columns by their names; what is no object is one called `value`."""
        value = self.value
        return cast("dict[str, Any]", value) if isinstance(value, dict) else {"value": value}


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """All rows of one document.

    Attributes:
        id: The document's.
        rows: The rows, in their order; none if it has none, or has none any more.
    """

    id: str
    rows: Sequence[SinkRow]


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents that are delivered together.

    Attributes:
        number: Its number, from 1. After a crash the same documents come again, with the same
            rows, under the same number.
        documents: The documents.
    """

    number: int
    documents: Sequence[DocumentRows]


@runtime_checkable
class Sink(Protocol):
    """Where rows go: anything with these members is one.

    Its methods are called one at a time, each in some thread.

    Attributes:
        name: What tells it from other sinks. A journal is kept for one.
        can_replace: Whether a document may come a second time, with other rows in the place of
            those before.
        batch_rows: How many rows are worth a batch; 1 to get each document as soon as possible.
    """

    name: str
    can_replace: bool
    batch_rows: int

    def open(self, columns: Sequence[Column], state: str | None) -> str | None:
        """Make ready for batches.

        Args:
            columns: The columns of a row, those of its place first.
            state: What this returned when the journal was new, or the last `deliver` whose batch
                is marked in the journal; None if the journal is new.

        Returns:
            What to keep in the journal from now on; None to leave that as it is.

        Raises:
            SinkError: What is there is not what the journal knows.
        """
        ...

    def deliver(self, batch: Batch) -> str | None:
        """Store a batch, or nothing of it; it is stored when this returns, whatever dies then.

        The batch may have been stored already, just before a crash. Then it is stored once.

        Returns:
            What `open` is to know of it, at the next start; or None to leave that as it is.

        Raises:
            RowsRefusedError: A document's rows cannot be stored; the others will come again.
        """
        ...

    def close(self) -> None:
        """The run has ended."""
        ...
