"""Follows the members of a wrapper to the list."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from partialstream.engine.handler import NullHandler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.engine.syntax import SyntaxReader
    from partialstream.results import Path


class Found(Enum):
    """What a `Router` has come to."""

    LIST = "an array at the path"
    ITEM = "an object at the path"
    CANDIDATE = "an array that may be the list"


def parse_path(path: str | Sequence[str | int] | None) -> Path | None:
    """Read the user's way to say where the list is.

    Args:
        path: `"report.sections.*.bullets"`, or a sequence of steps, for names that hold a
            dot. `*` stands for any element or member. `""` is the root. None: find it.

    Example:
        >>> parse_path("report.sections.*.bullets")
        ('report', 'sections', '*', 'bullets')
        >>> parse_path(["v1.2", "items"])
        ('v1.2', 'items')
    """
    if path is None:
        return None
    if isinstance(path, str):
        return tuple(path.split(".")) if path else ()
    return tuple(path)


def path_matches(pattern: Path, path: Path) -> bool:
    """Whether `path` is a place that `pattern` names.

    Example:
        >>> path_matches(("sections", "*", "bullets"), ("sections", 3, "bullets"))
        True
        >>> path_matches(("rows", "0"), ("rows", 0))
        True
    """
    return len(pattern) == len(path) and all(
        wanted == "*" or str(wanted) == str(step)
        for wanted, step in zip(pattern, path, strict=True)
    )


class Router(NullHandler):
    """Halts its parser where the list may begin.

    Args:
        path: Where the list is, None if that is to be found out.
        takes_objects: Whether an object at the path is an item.

    Attributes:
        reader: The parser, to be set before it is fed.
    """

    reader: SyntaxReader

    def __init__(self, path: Path | None, *, takes_objects: bool) -> None:
        self._path = path
        self._takes_objects = takes_objects
        self._satisfied = False
        self._skipping = 0  # the depth of the array being skipped, 0 for none
        self._found: Found | None = None

    def feed(self, text: str, pos: int) -> tuple[Found | None, int]:
        """Let the parser read on; gives what it was halted for, and where."""
        self._found = None
        pos = self.reader.feed(text, pos)
        return self._found, pos

    def list_read(self) -> None:
        """The list was where the parser halted; without a path there is only one."""
        self._satisfied = self._path is None

    def skip_array(self) -> None:
        """The array that the parser stands in is not the list."""
        self._skipping = self.reader.depth

    def begin_array(self, start: int) -> None:
        """See `Handler`."""
        if self._path is not None:
            if path_matches(self._path, self.reader.path):
                self._halt(Found.LIST)
        elif not self._satisfied and not self._skipping:
            self._halt(Found.CANDIDATE)

    def begin_object(self, start: int) -> None:
        """See `Handler`."""
        if (
            self._path is not None
            and self._takes_objects
            and path_matches(self._path, self.reader.path)
        ):
            self._halt(Found.ITEM)

    def end(self, end: int) -> None:
        """See `Handler`."""
        if self.reader.depth < self._skipping:
            self._skipping = 0

    def _halt(self, found: Found) -> None:
        self._found = found
        self.reader.halt()
