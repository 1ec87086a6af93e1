"""Watches for a model that sends blanks and nothing else."""

from __future__ import annotations

from partialstream.engine.tokens import BLANKS
from partialstream.errors import LimitExceededError

_BLANK = " \t\n\r"


class BlankRun:
    """Counts blanks in a row, outside strings, over pieces of text.

    A piece must not be longer than the limit: only its two ends are looked at.
    """

    __slots__ = ("_allowed", "_run")

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._run = 0

    def leading(self, text: str, start: int, end: int) -> None:
        """`text[start:end]` follows, and `start` stands outside strings."""
        if start < end and text[start] in _BLANK:
            behind = min(BLANKS(text, start).end(), end)
            self._run += behind - start
            self._check()
            if behind == end:
                return
        if start < end:
            self._run = 0

    def trailing(self, text: str, start: int, end: int) -> None:
        """`text[start:end]`, told of by `leading` already, ends outside strings."""
        if self._run == 0 and start < end and text[end - 1] in _BLANK:
            self._run = end - max(start, len(text[:end].rstrip(_BLANK)))
            self._check()

    def both(self, text: str, start: int, end: int) -> None:
        """`text[start:end]` follows and has no strings."""
        self.leading(text, start, end)
        self.trailing(text, start, end)

    def reset(self) -> None:
        """Something else than blanks was read."""
        self._run = 0

    def _check(self) -> None:
        if self._run > self._allowed:
            raise LimitExceededError(
                "whitespace_run", self._allowed, f"more than {self._allowed} blanks in a row"
            )
