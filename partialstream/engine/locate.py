r"""Finds where in a model's answer the JSON begins.

A model may think aloud, greet, explain and fence before it comes to the point:

    start ── blanks, BOM, ``` fence ──> start
    start ── "{" or "[", or a scalar where that may be it ──> a document: whatever is wrong
             in it is malformed
    start ── <think> ──> thinking ── </think> ──> start
    start ── anything else ──> prose
    prose ── "{" or "[" ──> a guess: if it fails, it was prose
    prose ── </think>, its opening tag missing ──> start

Behind a document it is the start again, so that documents in a row are all read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from partialstream.engine.tokens import run_of

if TYPE_CHECKING:
    from collections.abc import Collection

START: Final = "start"
THINKING: Final = "thinking"
PROSE: Final = "prose"

_LEAD = run_of("[ \t\n\r\ufeff]*")
# Bounded, so that what has to be kept of a fence that is cut is bounded too.
_FENCE = re.compile(r"`{3,16}[\w+-]{0,32}")
_CUT_FENCE = re.compile(r"`{1,2}|`{3,16}[\w+-]{0,32}")
_OPENING_TAG = re.compile(r"<(?:think|thinking)>", re.IGNORECASE)
_CLOSING_TAG = re.compile(r"</(?:think|thinking)>", re.IGNORECASE)
_TAGS = ("<think>", "<thinking>", "</think>", "</thinking>")
_PROSE_STOP = re.compile(r"[\[{<]")


class RootFinder:
    """Walks over what is not JSON.

    Args:
        openers: The characters that a document may begin with; `{` and `[` are always among
            them, and in prose only they are.

    Attributes:
        guessing: Whether a root found now would be a guess.
        blank: Whether there was nothing but blanks until now.
        after_root: Whether a document has been read and only blanks followed, so that a closing
            bracket would be one too many.
    """

    __slots__ = ("_openers", "_state", "after_root", "blank")

    def __init__(self, openers: Collection[str] = ()) -> None:
        self._openers = frozenset("{[").union(openers)
        self._state = START
        self.blank = True
        self.after_root = False

    @property
    def guessing(self) -> bool:
        """Whether a root found now would be a guess."""
        return self._state is PROSE

    def root_closed(self) -> None:
        """A document has been read to its end.

        If it stands in prose, a bracket behind it is prose too.
        """
        self.after_root = not self.guessing
        self._state = START

    def find(self, text: str, pos: int) -> tuple[bool, int]:
        """Look for the character that opens a root.

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
                continue
            if self._state is START:
                pos = _LEAD(text, pos).end()
                if pos == size:
                    return False, size
                self.blank = False
                char = text[pos]
                if char in self._openers:
                    return True, pos
                if char == "`":
                    fence = _FENCE.match(text, pos)
                    if fence is not None and fence.end() < size:
                        pos = fence.end()
                        self.after_root = False
                        continue
                    if _CUT_FENCE.fullmatch(text, pos):
                        return False, pos
            else:
                stop = _PROSE_STOP.search(text, pos)
                if stop is None:
                    return False, size
                pos = stop.start()
                char = text[pos]
                if char != "<":
                    return True, pos
            if char == "<":
                behind = self._tag(text, pos)
                if behind is None:
                    return False, pos
                if behind > pos:
                    pos = behind
                    continue
            elif self.after_root and (char == "}" or char == "]"):
                return True, pos
            self._state = PROSE
            self.after_root = False
            pos += 1
        return False, size

    def _tag(self, text: str, pos: int) -> int | None:
        """The place behind the tag at `pos`; `pos` if there is none; None if it is cut."""
        opening = _OPENING_TAG.match(text, pos)
        if opening is not None:
            self._state = THINKING
            self.after_root = False
            return opening.end()
        closing = _CLOSING_TAG.match(text, pos)
        if closing is not None:
            self._state = START
            self.after_root = False
            return closing.end()
        return None if _cut_tag(text, pos) == pos else pos


def _cut_tag(text: str, pos: int) -> int:
    """Where, from `pos` on, a tag begins that the end of the text cuts; else its length."""
    start = text.rfind("<", max(pos, len(text) - len("</thinking>") + 1))
    if start >= 0 and any(tag.startswith(text[start:].lower()) for tag in _TAGS):
        return start
    return len(text)
