"""Streams that end by wish: after so many items, or with the first that is looked for. No I/O.

Around any reading stands another one, which sees what is handed over, and ends the stream as
the caller would by leaving it: nothing behind the last that is wanted is handed over, told of
or asked for again. Streams without a wish are not wrapped.
"""

from __future__ import annotations

from abc import abstractmethod
from inspect import iscoroutinefunction
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from partialstream.errors import IncompleteStreamError
from partialstream.results import Item, Outcome
from partialstream.stream.events import (
    ItemEvent,
    ItemRejected,
    ItemRepaired,
    PartialEvent,
    Snapshot,
)
from partialstream.stream.items import ItemReading
from partialstream.stream.partials import PartialReading
from partialstream.stream.reading import Reading, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partialstream.engine.items import ItemScanner
    from partialstream.engine.position import RawItem
    from partialstream.errors import PartialStreamError
    from partialstream.results import AnswerMetadata, Attempt, RejectedItem, Timing, Usage
    from partialstream.stream.events import Finished

T = TypeVar("T")
M = TypeVar("M")
V = TypeVar("V")
E = TypeVar("E")


def validate_stop_options(take: Any, stop_when: Any) -> None:
    """Refuse what can be no wish.

    Raises:
        TypeError: `take` is no whole number, or `stop_when` nothing that can be called at once.
        ValueError: `take` is less than 1.
    """
    if take is not None:
        if not isinstance(take, int) or isinstance(take, bool):
            raise TypeError(f"take= must be a whole number, not {take!r}")
        if take < 1:
            raise ValueError(f"take= must be at least 1, not {take}")
    if stop_when is not None and not callable(stop_when):
        raise TypeError(f"stop_when= must be a function, not {stop_when!r}")
    if iscoroutinefunction(stop_when):
        raise TypeError("stop_when= must not be async: it is asked at once")


def items_until(
    reading: ItemReading[T], take: int | None, stop_when: Callable[[T], bool] | None
) -> ItemReading[T]:
    """The items of a stream, up to the last that is wanted.

    Args:
        reading: The policy of the stream.
        take: How many items are wanted; None for all.
        stop_when: Told of each item before it is handed over, says whether it is the last.

    Raises:
        TypeError: See `validate_stop_options`.
        ValueError: See `validate_stop_options`.
    """
    validate_stop_options(take, stop_when)
    if take is None and stop_when is None:
        return reading
    return _ItemsUntil(reading, take, stop_when)


def snapshots_until(
    reading: PartialReading[M], stop_when: Callable[[M], bool] | None
) -> PartialReading[M]:
    """The snapshots of a stream, up to the last that is wanted; see `items_until`."""
    validate_stop_options(None, stop_when)
    return reading if stop_when is None else _SnapshotsUntil(reading, None, stop_when)


class _Until(Reading[V, E], Generic[V, E]):
    """Reads on until there is enough.

    Events are watched also for those who read values: they tell in which order all happened,
    and so what came behind the last that is wanted.
    """

    def __init__(
        self, inner: Reading[V, E], take: int | None, stop_when: Callable[[Any], bool] | None
    ) -> None:
        self._inner = inner
        self._take = take
        self._stop_when = stop_when
        self._handed_over = 0
        self._enough = False

    # Properties, because there is one truth only, that of the reading inside. They cannot be
    # set, which type checkers miss; nobody but a reading itself sets them.

    @property
    def failure(self) -> BaseException | None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]  # as said above
        """See `Reading`."""
        return self._inner.failure

    @property
    def outcome(self) -> Outcome | None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]  # as said above
        """See `Reading`."""
        return self._inner.outcome

    # -- what is watched -------------------------------------------------------------------

    def take_events(self, chunk: Any) -> list[E]:
        """See `Reading`."""
        return self._wanted(self._inner.take_events(chunk))

    def finish_events(self) -> list[E]:
        """See `Reading`."""
        return self._wanted(self._inner.finish_events())

    def between_events(self) -> list[E]:
        """See `Reading`."""
        return [] if self._enough else self._wanted(self._inner.between_events())

    def _wanted(self, events: list[E]) -> list[E]:
        wanted: list[E] = []
        for event in events:
            if self._enough:
                break
            if self._tells(event):
                wanted.append(event)
        return wanted

    @abstractmethod
    def _tells(self, event: E) -> bool:
        """Whether an event is handed over, or what it holds. It may be the last."""

    def _hands_over(self, value: Any) -> bool:
        """Whether a value is handed over. It may be the last."""
        last = None
        if self._handed_over + 1 == self._take:
            last = f"take={self._take}"
        elif self._stop_when is not None:
            try:
                if self._stop_when(value):
                    last = "stop_when"
            except Exception as error:  # noqa: BLE001 - raised behind what came before
                self._end("stop_when failed", error)
                return False
        self._handed_over += 1
        if last is not None:
            self._end(last, None)
        return True

    def _end(self, detail: str, failure: Exception | None) -> None:
        self._enough = True
        self._inner.failure = None  # what failed, failed behind the last that is wanted
        self._inner.cancelled(detail)
        self._inner.failure = failure
        del self._inner.timing.items[self._handed_over :]

    # -- what is not -----------------------------------------------------------------------

    def sending(self) -> None:
        """See `Reading`."""
        self._inner.sending()

    def broken(self, error: BaseException) -> None:
        """See `Reading`."""
        self._inner.broken(error)

    def has_read(self) -> bool:
        """See `Reading`."""
        return self._inner.has_read()

    def turn(self) -> Turn[bool]:
        """See `Reading`."""
        return self._inner.turn()

    @property
    def request(self) -> Any:
        """See `Reading`."""
        return self._inner.request

    def cancelled(self, detail: str = "") -> None:
        """See `Reading`."""
        self._inner.cancelled(detail)

    def close(self) -> Finished:
        """See `Reading`."""
        return self._inner.close()

    @property
    def metadata(self) -> AnswerMetadata:
        """See `Reading`."""
        return self._inner.metadata

    @property
    def usage(self) -> Usage | None:
        """See `Reading`."""
        return self._inner.usage

    @property
    def timing(self) -> Timing:
        """See `Reading`."""
        return self._inner.timing

    @property
    def attempts(self) -> list[Attempt]:
        """See `Reading`."""
        return self._inner.attempts

    @property
    def text(self) -> str:
        """See `Reading`."""
        return self._inner.text


