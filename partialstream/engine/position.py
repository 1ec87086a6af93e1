"""Where in the text something stands: offset, line and column."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from partialstream.results import Path

Place = tuple[int, int, int]
"""A `Position` as a bare tuple: quicker to make."""


class Position(NamedTuple):
    r"""A place in the text.

    Attributes:
        offset: Characters before it.
        line: Its line, from 1. Lines end with `\n`.
        line_start: The offset of the line's first character.

    Example:
        >>> Position().after("[1,\n  x")
        Position(offset=7, line=2, line_start=4)
        >>> Position().after("[1,\n  x").column
        4
    """

    offset: int = 0
    line: int = 1
    line_start: int = 0

    @property
    def column(self) -> int:
        """The column, from 1, in characters."""
        return self.offset - self.line_start + 1

    def after(self, text: str) -> Position:
        """The place behind `text`, which starts here."""
        newlines = text.count("\n")
        if not newlines:
            return Position(self.offset + len(text), self.line, self.line_start)
        return Position(
            self.offset + len(text),
            self.line + newlines,
            self.offset + text.rindex("\n") + 1,
        )


class RawItem(NamedTuple):
    """An element of the list, cut out and not yet parsed.

    Attributes:
        text: Its JSON text.
        number: Its place among all elements of the streamed list, from 0.
        path: Where it stands in the document.
        start: Where it begins in the text, as `Position` has it.
    """

    text: str
    number: int
    path: Path
    start: Place

    @property
    def position(self) -> Position:
        """Where it begins in the text."""
        return Position(*self.start)
