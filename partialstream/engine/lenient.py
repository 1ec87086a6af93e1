r"""Reads text that is not valid JSON, but says what it means: `lenient=True`.

What is read is what models write that have seen more JavaScript and Python than JSON:

    {name: 'Lamp', "tags": ["a", "b",], /* in stock */ "sold": None}  // a comment

Each token is taken as it stands and written as JSON has it. Nothing is guessed: whatever may be
read in two ways (an apostrophe in a single-quoted string, a comma that is missing, a word without
quotes) is not read at all, and nothing is closed that the text does not close.

An example of why libraries for repair are not used here: json_repair 0.64 reads
`{'a': '\n'}` as `{"a": ""}`, `[1,,2]` as `[1, 2]`, and `{"a": "b" "c"}` as `{"a": "b"}`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    (?P<blank> [ \t\r\n]+ | //[^\r\n]*[\r\n] | \#[^\r\n]*[\r\n] | /\*.*?\*/ )
  | (?P<mark> [{}\[\]:,] )
  | (?P<string> "[^"\\]*(?:\\.[^"\\]*)*" | '[^'\\]*(?:\\.[^'\\]*)*' )
  | (?P<number> -?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)? (?![\w.$]) )
  | (?P<word> [A-Za-z_$][\w$]* )
    """,
    re.VERBOSE | re.DOTALL,
)

_WORDS: Final = {
    "null": "null",
    "true": "true",
    "false": "false",
    "None": "null",
    "True": "true",
    "False": "false",
}

_PAIRS: Final = {"}": "{", "]": "["}

_IN_QUOTES = re.compile(r"""\\.|["\x00-\x1f]""", re.DOTALL)
_ESCAPES: Final = frozenset('"\\/bfnrtu')


class Reread(NamedTuple):
    """What a text says."""

    json: str  # the same, as valid JSON
    end: int  # where it ends in the text


def reread(text: str, start: int = 0) -> Reread | None:
    """Read the object or array that begins at `start`; None if it cannot be read for certain.

    Example:
        >>> reread("{name: 'Lamp', 'sold': None,} and so on")
        Reread(json='{"name":"Lamp","sold":null}', end=29)
        >>> reread("{'name': 'it's'}") is None
        True
    """
    written: list[str] = []
    open_: list[str] = []
    end = start
    comma = False  # whether one waits, which may turn out to be a trailing one
    for kind, token, end in _tokens(text, start):
        last = written[-1] if written else ""
        if kind == "mark" and token == ",":
            # One that follows nothing may stand for a value that was left out.
            if comma or last in ("", "{", "[", ":"):
                return None
            comma = True
            continue
        if kind == "mark" and token in _PAIRS:
            if last == ":" or not open_ or open_.pop() != _PAIRS[token]:
                return None
            comma = False  # it was a trailing one
            written.append(token)
            if not open_:
                return Reread("".join(written), end)
            continue
        if comma:
            written.append(",")
            comma = False
        elif token != ":" and last not in ("", "{", "[", ":"):
            return None  # two values, and nothing between them
        written.append(token)
        if kind == "mark" and token != ":":
            open_.append(token)
        if not open_:
            return None
    return None


def _tokens(text: str, start: int) -> Iterator[tuple[str, str, int]]:
    """The tokens as JSON has them: kind, text, end. Stops where something cannot be read."""
    pos = start
    waiting: tuple[str, str, int] | None = None  # a word, which may be a name
    while True:
        match = _TOKEN.match(text, pos)
        if match is None:
            return
        pos = match.end()
        kind, token = match.lastgroup or "", match.group()
        if kind == "blank":
            continue
        if waiting is not None:
            _, word, end = waiting
            waiting = None
            if token == ":":
                yield "name", f'"{word}"', end
            elif word in _WORDS:
                yield "word", _WORDS[word], end
            else:
                return
        if kind == "word":
            waiting = kind, token, pos
            continue
        if kind == "string":
            string = _as_json(token)
            if string is None:
                return
            token = string
        yield kind, token, pos


def _as_json(quoted: str) -> str | None:
    """A string as JSON has it, None if it has escapes that JSON does not know."""
    unknown = False

    def rewritten(match: re.Match[str]) -> str:
        nonlocal unknown
        found = match.group()
        if found == "\\'":
            return "'"
        if found[0] == "\\":
            unknown = unknown or found[1] not in _ESCAPES
            return found
        return json.dumps(found)[1:-1]  # a quote, or a line break as it stands

    inside = _IN_QUOTES.sub(rewritten, quoted[1:-1])
    return None if unknown else f'"{inside}"'
