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

from partialstream.limits import Limits, exceeded

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


class Scalar:
    """A number or word under way.

    Args:
        char: Its first character.

    Example:
        >>> scalar = Scalar("1")
        >>> scalar.read("2.5e+3]", 0, allow_nan=True), scalar.is_complete, scalar.raw
        (6, True, '12.5e+3')
        >>> scalar.fault("x", at_root=True)
        "unexpected 'x' in a number"
    """

    __slots__ = ("_pieces", "_state", "_word")

    def __init__(self, char: str) -> None:
        self._pieces = [char]
        self._word = LITERALS.get(char, "")
        self._state = {"-": "minus", "0": "zero"}.get(char, "integer")

    @property
    def raw(self) -> str:
        """Its text so far."""
        return "".join(self._pieces)

    @property
    def is_complete(self) -> bool:
        """Whether it may end here."""
        return self.raw == self._word if self._word else self._state in NUMBER_ENDS

    def read(self, text: str, pos: int, *, allow_nan: bool) -> int:
        """Read on from `pos`; gives the place where it does not go on."""
        start = pos
        if not self._word:
            pos = self._read_number(text, pos)
            if self._state == "minus" and allow_nan and text[pos : pos + 1] == "I":
                self._word = LITERALS["-I"]
        if self._word:
            seen = sum(map(len, self._pieces))
            rest = self._word[seen : seen + len(text) - pos]
            for expected in rest:
                if text[pos] != expected:
                    break
                pos += 1
        self._pieces.append(text[start:pos])
        return pos

    def _read_number(self, text: str, pos: int) -> int:
        while pos < len(text):
            char = text[pos]
            steps = NUMBER[self._state]
            following = steps.get(char) or (steps.get("0-9") if "0" <= char <= "9" else None)
            if following is None:
                break
            self._state = following
            pos += 1
            if steps.get("0-9") == following:
                pos = DIGITS(text, pos).end()
        return pos

    def fault(self, char: str, *, at_root: bool) -> str:
        """Why `char` cannot follow what was read, `""` if it can."""
        if not self._word:
            allowed = self.is_complete and char in ",]} \t\n\r"
            return "" if allowed else f"unexpected {char!r} in a number"
        if not self.is_complete:
            return f"expected {self._word!r}"
        if char in "]}, \t\n\r" or (at_root and not (char.isalnum() or char in "_-+")):
            return ""
        return f"unexpected {char!r} after {self._word!r}"


class BlankRun:
    """Counts blanks in a row, outside strings, over pieces of text."""

    __slots__ = ("_limits", "_run")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._run = 0

    def read(self, text: str, start: int, end: int) -> None:
        """`text[start:end]` follows, and has no strings."""
        allowed = self._limits.whitespace_run
        leading = min(BLANKS(text, start).end(), end) - start
        self._run += leading
        longest = self._run
        if leading < end - start:
            if end - start > allowed:
                runs = _BLANK_RUNS(text, start, end)
                longest = max([longest, *(run.end() - run.start() for run in runs)])
            self._run = end - start - len(text[start:end].rstrip(BLANK))
        if max(longest, self._run) > allowed:
            raise exceeded(self._limits, "whitespace_run")

    def reset(self) -> None:
        """Something else than blanks was read."""
        self._run = 0
