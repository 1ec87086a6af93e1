"""A server's own limit: so many requests in any window of time, or a 429."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from partialstream.testing import Answer, faults

if TYPE_CHECKING:
    from partialstream.testing import ReplayRequest


class SlidingWindow:
    """Answers requests as `ReplayServer` asks it to.

    Args:
        answer: What each request gets.
        allowed: Requests in any window; the next one is refused.
        window: Seconds.

    Attributes:
        times: When requests came.
        refused: How many of them were refused.
    """

    def __init__(self, answer: str | Answer, allowed: int, window: float) -> None:
        self._answer = Answer(answer) if isinstance(answer, str) else answer
        self._allowed = allowed
        self._window = window
        self._recent: deque[float] = deque()
        self.times: list[float] = []
        self.refused = 0

    def __call__(self, request: ReplayRequest) -> Answer:
        now = request.received_at
        self.times.append(now)
        recent = self._recent
        while recent and recent[0] <= now - self._window:
            recent.popleft()
        if len(recent) >= self._allowed:
            self.refused += 1
            wait = recent[0] + self._window - now
            return Answer(fault=faults.HTTPError(429, retry_after=wait))
        recent.append(now)
        return self._answer
