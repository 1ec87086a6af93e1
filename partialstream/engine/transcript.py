"""The text so far, kept in the pieces it came in."""

from __future__ import annotations

from bisect import bisect_right


class Transcript:
    """Text that grows at its end, of which slices can be had cheaply.

    Args:
        offset: The offset of its first character in a larger text.

    Attributes:
        start: The offset of its first character.
        end: The offset behind its last character.

    Example:
        >>> transcript = Transcript(offset=10)
        >>> for piece in ("ab", "cde", "f"):
        ...     transcript.append(piece)
        >>> transcript.slice(11, 15)
        'bcde'
        >>> len(transcript), transcript.text
        (6, 'abcdef')
    """

    __slots__ = ("_pieces", "_starts", "end", "start")

    def __init__(self, offset: int = 0) -> None:
        self._pieces: list[str] = []
        self._starts: list[int] = []
        self.start = self.end = offset

    def append(self, piece: str) -> None:
        """More text."""
        if piece:
            self._pieces.append(piece)
            self._starts.append(self.end)
            self.end += len(piece)

    def __len__(self) -> int:
        return self.end - self._starts[0] if self._starts else 0

    @property
    def text(self) -> str:
        """All of it. Joined at each call."""
        return "".join(self._pieces)

    def slice(self, start: int, end: int) -> str:
        """The text between two offsets, at a cost that grows with its length only."""
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1)
        text = "".join(self._pieces[first:last])
        begin = start - self._starts[first]
        return text[begin : begin + end - start]
