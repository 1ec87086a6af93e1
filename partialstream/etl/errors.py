"""The errors of a run.

ExtractionError                  the run cannot begin, or cannot go on
├── JournalError                 the journal cannot be read or written
│   ├── JournalInUseError        another process has it
│   └── JournalMismatchError     it belongs to another job
└── SinkError                    the sink cannot be opened or written

RowsRefusedError                 a sink says that one document's rows cannot be stored
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ExtractionError(Exception):
    """A run cannot begin, or cannot go on. What is in the journal stays there, for the next run."""


class JournalError(ExtractionError):
    """The journal cannot be read or written."""


class JournalInUseError(JournalError):
    """Another process, or another run of this one, has the journal."""


class JournalMismatchError(JournalError):
    """The journal belongs to another job.

    Attributes:
        differences: What differs: by its name (`"prompt"`, `"model"`, ...) what the journal has,
            and what was given now.
    """

    def __init__(self, message: str, differences: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(message)
        self.differences = dict(differences)


class SinkError(ExtractionError):
    """The sink cannot be opened or written."""


class RowsRefusedError(Exception):
    """One document's rows cannot be stored, and another try would not help.

    A sink raises it, and has stored nothing of the batch. The document goes to the dead letters,
    and the rest of the batch is delivered.

    Args:
        document: The id of the document.
        reason: Why, for the dead letters.
    """

    def __init__(self, document: str, reason: str) -> None:
        super().__init__(f"{document}: {reason}")
        self.document = document
        self.reason = reason
