"""Where a value ends, found without looking at every character.

A scan takes text in pieces and remembers what it has to, so that each character is looked at
once. It only balances brackets outside strings. Whether the text between them is JSON is
for the parser that gets the slice.
"""

from __future__ import annotations

from typing import Final, Protocol

from partialstream.engine.tokens import Run, run_of

_STRING_INSIDE: Final = run_of(r'[^"\\]*(?:\\.[^"\\]*)*')
_TO_DELIMITER: Final = run_of(r"[^,\]} \t\n\r]*")
_TO_BRACKET: Final[dict[str, Run]] = {
    opener: run_of(rf'[^"{brackets}]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"{brackets}]*)*')
    for opener, brackets in (("{", "{}"), ("[", r"\[\]"), ("", r"{}\[\]"))
}
"""Everything up to the next bracket of a kind (`""`: of any) outside strings; stops at a string
that is cut."""

CLOSER_OF: Final = {"{": "}", "[": "]"}


class Scan(Protocol):
    """Finds the end of one value.

    Attributes:
        in_string: Whether the text scanned so far ends inside a string.
        too_deep: Whether the scan has stopped because more levels opened than allowed.
        wake: A character without which the value cannot end; `""` if it may end anywhere.
    """

    in_string: bool
    too_deep: bool

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


def scan_of(opener: str, depth: int) -> Scan:
    """The scan of a value that begins with `opener` and may be `depth` levels deep."""
    if opener in CLOSER_OF:
        return BracketScan(opener, depth)
    return StringScan() if opener == '"' else WordScan()


class WordScan:
    """Finds the end of a number, `true`, `false` or `null`: the delimiter behind it."""

    __slots__ = ("in_string", "too_deep")
    wake = ""

    def __init__(self) -> None:
        self.in_string = False
        self.too_deep = False

    def scan(self, text: str, pos: int) -> int:
        """See `Scan`."""
        end = _TO_DELIMITER(text, pos).end()
        return end if end < len(text) else -1


class StringScan:
    """Finds the closing quote of a string."""

    __slots__ = ("_escaped", "in_string", "too_deep")
    wake = '"'

    def __init__(self) -> None:
        self._escaped = False
        self.in_string = False
        self.too_deep = False

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
    """Finds the end of an array or object.

    Only brackets of the value's own kind are balanced: where those are, the others are too,
    or the value is malformed, which its parser will find.
    """

    __slots__ = (
        "_allowed",
        "_closer",
        "_depth",
        "_in_long_string",
        "_opener",
        "_string",
        "in_string",
        "too_deep",
    )

    def __init__(self, opener: str, allowed: int) -> None:
        self._allowed = allowed
        self._opener = opener
        self._closer = CLOSER_OF[opener]
        self._depth = 0
        self._string = StringScan()
        self._in_long_string = False
        self.in_string = False
        self.too_deep = False

    @property
    def wake(self) -> str:
        """See `Scan`. In a long string, brackets are not worth a look."""
        return '"' if self._in_long_string else self._closer

    def scan(self, text: str, pos: int) -> int:
        """See `Scan`."""
        if self.in_string:
            pos = self._string.scan(text, pos)
            self._in_long_string = pos < 0
            if pos < 0:
                return -1
            self.in_string = False
        size = len(text)
        opener = self._opener
        to_bracket = _TO_BRACKET[opener]
        depth = self._depth
        while True:
            pos = to_bracket(text, pos).end()
            if pos == size:
                self._depth = depth
                return -1
            char = text[pos]
            if char == '"':
                self.in_string = True
                self._depth = depth
                return self._string.scan(text, pos)
            pos += 1
            if char == opener:
                depth += 1
                if depth > self._allowed:
                    self.too_deep = True
                    return pos
            else:
                depth -= 1
                if not depth:
                    return pos


def nesting(text: str) -> int:
    """How many brackets are open at once in a complete value, at most.

    Example:
        >>> nesting('{"a": [[1], "["]}')
        3
    """
    deepest = depth = pos = 0
    to_bracket = _TO_BRACKET[""]
    while True:
        pos = to_bracket(text, pos).end()
        if pos == len(text):
            return deepest
        if text[pos] in CLOSER_OF:
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
        pos += 1
