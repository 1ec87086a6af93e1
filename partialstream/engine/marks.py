"""Rows of marks: what of a growing value stood when a snapshot was made.

While a value is open, a frame holds its complete children, in a list that is only ever
appended to. So a snapshot copies nothing: it is a row of marks, one for each open value,
outermost first, that say how many children each had. Making one costs the same whatever has
arrived; its values are put together when somebody looks at them (`show`, `contents`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from partialstream.engine.nodes import Entries, Items, Record, Tagged

if TYPE_CHECKING:
    from partialstream.engine.nodes import Dependent, Node
    from partialstream.results import Path

S = TypeVar("S")


class TextFrame:
    """An open string that shows."""

    __slots__ = ("_joined", "key", "pieces")

    def __init__(self, key: str | int) -> None:
        self.key = key
        self.pieces: list[str] = []
        self._joined = ("", 0)

    def upto(self, count: int) -> str:
        """The text of the first `count` pieces.

        The longest text that was asked for is kept, so that a reader who looks at each
        snapshot pays for what is new and one copy.
        """
        joined, done = self._joined
        if count < done:
            return "".join(self.pieces[:count])
        if count > done:
            joined += "".join(self.pieces[done:count])
            self._joined = (joined, count)
        return joined


class Frame(Generic[S]):
    """An open array or object that shows.

    Attributes:
        node: How it grows.
        key: Its field or index in the value around it.
        start: The offset of its bracket.
        values: Its complete children, `(field, value)` or elements. Only appended to.
        child: How the next child grows, None if it is left out.
        child_key: Its field, name or index.
        veils: What keeps it hidden: the gates that are not complete, or the discriminator.
        stuck: Whether an element was rejected, so that no later one has an index to show at.
        deferred: Members that wait for others to be validated with.
        cache: Whatever `Record.show` wants to keep for it.
    """

    __slots__ = (
        "cache",
        "child",
        "child_key",
        "deferred",
        "key",
        "node",
        "start",
        "stuck",
        "values",
        "veils",
    )

    def __init__(self, node: Node[S], key: str | int, start: int) -> None:
        self.node = node
        self.key = key
        self.start = start
        self.values: list[Any] = []
        self.child: Node[S] | None = None
        self.child_key: str | int = 0
        self.veils: set[str] = set()
        self.stuck = False
        self.deferred: list[tuple[str, Dependent[S], str]] = []
        self.cache: Any = None
        if isinstance(node, Items):
            self.child = node.item
        elif isinstance(node, Tagged):
            self.veils = {node.discriminator}
        elif isinstance(node, Record):
            self.veils = set(node.gates)


Mark = tuple[Frame[Any] | TextFrame, int]
"""An open value and how many children or pieces it had."""

Marks = tuple[Mark, ...]


def show(marks: Marks, level: int = 0) -> Any:
    """The value at a level of a row of marks, as it was when the marks were made."""
    frame, count = marks[level]
    if isinstance(frame, TextFrame):
        return frame.upto(count)
    node = frame.node
    if isinstance(node, Record):
        return node.show(marks, level)
    if isinstance(node, Items):
        elements = frame.values[:count]
        if level + 1 < len(marks):
            elements.append(show(marks, level + 1))
        return _wrapped(node, node.make(elements), marks, level)
    # Nothing else is left: of a tagged object nothing shows before it is known which it is.
    entries = cast("Entries[Any]", node)
    return _wrapped(entries, contents(marks, level), marks, level)


def _wrapped(node: Items[Any] | Entries[Any], value: Any, marks: Marks, level: int) -> Any:
    return value if node.wrap is None else node.wrap(value, open_path(marks, level))


def contents(marks: Marks, level: int) -> dict[str, Any]:
    """The members of the object at a level, complete ones and the open one."""
    frame, count = cast("tuple[Frame[Any], int]", marks[level])
    members: dict[str, Any] = dict(frame.values[:count])
    if level + 1 < len(marks):
        members[str(marks[level + 1][0].key)] = show(marks, level + 1)
    return members


def open_path(marks: Marks, level: int) -> Path:
    """The path from the value at a level to the innermost open value."""
    return tuple(frame.key for frame, _ in marks[level + 1 :])


def visible(marks: Marks) -> Marks:
    """The marks outside of the outermost value that is hidden, which there must be."""
    return marks[: next(n for n, (frame, _) in enumerate(marks) if _is_veiled(frame))]


def _is_veiled(frame: Frame[Any] | TextFrame) -> bool:
    return isinstance(frame, Frame) and bool(frame.veils)
