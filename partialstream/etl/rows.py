"""Rows handed to a loop, as their documents are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from anyio import (
    ClosedResourceError,
    EndOfStream,
    Event,
    create_memory_object_stream,
    create_task_group,
)
from typing_extensions import Self

from partialstream.etl.errors import ExtractionError
from partialstream.results import Item

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from anyio.abc import TaskGroup

    from partialstream.etl.delivery import StoredBatch
    from partialstream.etl.values import RowFormat

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExtractedRow(Generic[T]):
    """A row and where it comes from.

    Attributes:
        document: The id of its document.
        index: Its place in the document's list, from 0.
        value: The validated row.
    """

    document: str
    index: int
    value: T


class AsyncRows(Generic[T]):
    """The rows of a run, which lasts as long as the block: `async with ... as rows`.

    A row counts as delivered when the one after the last of its document's batch is asked for.
    """

    def __init__(
        self,
        work: Callable[[Callable[[StoredBatch], Awaitable[None]]], Awaitable[Any]],
        rows: RowFormat[T],
    ) -> None:
        self._work = work
        self._format = rows
        self._send, self._receive = create_memory_object_stream[list[ExtractedRow[T]]](0)
        self._taken = Event()
        self._group: TaskGroup
        self._failure: BaseException | None = None
        self._ready: list[ExtractedRow[T]] = []  # the last first

    async def __aenter__(self) -> Self:
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
        self._group.cancel_scope.cancel()
        self._receive.close()
        await self._group.__aexit__(None, None, None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ExtractedRow[T]:
        if not self._ready:
            self._ready = (await self.take())[::-1]
            if not self._ready:
                raise StopAsyncIteration
        return self._ready.pop()

    async def take(self) -> list[ExtractedRow[T]]:
        """The rows of the next batch, none at the end; those before count as delivered now.

        Raises:
            Exception: The run has failed; see `Extraction.run`.
        """
        self._taken.set()
        try:
            return await self._receive.receive()
        except (EndOfStream, ClosedResourceError):
            if self._failure is not None:
                raise self._failure from None
            return []

    async def _run(self) -> None:
        try:
            await self._work(self._hand_over)
        except Exception as error:  # noqa: BLE001 - whoever asks for the next row gets it
            self._failure = error
        finally:
            self._send.close()

    async def _hand_over(self, batch: StoredBatch) -> None:
        rows = [row for document in batch.documents for row in self._rows(document)]
        if rows:
            self._taken = Event()
            await self._send.send(rows)
            await self._taken.wait()

    def _rows(self, document: Any) -> list[ExtractedRow[T]]:
        elements = self._format.elements((place, raw) for place, _, raw in document.rows)
        found: list[ExtractedRow[T]] = []
        for element in elements:
            if not isinstance(element, Item):
                raise ExtractionError(
                    f"row {element.index} of {document.id!r} does not validate any more: "
                    f"{element.error}"
                ) from element.error
            found.append(ExtractedRow(document.id, element.index, element.value))
        return found
