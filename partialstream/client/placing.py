"""Which element of the list each element of a response is. No I/O.

A response begins the list, goes on with it where another broke off (`Seam`), or repairs some of
its elements (`Repairs`). What cannot be told yet is held back, until the end of the response at
the latest.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

from partialstream.client.elements import Elements, member_of, resemble, same_key, same_text
from partialstream.client.seam import Overlap, Seam, Sign
from partialstream.results import Item, RejectedItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.client.options import Key

T = TypeVar("T")

_HELD: Final = 64 * 1024
"""Characters that are held back at a seam at most, where no more texts than that are kept."""

Element = Item[T] | RejectedItem
Placed = tuple[Element[T], int | None]
"""An element and its index in the list; None for a new one, which is the next."""


class Placing:
    """Knows the elements of a list, and places those of one response after the other.

    Args:
        kept: Characters of the elements' texts that are kept.
        key: What tells one item from another; None: its text.

    Attributes:
        elements: The elements of the list.
        refused: By the indexes of those that were not valid when they first came, the texts
            of them that were not valid, by `same_text`.
        pending: Of them, those that are to be repaired.
    """

    def __init__(self, kept: int, key: Key | None) -> None:
        self._kept = kept
        self._key = key
        self._key_of = None if key is None else _key_function(key)
        self.elements = Elements(kept)
        self.refused: dict[int, set[int]] = {}
        self.pending: dict[int, RejectedItem] = {}
        self._keyless: set[int] = set()  # of the refused ones
        self._versions: dict[int, set[int]] = {}  # of them: what else they are known by
        self._tokens: array[int] = self.elements.tokens()  # before the response under way
        self._standing = array("q")  # of them, those of valid elements, sorted; for repairs
        self._corrected: set[int] = set()  # and what stands in the place of others
        # of the response under way
        self._seam: Seam | None = None
        self._repairs: Repairs | None = None
        self._claim: Callable[[], str | None] = lambda: None
        self._came = 0
        self._undecided: list[Any] = []  # the last elements that came

    # -- a response begins -----------------------------------------------------------------

    def resume(self, claim: Callable[[], str | None]) -> None:
        """The next response goes on with the list.

        Args:
            claim: Gives what the response says of the index of its first element.
        """
        self._begin(claim)
        if self.elements.count:
            self._seam = Seam(
                self._tokens,
                versions=self._versions,
                open_=self._keyless,
                resembles=self._resembles,
                held=max(self._kept, _HELD),
            )

    def repair(self, claim: Callable[[], str | None], rejected: list[RejectedItem]) -> None:
        """The next response repairs what is pending.

        Args:
            claim: Gives what the response says of the indexes of its elements.
            rejected: What is not valid so far, whether it is asked for again or not.
        """
        self._begin(claim)
        by_key: dict[Hashable, int] = {}
        if isinstance(self._key, str):
            pending_last = sorted(rejected, key=lambda each: each.index in self.pending)
            by_key = {member_of(each.raw, self._key): each.index for each in pending_last}
            by_key.pop(None, None)
        standing = (token for place, token in enumerate(self._tokens) if place not in self.pending)
        self._standing = array("q", sorted(standing))
        self._corrected = set[int]().union(
            *(tokens for place, tokens in self._versions.items() if place not in self.pending)
        )
        self._repairs = Repairs(list(self.pending), by_key, self._is_known, self.elements.count)

    def _begin(self, claim: Callable[[], str | None]) -> None:
        self._claim = claim
        self._tokens = self.elements.tokens()
        self._standing = array("q")
        self._seam = self._repairs = None
        self._came = 0
        self._undecided = []

    # -- its elements ----------------------------------------------------------------------

    def feed(self, element: Element[T]) -> list[Placed[T]]:
        """The next element; gives those that have their place now, and are wanted."""
        place = self._came
        self._came += 1
        seam, repairs = self._seam, self._repairs
        if repairs is None:
            if seam is None:
                return [(element, None)]
            if seam.overlap is not None and not self._undecided:
                return self._go_on(element, place, seam.overlap)
        if not place:
            self._take_claim()
        self._undecided.append(element)
        sign = self._sign(element)
        if repairs is not None:
            return self._repaired(repairs.feed(sign, member_of(element.raw, self._key)))
        if seam is not None:
            seam.feed(sign)
        return self._gone_on()

    def end(self, *, interrupted: bool) -> list[Placed[Any]]:
        """The response ends here; gives what was held back and is wanted.

        Args:
            interrupted: Whether it broke off, so that what it lacks will be asked for.
        """
        if not self._undecided:
            return []
        if self._repairs is not None:
            return self._repaired(self._repairs.end(interrupted=interrupted))
        self._take_claim()
        if self._seam is not None:
            self._seam.end(interrupted=interrupted)
        return self._gone_on()

    def add(self, element: Element[Any], index: int | None) -> int:
        """An element that was given has been taken into the list; gives its index."""
        if index is None:
            self.elements.add(element.raw, self.key(element))
            return self.elements.count - 1
        if index in self.refused:
            token = self._sign(element).token
            self._versions.setdefault(index, set()).add(token)
            if isinstance(element, Item):
                self._corrected.add(token)
        return index

    def refuse(self, item: RejectedItem) -> None:
        """An element of the list is not valid."""
        if item.index not in self.refused:
            self.refused[item.index] = set()
            if self.key(item) is None:
                self._keyless.add(item.index)
        self.refused[item.index].add(same_text(item.raw))

    def key(self, element: Element[Any]) -> Hashable:
        """What tells an element from others, None if only its text does."""
        if isinstance(element, Item):
            return None if self._key_of is None else self._key_of(element.value)
        return member_of(element.raw, self._key)

    def _sign(self, element: Element[Any]) -> Sign:
        key = self.key(element)
        token = same_text(element.raw) if key is None else same_key(key)
        return Sign.of(token, element.raw, by_key=key is not None)

    # -- where they belong -----------------------------------------------------------------

    def _go_on(self, element: Element[T], place: int, overlap: Overlap) -> list[Placed[T]]:
        """An element of a response that goes on with the list."""
        if place >= overlap.length:
            return [(element, None)]
        index = overlap.start + place
        if index not in self.pending:
            return []
        # The model may have seen by itself what was wrong with an element.
        is_new = isinstance(element, Item) or same_text(element.raw) not in self.refused[index]
        return [(element, index)] if is_new else []

    def _gone_on(self) -> list[Placed[Any]]:
        overlap = None if self._seam is None else self._seam.overlap
        if overlap is None:
            return []
        elements, self._undecided = self._undecided, []
        first = self._came - len(elements)
        return [
            placed
            for place, element in enumerate(elements, first)
            for placed in self._go_on(element, place, overlap)
        ]

    def _repaired(self, indexes: list[int | None]) -> list[Placed[Any]]:
        elements = self._undecided[: len(indexes)]
        del self._undecided[: len(indexes)]
        placed = zip(elements, indexes, strict=True)
        return [(element, index) for element, index in placed if index is not None]

    def _take_claim(self) -> None:
        said = self._claim()
        if said is None:
            return
        indexes = [int(digits) for digits in re.findall(r"\d{1,18}", said)]
        if self._repairs is not None:
            self._repairs.claim(indexes)
        elif self._seam is not None and re.fullmatch(r"\s*\d{1,18}\s*", said):
            self._seam.claim(indexes[0])

    # -- what is known ---------------------------------------------------------------------

    def _is_known(self, sign: Sign, index: int | None) -> bool:
        """Whether an element that stands has this sign; the one at `index`, if that is given."""
        token = sign.token
        if index is not None:
            return self._tokens[index] == token or token in self._versions.get(index, ())
        place = bisect_left(self._standing, token)
        found = place < len(self._standing) and self._standing[place] == token
        return found or token in self._corrected

    def _resembles(self, index: int, raw: str) -> bool:
        text = self.elements.text(index)
        return text is not None and resemble(text, raw)


def _key_function(key: Key) -> Callable[[Any], Hashable]:
    if callable(key):
        return key
    name = key

    def member(value: Any) -> Hashable:
        if isinstance(value, Mapping):
            return cast("Mapping[str, Hashable]", value)[name]
        found: Hashable = getattr(value, name)
        return found

    return member


class Repairs:
    """Finds out which of the items that were asked for again an element of a repair is.

    By its key, if items have one; by the index that the response says; else by the order in
    which they were asked for. Never by its looks: a corrected item may well equal another one.

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
