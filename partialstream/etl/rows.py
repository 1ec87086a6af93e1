"""Iterating over the rows of a run while it goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from anyio import (
    ClosedResourceError,
    EndOfStream,
    Event,
    create_memory_object_stream,
    create_task_group,
)
from typing_extensions import Self

from partialstream.etl.errors import RowsRefusedError
from partialstream.etl.failures import reason_of
from partialstream.results import Item

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from types import TracebackType

    from anyio.abc import TaskGroup

    from partialstream.etl.journal.batches import StoredDocument
    from partialstream.etl.run import HandOver
    from partialstream.etl.serialization.row_format import RowFormat
    from partialstream.results import Path, Span

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExtractedRow(Generic[T]):
    """A row and the document it was extracted from.

    Attributes:
        document: The id of its document.
        index: Its index in the document's list, from 0.
        value: The validated row.
        spans: The spans of its quotes in the document's text, by path: field names and indexes.
            Empty if no field is marked with `Quote`.
    """

    document: str
    index: int
    value: T
    spans: Mapping[Path, Span] = field(default_factory=dict["Path", "Span"])


def extracted_rows(row_format: RowFormat[T], document: StoredDocument) -> list[ExtractedRow[T]]:
    """The rows of a document, validated from their stored texts.

    Raises:
        RowsRefusedError: A row is no longer valid: the type was another one when it was stored.
    """
    elements = row_format.elements((index, raw) for index, _, raw in document.rows)
    found: list[ExtractedRow[T]] = []
    for element, (_, text, _) in zip(elements, document.rows, strict=True):
        if not isinstance(element, Item):
            reason = f"no longer valid: {reason_of(element.error)}"
            raise RowsRefusedError(document.id, reason, element.index)
        spans = row_format.spans(element.value, text)
        found.append(ExtractedRow(document.id, element.index, element.value, spans))
    return found


class AsyncRows(Generic[T]):
    """An async iterator over the rows of a run, which starts with the loop or the `async with`.

    `Extraction.arows` returns it. Leaving the `async with` block stops the run and waits until it
    has closed the journal. A loop without the block stops the run, too, but does not wait; it needs
    asyncio.

    Raises:
        RuntimeError: It is used a second time, or in a loop without `async with` under trio.
    """

    def __init__(
        self,
        work: Callable[[HandOver], Awaitable[None]],
        row_format: RowFormat[T],
    ) -> None:
        self._work = work
        self._format = row_format
        self._send, self._receive = create_memory_object_stream[list[ExtractedRow[T]]](0)
        self._taken = Event()
        self._group: TaskGroup | None = None
        self._is_used = False
        self._failure: BaseException | None = None
        self._ready: list[ExtractedRow[T]] = []  # in reverse order

    async def __aenter__(self) -> Self:
        self._check_unused()
        self._group = create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._run)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._group is not None:
            self._group.cancel_scope.cancel()
            self._receive.close()
            await self._group.__aexit__(None, None, None)

    def _check_unused(self) -> None:
        if self._is_used:
            raise RuntimeError("these rows were read before; call arows() again for another run")
        self._is_used = True

    def __aiter__(self) -> AsyncIterator[ExtractedRow[T]]:
        return self if self._group is not None else self._own_run()

    async def _own_run(self) -> AsyncIterator[ExtractedRow[T]]:
        """The rows of a run in a task of its own, which is cancelled when the loop is left."""
        self._check_unused()
        try:
            # Not a task group: that one would have to be closed in the task of the loop, while
            # asyncio closes a generator whose loop was left in another.
            run = asyncio.get_running_loop().create_task(self._run())
        except RuntimeError as error:
            raise RuntimeError(
                "a loop over arows() needs asyncio; elsewhere, use "
                "`async with extraction.arows(...) as rows`"
            ) from error
        try:
            while rows := await self.take():
                for row in rows:
                    yield row
        finally:
            self._receive.close()
            run.cancel()
            await asyncio.wait([run])

    async def __anext__(self) -> ExtractedRow[T]:
        if self._group is None:
            raise RuntimeError(
                "no run has started; use `async with extraction.arows(...) as rows` or `async for`"
            )
        if not self._ready:
            self._ready = (await self.take())[::-1]
            if not self._ready:
                raise StopAsyncIteration
        return self._ready.pop()

    async def take(self) -> list[ExtractedRow[T]]:
        """The rows of the next document, empty at the end; those before count as delivered.

        Raises:
            Exception: The run has failed; see `Extraction.run`.
        """
        rows = await self.receive()
        if not rows:
            self.raise_failure()
        return rows

    async def receive(self) -> list[ExtractedRow[T]]:
        """As `take`, but a failed run ends, too; `raise_failure` says so."""
        self._taken.set()
        try:
            return await self._receive.receive()
        except (EndOfStream, ClosedResourceError):
            return []

    def raise_failure(self) -> None:
        """Raise what the run has failed with, if it has."""
        if self._failure is not None:
            raise self._failure from None

    async def _run(self) -> None:
        try:
            await self._work(self._hand_over)
        # The last two come from functions of the caller.
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - see `take`
            self._failure = error
        finally:
            self._send.close()

    async def _hand_over(self, document: StoredDocument) -> None:
        if rows := extracted_rows(self._format, document):
            self._taken = Event()
            await self._send.send(rows)
            await self._taken.wait()
