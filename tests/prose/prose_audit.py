"""Whether chance has put something into prose that the rules leave open, or that is right.

Most random prose is plainly prose. Now and then its brackets and quotes join: `["` and a later
`", {` make a list that fits. Such texts are thrown away, so that each text has one reading. The
check reads with the standard library alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

_BLANKS = re.compile(r"[ \t\r\n]*")
_BRACKET = re.compile(r"[\[{]")


@dataclass(frozen=True)
class Wanted:
    """What fits: objects with one of these names, or scalars of this type."""

    names: frozenset[str] = frozenset()
    scalar: type | None = None

    def fits(self, value: Any) -> bool:
        """Whether a value is one that is asked for, by a first look."""
        if isinstance(value, dict):
            return not self.names.isdisjoint(value)
        kinds = (int, float) if self.scalar is int else (self.scalar,)
        return type(value) in kinds

    def within(self, value: Any) -> bool:
        """Whether a list in it, however deep, has an element that fits."""
        if isinstance(value, dict):
            return any(map(self.within, value.values()))
        if isinstance(value, list):
            return any(self.fits(element) or self.within(element) for element in value)
        return False


@dataclass
class Guess:
    """What a bracket in prose turns out to be.

    Attributes:
        state: `closed`, `failed`, or `open` where the text ends first.
        end: Offset behind its last character; or of the character that fails.
        names: Names at its own level, also those without a value.
        values: The values at its own level that are complete.
    """

    state: Literal["closed", "failed", "open"] = "open"
    end: int = 0
    names: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)


class _Stop(Exception):
    pass


class _Reader:
    def __init__(self, text: str, pos: int, *, strict: bool) -> None:
        self.text, self.pos, self.guess = text, pos, Guess()
        self._decoder = json.JSONDecoder(strict=strict)
        self._is_object = text[pos] == "{"

    def read(self) -> Guess:
        closer = "}" if self._is_object else "]"
        self.pos += 1
        try:
            if self._peek() == closer:
                self._close()
            while True:
                if self._is_object:
                    if self._peek() != '"':
                        self._fail(self.pos)
                    self.guess.names.append(self._value())
                    if self._peek() != ":":
                        self._fail(self.pos)
                    self.pos += 1
                self._peek()
                self.guess.values.append(self._value())
                if self._is_object:
                    self.guess.members.append(self.guess.names[-1])
                if self._peek() == closer:
                    self._close()
                if self._peek() != ",":
                    self._fail(self.pos)
                self.pos += 1
        except _Stop:
            return self.guess

    def _peek(self) -> str:
        match = _BLANKS.match(self.text, self.pos)
        assert match is not None
        self.pos = match.end()
        if self.pos == len(self.text):
            raise _Stop
        return self.text[self.pos]

    def _value(self) -> Any:
        try:
            value, self.pos = self._decoder.raw_decode(self.text, self.pos)
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated") or error.pos >= len(self.text):
                raise _Stop from None
            self._fail(error.pos)
        return value

    def _close(self) -> None:
        self.guess.state, self.guess.end = "closed", self.pos + 1
        raise _Stop

    def _fail(self, pos: int) -> None:
        self.guess.state, self.guess.end = "failed", pos
        raise _Stop


def settled(
    text: str,
    documents: list[tuple[int, int, int]],
    blocks: list[tuple[int, int]],
    wanted: Wanted,
) -> list[int] | None:
    """Read all brackets of the prose as a strict reader would.

    Args:
        text: Everything.
        documents: Start and end of each document, and how many characters have to arrive until
            something in it fits.
        blocks: Start and end of what is not read at all: thoughts, drafts in them.
        wanted: What is asked for.

    Returns:
        For each document how many characters have to arrive until every guess before it has
        failed; None if the text has more than one reading.
    """
    known: list[int] = [0] * len(documents)
    for strict in (True, False):  # whether a line may end within a string
        ends = _settled(text, documents, blocks, wanted, strict=strict)
        if ends is None:
            return None
        known = list(map(max, known, ends))
    return known


def _settled(
    text: str,
    documents: list[tuple[int, int, int]],
    blocks: list[tuple[int, int]],
    wanted: Wanted,
    *,
    strict: bool,
) -> list[int] | None:
    jumps = dict(blocks) | {start: end for start, end, _ in documents}
    stops = sorted(jumps)
    known = [0] * len(documents)
    pos = 0
    while True:
        bracket = _BRACKET.search(text, pos)
        if bracket is None:
            return known
        jump = next((stop for stop in stops if pos <= stop <= bracket.start()), None)
        if jump is not None:
            pos = jumps[jump]
            continue
        pos = bracket.start()
        guess = _Reader(text, pos, strict=strict).read()
        following = next((n for n, (start, _, _) in enumerate(documents) if start > pos), None)
        behind = bool(documents) and following is None
        if not _is_prose(guess, wanted, behind=behind):
            return None
        if guess.state == "closed":
            if any(pos < stop < guess.end for stop in stops):
                return None
            pos = guess.end
            continue
        if guess.state == "open" and not behind:
            return None
        if following is not None and guess.state == "failed":
            if guess.end + 1 > documents[following][2]:
                return None
            known[following] = max(known[following], guess.end + 1)
        pos += 1


def _is_prose(guess: Guess, wanted: Wanted, *, behind: bool) -> bool:
    if guess.state == "open" and (wanted.scalar is str or wanted.names & set(guess.names)):
        return False
    if not wanted.names.isdisjoint(guess.members):
        return False
    if behind and guess.state == "closed" and not guess.names:
        # Behind the document, a list of scalars in prose is prose whatever is asked for.
        return all(isinstance(v, int | str) for v in guess.values) or not wanted.within(
            guess.values
        )
    if guess.names:
        return not any(map(wanted.within, guess.values))
    return not wanted.within(guess.values)
