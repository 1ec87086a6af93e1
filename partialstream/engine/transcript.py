"""The text so far, kept in the pieces it came in."""

from __future__ import annotations

from bisect import bisect_right


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
