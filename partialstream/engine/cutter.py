"""Cuts one element out of text that comes in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.engine.blanks import BlankRun
from partialstream.engine.element import Scan, nesting, scan_of
from partialstream.errors import LimitExceededError
from partialstream.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from partialstream.limits import Limits


class Cutter:
    """Collects the text of an element until it ends.

    Attributes:
        raw: The element's whole text, once `cut` has found its end.
        start: Where it begins, as `Position` has it.
        scan: What looks for its end.
        size: How many characters have been scanned.
    """

    __slots__ = (
        "_blanks",
        "_depth",
        "_limits",
        "_parts",
        "raw",
        "scan",
        "size",
        "start",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._blanks = BlankRun(limits.whitespace_run)
        self._depth = 0
        self.scan: Scan = scan_of("{", 0)
        self._parts: list[str] = []
        self.size = 0
        self.raw = ""
        self.start = (0, 1, 0)

    def begin(self, start: tuple[int, int, int], depth: int, opener: str) -> None:
        """An element begins with `opener` at `start`, `depth` levels deep in its document."""
        self.start = start
        self._depth = depth
        self.scan = scan_of(opener, self._limits.depth - depth)
        self._parts = []
        self.size = 0
        self._blanks.reset()

    @property
    def wake(self) -> str:
        """A character without which the element cannot end; `""` if it may end anywhere."""
        return self.scan.wake

    @property
    def tail(self) -> str:
        """The text of the unfinished element."""
        return "".join(self._parts)

    def cut(self, text: str, pos: int) -> int:
        """Go on with `text` from `pos`.

        Returns:
            The position behind the element, whose text is in `raw` then; -1 if it goes on.

        Raises:
            LimitExceededError: The element is too large or too deep, or is mostly blanks.
        """
        size = len(text)
        scan = self.scan
        blanks = self._blanks
        if not scan.in_string and (blanks.run or text[pos] in " \t\n\r"):
            blanks.leading(text, pos, size)
        end = scan.scan(text, pos)
        if end >= 0:
            self._parts.append(text[pos:end])
            self.raw = "".join(self._parts)
            self._check_depth(scan)
            return end
        self._parts.append(text[pos:] if pos else text)
        self.size += size - pos
        if self.size > self._limits.item_size:
            allowed = self._limits.item_size
            raise LimitExceededError(
                "item_size", allowed, f"an item has more than {allowed} characters"
            )
        if text[-1] in " \t\n\r" and not scan.in_string:
            blanks.trailing(text, pos, size)
        return -1

    def _check_depth(self, scan: Scan) -> None:
        # The scan counts brackets of one kind only. pydantic's own parser counts all, and does
        # not go deeper than the default limit.
        allowed = self._limits.depth
        if scan.too_deep or (
            allowed < DEFAULT_LIMITS.depth and self._depth + nesting(self.raw) > allowed
        ):
            raise LimitExceededError("depth", allowed, f"more than {allowed} levels of nesting")
