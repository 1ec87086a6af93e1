"""The elements of a list that have arrived: what need not come again, and how it is known."""

from __future__ import annotations

import json
from array import array
from collections import deque
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Hashable


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


def member_of(raw: str, name: object) -> Hashable:
    """One member of a JSON object, by its name in the JSON text.

    Args:
        raw: A JSON text, of any value.
        name: The name; anything but a string names no member.

    Returns:
        The member, None if there is none, or if it is an array or an object.

    Example:
        >>> member_of('{"id": 3, "price": -1}', "id")
        3
    """
    member = _object(raw).get(name)
    return member if isinstance(member, (str, int, float)) else None


def resemble(raw: str, other: str) -> bool:
    """Whether two JSON objects have the same values in at least half of their common members.

    Example:
        >>> resemble('{"name": "saw", "price": 5}', '{"name": "saw", "price": 6}')
        True
        >>> resemble('{"name": "saw", "price": 5}', '{"name": "axe", "price": 6}')
        False
    """
    one, two = _object(raw), _object(other)
    common = one.keys() & two.keys()
    equal = sum(one[name] == two[name] for name in common)
    return bool(equal) and 2 * equal >= len(common)


def _object(raw: str) -> dict[object, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[object, Any]", value) if isinstance(value, dict) else {}


class _Literal(str):
    """A number as it is written."""

    __slots__ = ()

    def __new__(cls, text: str) -> _Literal:
        return super().__new__(cls, f"\0{text}")


class Elements:
    """Remembers the elements of a list.

    Args:
        kept: How many characters of their texts are kept, those of the last ones; of the
            others 8 bytes each, to know them again.

    Attributes:
        count: How many there are.
        texts: Their texts, as far as they are kept.
    """

    def __init__(self, kept: int) -> None:
        self._room = kept
        self._forgotten = array("q")  # by `same_text`
        self._keys = array("q")  # by `same_key`; 0 for those without a key
        self.count = 0
        self.texts: deque[str] = deque()

    def add(self, raw: str, key: Hashable = None) -> None:
        """The next element has arrived; `key` is what tells it from others, None if nothing."""
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
