"""A file that is only appended to, and cut back to what is known of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from partialstream.etl.errors import SinkError

if TYPE_CHECKING:
    from collections.abc import Iterable


class AppendedFile:
    """Appends lines, so that after a crash the file ends where the journal says.

    Args:
        path: The file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file: BinaryIO | None = None
        self._end = 0

    def open(self, end: int | None) -> int:
        """Cut the file back to its known end: what follows is of a batch that was not marked.

        Args:
            end: Its size, as the journal has it; None if the journal knows nothing of it.

        Returns:
            Its size.

        Raises:
            SinkError: There is a file that the journal does not know, or it is shorter than the
                journal says.
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
        """Append lines; gives the new size. They are on the disk then, or the file is as before.

        Raises:
            OSError: They cannot be written.
        """
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: nothing is left in a buffer to be written when the file is closed.
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
