"""An append-only file that is truncated to its last known size after a crash."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from partialstream.etl.errors import SinkError

if TYPE_CHECKING:
    from collections.abc import Iterable


class AppendedFile:
    """A file of lines whose size is kept in the journal.

    Args:
        path: The file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file: BinaryIO | None = None
        self._end = 0

    def open(self, end: int | None) -> int:
        """Truncate the file to its known size; what follows is of a batch that was not marked.

        Args:
            end: Its size according to the journal, None if the journal is new.

        Returns:
            Its size.

        Raises:
            SinkError: The file is not of this journal, or is shorter than the journal says.
        """
        size = self.path.stat().st_size if self.path.exists() else None
        if end is None and size:
            raise SinkError(
                f"{self.path} exists, and this journal did not write it; remove it, or use the "
                "journal that it belongs to"
            )
        end = end or 0
        if (size or 0) < end:
            raise SinkError(
                f"{self.path} has {size or 0} bytes, and {end} according to the journal: it was "
                "changed or removed meanwhile"
            )
        self._end = end
        if size is not None and size > end:
            with self.path.open("r+b") as file:
                file.truncate(end)
                os.fsync(file.fileno())
        return end

    def append(self, lines: Iterable[str]) -> int:
        """Append lines and sync; returns the new size. On an error the file is as before.

        Raises:
            OSError: They cannot be written.
        """
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered, so that after an error nothing is left to be written by close().
            self._file = self.path.open("ab", buffering=0)
        data = memoryview("".join(f"{line}\n" for line in lines).encode())
        try:
            written = 0
            while written < len(data):
                written += self._file.write(data[written : written + _PIECE])
            os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(self._end)
            raise
        self._end += len(data)
        return self._end

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


_PIECE = 1 << 24
