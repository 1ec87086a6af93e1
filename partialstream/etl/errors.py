"""The errors of a run.

ExtractionError                  the run cannot start or cannot continue
├── JournalError                 the journal cannot be read or written
│   ├── JournalInUseError        another run is using it
│   └── JournalMismatchError     it belongs to another job
└── SinkError                    the sink cannot be opened or written

RowsRefusedError                 raised by a sink: the rows of one document cannot be stored
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ExtractionError(Exception):
    """A run cannot start or cannot continue.

    The journal keeps what was done so far; the next run continues from there.
    """


class JournalError(ExtractionError):
    """The journal cannot be read or written."""


class JournalInUseError(JournalError):
    """Another run, in this process or another one, is using the journal."""


class JournalMismatchError(JournalError):
    """The journal belongs to another job.

    Attributes:
        differences: The parts of the job that differ (`"prompt"`, `"model"`, ...), each with its
            value in the journal and its value now.
    """

    def __init__(self, message: str, differences: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(message)
        self.differences = dict(differences)


class SinkError(ExtractionError):
    """The sink cannot be opened or written."""


class RowsRefusedError(Exception):
    """The rows of one document cannot be stored, and trying again would not help.

    A sink raises it after storing nothing of the batch. The document is marked as failed and
    written to the dead letters; the rest of the batch is delivered.

    Args:
        document: The id of the document.
        reason: Why, for the dead letters.
        row: The index of the first row that cannot be stored, whose raw text is written to the
            dead letters; None if it is not known.
    """

    def __init__(self, document: str, reason: str, row: int | None = None) -> None:
        reason = reason if row is None else f"row {row}: {reason}"
        super().__init__(f"{document}: {reason}")
        self.document = document
        self.reason = reason
        self.row = row
