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
    with the first change after it.

    Args:
        seconds: How long the window is.
        clock: Seconds, from any start.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        if seconds < 0:
            raise ValueError(f"throttle= must not be negative: {seconds}")
        self._seconds = seconds
        self._clock = clock
        self._until = float("-inf")
        self._merger = Merger()

    def add(self, change: Change) -> list[Change]:
        """Take a change; gives those that pass now."""
        self._merger.add(change)
        now = self._clock()
        if now < self._until:
            return []
        self._until = now + self._seconds
        return self._merger.take()

    def rest(self) -> list[Change]:
        """What is held back."""
        return self._merger.take()


def throttled(
    changes: Generator[Change, None, None], seconds: float
) -> Generator[Change, None, None]:
    """Changes, merged within windows of time; an error comes after what was held back."""
    if not seconds:
        yield from changes
        return
    throttle = Throttle(seconds)
    failure: BaseException | None = None
    try:
        for change in changes:
            yield from throttle.add(change)
    except GeneratorExit:
        changes.close()
        raise
    except BaseException as error:  # noqa: BLE001 - raised after what came before it
        failure = error
    yield from throttle.rest()
    if failure is not None:
        raise failure


async def throttled_async(
    changes: AsyncGenerator[Change, None], seconds: float
) -> AsyncGenerator[Change, None]:
    """As `throttled`, with awaiting."""
    throttle = Throttle(seconds)
    failure: BaseException | None = None
    try:
        async for change in changes:
            if seconds:
                for each in throttle.add(change):
                    yield each
            else:
                yield change
    except GeneratorExit:
        await changes.aclose()
        raise
    except Exception as error:  # noqa: BLE001 - raised after what came before it
        failure = error
    for each in throttle.rest():
        yield each
    if failure is not None:
        raise failure
