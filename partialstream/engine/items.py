"""Finds the streamed list in the text and cuts its elements out.

Outside the list every character is parsed; an element of the list is only balanced and cut,
because its slice is parsed by pydantic anyway. The machine, one state a method:

    seeking ── "{", "[" ──> probing            what is this root?
    probing ── prose ──> seeking
            ── an item ──> element
            ── the list ──> list
            ── a wrapper ──> navigating        follow the members to the list
    navigating ── "[" of the list ──> list
               ── closed ──> seeking
    list ── first character of a value ──> element
         ── "]" ──> navigating, or seeking at the root
    element ── closed ──> list, navigating or seeking: where it came from
"""

from __future__ import annotations

import itertools
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from partialstream.engine.blanks import BlankRun
from partialstream.engine.cutter import Cutter
from partialstream.engine.element import NEXT_OBJECT, NOT_FLAT, flat_object_end
from partialstream.engine.locate import RootFinder
from partialstream.engine.position import Position
from partialstream.engine.probe import Probe, Root
from partialstream.engine.route import Found, Router
from partialstream.engine.shape import KINDS, Shape
from partialstream.engine.syntax import SyntaxReader
from partialstream.engine.tokens import BLANKS
from partialstream.engine.verdict import member_names, why_malformed
from partialstream.errors import JSONSyntaxError, LimitExceededError
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.results import Outcome, Path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class RawItem(NamedTuple):
    """An element of the list, cut out and not yet parsed.

    Attributes:
        text: Its JSON text.
        number: Its place among all elements of the streamed list, from 0.
        path: Where it stands in the document.
        start: Where it begins in the text, as `Position` has it.
    """

    text: str
    number: int
    path: Path
    start: tuple[int, int, int]

    @property
    def position(self) -> Position:
        """Where it begins in the text."""
        return Position(*self.start)


_raw_item: Callable[[tuple[str, int, Path, tuple[int, int, int]]], RawItem] = partial(
    cast("Any", tuple).__new__, RawItem
)
"""Makes one at half the cost of the named tuple's own constructor."""

# What the state "list" expects next.
_FIRST: Final = "a value or ']'"
_NEXT: Final = "a value"
_SEPARATOR: Final = "',' or ']'"


class _Origin(Enum):
    """What the element under way belongs to."""

    LIST = "the list"
    ROOT = "nothing: it is a document"
    MEMBER = "an object at the path"


_BLANK: Final = " \t\n\r"

_WINDOW: Final = 64 * 1024
"""Characters taken at once: bounds the memory of one match."""


