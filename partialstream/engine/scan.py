# cython: annotation_typing=False, language_level=3, wraparound=False
"""Cuts the elements of a list out of text that comes in pieces.

An element is only balanced and cut, because its slice is parsed by pydantic anyway. Most deltas
can complete nothing: they are kept after one look for the character that is needed for it, and
read when that has come, joined.

Where the build finds a C compiler this file is compiled, with the types that `scan.pxd` adds;
elsewhere it is run as it stands. `COMPILED` tells which. Both do the same, but for `_leap`: the
regular expressions that stand in for the loop of `_inside`, which is slow unless compiled.
"""

from __future__ import annotations

import re
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from partialstream.engine.position import Place, RawItem
from partialstream.errors import PartialStreamError
from partialstream.limits import Limits, exceeded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from partialstream.results import Path

COMPILED: Final = not __file__.endswith(".py")
"""Whether this is the compiled one."""

_BATCH = 64
"""Deltas after which there is a look even if no item can be complete, for the limits."""

_ANY = "\0"
"""Stands for a character that is needed where any may complete something."""

END: Final = object()
"""Says that there are no more chunks."""

# The modes, in C numbers. Those up to `_SEPARATOR` are between elements.
_OUTSIDE = 0  # of the list: somebody else reads
_FIRST = 1  # a value, or the end of the list
_NEXT = 2  # a value
_SEPARATOR = 3  # a comma, or the end of the list
_INSIDE = 4  # an array or object, outside strings
_STRING = 5
_WORD = 6  # a number, `true`, `false` or `null`: it ends before its delimiter
_ENDED = 7

_WINDOW = 4096
"""Characters read at once: what a step copies of them, for each document maybe, is bounded."""

_EXPECTED: Final = ("", "a value or ']'", "a value", "',' or ']'")
_BLANKS: Final = " \t\n\r"
_TO_BRACKET: Final = cast(
    "Any",
    re.compile(r'[^"{}\[\]]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"{}\[\]]*)*', re.DOTALL).match,
)
"""Everything up to the next bracket outside strings; stops at a string that is cut."""

_new: Any = cast("Any", tuple).__new__
"""Makes a `RawItem` at half the cost of the named tuple's own constructor."""


