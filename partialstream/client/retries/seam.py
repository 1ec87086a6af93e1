"""Where the elements of a follow-up response belong in the list that is known. No I/O.

A model that is asked for the rest of a list may send the rest, or the whole list again, or the
last items again and then the rest. Lists repeat themselves (`yes, no, no, yes`), so an item is
not sent again for looking like an earlier one. What was sent again is found by aligning the
response with the list:

    known      a  b  c  b              known      a  b  c  b
    response   a  b  c  b  d           response            c  b  d
               from its start                      with its tail

Responses are asked to say the index of their first item. That is a claim: it counts unless the
texts show another alignment. Without one, an alignment must be shown by two equal elements, by
a long one or by an equal key; it must reach the end of what is known, where the new items begin.

Repairs are another matter: their elements replace those that were asked for again.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

from partialstream.limits import SHORT_TEXT

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence, Set

_SUPPORTED_BY: Final = 2
"""Elements after which a claim that none of them supports is taken for a mistake: models write
0 where they have nothing to say."""


class Sign(NamedTuple):
    """What an element is known by: its token, which equal elements share, and its text."""

    token: int
    raw: str
    by_key: bool  # whether the token is that of its key, and not of its text

    @property
    def is_long(self) -> bool:
        """Whether elements as long are rarely the same by chance."""
        return len(self.raw) > SHORT_TEXT


class Overlap(NamedTuple):
    """What of a response was sent again."""

    start: int  # the index of its first element in the list
    length: int  # how many elements were sent again; the next one is new


class Seam:
    """Finds out how many of a response's first elements were sent again: its `overlap`.

    Args:
        tokens: What the known elements are known by.
        versions: By index, for elements that were not valid: what their other versions are
            known by.
        open_: The indexes of those whose next version nothing tells beforehand.
        resembles: Whether a text may be another version of the element at an index.
        held: Characters of elements that are held back at most.
    """

    def __init__(
        self,
        tokens: array[int],
        *,
        versions: Mapping[int, Set[int]],
        open_: Set[int],
        resembles: Callable[[int, str], bool],
        held: int,
    ) -> None:
        self._tokens = tokens
        self._versions = versions
        self._open = open_
        self._resembles = resembles
        self._room = held
        self._count = len(tokens)
        self._signs: list[Sign] = []  # of the response
        self._others: list[int] | None = None  # where other versions of its first element stand
        self._borders = [0, 0]  # by length, of the response's beginnings: see `_advance`
        self._at = 0  # the first place where the response may align, and
        self._matched = 0  # how many of its elements do, or all up to the end of the list
        self._from_start = 0  # how many of its elements are the list's first ones
        self._claim: int | None = None
        self._claim_holds = True
        self._claim_equal = 0  # elements that are what the claim says
        # None while that is open
        self.overlap: Overlap | None = None if self._count else Overlap(0, 0)

    def claim(self, index: int | None) -> None:
        """The response says the index of its first element."""
        # One that is one too large is that of a model that counts from 1.
        if index is not None and 0 <= index <= self._count + 1:
            self._claim = min(index, self._count)

    def feed(self, sign: Sign) -> None:
        """The next element of the response."""
        if self.overlap is not None:
            return
        self._signs.append(sign)
        if self._claim == self._count and not sign.by_key:
            self.overlap = Overlap(self._count, 0)
            return
        self._room -= len(sign.raw)
        self._learn_border()
        place = len(self._signs) - 1
        if self._from_start == place and self._fits(place, place):
            self._from_start += 1
        self._advance()
        is_claimed = self._claim is not None and self._claim < self._count
        self.overlap = self._found_by_claim() if is_claimed else self._found()
        if self.overlap is None and self._room < 0 and self._is_shown(self._at, self._matched):
            self.overlap = Overlap(self._at, self._count - self._at)  # as good as certain

    def end(self, *, interrupted: bool) -> Overlap:
        """The response ends here; if `interrupted`, what is lacking will be asked for."""
        if self.overlap is None:
            self.overlap = self._found_at_end(interrupted)
        return self.overlap

    # -- comparing -------------------------------------------------------------------------

    def _is_equal(self, index: int, place: int) -> bool:
        """Whether the element at `place` of the response is the known one at `index`."""
        token = self._signs[place].token
        return self._tokens[index] == token or token in self._versions.get(index, ())

    def _fits(self, index: int, place: int) -> bool:
        """As `_is_equal`, or else whether it may be a better version of one that was invalid."""
        if index >= self._count:
            return False
        return self._is_equal(index, place) or (index in self._open and place > 0)

    def _equals(self, start: int, count: int) -> Iterator[Sign]:
        """Those of the first elements that equal the known ones from `start` on."""
        for place in range(min(count, self._count - start)):
            if self._is_equal(start + place, place):
                yield self._signs[place]

    def _is_shown(self, start: int, count: int) -> bool:
        """Whether so many equal elements are no chance."""
        equal = enumerate(self._equals(start, count), 1)
        return any(number == 2 or sign.is_long or sign.by_key for number, sign in equal)

    # -- aligning --------------------------------------------------------------------------

    def _learn_border(self) -> None:
        """The longest proper beginning of the response so far that is its end as well."""
        signs, borders = self._signs, self._borders
        size = len(signs)
        if size < 2:
            return
        border = borders[-1]
        while border and signs[border].token != signs[-1].token:
            border = borders[border]
        borders.append(border + (signs[border].token == signs[-1].token))

    def _advance(self) -> None:
        """Find the first place where the response aligns, as far as it has come.

        Knuth, Morris and Pratt's search for the response in the list, which may also run over
        the list's end: linear in both, however often they repeat themselves.
        """
        count, size = self._count, len(self._signs)
        at, matched = self._at, self._matched
        while at + matched < count and matched < size:
            if self._fits(at + matched, matched):
                matched += 1
            elif matched:
                border = self._borders[matched]
                at, matched = at + matched - border, border
            else:
                at = self._next(at + 1)
        self._at, self._matched = at, matched

    def _next(self, index: int) -> int:
        """The first index from `index` on where the response's first element stands."""
        token = self._signs[0].token
        if self._others is None:
            others = (place for place, tokens in self._versions.items() if token in tokens)
            self._others = sorted(others)
        later = bisect_left(self._others, index)
        first = self._others[later] if later < len(self._others) else self._count
        try:
            return min(first, self._tokens.index(token, index))
        except ValueError:
            return first

    # -- deciding --------------------------------------------------------------------------

    def _found(self) -> Overlap | None:
        """What the texts show, None while they may show more."""
        if self._at + self._matched < self._count:
            return None
        if self._is_shown(self._at, self._matched):
            return Overlap(self._at, self._matched)
        return self._left()

    def _left(self) -> Overlap:
        """What the texts show if they do not align up to the end of what is known.

        A model may begin the list again, and leave what it has said before. Its own beginning
        is what a list of labels often repeats, but not one of long elements, nor of keys.
        """
        equal = list(self._equals(0, self._from_start))
        known = any(sign.by_key for sign in equal)
        if known or (len(equal) > 1 and any(sign.is_long for sign in equal)):
            return Overlap(0, self._from_start)
        return Overlap(self._count, 0)

    def _found_by_claim(self) -> Overlap | None:
        claim = self._claim or 0
        size = len(self._signs)
        index = claim + size - 1
        if index < self._count:
            if self._is_equal(index, size - 1):
                self._claim_equal += 1
            elif index not in self._open:
                self._claim_holds = False
        claimed = Overlap(claim, self._count - claim)
        if self._claim_holds:
            certain = self._at >= claim and self._is_shown(claim, size)
            return claimed if certain or size >= claimed.length else None
        if self._at + self._matched < self._count:
            return None  # another alignment is still possible
        if self._is_shown(self._at, self._matched):
            if len(list(self._equals(self._at, self._matched))) > self._claim_equal:
                return Overlap(self._at, self._matched)
        if self._claim_equal or self._is_resembled(claimed):
            return claimed
        if size >= min(_SUPPORTED_BY, claimed.length):
            return self._left()
        return None

    def _is_resembled(self, claimed: Overlap) -> bool:
        places = range(min(len(self._signs), claimed.length))
        return any(
            self._resembles(claimed.start + place, self._signs[place].raw) for place in places
        )

    def _found_at_end(self, interrupted: bool) -> Overlap:
        size = len(self._signs)
        if not size:
            return Overlap(self._count, 0)
        claim = self._claim
        if claim is not None and (
            claim < self._count or not any(sign.by_key for sign in self._signs)
        ):
            # It may have come only after the list.
            claimed = Overlap(claim, self._count - claim)
            if not claimed.length or any(self._equals(claim, size)) or self._is_resembled(claimed):
                return claimed
        if interrupted and self._is_shown(self._at, self._matched):
            return Overlap(self._at, self._matched)
        self._align_with_tail()
        if self._is_shown(self._at, self._matched):
            return Overlap(self._at, self._matched)
        if self._from_start == size:
            if any(sign.is_long or sign.by_key for sign in self._equals(0, size)):
                return Overlap(0, size)
        return self._left()

    def _align_with_tail(self) -> None:
        """Find the longest beginning of the response that the list ends with."""
        while self._at + self._matched < self._count:
            border = self._borders[self._matched]
            self._at, self._matched = self._at + self._matched - border, border
            if not border:
                self._at = self._next(self._at)
            self._advance()


class _Came(NamedTuple):
    said: int | None  # the index that it says of itself; -1: one that was not asked for
    place: int
    known: bool


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
        """The next element; gives the indexes of those that are decided on, in order.

        None stands for an element that nobody has asked for.
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
        """The response ends here; gives the indexes of what was held back, as `feed` does."""
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
