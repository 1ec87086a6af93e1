"""Finding a quote in a text: exact, else with whitespace collapsed, else ignoring case."""

from __future__ import annotations

import re
from array import array
from functools import cached_property
from typing import Final, NamedTuple

from partialstream.results import Span

_BLANKS: Final = re.compile(r"\s+")


class _Normal(NamedTuple):
    """A normalized text, and the offset in the source of each of its characters."""

    text: str
    offsets: array[int]

    def find(self, quote: str) -> tuple[int, int] | None:
        """Find a quote normalized in the same way; gives its start and end in the source."""
        offsets = self.offsets
        start = self.text.find(quote)
        while start >= 0:
            end = start + len(quote)
            # Case folding turns some characters into several (`ß` into `ss`); a match must not
            # begin or end inside one of them.
            begins = start == 0 or offsets[start - 1] != offsets[start]
            ends = end == len(offsets) or offsets[end - 1] != offsets[end]
            if begins and ends:
                return offsets[start], offsets[end - 1] + 1
            start = self.text.find(quote, start + 1)
        return None


class SourceText:
    r"""A text to find quotes in.

    The normalized texts (whitespace collapsed, case folded) are computed once, when the first
    quote that is not found as it is needs them.

    Args:
        text: The text.

    Example:
        >>> source = SourceText("Invoice\n  No. 7")
        >>> source.find("Invoice No. 7")
        Span(start=0, end=15, match='blanks')
        >>> source.find("Invoice 7") is None
        True
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def find(self, quote: str) -> Span | None:
        """The first match of the best kind; None if there is none, or if the quote is blank."""
        collapsed = _BLANKS.sub(" ", quote).strip()
        if not collapsed:
            return None
        start = self.text.find(quote)
        if start >= 0:
            return Span(start, start + len(quote), "exact")
        found = self._collapsed.find(collapsed)
        if found is not None:
            return Span(*found, "blanks")
        found = self._folded.find(collapsed.casefold())
        return None if found is None else Span(*found, "case")

    @cached_property
    def _collapsed(self) -> _Normal:
        pieces: list[str] = []
        offsets = array("l")
        done = 0
        for run in _BLANKS.finditer(self.text):
            pieces += (self.text[done : run.start()], " ")
            offsets.extend(range(done, run.start() + 1))
            done = run.end()
        pieces.append(self.text[done:])
        offsets.extend(range(done, len(self.text)))
        return _Normal("".join(pieces), offsets)

    @cached_property
    def _folded(self) -> _Normal:
        text, before = self._collapsed
        folded = text.casefold()
        if len(folded) == len(text) and folded.isascii():
            return _Normal(folded, before)
        pieces = [character.casefold() for character in text]
        offsets = array("l")
        for piece, offset in zip(pieces, before, strict=True):
            offsets.extend([offset] * len(piece))
        return _Normal("".join(pieces), offsets)