class ItemScanner:
    """Cuts items out of text that arrives in pieces.

    Args:
        shape: What an item looks like.
        path: Where the list is (see `parse_path`), None if that is to be found out.
        limits: All but `idle_seconds` are watched here.
        numbers: Where the items' indexes come from; shared by scanners whose items are one
            list.

    Attributes:
        completed: The items that the last call of `advance` completed, also if it raised.
        wake: A character without which no item can be completed; `""` if any may do it.
        open_ended: Whether the items are documents themselves, so that nothing in the text
            says which is the last.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        path: Path | None = None,
        limits: Limits = DEFAULT_LIMITS,
        numbers: Iterator[int] | None = None,
    ) -> None:
        self._shape = shape
        self._path = path
        self._limits = limits
        self._state: Callable[[int], int] = self._seeking
        self._in_element = False
        self._text = ""  # what is being read
        self._offset, self._line, self._line_start = Position()  # where it begins
        self._carry: str = ""  # what must be read again, with what follows it
        self._window = min(_WINDOW, limits.whitespace_run)
        self._kept: list[str] | None = []
        self._watched_size = min(limits.text_kept, limits.total_size)
        self._blanks = BlankRun(limits.whitespace_run)
        self._finder = RootFinder()
        self._numbers = itertools.count() if numbers is None else numbers
        self._list_found = False
        self._empty_list_found = False
        self._root_found = False
        self.completed: list[RawItem] = []
        self.open_ended = False
        self.wake = ""
        # of the root under way
        self._root_position = Position()
        self._held: list[str] = []
        self._probe: Probe | None = None
        self._router = Router(path, takes_objects=False)
        self._reader = SyntaxReader(self._router)
        # of the list under way
        self._list_path: Path = ()
        self._elements = 0
        self._expected = _FIRST
        self._candidate = False
        # of the element under way
        self._cutter = Cutter(limits)
        self._origin = _Origin.LIST
        self._depth = 0
        self._flat = 0  # levels that the flat object under way may have; 0: there is none

    @property
    def size(self) -> int:
        """Characters read."""
        if self._in_element:
            return self._cutter.start[0] + self._cutter.size + len(self._carry)
        return self._offset + len(self._carry)

    @property
    def text(self) -> str:
        """All that has been read.

        Raises:
            LimitExceededError: It was more than is kept.
        """
        if self._kept is None:
            allowed = self._limits.text_kept
            raise LimitExceededError(
                "text_kept", allowed, f"no more than {allowed} characters of text are kept"
            )
        return "".join(self._kept)

    def advance(self, text: str) -> list[RawItem]:
        """Read on.

        Returns:
            The items whose last character is in `text`.

        Raises:
            JSONSyntaxError: The text cannot become valid JSON. Elements are not looked into.
            LimitExceededError: See `Limits`.
        """
        if self._flat:
            flat = self._run_flat(text)
            if flat is not None:
                self.completed = flat
                return flat
        completed: list[RawItem] = []
        self.completed = completed
        # No piece is longer than a run of blanks may be: see BlankRun.
        if len(text) + len(self._carry) <= self._window:
            if text:
                self._read(text)
            return completed
        start = 0
        while start < len(text):
            end = start + max(1, self._window - len(self._carry))
            self._read(text[start:end])
            start = end
        return completed

    def _run_flat(self, text: str) -> list[RawItem] | None:
        """Read on in a list of flat objects, the most common case, by counting alone.

        What is carried is the beginning of an object, or what follows one.

        Returns:
            The item that ends in `text`, if one does; None for any other case, with nothing
            read.
        """
        kept = text
        text = self._carry + text
        cutter = self._cutter
        if len(text) > cutter.flat_size:
            return None
        begin = 0
        if not self._in_element:
            separator = NEXT_OBJECT(text)
            if separator is None:
                if text.strip(_BLANK) not in ("", ","):
                    return None
                self._carry = text
                self._keep(kept)
                return []
            begin = separator.end()
        end = flat_object_end(text, begin, self._flat)
        if end < 0:
            if end == NOT_FLAT:
                return None
            if begin:
                self._in_element = True
                self._state = self._element
                self._skip_to(text, begin)
                cutter.begin((self._offset, self._line, self._line_start), self._depth, "{")
                self.wake = "}"
                text = text[begin:]
            self._carry = cutter.carry = text
            self._keep(kept)
            return []
        if text.find("}", end) >= 0:
            return None  # more than one of them
        self._keep(kept)
        if begin:
            self._skip_to(text, begin)
            cutter.start = (self._offset, self._line, self._line_start)
        item = self._item(text[begin:end], cutter.start)
        separator = NEXT_OBJECT(text, end)
        if separator is not None:
            end = separator.end()
        self._skip_to(text, end, begin)
        self._carry = cutter.carry = text[end:]
        if separator is not None:
            cutter.start = (self._offset, self._line, self._line_start)
            self._in_element = True
            self._state = self._element
            self.wake = "}"
        else:
            self._in_element = False
            self._expected = _SEPARATOR
            self._state = self._list
            self.wake = ""
            if self._carry.strip(_BLANK) not in ("", ","):
                # The end of the list, or what should not be there.
                self.completed = [item]
                rest, self._carry = self._carry, ""
                self._process(rest, 0)
                return self.completed
        return [item]

    def _skip_to(self, text: str, end: int, start: int = 0) -> None:
        """Account for `text[start:end]`, which has been read."""
        self._offset += end - start
        if "\n" in text:
            newlines = text.count("\n", start, end)
            if newlines:
                self._line += newlines
                self._line_start = self._offset - (end - 1 - text.rindex("\n", start, end))
        if self._offset > self._watched_size:
            self._check_size(self._offset)

    def _keep(self, text: str) -> None:
        if self._kept is not None:
            self._kept.append(text)

    def finish(self) -> Outcome:
        """Say that the text ends here.

        Raises:
            JSONSyntaxError: What is unfinished cannot become valid JSON.
        """
        if self._in_element:
            cutter = self._cutter
            tail = cutter.tail
            error = why_malformed(
                tail,
                Position(*cutter.start),
                self._item_path(),
                limits=self._limits,
                complete=False,
            )
            if error is not None:
                raise error
            return Outcome("truncated", tail=tail)
        if self._state == self._seeking:
            return self._sought()
        tail = "".join(self._held)
        if tail and self._finder.guessing and not tail[1:].strip():
            return self._sought()  # a bracket that ends the prose
        return Outcome("truncated", tail=tail)

    def _sought(self) -> Outcome:
        """The outcome of a text that ends outside documents."""
        if self._finder.blank and not self._carry:
            return Outcome("empty")
        if self._list_found or self._empty_list_found:
            return Outcome("complete")
        if not self._root_found:
            return Outcome("no_json", detail="the answer holds no JSON")
        if self._path is not None:
            where = ".".join(map(str, self._path)) or "the root"
            return Outcome("no_json", detail=f"the answer holds no list at {where}")
        return Outcome("no_json", detail="the answer holds no list that fits the type")

    def _read(self, text: str) -> None:
        self._keep(text)
        pos = 0
        if self._in_element:
            cutter = self._cutter
            if cutter.scan is not None:
                # Where the text stands is of no interest until the element ends.
                pos = cutter.cut(text, 0)
                if pos < 0:
                    self.wake = cutter.wake
                    return
                self._offset, self._line, self._line_start = cutter.start
                self._text = cutter.raw
                place = self._place(len(cutter.raw) - pos)
                self._offset, self._line, self._line_start = place
                self._text = text
                pos = self._end_element(pos)
        if self._carry:
            text = self._carry + text
            self._carry = ""
        self._process(text, pos)

    def _process(self, text: str, pos: int) -> None:
        """Run the machine over `text` from `pos`; what is before has been read already."""
        if self._offset + len(text) > self._watched_size:
            self._check_size(self._offset + len(text))
        self._text = text
        while pos < len(self._text):
            pos = self._state(pos)
        self._flat = 0
        cutter = self._cutter
        if self._in_element:
            self._offset, self._line, self._line_start = cutter.start
            self.wake = cutter.wake
        else:
            self._offset, self._line, self._line_start = self._place(pos - len(self._carry))
            self.wake = ""
        if cutter.may_be_flat and self._origin is _Origin.LIST and not self._candidate:
            if self._in_element or (self._state == self._list and self._expected is _SEPARATOR):
                self._flat = max(0, self._limits.depth - self._depth - 1)

    def _check_size(self, size: int) -> None:
        if size > self._limits.text_kept:
            self._kept = None
            self._watched_size = self._limits.total_size
        if size > self._limits.total_size:
            allowed = self._limits.total_size
            raise LimitExceededError("total_size", allowed, f"more than {allowed} characters")

    def _place(self, pos: int) -> tuple[int, int, int]:
        """The offset, line and line start of a position in `_text`."""
        newlines = self._text.count("\n", 0, pos)
        if not newlines:
            return self._offset + pos, self._line, self._line_start
        line_start = self._offset + self._text.rindex("\n", 0, pos) + 1
        return self._offset + pos, self._line + newlines, line_start

    def _read_again(self) -> None:
        """Go back to where the root begins."""
        self._text = "".join(self._held)
        self._offset, self._line, self._line_start = self._root_position
        self._held = []

    # -- seeking and probing -------------------------------------------------------------

    def _seeking(self, pos: int) -> int:
        text = self._text
        found, end = self._finder.find(text, pos)
        self._blanks.both(text, pos, end)
        if not found:
            self._carry = text[end:]
            return len(text)
        place = Position(*self._place(end))
        if text[end] in "]}":
            raise JSONSyntaxError(
                f"unexpected {text[end]!r} behind the document",
                offset=place.offset,
                line=place.line,
                column=place.column,
                path=(),
            )
        self._blanks.reset()
        self._root_position = place
        self._probe = Probe(
            self._shape,
            routed=bool(self._path),
            guessing=self._finder.guessing,
            limits=self._limits,
            position=place,
        )
        self._state = self._probing
        return end

    def _probing(self, pos: int) -> int:
        text = self._text
        verdict = None if self._probe is None else self._probe.feed(text, pos)
        self._held.append(text[pos:])
        if verdict is None:
            held = self._offset + len(text) - self._root_position.offset
            allowed = self._limits.item_size
            if held > allowed:
                raise LimitExceededError(
                    "item_size", allowed, f"more than {allowed} characters of one item"
                )
            return len(text)
        self._read_again()
        if verdict is Root.PROSE:
            self._state = self._seeking
            return 1
        self._root_found = True
        if verdict is Root.ITEM:
            self._list_path = ()
            self.open_ended = True
            self._begin_element(0, _Origin.ROOT, 0)
            return 0
        self.open_ended = False
        self._router = Router(self._path, takes_objects="object" in self._shape.kinds)
        self._reader = self._router.reader = SyntaxReader(
            self._router, limits=self._limits, position=self._root_position
        )
        self._state = self._navigating
        if verdict is Root.LIST:
            self._reader.feed("[")
            self._begin_list(candidate=False)
            return 1
        return 0

    def _end_root(self) -> None:
        self._finder.root_closed()
        self._state = self._seeking

    # -- navigating ----------------------------------------------------------------------

    def _navigating(self, pos: int) -> int:
        found, pos = self._router.feed(self._text, pos)
        if found is Found.ITEM:
            self._list_path = self._reader.path
            self._begin_element(pos - 1, _Origin.MEMBER, self._reader.depth - 1)
            return pos - 1
        if found is not None:
            self._begin_list(candidate=found is Found.CANDIDATE)
        elif self._reader.done:
            self._end_root()
        return pos

    # -- the list ------------------------------------------------------------------------

    def _begin_list(self, *, candidate: bool) -> None:
        self._list_path = self._reader.path
        self._elements = 0
        self._candidate = candidate
        self._expected = _FIRST
        if not candidate:
            self._list_found = True
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
        if self._expected is _SEPARATOR:
            if char == ",":
                self._expected = _NEXT
                return pos + 1
        elif char in KINDS:
            if self._candidate and not self._shape.may_begin(char):
                self._skip_decoy(Position(*self._place(pos)))
                return pos
            self._begin_element(pos, _Origin.LIST, self._reader.depth)
            return pos
        if char == "]" and self._expected is not _NEXT:
            if self._candidate:
                self._empty_list_found = True
            else:
                self._router.list_read()
            self._leave_list(pos + 1)
            return pos + 1
        place = Position(*self._place(pos))
        raise JSONSyntaxError(
            f"expected {self._expected}, not {char!r}",
            offset=place.offset,
            line=place.line,
            column=place.column,
            path=(*self._list_path, self._elements) if self._expected is _NEXT else self._list_path,
        )

    def _leave_list(self, pos: int) -> None:
        self._reader.leave(Position(*self._place(pos)))
        if self._reader.done:
            self._end_root()
        else:
            self._state = self._navigating

    def _skip_decoy(self, position: Position) -> None:
        """The array whose first element is at `position` has nothing in common with the type."""
        self._reader.resume(position)
        self._router.skip_array()
        self._state = self._navigating

    # -- an element ----------------------------------------------------------------------

    def _begin_element(self, pos: int, origin: _Origin, depth: int) -> None:
        self._origin = origin
        self._depth = depth
        self._cutter.begin(self._place(pos), depth, self._text[pos])
        self._in_element = True
        self._state = self._element

    def _item_path(self) -> Path:
        if self._origin is _Origin.LIST:
            return (*self._list_path, self._elements)
        return self._list_path

    def _element(self, pos: int) -> int:
        cutter = self._cutter
        end = cutter.cut(self._text, pos)
        if end < 0:
            self._carry = cutter.carry
            return len(self._text)
        return self._end_element(end)

    def _next_in_list(self, pos: int) -> int:
        self._in_element = False
        self._candidate = False
        self._expected = _SEPARATOR
        self._state = self._list
        return pos

    def _end_element(self, end: int) -> int:
        cutter = self._cutter
        if self._origin is _Origin.LIST:
            if self._candidate and self._is_decoy(cutter.raw):
                self._in_element = False
                self._skip_decoy(Position(*cutter.start))
                self._reader.feed(cutter.raw)
                return end
            self._complete(cutter.raw, cutter.start)
            following = NEXT_OBJECT(self._text, end)
            if following is not None:
                # Nearly always: no need to go through the state "list".
                self._candidate = False
                cutter.begin(self._place(following.end()), self._depth, "{")
                return following.end()
            return self._next_in_list(end)
        self._in_element = False
        self._complete(cutter.raw, cutter.start)
        if self._origin is _Origin.ROOT:
            self._end_root()
        else:
            self._reader.leave(Position(*self._place(end)))
            self._state = self._navigating
        return end

    def _complete(self, raw: str, start: tuple[int, int, int]) -> None:
        self._list_found = True
        self.completed.append(self._item(raw, start))

    def _item(self, raw: str, start: tuple[int, int, int]) -> RawItem:
        limits = self._limits
        number = next(self._numbers)
        if number >= limits.item_count:
            raise LimitExceededError(
                "item_count", limits.item_count, f"more than {limits.item_count} items"
            )
        if len(raw) > limits.item_size:
            raise LimitExceededError(
                "item_size",
                limits.item_size,
                f"item {number} has more than {limits.item_size} characters",
            )
        path = self._list_path
        if self._origin is _Origin.LIST:
            path = (*path, self._elements)
            self._elements += 1
        return _raw_item((raw, number, path, start))

    def _is_decoy(self, raw: str) -> bool:
        return raw[0] == "{" and not self._shape.shares(
            member_names(raw, Position(*self._cutter.start), self._item_path(), self._limits)
        )
