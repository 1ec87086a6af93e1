"""Judges a root before it counts as the document, or as what holds the list.

A certain root is known by its first bracket, or by the name of its first member. Any other is a
guess: it counts from the moment that one of its members or elements fits the type. Until then
whatever is wrong with it, or that it closes with nothing in common with the type, only says that
it was prose: `{x}`, `[1]` and `{"see": "below"}` in an explanation are no document.
"""

from __future__ import annotations

from abc import abstractmethod
from enum import Enum
from typing import TYPE_CHECKING

from typing_extensions import override

from partialstream.engine.locate import Certainty
from partialstream.engine.parser import Handler, SyntaxReader
from partialstream.engine.route import path_matches
from partialstream.errors import JSONSyntaxError, LimitExceededError

if TYPE_CHECKING:
    from partialstream.engine.position import Position
    from partialstream.engine.route import Shape
    from partialstream.limits import Limits
    from partialstream.results import Path


class Root(Enum):
    """What a root turned out to be."""

    ITEM = "an item itself, or the object"
    LIST = "the list"
    WRAPPER = "an object or array that holds the list somewhere"
    ELSEWHERE = "an object that holds the list, but not in the place where it is expected"
    EMPTY = "an empty list in prose, which is the list only if no other one comes"
    PROSE = "complete JSON that has nothing in common with the type"
    BROKEN = "no JSON"


class Probe(Handler):
    """Reads a root until it is clear what it is.

    Args:
        shape: What the type looks like.
        certainty: How certain it is that the root is a document.
        limits: Passed on to the parser.
        position: Where the root begins.

    Attributes:
        begun: Whether a name or a value in the root is complete.
        promising: Whether a name in the root is one of the type's.
        size_read: How many characters of the root were read, once it is known not to be a
            document.
    """

    def __init__(
        self, shape: Shape, *, certainty: Certainty, limits: Limits, position: Position
    ) -> None:
        self._shape = shape
        self._certainty = certainty
        self._reader = SyntaxReader(self, limits=limits, position=position)
        self._start = self._last_bracket = position.offset
        self._verdict: Root | None = None
        # the array whose first element says whether it is the list: its depth, 0 for none
        self._array = 0
        self._element = ""  # the opener of that element
        self._element_names: bool | None = None  # whether one fits; None for no name at all
        self.begun = False
        self.promising = False
        self.size_read = 0

    def feed(self, text: str, pos: int = 0) -> Root | None:
        """Read on, from `pos`, until the verdict.

        Raises:
            JSONSyntaxError: The root is certain, and malformed.
            LimitExceededError: The root is certain, and exceeds a limit.
        """
        try:
            self._reader.feed(text, pos)
        except (JSONSyntaxError, LimitExceededError) as error:
            if self._certainty is Certainty.CERTAIN:
                raise
            end = error.offset if isinstance(error, JSONSyntaxError) else self._last_bracket + 1
            self.size_read = end - self._start
            return Root.BROKEN
        if self._verdict is Root.PROSE or self._verdict is Root.EMPTY:
            self.size_read = self._reader.position.offset - self._start
        return self._verdict

    def _decide(self, verdict: Root) -> None:
        if self._verdict is None:
            self._verdict = verdict
            self._reader.halt()

    def _fits_by_name(self, name: str) -> bool:
        shape = self._shape
        fits = "object" in shape.kinds and (shape.names is None or name in shape.names)
        self.promising = self.promising or fits
        return fits

    def _element_fits(self) -> bool | None:
        """Whether an element of an array, which is complete, fits the type; None: it may."""
        shape = self._shape
        if self._element == "{" and "object" in shape.kinds and shape.names is not None:
            return self._element_names
        return shape.may_begin(self._element)

    # -- what the parser reports -----------------------------------------------------------

    @override
    def begin_object(self, start: int) -> None:
        self._last_bracket = start
        if self._reader.depth > 1:
            self._value_begins("{", self._reader.depth - 1)

    @override
    def begin_array(self, start: int) -> None:
        self._last_bracket = start
        if self._reader.depth > 1:
            self._value_begins("[", self._reader.depth - 1)
        self._array_begins()

    @override
    def begin_string(self, start: int) -> None:
        self._value_begins('"', self._reader.depth)

    @override
    def name(self, name: str) -> None:
        self.begun = True
        if self._array and self._reader.depth == self._array + 1:
            self._element_names = self._element_names or self._fits_by_name(name)

    @override
    def scalar(self, raw: str, end: int) -> None:
        self._value_begins(raw[0], self._reader.depth)
        self._value_ends()

    @override
    def end_string(self, end: int) -> None:
        self._value_ends()

    @override
    def end(self, end: int) -> None:
        if self._reader.depth == 0:
            self._root_ends()
        else:
            self._value_ends()

    def _value_begins(self, opener: str, depth: int) -> None:
        """A value begins, `depth` levels deep."""
        if depth == self._array:
            self._element = opener

    def _array_begins(self) -> None:
        """An array opened; the root itself, or one in it."""

    def _value_ends(self) -> None:
        """A value is complete."""
        self.begun = True

    @abstractmethod
    def _root_ends(self) -> None:
        """The root closed."""


