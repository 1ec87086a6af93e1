"""Where in a text the tokens stand that it was made of."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.deltas import Token

_WINDOW: Final = 64
"""Bytes in which the next tokens are looked for when one is not what stands in the text."""

_LOOKED_FOR: Final = 3
"""How many of the next tokens: one alone, a quote perhaps, would be found anywhere."""

_TOKENS_WAITING: Final = 1024
"""Tokens that wait for their text; a server that looks for stop words is a few tokens late."""

_TEXT_WAITING: Final = 64 * 1024
"""Bytes of text that wait for their tokens."""


class Alignment:
    r"""Finds the place of each token in one text, while both arrive.

    The tokens of a chunk spell its text, as a rule. Where they do not: a token may be a part
    of a character, or come before its text is whole; a token that is not in the text (the
    mark of the end, or a text that the provider has changed) is skipped, and with it the text
    up to where the next ones are found; so is text that came without tokens.

    Args:
        offset: Characters of the text before the first that is taken.
        keeps: Characters, from the end back, whose tokens are kept at least; None: all.

    Attributes:
        end: The offset after the text so far.

    Example:
        >>> from partialstream.deltas import Channel, Token
        >>> content = Channel("content")
        >>> alignment = Alignment()
        >>> alignment.take('{"a":12', [
        ...     Token(content, b'{"a', -0.5), Token(content, b'":1', -0.25),
        ...     Token(content, b'2', -0.25)])
        >>> alignment.logprob(5, 7), alignment.logprob(5, 8)
        (-0.5, None)
    """

    __slots__ = (
        "_before_open",
        "_begun",
        "_covered",
        "_done",
        "_ends",
        "_gap_ends",
        "_gap_starts",
        "_keeps",
        "_logprobs",
        "_reached",
        "_settled",
        "_starts",
        "_text",
        "_waiting",
        "end",
    )

    def __init__(self, offset: int = 0, *, keeps: int | None = None) -> None:
        self.end = offset
        self._keeps = keeps
        # What has its place, in the order of the text: a place is a range of characters, and
        # two tokens may be parts of one character.
        self._starts = array("q")
        self._ends = array("q")
        self._logprobs = array("d")
        # Where there are no tokens between those that have their places.
        self._gap_starts = array("q")
        self._gap_ends = array("q")
        self._covered = offset
        # What there was before the place of a token whose text is not whole; None: no such one.
        self._before_open: tuple[int, int, int] | None = None
        # What has not: the rest of the text in UTF-8, and tokens, each with the place in bytes
        # where the text begins that it came with.
        self._text = bytearray()
        self._waiting: deque[tuple[Token, int]] = deque()
        self._done = 0  # bytes before `_text`
        self._begun = offset  # characters that begin before it
        # What the last chunk has settled, by the ends, and how far that has been given.
        self._settled: deque[tuple[int, Token]] = deque()
        self._reached = offset

    def take(self, text: str, tokens: Sequence[Token]) -> None:
        """The text goes on.

        Args:
            text: The next piece of it; may be empty.
            tokens: The tokens that came with it, in order.
        """
        self._take_back_open()
        self._settled.clear()
        self._reached = self.end
        self.end += len(text)
        if self._keeps is not None and self._ends and self.end - self._ends[0] > 2 * self._keeps:
            self.release(self.end - self._keeps)
        data = text.encode("utf-8", "surrogatepass")
        if tokens and b"".join([token.data for token in tokens]) == data:
            while self._waiting and not self._may_wait_for(data):
                self._waiting.popleft()  # it is not in the text
            if not self._waiting:
                self._pass_over(len(self._text))
                self._forget(len(self._text))
                for token in tokens:
                    self._settle(token)
                self._done += len(data)
                return
        place = self._done + len(self._text)
        self._text += data
        self._waiting.extend((token, place) for token in tokens if token.data)
        self._match()
        while len(self._waiting) > _TOKENS_WAITING:
            self._waiting.popleft()
        excess = len(self._text) - _TEXT_WAITING
        if excess > 0:
            self._pass_over(excess)
            self._forget(excess)

    def release(self, offset: int) -> None:
        """Let go of the tokens of what is before `offset`."""
        self._take_back_open()
        count = bisect_right(self._ends, offset)
        for kept in (self._starts, self._ends, self._logprobs):
            del kept[:count]
        count = bisect_right(self._gap_ends, offset)
        for kept in (self._gap_starts, self._gap_ends):
            del kept[:count]

    def ending_in(self, size: int) -> tuple[Token, ...]:
        """Go through the text of the last call of `take`, and give the tokens that end there.

        Args:
            size: How many characters to go on.
        """
        self._reached += size
        settled = self._settled
        tokens: list[Token] = []
        while settled and settled[0][0] <= self._reached:
            tokens.append(settled.popleft()[1])
        return tuple(tokens)

    def touches(self, start: int, end: int) -> bool:
        """Whether a token holds any character of the text between two offsets."""
        first = bisect_right(self._ends, start)
        return first < len(self._ends) and self._starts[first] < end

    def logprob(self, start: int, end: int) -> float | None:
        """The logarithm of the joint probability of the tokens of a slice of the text.

        Args:
            start: The offset of its first character.
            end: The offset after its last one.

        Returns:
            None if there is a character in it without a token.
        """
        if not self._ends or start < self._starts[0] or end > self._ends[-1]:
            return None
        gap = bisect_right(self._gap_ends, start)
        if gap < len(self._gap_ends) and self._gap_starts[gap] < end:
            return None
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        return math.fsum(self._logprobs[first:last])

    # -- finding the places ----------------------------------------------------------------

    def _match(self) -> None:
        text = self._text
        waiting = self._waiting
        at = 0
        while waiting and at < len(text):
            token, place = waiting[0]
            data = token.data
            if text.startswith(data, at):
                self._settle(token)
                waiting.popleft()
                at += len(data)
            elif len(text) - at < len(data) and data.startswith(bytes(text[at:])):
                break  # the rest of its text is to come
            elif at < place - self._done:
                self._pass_over(place - self._done, at)
                at = place - self._done  # what is before came without tokens
            else:
                waiting.popleft()
                at = self._found_again(at)
        self._forget(at)
        if waiting and text:
            self._place_open()

    def _found_again(self, at: int) -> int:
        """Where the tokens go on that follow one that was skipped."""
        following = b"".join(token.data for token, _ in islice(self._waiting, _LOOKED_FOR))
        found = self._text.find(following, at, at + _WINDOW + len(following))
        if found <= at:
            return at
        self._pass_over(found, at)
        return found

    def _may_wait_for(self, data: bytes) -> bool:
        """Whether the first waiting token goes with the text so far and `data` after it."""
        text = bytes(self._text) + data
        first = self._waiting[0][0].data
        return text.startswith(first) or first.startswith(text)

    def _settle(self, token: Token) -> None:
        """A token begins where the text begins that has not been matched."""
        data = token.data
        if not data:
            return
        self._place(token, _characters(data))
        self._begun += _characters(data)
        self._settled.append((self._begun, token))

    def _place(self, token: Token, count: int) -> None:
        """A token begins where `_text` does, and so many characters begin in it."""
        if math.isnan(token.logprob):
            return  # no better than none
        start = self._begun - (token.data[0] & 0xC0 == 0x80)  # inside of a character
        if start > self._covered:
            self._gap_starts.append(self._covered)
            self._gap_ends.append(start)
        self._covered = self._begun + count
        # Providers round, so that a certain token may be a little more than certain.
        self._logprobs.append(min(0.0, token.logprob))
        self._starts.append(start)
        self._ends.append(self._covered)

    def _place_open(self) -> None:
        """Of the first waiting token a part is in the text: for now, that is its place."""
        before = (len(self._ends), len(self._gap_ends), self._covered)
        self._place(self._waiting[0][0], _characters(self._text))
        self._before_open = before

    def _take_back_open(self) -> None:
        if self._before_open is None:
            return
        tokens, gaps, self._covered = self._before_open
        self._before_open = None
        for kept in (self._starts, self._ends, self._logprobs):
            del kept[tokens:]
        for kept in (self._gap_starts, self._gap_ends):
            del kept[gaps:]

    def _pass_over(self, end: int, start: int = 0) -> None:
        """A slice of the text that waits has no tokens."""
        self._begun += _characters(self._text[start:end])

    def _forget(self, count: int) -> None:
        """The first bytes of the text that waits do not wait any more."""
        del self._text[:count]
        self._done += count


def _characters(data: bytes | bytearray) -> int:
    """How many characters begin in a slice of UTF-8."""
    return len(data) if data.isascii() else sum(byte & 0xC0 != 0x80 for byte in data)
