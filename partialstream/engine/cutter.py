"""Cuts one element out of text that comes in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.engine.blanks import BlankRun
from partialstream.engine.element import CARRIED, CLOSER_OF, OPEN, Scan, flat_object_end, scan_of
from partialstream.errors import LimitExceededError

if TYPE_CHECKING:
    from partialstream.limits import Limits


class Cutter:
    """Collects the text of an element until it ends.

    Attributes:
        may_be_flat: Whether nothing of the element has been scanned, and it is an object.
        raw: The element's whole text, once `cut` has found its end.
        start: Where it begins, as `Position` has it.
        carry: The end of the last piece, if that is to be given again: the beginning of an
            element that may turn out to be flat, so that it need not be scanned.
    """

    __slots__ = (
        "_blanks",
        "_depth",
        "_limits",
        "_opener",
        "_parts",
        "_scan",
        "_size",
        "carry",
        "may_be_flat",
        "raw",
        "start",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._blanks = BlankRun(limits.whitespace_run)
        self._opener = ""
        self.may_be_flat = False
        self._depth = 0
        self._scan: Scan | None = None
        self._parts: list[str] = []
        self._size = 0
        self.raw = ""
        self.start = (0, 1, 0)
        self.carry = ""

    def begin(self, start: tuple[int, int, int], depth: int, opener: str) -> None:
        """An element begins with `opener` at `start`, `depth` levels deep in its document."""
        self.start = start
        self.carry = ""
        self.may_be_flat = opener == "{"
        self._opener = opener
        self._depth = depth
        if self._scan is not None:
            self._scan = None
            self._parts = []
            self._size = 0
        self._blanks.reset()

    @property
    def wake(self) -> str:
        """A character without which the element cannot end; `""` if it may end anywhere."""
        if self._scan is not None:
            return self._scan.wake
        return CLOSER_OF.get(self._opener, "")

    @property
    def tail(self) -> str:
        """The text of the unfinished element."""
        return "".join(self._parts) + self.carry

    def cut(self, text: str, pos: int) -> int:
        """Go on with `text` from `pos`.

        Returns:
            The position behind the element, whose text is in `raw` then; -1 if it goes on.

        Raises:
            LimitExceededError: The element is too large or too deep, or is mostly blanks.
        """
        size = len(text)
        if self.may_be_flat:
            end = flat_object_end(text, pos, self._limits.depth - self._depth - 1)
            if end == OPEN and size - pos <= CARRIED:
                self.carry = text[pos:]
                return -1
            if end > 0:
                self.raw = text[pos:end]
                return end
            self.may_be_flat = False
        self.carry = ""
        scan = self._scan
        if scan is None:
            scan = self._scan = scan_of(self._opener, self._limits, self._depth)
        if not scan.in_string:
            self._blanks.leading(text, pos, size)
        end = scan.scan(text, pos)
        if end >= 0:
            self._parts.append(text[pos:end])
            self.raw = "".join(self._parts)
            return end
        self._parts.append(text[pos:])
        self._size += size - pos
        self._check_size(self._size)
        if scan.in_string:
            self._blanks.reset()
        else:
            self._blanks.trailing(text, pos, size)
        return -1

    def _check_size(self, size: int) -> None:
        allowed = self._limits.item_size
        if size > allowed:
            raise LimitExceededError(
                "item_size", allowed, f"an item has more than {allowed} characters"
            )
