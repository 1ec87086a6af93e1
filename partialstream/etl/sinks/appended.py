"""An append-only file that is truncated to its last known size after a crash.

`append` returns when the lines, and the name of a new file, are on disk. What follows the size in
the journal was written by a batch that was not marked, and is truncated: the batch is delivered
again. The file belongs to the journal; anything else in it is an error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from partialstream.etl.errors import SinkError
from partialstream.etl.sinks.folders import make_folder, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE_START: Final = b'{"document":'
"""The beginning of every line."""

_PIECE: Final = 1 << 24
"""The largest number of bytes of one write."""


class AppendedFile:
    """A file of lines, each a JSON object with `document` first, whose size is in the journal.

    Args:
        path: The file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file: BinaryIO | None = None
        self._end = 0

    def open(self, end: int | None, *, may_be_shorter: bool = False) -> int:
        """Truncate the file to its size in the journal.

        Args:
            end: Its size according to the journal, None if the journal is new.
            may_be_shorter: Whether lines may have been removed since.

        Returns:
            Its size.

        Raises:
            SinkError: The file belongs to another journal, was changed, or is shorter than the
                journal says.
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        if end is None and size:
            raise SinkError(
                f"{self.path} exists, and this journal did not write it; remove it, or use the "
                "journal that it belongs to"
            )
        end = end or 0
        if size < end and not may_be_shorter:
            raise SinkError(
                f"{self.path} has {size} bytes, and {end} according to the journal: it was changed "
                "or removed meanwhile; restore it, or begin a new journal"
            )
        self._end = min(size, end)
        if size > end:
            with self.path.open("r+b") as file:
                self._check_rest(file, end)
                file.truncate(end)
                os.fsync(file.fileno())
        return self._end

    def create(self) -> None:
        """Create the file durably, if it does not exist.

        Raises:
            OSError: It cannot be created.
        """
        if not self.path.exists():
            make_folder(self.path.parent)
            self.path.touch()
            sync_folder(self.path.parent)

    def _check_rest(self, file: BinaryIO, end: int) -> None:
        """Check that what is to be truncated was written by `append`.

        Raises:
            SinkError: Something else has written to the file.
        """
        file.seek(max(end - 1, 0))
        is_ours = not end or file.read(1) == b"\n"
        while is_ours and (line := file.readline(_PIECE)):
            # After a power failure there may be zeros in place of data.
            is_ours = line.startswith((_LINE_START, b"\0")) or _LINE_START.startswith(line)
            if len(line) == _PIECE and line[-1:] != b"\n":
                break  # a line that goes on; what follows would be looked at as lines of their own
        if not is_ours:
            raise SinkError(
                f"{self.path} was changed meanwhile: after its {end} bytes according to the "
                "journal there is something other than rows; restore it, or begin a new journal"
            )

    def append(self, lines: Iterable[str]) -> int:
        """Append lines and sync; returns the new size. On an error the file is as before.

        Raises:
            OSError: They cannot be written.
        """
        data = memoryview("".join(f"{line}\n" for line in lines).encode())
        if not data:
            return self._end
        if self._file is None:
            self.create()
            # Unbuffered, so that after an error nothing is left to be written by close().
            self._file = self.path.open("ab", buffering=0)
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
