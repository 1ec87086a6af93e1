"""Finding a quote in a text: exact, else with whitespace collapsed, else ignoring case."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Final

from partialstream.results import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLANKS: Final = re.compile(r"\s+")
_LONG_BLANKS: Final = re.compile(r"\s{2,}")

_TRIES: Final = 32
"""Matches inside of folded characters after which all matches are searched in linear time."""


class _Normalized:
    """A normalized text, and where each of its characters comes from.

    Between two places where the normalization has changed the length, offsets differ by a constant.

    Args:
        text: The normalized text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = array("Q", [0])  # of the parts, in the normalized text
        self._sources = array("Q", [0])  # and in the source

    def add(self, start: int, source: int) -> None:
        """From `start` on, the text is that of the source from `source` on."""
        self._starts.append(start)
        self._sources.append(source)

    def find(self, quote: str, start: int = 0) -> tuple[int, int] | None:
        """Find a quote normalized in the same way; gives its start and end in the source.

        Args:
            quote: The quote.
            start: Where in the normalized text the search begins.
        """
        start = self.text.find(quote, start)
        for _ in range(_TRIES):
            if start < 0:
                return None
            if self._is_boundary(start) and self._is_boundary(start + len(quote)):
                return self.source_of(start, start + len(quote))
            start = self.text.find(quote, start + 1)
        if start >= 0:
            for place in _occurrences(quote, self.text, start):
                if self._is_boundary(place) and self._is_boundary(place + len(quote)):
                    return self.source_of(place, place + len(quote))
        return None

    def source_of(self, start: int, end: int) -> tuple[int, int]:
        """The part of the source that a part of the text comes from; neither is empty."""
        last, bound = self._source(end - 1)
        return self._source(start)[0], min(last + 1, bound)

    def _is_boundary(self, offset: int) -> bool:
        """Whether an offset is between two characters of the source.

        Case folding turns some characters into several: `ß` into `ss`.
        """
        source, bound = self._source(offset)
        return source < bound

    def _source(self, offset: int) -> tuple[int, int]:
        """Where a character comes from, and where in the source the next part begins.

        The first is not less than the second for a character that case folding has added.
        """
        part = bisect_right(self._starts, offset) - 1
        source = self._sources[part] + offset - self._starts[part]
        following = part + 1
        return source, self._sources[following] if following < len(self._sources) else source + 1


class SourceText:
    r"""A text to find quotes in.

    The normalized texts (whitespace collapsed, case folded) are computed once, when the first
    quote that is not found as it is needs them. Nothing else is normalized: curly quotation marks,
    soft hyphens, composed and decomposed letters match themselves only.

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
        folded = self._folded.find(collapsed.casefold())
        if folded is None:
            return None
        # What matches without folding case matches with it, too: there is none before this one.
        found = self._collapsed.find(collapsed, folded[0])
        if found is not None:
            return Span(*found, "blanks")
        return Span(*self._collapsed.source_of(*folded), "case")

    @cached_property
    def _collapsed(self) -> _Normalized:
        normalized = _Normalized(_BLANKS.sub(" ", self.text))
        removed = 0
        for blanks in _LONG_BLANKS.finditer(self.text):
            removed += len(blanks[0]) - 1
            normalized.add(blanks.end() - removed, blanks.end())
        return normalized

    @cached_property
    def _folded(self) -> _Normalized:
        """The collapsed text with case folded; its offsets are those of the collapsed text."""
        text = self._collapsed.text
        folded = text.casefold()
        normalized = _Normalized(folded)
        if len(folded) > len(text):  # no character is folded to none
            longer = "".join(each for each in set(text) if len(each.casefold()) > 1)
            added = 0
            for character in re.finditer(f"[{re.escape(longer)}]", text):
                added += len(character[0].casefold()) - 1
                normalized.add(character.end() + added, character.end())
        return normalized


def _occurrences(quote: str, text: str, start: int) -> Iterator[int]:
    """All places of a quote from `start` on, also where they overlap (Knuth, Morris, Pratt).

    It takes time linear in the length of the text, whatever repeats in it.
    """
    borders = [0] * len(quote)
    length = 0
    for index in range(1, len(quote)):
        while length and quote[index] != quote[length]:
            length = borders[length - 1]
        length += quote[index] == quote[length]
        borders[index] = length
    length = 0
    for index in range(start, len(text)):
        while length and text[index] != quote[length]:
            length = borders[length - 1]
        length += text[index] == quote[length]
        if length == len(quote):
            yield index + 1 - length
            length = borders[length - 1]
