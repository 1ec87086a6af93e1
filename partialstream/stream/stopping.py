"""Early termination: `take=` and `stop_when=`."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from partialstream.results import Item
from partialstream.stream.events import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.stream.events import Event

T = TypeVar("T")


def validate_stop_options(take: Any, stop_when: Any) -> None:
    """Refuse options for an early end that make no sense.

    Raises:
        TypeError: `take` is not an integer, or `stop_when` not a function that can be called.
        ValueError: `take` is less than 1.
    """
    if take is not None:
        if not isinstance(take, int) or isinstance(take, bool):
            raise TypeError(f"take= must be an integer, not {take!r}")
        if take < 1:
            raise ValueError(f"take= must be at least 1, not {take}")
    if stop_when is not None:
        if not callable(stop_when):
            raise TypeError(f"stop_when= must be a function, not {stop_when!r}")
        if iscoroutinefunction(stop_when):
            raise TypeError("stop_when= must not be an async function")


class Stop(NamedTuple):
    """Why no more is wanted."""

    detail: str  # for the outcome
    failure: Exception | None = None  # what `stop_when` raised


class StopRule(Generic[T]):
    """Finds the last item or snapshot that is wanted.

    Args:
        take: Number of items after which the stream ends; None for all.
        stop_when: Called with each item or snapshot: whether it is the last one.

    Raises:
        TypeError: See `validate_stop_options`.
        ValueError: See `validate_stop_options`.

    Attributes:
        last: The last item or snapshot that was wanted, None before it.
    """

    def __init__(self, take: int | None, stop_when: Callable[[T], bool] | None) -> None:
        validate_stop_options(take, stop_when)
        self._take = take
        self._stop_when = stop_when
        self.last: Any = None

    def apply(self, events: list[Event[T]], delivered: int) -> tuple[list[Event[T]], Stop | None]:
        """The events up to the last that is wanted, and why that is the last, if it is.

        Args:
            events: The next events.
            delivered: How many items came before them.
        """
        stop_when = self._stop_when
        left = -1 if self._take is None else self._take - delivered
        for place, event in enumerate(events, 1):
            if not isinstance(event, (Item, Snapshot)):
                continue
            left -= 1
            try:
                is_last = bool(stop_when is not None and left and stop_when(event.value))
            except Exception as error:  # noqa: BLE001 - raised after what came before
                return events[: place - 1], Stop("stop_when failed", error)
            self.last = event.value
            if not left:
                return events[:place], Stop(f"take={self._take}")
            if is_last:
                return events[:place], Stop("stop_when")
        return events, None
