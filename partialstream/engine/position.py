"""The text that was read, and places in it: offset, line and column."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from partialstream.errors import JSONSyntaxError

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

    def error(self, reason: str, path: Path) -> JSONSyntaxError:
        """The error for what stands here, in the value at `path`."""
        return JSONSyntaxError(
            reason, offset=self.offset, line=self.line, column=self.column, path=path
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


class Transcript:
    """Text that grows at its end, of which slices can be had cheaply.

    Args:
        offset: The offset of its first character in a larger text.

    Attributes:
        start: The offset of its first character.
        end: The offset after its last character.
        pieces: The text in pieces.
        starts: The offset of each.

    Example:
        >>> transcript = Transcript(offset=10)
        >>> for piece in ("ab", "cde", "f"):
        ...     transcript.append(piece)
        >>> transcript.slice(11, 15)
        'bcde'
        >>> transcript.end, transcript.text
        (16, 'abcdef')
    """

    __slots__ = ("end", "pieces", "start", "starts")

    def __init__(self, offset: int = 0) -> None:
        self.pieces: list[str] = []
        self.starts: list[int] = []
        self.start = self.end = offset

    def append(self, piece: str) -> None:
        """More text."""
        if piece:
            self.pieces.append(piece)
            self.starts.append(self.end)
            self.end += len(piece)

    @property
    def text(self) -> str:
        """All of it. Joined at each call."""
        return "".join(self.pieces)

    def slice(self, start: int, end: int) -> str:
        """The text between two offsets, at a cost that grows with its length only."""
        first = bisect_right(self.starts, start) - 1
        last = bisect_right(self.starts, end - 1)
        text = "".join(self.pieces[first:last])
        begin = start - self.starts[first]
        return text[begin : begin + end - start]