class Scan:
    """The part of `ItemScanner` that is on the way of every delta.

    Args:
        limits: All but `idle_seconds` are watched here.
        numbers: Where the items' indexes come from; None: 0, 1, 2 …

    Attributes:
        pending: The text that was not read yet.
        completed: The items that are to be given out.
        closed: Whether reading has stopped after an element, which is in `raw`.
        raw: The text of that element.
        offset: Where the text begins that is read: for the caller to set.
        start: Where the element under way begins, or the last one, as `Position` has it.
        list_path: Where the list is.
        elements: How many elements it has had, decoys included.
    """

    def __init__(self, limits: Limits, numbers: Iterator[int] | None) -> None:
        self._limits = limits
        self._kept: list[str] = []
        self._keeping = True
        self._size = 0  # characters that were read
        self._watched = min(limits.text_kept, limits.total_size)
        self._numbers = count() if numbers is None else numbers
        self._blanks_allowed = limits.whitespace_run
        self._size_allowed = limits.item_size
        self._count_allowed = limits.item_count
        self.pending: list[str] = []
        self._needed = _ANY  # a character without which nothing can be completed
        self._closer = _ANY  # that which is needed after a quote, if that is a bracket
        self.completed: list[RawItem] = []
        self.list_path: Path = ()
        self.elements: int = 0
        self.offset = 0
        # The line up to where the text was read. Those in an element are counted at its end.
        self._line = 1
        self._line_start = 0
        self._blanks = 0  # in a row, up to here
        self._mode = _OUTSIDE
        # of the element under way
        self.start: Place = (0, 1, 0)
        self._levels = 0  # how many it may have
        self._braces = bytearray()  # for each open bracket whether it is a brace
        self._escaped = False  # whether the next character of the string is
        self._left_string = False
        self._begin = 0  # where it begins in the text, or goes on
        self._parts: list[str] = []  # what was read of it before
        self._held = 0  # characters of these
        self._alone = False  # whether reading stops after it
        self._in_doubt = False  # whether the list may be none: reading stops before an element
        self.closed = False
        self.raw = ""

    # -- deltas ----------------------------------------------------------------------------

    def feed(self, text: str) -> Sequence[RawItem]:
        """Take the next piece of text.

        Returns:
            The items whose last character is in it.

        Raises:
            JSONSyntaxError: The text cannot become valid JSON. Elements are not looked into.
            LimitExceededError: See `Limits`.
        """
        piece = text if type(text) is str else str.__str__(text)
        pending = self.pending
        pending.append(piece)
        needed = self._needed
        if needed in piece or needed == _ANY or len(pending) >= _BATCH:
            return self._look()
        return ()

    def pull(self, chunks: Iterator[Any]) -> tuple[Sequence[RawItem], object]:
        """Take chunks while they are text, until they complete items.

        Returns:
            The items and None; or none and the chunk that is no text, or empty, so that the
            caller can look at the clock; `END` for no chunk.

        Raises:
            JSONSyntaxError: As `feed`.
            LimitExceededError: As `feed`.
        """
        pending = self.pending
        while True:
            needed = self._needed
            # As many as may come before the next look.
            most = len(pending) + 1 if needed == _ANY else _BATCH
            for chunk in chunks if COMPILED else islice(chunks, most - len(pending)):
                if type(chunk) is not str or not chunk:
                    return (), chunk
                piece = chunk
                pending.append(piece)
                if needed in piece or (COMPILED and len(pending) == most):
                    break
            else:
                if len(pending) < most:
                    return (), END
            found = self._look()
            if found:
                return found, None

    def _look(self) -> Sequence[RawItem]:
        """Read what is pending; gives the items that it completes."""
        pending = self.pending
        size = len(pending)
        if self._closer != _ANY and size < _BATCH and self._closer not in pending[size - 1]:
            self._needed = self._closer  # the quote has come, but nothing that ends the element
            self._closer = _ANY
            return ()
        self.flush()
        if not self.completed:
            return ()
        return self.take_completed()

    def take_completed(self) -> list[RawItem]:
        """The items that are complete, also those before a failure. They are given once."""
        completed = self.completed
        self.completed = []
        return completed

    def flush(self) -> None:
        """Read what is pending."""
        pending = self.pending
        text = pending[0] if len(pending) == 1 else "".join(pending)
        pending.clear()
        size = len(text)
        self._size += size
        if self._keeping:
            self._kept.append(text)
        pos = 0
        # In what is known to be the list, nobody else is needed.
        if self._mode != _OUTSIDE and not self._in_doubt and size <= _WINDOW:
            pos = self.read(text, 0)
        if pos == size and not self.closed:
            self.offset += size
        else:
            self.advance(text, pos)
        if self._size > self._watched:
            self._check_size()

    def advance(self, text: str, pos: int) -> None:
        """Read `text` from `pos`: what is before has been read, and is no element."""
        raise NotImplementedError

    # -- what was received -----------------------------------------------------------------

    @property
    def size(self) -> int:
        """Characters received."""
        return self._size + sum(map(len, self.pending))

    @property
    def text(self) -> str:
        """All that was received.

        Raises:
            LimitExceededError: It was more than is kept.
        """
        if not self._keeping:
            raise exceeded(self._limits, "text_kept")
        return "".join(self._kept + self.pending)

    def _check_size(self) -> None:
        limits = self._limits
        if self._size > limits.text_kept:
            self._keeping = False
            self._kept.clear()
            self._watched = limits.total_size
        if self._size > limits.total_size:
            raise exceeded(limits, "total_size")

    # -- where elements are ----------------------------------------------------------------

    def place_of(self, pos: int) -> Place:
        """Where `pos` stands, at which reading has stopped."""
        return self.offset + pos, self._line, self._line_start

    @property
    def expected(self) -> str:
        """What may stand where reading has stopped, in words; `""` inside an element."""
        return _EXPECTED[self._mode] if self._mode <= _SEPARATOR else ""

    @property
    def tail(self) -> str:
        """The text of the element under way."""
        return "".join(self._parts)

    def begin_list(self, place: Place, path: Path, depth: int, *, in_doubt: bool) -> None:
        """A list begins, whose bracket has been read.

        Args:
            place: Where what follows stands.
            path: Where that is in the document.
            depth: Levels around the elements.
            in_doubt: Whether it may only look like the list: reading stops before an element.
        """
        self.list_path = path
        self.elements = 0
        self._go_to(place)
        self._levels = self._limits.depth - depth
        self._mode = _FIRST
        self._in_doubt = in_doubt

    def begin_element(
        self, place: Place, pos: int, opener: str, depth: int, *, in_doubt: bool
    ) -> None:
        """An element begins at `pos`, and reading stops after it. See `begin_list`."""
        self._go_to(place)
        self._in_doubt = in_doubt
        self._levels = self._limits.depth - depth
        self._alone = True
        self._open(opener, pos)

    def go_on(self) -> None:
        """The element that has ended was one of the list; what follows is read by itself."""
        self._mode = _SEPARATOR
        self._in_doubt = False
        self._needed = _ANY

    def leave(self) -> None:
        """Somebody else reads on."""
        self._mode = _OUTSIDE
        self._needed = _ANY

    def _go_to(self, place: Place) -> None:
        self._line = place[1]
        self._line_start = place[2]
        self._blanks = 0
        self._alone = self.closed = False

    def number(self, text: str, path: Path) -> RawItem:
        """Number an item that is complete, and which begins at `start`.

        Raises:
            LimitExceededError: It is one too many, or too large.
        """
        number = next(self._numbers)
        if number >= self._count_allowed:
            raise exceeded(self._limits, "item_count")
        if len(text) > self._size_allowed:
            raise exceeded(self._limits, "item_size", f"item {number}")
        item: RawItem = _new(RawItem, (text, number, path, self.start))
        return item

    # -- reading ---------------------------------------------------------------------------

    def read(self, text: str, pos: int) -> int:
        """Read elements of the list.

        Args:
            text: The text; what is before `pos` has been read.
            pos: Where to begin, in the text.

        Returns:
            The position of what is no part of an element, or that behind one if `closed`;
            else the length of the text.

        Raises:
            LimitExceededError: An element is too large or too deep, or there are too many
                blanks in a row.
        """
        size = len(text)
        if pos < 0 or pos > size:
            raise ValueError("pos must be a position in the text")
        in_string = self._mode == _STRING
        self._left_string = False
        self._closer = _ANY
        while pos < size:
            if self._mode <= _SEPARATOR:
                pos = self._between(text, pos, size)
                if self._mode <= _SEPARATOR and pos < size:
                    return pos
            elif self._mode == _INSIDE:
                # A text that is shorter than a run of blanks may be has no run that is too long
                # but together with the blanks before it.
                if COMPILED or size - pos > self._blanks_allowed:
                    pos = self._inside(text, pos, size)
                else:
                    pos = self._leap(text, pos, size)
            elif self._mode == _STRING:
                pos = self._string(text, pos, size)
            else:
                pos = self._word(text, pos, size)
            if self._mode == _ENDED:
                self._end(text, pos)
                if self.closed:
                    return pos
        if self._mode > _SEPARATOR:
            self._hold(text, size)
            # What ends an element is of no use in a string that goes on and on.
            if self._mode == _STRING and (in_string and not self._left_string):
                self._needed = '"'
                if self._braces:
                    self._closer = "}" if self._braces[0] else "]"
        else:
            self._needed = _ANY
        return size

    def _between(self, text: str, pos: int, size: int) -> int:
        """From the end of an element to the next, or to what is none."""
        if self._mode == _SEPARATOR and not self._blanks and text.startswith(", {", pos):
            # As nearly all write it.
            self._alone = False
            self._open("{", pos + 2)
            return pos + 2
        while pos < size:
            char = text[pos]
            if char in " \t\n\r":
                self._blank()
                pos += 1
                if char == "\n":
                    self._line += 1
                    self._line_start = self.offset + pos
                continue
            self._blanks = 0
            if self._mode == _SEPARATOR:
                if char != ",":
                    return pos
                self._mode = _NEXT
                pos += 1
            elif char in '{["-0123456789tfnNI' and not self._in_doubt:
                self._alone = False
                self._open(char, pos)
                return pos
            else:
                return pos
        return pos

    def _open(self, opener: str, pos: int) -> None:
        """An element begins; a bracket is read as the first of those inside."""
        self.start = (self.offset + pos, self._line, self._line_start)
        self._begin = pos
        self._braces.clear()
        if opener == "{":
            self._mode = _INSIDE
            self._needed = "}"
        elif opener == "[":
            self._mode = _INSIDE
            self._needed = "]"
        elif opener == '"':
            self._mode = _STRING
            self._escaped = True  # so that this quote does not end it
            self._needed = '"'
        else:
            self._mode = _WORD
            self._needed = _ANY

    def _blank(self) -> None:
        self._blanks += 1
        if self._blanks > self._blanks_allowed:
            raise exceeded(self._limits, "whitespace_run")

    def _inside(self, text: str, pos: int, size: int) -> int:
        """Read on outside strings, to the end of the element or of the text."""
        while pos < size:
            char = text[pos]
            pos += 1
            if char in " \t\n\r":
                self._blank()
                continue
            self._blanks = 0
            if char == '"':
                self._mode = _STRING
                pos = self._string(text, pos, size)
            elif char in "{}[]":
                self._bracket(char)
            if self._mode != _INSIDE:
                break
        return pos

    def _leap(self, text: str, pos: int, size: int) -> int:
        """As `_inside`, from bracket to bracket."""
        while text[pos] in _BLANKS:
            self._blank()
            pos += 1
            if pos == size:
                return pos
        self._blanks = 0
        braces = self._braces
        while True:
            pos = _TO_BRACKET(text, pos).end()
            if pos == size:
                if text[size - 1] in _BLANKS:
                    self._blanks = size - len(text.rstrip(_BLANKS))
                return pos
            char = text[pos]
            pos += 1
            if char == '"':
                self._mode = _STRING
                return self._string(text, pos, size)
            if char == "{" and len(braces) < self._levels:
                braces.append(True)
                continue
            self._bracket(char)
            if self._mode != _INSIDE:
                return pos

    def _bracket(self, char: str) -> None:
        """A bracket, outside strings. A wrong one ends the element too, which is not valid JSON."""
        braces = self._braces
        if char in "{[":
            if len(braces) >= self._levels:
                raise exceeded(self._limits, "depth")
            braces.append(char == "{")
        elif braces.pop() != (char == "}") or not braces:
            self._mode = _ENDED

    def _string(self, text: str, pos: int, size: int) -> int:
        """Read on inside a string, to its end or that of the text."""
        if self._escaped and pos < size:
            self._escaped = False
            pos += 1
        start = pos
        while True:
            end = text.find('"', pos)
            if end < 0:
                end = size
            back = end
            while back > start and text[back - 1] == "\\":
                back -= 1
            escaped = (end - back) % 2 == 1
            if end == size:
                self._escaped = escaped
                return size
            pos = end + 1
            if not escaped:
                self._left_string = True
                self._mode = _INSIDE if self._braces else _ENDED
                if self._braces:
                    self._needed = "}" if self._braces[0] else "]"
                return pos

    def _word(self, text: str, pos: int, size: int) -> int:
        while pos < size:
            if text[pos] in ",]} \t\n\r":
                self._mode = _ENDED
                break
            pos += 1
        return pos

    def _hold(self, text: str, size: int) -> None:
        """The element under way goes on behind the text."""
        part = text[self._begin :] if self._begin else text
        self._parts.append(part)
        self._held += len(part)
        self._begin = 0
        if self._held > self._size_allowed:
            raise exceeded(self._limits, "item_size", "an item")

    def _end(self, text: str, pos: int) -> None:
        """The element under way ends at `pos`."""
        raw = text[self._begin : pos]
        self._begin = 0
        if self._parts:
            self._parts.append(raw)
            raw = "".join(self._parts)
            self._parts.clear()
        self._held = 0
        if "\n" in raw:
            self._line += raw.count("\n")
            self._line_start = self.start[0] + raw.rindex("\n") + 1
        self._mode = _SEPARATOR
        # A number has no end of its own: what the wrong bracket follows may have been longer.
        if self._alone or (text[pos : pos + 1] == "}" and raw[0] not in '{["'):
            self.raw = raw
            self.closed = True
            return
        path = (*self.list_path, self.elements)
        self.elements += 1
        self.completed.append(self.number(raw, path))


class ItemFeed:
    """The part of `ItemParser` that is on the way of every delta.

    Args:
        scan: What reads the text.
    """

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._takes_text = True

    def feed(self, delta: str) -> list[Any]:
        """Take the next piece of text.

        Args:
            delta: Text of any length; may be empty.

        Returns:
            The items whose last character is in `delta`.

        Raises:
            JSONSyntaxError: The text cannot become valid JSON.
            OutputValidationError: An item does not validate, with `on_invalid="raise"`.
            LimitExceededError: See `Limits`.

        If the same delta also completed items before the failure, they are returned, and the
        next call raises. Once it has raised, the parser raises the same error again.
        """
        if not self._takes_text:
            self._refuse()
        try:
            raws = self._scan.feed(delta)
        except PartialStreamError as error:
            raws = self._completed_before(error)
        return self._accept(raws) if raws else []

    def _refuse(self) -> NoReturn:
        """Raise what a parser raises that takes no more text."""
        raise NotImplementedError

    def _completed_before(self, error: PartialStreamError) -> Sequence[RawItem]:
        """The items that the same text completed before `error`, or raise it."""
        raise NotImplementedError

    def _accept(self, raws: Sequence[RawItem]) -> list[Any]:
        """Validate items."""
        raise NotImplementedError
