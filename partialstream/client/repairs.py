"""Which of the items that were asked for again an element of a repair is. No I/O.

By its key, if items have one; by the index that the response says; else by the order in which
they were asked for. Never by its looks: a corrected item may well equal another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from partialstream.client.seam import Sign


class Repairs:
    """Places the elements of one response.

    A model that was not held to indexes may send more than it was asked for: items beside
    those, or the whole list. What equals a known item is therefore held back until it is clear
    whether there are more elements than were asked for.

    Args:
        targets: The indexes asked for, in the order of the request.
        by_key: Of them, and of others that were rejected, by key.
        is_known: Whether a valid item equals this one; or only the one at this index.
        count: How many elements the list has.
    """

    def __init__(
        self,
        targets: Sequence[int],
        by_key: Mapping[Hashable, int],
        is_known: Callable[[Sign, int | None], bool],
        count: int,
    ) -> None:
        self._targets = list(targets)
        self._asked = frozenset(targets)
        self._by_key = dict(by_key)
        self._is_known = is_known
        self._count = count
        self._claimed: list[int] = []
        self._is_trusted = False
        self._came = 0
        self._held: list[_Came] = []
        self._is_more = False  # than was asked for
        self._is_whole = True  # the response, so far, may be the whole list
        self._shows_whole = False

    def claim(self, indexes: Sequence[int]) -> None:
        """The response says the indexes of its elements.

        Where none of them was asked for, they may be the places of the elements in the
        response: they count only for elements that are known to stand there.
        """
        self._claimed = list(indexes)
        self._is_trusted = not self._asked.isdisjoint(indexes)

    def feed(self, sign: Sign, key: Hashable) -> list[int | None]:
        """The next element of the response.

        Args:
            sign: What it is known by.
            key: Its member that is the key, None if there is none.

        Returns:
            The indexes of the elements that are decided on, in order; None for those that
            nobody has asked for.
        """
        place = self._came
        self._came += 1
        index = self._by_key.pop(key, None)
        if index is None:
            index = self._said(sign, place)
        if self._is_whole and place not in self._asked and place < self._count:
            self._is_whole = self._is_known(sign, place)
            self._shows_whole = self._is_whole
        elif place >= self._count:
            self._is_whole = False
        known = index is None and self._is_known(sign, None)
        self._held.append(_Came(index, place, known))
        if self._came > len(self._asked):
            self._is_more = True
        if known and not self._is_more:
            return []
        if len(self._held) > 1 and not self._is_more:
            return []
        return self._decide()

    def _said(self, sign: Sign, place: int) -> int | None:
        """The index that the response or the key says, -1 for one that was not asked for."""
        claimed = self._claimed[place] if place < len(self._claimed) else -1
        if self._is_trusted:
            return claimed
        if 0 <= claimed < self._count and self._is_known(sign, claimed):
            return claimed
        return -1 if sign.by_key and self._is_known(sign, None) else None

    def end(self, *, interrupted: bool) -> list[int | None]:
        """The response ends here; gives the indexes of what was held back.

        Args:
            interrupted: Whether it broke off, so that what it lacks will be asked for.
        """
        self._is_more |= interrupted
        return self._decide()

    def _decide(self) -> list[int | None]:
        held, self._held = self._held, []
        return [self._place(each) for each in held]

    def _place(self, came: _Came) -> int | None:
        index = came.said
        if index is None and self._is_more and self._shows_whole and self._is_whole:
            index = came.place
        elif index is None and self._is_more and came.known:
            return None
        if index is None:
            return self._targets.pop(0) if self._targets else None
        if index in self._targets:
            self._targets.remove(index)
            return index
        return None


class _Came(NamedTuple):
    said: int | None  # the index that it says of itself; -1: one that was not asked for
    place: int
    known: bool
