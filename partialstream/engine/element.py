"""Where a value ends, found without looking at every character.

A scan takes text in pieces and remembers what it has to, so that each character is looked at
once. It only balances brackets outside strings. Whether the text between them is JSON is
for the parser that gets the slice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from partialstream.engine.tokens import run_of
from partialstream.errors import LimitExceededError

if TYPE_CHECKING:
    from partialstream.limits import Limits

_STRING_INSIDE: Final = run_of(r'[^"\\]*(?:\\.[^"\\]*)*')
_TO_DELIMITER: Final = run_of(r"[^,\]} \t\n\r]*")
_TO_BRACKET: Final = run_of(r'[^"{}\[\]]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"{}\[\]]*)*')
"""Everything up to the next bracket outside strings; stops at a string that is cut."""

_NEXT_OBJECT: Final = re.compile(r"[ \t\n\r]*,[ \t\n\r]*(?=\{)").match

CARRIED: Final = 2048
"""Characters of an element that are kept unread, hoping that its end shows it to be flat."""

CLOSER_OF: Final = {"{": "}", "[": "]"}


OPEN: Final = -1
"""A flat object has no end yet."""

NOT_FLAT: Final = -2
"""An object's end cannot be told by counting."""

NO_OBJECT: Final = -3
"""No object begins here."""


def flat_object_end(text: str, start: int, depth: int) -> int:
    r"""Where the object that opens at `start` ends, if that takes no scan to tell.

    That is so when it holds no other brace and its first `}` stands outside strings: the
    quotes before it come in pairs. A quote does not count if it is escaped, which is certain
    where no backslash is itself escaped. All of this is counting, at the speed of C.

    Args:
        text: A text that holds the object.
        start: Where it opens.
        depth: How many levels of arrays it may hold. Fewer brackets than that cannot be more.

    Returns:
        The offset behind the closing brace; `OPEN` if there is none; `NOT_FLAT` for "scan it".

    Example:
        >>> flat_object_end('{"a": "x"}, {', 0, 10)
        10
        >>> flat_object_end('{"a": "}"}', 0, 10) == NOT_FLAT
        True
    """
    end = text.find("}", start)
    if end < 0:
        return OPEN
    if text.find("{", start + 1, end) >= 0:
        return NOT_FLAT
    if end - start > depth and text.count("[", start, end) > depth:
        return NOT_FLAT
    quotes = text.count('"', start, end)
    if text.find("\\", start, end) >= 0:
        if text.find("\\\\", start, end) >= 0:
            return NOT_FLAT
        quotes -= text.count('\\"', start, end)
    return NOT_FLAT if quotes % 2 else end + 1


def flat_objects(text: str, pos: int, depth: int) -> tuple[list[tuple[int, int]], int, int]:
    """Cut off all the flat objects in a row that are complete.

    Args:
        text: Elements of a list.
        pos: Where one begins.
        depth: See `flat_object_end`.

    Returns:
        Where each of them begins and ends; where the text goes on; and why it stopped there:
        `OPEN`, `NOT_FLAT`, or `NO_OBJECT` for something else than a comma and an object.

    Example:
        >>> flat_objects('{"a": 1}, {"a": 2}, {"a"', 0, 10)
        ([(0, 8), (10, 18)], 20, -1)
    """
    spans: list[tuple[int, int]] = []
    while True:
        end = flat_object_end(text, pos, depth)
        if end < 0:
            return spans, pos, end
        spans.append((pos, end))
        following = _NEXT_OBJECT(text, end)
        if following is None:
            return spans, end, NO_OBJECT
        pos = following.end()


class Scan(Protocol):
    """Finds the end of one value.

    Attributes:
        in_string: Whether the text scanned so far ends inside a string.
        wake: A character without which the value cannot end; `""` if it may end anywhere.
    """

    in_string: bool

    @property
    def wake(self) -> str:
        """A character without which the value cannot end; `""` if it may end anywhere."""
        ...

    def scan(self, text: str, pos: int) -> int:
        """Go on with `text` from `pos`.

        Returns:
            The position behind the value, or -1 if it goes on.
        """
        ...


def scan_of(opener: str, limits: Limits, depth: int) -> Scan:
    """The scan of a value that begins with `opener`, `depth` levels deep in its document."""
    if opener in CLOSER_OF:
        return BracketScan(opener, limits, depth)
    return StringScan() if opener == '"' else WordScan()


class WordScan:
    """Finds the end of a number, `true`, `false` or `null`: the delimiter behind it."""

    __slots__ = ("in_string",)
    wake = ""

    def __init__(self) -> None:
        self.in_string = False

    def scan(self, text: str, pos: int) -> int:
        """See `Scan`."""
        end = _TO_DELIMITER(text, pos).end()
        return end if end < len(text) else -1


class StringScan:
    """Finds the closing quote of a string."""

    __slots__ = ("_escaped", "in_string")
    wake = '"'

    def __init__(self) -> None:
        self._escaped = False
        self.in_string = False

    def scan(self, text: str, pos: int) -> int:
        """See `Scan`."""
        if not self.in_string:
            self.in_string = True
            pos += 1
        if self._escaped and pos < len(text):
            self._escaped = False
            pos += 1
        end = _STRING_INSIDE(text, pos).end()
        if end == len(text):
            return -1
        if text[end] == "\\":
            self._escaped = True
            return -1
        self.in_string = False
        return end + 1


class BracketScan:
    """Finds the end of an array or object."""

    __slots__ = ("_closer", "_closers", "_depth_limit", "_limits", "_string", "in_string")

    def __init__(self, opener: str, limits: Limits, depth: int) -> None:
        self._closer = CLOSER_OF[opener]
        self._closers: list[str] = []
        self._limits = limits
        self._depth_limit = limits.depth - depth
        self._string = StringScan()
        self.in_string = False

    @property
    def wake(self) -> str:
        """See `Scan`."""
        return '"' if self.in_string else self._closer

    def scan(self, text: str, pos: int) -> int:
        """See `Scan`. A bracket that does not fit ends the value too: it is malformed."""
        if self.in_string:
            pos = self._string.scan(text, pos)
            if pos < 0:
                return -1
            self.in_string = False
        size = len(text)
        closers = self._closers
        while True:
            pos = _TO_BRACKET(text, pos).end()
            if pos == size:
                return -1
            char = text[pos]
            if char == '"':
                self.in_string = True
                return self._string.scan(text, pos)
            pos += 1
            closer = CLOSER_OF.get(char)
            if closer is not None:
                if len(closers) >= self._depth_limit:
                    allowed = self._limits.depth
                    raise LimitExceededError(
                        "depth", allowed, f"more than {allowed} levels of nesting"
                    )
                closers.append(closer)
            elif closers.pop() != char or not closers:
                return pos
