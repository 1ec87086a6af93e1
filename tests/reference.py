"""A slow reader of JSON that knows what each prefix of a text shows: the oracle of the tests.

It shares nothing with the engine: it is recursive, goes character by character and is given
the text from its start each time. What stdlib `json` can answer, it asks `json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

HIDDEN: Final = object()
"""Nothing can be shown of the value."""

_BLANKS = " \t\n\r"
_HEX = "0123456789abcdefABCDEF"
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")

# All escapes, each character by the set it is from. RFC 8259, section 7; surrogates in pairs.
_ESCAPES = [
    *[("\\", char) for char in '"\\/bfnrt'],
    ("\\", "u", "".join(set(_HEX) - set("dD")), _HEX, _HEX, _HEX),
    ("\\", "u", "dD", "01234567", _HEX, _HEX),
    ("\\", "u", "dD", "89abAB", _HEX, _HEX, "\\", "u", "dD", "cdefCDEF", _HEX, _HEX),
]


@dataclass(frozen=True)
class Reading:
    """What a text is.

    Attributes:
        status: `complete`, `incomplete` or `malformed`.
        value: What shows of it; with `complete`, the value.
        end: With `complete`, the place behind it; with `malformed`, the wrong character.
        path: With `malformed`, the innermost value it stands in.
    """

    status: str
    value: Any = HIDDEN
    end: int = 0
    path: tuple[str | int, ...] = ()

    def place(self, text: str) -> tuple[int, int, int, tuple[str | int, ...]]:
        """Offset, line, column and path."""
        before = text[: self.end]
        return (
            self.end,
            before.count("\n") + 1,
            len(before) - (before.rfind("\n") + 1) + 1,
            self.path,
        )


class _Cut(Exception):
    """The text ends here."""

    def __init__(self, value: Any = HIDDEN) -> None:
        self.value = value


class _Malformed(Exception):
    def __init__(self, end: int, path: tuple[str | int, ...]) -> None:
        self.end = end
        self.path = path


def read(text: str) -> Reading:
    """Read a document, or the beginning of one. A number or word at its root ends with a blank."""
    try:
        value, end = _Reader(text).value(0, ())
    except _Cut as cut:
        return Reading("incomplete", cut.value)
    except _Malformed as malformed:
        return Reading("malformed", end=malformed.end, path=malformed.path)
    return Reading("complete", value, end)


def can_go_on(prefix: str) -> bool:
    """Whether the beginning of a number or word may become one."""
    return any(word.startswith(prefix) for word in _WORDS) or _is_number_beginning(prefix)


def _is_number_beginning(prefix: str) -> bool:
    if set(prefix) - set("0123456789+-.eE"):
        return False
    return any(_is_number(prefix + rest) for rest in ("", "0"))


def _is_number(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text

    def char(self, pos: int) -> str:
        if pos >= len(self.text):
            raise _Cut
        return self.text[pos]

    def skip(self, pos: int) -> int:
        while self.char(pos) in _BLANKS:
            pos += 1
        return pos

    def value(self, pos: int, path: tuple[str | int, ...], closer: str = "") -> tuple[Any, int]:
        pos = self.skip(pos)
        char = self.char(pos)
        if char == "{":
            return self.object(pos + 1, path)
        if char == "[":
            return self.array(pos + 1, path)
        if char == '"':
            return self.string(pos + 1, path)
        if not can_go_on(char):
            # Where a bracket could close instead, the value has not begun.
            raise _Malformed(pos, path[:-1] if closer else path)
        return self.scalar(pos, path)

    def object(self, pos: int, path: tuple[str | int, ...]) -> tuple[Any, int]:
        members: dict[str, Any] = {}
        try:
            pos = self.skip(pos)
            if self.char(pos) == "}":
                return members, pos + 1
            while True:
                if self.char(pos) != '"':
                    raise _Malformed(pos, path)
                name, pos = self.name(pos + 1, path)
                pos = self.skip(pos)
                if self.char(pos) != ":":
                    raise _Malformed(pos, path)
                try:
                    members[name], pos = self.value(pos + 1, (*path, name))
                except _Cut as cut:
                    if cut.value is not HIDDEN:
                        members[name] = cut.value
                    raise
                pos = self.skip(pos)
                char = self.char(pos)
                if char == "}":
                    return members, pos + 1
                if char != ",":
                    raise _Malformed(pos, path)
                pos = self.skip(pos + 1)
        except _Cut:
            raise _Cut(members) from None

    def array(self, pos: int, path: tuple[str | int, ...]) -> tuple[Any, int]:
        elements: list[Any] = []
        closer = "]"
        try:
            pos = self.skip(pos)
            if self.char(pos) == "]":
                return elements, pos + 1
            while True:
                try:
                    element, pos = self.value(pos, (*path, len(elements)), closer)
                except _Cut as cut:
                    if cut.value is not HIDDEN:
                        elements.append(cut.value)
                    raise
                closer = ""
                elements.append(element)
                pos = self.skip(pos)
                char = self.char(pos)
                if char == "]":
                    return elements, pos + 1
                if char != ",":
                    raise _Malformed(pos, path)
                pos += 1
        except _Cut:
            raise _Cut(elements) from None

    def name(self, pos: int, path: tuple[str | int, ...]) -> tuple[str, int]:
        try:
            return self.string(pos, path)
        except _Cut:
            raise _Cut from None

    def string(self, pos: int, path: tuple[str | int, ...]) -> tuple[str, int]:
        content = ""
        try:
            while True:
                char = self.char(pos)
                if char == '"':
                    return content, pos + 1
                if char == "\\":
                    escape = self.escape(pos, path)
                    content += json.loads(f'"{escape}"')
                    pos += len(escape)
                elif char < " " or "\ud800" <= char <= "\udfff":
                    raise _Malformed(pos, path)
                else:
                    content += char
                    pos += 1
        except _Cut:
            raise _Cut(content) from None

    def escape(self, start: int, path: tuple[str | int, ...]) -> str:
        forms = _ESCAPES
        for length in range(12):
            char = self.char(start + length)
            forms = [form for form in forms if char in form[length]]
            if not forms:
                raise _Malformed(start, path)
            if any(len(form) == length + 1 for form in forms):
                return self.text[start : start + length + 1]
        raise AssertionError("no escape is longer")

    def scalar(self, pos: int, path: tuple[str | int, ...]) -> tuple[Any, int]:
        start = pos
        while True:
            token = self.text[start:pos]
            char = self.char(pos)
            if not can_go_on(token + char):
                break
            pos += 1
        if char not in ",]} \t\n\r" or not _is_number(token):
            raise _Malformed(pos, path)
        return json.loads(token), pos
