"""Items over several answers: what to deliver, what to ask for again. No I/O."""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from partialstream.client.elements import same_text
from partialstream.client.placing import Placing
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
    from collections.abc import Hashable

    from partialstream.client.budget import Budget
    from partialstream.client.conversation import Conversation
    from partialstream.client.hooks import Hooks
    from partialstream.client.options import Key, OnInterrupt, OnInvalid
    from partialstream.client.placing import Element, Placed
    from partialstream.results import AttemptCause, Path
    from partialstream.stream.items import ItemFlow

T = TypeVar("T")

_STATUSES_OF_THE_TRANSPORT = ("disconnected", "stalled", "empty")


class ItemRetries(Retries[tuple[T, Any], ItemEvent[T]], ItemReading[T]):
    """Reads a list, over as many answers as it takes.

    An answer may begin the list, go on with it where another broke off, or repair elements.
    Which element of the list each element of an answer is, is for `Placing` to say.

    Args:
        conversation: Makes the flows and the requests.
        budget: How often, and when, a request may be made again.
        hooks: Told of requests and failures.
        on_invalid: What becomes of an item that does not validate.
        on_interrupt: What becomes of an answer that breaks off.
        ordered: Whether items wait for those before them that are being repaired.
        key: What tells one item from another; None: its text.
    """

    def __init__(
        self,
        conversation: Conversation,
        budget: Budget,
        hooks: Hooks,
        *,
        on_invalid: OnInvalid = "repair",
        on_interrupt: OnInterrupt = "resume",
        ordered: bool = False,
        key: Key | None = None,
    ) -> None:
        super().__init__(budget, hooks)
        self._conversation = conversation
        self._on_invalid = on_invalid
        self._on_interrupt = on_interrupt
        self._ordered = ordered
        self._placing = Placing(conversation.limits.text_kept, key)
        self._pending = self._placing.pending
        self._skipped: list[RejectedItem] = []
        self._delivered = 0
        # of the answer under way
        self._reported = 0  # of the flow's rejected items
        self._brought = 0  # items delivered
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
        return self._deliveries(self._sorted(self._items.finish()), ended=True)

    def between(self) -> list[tuple[T, Any]]:
        """See `Reading`."""
        return self._deliveries([])

    def take_events(self, chunk: Any) -> list[ItemEvent[T]]:
        """See `Reading`."""
        return self._happened(self._items.take_events(chunk))

    def finish_events(self) -> list[ItemEvent[T]]:
        """See `Reading`."""
        return self._happened(self._items.finish_events(), ended=True)

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

    def _deliveries(
        self, events: list[ItemEvent[T]], *, ended: bool = False
    ) -> list[tuple[T, Any]]:
        happened = self._happened(events, ended=ended)
        return [(event.value, event) for event in happened if isinstance(event, Item)]

    def _happened(self, events: list[ItemEvent[T]], *, ended: bool = False) -> list[ItemEvent[T]]:
        """What the events of one answer mean for the list.

        Args:
            events: The events.
            ended: Whether they are the answer's last.
        """
        told: list[ItemEvent[T]] = self._told
        self._told = []
        for event in events:
            if self.failure is not None and not isinstance(event, TextDelta):
                break
            if isinstance(event, Item):
                told += self._take_in(self._placing.feed(event))
            elif isinstance(event, ItemRejected):
                told += self._take_in(self._placing.feed(event.item))
            else:
                told.append(event)
        if ended and self._items.failure is None and self._items.is_whole():
            # Not later, where the next request would have to be waited for.
            told += self._take_in(self._placing.end(interrupted=False))
        if self.failure is not None:
            told += self._let_go()
        self._keep_times()
        return told

    def _take_in(self, placed: list[Placed[T]]) -> list[ItemEvent[T]]:
        """These elements have their place in the list now."""
        events: list[ItemEvent[T]] = []
        for element, index in placed:
            if self.failure is None:
                events += self._take_one(element, index)
        return events

    def _take_one(self, element: Element[T], index: int | None) -> list[ItemEvent[T]]:
        allowed = self._conversation.limits.item_count
        if index is None and self._placing.elements.count >= allowed:
            self.failure = LimitExceededError(
                "item_count", allowed, f"more than {allowed} items in all answers"
            )
            return []
        index = self._placing.add(element, index)
        if isinstance(element, Item):
            return self._accept(element, index)
        return self._reject(element, index)

    def _accept(self, item: Item[T], index: int) -> list[ItemEvent[T]]:
        """An element is valid."""
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
            events.append(ItemRepaired(rejected, self._number))
        if not self._ordered:
            self._delivered += 1
            return [*events, placed]
        self._held[index] = placed
        return [*events, *self._in_order()]

    def _reject(self, item: RejectedItem, index: int) -> list[ItemEvent[T]]:
        """An element is not valid."""
        path = _path_at(item.path, index)
        placed = RejectedItem(index, item.raw, item.error, path, self._number)
        self._placing.refuse(placed)
        decision = (
            self._on_invalid if isinstance(self._on_invalid, str) else self._on_invalid(placed)
        )
        if decision == "repair":
            self._pending[index] = placed
        else:
            self._pending.pop(index, None)
            self._skipped.append(placed)
            if decision == "raise":
                self.failure = invalid(placed)
            elif decision != "skip":
                raise ValueError(f'on_invalid gave {decision!r}, not "repair", "raise" or "skip"')
        return [ItemRejected(placed), *(self._in_order() if self._ordered else ())]

    # -- keeping the order -----------------------------------------------------------------

    def _in_order(self) -> list[ItemEvent[T]]:
        """The items that nothing before them holds back any more."""
        ready: list[ItemEvent[T]] = []
        while (
            self._next_index < self._placing.elements.count
            and self._next_index not in self._pending
        ):
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
        self._told = self._happened(self._items.between_events())  # what a broken one has left
        self._told += self._take_in(self._placing.end(interrupted=error is not None))
        if self.failure is not None:
            self._told += self._let_go()
        self._keep_times()
        if self.failure is not None:
            return None
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
        count = self._placing.elements.count
        if isinstance(error, ProviderError):
            return None
        if isinstance(error, JSONSyntaxError):
            try:
                text = self._items.text[: error.offset]
            except LimitExceededError:
                text = ""  # it is not kept; the place has to do
            return "malformed", count, error.reason, error.offset, text
        if error.outcome is not None and error.outcome.status == "truncated" and error.tail:
            return "truncated", count, error.tail
        return None

    def _prepare(self, failure: Failure | None) -> Any:
        self._brought = 0
        self._reported = 0
        on_invalid: Literal["raise", "skip"] = "raise" if self._on_invalid == "raise" else "skip"
        items = self._items = self._conversation.item_flow(self._answer, on_invalid)
        if failure is None:
            return self._conversation.request
        name = self._conversation.index_name(failure.cause)

        def claim() -> str | None:
            return None if name is None else items.member(name)

        if failure.cause == "repair":
            self._placing.repair(claim, self._skipped)
            return self._conversation.repair_request(list(self._pending.values()))
        elements = self._placing.elements
        self._placing.resume(claim)
        self._told.append(Resumed(self._number, elements.count))
        if not elements.count and not _is_the_models(failure.error):
            return self._conversation.request  # it has not said anything wrong
        return self._conversation.resume_request(elements)

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
