"""Events in batches: changes within a window of time are merged, all others pass at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partialstream.engine.changes import Change, Merger
from partialstream.results import Item
from partialstream.stream.events import ItemRejected, ItemRepaired

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN: Final = (Item, ItemRejected, ItemRepaired)
"""What wires show, beside changes."""


class Batches:
    """Holds changes back, so that there are not too many in a time.

    The first change passes at once, and opens a window; what comes within it is merged.

    Args:
        seconds: How long the window is; 0: nothing is held back.
        clock: Seconds, from any start.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        if seconds < 0:
            raise ValueError(f"throttle= must not be negative: {seconds}")
        self.seconds = seconds
        self._clock = clock
        self._until = float("-inf")
        self._merger = Merger()

    @property
    def due_in(self) -> float | None:
        """Seconds until what is held back is to pass; None if nothing is."""
        return max(0.0, self._until - self._clock()) if self._merger else None

    def add(self, event: object) -> list[object]:
        """Take an event; gives those that pass now."""
        if isinstance(event, Change):
            if not self.seconds:
                return [event]
            self._merger.add(event)
            return self.due() if self._clock() >= self._until else []
        if isinstance(event, SHOWN):
            return [*self._merger.take(), event] if self._merger else [event]
        return []

    def due(self) -> list[object]:
        """Everything that is held back: the window is over."""
        self._until = self._clock() + self.seconds
        return [*self._merger.take()]
