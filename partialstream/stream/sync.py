"""Sync streams: what users iterate over."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import Self, override

from partialstream.engine.changes import Change, Recording
from partialstream.results import Item
from partialstream.spelling import names_meant
from partialstream.stream.changes import ListChanges, map_events, throttled
from partialstream.stream.drive import ENDED, LEFT, StreamInfo, fields_arrived, run
from partialstream.stream.events import WITHOUT_SNAPSHOTS, Finished
from partialstream.stream.items import ItemReader
from partialstream.stream.partials import PartialReader
from partialstream.stream.session import Session
from partialstream.stream.transport import Chunks, is_running

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import TypeForm

    from partialstream.limits import Limits
    from partialstream.results import Path, RejectedItem, Span
    from partialstream.stream.events import ItemEvent, PartialEvent
    from partialstream.validation.items import OnInvalid
    from partialstream.validation.partials import M

T = TypeVar("T")
V = TypeVar("V")
W = TypeVar("W")


class _Stream(StreamInfo[T]):
    """What item and partial streams have in common: one pass over one session."""

    def __init__(self, session: Session[T], chunks: Chunks) -> None:
        super().__init__(session, chunks)
        self._chunks = chunks
        self._values: Generator[T, None, None] = run(session, chunks, values=True)
        self._others: list[Generator[Any, None, None]] = []

    def __iter__(self) -> Generator[T, None, None]:
        # A generator for each loop, which nobody else holds: Python closes it when the loop is
        # left, even if the stream is kept, to be asked for its usage.
        return self._loop(self._values)

    def __next__(self) -> T:
        return next(self._values)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the response at once. May be called at any time, and more than once."""
        # First: a thread that has not begun to wait for a chunk does not begin any more.
        self._session.cancel()
        readers = (self._values, *self._others)
        if any(map(is_running, readers)) and self._chunks.interrupt():
            return  # whoever reads comes to the end, and closes the response
        self._chunks.close()
        for reader in readers:
            with suppress(ValueError):  # another thread reads, and will find the end by itself
                reader.close()

    def _also(self, generator: Generator[W, None, None]) -> Generator[W, None, None]:
        """Another way to read the stream, closed with it."""
        self._others.append(generator)
        return self._loop(generator)

    def _loop(self, generator: Generator[W, None, None]) -> Generator[W, None, None]:
        """What a loop runs over; to leave the loop is to leave the stream."""
        self._check_first(self._values)
        try:
            yield from generator
        except GeneratorExit:
            self._over = LEFT
            raise
        finally:
            self._over = self._over or ENDED


class ItemStream(_Stream[T]):
    """An iterator of items, delivered as they complete.

    It can be read once: by iterating over it, over `detailed()` or over `events()`. Exiting
    a loop closes the response; so does `close`, and the end of a `with` block.

    Raises (while it is read):
        PartialStreamError: The response is malformed, invalid, incomplete, refused …; see
            `partialstream.errors`. Items before the failure are delivered first.
    """

    @property
    def rejected(self) -> list[RejectedItem]:
        """The items that did not validate and were not repaired, in order of their index."""
        return self._session.rejected

    def detailed(self) -> Iterator[Item[T]]:
        """The items, each with its index, path, text and time."""
        return self._also(run(self._session, self._chunks, Item))

    def events(self, *, text: bool = True, ordered: bool = False) -> Iterator[ItemEvent[T]]:
        """All events: text, items, rejected items, the end.

        With retries, also attempts that start, fail or resume another, and repaired items.

        Text between two other events may be split into any number of pieces.

        Args:
            text: Whether events for text are wanted.
            ordered: Whether items that follow one to be repaired wait for it, as with the
                client's `ordered=True`.
        """
        if text:
            self._session.report_text()
        if ordered:
            self._session.keep_order()
        return self._also(run(self._session, self._chunks))

    def changes(self, *, throttle: float = 0, by_alias: bool | None = None) -> Iterator[Change]:
        """What the list gained, as changes of a JSON array: each item sets its own index.

        Repaired items set theirs later than others; until then, and where an item was rejected,
        there is null. See `PartialStream.changes`.

        Args:
            throttle: See `PartialStream.changes`.
            by_alias: See `PartialStream.changes`.

        Example:
            >>> for change in stream_items(int, ["[1, 2", ", 3]"]).changes():
            ...     print(change.as_dict())
            {'path': [], 'op': 'set', 'value': []}
            {'path': [0], 'op': 'set', 'value': 1}
            {'path': [1], 'op': 'set', 'value': 2}
            {'path': [2], 'op': 'set', 'value': 3}
            {'path': [], 'op': 'complete'}
        """
        changes = ListChanges(by_alias)
        events = run(self._session, self._chunks, (Item, Finished))
        return self._also(throttled(map_events(changes.of, events), throttle))


