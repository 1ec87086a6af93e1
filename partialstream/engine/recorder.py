"""Growing values whose growth is recorded: not only what they are, but what they gained.

A `ChangeRecorder` is a `SnapshotBuilder` that works in two steps. While text is read, it notes in
the mirror of each open array or object which children were completed. When a snapshot is asked for,
it makes changes of these notes, from the outermost open value inwards, and of what the string under
way has gained. So a value is in a change as soon as, and not before, a snapshot shows it:

    text       {"title": "On paper", "tags": ["a", "b      and then      c
    noted      title is complete; tags.0 is complete                nothing
    changes    set () {"title": "On paper", "tags": ["a", "b"]}     append ("tags", 1) "c"

A mirror also holds the JSON that changes have led to. It is what a complete value is compared with,
where validation or a serializer may have made more of it than its children say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar

from typing_extensions import override

from partialstream.engine.builder import SnapshotBuilder
from partialstream.engine.changes import UNSET, Change, differences, is_array, merged
from partialstream.engine.nodes import NOTHING, Container, Frame, Items, Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.engine.nodes import Node
    from partialstream.engine.position import Transcript
    from partialstream.results import Path

S = TypeVar("S")

_AS_THEY_ARE: Final = frozenset({str, int, bool, type(None)})
"""Types whose values are JSON already."""


class RecordWriter(Protocol):
    """Writes the fields of one kind of record as JSON."""

    def key(self, name: str) -> str | None:
        """The name that a field has in JSON; None if it is left out."""
        ...

    def is_custom(self, name: str) -> bool:
        """Whether the JSON of a field is made by a function, so that it cannot grow."""
        ...

    def write(self, name: str, value: Any) -> Any:
        """The JSON of a field's complete value; `UNSET` if it takes the whole record."""
        ...


class Writer(Protocol):
    """Writes values as JSON. What is known of serialization comes to the engine through it."""

    def of(self, record: Record[Any]) -> RecordWriter:
        """What writes the fields of a record."""
        ...

    def is_custom(self) -> bool:
        """Whether the JSON of the value as a whole is made by a function."""
        ...

    def write(self, value: Any) -> Any:
        """The JSON of the value as a whole."""
        ...


class _Child(NamedTuple):
    """A child that was completed since changes were made the last time."""

    key: str | int
    value: Any
    mirror: _Mirror | None  # if it is an array or object that grew
    is_text: bool  # a string that grew
    is_emitted: bool  # a string of which changes were made while it grew


class _Mirror:
    """What changes have said of an array or object that grows.

    Attributes:
        frame: The array or object.
        parent: That of the value around it, None for the whole.
        path: Where it stands, by the names in JSON.
        json: What it is by the changes so far; None before the first of it.
        children: Those that were completed since.
        hidden: Whether there are no changes of it before it is complete.
        refused: Whether its text, or that of something inside of it, is not valid.
    """

    __slots__ = ("children", "frame", "hidden", "json", "parent", "path", "refused")

    def __init__(self, frame: Frame[Any], parent: _Mirror | None, path: Path, hidden: bool) -> None:
        self.frame = frame
        self.parent = parent
        self.path = path
        self.hidden = hidden
        self.json: Any = None
        self.children: list[_Child] = []
        self.refused = False

    def put(self, key: str | int, value: Any) -> None:
        """A child has this value by the changes so far."""
        if isinstance(key, int) and key == len(self.json):
            self.json.append(value)
        else:
            self.json[key] = value


