"""Decides what a root is, from its first member or element."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from partialstream.engine.handler import NullHandler
from partialstream.engine.shape import KINDS, Shape
from partialstream.engine.syntax import SyntaxReader
from partialstream.errors import JSONSyntaxError, LimitExceededError

if TYPE_CHECKING:
    from partialstream.engine.position import Position
    from partialstream.limits import Limits


class Root(Enum):
    """What a root turned out to be."""

    ITEM = "an item itself"
    LIST = "the list"
    WRAPPER = "an object or array that holds the list somewhere"
    PROSE = "no JSON at all"


class Probe(NullHandler):
    """Reads a root until it is clear what it is.

    A root that is a document by its place is known by its first member's name: a member of
    the type makes it an item. A guess must also bring its first member or element to an end
    before it counts.

    Args:
        shape: What the type looks like.
        routed: Whether a path says where the list is, so that every root is a wrapper.
        guessing: Whether the root may turn out to be prose.
        limits: Passed on to the parser.
        position: Where the root begins.
    """

    def __init__(
        self, shape: Shape, *, routed: bool, guessing: bool, limits: Limits, position: Position
    ) -> None:
        self._shape = shape
        self._routed = routed
        self._guessing = guessing
        self._reader = SyntaxReader(self, limits=limits, position=position)
        self._verdict: Root | None = None
        self._kind: Root | None = Root.WRAPPER if routed else None
        self._root_is_array = False
        self._element_names: list[str] = []
        self._array_depth = 0  # of the outermost array, 0 while there is none

    def feed(self, text: str, pos: int) -> Root | None:
        """Read on until the verdict.

        Raises:
            JSONSyntaxError: It is a document, and malformed.
            LimitExceededError: It is a document, and exceeds a limit.
        """
        try:
            self._reader.feed(text, pos)
        except (JSONSyntaxError, LimitExceededError):
            if not self._guessing:
                raise
            return Root.PROSE
        return self._verdict

    def _decide(self, verdict: Root) -> None:
        if self._verdict is None:
            self._verdict = verdict
            self._reader.halt()

    # -- what the parser tells -----------------------------------------------------------

    def begin_object(self, start: int) -> None:
        """See `Handler`."""
        if self._reader.depth == 1:
            if self._routed and not self._guessing:
                self._decide(Root.WRAPPER)
        else:
            self._begin_value("{")

    def begin_array(self, start: int) -> None:
        """See `Handler`."""
        depth = self._reader.depth
        if depth > 1:
            self._begin_value("[", depth - 1)
        else:
            self._root_is_array = True
            if not self._guessing:
                self._decide(Root.WRAPPER if self._routed else Root.LIST)
        if not self._array_depth:
            self._array_depth = depth

    def begin_string(self, start: int) -> None:
        """See `Handler`."""
        self._begin_value('"')

    def name(self, name: str) -> None:
        """See `Handler`."""
        depth = self._reader.depth
        if depth == 2:
            self._element_names.append(name)
        if depth != 1 or self._kind is not None:
            return
        shape = self._shape
        if "object" not in shape.kinds or (shape.names is not None and name not in shape.names):
            self._settle(Root.WRAPPER)
        elif shape.names is not None:
            self._settle(Root.ITEM)

    def scalar(self, raw: str) -> None:
        """See `Handler`."""
        self._begin_value(raw[0])
        self._value_closed(KINDS[raw[0]] in self._shape.kinds)

    def end_string(self, end: int) -> None:
        """See `Handler`."""
        self._value_closed("string" in self._shape.kinds)

    def end(self, end: int) -> None:
        """See `Handler`."""
        if self._reader.depth == 0:
            self._root_closed()
        elif self._element_names:
            self._value_closed(self._shape.shares(self._element_names))
        else:
            self._value_closed(in_common=True)

    # -- what follows from it --------------------------------------------------------------

    def _settle(self, kind: Root) -> None:
        """It is known what the root is, if it is not prose."""
        self._kind = kind
        if not self._guessing:
            self._decide(kind)

    def _begin_value(self, opener: str, depth: int | None = None) -> None:
        depth = self._reader.depth if depth is None else depth
        if opener == "{":
            depth = self._reader.depth - 1
        if depth != 1:
            return
        if self._root_is_array:
            if not self._routed and not self._shape.may_begin(opener):
                self._decide(Root.PROSE)
        elif self._kind is None:
            # The type takes any name: only an array can tell a wrapper from an item.
            self._settle(Root.WRAPPER if opener == "[" else Root.ITEM)

    def _value_closed(self, in_common: bool) -> None:
        """A value is complete; the parser stands behind it."""
        depth = self._reader.depth
        if self._root_is_array and depth == 1:
            if self._routed:
                self._decide(Root.WRAPPER)
            else:
                self._decide(Root.LIST if in_common else Root.PROSE)
        elif depth == 1 or depth == self._array_depth:
            self._decide(self._kind or Root.WRAPPER)

    def _root_closed(self) -> None:
        if self._root_is_array:  # an empty one: other elements have decided before
            self._decide(Root.WRAPPER if self._routed else Root.LIST)
        elif self._kind is None:
            self._decide(Root.ITEM if "object" in self._shape.kinds else Root.WRAPPER)
        else:
            self._decide(self._kind)
