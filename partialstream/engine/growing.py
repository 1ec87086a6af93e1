"""Long lists and dicts that snapshots show while they grow.

Each snapshot has its own. To copy a long one for each delta would make the work grow with what
has arrived, so the one of the last snapshot but one is brought up to date, if nobody holds it
any more. (The last one is in the hands of whoever asks for the next.)
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

NOTHING: Final = object()
"""Stands for a value that cannot be shown."""

LONG: Final = 64
"""Children from which on a list or dict is long. Shorter ones are as quickly copied."""

_references: Callable[[object], int] | None = None
if sys.implementation.name == "cpython" and "free-threading" not in sys.version:
    # Elsewhere references are not counted, or not at once; long lists and dicts are copied then.
    _references = sys.getrefcount


def _is_unshared(shown: tuple[Any, ...]) -> bool:
    """Whether nobody but a tuple holds its first member; the caller must not, either."""
    if _references is None:
        return False
    # How many references the question itself makes differs from one Python to another, so it
    # is asked in the same way for an object that surely is unshared.
    unshared = (object(),)
    least, references = map(_references, (unshared[0], shown[0]))
    return references == least


class GrowingList:
    """A long list that grows."""

    __slots__ = ("_last", "_last_but_one")

    def __init__(self) -> None:
        # Each with the number of its complete elements.
        self._last_but_one: tuple[list[Any], int] = ([], 0)
        self._last: tuple[list[Any], int] = ([], 0)

    def show(self, values: list[Any], child: Any) -> list[Any]:
        """The complete elements and the open one.

        A list that is not what it was any more is not reused, as far as that can be seen at once.
        """
        spare, self._last_but_one = self._last_but_one, self._last
        reusable = _is_unshared(spare)
        elements, complete = spare
        if (
            reusable
            and complete
            and 0 <= len(elements) - complete <= 1
            and elements[0] is values[0]
            and elements[complete // 2] is values[complete // 2]
            and elements[complete - 1] is values[complete - 1]
        ):
            elements[complete:] = values[complete:]
            if child is not NOTHING:
                elements.append(child)
        else:
            elements = values.copy() if child is NOTHING else [*values, child]
        self._last = (elements, len(values))
        return elements


def _has_both_ends(
    members: dict[str, Any], values: dict[str, Any], others: set[str | None]
) -> bool:
    """Whether the first and the last of some members have their values, or are others."""
    first = last = None
    for first in members:  # noqa: B007 - quicker than `next(iter())`
        break
    for last in reversed(members):  # noqa: B007 - as above
        break
    return (first in others or (first in values and members[first] is values[first])) and (
        last in others or (last in values and members[last] is values[last])
    )


class GrowingDict:
    """A long dict that grows.

    Attributes:
        new: The names of the members that were completed since `show` was called.
    """

    __slots__ = ("_between", "_last", "_last_but_one", "new")

    def __init__(self) -> None:
        # Each with its size and the name of its open member.
        self._last_but_one: tuple[dict[str, Any], int, str | None] = ({}, 0, None)
        self._last: tuple[dict[str, Any], int, str | None] = ({}, 0, None)
        self._between: list[str] = []  # the names of the members that the last one has beyond that
        self.new: list[str] = []

    def show(self, values: dict[str, Any], name: str, child: Any) -> dict[str, Any]:
        """The complete members and the open one. See `GrowingList.show`."""
        spare, self._last_but_one = self._last_but_one, self._last
        added = self._between + self.new
        self._between, self.new = self.new, []
        open_name = None if child is NOTHING else name
        following = added[0] if added else open_name
        reusable = _is_unshared(spare)
        members, size, last_open = spare
        if (
            reusable
            and len(members) == size > 0
            and (last_open == following or last_open not in added)
            and _has_both_ends(members, values, {*added, last_open})
        ):
            if last_open is not None and last_open != following:
                # It was refused; or another one stands in its place, which keeps its own.
                if last_open in values:
                    members[last_open] = values[last_open]
                else:
                    del members[last_open]
            for each in added:
                members[each] = values[each]
        else:
            members = values.copy()
        if open_name is not None:
            members[open_name] = child
        self._last = (members, len(members), open_name)
        return members
