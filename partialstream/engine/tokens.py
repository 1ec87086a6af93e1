r"""The tokens of JSON (RFC 8259) as regular expressions, and the blanks between them.

Runs are taken in one match, so that no Python step is spent on a single character. None of
the patterns can backtrack: each alternative starts with a character that no other one takes.
(`(?:[^"\\]+|\\.)*`, the obvious pattern for a string's inside, is exponential on an open one.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final, cast

from partialstream.errors import LimitExceededError

Run = Callable[..., re.Match[str]]
"""The `match` of a pattern that matches the empty text too: it never gives None."""


def run_of(pattern: str) -> Run:
    """Compile a pattern that always matches."""
    return cast("Run", re.compile(pattern, re.DOTALL).match)


BLANK: Final = " \t\n\r"
"""What JSON takes for blank."""
BLANKS: Final = run_of(rf"[{BLANK}]*")
_BLANK_RUNS: Final = re.compile(rf"[{BLANK}]+").finditer
DIGITS: Final = run_of(r"[0-9]*")

PLAIN: Final = run_of(r'[^"\\\x00-\x1f\ud800-\udfff]*')
"""Characters of a string that stand for themselves. Surrogates do not: no text may hold them
but in pairs, and Python holds a pair as one character."""

_ESCAPE: Final = (
    r'\\(?:["\\/bfnrt]'
    r"|u(?:[0-9a-cefA-CEF][0-9a-fA-F]{3}"  # outside the surrogates: D is left out,
    r"|[dD][0-7][0-9a-fA-F]{2}"  # but for D000 to D7FF
    r"|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))"  # a pair
)
STRING_CONTENT: Final = run_of(
    rf'[^"\\\x00-\x1f\ud800-\udfff]*(?:{_ESCAPE}[^"\\\x00-\x1f\ud800-\udfff]*)*'
)
"""The part of a string that is certain: no escape is cut, no surrogate stands alone."""

CUT_ESCAPE: Final = re.compile(
    r"\\(?:u(?:[0-9a-cefA-CEF][0-9a-fA-F]{0,2}"
    r"|[dD](?:[0-7][0-9a-fA-F]?)?"
    r"|[dD][89abAB](?:[0-9a-fA-F]{0,2}|[0-9a-fA-F]{2}\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)"
    r")?)?"
)
"""An escape that may still become valid."""

LITERALS: Final = {
    "t": "true",
    "f": "false",
    "n": "null",
    "N": "NaN",
    "I": "Infinity",
    "-I": "-Infinity",
}
"""Words by their beginning. The last three are no JSON, but pydantic takes them for floats."""

NUMBER: Final[dict[str, dict[str, str]]] = {
    # state: {character: next state}; "0-9" stands for any digit that is not there itself. A
    # number may end in the states of NUMBER_ENDS only. RFC 8259, section 6: no leading zeros,
    # a digit on each side of the point and in the exponent.
    "minus": {"0": "zero", "0-9": "integer"},
    "zero": {".": "point", "e": "e", "E": "e"},
    "integer": {"0-9": "integer", ".": "point", "e": "e", "E": "e"},
    "point": {"0-9": "fraction"},
    "fraction": {"0-9": "fraction", "e": "e", "E": "e"},
    "e": {"+": "sign", "-": "sign", "0-9": "exponent"},
    "sign": {"0-9": "exponent"},
    "exponent": {"0-9": "exponent"},
}
NUMBER_ENDS: Final = frozenset({"zero", "integer", "fraction", "exponent"})


def decode(content: str) -> str:
    r"""The characters that the inside of a string stands for.

    Args:
        content: What `STRING_CONTENT` matched.

    Example:
        >>> decode(r"caf\u00e9")
        'café'
    """
    if "\\" not in content:
        return content
    return cast("str", json.loads(f'"{content}"'))


def read_number(text: str, pos: int, state: str) -> tuple[int, str]:
    """Read on in a number.

    Args:
        text: The text.
        pos: Where in it to begin.
        state: The state of `NUMBER` that the number is in.

    Returns:
        Where in the text the number does not go on, and its state there.

    Example:
        >>> read_number("12.5e+3]", 1, "integer")
        (7, 'exponent')
    """
    while pos < len(text):
        char = text[pos]
        steps = NUMBER[state]
        following = steps.get(char) or (steps.get("0-9") if "0" <= char <= "9" else None)
        if following is None:
            break
        state = following
        pos += 1
        if steps.get("0-9") == state:
            pos = DIGITS(text, pos).end()
    return pos, state


class BlankRun:
    """Counts blanks in a row, outside strings, over pieces of text.

    `leading` and `trailing` look at the two ends of a piece only: it must not be longer than
    the limit then.
    """

    __slots__ = ("_allowed", "run")

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self.run = 0

    def leading(self, text: str, start: int, end: int) -> None:
        """`text[start:end]` follows, and `start` stands outside strings."""
        if start < end and text[start] in BLANK:
            behind = min(BLANKS(text, start).end(), end)
            self.run += behind - start
            self._check(self.run)
            if behind == end:
                return
        if start < end:
            self.run = 0

    def trailing(self, text: str, start: int, end: int) -> None:
        """`text[start:end]`, told of by `leading` already, ends outside strings."""
        if self.run == 0 and start < end and text[end - 1] in BLANK:
            self.run = end - start - len(text[start:end].rstrip(BLANK))
            self._check(self.run)

    def both(self, text: str, start: int, end: int) -> None:
        """`text[start:end]` follows, of any length, and has no strings."""
        self.leading(text, start, end)
        if end - start > self._allowed:
            for run in _BLANK_RUNS(text, start, end):
                self._check(run.end() - run.start())
        self.trailing(text, start, end)

    def reset(self) -> None:
        """Something else than blanks was read."""
        self.run = 0

    def _check(self, run: int) -> None:
        if run > self._allowed:
            raise LimitExceededError(
                "whitespace_run", self._allowed, f"more than {self._allowed} blanks in a row"
            )
