"""Puts off the work until there is some.

A delta holds about four characters, and nearly all of them only make the open item longer.
Such a delta costs one look for the character without which no item can be completed, and is
kept; the machine sees them joined.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from partialstream.engine.object_run import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from partialstream.engine.items import ItemScanner
    from partialstream.engine.raw_item import RawItem

BATCH: Final = 64
"""Deltas after which there is a look even if no item can be complete: it watches the limits,
and learns whether a long string is open."""

END: Final = object()
"""Says that there are no more chunks."""


class Gatherer:
    """Feeds a scanner no more often than needed.

    Attributes:
        scanner: What is fed.
        pieces: The text that was not read yet.

    Example:
        >>> from partialstream.engine.items import ItemScanner
        >>> from partialstream.engine.shape import ANYTHING
        >>> gatherer = Gatherer(ItemScanner(ANYTHING))
        >>> deltas = ('[{"a"', ": 1", "}, {")
        >>> [item.text for delta in deltas for item in gatherer.send(delta)]
        ['{"a": 1}']
    """

    __slots__ = ("pieces", "scanner")

    def __init__(self, scanner: ItemScanner) -> None:
        self.scanner = scanner
        self.pieces = scanner.pieces

    def send(self, delta: str) -> Sequence[RawItem]:
        """Take a delta; gives the items that it completes."""
        self.pieces.append(delta)
        if self.scanner.wake not in delta and len(self.pieces) <= BATCH:
            return ()
        return self.flush()

    @property
    def text(self) -> str:
        """All that was sent; see `ItemScanner.text`."""
        return self.scanner.text + "".join(self.pieces)

    @property
    def sent(self) -> int:
        """Characters sent so far."""
        return self.scanner.size + sum(map(len, self.pieces))

    def pull(self, chunks: Iterator[Any]) -> tuple[Sequence[RawItem], object]:
        """Take chunks while they are text, until they complete items.

        Saves the call of `send` for each of them.

        Returns:
            The items and None; or none and the chunk that is no text, `END` for no chunk, or
            `""` where a batch had no text in it.
        """
        scanner = self.scanner
        run = scanner.run
        pieces: list[Any] = self.pieces
        chunk: Any = ""
        while True:
            wake = scanner.wake
            known = len(pieces)
            try:
                for chunk in islice(chunks, BATCH):
                    pieces.append(chunk)
                    if wake in chunk:
                        break
                else:
                    if len(pieces) < known + BATCH:
                        "".join(pieces)  # a container may have gone with `in`, and is no text
                        return (), END
                if chunk == "" and pieces[known:].count("") == len(pieces) - known:
                    del pieces[known:]
                    return (), ""  # so that the clock is looked at
                text = "".join(pieces)
            except TypeError:
                odd = _take_no_text(pieces, chunk)
                if odd is END:
                    raise
                return (), odd
            if not scanner.in_run or len(text) > AT_ONCE:
                completed = scanner.advance()
            else:
                completed = run.look(text)  # as `advance` does, of nearly all looks
                if run.lost:
                    completed = scanner.advance_from(completed)
            if completed:
                return completed, None

    def flush(self) -> Sequence[RawItem]:
        """Let the scanner see what was kept; gives the items that it completes."""
        return self.scanner.advance()


def _take_no_text(pieces: list[Any], last: object) -> object:
    """Find what is no text, and leave in `pieces` what stood before it.

    For who has caught a `TypeError`.

    Args:
        pieces: What was taken for text.
        last: The last chunk, which may not be among them.

    Returns:
        The first that is no text; `END` if all are.
    """
    for index, piece in enumerate(pieces):
        if not isinstance(piece, str):  # `join` does not go with it
            del pieces[index:]
            return piece
    return END if isinstance(last, str) else last  # `in` does not go with this one
