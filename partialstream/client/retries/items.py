"""Items over several responses: what to deliver, what to ask for again. No I/O."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from typing_extensions import override

from partialstream.client.prompts import (
    FIRST_INDEX,
    INDEXES,
    first_index_prompt,
    indexes_prompt,
    repair_prompt,
    resume_prompt,
)
from partialstream.client.retries.failures import Failure
from partialstream.client.retries.placing import Placing, same_text
from partialstream.client.retries.session import RetryingSession
from partialstream.client.sdk_arguments import arguments_of, input_tokens
from partialstream.errors import (
    IncompleteStreamError,
    JSONSyntaxError,
    LimitExceededError,
    OutputValidationError,
    PartialStreamError,
    ProviderError,
)
from partialstream.limits import exceeded
from partialstream.results import Item, Outcome, RejectedItem, placed_item
from partialstream.stream.events import (
    AttemptStarted,
    Event,
    ItemRejected,
    ItemRepaired,
    Resumed,
    TextDelta,
)
from partialstream.stream.response import ResponseStream
from partialstream.stream.session import Session
from partialstream.validation.items import invalid_item
from partialstream.validation.locations import object_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from partialstream.client.call import Call
    from partialstream.client.endpoints.base import RequestBuilder
    from partialstream.client.retries.placing import Element, Elements, Placed
    from partialstream.results import AttemptCause, Path
    from partialstream.stream.items import ItemReader

T = TypeVar("T")

_STATUSES_OF_THE_TRANSPORT = ("disconnected", "stalled", "empty")
_LOST = "the program that read the response ended"


class ItemRetries(RetryingSession[T]):
    """Reads a list, over as many responses as it takes.

    A response may begin the list, go on with it where another broke off, or repair elements.
    Which element of the list each element of a response is, is for `Placing` to say.
    """

    def __init__(self, call: Call) -> None:
        options = call.options
        self._on_invalid = options.on_invalid or ("repair" if call.may_retry else "raise")
        # A list that is returned as one has no reason to be out of order.
        self._ordered = options.ordered or not call.stream
        self._placing = Placing(call.limits.text_kept, call.key)
        self._pending = self._placing.pending
        self._brought = 0  # items that the response under way has brought
        self._held: dict[int, Item[T]] = {}  # items that wait for those before them
        self._next_index = 0
        self._items: ItemReader[T]
        super().__init__(call)

    @override
    def _new_reader(self, response: ResponseStream) -> ItemReader[T]:
        self._brought = 0
        on_invalid: Literal["raise", "skip"] = "raise" if self._on_invalid == "raise" else "skip"
        self._items = self._call.item_reader(response, on_invalid)
        return self._items

    @override
    def keep_order(self) -> None:
        self._ordered = True

    def continue_after(self, elements: Iterable[Element[T]], *, list_complete: bool) -> None:
        """Have the first request ask for what is missing after these elements.

        To be called before it. The elements are not delivered; with `list_complete`, at most the
        rejected ones are missing.
        """
        events = self._take_in([(element, None) for element in elements])
        self._brought_before = sum(isinstance(event, Item) for event in events)
        self._held.clear()
        self._rejected.update(self._pending)
        self._brought = 0
        while self._next_index < self._placing.elements.count:
            if self._next_index in self._pending:
                break
            self._next_index += 1
        if self._placing.elements.count or self._pending:
            cause: AttemptCause = "repair" if list_complete and self._pending else "resume"
            lost = IncompleteStreamError(_LOST, outcome=Outcome("disconnected", detail=_LOST))
            self._failure = Failure(lost, cause, progress=False)
            self._cause = cause
            self.pending = [AttemptStarted(1, cause)]
            self._prepare(self._failure)
            self.estimate_input = partial(input_tokens, arguments_of(self.opening_request))

    # -- reading a response ----------------------------------------------------------------

    @override
    def _happened(self, events: list[Event[T]]) -> list[Event[T]]:
        """What the events of one response mean for the list."""
        placed: list[Event[T]] = []
        for event in events:
            if self.failure is not None and not isinstance(event, TextDelta):
                break
            if isinstance(event, Item):
                placed += self._take_in(self._placing.feed(event))
            elif isinstance(event, ItemRejected):
                placed += self._take_in(self._placing.feed(event.item))
            else:
                placed.append(event)
        reader = self._items
        if reader.ended and reader.failure is None and reader.is_whole():
            # Not later, where the next request would have to be waited for.
            placed += self._take_in(self._placing.end(interrupted=False))
        if self.failure is not None:
            placed += self._held_back()
        return super()._happened(placed)

    def _take_in(self, placed: list[Placed[T]]) -> list[Event[T]]:
        """These elements have their place in the list now."""
        events: list[Event[T]] = []
        limits = self._call.limits
        for element, index in placed:
            if self.failure is not None:
                break
            if index is None and self._placing.elements.count >= limits.item_count:
                self.failure = exceeded(limits, "item_count")
                break
            at = self._placing.add(element, index)
            if isinstance(element, Item):
                events += self._accept(element, at)
            else:
                events += self._reject(element, at)
        return events

    def _accept(self, item: Item[T], index: int) -> list[Event[T]]:
        """An element is valid."""
        placed = placed_item(item, index, _path_at(item.path, index), self._number)
        self._brought += 1
        events: list[Event[T]] = []
        rejected = self._pending.pop(index, None)
        if rejected is not None:
            events.append(ItemRepaired(rejected, self._number))
        if not self._ordered:
            return [*events, placed]
        self._held[index] = placed
        return [*events, *self._in_order()]

    def _reject(self, item: RejectedItem, index: int) -> list[Event[T]]:
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
            if decision == "raise":
                self.failure = invalid_item(placed)
            elif decision != "skip":
                raise ValueError(f'on_invalid gave {decision!r}, not "repair", "raise" or "skip"')
        return [ItemRejected(placed), *(self._in_order() if self._ordered else ())]

    # -- keeping the order -----------------------------------------------------------------

    def _in_order(self) -> list[Event[T]]:
        """The items that nothing before them holds back any more."""
        ready: list[Event[T]] = []
        while (
            self._next_index < self._placing.elements.count
            and self._next_index not in self._pending
        ):
            item = self._held.pop(self._next_index, None)
            if item is not None:
                ready.append(item)
            self._next_index += 1
        return ready

    @override
    def _held_back(self) -> list[Event[T]]:
        rest: list[Event[T]] = [self._held[index] for index in sorted(self._held)]
        self._held.clear()
        return rest

    # -- between responses -----------------------------------------------------------------

    @override
    def _judge(self, error: BaseException | None) -> Failure | None:
        left = self._take_in(self._placing.end(interrupted=error is not None))
        self.pending += super()._happened(left)
        if self.failure is not None or self.outcome is not None:
            return None
        progress = self._brought > 0
        mendable = not isinstance(error, OutputValidationError) and not self._is_final(error)
        if error is None or (mendable and self._is_unharmed(error)):
            if not self._pending:
                self.outcome = Outcome("complete") if error else self._items.outcome
                return None
            rejected = list(self._pending.values())
            mark = tuple((each.index, same_text(each.raw)) for each in rejected)
            return Failure(invalid_item(rejected[0]), "repair", progress, mark)
        if (
            mendable
            and self._options.on_interrupt == "resume"
            and isinstance(error, PartialStreamError)
        ):
            cause: AttemptCause = "repair" if self._cause == "repair" else "resume"
            return Failure(error, cause, progress, self._mark_of(error))
        self.failure = error
        return None

    def _is_unharmed(self, error: BaseException) -> bool:
        """Whether all that was asked for has come before the failure."""
        if self._cause == "repair" and not self._pending:
            return True
        # What a provider complains of after the complete list takes nothing from it.
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

    @override
    def _prepare(self, failure: Failure) -> None:
        beside = INDEXES if failure.cause == "repair" else FIRST_INDEX

        def claim() -> str | None:
            # Not earlier: the response may come by another route than was expected.
            name = self._call.builder.member_beside(beside)
            return None if name is None else self._items.member(name)

        if failure.cause == "repair":
            self._placing.repair(claim, self.rejected)
        else:
            self._placing.resume(claim)
            self.pending.append(Resumed(self._number, self._placing.elements.count))

    @override
    def _request_for(self, failure: Failure, builder: RequestBuilder) -> Any:
        if failure.cause == "repair":
            return self._repair_request(builder, list(self._pending.values()))
        elements = self._placing.elements
        if elements.count or _is_the_models(failure.error):
            return self._resume_request(builder, elements)
        return builder.request  # the model has not said anything wrong

    def _repair_request(self, builder: RequestBuilder, rejected: list[RejectedItem]) -> Any:
        """Ask for rejected items again, and for nothing else."""
        name = builder.member_beside(INDEXES)
        said = list_text([each.raw for each in rejected], builder.path)
        prompt = self._options.prompts.repair
        instruction = prompt(rejected)
        if name is not None and prompt is repair_prompt:
            instruction += f"\n\n{indexes_prompt(name, [each.index for each in rejected])}"
        return builder.follow_up(said, instruction, (), name)

    def _resume_request(self, builder: RequestBuilder, elements: Elements) -> Any:
        """Ask for what follows these elements of the list."""
        name = builder.member_beside(FIRST_INDEX) if elements.count else None
        said = list_text(elements.texts, builder.path) if elements.texts else None
        prompt = self._options.prompts.resume
        instruction = prompt(elements.count, len(elements.texts))
        if name is not None and prompt is resume_prompt:
            instruction += f"\n\n{first_index_prompt(name, elements.count)}"
        return builder.follow_up(said, instruction, (), name)


def item_session(call: Call) -> Session[Any]:
    """What reads the list: over one response, or over as many as it takes."""
    on_invalid = call.options.on_invalid
    if call.is_plain and on_invalid in (None, "raise", "skip"):
        reader = call.item_reader(ResponseStream(), "skip" if on_invalid == "skip" else "raise")
        return call.describe(Session(reader, call.options.take, call.options.stop_when))
    return call.describe(ItemRetries(call))


def continued_session(
    call: Call, elements: Iterable[Element[Any]], *, list_complete: bool
) -> Session[Any]:
    """The session that reads the rest of a list; see `ItemRetries.continue_after`."""
    session: ItemRetries[Any] = ItemRetries(call)
    call.describe(session)
    session.continue_after(elements, list_complete=list_complete)
    return session


def list_text(raws: Iterable[str], path: Path) -> str:
    """Write a JSON document with a list at a path; its elements are texts, and stay as they are.

    An index in the path becomes a list of one element.

    Example:
        >>> list_text(['{"n":1}', '{"n": 2e0}'], ("items",))
        '{"items": [{"n":1}, {"n": 2e0}]}'
    """
    text = f"[{', '.join(raws)}]"
    for step in reversed(path):
        text = f"[{text}]" if isinstance(step, int) else object_text({step: text})
    return text


def _is_the_models(error: PartialStreamError) -> bool:
    """Whether a failure is the model's, and not the transport's or the provider's."""
    if isinstance(error, IncompleteStreamError) and error.outcome is not None:
        return error.outcome.status not in _STATUSES_OF_THE_TRANSPORT
    return not isinstance(error, ProviderError)


def _path_at(path: Path, index: int) -> Path:
    """Where an element would stand if all responses were one."""
    return (*path[:-1], index) if path and isinstance(path[-1], int) else path
