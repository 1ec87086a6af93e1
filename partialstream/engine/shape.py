"""What a value must look like to have anything in common with the type that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection

Kind = Literal["object", "array", "string", "number", "boolean", "null"]

KINDS: Final[dict[str, Kind]] = {
    "{": "object",
    "[": "array",
    '"': "string",
    **dict.fromkeys("-0123456789NI", "number"),
    **dict.fromkeys("tf", "boolean"),
    "n": "null",
}
"""The kind of a value by its first character."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a type can be told without validating anything.

    Attributes:
        kinds: The JSON kinds that the type takes.
        names: The names its members may have, None if any.

    Example:
        >>> shape = Shape(frozenset({"object"}), frozenset({"name", "age"}))
        >>> shape.may_begin("{"), shape.may_begin("7"), shape.shares({"age", "x"})
        (True, False, True)
    """

    kinds: frozenset[Kind]
    names: frozenset[str] | None

    def may_begin(self, char: str) -> bool:
        """Whether a value of the type can begin with `char`."""
        return KINDS.get(char) in self.kinds

    def shares(self, names: Collection[str]) -> bool:
        """Whether an object with these member names has something in common with the type."""
        if "object" not in self.kinds:
            return False
        return self.names is None or not names or not self.names.isdisjoint(names)


ANYTHING: Final = Shape(frozenset(KINDS.values()), None)
