"""How a value of some type grows: what may be shown of it before it is complete.

A tree of nodes describes a type. The nodes hold no state of a stream: one tree serves all
parsers of its type. What they know of validation comes to them as functions. A `Frame` is
an open array or object in one stream; its node makes snapshots of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from partialstream.engine.growing import LONG, NOTHING, GrowingDict, GrowingList

S = TypeVar("S")

OpenPath = tuple[()] | tuple[str | int, "OpenPath"]
"""The path from a value to the innermost open one: the first step, and the path from there."""

Check = Callable[[str, S], Any]
"""Takes a value's JSON text and the parser's settings; gives the validated value, or raises
`Rejected`."""


class Rejected(Exception):
    """A complete value does not validate; the reason is the `__cause__`.

    Without a cause, what is around the value may still take it.
    """


Show = Callable[["Frame[Any]", Any, OpenPath], Any]
"""Makes a snapshot of an open array or object.

It is given the frame, a snapshot of the open child, or `NOTHING`, and the path from the value to
the innermost open one. Later snapshots share the complete children with it, and nothing else.
"""


class Node(Generic[S]):
    """How values of a type grow.

    Attributes:
        opener: The first character of the JSON values that can grow: `{`, `[` or `"`.
            All others, and all of a node without opener, show when they are complete.
        check: Validates a complete value from its text.
        show: See `Show`; those of arrays and objects have it.
    """

    opener = ""
    show: Show

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


class Record(Node[S]):
    """An object with known members.

    Attributes:
        members: By the name in the JSON text.
        others: How members of other names grow, None if they are left out.
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


Wrap = Callable[[Any, OpenPath], Any]
"""Puts a growing list or dict into what stands around it, given the path from there to the
innermost open value. A complete one is then validated as a whole; without, that is left out:
its children are valid already."""


class Items(Node[S]):
    """An array whose elements are all of one type.

    Attributes:
        item: How they grow.
        make: Makes the growing value of a list of elements, None if it is that list.
        wrap: See `Wrap`.
        constrained: Whether one may be rejected though its elements are valid.
    """

    opener = "["

    def __init__(
        self,
        check: Check[S],
        item: Node[S],
        make: Callable[[list[Any]], Any] | None = None,
        wrap: Wrap | None = None,
        *,
        constrained: bool = False,
    ) -> None:
        super().__init__(check)
        self.item = item
        self.make = make
        self.wrap = wrap
        self.constrained = constrained
        self.show = self._show

    def _show(self, frame: Frame[S], child: Any, path: OpenPath) -> Any:
        values = frame.values
        if len(values) > LONG:
            if frame.long_list is None:
                frame.long_list = GrowingList()
            value = frame.long_list.show(values, child)
        else:
            value = values.copy() if child is NOTHING else [*values, child]
        if self.make is not None:
            value = self.make(value)
        return value if self.wrap is None else self.wrap(value, path)


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
        self.show = self._show

    def _show(self, frame: Frame[S], child: Any, path: OpenPath) -> Any:
        if len(frame.values) > LONG:
            if frame.long_dict is None:
                frame.long_dict = GrowingDict()
            members = frame.long_dict.show(frame.values, str(frame.child_key), child)
        else:
            members = show_members(frame, child, path)
        return members if self.wrap is None else self.wrap(members, path)


def show_members(frame: Frame[Any], child: Any, path: OpenPath) -> dict[str, Any]:
    """Show an object as a dict. See `Show`."""
    members: dict[str, Any] = frame.values.copy()
    if child is not NOTHING:
        members[str(frame.child_key)] = child
    return members


class Frame(Generic[S]):
    """An open array or object that shows.

    Attributes:
        node: How it grows.
        key: Its field or index in the value around it.
        start: The offset of its bracket.
        values: Its complete children: elements, or members by field or name. What a record
            shows for members that have not arrived may be among them, too.
        arrived: Of a record, the fields whose values are complete.
        shown: Whether a snapshot has been made of it; for `Record.show`.
        child: How the next child grows, None if it is left out.
        child_key: Its field, name or index.
        pending_gates: What keeps it hidden: the gates that are not complete, or the
            discriminator.
        has_invalid_element: Whether an element was rejected, so that no later one has an index
            to show at.
        deferred: Members that wait for others to be validated with.
        long_list, long_dict: What it shows from the moment on when it is long.
    """

    __slots__ = (
        "arrived",
        "child",
        "child_key",
        "deferred",
        "has_invalid_element",
        "key",
        "long_dict",
        "long_list",
        "node",
        "pending_gates",
        "shown",
        "start",
        "values",
    )

    def __init__(self, node: Node[S], key: str | int, start: int) -> None:
        self.node = node
        self.key = key
        self.start = start
        self.values: Any = {}
        self.arrived: set[str] = set()
        self.shown = False
        self.child: Node[S] | None = None
        self.child_key: str | int = 0
        self.pending_gates: set[str] = set()
        self.has_invalid_element = False
        self.deferred: list[tuple[str, Dependent[S], str]] = []
        self.long_list: GrowingList | None = None
        self.long_dict: GrowingDict | None = None
        if isinstance(node, Items):
            self.values = []
            self.child = node.item
        elif isinstance(node, Tagged):
            self.pending_gates = {node.discriminator}
        elif isinstance(node, Record):
            self.pending_gates = set(node.gates)
