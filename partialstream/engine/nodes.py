"""How a value of some type grows: what may be shown of it before it is complete.

A tree of nodes describes a type. The nodes hold no state of a stream: one tree serves all
parsers of its type. What they know of validation comes to them as functions. A `Frame` is
an open array or object in one stream; its node makes snapshots of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

S = TypeVar("S")

NOTHING: Final = object()
"""Stands for a value that cannot be shown."""

LONG: Final = 64
"""Children from which on a list or dict is long. Shorter ones are as quickly copied."""

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


class Record(Node[S]):
    """An object with known members.

    Attributes:
        members: By the name in the JSON text: the field that a member fills, and how it grows, or
            None if it is left out.
        others: How members of other names grow, None if they are left out.
        gates: The fields without which it stays hidden.
        source: What its fields are written as JSON by; see `recorder.py`.
    """

    opener = "{"

    def __init__(self, check: Check[S], show: Show, source: Any = None) -> None:
        super().__init__(check)
        self.members: dict[str, tuple[str, Node[S] | None]] = {}
        self.others: Node[S] | None = None
        self.show = show
        self.gates: set[str] = set()
        self.source = source


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


class Container(Node[S]):
    """An array or object whose children are all of one type.

    Attributes:
        inner: How they grow.
        make: Makes the growing value of a list of elements, None if it is that list.
        wrap: See `Wrap`.
        constrained: Whether one may be rejected though its children are valid.
        is_plain: Whether it grows as the list or dict that it is.
    """

    def __init__(
        self,
        check: Check[S],
        inner: Node[S],
        *,
        make: Callable[[list[Any]], Any] | None = None,
        wrap: Wrap | None = None,
        constrained: bool = False,
    ) -> None:
        super().__init__(check)
        self.inner = inner
        self.make = make
        self.wrap = wrap
        self.constrained = constrained
        self.is_plain = make is None and wrap is None
        self.show = self._show

    def _show(self, frame: Frame[S], child: Any, path: OpenPath) -> Any:
        values = frame.values
        if len(values) > LONG:
            if frame.long is None:
                frame.long = LongDict() if isinstance(self, Entries) else LongList()
            value: Any = frame.long.show(values, frame.child_key, child)
        elif isinstance(self, Entries):
            value = show_members(frame, child, path)
        else:
            value = values.copy() if child is NOTHING else [*values, child]
        if self.make is not None:
            value = self.make(value)
        return value if self.wrap is None else self.wrap(value, path)


class Items(Container[S]):
    """An array whose elements are all of one type."""

    opener = "["


class Entries(Container[S]):
    """An object whose members are all of one type and have any name."""

    opener = "{"


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
        long: Makes what it shows from the moment on when it is long.
    """

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
        self.long: LongList | LongDict | None = None
        if isinstance(node, Items):
            self.values = []
            self.child = node.inner
        elif isinstance(node, Tagged):
            self.pending_gates = {node.discriminator}
        elif isinstance(node, Record):
            self.pending_gates = set(node.gates)


# -- long lists and dicts ------------------------------------------------------------------
#
# Each snapshot has its own. To copy a long one for each delta would make the work grow with what
# has arrived, so the one of the last snapshot but one is brought up to date, if nobody holds it
# any more. (The last one is in the hands of whoever asks for the next.)

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


class LongList:
    """A long list that grows."""

    __slots__ = ("_last", "_last_but_one")

    def __init__(self) -> None:
        # Each with the number of its complete elements.
        self._last_but_one: tuple[list[Any], int] = ([], 0)
        self._last: tuple[list[Any], int] = ([], 0)

    def show(self, values: list[Any], _: str | int, child: Any) -> list[Any]:
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
    first, last = next(iter(members)), next(reversed(members))
    return (first in others or (first in values and members[first] is values[first])) and (
        last in others or (last in values and members[last] is values[last])
    )


class LongDict:
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

    def show(self, values: dict[str, Any], name: str | int, child: Any) -> dict[str, Any]:
        """The complete members and the open one. See `LongList.show`."""
        spare, self._last_but_one = self._last_but_one, self._last
        added = self._between + self.new
        self._between, self.new = self.new, []
        open_name = None if child is NOTHING else str(name)
        following = added[0] if added else open_name
        reusable = _is_unshared(spare)
        members, size, last_open = spare
        if (
            reusable
            and len(members) == size > 0
            and last_open in (None, following)
            and _has_both_ends(members, values, {*added, last_open})
        ):
            for each in added:
                members[each] = values[each]
        else:
            members = values.copy()
        if open_name is not None:
            members[open_name] = child
        self._last = (members, len(members), open_name)
        return members
