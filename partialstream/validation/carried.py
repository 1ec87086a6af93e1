"""Members that an object begins with, which have come with another text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.engine.tokens import BLANK
from partialstream.validation.locations import object_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.engine.builder import Rejection


class Carried:
    """Members that stand from another text: the object is read as if it began with them.

    Args:
        members: Their JSON texts, by their names.
        fields: The fields of the object, by the names that they may have in a text.

    Attributes:
        members: As given.
        opening: The beginning of an object with them, `""` if there are none. The blank at its end
            ends a number.
        comma_pending: Whether what follows them has not begun yet.
    """

    def __init__(self, members: Mapping[str, str], fields: Mapping[str, str]) -> None:
        self.members = dict(members)
        self.opening = f"{object_text(self.members)[:-1]} " if members else ""
        self.comma_pending = False
        self._names = fields
        self._fields = {fields.get(name, name) for name in members}

    @property
    def names(self) -> frozenset[str]:
        """All names of their fields."""
        others = (name for name, field in self._names.items() if field in self._fields)
        return frozenset(self.members).union(others)

    def followed_by(self, text: str) -> str:
        """The text that follows them, after a comma if it begins with a member."""
        rest = text.lstrip(BLANK)
        if not rest:
            return text
        self.comma_pending = False
        comma = " " if rest[0] == "}" else ","
        return f"{text[: len(text) - len(rest)]}{comma}{rest}"

    def may_replace(self, rejection: Rejection) -> bool:
        """Whether a value that is refused is one of theirs, whose field may come again."""
        return not self._fields.isdisjoint((rejection.path[0], *rejection.given))
