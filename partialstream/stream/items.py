"""One response, read as a list of items."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import override

from partialstream.deltas import Channel, Delta
from partialstream.engine.alignment import Alignment
from partialstream.engine.items import ItemScanner
from partialstream.engine.route import parse_path
from partialstream.engine.scan import END
from partialstream.errors import PartialStreamError
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.results import Confidence, Item, Outcome, quoted_item, reread_item
from partialstream.stream.confidence import confidence_of
from partialstream.stream.events import Event, ItemRejected
from partialstream.stream.reader import Expected, ResponseReader
from partialstream.validation.items import ItemValidator, OnInvalid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Container, Iterator, Sequence

    from typing_extensions import TypeForm

    from partialstream.engine.position import RawItem
    from partialstream.stream.response import ResponseStream
    from partialstream.validation.quoted import Spans

T = TypeVar("T")

_CONTENT = Channel("content")


class ItemReader(ResponseReader[T]):
    """Reads one response as a list of items."""

    def __init__(
        self,
        type_: TypeForm[T],
        *,
        path: str | Sequence[str | int] | None = None,
        on_invalid: OnInvalid = "raise",
        context: Any = None,
        strict: bool | None = None,
        limits: Limits | None = None,
        response: ResponseStream | None = None,
        expected: Expected | None = None,
        lenient: bool = False,
        source_text: str | None = None,
    ) -> None:
        super().__init__(response, expected, limits or DEFAULT_LIMITS)
        self._path = parse_path(path)
        self._lenient = lenient
        self._validator: ItemValidator[T] = ItemValidator(
            type_,
            on_invalid=on_invalid,
            context=context,
            strict=strict,
            limits=self._limits,
            lenient=lenient,
            source_text=source_text,
        )
        self._numbers = itertools.count()
        self._scanners: dict[Channel, ItemScanner] = {}
        self._channel: Channel | None = None  # of the last text, and
        self._reading: ItemScanner | None = None  # what reads that, if anything
        self._bare: ItemScanner | None = None  # that of the content, while the chunks are text
        self._has_ended = False
        self._ends: dict[Channel, Outcome | PartialStreamError] = {}  # of the texts
        # The items of the last chunk, by number: the tokens around them, and where they end.
        self._spoken: dict[int, tuple[Alignment, int]] = {}

    @property
    @override
    def text(self) -> str:
        return "".join(scanner.text for scanner in self._scanners.values())

    def member(self, name: str) -> str | None:
        """A scalar that stands beside the list: see `Router.members`. None if there is none."""
        for scanner in self._scanners.values():
            if name in scanner.members:
                return scanner.members[name]
        return None

    # -- reading ---------------------------------------------------------------------------

    @override
    def pull(self, chunks: Iterator[Any]) -> list[Event[T]]:
        if self.reports_text:
            return super().pull(chunks)
        while True:
            raws: Sequence[RawItem] = ()
            chunk: object = None
            try:
                if self._bare is None:
                    chunk = next(chunks, END)
                else:
                    raws, chunk = self._bare.pull(chunks)
            except PartialStreamError as error:
                raws = self._completed_before(error)
            except BaseException as error:  # noqa: BLE001 - the session says what it means
                return self.on_transport_error(error)
            if raws:
                events = self._accepted(raws)
            elif self.done:
                return []
            elif chunk is END:
                return self.finish()
            else:
                # The first chunk comes this way too, and is noted as the first; and while
                # chunks bring nothing, there is a look at the clock.
                events = self.feed(chunk)
                is_text = chunk.__class__ is str and chunk
                self._bare = self._scanner(_CONTENT) if is_text else None
            if events or self.done:
                return events

    @override
    async def pull_async(self, chunks: AsyncIterator[Any]) -> list[Event[T]]:
        if self.reports_text:
            return await super().pull_async(chunks)
        while True:
            try:
                chunk = await chunks.__anext__()
            except StopAsyncIteration:
                return self.finish()
            except BaseException as error:  # noqa: BLE001 - the session says what it means
                return self.on_transport_error(error)
            is_text = chunk.__class__ is str and chunk
            if self._bare is not None and is_text:
                raws = self._scan(self._bare, chunk)
                events = self._accepted(raws) if raws else []
            else:
                events = self.feed(chunk)
                self._bare = self._scanner(_CONTENT) if is_text else None
            if events or self.done:
                return events

    @override
    def _read(self, deltas: list[Delta]) -> list[Event[T]]:
        events: list[Event[T]] = []
        for channel, text in deltas:
            if channel is not self._channel:  # to look a channel up takes its hash
                self._channel, self._reading = channel, self._scanner(channel)
            scanner = self._reading
            if scanner is None:
                if self.reports_text:
                    events.append(self._text_event(channel, text))
                self._put_aside(channel, text)
            elif self.reports_text:
                events += self._read_with_text(scanner, channel, text)
            else:
                raws = self._scan(scanner, text)
                if raws:
                    events += self._accepted(raws, channel)
            if self.failure is not None:
                break
        return events

    def _read_with_text(
        self, scanner: ItemScanner, channel: Channel, text: str
    ) -> Iterator[Event[T]]:
        """Text and items in their order, so that it does not matter how the text was cut."""
        start = scanner.size
        done = 0  # characters of `text` that there are events for
        for raw in self._scan(scanner, text):
            end = raw.position.offset + len(raw.text) - start
            if end > done:
                yield self._text_event(channel, text[done:end])
                done = end
            yield from self._accepted([raw], channel)
            if self._validator.failure is not None:
                return
        if done < len(text):
            yield self._text_event(channel, text[done:])

    def _scan(self, scanner: ItemScanner, text: str) -> Sequence[RawItem]:
        try:
            return scanner.feed(text)
        except PartialStreamError as error:
            return self._completed_before(error)

    def _completed_before(self, error: PartialStreamError) -> list[RawItem]:
        """The items that the same text completed before reading failed."""
        self._fail(error)
        return [raw for scanner in self._scanners.values() for raw in scanner.take_completed()]

    def _accepted(self, raws: Sequence[RawItem], channel: Channel | None = None) -> list[Event[T]]:
        """Validate items; those of a channel may have tokens."""
        if self.outcome is not None:
            return []  # left while they were waited for
        if channel is not None and self._alignments:
            self._remember(raws, channel)
        validator = self._validator
        now = self.response.elapsed()
        events: list[Event[T]] = []
        for value, raw in validator.accept(raws):
            text, number, path, _ = raw
            confidence = self._confidence(raw) if self._spoken else None
            events.append(Item(value, number, path, text, 1, now, confidence))
        if validator.eventful:
            rejected, reread = validator.take_events()
            spans = validator.take_spans()
            if spans:
                events = [
                    _quoted(each, found, reread) for each, found in zip(events, spans, strict=True)
                ]
            elif reread:
                events = [_reread(each, reread) for each in events]
            if rejected:
                events += map(ItemRejected, rejected)
                events.sort(key=_index)
            if validator.failure is not None:
                self._fail(validator.failure)
        return events

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
            lenient=self._lenient,
        )

    @property
    @override
    def _size(self) -> int:
        scanner = self._scanners.get(_CONTENT)
        return 0 if scanner is None else scanner.size

    # -- how likely the items are ----------------------------------------------------------

    def _confidence(self, raw: RawItem) -> Confidence | None:
        alignment, _ = self._spoken.get(raw.number, (None, 0))
        if alignment is None:
            return None
        return confidence_of(raw.text, raw.position.offset, alignment)

    def _remember(self, raws: Sequence[RawItem], channel: Channel) -> None:
        """Items are complete whose tokens may be known."""
        alignment = self._alignments.get(channel)
        if alignment is not None:
            for raw in raws:
                self._spoken[raw.number] = alignment, raw.position.offset + len(raw.text)

    @override
    def _alignment(self, channel: Channel) -> Alignment:
        scanner = self._scanner(channel)
        size = sum(map(len, self._aside.get(channel, ()))) if scanner is None else scanner.size
        return Alignment(size, keeps=self._limits.text_kept)

    @override
    def _align(self, deltas: list[Delta]) -> None:
        for alignment, end in self._spoken.values():
            alignment.release(end)  # those items have been handed over
        self._spoken.clear()
        super()._align(deltas)

    # -- the end ---------------------------------------------------------------------------

    @override
    def _last_events(self) -> list[Event[T]]:
        # Items that stand in another place than was asked for, in the text or beside it.
        if self._has_ended or self.failure is not None or self.outcome is not None:
            return []
        self._has_ended = True
        raws: list[RawItem] = []
        found = [self._end(*each, raws) for each in self._scanners.items()]
        if not any(found):
            raws += self._read_aside()
        return self._accepted(raws)

    @override
    def _left_over(self) -> list[Event[T]]:
        return self._last_events()

    def _end(self, channel: Channel, scanner: ItemScanner, raws: list[RawItem]) -> bool:
        """End a text, and add its last items; gives whether there is a document in it."""
        status = "invalid"  # which `_document` reports
        try:
            end = self._ends[channel] = scanner.finish()
            status = end.status
        except PartialStreamError as error:
            self._ends[channel] = error  # a text that has failed does not fail twice
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
        """Whether the list is closed, whatever came after it. For responses that were read."""
        return self._document(raising=False).ok and not self._open_ended

    @property
    @override
    def _received(self) -> int:
        return sum(scanner.size for scanner in self._scanners.values())

    @property
    @override
    def _open_ended(self) -> bool:
        return any(scanner.open_ended for scanner in self._scanners.values())

    @override
    def _document(self, *, raising: bool) -> Outcome:
        outcomes: list[Outcome] = []
        for channel, scanner in self._scanners.items():
            if channel not in self._ends:
                self._end(channel, scanner, [])
            end = self._ends[channel]
            if isinstance(end, Outcome):
                outcomes.append(end)
            elif raising:
                raise end
            else:
                outcomes.append(Outcome("truncated", detail=str(end)))
        # Several texts in one response: one that is cut counts first, one without a list last.
        for status in ("truncated", "complete", "no_json"):
            for outcome in outcomes:
                if outcome.status == status:
                    return outcome
        return Outcome("empty")


def _reread(event: Event[T], numbers: Container[int]) -> Event[T]:
    """An item, marked as reread if its number is among these."""
    if not isinstance(event, Item) or event.index not in numbers:
        return event
    return reread_item(event)


def _quoted(event: Event[T], spans: Spans, reread: Container[int]) -> Event[T]:
    """An item, with the places of its quotes."""
    if not isinstance(event, Item):
        return event
    return quoted_item(event, spans, text_repaired=event.index in reread)


def _index(event: Any) -> int:
    index: int = event.index if isinstance(event, Item) else event.item.index
    return index
