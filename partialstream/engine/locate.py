r"""Finds where in a model's response the JSON may begin.

A model may think aloud, greet, explain and fence before it comes to the point:

    start ── blanks, BOM, ``` fence ──> start
    start ── "{" or "[", or a scalar where that may be it ──> a document: whatever is wrong
             in it is malformed
    start ── <think> ──> thinking ── </think> ──> start
    start ── anything else ──> prose
    prose ── "{" or "[" ──> a guess: if it fails, it was prose
    prose ── </think>, its opening tag missing; an opening fence ──> start
    next  ── as start, but a bracket is a guess, and a closing one may be malformed

`next` is the place directly after a document: documents in a row are all read, but a bracket
there may as well open a remark: `{"items": [...]}` and, in the next line, `[1] as of May`.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from partialstream.engine.tokens import run_of
from partialstream.quoting import LOOKED_AT, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

START: Final = "start"
NEXT: Final = "next"
THINKING: Final = "thinking"
PROSE: Final = "prose"


class Certainty(IntEnum):
    """How certain it is that a bracket opens a document, by what stands before it."""

    LATE_GUESS = 0
    """Prose, and before that a document: most brackets there are remarks."""
    GUESS = 1
    """Prose."""
    NEXT = 2
    """A document, and only blanks between."""
    CERTAIN = 3
    """The start of the text, an opening fence or a closed `<think>` block."""


_BRACKETS: Final = frozenset("{[")
_LEAD = run_of("[ \t\n\r\ufeff]*")
# Bounded, so that what has to be kept of a fence that is cut is bounded too.
_FENCE = re.compile(r"`{3,16}[\w+-]{0,32}")
_CUT_FENCE = re.compile(r"`{1,2}|`{3,16}[\w+-]{0,32}")
# In prose, a fence has a line of its own, and a language whose code may be JSON.
_FENCE_IN_PROSE = re.compile(r"`{3,16}(?:json\w{0,8}|ndjson|)[ \t]{0,8}\r?\n", re.IGNORECASE)
_CUT_FENCE_IN_PROSE = re.compile(
    r"`{1,2}|`{3,16}(?:n|nd|(?:nd)?j|(?:nd)?js|(?:nd)?jso|ndjson|json\w{0,8}|)[ \t]{0,8}\r?",
    re.IGNORECASE,
)
_BACKTICKS = re.compile("`{1,16}")
_SHORTEST_FENCE: Final = 3
_LONGEST_FENCE: Final = 16
_OPENING_TAG = re.compile(r"<(?:think|thinking)>", re.IGNORECASE)
_CLOSING_TAG = re.compile(r"</(?:think|thinking)>", re.IGNORECASE)
_TAGS = ("<think>", "<thinking>", "</think>", "</thinking>")
_PROSE_STOP = re.compile(r"[\[{<`]")


class RootFinder:
    """Walks over what is not JSON.

    Args:
        openers: The characters that a document may begin with; `{` and `[` are always among
            them, and in prose only they are.

    Attributes:
        adjacent: Whether nothing but blanks has come since a document.
        blank: Whether there was nothing but blanks until now.
        document_read: Whether a document has been read, wherever it stood.
        think_closed: Whether a `</think>` without its opening tag has come since the last
            document, or the start: all that stands before it was thought and not said.
    """

    __slots__ = (
        "_closer_is_malformed",
        "_in_fence",
        "_openers",
        "_state",
        "adjacent",
        "blank",
        "document_read",
        "think_closed",
    )

    def __init__(self, openers: Collection[str] = ()) -> None:
        self._openers = _BRACKETS.union(openers) if openers else _BRACKETS
        self._state = START
        self._closer_is_malformed = False
        self._in_fence = False
        self.adjacent = False
        self.blank = True
        self.document_read = False
        self.think_closed = False

    @property
    def certainty(self) -> Certainty:
        """How certain a root is that is found now."""
        if self._state is START:
            return Certainty.CERTAIN
        if self._state is NEXT:
            return Certainty.NEXT
        return Certainty.LATE_GUESS if self.document_read else Certainty.GUESS

    def root_closed(self, certainty: Certainty, *, found: bool) -> None:
        """A root has been read to its end.

        Args:
            certainty: How certain it was. If it stands in prose, a closing bracket behind it
                is prose too.
            found: Whether it held what is asked for.
        """
        self._closer_is_malformed = certainty >= Certainty.NEXT
        self._state = NEXT if self._closer_is_malformed else PROSE
        self.adjacent = True
        self.document_read = self.document_read or found
        self.think_closed = False

    def prose(self) -> None:
        """What was found is prose, and so is what follows."""
        self._state = PROSE
        self._closer_is_malformed = self.adjacent = False

    def find(self, text: str, pos: int) -> tuple[bool, int]:
        """Look for the character that opens a root, or closes one too many.

        Returns:
            True and its position, or False and the position up to which the text
            is done with. What is left (a tag or fence that is cut) must be given again, with
            what follows it.
        """
        size = len(text)
        while pos < size:
            if self._state is THINKING:
                closing = _CLOSING_TAG.search(text, pos)
                if closing is None:
                    return False, _cut_tag(text, pos)
                pos = closing.end()
                self._state = START
            elif self._state is PROSE:
                if self.adjacent:
                    pos = _LEAD(text, pos).end()
                    self.adjacent = text[pos : pos + 1] in ("", "[", "{")
                stop = _PROSE_STOP.search(text, pos)
                if stop is None:
                    return False, size
                pos = stop.start()
                char = text[pos]
                if char == "`":
                    after = self._fence_in_prose(text, pos)
                elif char == "<":
                    after = self._tag(text, pos)
                else:
                    return True, pos
                if after is None:
                    return False, pos
                pos = after
            else:
                pos = _LEAD(text, pos).end()
                if pos == size:
                    return False, size
                self.blank = False
                char = text[pos]
                if char in self._openers or (self._closer_is_malformed and char in "}]"):
                    return True, pos
                after = pos
                if char == "`":
                    after = self._fence(text, pos)
                elif char == "<":
                    after = self._tag(text, pos)
                if after is None:
                    return False, pos
                if after == pos:
                    self.prose()
                    continue
                pos = after
        return False, size

    def _tag(self, text: str, pos: int) -> int | None:
        """The place after the tag at `pos`, or after `<`; None if the end of the text cuts it."""
        opening = _OPENING_TAG.match(text, pos)
        if opening is not None:
            self._restart(THINKING)
            return opening.end()
        closing = _CLOSING_TAG.match(text, pos)
        if closing is not None:
            self._restart(START)
            self.think_closed = True
            return closing.end()
        if _cut_tag(text, pos) == pos:
            return None
        self.prose()
        return pos + 1

    def _restart(self, state: str) -> None:
        self._state = state
        self._in_fence = self._closer_is_malformed = self.adjacent = False

    def _fence(self, text: str, pos: int) -> int | None:
        """As `_tag`, for backticks where a document may begin; `pos` if they are no fence."""
        fence = _FENCE.match(text, pos)
        if fence is not None and fence.end() < len(text):
            closes = self._in_fence or (
                # Nobody has opened this one: a model that has left out the opening one.
                self._state is NEXT and text[fence.end() - 1] == "`"
            )
            self._in_fence = not closes
            if closes:
                self.prose()
            else:
                self._restart(START)
                self._in_fence = True
            return fence.end()
        return None if _CUT_FENCE.fullmatch(text, pos) else pos

    def _fence_in_prose(self, text: str, pos: int) -> int | None:
        """As `_tag`, for backticks in prose, which may be code in a line of it."""
        if not self._in_fence:
            fence = _FENCE_IN_PROSE.match(text, pos)
            if fence is not None:
                self._restart(START)
                self._in_fence = True
                return fence.end()
            if _CUT_FENCE_IN_PROSE.fullmatch(text, pos):
                return None
        ticks = _BACKTICKS.match(text, pos)
        after = pos if ticks is None else ticks.end()
        if after == len(text) and after - pos < _LONGEST_FENCE:
            return None
        if after - pos >= _SHORTEST_FENCE:
            self._in_fence = not self._in_fence
        return after


def _cut_tag(text: str, pos: int) -> int:
    """Where, from `pos` on, a tag begins that the end of the text cuts; else its length."""
    start = text.rfind("<", max(pos, len(text) - len("</thinking>") + 1))
    if start >= 0 and any(tag.startswith(text[start:].lower()) for tag in _TAGS):
        return start
    return len(text)


def beginning_of(pieces: Iterable[str]) -> str:
    """The first characters of a text, as messages quote them.

    Example:
        >>> beginning_of(["I am ", "sorry."]), len(beginning_of(["x" * 150] * 3))
        ('I am sorry.', 201)
    """
    text = ""
    for piece in pieces:
        text += piece[:LOOKED_AT]
        if len(text) >= LOOKED_AT:
            break
    return quote(text)
