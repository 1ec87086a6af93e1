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
    from partialstream.engine.raw_item import Numbering, RawItem
    from partialstream.limits import Limits

COUNTED: Final = 2048
"""Characters up to the next `}`, above which a scan takes over: it need not look at the
beginning of a long string again and again."""

_NEXT_OBJECT: Final = re.compile(r"[ \t\n\r]*,[ \t\n\r]*(?=\{)").match
"""From behind an element to the next, if that is an object."""


_UNCERTAIN: Final = "\\{[,: \t\n\r"
"""A quote behind one of these may open a string, or be escaped. Behind anything else it closes
a string: in JSON one opens behind these only, and what is no JSON will not be taken for it."""

UNCLEAR: Final = -1
"""The text ends inside a string."""


def opening_braces(text: str, start: int, end: int) -> int:
    r"""How many `{` stand outside strings, in text that begins outside strings.

    Mostly it is enough to look at the last quote before a brace: see `_UNCERTAIN`.

    Returns:
        `UNCLEAR` if the text ends inside a string.

    Example:
        >>> opening_braces('{"a": "{", "b": {"c": 1', 0, 23)
        2
        >>> opening_braces('{"a', 0, 3)
        -1
    """
    opened = 0
    brace = text.find("{", start, end)
    while brace >= 0:
        quote = text.rfind('"', start, brace)
        if quote >= 0 and text[quote - 1] in _UNCERTAIN:
            return _counted_braces(text[start:end])
        opened += 1
        brace = text.find("{", brace + 1, end)
    quote = text.rfind('"', start, end)
    if quote >= 0 and text[quote - 1] in _UNCERTAIN:
        return _counted_braces(text[start:end])
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

    Attributes:
        open: Whether an object is under way, and not what stands between two of them.
        start: Where that object begins, as `Position` has it.
        parts: What was read of that object.
        place: Where the text begins that was not read, as `Position` has it.
        lost: Whether the scanner has to go on, behind `parts`.
    """

    __slots__ = (
        "_blanks_allowed",
        "_counted",
        "_counts_brackets",
        "_depth",
        "_levels",
        "_limits",
        "_numbering",
        "_seen",
        "lost",
        "open",
        "parts",
        "place",
        "start",
    )

    def __init__(self, limits: Limits, numbering: Numbering) -> None:
        self._limits = limits
        self._numbering = numbering
        # Blanks are not counted here: what is counted must be too short for too many.
        self._blanks_allowed = limits.whitespace_run
        self._counted = min(COUNTED, limits.whitespace_run)
        # pydantic's own parser counts all brackets, and does not go deeper than the default.
        self._counts_brackets = limits.depth < DEFAULT_LIMITS.depth
        self._levels = 0  # how many an object may have
        self._depth = 0  # braces that are open in `parts` and what was seen
        self.open = False
        self.start = (0, 1, 0)
        self.parts: list[str] = []
        self.place = (0, 1, 0)
        self._seen = 0  # characters that were counted, of those that were not read
        self.lost = False

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
        self.lost = False

    def read(self, text: str, completed: list[RawItem]) -> int:
        """Read on.

        Args:
            text: What follows, from `place`.
            completed: Takes the items that are complete.

        Returns:
            How much was read. The rest is to be given again, with what follows it.

        Raises:
            LimitExceededError: See `Limits`.
        """
        place = self.place
        begin = 0  # where the object begins in this text, or goes on
        if not self.open:
            following = _NEXT_OBJECT(text)
            if following is None or following.end() > self._blanks_allowed:
                self._between(text)
                return 0
            begin = following.end()
            self.open = True
            self.start = after(place, text, begin)
        depth = self._depth
        counted = self._counted
        pos = self._seen or begin
        end = text.find("}", pos)
        while end >= 0:
            opened = opening_braces(text, pos, end) if end - pos <= counted else UNCLEAR
            if opened < 0 or depth + opened > self._levels:
                self.lost = True
                break
            depth += opened - 1
            pos = end + 1
            if not depth:
                raw = text[begin:pos]
                if self.parts:
                    raw = "".join(self.parts) + raw
                    self.parts = []
                if self._counts_brackets:
                    self._check_depth(raw)
                completed.append(self._numbering.element(raw, self.start))
                following = _NEXT_OBJECT(text, pos)
                if following is None or following.end() - pos > self._blanks_allowed:
                    self._depth = self._seen = 0
                    self.open = False
                    self.place = after(place, text, pos)
                    if pos < len(text):
                        self._between(text[pos:])
                    return pos
                begin = pos = following.end()
                self.start = after(place, text, pos)
            end = text.find("}", pos)
        self._depth = depth
        if len(text) - begin > counted:
            if len(text) - pos > counted:
                self.lost = True
            if pos > begin:
                self.parts.append(text[begin:pos])
                begin = pos
        self._seen = pos - begin
        if self.parts:
            self.place = after(place, text, begin)
            self._check_size()
        elif begin:
            self.place = self.start
        return begin

    def _between(self, rest: str) -> None:
        """Behind an object stands `rest`, and no other object yet."""
        self.lost = rest.strip(BLANK) not in ("", ",") or len(rest) >= self._blanks_allowed

    def _check_size(self) -> None:
        allowed = self._limits.item_size
        if self.place[0] - self.start[0] > allowed:
            raise LimitExceededError(
                "item_size", allowed, f"an item has more than {allowed} characters"
            )

    def _check_depth(self, raw: str) -> None:
        if nesting(raw) > self._levels:
            allowed = self._limits.depth
            raise LimitExceededError("depth", allowed, f"more than {allowed} levels of nesting")
