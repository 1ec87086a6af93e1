"""Async streams: what `sync.py` does, with `await`. One suite of tests runs against both."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import Self, override

from partialstream.engine.changes import Change, Recording
from partialstream.results import Item
from partialstream.spelling import names_meant
from partialstream.stream.changes import ListChanges, map_events_async, throttled_async
from partialstream.stream.drive import ENDED, LEFT, StreamInfo, fields_arrived, run_async
from partialstream.stream.events import WITHOUT_SNAPSHOTS, Finished
from partialstream.stream.items import ItemReader
from partialstream.stream.partials import PartialReader
from partialstream.stream.session import Session
from partialstream.stream.transport import AsyncChunks, is_running

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterable,
        AsyncIterator,
        Callable,
        Generator,
        Mapping,
        Sequence,
    )
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


class _AsyncStream(StreamInfo[T]):
    """What item and partial streams have in common: one pass over one session.

    Awaiting a stream makes the request and gives the stream; reading it does so too.
    """

    def __init__(self, session: Session[T], chunks: AsyncChunks) -> None:
        super().__init__(session, chunks)
        self._chunks = chunks
        self._values: AsyncGenerator[T, None] = run_async(session, chunks, values=True)
        self._others: list[AsyncGenerator[Any, None]] = []

    def __aiter__(self) -> AsyncGenerator[T, None]:
        # A generator for each loop, as in `sync.py`. The event loop closes it.
        return self._loop(self._values)

    async def __anext__(self) -> T:
        return await self._values.__anext__()

    def __await__(self) -> Generator[Any, None, Self]:
        return self._opened().__await__()

    async def _opened(self) -> Self:
        await self._chunks.open()
        return self

    async def __aenter__(self) -> Self:
        return await self._opened()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the response at once. May be called at any time, and more than once."""
        self._session.cancel()
        # First, so that a task that waits for a chunk is woken up.
        await self._chunks.close()
        for reader in (self._values, *self._others):
            if not is_running(reader):
                await reader.aclose()

    async def aclose(self) -> None:
        """`close`, by the name that `contextlib.aclosing` knows."""
        await self.close()

    def _also(self, generator: AsyncGenerator[W, None]) -> AsyncGenerator[W, None]:
        """Another way to read the stream, closed with it."""
        self._others.append(generator)
        return self._loop(generator)

    def _loop(self, generator: AsyncGenerator[W, None]) -> AsyncGenerator[W, None]:
        """What a loop runs over; to leave the loop is to leave the stream."""
        return _Loop(generator, self._begin_loop, self._end_loop)

    def _begin_loop(self) -> AsyncGenerator[None, None]:
        """A loop begins: gives what the event loop closes when the loop is dropped."""
        self._check_first(self._values)
        return self._close_when_left()

    def _end_loop(self, reason: str) -> None:
        self._over = self._over or reason

    async def _close_when_left(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            if self._over is LEFT:
                await self.close()


class _Loop(AsyncGenerator[W, None]):
    """One loop over a stream. Nobody else holds it, so it is dropped when the loop is left.

    That is noted at once. To close the response needs awaiting: for that Python hands async
    generators that are dropped to the event loop, and this holds one.
    """

    __slots__ = ("_begin", "_end", "_generator", "_guard")

    def __init__(
        self,
        generator: AsyncGenerator[W, None],
        begin: Callable[[], AsyncGenerator[None, None]],
        end: Callable[[str], None],
    ) -> None:
        self._generator = generator
        self._begin = begin
        self._end = end
        self._guard: AsyncGenerator[None, None] | None = None  # None before it has begun

    @override
    async def __anext__(self) -> W:
        if self._guard is None:
            self._guard = self._begin()
            await self._guard.__anext__()
        try:
            return await self._generator.__anext__()
        except BaseException:
            self._end(ENDED)
            await self._guard.aclose()
            raise

    def __del__(self) -> None:
        if self._guard is not None:
            self._end(LEFT)

    @override
    async def aclose(self) -> None:
        if self._guard is not None:
            self._end(LEFT)
            await self._guard.aclose()
            if not is_running(self._generator):
                # The stream leaves it open if it was closed while a task was inside of it.
                await self._generator.aclose()

    @override
    async def asend(self, value: None) -> W:
        return await self.__anext__()

    @override
    async def athrow(self, kind: Any, error: Any = None, traceback: Any = None) -> W:
        await self.aclose()
        raise error or kind


class AsyncItemStream(_AsyncStream[T]):
    """An async iterator of items, delivered as they complete.

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

    def detailed(self) -> AsyncIterator[Item[T]]:
        """The items, each with its index, path, text and time."""
        return self._also(run_async(self._session, self._chunks, Item))

    def events(self, *, text: bool = True, ordered: bool = False) -> AsyncIterator[ItemEvent[T]]:
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
        return self._also(run_async(self._session, self._chunks))

    def changes(
        self, *, throttle: float = 0, by_alias: bool | None = None
    ) -> AsyncIterator[Change]:
        """What the list gained, as changes of a JSON array: each item sets its own index.

        Repaired items set theirs later than others; until then, and where an item was rejected,
        there is null. See `AsyncPartialStream.changes`.

        Args:
            throttle: See `AsyncPartialStream.changes`.
            by_alias: See `AsyncPartialStream.changes`.
        """
        changes = ListChanges(by_alias)
        events = run_async(self._session, self._chunks, (Item, Finished))
        return self._also(throttled_async(map_events_async(changes.of, events), throttle))


class AsyncPartialStream(_AsyncStream[T]):
    """An async iterator of snapshots of a growing object; the last is the validated object.

    It can be read once: by iterating over it, or over `events()`. `final()` reads the rest.
    Exiting a loop closes the response; so does `close`, and the end of a `with` block.

    Raises (while it is read):
        PartialStreamError: As for `AsyncItemStream`; `error.snapshot` is the last snapshot.
    """

    async def final(self) -> T:
        """Read to the end and return the validated object.

        Raises:
            PartialStreamError: There is none.
        """
        async for _ in self._values:
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
    ) -> AsyncIterator[PartialEvent[T]]:
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
            run_async(self._session, self._chunks, WITHOUT_SNAPSHOTS if changes else object)
        )

    def changes(
        self, *, throttle: float = 0, by_alias: bool | None = None
    ) -> AsyncIterator[Change]:
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
        """
        self._session.record_changes(Recording(by_alias))
        return self._also(throttled_async(run_async(self._session, self._chunks, Change), throttle))


@names_meant
def astream_items(
    type_: TypeForm[T],
    chunks: AsyncIterable[Any],
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
) -> AsyncItemStream[T]:
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
        >>> import asyncio
        >>> from partialstream.testing import async_fake_stream
        >>> async def main() -> None:
        ...     deltas = async_fake_stream(['[1, 2', '0, 3]'])
        ...     print([number async for number in astream_items(int, deltas)])
        >>> asyncio.run(main())
        [1, 20, 3]
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
    return AsyncItemStream(Session(reader, take, stop_when), AsyncChunks.of(chunks))


@names_meant
def astream_partial(
    model: TypeForm[M],
    chunks: AsyncIterable[Any],
    *,
    context: Any = None,
    strict: bool | None = None,
    limits: Limits | None = None,
    lenient: bool = False,
    source_text: str | None = None,
    stop_when: Callable[[M], bool] | None = None,
) -> AsyncPartialStream[M]:
    """Read a growing object from a stream that is already open.

    Args:
        model: The model; or a TypedDict, a dict or a list, which grow too. A dataclass appears
            when it is complete.
        chunks: See `astream_items`.
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
    """
    reader: PartialReader[M] = PartialReader(
        model,
        context=context,
        strict=strict,
        limits=limits,
        lenient=lenient,
        source_text=source_text,
    )
    return AsyncPartialStream(Session(reader, stop_when=stop_when), AsyncChunks.of(chunks))
