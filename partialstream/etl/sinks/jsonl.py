"""JSON Lines: one line per row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from partialstream.etl.errors import RowsRefusedError
from partialstream.etl.serialization.row_format import row_text
from partialstream.etl.sinks.appended import AppendedFile
from partialstream.etl.sinks.columns import KEY_COLUMNS

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from partialstream.etl.sinks.base import Batch, SinkRow
    from partialstream.etl.sinks.columns import Column


class JSONLines:
    """Appends one line per row to a file: `{"document": ..., "row": ..., ...}`.

    When it is opened, the file is truncated to the size in the journal. Rows cannot be replaced.

    Args:
        path: The file, created if missing. It must not exist when the journal is new.
    """

    can_replace = False
    batch_rows = 1

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.name = f"jsonl {self.path}"
        self._file = AppendedFile(path)

    def open(self, columns: Sequence[Column], state: str | None) -> str:
        """See `Sink`; the state is the size of the file."""
        del columns
        size = self._file.open(None if state is None else int(state))
        self._file.create()  # a job without rows has an empty file
        return str(size)

    def deliver(self, batch: Batch) -> str:
        """See `Sink`; the state is the size of the file."""
        lines = (_line(document.id, row) for document in batch.documents for row in document.rows)
        return str(self._file.append(lines))

    def close(self) -> None:
        """See `Sink`."""
        self._file.close()


def _line(document: str, row: SinkRow) -> str:
    """A row as one JSON object.

    Raises:
        RowsRefusedError: It has a member with the name of a column that every row gets.
    """
    if any(f'"{column.name}"' in row.text for column in KEY_COLUMNS):  # so it may be a value
        doubled = [column.name for column in KEY_COLUMNS if column.name in row.members]
        if doubled:
            raise RowsRefusedError(document, f"there is no column for {doubled[0]!r}", row.index)
    return row_text(document, row.index, row.text)
