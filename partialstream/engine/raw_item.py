"""What the scanner cuts out, and how it is counted."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from partialstream.engine.position import Place, Position
from partialstream.errors import LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partialstream.limits import Limits
    from partialstream.results import Path


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


_new: Callable[[type[RawItem], tuple[str, int, Path, Place]], RawItem] = cast("Any", tuple).__new__
"""Makes one at half the cost of the named tuple's own constructor."""


class Numbering:
    """Numbers the elements of a list, and watches their count and their size.

    Args:
        limits: `item_count` and `item_size` count here.
        numbers: Where the numbers come from; None: 0, 1, 2 …

    Attributes:
        path: Where the list is.
        elements: How many elements it has had, decoys included.
    """

    __slots__ = ("_count_allowed", "_numbers", "_size_allowed", "elements", "path")

    def __init__(self, limits: Limits, numbers: Iterator[int] | None) -> None:
        self._numbers = itertools.count() if numbers is None else numbers
        self._count_allowed = limits.item_count
        self._size_allowed = limits.item_size
        self.path: Path = ()
        self.elements = 0

    def begin_list(self, path: Path) -> None:
        """A list begins, or a document that is an item itself."""
        self.path = path
        self.elements = 0

    @property
    def next_path(self) -> Path:
        """Where the next element of the list stands."""
        return (*self.path, self.elements)

    def element(self, text: str, start: Place) -> RawItem:
        """The next element of the list is complete.

        Raises:
            LimitExceededError: It is one too many, or too large.
        """
        # As `item`, without the call.
        element = self.elements
        self.elements = element + 1
        number = next(self._numbers)
        if number >= self._count_allowed or len(text) > self._size_allowed:
            self._refuse(number)
        return _new(RawItem, (text, number, (*self.path, element), start))

    def item(self, text: str, path: Path, start: Place) -> RawItem:
        """An item at `path` is complete.

        Raises:
            LimitExceededError: It is one too many, or too large.
        """
        number = next(self._numbers)
        if number >= self._count_allowed or len(text) > self._size_allowed:
            self._refuse(number)
        return _new(RawItem, (text, number, path, start))

    def _refuse(self, number: int) -> None:
        allowed = self._count_allowed
        if number >= allowed:
            raise LimitExceededError("item_count", allowed, f"more than {allowed} items")
        allowed = self._size_allowed
        raise LimitExceededError(
            "item_size", allowed, f"item {number} has more than {allowed} characters"
        )
