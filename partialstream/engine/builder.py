"""Growing values: what the parser reports becomes frames, and frames become snapshots.

Here is what opens, fills and closes the frames: which member grows and how, what is validated
when it is complete, what stays hidden until then.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, cast

from typing_extensions import override

from partialstream.engine.nodes import (
    LONG,
    NOTHING,
    ByKind,
    Container,
    Dependent,
    Entries,
    Frame,
    Items,
    LongDict,
    Node,
    Opaque,
    OpenPath,
    Record,
    Rejected,
    Tagged,
    Text,
)
from partialstream.engine.parser import Handler

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.engine.position import Transcript
    from partialstream.results import Path

S = TypeVar("S")

_SHORT_INTEGER: Final = re.compile(r"-?[0-9]{1,18}").fullmatch


class Rejection(NamedTuple):
    """A complete value that the type at its place does not take.

    Attributes:
        path: Its place, by field names.
        raw: Its JSON text.
        error: Why.
        given: The fields beside it whose values had a part in that.
    """

    path: Path
    raw: str
    error: BaseException
    given: tuple[str, ...] = ()


class SnapshotBuilder(Handler, Generic[S]):
    """Grows a value from what a `SyntaxReader` reports.

    The members are validated when they are complete; the value itself is left to the caller.

    Args:
        root: How the value grows.
        transcript: The text, which the caller appends to before the parser reads it.
        settings: Passed to the nodes' checks.

    Attributes:
        rejections: The complete values that were refused, in order. A member of the root that
            is refused is always among them, whatever of it has been before.
        ignored: Names of members of the root that are not to be shown any more.
    """

    def __init__(self, root: Node[S], transcript: Transcript, settings: S) -> None:
        self._transcript = transcript
        self._settings = settings
        self._document: Frame[S] = Frame(Opaque(root.check), 0, 0)
        self._document.child = root
        self._frame: Frame[S] = self._document
        self._frames: list[Frame[S]] = []
        self._hidden = 0  # how many frames are hidden
        # The pieces that came since the last snapshot, of the string under way if it shows; the
        # text of that snapshot and of the one before, and what the one has beyond the other.
        self._pieces: list[str] | None = None
        self._last_text = self._text_before = self._between = ""
        self._start = 0  # of the opaque value under way
        self._depth = 0  # how many brackets deep inside it the parser is
        self._changed = False
        self.rejections: list[Rejection] = []
        self.ignored: frozenset[str] = frozenset()

    def snapshot(self) -> Any:
        """The value as it stands; None if nothing visible changed since it was asked for."""
        frames = self._frames
        pieces = None if self._hidden else self._pieces
        if not self._changed and not pieces:
            return None
        self._changed = False
        shown: Any = NOTHING
        path: OpenPath = ()
        if pieces:
            # Each snapshot has a text of its own. To copy it for each delta would make the work
            # grow with it; but Python appends in place to a text that nobody else holds, as that
            # of the last snapshot but one is, as a rule.
            piece = pieces[0] if len(pieces) == 1 else "".join(pieces)
            pieces.clear()
            shown = self._text_before
            self._text_before = self._last_text
            shown += self._between + piece
            self._between = piece
            self._last_text = shown
        elif pieces is not None:
            shown = self._last_text
        elif self._hidden:
            hidden = next(n for n, frame in enumerate(frames) if frame.pending_gates)
            frames = frames[:hidden]
        for frame in reversed(frames):
            if shown is not NOTHING:
                path = (frame.child_key, path)
            node = frame.node
            if type(node) is Items and node.is_plain and len(frame.values) <= LONG:
                # As its `show`: a list of what grows is on the way of most deltas.
                shown = frame.values.copy() if shown is NOTHING else [*frame.values, shown]
            else:
                shown = node.show(frame, shown, path)
        return shown

    # -- what the parser reports ----------------------------------------------------------

    @override
    def begin_object(self, start: int) -> None:
        self._begin("{", start)

    @override
    def begin_array(self, start: int) -> None:
        self._begin("[", start)

    @override
    def end(self, end: int) -> None:
        if self._depth:
            self._depth -= 1
            if not self._depth:
                self._check_child(self._transcript.slice(self._start, end), None)
            return
        frame = self._frame
        self._leave(frame)
        if isinstance(frame.node, Container) and frame.node.wrap is None:
            # Its children are validated one by one; it is validated again only where that says
            # too little. Rejected or not, what was shown stays.
            if frame.node.constrained or self._is_doubtful(frame):
                self._try(frame.node, self._transcript.slice(frame.start, end))
            self._add(frame.node.show(frame, NOTHING, ()))
        else:
            self._check_child(self._transcript.slice(frame.start, end), frame)

    @override
    def name(self, name: str) -> None:
        if self._depth:
            return
        frame = self._frame
        node = frame.node
        if isinstance(node, Record):
            member = node.members.get(name)
            if name in self.ignored and len(self._frames) == 1:
                frame.child = None
            elif member is not None:
                frame.child_key, frame.child = member
            else:
                frame.child = node.others
                frame.child_key = name
        elif isinstance(node, Entries):
            frame.child = node.inner
            frame.child_key = name
        elif name == cast("Tagged[S]", node).discriminator:
            frame.child = Opaque(node.check)
            frame.child_key = name
        else:
            self._give_up(frame)

    @override
    def begin_string(self, start: int) -> Callable[[str], None] | None:
        if self._depth:
            return None
        self._start = start
        node = self._child_node('"')
        if not isinstance(node, Text) or self._frame.has_invalid_element:
            return None
        self._pieces = []
        self._last_text = self._text_before = self._between = ""
        self.touch()
        return self._pieces.append

    @override
    def end_string(self, end: int) -> None:
        if self._depth:
            return
        pieces = self._pieces
        node = self._child_node('"')
        if pieces is None or not isinstance(node, Text):
            self._check_child(self._transcript.slice(self._start, end), None)
            return
        self._pieces = None
        if node.constrained:
            # Rejected or not, what was shown stays: a value never vanishes.
            self._try(node, self._transcript.slice(self._start, end))
        self._add(self._last_text + "".join(pieces))

    @override
    def scalar(self, raw: str, end: int) -> None:
        if not self._depth:
            self._check_child(raw, None)

    # -- children ------------------------------------------------------------------------

    def _child_node(self, opener: str) -> Node[S] | None:
        node = self._frame.child
        while isinstance(node, ByKind):
            node = node.nodes.get(opener) or Opaque(node.check)
        return node

    def _begin(self, opener: str, start: int) -> None:
        if self._depth:
            self._depth += 1
            return
        parent = self._frame
        node = self._child_node(opener)
        if node is None or node.opener != opener or parent.has_invalid_element:
            self._start = start
            self._depth = 1
            return
        frame = Frame(node, parent.child_key, start)
        self._frames.append(frame)
        self._frame = frame
        if frame.pending_gates:
            self._hidden += 1
        else:
            self.touch()

    def _leave(self, frame: Frame[S]) -> None:
        """The innermost value is no longer open."""
        self._frames.pop()
        if frame.pending_gates:
            self._hidden -= 1
        self._frame = self._frames[-1] if self._frames else self._document

    def touch(self) -> None:
        """The next snapshot is a new one, if there is anything to see."""
        if not self._hidden:
            self._changed = True

    def _give_up(self, frame: Frame[S]) -> None:
        """The innermost object cannot grow after all: it shows when it is complete."""
        self._leave(frame)
        self._start = frame.start
        self._depth = 1

    def _check_child(self, raw: str, grown: Frame[S] | None) -> None:
        """A child is complete: validate it and add it to the innermost open value.

        Args:
            raw: Its text.
            grown: Its frame, if it has been shown while it grew.
        """
        frame = self._frame
        node = self._child_node(raw[0])
        if node is None or frame.has_invalid_element or frame is self._document:
            return
        if isinstance(frame.node, Tagged):
            self._choose(frame, frame.node, raw)
            return
        if isinstance(node, Dependent):
            frame.deferred.append((str(frame.child_key), node, raw))
            self._settle(frame)
            return
        value = self._try(node, raw)
        if value is NOTHING and grown is not None and not grown.pending_gates:
            # What was shown stays, as far as it goes.
            value = grown.node.show(grown, NOTHING, ())
        if value is not NOTHING:
            self._add(value)
        elif isinstance(frame.node, Items):
            frame.has_invalid_element = True

    def _is_doubtful(self, frame: Frame[S]) -> bool:
        """Whether something inside of this member of the root was refused."""
        if len(self._frames) != 1 or not self.rejections:
            return False
        return self.rejections[-1].path[0] == frame.key

    def _try(self, node: Node[S], raw: str) -> Any:
        """Validate a child of the innermost open value.

        Args:
            node: How it has grown.
            raw: Its text.
        """
        try:
            return node.check(raw, self._settings)
        except Rejected as rejected:
            child = self._frame.child
            if child is None or child.check is node.check:
                self._reject(self._frame.child_key, raw, rejected)
                return NOTHING
        # It has grown as one of several types; another of them may take it.
        try:
            child.check(raw, self._settings)
        except Rejected as rejected:
            self._reject(self._frame.child_key, raw, rejected)
        return NOTHING

    def _reject(
        self, key: str | int, raw: str, rejected: Rejected, given: tuple[str, ...] = ()
    ) -> None:
        error = rejected.__cause__
        if error is not None:
            path = (*(frame.key for frame in self._frames[1:]), key)
            self.rejections.append(Rejection(path, raw, error, given))

    def _add(self, value: Any) -> None:
        frame = self._frame
        if isinstance(frame.node, Items):
            frame.values.append(value)
            frame.child_key = len(frame.values)
        else:
            self._fill(frame, str(frame.child_key), value)
            if frame.deferred:
                self._settle(frame)
        self.touch()

    def _fill(self, frame: Frame[S], key: str, value: Any) -> None:
        """A member is complete and valid."""
        frame.values[key] = value
        if isinstance(frame.long, LongDict):
            frame.long.new.append(key)
        frame.arrived.add(key)
        if key in frame.pending_gates:
            frame.pending_gates.remove(key)
            if not frame.pending_gates:
                self._hidden -= 1

    def _choose(self, frame: Frame[S], node: Tagged[S], raw: str) -> None:
        """The discriminator of a tagged object is complete."""
        record = node.choices.get(_tag(raw))
        while isinstance(record, ByKind):
            record = record.nodes.get("{")
        if not isinstance(record, Record):
            self._give_up(frame)
            return
        frame.node = record
        frame.pending_gates = set(record.gates)
        if not frame.pending_gates:
            self._hidden -= 1
        self.name(node.discriminator)
        self._check_child(raw, None)

    def _settle(self, frame: Frame[S]) -> None:
        """Validate the deferred members whose earlier members are in now."""
        progress = True
        while progress and frame.deferred:
            progress = False
            for waiting in list(frame.deferred):
                field, node, raw = waiting
                if not frame.arrived.issuperset(node.earlier):
                    continue
                frame.deferred.remove(waiting)
                progress = True
                try:
                    value = node.check_with(raw, self._settings, frame.values)
                except Rejected as rejected:
                    self._reject(field, raw, rejected, node.earlier)
                    continue
                self._fill(frame, field, value)
                self.touch()
                break


def _tag(raw: str) -> str | int | None:
    """The value of a discriminator, None for one that no choice can have."""
    if raw[0] in '"tf' or _SHORT_INTEGER(raw):
        return cast("str | int", json.loads(raw))
    return None
