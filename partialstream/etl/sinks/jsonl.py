"""JSON Lines: a line for each row."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from partialstream.etl.sinks.appended import AppendedFile
from partialstream.etl.values import row_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.etl.sinks.base import Batch
    from partialstream.etl.sinks.columns import Column


class JSONLines:
    """Appends a line for each row to a file: `{"document": ..., "row": ..., ...}`.

    At a start the file is cut back to the end that the journal knows. Rows cannot be replaced.

    Args:
        path: The file. It is made with the first row, and must not be there before.
    """

    can_replace = False
    batch_rows = 1

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = f"jsonl {os.fspath(path)}"
        self._file = AppendedFile(path)

    def open(self, columns: Sequence[Column], state: str | None) -> str:
        """See `Sink`; gives the size of the file."""
        del columns
        return str(self._file.open(None if state is None else int(state)))

    def deliver(self, batch: Batch) -> str:
        """See `Sink`; gives the size of the file."""
        lines = (
            row_text(document.id, row.index, row.text)
            for document in batch.documents
            for row in document.rows
        )
        return str(self._file.append(lines))

    def close(self) -> None:
        """See `Sink`."""
        self._file.close()
