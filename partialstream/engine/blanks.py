"""Watches for a model that sends blanks and nothing else."""

from __future__ import annotations

import re

from partialstream.engine.tokens import BLANKS
from partialstream.errors import LimitExceededError

BLANK = " \t\n\r"
"""What JSON takes for blank."""
_RUNS = re.compile(rf"[{BLANK}]+").finditer


class BlankRun:
    """Counts blanks in a row, outside strings, over pieces of text.

    `leading` and `trailing` look at the two ends of a piece only: it must not be longer than
    the limit then.
    """

    __slots__ = ("_allowed", "run")

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self.run = 0

    def leading(self, text: str, start: int, end: int) -> None:
        """`text[start:end]` follows, and `start` stands outside strings."""
        if start < end and text[start] in BLANK:
            behind = min(BLANKS(text, start).end(), end)
            self.run += behind - start
            self._check(self.run)
            if behind == end:
                return
        if start < end:
            self.run = 0

    def trailing(self, text: str, start: int, end: int) -> None:
        """`text[start:end]`, told of by `leading` already, ends outside strings."""
        if self.run == 0 and start < end and text[end - 1] in BLANK:
            self.run = end - start - len(text[start:end].rstrip(BLANK))
            self._check(self.run)

    def both(self, text: str, start: int, end: int) -> None:
        """`text[start:end]` follows, of any length, and has no strings."""
        self.leading(text, start, end)
        if end - start > self._allowed:
            for run in _RUNS(text, start, end):
                self._check(run.end() - run.start())
        self.trailing(text, start, end)

    def reset(self) -> None:
        """Something else than blanks was read."""
        self.run = 0

    def _check(self, run: int) -> None:
        if run > self._allowed:
            raise LimitExceededError(
                "whitespace_run", self._allowed, f"more than {self._allowed} blanks in a row"
            )
