"""Async streams: what `sync.py` does, with `await`. One suite of tests runs against both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel
from typing_extensions import Self

from partialstream.errors import PartialStreamError
from partialstream.stream.chunks import AsyncChunks, is_running
from partialstream.stream.items import ItemFlow
from partialstream.stream.partials import PartialFlow

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        AsyncIterator,
        Callable,
        Generator,
        Sequence,
    )
    from types import TracebackType

    from partialstream.engine.raw_item import RawItem
    from partialstream.limits import Limits
    from partialstream.results import Attempt, Item, Outcome, RejectedItem, Timing, Usage
    from partialstream.stream.events import Finished, ItemEvent, PartialEvent
    from partialstream.stream.flow import Flow
    from partialstream.validation.items import OnInvalid

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
V = TypeVar("V")
W = TypeVar("W")


async def _run(
    flow: Flow[Any, Any],
    chunks: AsyncChunks,
    take: Callable[[Any], list[W]],
    finish: Callable[[], list[W]],
) -> AsyncGenerator[W, None]:
    """Fetch until the flow has had enough; hand over what it gives; raise what is left."""
    try:
        iterator = await chunks.open()
        while flow.failure is None and not flow.is_settled():
            try:
                chunk = await iterator.__anext__()
            except StopAsyncIteration:
                for value in finish():
                    yield value
                break
            except BaseException as error:  # noqa: BLE001 - raised below, or what it means
                flow.broken(error)
                break
            if flow.is_settled():
                break  # closed by another task, while this one waited
            for value in take(chunk):
                yield value
        flow.close()
    finally:
        flow.cancelled()
        await chunks.close()
    if flow.failure is not None:
        raise flow.failure


async def _run_items(flow: ItemFlow[T], chunks: AsyncChunks) -> AsyncGenerator[T, None]:
    """`_run` for the values of items, with a shorter way for chunks that are text."""
    send: Callable[[str], Sequence[RawItem]] | None = None
    ended = False
    try:
        iterator = await chunks.open()
        while flow.failure is None and not flow.is_settled() and not ended:
            chunk: Any = None
            raws: Sequence[RawItem] | None = None
            try:
                async for chunk in iterator:
                    if send is None or chunk.__class__ is not str:
                        break
                    raws = send(chunk)
                    if raws:
                        break
                else:
                    ended = True
            except PartialStreamError as error:
                raws = flow.failed(error)
            except BaseException as error:  # noqa: BLE001 - raised below, or what it means
                flow.broken(error)
                break
            if flow.is_settled():
                break  # closed by another task, while this one waited
            if ended:
                deliveries = flow.finish()
            elif raws is not None:
                deliveries = flow.accept(raws)
            else:
                # The first chunk comes this way too, and is noted as the first.
                deliveries = flow.take(chunk)
                if chunk.__class__ is str and chunk:
                    send = flow.text_gatherer().send
            for value, _ in deliveries:
                yield value
        flow.close()
    finally:
        flow.cancelled()
        await chunks.close()
    if flow.failure is not None:
        raise flow.failure


async def _run_events(
    flow: Flow[Any, W], chunks: AsyncChunks
) -> AsyncGenerator[W | Finished, None]:
    """`_run` for events, with the end as the last one."""
    reader = _run(flow, chunks, flow.take_events, flow.finish_events)
    try:
        async for event in reader:
            yield event
    except BaseException as error:
        if error is flow.failure:
            yield flow.close()
        raise
    finally:
        await reader.aclose()
    yield flow.close()


class _AsyncStream(Generic[V]):
    """What item and partial streams have in common: one pass over one answer.

    Awaiting a stream makes the request and gives the stream; reading it does so too.
    """

    _values: AsyncGenerator[V, None]

    def __init__(self, flow: Flow[Any, Any], chunks: AsyncChunks) -> None:
        self._any_flow = flow
        self._chunks = chunks
        self._others: list[AsyncGenerator[Any, None]] = []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> V:
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
        """Leave the stream: the response is closed at once. Allowed at any time, repeatedly."""
        self._any_flow.cancelled()
        # First, so that a task that waits for a chunk is woken up.
        await self._chunks.close()
        for reader in (self._values, *self._others):
            if not is_running(reader):
                await reader.aclose()

    async def aclose(self) -> None:
        """`close`, by the name that `contextlib.aclosing` knows."""
        await self.close()

    def _also(self, generator: AsyncGenerator[W, None]) -> AsyncIterator[W]:
        """Another way to read the stream, closed with it."""
        self._others.append(generator)
        return generator

    @property
    def outcome(self) -> Outcome | None:
        """How the stream ended; None while it runs."""
        return self._any_flow.outcome

    @property
    def usage(self) -> Usage | None:
        """Tokens paid for; None while the provider has not said."""
        return self._any_flow.usage

    @property
    def timing(self) -> Timing:
        """When things arrived, in seconds since the request."""
        return self._any_flow.answer.timing

    @property
    def attempts(self) -> list[Attempt]:
        """The requests that were made."""
        return self._any_flow.attempts

    @property
    def text(self) -> str:
        """The text so far.

        Raises:
            LimitExceededError: It is longer than what is kept; see `Limits.text_kept`.
        """
        return self._any_flow.text


class AsyncItemStream(_AsyncStream[T], Generic[T]):
    """An async iterator of items, handed over as they complete.

    It can be read once: by iterating over it, over `detailed()` or over `events()`. Leaving
    the loop closes the response; so does `close`, and the end of a `with` block.

    Raises (while it is read):
        PartialStreamError: The answer is malformed, invalid, incomplete, refused …; see
            `partialstream.errors`. Items before the failure are handed over first.
    """

    def __init__(self, flow: ItemFlow[T], chunks: AsyncChunks) -> None:
        super().__init__(flow, chunks)
        self._flow = flow
        self._values = _run_items(flow, chunks)

    @property
    def rejected(self) -> list[RejectedItem]:
        """The items that did not validate, in order."""
        return self._flow.rejected

    def detailed(self) -> AsyncIterator[Item[T]]:
        """The items, each with its index, path, text and time."""
        flow = self._flow

        def take(chunk: Any) -> list[Item[T]]:
            return [flow.item(delivery) for delivery in flow.take(chunk)]

        def finish() -> list[Item[T]]:
            return [flow.item(delivery) for delivery in flow.finish()]

        return self._also(_run(flow, self._chunks, take, finish))

    def events(self) -> AsyncIterator[ItemEvent[T]]:
        """Everything that happens: text, items, rejected items, the end.

        Between two other events, text may come in any number of pieces.
        """
        return self._also(_run_events(self._flow, self._chunks))


class AsyncPartialStream(_AsyncStream[T], Generic[T]):
    """An async iterator of snapshots of a growing object; the last is the validated object.

    It can be read once: by iterating over it, or over `events()`. `final()` reads what is
    left. Leaving the loop closes the response; so does `close`, and the end of a `with` block.

    Raises (while it is read):
        PartialStreamError: As for `AsyncItemStream`; `error.snapshot` is the last snapshot.
    """

    def __init__(self, flow: PartialFlow[T], chunks: AsyncChunks) -> None:
        super().__init__(flow, chunks)
        self._flow = flow
        self._values = _run(flow, chunks, flow.take, flow.finish)

    async def final(self) -> T:
        """Read to the end; gives the validated object.

        Raises:
            PartialStreamError: There is none.
        """
        async for _ in self._values:
            pass
        return self._flow.final()

    def events(self) -> AsyncIterator[PartialEvent[T]]:
        """Everything that happens: text, snapshots, the end."""
        return self._also(_run_events(self._flow, self._chunks))


def astream_items(
    type_: type[T],
    chunks: AsyncIterable[Any],
    *,
    path: str | Sequence[str | int] | None = None,
    on_invalid: OnInvalid = "raise",
    context: Any = None,
    strict: bool | None = None,
    limits: Limits | None = None,
) -> AsyncItemStream[T]:
    """Read items from any stream that is open already.

    Args:
        type_: The type of one item: anything pydantic validates.
        chunks: Text deltas, the bytes of an SSE response, or an SDK's chunks, as objects or
            dicts. Closed with the stream, if it has a `close`.
        path: Where the list is; see `ItemParser`.
        on_invalid: `"raise"` or `"skip"`; see `ItemParser`.
        context: Handed to pydantic's validators.
        strict: pydantic's strict mode; None leaves it to the type.
        limits: See `Limits`.

    Example:
        >>> import asyncio
        >>> from partialstream.testing import async_fake_stream
        >>> async def main() -> None:
        ...     deltas = async_fake_stream(['[1, 2', '0, 3]'])
        ...     print([number async for number in astream_items(int, deltas)])
        >>> asyncio.run(main())
        [1, 20, 3]
    """
    flow = ItemFlow(
        type_, path=path, on_invalid=on_invalid, context=context, strict=strict, limits=limits
    )
    return AsyncItemStream(flow, AsyncChunks.of(chunks))


def astream_partial(
    model: type[M],
    chunks: AsyncIterable[Any],
    *,
    context: Any = None,
    strict: bool | None = None,
    limits: Limits | None = None,
) -> AsyncPartialStream[M]:
    """Read a growing object from any stream that is open already.

    Args:
        model: The model.
        chunks: See `astream_items`.
        context: Handed to pydantic's validators.
        strict: pydantic's strict mode; None leaves it to the model.
        limits: See `Limits`.
    """
    flow: PartialFlow[M] = PartialFlow(model, context=context, strict=strict, limits=limits)
    return AsyncPartialStream(flow, AsyncChunks.of(chunks))
