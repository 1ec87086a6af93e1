"""The elements of a list that have arrived: what need not come again."""

from __future__ import annotations

import json
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Hashable


def same_text(raw: str) -> Hashable:
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
        return raw
    # Hashes instead of texts, so that a long list costs little memory.
    return hash(json.dumps(value, sort_keys=True, default=str))


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
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    member = cast("dict[object, Any]", value).get(name) if isinstance(value, dict) else None
    return member if isinstance(member, (str, int, float)) else None


class _Literal(str):
    """A number as it is written."""

    __slots__ = ()

    def __new__(cls, text: str) -> _Literal:
        return super().__new__(cls, f"\0{text}")


class Elements:
    """Remembers the elements of a list.

    Args:
        kept: How many characters of their texts are kept, those of the last ones; of the
            others only enough to know them again.

    Attributes:
        count: How many there are.
        texts: Their texts, as far as they are kept.
    """

    def __init__(self, kept: int) -> None:
        self._room = kept
        self._forgotten: Counter[Hashable] = Counter()
        self.count = 0
        self.texts: deque[str] = deque()

    def add(self, raw: str) -> None:
        """The next element has arrived."""
        self.count += 1
        self.texts.append(raw)
        self._room -= len(raw)
        while self._room < 0:
            first = self.texts.popleft()
            self._room += len(first)
            self._forgotten[same_text(first)] += 1

    def known(self) -> Counter[Hashable]:
        """How often each text has arrived, by `same_text`."""
        return self._forgotten + Counter(map(same_text, self.texts))
