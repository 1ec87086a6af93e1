"""The policy of an item stream: chunks in, items out."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from partialstream.engine.alignment import Alignment
from partialstream.engine.items import ItemScanner
from partialstream.engine.position import RawItem
from partialstream.engine.route import parse_path
from partialstream.errors import PartialStreamError
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.results import Channel, Delta, Item, Outcome, RejectedItem
from partialstream.stream.confidence import confidence_of
from partialstream.stream.events import ItemEvent, ItemRejected
from partialstream.stream.flow import Expected, Flow
from partialstream.stream.reading import Intake, Reading
from partialstream.validation.items import ItemValidator, OnInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.stream.response import ResponseStream

T = TypeVar("T")

Delivery = tuple[T, RawItem]
"""An item that is to be handed over, and where it comes from."""


class ItemReading(Reading[tuple[T, Any], ItemEvent[T]]):
    """The policy of an item stream: what it hands over are values, and where they come from."""

    @property
    @abstractmethod
    def rejected(self) -> list[RejectedItem]:
        """The items that did not validate and were not repaired."""

    @abstractmethod
    def item(self, delivery: tuple[T, Any]) -> Item[T]:
        """All that is known of a delivered item."""

    # -- a shorter way for chunks that are text --------------------------------------------

    def text_scanner(self) -> ItemScanner | None:
        """The parser's own intake for text, None if there is none.

        What its `pull` raises goes to `failed`, what it gives to `accept`.
        """
        return None

    def failed(self, error: PartialStreamError) -> list[RawItem]:
        """Reading has failed; gives the raw items that the same text completed before."""
        raise error

    def accept(self, raws: Sequence[RawItem]) -> list[tuple[T, Any]]:
        """Validate raw items; gives those to hand over."""
        raise NotImplementedError("there is no short way")


def items(reading: ItemReading[T]) -> Intake[Item[T]]:
    """To read a stream by its items, with all that is known of them."""

    def take(chunk: Any) -> list[Item[T]]:
        return list(map(reading.item, reading.take(chunk)))

    return Intake(
        take,
        lambda: list(map(reading.item, reading.finish())),
        lambda: list(map(reading.item, reading.between())),
    )


_CONTENT = Channel("content")


class ItemFlow(Flow[tuple[T, Any], ItemEvent[T]], ItemReading[T]):
    """Reads one answer as a list of items."""

    def __init__(
        self,
        type_: type[T],
        *,
        path: str | Sequence[str | int] | None = None,
        on_invalid: OnInvalid = "raise",
        context: Any = None,
        strict: bool | None = None,
        limits: Limits | None = None,
        answer: ResponseStream | None = None,
        expected: Expected | None = None,
    ) -> None:
        super().__init__(answer, expected, limits or DEFAULT_LIMITS)
        self._path = parse_path(path)
        self._validator = ItemValidator(
            type_, on_invalid=on_invalid, context=context, strict=strict, limits=self._limits
        )
        self._numbers = itertools.count()
        self._scanners: dict[Channel, ItemScanner] = {}
        self._has_ended = False
        self._ends: dict[Channel, Outcome | PartialStreamError] = {}  # of the texts
        # what a broken answer has left to hand over, and the same as events
        self._left_over: list[Delivery[T]] = []
        self._left_over_events: list[ItemEvent[T]] = []
        # The items of the last chunk, by number: the tokens around them, and where they end.
        self._spoken: dict[int, tuple[Alignment, int]] = {}

    @property
    def rejected(self) -> list[RejectedItem]:
        """The items that did not validate."""
        return self._validator.rejected

    @property
    def text(self) -> str:
        """The text that may hold items, so far."""
        return "".join(scanner.text for scanner in self._scanners.values())

    def member(self, name: str) -> str | None:
        """A scalar that stands beside the list: see `Router.members`. None if there is none."""
        for scanner in self._scanners.values():
            if name in scanner.members:
                return scanner.members[name]
        return None

    def item(self, delivery: Delivery[T]) -> Item[T]:
        """All that is known of a delivered item."""
        value, raw = delivery
        confidence = None
        if raw.number in self._spoken:
            alignment, _ = self._spoken[raw.number]
            confidence = confidence_of(raw.text, raw.position.offset, alignment)
        return Item(
            value,
            raw.number,
            raw.path,
            raw.text,
            received_at=self.answer.elapsed(),
            confidence=confidence,
        )

    # -- the short way for chunks that are text -------------------------------------------

    def text_scanner(self) -> ItemScanner | None:
        """The parser's own intake for text.

        What its `pull` raises goes to `failed`, what it gives to `accept`.
        """
        return self._scanner(_CONTENT)

    def failed(self, error: PartialStreamError) -> list[RawItem]:
        """Reading has failed; gives the raw items that the same text completed before."""
        self.failure = error
        completed: list[RawItem] = []
        for scanner in self._scanners.values():
            completed += scanner.take_completed()
        return completed

    def accept(self, raws: Sequence[RawItem]) -> list[Delivery[T]]:
        """Validate raw items; gives those to hand over."""
        if self.outcome is not None:
            return []  # left while they were waited for
        validator = self._validator
        accepted = validator.accept(raws)
        if validator.failure is not None:
            self.failure = validator.failure
        if accepted:
            self.answer.delivered(len(accepted))
        return accepted

    # -- the general way -------------------------------------------------------------------

    def _values(self, deltas: list[Delta]) -> list[Delivery[T]]:
        accepted: list[Delivery[T]] = []
        for channel, text in deltas:
            scanner = self._scanners.get(channel) or self._scanner(channel)
            if scanner is None:
                self._put_aside(channel, text)
            else:
                raws = self._send(scanner, channel, text)
                if raws:
                    accepted += self.accept(raws)
            if self.failure is not None:
                break
        return accepted

    def _events(self, deltas: list[Delta]) -> list[ItemEvent[T]]:
        events: list[ItemEvent[T]] = []
        for channel, text in deltas:
            scanner = self._scanner(channel)
            if scanner is None:
                events.append(self._delta(channel, text))
                self._put_aside(channel, text)
                continue
            start = scanner.size
            done = 0  # characters of `text` that are told of
            for raw in self._send(scanner, channel, text):
                # Text and items are told in their order, so that it does not matter how the
                # text was cut.
                end = raw.position.offset + len(raw.text) - start
                if end > done:
                    events.append(self._delta(channel, text[done:end]))
                    done = end
                events += self._accepted(raw)
                if self._validator.failure is not None:
                    return events
            if done < len(text):
                events.append(self._delta(channel, text[done:]))
            if self.failure is not None:
                break
        return events

    def _accepted(self, raw: RawItem) -> list[ItemEvent[T]]:
        """What comes of one raw item."""
        known = len(self.rejected)
        events: list[ItemEvent[T]] = [*map(self.item, self.accept([raw]))]
        events += map(ItemRejected, self.rejected[known:])
        return events

    def _send(self, scanner: ItemScanner, channel: Channel, text: str) -> Sequence[RawItem]:
        try:
            raws = scanner.feed(text)
        except PartialStreamError as error:
            raws = self.failed(error)
        if self._alignments:
            self._remember(raws, channel)
        return raws

    def _remember(self, raws: Sequence[RawItem], channel: Channel) -> None:
        """Items are complete whose tokens may be known."""
        alignment = self._alignments.get(channel)
        if alignment is not None:
            for raw in raws:
                self._spoken[raw.number] = alignment, raw.position.offset + len(raw.text)

    @property
    def _sent(self) -> int:
        scanner = self._scanners.get(_CONTENT)
        return 0 if scanner is None else scanner.size

    def _alignment(self, channel: Channel) -> Alignment:
        scanner = self._scanner(channel)
        sent = sum(map(len, self._aside.get(channel, ()))) if scanner is None else scanner.size
        return Alignment(sent, keeps=self._limits.text_kept)

    def _align(self, deltas: list[Delta]) -> None:
        for alignment, end in self._spoken.values():
            alignment.release(end)  # those items have been handed over
        self._spoken.clear()
        super()._align(deltas)

    def _scanner(self, channel: Channel) -> ItemScanner | None:
        """What reads a text, None if it is not to be read yet."""
        scanner = self._scanners.get(channel)
        if scanner is None and self._expected.is_for(channel):
            scanner = self._scanners[channel] = self._new_scanner()
        return scanner

    def _new_scanner(self) -> ItemScanner:
        return ItemScanner(
            self._validator.shape,
            path=self._path,
            expected=self._expected.path,
            limits=self._limits,
            numbers=self._numbers,
        )

    # -- the end ---------------------------------------------------------------------------

    def finish(self) -> list[Delivery[T]]:
        """See `Flow`. Some items are only then known to be some; see `_last_items`."""
        return super().finish() + self.accept(self._last_items())

    def finish_events(self) -> list[ItemEvent[T]]:
        """See `Flow`."""
        events = super().finish_events()
        for raw in self._last_items():
            events += self._accepted(raw)
        return events

    def broken(self, error: BaseException) -> None:
        """See `Flow`. What the text until then holds is handed over by `between`."""
        if self.outcome is None and isinstance(error, Exception):
            known = len(self.rejected)
            self._left_over = self.accept(self._last_items())
            self._left_over_events = [*map(self.item, self._left_over)]
            self._left_over_events += map(ItemRejected, self.rejected[known:])
        if self.failure is None:
            super().broken(error)

    def between(self) -> list[Delivery[T]]:
        """See `Reading`."""
        left_over, self._left_over = self._left_over, []
        return left_over

    def between_events(self) -> list[ItemEvent[T]]:
        """See `Reading`."""
        left_over, self._left_over_events = self._left_over_events, []
        return left_over

    def _last_items(self) -> Sequence[RawItem]:
        """The items that only the end of the answer shows to be some.

        They stand in another place than was asked for, in the text or beside it.
        """
        if self._has_ended or self.failure is not None or self.outcome is not None:
            return []
        self._has_ended = True
        raws: list[RawItem] = []
        found = [self._end(*each, raws) for each in self._scanners.items()]
        if not any(found):
            raws += self._read_aside()
        return raws

    def _end(self, channel: Channel, scanner: ItemScanner, raws: list[RawItem]) -> bool:
        """End a text, and add its last items; gives whether there is a document in it."""
        status = "invalid"  # of which `_document` tells
        try:
            end = self._ends[channel] = scanner.finish()
            status = end.status
        except PartialStreamError as error:
            self._ends[channel] = error
        completed = scanner.take_completed()
        if self._alignments:
            self._remember(completed, channel)
        raws += completed
        return bool(completed) or status not in ("empty", "no_json")

    def _read_aside(self) -> list[RawItem]:
        """Read what came elsewhere than it was asked for."""
        raws: list[RawItem] = []
        for channel, text in self._take_aside():
            scanner = self._new_scanner()
            completed: list[RawItem] = []
            failure: PartialStreamError | None = None
            try:
                completed += scanner.feed(text)
            except PartialStreamError as error:
                failure = error
                completed += scanner.take_completed()
            raws += completed
            if failure is not None:
                # Prose that begins like JSON is one thing, a list that is cut another.
                self.failure = failure if completed or self.failure is None else self.failure
            elif self._end(channel, scanner, raws) or not raws:
                self.failure = None
                self._scanners[channel] = scanner
        return raws

    # -- the outcome -----------------------------------------------------------------------

    def is_whole(self) -> bool:
        """Whether the list is closed, whatever came behind it. For answers that were read."""
        return self._document(raising=False).ok and not self._open_ended

    @property
    def _received(self) -> int:
        return sum(scanner.size for scanner in self._scanners.values())

    @property
    def _open_ended(self) -> bool:
        return any(scanner.open_ended for scanner in self._scanners.values())

    def _document(self, *, raising: bool) -> Outcome:
        outcomes: list[Outcome] = []
        for channel, scanner in self._scanners.items():
            end = self._ends.get(channel)
            if end is None:
                try:
                    end = scanner.finish()
                except PartialStreamError as error:
                    end = error
                self._ends[channel] = end  # a text that has failed does not fail twice
            if isinstance(end, Outcome):
                outcomes.append(end)
            elif raising:
                raise end
            else:
                outcomes.append(Outcome("truncated", detail=str(end)))
        # Several texts in one answer: one that is cut counts first, one without a list last.
        for status in ("truncated", "complete", "no_json"):
            for outcome in outcomes:
                if outcome.status == status:
                    return outcome
        return Outcome("empty")

    def _annotate(self, error: PartialStreamError) -> None:
        error.delivered = self._validator.delivered