class _ItemsUntil(  # pyright: ignore[reportIncompatibleVariableOverride]  # see `_Until.failure`
    _Until[tuple[T, Any], ItemEvent[T]], ItemReading[T]
):
    _inner: ItemReading[T]

    def __init__(
        self,
        inner: ItemReading[T],
        take: int | None,
        stop_when: Callable[[T], bool] | None,
    ) -> None:
        super().__init__(inner, take, stop_when)
        self._rejected: dict[int, RejectedItem] = {}

    @property
    def rejected(self) -> list[RejectedItem]:
        """See `ItemReading`. Those behind the last item that is wanted are not among them."""
        return sorted(self._rejected.values(), key=attrgetter("index"))

    def _tells(self, event: ItemEvent[T]) -> bool:
        if isinstance(event, Item):
            return self._hands_over(event.value)
        if isinstance(event, ItemRejected):
            self._rejected[event.item.index] = event.item
        elif isinstance(event, ItemRepaired):
            self._rejected.pop(event.rejected.index, None)
        return True

    def item(self, delivery: tuple[T, Any]) -> Item[T]:
        """See `ItemReading`."""
        item: Item[T] = delivery[1]
        return item

    def take(self, chunk: Any) -> list[tuple[T, Any]]:
        """See `Reading`."""
        return _deliveries(self.take_events(chunk))

    def finish(self) -> list[tuple[T, Any]]:
        """See `Reading`."""
        return _deliveries(self.finish_events())

    def between(self) -> list[tuple[T, Any]]:
        """See `Reading`."""
        return _deliveries(self.between_events())

    def text_scanner(self) -> ItemScanner | None:
        """See `ItemReading`."""
        return self._inner.text_scanner()

    def failed(self, error: PartialStreamError) -> list[RawItem]:
        """See `ItemReading`."""
        return self._inner.failed(error)

    def accept(self, raws: Sequence[RawItem]) -> list[tuple[T, Any]]:
        """See `ItemReading`. Nothing behind the last item that is wanted is looked at."""
        wanted: list[tuple[T, Any]] = []
        failure = self._inner.failure
        for raw in raws:
            known = len(self._inner.rejected)
            accepted = self._inner.accept([raw])
            wanted += [delivery for delivery in accepted if self._hands_over(delivery[0])]
            for rejected in self._inner.rejected[known:]:
                self._rejected[rejected.index] = rejected
            if self._enough or self._inner.failure is not failure:
                break
        return wanted


def _deliveries(events: list[ItemEvent[T]]) -> list[tuple[T, Any]]:
    return [(event.value, event) for event in events if isinstance(event, Item)]


class _SnapshotsUntil(  # pyright: ignore[reportIncompatibleVariableOverride]  # see `_Until.failure`
    _Until[M, PartialEvent[M]], PartialReading[M]
):
    _inner: PartialReading[M]
    _last: M | None = None

    def _tells(self, event: PartialEvent[M]) -> bool:
        if isinstance(event, Snapshot):
            if not self._hands_over(event.value):
                return False
            self._last = event.value
        return True

    def take(self, chunk: Any) -> list[M]:
        """See `Reading`."""
        return _values(self.take_events(chunk))

    def finish(self) -> list[M]:
        """See `Reading`."""
        return _values(self.finish_events())

    def between(self) -> list[M]:
        """See `Reading`."""
        return _values(self.between_events())

    def final(self) -> M:
        """See `PartialReading`. A snapshot is not validated as a whole, so none is given."""
        if not self._enough:
            return self._inner.final()
        error = IncompleteStreamError.of(self.outcome or Outcome("cancelled"))
        error.usage = self.usage
        error.snapshot = self._last
        raise error


def _values(events: list[PartialEvent[M]]) -> list[M]:
    return [event.value for event in events if isinstance(event, Snapshot)]
