"""How a value of some type grows: what may be shown of it before it is complete.

A tree of nodes describes a type. The nodes hold no state of a stream: one tree serves all
parsers of its type. What they know of validation comes to them as functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from partialstream.results import Path

S = TypeVar("S")

Check = Callable[[str, S], Any]
"""Takes a value's JSON text and the parser's settings; gives the validated value, or raises
`Rejected`."""


class Rejected(Exception):
    """A complete value does not validate; the reason is the `__cause__`.

    Without a cause, what is around the value may still take it.
    """


class Node(Generic[S]):
    """How values of a type grow.

    Attributes:
        opener: The first character of the JSON values that can grow: `{`, `[` or `"`.
            All others, and all of a node without opener, show when they are complete.
        check: Validates a complete value from its text.
    """

    opener = ""

    def __init__(self, check: Check[S]) -> None:
        self.check = check


class Opaque(Node[S]):
    """A value that shows when it is complete."""


class Dependent(Opaque[S]):
    """A member whose validators look at the members defined before it.

    Attributes:
        earlier: The fields that must be in before it can be validated.
        check_with: Validates it, given their values.
    """

    def __init__(
        self,
        check: Check[S],
        earlier: Sequence[str],
        check_with: Callable[[str, S, Mapping[str, Any]], Any],
    ) -> None:
        super().__init__(check)
        self.earlier = tuple(earlier)
        self.check_with = check_with


class Text(Node[S]):
    """A string that shows as it grows.

    Attributes:
        constrained: Whether a complete one may still be rejected.
    """

    opener = '"'

    def __init__(self, check: Check[S], *, constrained: bool = False) -> None:
        super().__init__(check)
        self.constrained = constrained


class ByKind(Node[S]):
    """A value of several types that its first character tells apart.

    Attributes:
        nodes: By first character; what is not in it is opaque.
    """

    def __init__(self, check: Check[S], nodes: Mapping[str, Node[S]]) -> None:
        super().__init__(check)
        self.nodes = nodes


@dataclass(slots=True)
class Member(Generic[S]):
    """A member of a record.

    Attributes:
        field: The field that it fills.
        node: How it grows, None if it is left out.
    """

    field: str
    node: Node[S] | None


Show = Callable[..., Any]
"""Takes a row of marks and a level (see `marks.py`), gives the growing value."""


class Record(Node[S]):
    """An object with known members.

    Attributes:
        members: By the name in the JSON text.
        others: How members of other names grow, None if they are left out.
        show: Makes the growing value.
        gates: The fields without which it stays hidden.
    """

    opener = "{"

    def __init__(self, check: Check[S], show: Show) -> None:
        super().__init__(check)
        self.members: dict[str, Member[S]] = {}
        self.others: Node[S] | None = None
        self.show = show
        self.gates: set[str] = set()


class Tagged(Node[S]):
    """An object whose first member may tell which record it is.

    Attributes:
        discriminator: That member's name.
        choices: How they grow, by that member's value. Those that are no records do not.
    """

    opener = "{"

    def __init__(self, check: Check[S], discriminator: str, choices: Mapping[Any, Node[S]]) -> None:
        super().__init__(check)
        self.discriminator = discriminator
        self.choices = choices


Wrap = Callable[[Any, "Path"], Any]
"""Puts a growing list or dict into what stands around it, given the path from there to the
innermost open value. A complete one is then validated as a whole; without, that is left out:
its children are valid already."""


class Items(Node[S]):
    """An array whose elements are all of one type.

    Attributes:
        item: How they grow.
        make: Makes the growing value of a list of elements.
        wrap: See `Wrap`.
        constrained: Whether one may be rejected though its elements are valid.
    """

    opener = "["

    def __init__(
        self,
        check: Check[S],
        item: Node[S],
        make: Callable[[list[Any]], Any],
        wrap: Wrap | None = None,
        *,
        constrained: bool = False,
    ) -> None:
        super().__init__(check)
        self.item = item
        self.make = make
        self.wrap = wrap
        self.constrained = constrained


class Entries(Node[S]):
    """An object whose members are all of one type and have any name.

    Attributes:
        value: How their values grow.
        wrap: See `Wrap`.
        constrained: Whether one may be rejected though its values are valid.
    """

    opener = "{"

    def __init__(
        self,
        check: Check[S],
        value: Node[S],
        wrap: Wrap | None = None,
        *,
        constrained: bool = False,
    ) -> None:
        super().__init__(check)
        self.value = value
        self.wrap = wrap
        self.constrained = constrained
