"""Which element of the list each element of a response is. No I/O.

A response begins the list, goes on with it where another broke off (`Seam`), or repairs some of
its elements (`Repairs`). What is not clear yet is held back, until the end of the response at
the latest.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from collections import deque
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from partialstream.client.options.key import FieldKey, json_object
from partialstream.client.retries.seam import Overlap, Repairs, Seam, Sign
from partialstream.results import Item, RejectedItem

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from partialstream.client.options.key import KeyReader

T = TypeVar("T")

_HELD: Final = 64 * 1024
"""Characters that are held back at a seam at most, where no more texts than that are kept."""

Element = Item[T] | RejectedItem
Placed = tuple[Element[T], int | None]
"""An element and its index in the list; None for a new one, which is the next."""


class Elements:
    """Remembers the elements of a list: `kept` characters of the last texts.

    Of the others it keeps 8 bytes each, to know them again.
    """

    def __init__(self, kept: int) -> None:
        self._room = kept
        self._forgotten = array("q")  # by `same_text`
        self._keys = array("q")  # by `same_key`; 0 for those without a key
        self.count = 0
        self.texts: deque[str] = deque()  # those that are kept

    def add(self, raw: str, key: Hashable = None) -> None:
        """The next element has arrived; `key` is what tells it from others, if something does."""
        self.count += 1
        if key is not None or self._keys:
            self._keys.extend([0] * (self.count - 1 - len(self._keys)))
            self._keys.append(0 if key is None else same_key(key))
        self.texts.append(raw)
        self._room -= len(raw)
        while self._room < 0:
            first = self.texts.popleft()
            self._room += len(first)
            self._forgotten.append(same_text(first))

    def text(self, index: int) -> str | None:
        """The text of an element, None if it is not kept."""
        place = index - len(self._forgotten)
        return self.texts[place] if place >= 0 else None

    def tokens(self) -> array[int]:
        """What each is known by, in their order: its key, or its text if it has none."""
        tokens = self._forgotten[:]
        tokens.extend(map(same_text, self.texts))
        for index, key in enumerate(self._keys):
            if key:
                tokens[index] = key
        return tokens


class Placing:
    """Knows the elements of a list, and places those of one response after the other.

    `kept` is how many characters of their texts are kept, `key` is what `read_key` gave.
    """

    def __init__(self, kept: int, key: KeyReader | None) -> None:
        self._kept = kept
        self._key = key
        self.elements = Elements(kept)
        self.pending: dict[int, RejectedItem] = {}  # those that are to be repaired
        # by the indexes of elements that were not valid when they first came
        self._refused: dict[int, set[int]] = {}  # their texts that were not valid
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
        """The next response goes on with the list; `claim` gives the index that it says."""
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
        """The next response repairs what is pending; `claim` gives the indexes that it says.

        `rejected` is what is not valid so far, whether it is asked for again or not.
        """
        self._begin(claim)
        by_key: dict[Hashable, int] = {}
        if isinstance(self._key, FieldKey):
            pending_last = sorted(rejected, key=lambda each: each.index in self.pending)
            by_key = {self._key.in_text(each.raw): each.index for each in pending_last}
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
            return self._repaired(repairs.feed(sign, self._key_in(element.raw)))
        if seam is not None:
            seam.feed(sign)
        return self._gone_on()

    def end(self, *, interrupted: bool) -> list[Placed[Any]]:
        """The response ends here; gives what was held back and is wanted.

        If it was `interrupted`, what it lacks will be asked for.
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
        """The list takes an element in at `index`, or at its end; gives its index."""
        if index is None:
            self.elements.add(element.raw, self.key(element))
            return self.elements.count - 1
        if index in self._refused:
            token = self._sign(element).token
            self._versions.setdefault(index, set()).add(token)
            if isinstance(element, Item):
                self._corrected.add(token)
        return index

    def refuse(self, item: RejectedItem) -> None:
        """An element of the list is not valid."""
        if item.index not in self._refused:
            self._refused[item.index] = set()
            if self.key(item) is None:
                self._keyless.add(item.index)
        self._refused[item.index].add(same_text(item.raw))

    def key(self, element: Element[Any]) -> Hashable:
        """What tells an element from others, None if only its text does."""
        if not isinstance(element, Item):
            return self._key_in(element.raw)
        if isinstance(self._key, FieldKey):
            return self._key.of(element.value)
        return None if self._key is None else self._key(element.value)

    def _key_in(self, raw: str) -> Hashable:
        return self._key.in_text(raw) if isinstance(self._key, FieldKey) else None

    def _sign(self, element: Element[Any]) -> Sign:
        key = self.key(element)
        token = same_text(element.raw) if key is None else same_key(key)
        return Sign(token, element.raw, key is not None)

    # -- where they belong -----------------------------------------------------------------

    def _go_on(self, element: Element[T], place: int, overlap: Overlap) -> list[Placed[T]]:
        """An element of a response that goes on with the list."""
        if place >= overlap.length:
            return [(element, None)]
        index = overlap.start + place
        if index not in self.pending:
            return []
        # The model may have seen by itself what was wrong with an element.
        is_new = isinstance(element, Item) or same_text(element.raw) not in self._refused[index]
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


# -- comparing elements --------------------------------------------------------------------


def same_text(raw: str) -> int:
    r"""The same for two JSON texts that differ in blanks, escapes or the order of members only.

    Example:
        >>> same_text('{"a": 1, "b": "\\u00e9"}') == same_text('{"b":"é","a":1}')
        True
        >>> same_text("1.0") == same_text("1")
        False
    """
    try:
        value = json.loads(raw, parse_float=_Literal, parse_int=_Literal)
    except (ValueError, RecursionError):
        return hash(raw)
    # Hashes instead of texts, so that a long list costs little memory.
    return hash(json.dumps(value, sort_keys=True, default=str))


def same_key(key: Hashable) -> int:
    """The same for two keys that are equal.

    Example:
        >>> same_key(-1) == same_key(-2), hash(-1) == hash(-2)
        (False, True)
    """
    if isinstance(key, tuple):
        return hash(("key", *map(same_key, cast("tuple[Hashable, ...]", key))))
    return hash(("key", repr(key) if isinstance(key, (int, float)) else key))


def resemble(raw: str, other: str) -> bool:
    """Whether two JSON objects have the same values in at least half of their common members.

    Example:
        >>> resemble('{"name": "saw", "price": 5}', '{"name": "saw", "price": 6}')
        True
        >>> resemble('{"name": "saw", "price": 5}', '{"name": "axe", "price": 6}')
        False
    """
    one, two = json_object(raw), json_object(other)
    common = one.keys() & two.keys()
    equal = sum(one[name] == two[name] for name in common)
    return bool(equal) and 2 * equal >= len(common)


class _Literal(str):
    """A number as it is written."""

    __slots__ = ()

    def __new__(cls, text: str) -> _Literal:
        return super().__new__(cls, f"\0{text}")
