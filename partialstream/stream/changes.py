"""Changes as a stream gives them: those of a list, and fewer of them where they are throttled."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from partialstream.engine.changes import Change, Merger
from partialstream.stream.events import Finished, is_item
from partialstream.validation.writing import json_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Sequence

E = TypeVar("E")


class ListChanges:
    """Makes changes of a JSON array of the events of an item stream.

    Args:
        by_alias: Whether fields have their aliases; None leaves that to the models.
    """

    def __init__(self, by_alias: bool | None = None) -> None:
        self._by_alias = by_alias
        self._begun = False

    def of(self, event: object) -> list[Change]:
        """The changes of an event."""
        changes: list[Change] = []
        if not self._begun and (is_item(event) or _is_complete(event)):
            self._begun = True
            changes.append(Change((), "set", []))
        if is_item(event):
            value = json_of(event.value, by_alias=self._by_alias)
            changes.append(Change((event.index,), "set", value))
        elif _is_complete(event):
            changes.append(Change((), "complete"))
        return changes


def _is_complete(event: object) -> bool:
    return isinstance(event, Finished) and event.outcome.ok


def map_events(
    changes_of: Callable[[E], Sequence[Change]], events: Generator[E, None, None]
) -> Generator[Change, None, None]:
    """The changes of events."""
    try:
        for event in events:
            yield from changes_of(event)
    finally:
        events.close()


async def map_events_async(
    changes_of: Callable[[E], Sequence[Change]], events: AsyncGenerator[E, None]
) -> AsyncGenerator[Change, None]:
    """As `map_events`, with awaiting."""
    try:
        async for event in events:
            for change in changes_of(event):
                yield change
    finally:
        await events.aclose()


class Throttle:
    """Holds changes back, and merges them, so that there are not too many in a time.

    The first change passes at once, and opens a window; what comes within it is merged, and passes
    with the first change after it, or when it is taken.

    Args:
        seconds: How long the window is; 0: nothing is held back.
        clock: Seconds, from any start.

    Raises:
        ValueError: The time is negative.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
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

    def add(self, change: Change) -> list[Change]:
        """Take a change; gives those that pass now."""
        if not self.seconds:
            return [change]
        self._merger.add(change)
        return self.take() if self._clock() >= self._until else []

    def take(self) -> list[Change]:
        """What is held back; a new window begins."""
        self._until = self._clock() + self.seconds
        return self._merger.take()


def throttled(
    changes: Generator[Change, None, None], seconds: float
) -> Generator[Change, None, None]:
    """Changes, merged within windows of time; an error comes after what was held back."""
    throttle = Throttle(seconds)
    try:
        for change in changes:
            yield from throttle.add(change)
    except Exception:
        yield from throttle.take()
        raise
    finally:
        changes.close()
    yield from throttle.take()


async def throttled_async(
    changes: AsyncGenerator[Change, None], seconds: float
) -> AsyncGenerator[Change, None]:
    """As `throttled`, with awaiting."""
    throttle = Throttle(seconds)
    try:
        async for change in changes:
            for each in throttle.add(change):
                yield each
    except Exception:
        for each in throttle.take():
            yield each
        raise
    finally:
        await changes.aclose()
    for each in throttle.take():
        yield each