class PartialStream(_Stream[T]):
    """An iterator of snapshots of a growing object; the last is the validated object.

    It can be read once: by iterating over it, or over `events()`. `final()` reads the rest.
    Exiting a loop closes the response; so does `close`, and the end of a `with` block.

    Raises (while it is read):
        PartialStreamError: As for `ItemStream`; `error.snapshot` is the last snapshot.
    """

    def final(self) -> T:
        """Read to the end and return the validated object.

        Raises:
            PartialStreamError: There is none.
        """
        for _ in self._values:
            pass
        return self._session.final()

    @property
    def raw(self) -> str | None:
        """The JSON text of the validated object; None before it is complete."""
        return self._session.raw

    @property
    def spans(self) -> Mapping[Path, Span]:
        """The spans of the object's quotes in `source_text`, by path: field names and indexes.

        Empty before the object is complete, and if no field is marked with `Quote`.
        """
        return self._session.spans

    @override
    def _progress(self) -> str:
        return fields_arrived(self._session.snapshot)

    def events(
        self, *, text: bool = True, changes: bool = False, by_alias: bool | None = None
    ) -> Iterator[PartialEvent[T]]:
        """All events: text, snapshots, the end; with retries also attempts.

        Args:
            text: Whether events for text are wanted.
            changes: Whether changes are wanted in place of snapshots.
            by_alias: See `changes`.
        """
        if text:
            self._session.report_text()
        if changes:
            self._session.record_changes(Recording(by_alias))
        return self._also(
            run(self._session, self._chunks, WITHOUT_SNAPSHOTS if changes else object)
        )

    def changes(self, *, throttle: float = 0, by_alias: bool | None = None) -> Iterator[Change]:
        """What the object gained, delta by delta, as JSON has it.

        The changes lead from nothing to the JSON of each snapshot, of which they hold what has
        arrived: a field's default comes when the object that it belongs to is complete, and so do
        computed fields and fields whose serializer looks at others. In the end that is the
        validated object's `model_dump(mode="json")`. A new attempt begins with a change that sets
        the whole to what stands.

        Args:
            throttle: Seconds in which changes are merged into fewer; 0 for none. What is held
                back is handed over with the next delta after that, or at the end.
            by_alias: Whether fields have their aliases; None leaves that to the model.

        Example:
            >>> from pydantic import BaseModel
            >>> class Report(BaseModel):
            ...     title: str
            ...     pages: int = 1
            >>> for change in stream_partial(Report, ['{"title": "On', ' paper"', "}"]).changes():
            ...     print(change.as_dict())
            {'path': [], 'op': 'set', 'value': {'title': 'On'}}
            {'path': ['title'], 'op': 'append', 'value': ' paper'}
            {'path': ['title'], 'op': 'complete'}
            {'path': ['pages'], 'op': 'set', 'value': 1}
            {'path': [], 'op': 'complete'}
        """
        self._session.record_changes(Recording(by_alias))
        return self._also(throttled(run(self._session, self._chunks, Change), throttle))


@names_meant
def stream_items(
    type_: TypeForm[T],
    chunks: Iterable[Any],
    *,
    path: str | Sequence[str | int] | None = None,
    on_invalid: OnInvalid = "raise",
    context: Any = None,
    strict: bool | None = None,
    limits: Limits | None = None,
    lenient: bool = False,
    source_text: str | None = None,
    take: int | None = None,
    stop_when: Callable[[T], bool] | None = None,
) -> ItemStream[T]:
    """Read items from a stream that is already open.

    Args:
        type_: The type of one item: anything pydantic validates.
        chunks: Text deltas, the bytes of an SSE response, or an SDK's chunks, as objects or
            dicts. Closed with the stream, if it has a `close`.
        path: Where the list is; see `ItemParser`.
        on_invalid: `"raise"` or `"skip"`; see `ItemParser`.
        context: Passed to pydantic's validators.
        strict: pydantic's strict mode; None leaves it to the type.
        limits: See `Limits`.
        lenient: Whether items that are not valid JSON are read; see `ItemParser`.
        source_text: The text that fields marked with `Quote` are copied from; an item with a quote
            that is not found in it is invalid, and the spans of the others are in `Item.spans`.
        take: Number of items after which the stream ends; None for all. Rejected items do not
            count. The response is closed before the last item is delivered; the outcome is
            `cancelled`, and no error is raised.
        stop_when: Called with each item before it is delivered; the first item for which it
            returns True is the last, as with `take`. An exception it raises ends the stream.

    Example:
        >>> from pydantic import BaseModel
        >>> class Product(BaseModel):
        ...     name: str
        >>> for product in stream_items(Product, ['[{"name": "La', 'mp"}, {"name"', ': "Rug"}]']):
        ...     print(product)
        name='Lamp'
        name='Rug'
    """
    reader: ItemReader[T] = ItemReader(
        type_,
        path=path,
        on_invalid=on_invalid,
        context=context,
        strict=strict,
        limits=limits,
        lenient=lenient,
        source_text=source_text,
    )
    return ItemStream(Session(reader, take, stop_when), Chunks(chunks))


@names_meant
def stream_partial(
    model: TypeForm[M],
    chunks: Iterable[Any],
    *,
    context: Any = None,
    strict: bool | None = None,
    limits: Limits | None = None,
    lenient: bool = False,
    source_text: str | None = None,
    stop_when: Callable[[M], bool] | None = None,
) -> PartialStream[M]:
    """Read a growing object from a stream that is already open.

    Args:
        model: The model; or a TypedDict, a dict or a list, which grow too. A dataclass appears
            when it is complete.
        chunks: See `stream_items`.
        context: Passed to pydantic's validators.
        strict: pydantic's strict mode; None leaves it to the model.
        limits: See `Limits`.
        lenient: Whether an object that is not valid JSON is read; see `PartialParser`.
        source_text: The text that fields marked with `Quote` are copied from; an object with a
            quote that is not found in it is invalid. The spans are in `spans` of the stream.
        stop_when: Called with each snapshot before it is delivered; the first for which it
            returns True is the last, and the response is closed before that. There is no final
            object then: `final()` raises `IncompleteStreamError`, with that snapshot. An
            exception it raises ends the stream.

    Example:
        >>> from pydantic import BaseModel
        >>> class Report(BaseModel):
        ...     title: str
        >>> [report.title for report in stream_partial(Report, ['{"title": "On', ' paper"}'])]
        ['On', 'On paper']
    """
    reader: PartialReader[M] = PartialReader(
        model,
        context=context,
        strict=strict,
        limits=limits,
        lenient=lenient,
        source_text=source_text,
    )
    return PartialStream(Session(reader, stop_when=stop_when), Chunks(chunks))
