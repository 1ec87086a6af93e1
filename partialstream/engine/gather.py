"""Puts off the work until there is some.

A delta holds about four characters, and nearly all of them only make the open item longer.
Such a delta costs one look for the character without which no item can be completed, and is
kept; the machine sees them joined.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from partialstream.engine.items import ItemScanner
    from partialstream.engine.raw_item import RawItem

BATCH: Final = 64
"""Deltas after which the machine looks even if no item can be complete: it watches the limits,
and learns whether a long string is open."""


END: Final = object()
"""Says that there are no more chunks."""


class Gatherer:
    """Feeds a scanner no more often than needed.

    Attributes:
        scanner: What is fed.
        pieces: The deltas that the scanner has not seen.

    Example:
        >>> from partialstream.engine.items import ItemScanner
        >>> from partialstream.engine.shape import ANYTHING
        >>> gatherer = Gatherer(ItemScanner(ANYTHING))
        >>> deltas = ('[{"a"', ": 1", "}, {")
        >>> [item.text for delta in deltas for item in gatherer.send(delta)]
        ['{"a": 1}']
    """

    __slots__ = ("_advance", "pieces", "scanner")

    def __init__(self, scanner: ItemScanner) -> None:
        self.scanner = scanner
        self._advance = scanner.advance
        self.pieces: list[str] = []

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
            The items and None; or none and the chunk that is no text, `END` for no chunk.
        """
        scanner = self.scanner
        pieces = self.pieces
        keep: Callable[[Any], None] = pieces.append
        chunk: Any = ""
        while True:
            wake = scanner.wake
            kept = len(pieces)
            try:
                for chunk in islice(chunks, BATCH):
                    if wake in chunk:
                        keep(chunk)
                        break
                    keep(chunk)
                else:
                    if len(pieces) < kept + BATCH:
                        return (), END
                text = "".join(pieces)
            except TypeError:
                if not isinstance(chunk, str):
                    return (), chunk  # `in` does not go with it
                odd = [piece for piece in cast("list[Any]", pieces) if not isinstance(piece, str)]
                if not odd:
                    raise
                return (), odd[0]  # nor `join` with this one
            pieces.clear()
            completed = self._advance(text)
            if scanner.unread:
                keep(scanner.unread)
            if completed:
                return completed, None

    def flush(self) -> Sequence[RawItem]:
        """Let the scanner see what was kept; gives the items that it completes."""
        pieces = self.pieces
        rest = "".join(pieces)
        pieces.clear()
        completed = self._advance(rest)
        if self.scanner.unread:
            pieces.append(self.scanner.unread)
        return completed
