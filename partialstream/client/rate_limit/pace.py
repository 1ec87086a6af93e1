"""So many units a minute, evenly spread: GCRA (ITU-T I.371), and a log of the last minute.

GCRA alone lets a little more through in one minute where units come in lots, as tokens do: the
last request of a minute may be a large one. The log is what makes the bound exact.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import Final

HEADROOM: Final = 1.03
"""By how much a minute is taken to be longer than it is. Requests take unequally long to arrive,
so that a server sees in some minutes more of them than were sent."""

_CATCH_UP: Final = 0.02
"""The share of a minute by which a request that goes late does not delay those after it."""


@dataclass(slots=True)
class Spent:
    """What was spent at one time."""

    when: float
    units: int
    counted: bool = True  # whether it is within the last minute


class Pace:
    """A number of units a minute. Times are given by the caller, and never go backwards.

    Example:
        >>> pace = Pace(60)
        >>> pace.ready_at(1, since=0.0)
        0.0
        >>> spent = pace.spend(1, since=0.0, now=0.0)
        >>> round(pace.ready_at(1, since=0.0), 2)  # not 1.0; see HEADROOM
        1.03
    """

    def __init__(self, per_minute: int, minute: float = 60.0) -> None:
        self._allowed = per_minute
        self._most = per_minute  # what holds: the server may allow less
        self._minute = minute * HEADROOM
        self._next = -inf
        self._log: deque[Spent] = deque()
        self._total = 0  # of the log

    def ready_at(self, units: int, since: float) -> float:
        """When a request of so many units may go that has waited since then.

        One that takes more than a minute's units goes alone, a minute after the one before.
        """
        at = max(self._next, since)
        total = self._total + units
        for spent in self._log:
            if total <= self._most:
                break
            at = max(at, spent.when + self._minute)
            total -= spent.units
        return at

    def spend(self, units: int, since: float, now: float) -> Spent:
        """A request goes, not before `ready_at` allows it."""
        log = self._log
        while log and log[0].when + self._minute <= now:
            gone = log.popleft()
            gone.counted = False
            self._total -= gone.units
        # The time it could have gone, so that what wakes late does not lower the rate.
        slot = max(self._next, since, now - self._minute * _CATCH_UP)
        self._next = slot + self._seconds(units)
        spent = Spent(now, units)
        log.append(spent)
        self._total += units
        return spent

    def correct(self, spent: Spent, units: int) -> None:
        """It has turned out to be so many units."""
        more = units - spent.units
        spent.units = units
        self._next += self._seconds(more)
        if spent.counted:
            self._total += more

    def hold(self, until: float) -> None:
        """Nothing goes before that time; what waits goes on evenly spread."""
        self._next = max(self._next, until)

    def bound(self, per_minute: int) -> None:
        """The server allows so many units; more than our own number changes nothing."""
        self._most = min(self._allowed, per_minute)

    def _seconds(self, units: int) -> float:
        return units * self._minute / self._most