class ObjectProbe(Probe):
    """Judges a guess at an object that grows: the first member of the type settles it.

    For a type that takes any names, any member does.
    """

    _fits = False

    @override
    def name(self, name: str) -> None:
        super().name(name)
        if self._reader.depth == 1:
            self._fits = self._fits_by_name(name)

    @override
    def _array_begins(self) -> None:
        if self._reader.depth == 1:
            self._array = 1

    @override
    def _value_ends(self) -> None:
        super()._value_ends()
        if self._reader.depth == 1 and (self._element_fits() if self._array else self._fits):
            self._decide(Root.ITEM)

    @override
    def _root_ends(self) -> None:
        # Where any name fits, an object without members has nothing that does not.
        empty_fits = bool(self._array) or self._shape.names is None
        self._decide(Root.ITEM if empty_fits and not self.begun else Root.PROSE)


class ListProbe(Probe):
    """Judges a root that may be an item, the list, or what holds the list.

    Args:
        shape: What an item looks like.
        path: Where the list is, None if that is to be found out.
        expected: Where the request has asked for the list, None if that is not known. It is
            preferred to all other places, which count at the end of the root.
        after_item: Whether the document before was an item: another item is more likely then
            than a wrapper that holds an empty list.
        certainty: See `Probe`.
        limits: See `Probe`.
        position: See `Probe`.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        path: Path | None,
        expected: Path | None,
        after_item: bool,
        certainty: Certainty,
        limits: Limits,
        position: Position,
    ) -> None:
        super().__init__(shape, certainty=certainty, limits=limits, position=position)
        self._path = path or None
        self._at_root = path == ()  # so that no object is a wrapper
        self._takes_any_name = "object" in shape.kinds and shape.names is None
        self._expected = expected
        self._after_item = after_item
        self._found_from_name = certainty is Certainty.NEXT
        self._root_is_array = False
        self._kind: Root | None = None  # of the root, by its first member
        self._shares_a_name = False
        self._name = ""  # of the root's member under way
        self._list_elsewhere = False
        self._empty_array = False
        self._array_is_expected = False
        self._skipped = 0  # the depth of an array that is not the list, 0 for none
        self._item_at_path = False  # whether an object began where the list may be

    # -- members of the root ---------------------------------------------------------------

    @override
    def name(self, name: str) -> None:
        super().name(name)
        depth = self._reader.depth
        if depth == 1:
            self._name = name
            fits = self._fits_by_name(name)
            known = fits and self._shape.names is not None
            self._shares_a_name = self._shares_a_name or known
            may_hold_list = not fits and not self._at_root
            if self._kind is None and self._path is None and (known or may_hold_list):
                self._kind = Root.ITEM if known else Root.WRAPPER
                self._settle_from_name()
        elif self._found_from_name and self._element_names and depth == self._array + 1:
            self._list_found()

    def _settle_from_name(self) -> None:
        kind = self._kind
        if kind is None or self._expected is not None:
            return
        if self._certainty is Certainty.CERTAIN or (
            kind is Root.ITEM and self._certainty is Certainty.NEXT
        ):
            self._decide(kind)

    @override
    def _value_begins(self, opener: str, depth: int) -> None:
        super()._value_begins(opener, depth)
        first = depth == 1 and not self._root_is_array and self._kind is None
        if first and self._takes_any_name and self._path is None:
            # Only an array can tell a wrapper from an item.
            self._kind = Root.WRAPPER if opener == "[" and not self._at_root else Root.ITEM
            self._settle_from_name()

    @override
    def begin_object(self, start: int) -> None:
        super().begin_object(start)
        path = self._path or (self._expected if self._kind is not Root.ITEM else None)
        if path and "object" in self._shape.kinds and path_matches(path, self._reader.path):
            self._item_at_path = True

    # -- arrays that may be the list -------------------------------------------------------

    @override
    def _array_begins(self) -> None:
        reader = self._reader
        depth = reader.depth
        if depth == 1:
            self._root_is_array = True
        if self._array or self._skipped or (self._at_root and depth > 1):
            return
        expected = self._expected is not None and path_matches(self._expected, reader.path)
        if self._path is not None:
            if not path_matches(self._path, reader.path):
                return
        elif depth > 1 and self._kind is Root.ITEM and not expected:
            return  # a member of the item
        self._array = depth
        self._array_is_expected = expected
        self._element = ""
        self._element_names = None

    @override
    def _value_ends(self) -> None:
        super()._value_ends()
        if self._item_at_path:
            self._decide(Root.WRAPPER)  # the object is complete, or a value in it
            return
        depth = self._reader.depth
        if depth < self._skipped:
            self._skipped = 0
        if self._array:
            if depth == self._array:
                self._judge_element()
            elif depth < self._array:
                self._array_closed()
        if depth == 1 and self._kind is Root.ITEM and self._expected is None:
            self._decide(Root.ITEM)  # its first member, which is one of the type, is complete

    def _judge_element(self) -> None:
        fits = self._element_fits()
        if fits is None and self._path is None:
            return  # of an object without members, nothing can be said
        if self._array == 1 and self._certainty is Certainty.LATE_GUESS and self._element != "{":
            fits = False  # a reference, such as [3]
        if fits or self._path is not None:
            self._list_found()
        else:
            self._skip_array()

    def _list_found(self) -> None:
        if self._path is not None or self._expected is None or self._array_is_expected:
            self._decide(Root.LIST if self._array == 1 and not self._path else Root.WRAPPER)
        elif self._array == 1:
            self._decide(Root.LIST)
        else:
            self._list_elsewhere = True
            self._skip_array()

    def _skip_array(self) -> None:
        self._skipped, self._array = self._array, 0

    def _array_closed(self) -> None:
        own = self._shape.names is not None and self._name in self._shape.names
        if not self._element and (self._path is not None or self._array_is_expected or not own):
            self._empty_array = True
        self._array = 0

    @override
    def _root_ends(self) -> None:
        self._decide(self._closed_root())

    def _closed_root(self) -> Root:
        if self._certainty is Certainty.CERTAIN:
            # Without any member it is neither; what it lacks is for validation to say.
            return self._kind or (Root.ITEM if "object" in self._shape.kinds else Root.WRAPPER)
        if self._path is not None or self._root_is_array:
            is_empty = self._empty_array or (self._array == 1 and not self._element)
            return Root.EMPTY if is_empty else Root.PROSE
        if self._kind is Root.ITEM or (self._takes_any_name and not self.begun):
            return Root.ITEM
        if self._list_elsewhere:
            return Root.ELSEWHERE
        if self._empty_array and not (self._shares_a_name and self._after_item):
            return Root.EMPTY
        return Root.ITEM if self._shares_a_name else Root.PROSE
