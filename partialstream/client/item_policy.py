"""Items over several answers: what to deliver, what to ask for again. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from partialstream.client.elements import Elements, member_of, same_text
from partialstream.client.retries import Failure, Retries, is_final
from partialstream.errors import (
    IncompleteStreamError,
    JSONSyntaxError,
    LimitExceededError,
    OutputValidationError,
    PartialStreamError,
    ProviderError,
)
from partialstream.results import Item, Outcome, RejectedItem
from partialstream.stream.events import ItemEvent, ItemRejected, ItemRepaired, Resumed, TextDelta
from partialstream.stream.items import ItemReading

if TYPE_CHECKING:
    from partialstream.client.budget import Budget
    from partialstream.client.call import Call
    from partialstream.client.hooks import Hooks
    from partialstream.results import AttemptCause, Path
    from partialstream.stream.items import ItemFlow

T = TypeVar("T")

Decision = Literal["repair", "raise", "skip"]
"""What becomes of an item that does not validate: it is asked for again; it ends the stream;
it is left in `rejected`."""

OnInvalid = Decision | Callable[[RejectedItem], Decision]
OnInterrupt = Literal["resume", "raise"]
"""What becomes of a list whose answer breaks off: the rest is asked for, or it is an error."""

Key = str | Callable[[Any], Hashable]
"""What tells one item from another: the name of a member, or a function of the item."""

_STATUSES_OF_THE_TRANSPORT = ("disconnected", "stalled", "empty")


class ItemRetries(Retries[tuple[T, Any], ItemEvent[T]], ItemReading[T]):
    """Reads a list, over as many answers as it takes.

    An answer may begin the list, go on with it where another broke off, or repair elements.
    Elements that have come before are known by their text, or by `key`, and dropped.

    Args:
        call: Makes the flows and the requests.
        budget: How often, and when, a request may be made again.
        hooks: Told of requests and failures.
        on_invalid: What becomes of an item that does not validate.
        on_interrupt: What becomes of an answer that breaks off.
        ordered: Whether items wait for those before them that are being repaired.
        key: What tells one item from another; None: its text.
    """

    def __init__(
        self,
        call: Call,
        budget: Budget,
        hooks: Hooks,
        *,
        on_invalid: OnInvalid = "repair",
        on_interrupt: OnInterrupt = "resume",
        ordered: bool = False,
        key: Key | None = None,
    ) -> None:
        super().__init__(budget, hooks)
        self._call = call
        self._on_invalid = on_invalid
        self._on_interrupt = on_interrupt
        self._ordered = ordered
        self._key = key
        self._key_of = None if key is None else _key_function(key)
        self._elements = Elements(call.limits.text_kept)
        self._refused: dict[int, Hashable] = {}  # of them, those that were not valid
        self._settled: dict[int, Hashable] = {}  # and what stands in their place
        self._pending: dict[int, RejectedItem] = {}  # to be repaired
        self._skipped: list[RejectedItem] = []
        self._delivered = 0
        self._reported = 0  # of the flow's rejected items
        # of the answer under way
        self._known: Counter[Hashable] = Counter()
        self._targets: list[int] = []  # the indexes that it is to repair
        self._waiting: dict[Hashable, int] = {}  # by key, the indexes of rejected elements
        self._brought = 0  # items delivered
        # keys are looked for among those of earlier answers only: a list may repeat itself
        self._keys: set[Hashable] = set()
        self._new_keys: set[Hashable] = set()
        # items that wait for those before them
        self._held: dict[int, Item[T]] = {}
        self._next_index = 0
        self._items: ItemFlow[T]
        self._next_attempt(None)

    @property
    def _flow(self) -> ItemFlow[T]:
        return self._items

    @property
    def rejected(self) -> list[RejectedItem]:
        """See `ItemReading`."""
        return sorted([*self._skipped, *self._pending.values()], key=attrgetter("index"))

    def item(self, delivery: tuple[T, Any]) -> Item[T]:
        """See `ItemReading`."""
        item: Item[T] = delivery[1]
        return item

    # -- reading an answer -----------------------------------------------------------------

    def take(self, chunk: Any) -> list[tuple[T, Any]]:
        """See `Reading`."""
        return self._deliveries(self._sorted(self._items.take(chunk)))

    def finish(self) -> list[tuple[T, Any]]:
        """See `Reading`."""
        return self._deliveries(self._sorted(self._items.finish()))

    def between(self) -> list[tuple[T, Any]]:
        """See `Reading`."""
        return self._deliveries([])

    def take_events(self, chunk: Any) -> list[ItemEvent[T]]:
        """See `Reading`."""
        return self._happened(self._items.take_events(chunk))

    def finish_events(self) -> list[ItemEvent[T]]:
        """See `Reading`."""
        return self._happened(self._items.finish_events())

    def between_events(self) -> list[ItemEvent[T]]:
        """See `Reading`."""
        return self._happened([])

    def _sorted(self, deliveries: list[tuple[T, Any]]) -> list[ItemEvent[T]]:
        """What an answer brought, in the order of the text."""
        found: list[Any] = [(item.index, item) for item in map(self._items.item, deliveries)]
        rejected = self._items.rejected
        if self._reported < len(rejected):
            found += ((each.index, ItemRejected(each)) for each in rejected[self._reported :])
            self._reported = len(rejected)
            found.sort(key=itemgetter(0))
        return [event for _, event in found]

    def _deliveries(self, events: list[ItemEvent[T]]) -> list[tuple[T, Any]]:
        return [(event.value, event) for event in self._happened(events) if isinstance(event, Item)]

    def _happened(self, events: list[ItemEvent[T]]) -> list[ItemEvent[T]]:
        """What the events of one answer mean for the list."""
        told: list[ItemEvent[T]] = self._told
        self._told = []
        for event in events:
            if self.failure is not None and not isinstance(event, TextDelta):
                break
            if isinstance(event, Item):
                told += self._accept(event)
            elif isinstance(event, ItemRejected):
                told += self._reject(event.item)
            else:
                told.append(event)
        if self.failure is not None:
            told += self._let_go()
        self._keep_times()
        return told

    def _accept(self, item: Item[T]) -> list[ItemEvent[T]]:
        """An element has arrived, and is valid."""
        key = None if self._key_of is None else self._key_of(item.value)
        index = self._place(item.raw, key)
        if index is None:
            return []
        if key is not None:
            self._new_keys.add(key)
        placed = Item(
            item.value,
            index,
            _path_at(item.path, index),
            item.raw,
            self._number,
            item.received_at,
            item.confidence,
        )
        self._brought += 1
        events: list[ItemEvent[T]] = []
        rejected = self._pending.pop(index, None)
        if rejected is not None:
            self._settled[index] = same_text(item.raw)
            events.append(ItemRepaired(rejected, self._number))
        if not self._ordered:
            self._delivered += 1
            return [*events, placed]
        self._held[index] = placed
        return [*events, *self._in_order()]

    def _reject(self, item: RejectedItem) -> list[ItemEvent[T]]:
        """An element has arrived, and is not valid."""
        index = self._place(item.raw)
        if index is None:
            return []
        self._refused.setdefault(index, same_text(item.raw))
        path = _path_at(item.path, index)
        placed = RejectedItem(index, item.raw, item.error, path, self._number)
        decision = (
            self._on_invalid if isinstance(self._on_invalid, str) else self._on_invalid(placed)
        )
        if decision == "repair":
            self._pending[index] = placed
        else:
            self._pending.pop(index, None)
            self._settled[index] = same_text(item.raw)
            self._skipped.append(placed)
            if decision == "raise":
                self.failure = invalid(placed)
            elif decision != "skip":
                raise ValueError(f'on_invalid gave {decision!r}, not "repair", "raise" or "skip"')
        return [ItemRejected(placed), *(self._in_order() if self._ordered else ())]

    def _is_known(self, raw: str) -> bool:
        if not self._known:
            return False
        text = same_text(raw)
        if self._known[text] <= 0:
            return False
        self._known[text] -= 1
        return True

    def _place(self, raw: str, key: Hashable = None) -> int | None:
        """The index of an element in the list; None if it has come before, or is not wanted."""
        if self._is_known(raw):
            return None
        if self._waiting:
            # The model may have seen by itself what was wrong with an element, and send it
            # better where it goes on with the list; or send a part of those asked for.
            index = self._waiting.pop(member_of(raw, self._key), None)
            if index is not None:
                if index in self._targets:
                    self._targets.remove(index)
                return index if index in self._pending else None
        if key in self._keys:
            return None
        if self._cause == "repair":
            return self._targets.pop(0) if self._targets else None
        allowed = self._call.limits.item_count
        if self._elements.count >= allowed:
            self.failure = LimitExceededError(
                "item_count", allowed, f"more than {allowed} items in all answers"
            )
            return None
        self._elements.add(raw)
        return self._elements.count - 1

    # -- keeping the order -----------------------------------------------------------------

    def _in_order(self) -> list[ItemEvent[T]]:
        """The items that nothing before them holds back any more."""
        ready: list[ItemEvent[T]] = []
        while self._next_index < self._elements.count and self._next_index not in self._pending:
            item = self._held.pop(self._next_index, None)
            if item is not None:
                self._delivered += 1
                ready.append(item)
            self._next_index += 1
        return ready

    def _let_go(self) -> list[ItemEvent[T]]:
        """Everything that was held back: what they waited for will not come."""
        rest: list[ItemEvent[T]] = [self._held[index] for index in sorted(self._held)]
        self._delivered += len(rest)
        self._held.clear()
        return rest

    def _keep_times(self) -> None:
        """An item's time is that of its delivery: not all that arrives is delivered at once."""
        timing = self._answer.timing
        del timing.items[self._delivered :]
        if len(timing.items) < self._delivered:
            self._answer.delivered(self._delivered - len(timing.items))
        timing.first_item = timing.items[0] if timing.items else None

    # -- between answers -------------------------------------------------------------------

    def _judge(self, error: BaseException | None) -> Failure | None:
        self._keys |= self._new_keys
        progress = self._brought > 0
        mendable = not isinstance(error, OutputValidationError) and not is_final(error)
        if error is None or (mendable and self._is_unharmed(error)):
            if not self._pending:
                self.outcome = Outcome("complete") if error else self._items.outcome
                return None
            rejected = list(self._pending.values())
            mark = tuple((each.index, same_text(each.raw)) for each in rejected)
            return Failure(invalid(rejected[0]), "repair", progress, mark)
        if mendable and self._on_interrupt == "resume" and isinstance(error, PartialStreamError):
            cause: AttemptCause = "repair" if self._cause == "repair" else "resume"
            return Failure(error, cause, progress, self._mark_of(error))
        self.failure = error
        return None

    def _is_unharmed(self, error: BaseException) -> bool:
        """Whether all that was asked for has come before the failure."""
        if self._cause == "repair" and not self._pending:
            return True
        # What a provider complains of behind the whole list takes nothing from it.
        return isinstance(error, ProviderError) and self._items.is_whole()

    def _mark_of(self, error: PartialStreamError) -> Hashable:
        """What makes two interruptions the same: the model would have to do better."""
        if isinstance(error, JSONSyntaxError):
            try:
                text = self._items.text[: error.offset]
            except LimitExceededError:
                text = ""  # it is not kept; the place has to do
            return "malformed", self._elements.count, error.reason, error.offset, text
        if error.outcome is not None and error.outcome.status == "truncated" and error.tail:
            return "truncated", self._elements.count, error.tail
        return None

    def _prepare(self, failure: Failure | None) -> Any:
        cause = self._cause
        self._brought = 0
        self._reported = 0
        self._new_keys = set()
        on_invalid: Literal["raise", "skip"] = "raise" if self._on_invalid == "raise" else "skip"
        self._items = self._call.item_flow(self._answer, on_invalid)
        if failure is None:
            return self._call.request
        self._known = self._elements.known()
        rejected = list(self._pending.values())
        if isinstance(self._key, str):
            self._waiting = {
                member_of(each.raw, self._key): each.index for each in (*self._skipped, *rejected)
            }
            self._waiting.pop(None, None)
        if cause == "repair":
            # What was refused may come again, though that repairs nothing.
            self._known -= Counter(self._refused.values())
            self._known += Counter(self._settled.values())
            self._targets = [each.index for each in rejected]
            return self._call.repair_request(rejected)
        self._known += Counter(
            text for index, text in self._settled.items() if text != self._refused[index]
        )
        self._told.append(Resumed(self._number, self._elements.count))
        if not self._elements.count and not _is_the_models(failure.error):
            return self._call.request  # it has not said anything wrong
        return self._call.resume_request(self._elements)

    def _annotate(self, error: PartialStreamError) -> None:
        error.delivered = self._delivered


def _is_the_models(error: PartialStreamError) -> bool:
    """Whether a failure is the model's, and not the transport's or the provider's."""
    if isinstance(error, IncompleteStreamError) and error.outcome is not None:
        return error.outcome.status not in _STATUSES_OF_THE_TRANSPORT
    return not isinstance(error, ProviderError)


def _path_at(path: Path, index: int) -> Path:
    """Where an element would stand if all answers were one."""
    return (*path[:-1], index) if path and isinstance(path[-1], int) else path


def _key_function(key: Key) -> Callable[[Any], Hashable]:
    if callable(key):
        return key
    name = key

    def member(value: Any) -> Hashable:
        if isinstance(value, Mapping):
            return cast("Mapping[str, Hashable]", value)[name]
        found: Hashable = getattr(value, name)
        return found

    return member


def invalid(rejected: RejectedItem) -> OutputValidationError:
    """The error that tells of an item that does not validate."""
    error = OutputValidationError(
        f"item {rejected.index} does not validate: {rejected.error}",
        index=rejected.index,
        raw=rejected.raw,
    )
    error.__cause__ = rejected.error
    error.outcome = Outcome("invalid", detail=str(error))
    return error
