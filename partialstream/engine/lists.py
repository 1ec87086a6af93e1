"""The list, and the elements in it.

Outside the list every character is parsed; an element of the list is only balanced and cut,
because its slice is parsed by pydantic anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partialstream.engine.cutter import Cutter
from partialstream.engine.object_run import ObjectRun
from partialstream.engine.position import Place, Position
from partialstream.engine.roots import Origin, RootScanner
from partialstream.engine.shape import KINDS
from partialstream.engine.tokens import BLANKS
from partialstream.engine.verdict import member_names, why_malformed
from partialstream.errors import JSONSyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partialstream.engine.kept_text import KeptText
    from partialstream.engine.raw_item import RawItem
    from partialstream.engine.shape import Shape
    from partialstream.limits import Limits
    from partialstream.results import Path

# What the state "list" expects next.
_FIRST: Final = "a value or ']'"
_NEXT: Final = "a value"
_SEPARATOR: Final = "',' or ']'"


class ListScanner(RootScanner):
    """The part of `ItemScanner` that reads the list.

    Args:
        shape: See `RootScanner`.
        path: See `RootScanner`.
        expected: See `RootScanner`.
        limits: See `RootScanner`.
        numbers: See `RootScanner`.
        kept: Takes what a run of objects has read.

    Attributes:
        pieces: The text that was not read yet.
        run: Reads on while `in_run`.
        in_run: Whether the list is a run of objects.
    """

    def __init__(
        self,
        shape: Shape,
        path: Path | None,
        expected: Path | None,
        limits: Limits,
        numbers: Iterator[int] | None,
        kept: KeptText,
    ) -> None:
        super().__init__(shape, path, expected, limits, numbers)
        self._found: list[RawItem] = []  # of this call of `advance`
        self.pieces: list[str] = []
        # of the list under way
        self.run = ObjectRun(limits, self._numbering, self.pieces, kept)
        self.in_run = False
        self._awaited = _FIRST
        self._candidate = False
        # of the element under way
        self._cutter = Cutter(limits)
        self._in_element = False
        self._origin = Origin.LIST

    def _begin_list(self, *, candidate: bool) -> None:
        self._numbering.begin_list(self._reader.path)
        self._candidate = candidate
        self._awaited = _FIRST
        if not candidate:
            self._has_list()
        self._state = self._list

    def _list(self, pos: int) -> int:
        """Between the elements of the list."""
        text = self._text
        end = BLANKS(text, pos).end()
        if end > pos:
            self._blanks.leading(text, pos, end)
            if end == len(text):
                return end
            pos = end
        self._blanks.reset()
        char = text[pos]
        if self._awaited is _SEPARATOR:
            if char == ",":
                self._awaited = _NEXT
                return pos + 1
        elif char in KINDS:
            if self._candidate and not self._shape.may_begin(char):
                self._skip_decoy(Position(*self._place_of(pos)))
                return pos
            if char == "{" and not self._candidate:
                self._begin_run(pos, opened=True)
            else:
                start = self._place_of(pos)
                self._begin_element(start, char, Origin.LIST, self._reader.depth)
            return pos
        if char == "]" and self._awaited is not _NEXT:
            if self._candidate:
                self._has_empty_list()
            else:
                self._router.list_read()
            return self._leave_list(pos + 1)
        place = Position(*self._place_of(pos))
        raise JSONSyntaxError(
            f"expected {self._awaited}, not {char!r}",
            offset=place.offset,
            line=place.line,
            column=place.column,
            path=self._numbering.next_path if self._awaited is _NEXT else self._numbering.path,
        )

    def _leave_list(self, pos: int) -> int:
        self._reader.leave(Position(*self._place_of(pos)))
        if self._reader.done:
            return self._end_root(pos)
        self._state = self._navigating
        return pos

    def _skip_decoy(self, position: Position) -> None:
        """The array whose first element is at `position` has nothing in common with the type."""
        self._reader.resume(position)
        self._router.skip_array()
        self._state = self._navigating

    # -- an element ----------------------------------------------------------------------

    def _begin_run(self, pos: int, *, opened: bool) -> None:
        """What follows are objects in a row; the first stands at `pos`, or behind a comma."""
        self._origin = Origin.LIST
        self.run.begin(self._place_of(pos), self._reader.depth, opened=opened)
        self.in_run = True

    def _leave_run(self) -> None:
        """Counting did not suffice for what is in `pieces`."""
        run = self.run
        self.in_run = False
        self._place = run.place
        if run.open:
            self._cutter.begin(run.start, self._reader.depth, "{")
            self._in_element = True
            self._state = self._element
            if run.parts:
                self._cutter.cut("".join(run.parts), 0)
        else:
            self._awaited = _SEPARATOR
            self._state = self._list

    def _begin_element(self, start: Place, opener: str, origin: Origin, depth: int) -> None:
        self._origin = origin
        self._cutter.begin(start, depth, opener)
        self._in_element = True
        self._state = self._element

    def _item_path(self) -> Path:
        if self._origin is Origin.LIST:
            return self._numbering.next_path
        return self._numbering.path

    def _element(self, pos: int) -> int:
        end = self._cutter.cut(self._text, pos)
        return len(self._text) if end < 0 else self._end_element(end)

    def _end_element(self, end: int) -> int:
        cutter = self._cutter
        self._in_element = False
        if self._origin is not Origin.LIST:
            self._list_found = True
            self._found.append(self._numbering.item(cutter.raw, self._numbering.path, cutter.start))
            if self._origin is Origin.ROOT:
                return self._end_root(end)
            self._reader.leave(Position(*self._place_of(end)))
            self._state = self._navigating
            return end
        if self._candidate and self._is_decoy(cutter.raw):
            self._skip_decoy(Position(*cutter.start))
            self._reader.feed(cutter.raw)
            return end
        if self._text[end : end + 1] == "}" and cutter.raw[0] not in '{["':
            # A number or word has no end of its own: what the wrong bracket follows may have
            # been longer. Refused here for what is wrong in itself, or by `_list`.
            error = why_malformed(
                cutter.raw, Position(*cutter.start), self._item_path(), limits=self._limits
            )
            if error is not None:
                raise error
            self._awaited = _SEPARATOR
            return self._list(end)
        if self._candidate:
            self._candidate = False
            self._has_list()
        self._found.append(self._numbering.element(cutter.raw, cutter.start))
        if cutter.raw[0] == "{":
            self._begin_run(end, opened=False)
        else:
            self._awaited = _SEPARATOR
            self._state = self._list
        return end

    def _is_decoy(self, raw: str) -> bool:
        return raw[0] == "{" and not self._shape.shares(
            member_names(raw, Position(*self._cutter.start), self._item_path(), self._limits)
        )
