"""Objects in a row, by far the most common list, cut out by counting.

The scanner hands over where a list of objects begins, and takes back what counting cannot
tell: braces inside strings, long strings, the end of the list, anything that is no object.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from partialstream.engine.blanks import BLANK
from partialstream.engine.element import nesting
from partialstream.engine.position import Place, after
from partialstream.errors import LimitExceededError
from partialstream.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from partialstream.engine.kept_text import KeptText
    from partialstream.engine.raw_item import Numbering, RawItem
    from partialstream.limits import Limits

AT_ONCE: Final = 16 * 1024
"""Characters of one look, at most: what was not read is copied, maybe for each item."""

_SHORT: Final = 64
"""Characters behind an object that may wait to be read if they do not end another one."""

COUNTED: Final = 2048
"""Characters up to the next `}`, above which a scan takes over: it need not look at the
beginning of a long string again and again."""

_NEXT_OBJECT: Final = re.compile(r"[ \t\n\r]*,[ \t\n\r]*(?=\{)").match
"""From behind an element to the next, if that is an object."""


_NOTHING_YET: Final = frozenset({"", ",", ", "})
"""What may stand behind an object before it can be seen what follows, at the end of a text."""

_UNCERTAIN: Final = "\\{[,: \t\n\r"
"""A quote behind one of these may open a string, or be escaped. Behind anything else it closes
a string: in JSON one opens behind these only, and what is no JSON will not be taken for it."""

UNCLEAR: Final = -1
"""The text ends inside a string."""


def opening_braces(text: str) -> int:
    r"""How many `{` stand outside strings, in text that begins outside strings.

    Mostly it is enough to look at the last quote before a brace: see `_UNCERTAIN`.

    Returns:
        `UNCLEAR` if the text ends inside a string.

    Example:
        >>> opening_braces('{"a": "{", "b": {"c": 1')
        2
        >>> opening_braces('{"a')
        -1
    """
    opened = 0
    before = text
    while before:
        before, brace, behind = before.rpartition("{")
        if '"' in behind and behind.rpartition('"')[0][-1:] in _UNCERTAIN:
            return _counted_braces(text)
        if brace:
            opened += 1
    return opened


def _counted_braces(text: str) -> int:
    """As `opening_braces`: strings are every other part of the text split at its quotes."""
    if "\\" in text:
        text = text.replace("\\\\", "").replace('\\"', "")
    parts = text.split('"')
    return "".join(parts[::2]).count("{") if len(parts) % 2 else UNCLEAR


class ObjectRun:
    r"""Cuts objects out of a list, as long as that can be done by counting.

    Between two looks, nothing is scanned. At a look, the text before each `}` is counted: with
    an even number of quotes in it (escaped ones aside) the brace stands outside strings, and
    it closes an object; the `{` outside strings are those in every other part of the text
    split at its quotes. All of this runs at the speed of C.

    Args:
        limits: `depth`, `item_size` and `whitespace_run` are watched here.
        numbering: Numbers the items.
        pieces: The text that was not read; shared with the scanner.
        kept: Takes what was read.

    Attributes:
        open: Whether an object is under way, and not what stands between two of them.
        start: Where that object begins, as `Position` has it.
        parts: What was read of that object.
        place: Where the text begins that was not read, as `Position` has it.
        wake: A character without which no object can be completed; `""` if any may be the
            end of the run.
        lost: Whether the scanner has to go on, behind `parts`.
        completed: The items that were completed by a look that has raised then.
    """

    __slots__ = (
        "_blanks_allowed",
        "_counted",
        "_counts_brackets",
        "_depth",
        "_kept",
        "_levels",
        "_limits",
        "_numbering",
        "_rest_allowed",
        "_seen",
        "completed",
        "lost",
        "open",
        "parts",
        "pieces",
        "place",
        "start",
        "wake",
    )

    def __init__(
        self, limits: Limits, numbering: Numbering, pieces: list[str], kept: KeptText
    ) -> None:
        self._limits = limits
        self._numbering = numbering
        self._kept = kept
        # Blanks are not counted here: what is counted must be too short for too many.
        self._blanks_allowed = limits.whitespace_run
        self._rest_allowed = min(_SHORT, limits.whitespace_run)
        self._counted = min(COUNTED, limits.whitespace_run)
        # pydantic's own parser counts all brackets, and does not go deeper than the default.
        self._counts_brackets = limits.depth < DEFAULT_LIMITS.depth
        self._levels = 0  # how many an object may have
        self._depth = 0  # braces that are open in `parts` and what was seen
        self._seen = 0  # characters that were counted, of those that were not read
        self.pieces = pieces
        self.open = False
        self.start = (0, 1, 0)
        self.parts: list[str] = []
        self.place = (0, 1, 0)
        self.wake = ""
        self.lost = False
        self.completed: list[RawItem] = []

    def begin(self, place: Place, depth: int, *, opened: bool) -> None:
        """The text at `place`, `depth` levels deep, is for this run.

        Args:
            place: Where, as `Position` has it.
            depth: Levels around the list's elements.
            opened: Whether an object stands there, or what follows one.
        """
        self._levels = self._limits.depth - depth
        self._depth = 0
        self.place = self.start = place
        self.parts = []
        self._seen = 0
        self.open = opened
        self.wake = "}" if opened else ""
        self.lost = False

    def look(self, text: str) -> list[RawItem]:
        """Cut the objects out that are closed.

        Args:
            text: That of `pieces`; what was not read of it stays there.

        Raises:
            LimitExceededError: See `Limits`. All of the text counts as read then.
        """
        if not self.wake and text[:3] == ", {" and "}" not in text and len(text) <= _SHORT:
            # The next object has begun: that is all there is to know until it may end.
            self.wake = "}"
            self.pieces[:] = (text,)
            return []
        completed: list[RawItem] = []
        self.completed = completed
        self.pieces.clear()
        read = len(text)
        try:
            read = self._cut(text, completed)
        finally:
            if read:
                self._kept.add(text[:read])
        self.completed = []
        self.pieces.append(text[read:])
        self.wake = "}" if self.open else ""
        return completed

    def _cut(self, text: str, completed: list[RawItem]) -> int:
        """Cut the objects that are closed out of `text`; gives how much was read."""
        begin = 0  # where the object begins in this text, or goes on
        place = self.place
        if not self.open:
            # What nearly all write, at a third of the cost of the pattern.
            begin = 2 if text[:3] == ", {" else self._next_object(text, 0)
            if not begin:
                self._between(text)
                return 0
            self.open = True
            self.start = place = after(place, text[:begin], begin)
        depth = self._depth
        pos = self._seen or begin
        end = text.find("}", pos)
        while end >= 0:
            opened = opening_braces(text[pos:end]) if end - pos <= self._counted else UNCLEAR
            if opened < 0 or depth + opened > self._levels:
                self.lost = True
                break
            depth += opened - 1
            pos = end + 1
            if not depth:
                raw = text[begin:pos]
                if "\n" in raw:
                    place = after(place, raw, len(raw))
                else:
                    place = (place[0] + len(raw), place[1], place[2])
                if self.parts:
                    raw = "".join(self.parts) + raw
                    self.parts = []
                if self._counts_brackets:
                    self._check_depth(raw)
                completed.append(self._numbering.element(raw, self.start))
                following = text[pos : pos + 3]
                if following == ", {":
                    begin = pos + 2
                elif following in _NOTHING_YET or not (begin := self._next_object(text, pos)):
                    self._depth = self._seen = 0
                    self.open = False
                    self.place = place
                    if following not in _NOTHING_YET:
                        self._between(text[pos:])
                    return pos
                self.start = place = after(place, text[pos:begin], begin - pos)
                pos = begin
            end = text.find("}", pos)
        self._depth = depth
        if len(text) - begin > self._counted:
            if len(text) - pos > self._counted:
                self.lost = True
            if pos > begin:
                raw = text[begin:pos]
                place = after(place, raw, len(raw))
                self.parts.append(raw)
                begin = pos
                self._check_size(place)
        self.place = place
        self._seen = pos - begin
        return begin

    def _next_object(self, text: str, pos: int) -> int:
        """Where the next object begins behind an element, 0 if something else follows."""
        following = _NEXT_OBJECT(text, pos)
        if following is None or following.end() - pos > self._blanks_allowed:
            return 0
        return following.end()

    def _between(self, rest: str) -> None:
        """Behind an object stands `rest`, and no other object yet."""
        # A long rest would be looked at with each delta anew.
        self.lost = rest.strip(BLANK) not in ("", ",") or len(rest) >= self._rest_allowed

    def _check_size(self, place: Place) -> None:
        allowed = self._limits.item_size
        if place[0] - self.start[0] > allowed:
            raise LimitExceededError(
                "item_size", allowed, f"an item has more than {allowed} characters"
            )

    def _check_depth(self, raw: str) -> None:
        if nesting(raw) > self._levels:
            allowed = self._limits.depth
            raise LimitExceededError("depth", allowed, f"more than {allowed} levels of nesting")