class ChangeRecorder(SnapshotBuilder[S]):
    """As `SnapshotBuilder`, and says what the value gained from one snapshot to the next.

    Args:
        root: See `SnapshotBuilder`.
        transcript: See `SnapshotBuilder`.
        settings: See `SnapshotBuilder`.
        writer: Writes complete values as JSON.
    """

    def __init__(
        self, root: Node[S], transcript: Transcript, settings: S, *, writer: Writer
    ) -> None:
        super().__init__(root, transcript, settings)
        self._writer = writer
        self._root: _Mirror | None = None
        self._mirrors: list[_Mirror] = []  # of the open frames
        self._closed: _Mirror | None = None  # of the one that is being added to its parent
        self._refused = False  # whether the last value was
        self._ends_text = False  # whether a string that grew is being added
        self._text_emitted = False  # whether the string under way is in the changes
        self._changes: list[Change] = []

    def take(self) -> list[Change]:
        """The changes from the snapshot at the last call to the last snapshot."""
        changes, self._changes = self._changes, []
        return merged(changes) if len(changes) > 1 else changes

    def complete(self, value: Any) -> None:
        """The value is complete, and validated as a whole."""
        known = UNSET if self._root is None or self._root.json is None else self._root.json
        self._changes.extend(differences((), known, self._writer.write(value)))
        self._changes.append(Change((), "complete"))

    @override
    def snapshot(self) -> Any:
        pieces = None if self._hidden else self._pieces
        piece = "".join(pieces) if pieces else ""
        shown = super().snapshot()
        if shown is not None:
            for mirror in self._mirrors:
                if mirror.hidden or mirror.frame.pending_gates:
                    return shown
                self._emit(mirror)
            if pieces is not None and self._mirrors:
                self._emit_text(self._mirrors[-1], piece)
        return shown

    # -- what is noted -----------------------------------------------------------------------

    @override
    def _begin(self, opener: str, start: int) -> None:
        depth = len(self._frames)
        super()._begin(opener, start)
        if len(self._frames) == depth:
            return
        frame = self._frames[-1]
        parent = self._mirrors[-1] if self._mirrors else None
        make = frame.node.make if isinstance(frame.node, Container) else None
        # In a set, the place of an element is not the one that it arrived at.
        hidden = make not in (None, tuple)
        path: Path = ()
        if parent is None:
            hidden = hidden or self._writer.is_custom()
        else:
            key = self._key(parent, frame.key)
            hidden = hidden or parent.hidden or key is None or self._is_custom(parent, frame.key)
            path = (*parent.path, "" if key is None else key)
        mirror = _Mirror(frame, parent, path, hidden)
        if parent is None:
            self._root = mirror
        self._mirrors.append(mirror)

    @override
    def _leave(self, frame: Frame[S]) -> None:
        super()._leave(frame)
        self._closed = self._mirrors.pop()

    @override
    def _give_up(self, frame: Frame[S]) -> None:
        super()._give_up(frame)
        self._closed = None  # it is read on as one that does not grow

    @override
    def end(self, end: int) -> None:
        self._refused = False
        super().end(end)
        self._closed = None

    @override
    def begin_string(self, start: int) -> Callable[[str], None] | None:
        self._text_emitted = False
        return super().begin_string(start)

    @override
    def end_string(self, end: int) -> None:
        self._ends_text = self._pieces is not None and not self._depth
        super().end_string(end)
        self._ends_text = False

    @override
    def _try(self, node: Node[S], raw: str) -> Any:
        value = super()._try(node, raw)
        self._refused = value is NOTHING
        return value

    @override
    def _add(self, value: Any) -> None:
        frame = self._frame
        if isinstance(frame.node, Items):
            self._note(len(frame.values), value)
        super()._add(value)

    @override
    def _fill(self, frame: Frame[S], key: str, value: Any) -> None:
        self._note(key, value)
        super()._fill(frame, key, value)

    def _note(self, key: str | int, value: Any) -> None:
        """A child of the innermost open value is complete."""
        closed, self._closed = self._closed, None
        is_text, self._ends_text = self._ends_text, False
        if not self._mirrors:
            return
        mirror = self._mirrors[-1]
        if closed is not None:
            closed.refused = closed.refused or self._refused
            mirror.refused = mirror.refused or closed.refused
        if not mirror.hidden or closed is None:
            mirror.children.append(
                _Child(key, value, closed, is_text, is_text and self._text_emitted)
            )

    # -- what is made of it --------------------------------------------------------------------

    def _emit(self, mirror: _Mirror) -> None:
        """Make changes of what was noted of an open value, or one that stays as it is."""
        if mirror.json is None:
            mirror.json = [] if isinstance(mirror.frame.node, Items) else {}
            self._changes.append(Change(mirror.path, "set", mirror.json.copy()))
            if mirror.parent is not None:
                mirror.parent.put(mirror.path[-1], mirror.json)
        if mirror.children:
            children, mirror.children = mirror.children, []
            for child in children:
                self._emit_child(mirror, child)

    def _emit_child(self, mirror: _Mirror, child: _Child) -> None:
        """Make changes of a complete child."""
        key = self._key(mirror, child.key)
        if key is None or mirror.hidden:
            return
        path = (*mirror.path, key)
        closed = child.mirror
        known = None if closed is None else closed.json
        if closed is not None and not closed.hidden and (closed.refused or _is_emitted(closed)):
            # Its children have been validated; what they are together says nothing more.
            self._emit(closed)
            json = closed.json
        else:
            json = self._json(mirror, child.key, child.value)
            if json is UNSET:
                mirror.hidden = isinstance(mirror.frame.node, Container)  # so are those after it
                return
            if child.is_emitted:
                self._changes.extend(differences(path, mirror.json[key], json))
            elif known is not None:
                self._changes.extend(differences(path, known, json))
            else:
                self._changes.append(Change(path, "set", json))
        mirror.put(key, json)
        if closed is not None or child.is_text:
            self._changes.append(Change(path, "complete"))

    def _emit_text(self, mirror: _Mirror, piece: str) -> None:
        """Make a change of the string under way.

        Args:
            mirror: What it stands in.
            piece: What it gained.
        """
        step = mirror.frame.child_key
        key = self._key(mirror, step)
        if key is None or self._is_custom(mirror, step):
            return
        if not self._text_emitted:
            self._text_emitted = True
            self._changes.append(Change((*mirror.path, key), "set", self._last_text))
        elif piece:
            self._changes.append(Change((*mirror.path, key), "append", piece))
        mirror.put(key, self._last_text)

    # -- JSON --------------------------------------------------------------------------------

    def _key(self, mirror: _Mirror, key: str | int) -> str | int | None:
        """The name or index of a child in JSON; None if it is left out."""
        node = mirror.frame.node
        return self._writer.of(node).key(str(key)) if isinstance(node, Record) else key

    def _is_custom(self, mirror: _Mirror, key: str | int) -> bool:
        node = mirror.frame.node
        return isinstance(node, Record) and self._writer.of(node).is_custom(str(key))

    def _json(self, mirror: _Mirror, key: str | int, value: Any) -> Any:
        """The JSON of a complete child; `UNSET` if it takes what is around it."""
        if type(value) in _AS_THEY_ARE and not self._is_custom(mirror, key):
            return value
        # How a value is written is known to the field that holds it, so that is written with no
        # other value in it, and what is around the value is taken off again.
        around = 0
        node = mirror.frame.node
        while not isinstance(node, Record):
            alone = Frame(node, mirror.frame.key, 0)
            alone.child_key = key
            value = node.show(alone, value, ())
            around += 1
            key = mirror.frame.key
            if mirror.parent is None:
                break
            mirror = mirror.parent
            node = mirror.frame.node
        if isinstance(node, Record):
            json = self._writer.of(node).write(str(key), value)
        else:
            json = self._writer.write(value)
        while around and json is not UNSET:
            json = json[0] if is_array(json) else next(iter(json.values()))
            around -= 1
        return json


def _is_emitted(mirror: _Mirror) -> bool:
    """Whether changes have been made of a list or dict that is its children and nothing else."""
    node = mirror.frame.node
    return mirror.json is not None and isinstance(node, Container) and node.wrap is None
