"""`max_cost`: what the documents of a job may cost together."""

from __future__ import annotations

from partialstream.errors import LimitExceededError


class Budget:
    """Decides whether another document may start. All amounts are US dollars.

    Args:
        allowed: The most that the job may cost, over all its runs.
        spent: What earlier runs have cost.
        largest: What the most expensive document has cost so far; 0.0 if none was paid for.
    """

    def __init__(self, allowed: float, spent: float, largest: float) -> None:
        self._allowed = allowed
        self._spent = spent
        self._largest = largest

    def allows(self, open_documents: int) -> bool:
        """Whether another document may start, beside those that are being read.

        Each is taken to cost as much as the most expensive one so far. The first is read alone.
        """
        if not self._largest:
            return not open_documents and self._spent < self._allowed
        return self._spent + (open_documents + 1) * self._largest <= self._allowed

    def spend(self, cost: float) -> None:
        """A document has been paid for, or an attempt at it."""
        self._spent += cost
        self._largest = max(self._largest, cost)

    def error(self) -> LimitExceededError:
        """What the run ends with when no other document may start."""
        return LimitExceededError(
            "max_cost",
            self._allowed,
            f"the next document could exceed max_cost={self._allowed:g}: the most expensive one so "
            f"far cost ${self._largest:.2g}, and ${self._spent:.2g} are spent",
        )
