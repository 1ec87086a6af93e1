"""Functions that are called at a time, by one thread for all of them."""

from __future__ import annotations

import os
import threading
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Alarm:
    """Calls a function after some seconds, unless it is cancelled before.

    All alarms share one thread, which is there while one is set: a sync stream that waits for
    bytes can only be woken by another thread.

    Args:
        seconds: How long from now.
        ring: Called on the thread of all alarms, so it must neither block nor raise.

    Attributes:
        rang: Whether it was called.
    """

    def __init__(self, seconds: float, ring: Callable[[], object]) -> None:
        self.due = perf_counter() + seconds
        self.ring = ring
        self.rang = False
        _clock.set(self)

    def cancel(self) -> None:
        """Do not call it. When this returns, it is not being called either."""
        _clock.cancel(self)


class _Clock:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._alarms: set[Alarm] = set()
        self._running = False

    def set(self, alarm: Alarm) -> None:
        with self._changed:
            self._alarms.add(alarm)
            if self._running:
                self._changed.notify()
            else:
                # A daemon: it keeps no program from ending.
                thread = threading.Thread(target=self._run, name="partialstream-alarms")
                thread.daemon = True
                thread.start()
                self._running = True

    def cancel(self, alarm: Alarm) -> None:
        with self._changed:
            self._alarms.discard(alarm)
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while self._alarms:
                first = min(self._alarms, key=_due)
                left = first.due - perf_counter()
                if left > 0:
                    self._changed.wait(left)
                    continue
                self._alarms.discard(first)
                first.rang = True
                first.ring()
            self._running = False


def _due(alarm: Alarm) -> float:
    return alarm.due


_clock = _Clock()


def _forget() -> None:
    """In a forked process there is no such thread, and the connections are the parent's."""
    global _clock
    _clock = _Clock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget)
