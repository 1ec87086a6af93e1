"""A run: documents are read by several workers, and delivered by one.

documents ──► workers ──► journal ──► delivery ──► sink
              (`concurrency` of them,  (in a thread)
               a stream each)

A worker takes the next document only when there is room: the one that delivers may be behind by as
many documents as there are workers. So a slow sink slows the requests, and nothing piles up.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
from anyio import CapacityLimiter, Event, Lock, create_task_group, sleep_forever, to_thread

from partialstream.client import AsyncClient
from partialstream.errors import LimitExceededError
from partialstream.etl.journal import hash_of
from partialstream.etl.reading import DocumentReading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from partialstream.client import Client
    from partialstream.etl.delivery import Delivery, StoredBatch
    from partialstream.etl.documents import Document
    from partialstream.etl.journal import Journal, Known
    from partialstream.etl.reading import CallPlan, Result
    from partialstream.etl.summary import Summary

    HandOver = Callable[[StoredBatch], Awaitable[None]]

logger = logging.getLogger("partialstream.etl")

Documents = Iterable["Document"] | AsyncIterable["Document"]


class Run:
    """Reads documents once.

    Args:
        client: Makes the calls.
        plan: How documents are asked for.
        journal: The journal, open.
        delivery: Delivers what is done, open.
        summary: Counts.
        concurrency: How many documents are read at one time.
        resume: Whether documents that were under way go on after their rows.
        retry_failed: Whether failed documents are read, and no others.
        max_cost: US dollars that the job may cost, None for no bound.
        hand_over: Takes the rows of each batch after the sink, if anybody wants them.
    """

    def __init__(
        self,
        client: Client | AsyncClient,
        plan: CallPlan,
        journal: Journal,
        delivery: Delivery,
        summary: Summary,
        *,
        concurrency: int,
        resume: bool,
        retry_failed: bool = False,
        max_cost: float | None = None,
        hand_over: HandOver | None = None,
    ) -> None:
        self._client = client
        self._plan = plan
        self._journal = journal
        self._delivery = delivery
        self._summary = summary
        self._concurrency = concurrency
        self._resume = resume
        self._retry_failed = retry_failed
        self._max_cost = max_cost
        self._hand_over = hand_over
        # US dollars, over all runs, and for the document that cost most
        self._spent, self._largest = (0.0, 0.0) if max_cost is None else journal.costs()
        self._open = 0  # documents that are read now
        self._waiting, self._waiting_rows = journal.waiting()
        self._bell = Event()  # something has changed
        self._streams: set[Any] = set()  # of threads, which have to be woken
        self._stopping = False
        self._is_over = False
        self._read_out = False  # whether no more documents will be done
        self._failure: BaseException | None = None
        self._scope: anyio.CancelScope | None = None

    def stop(self) -> None:
        """Take no more documents; those that are under way are read to their end."""
        self._stopping = True
        self._summary.interrupted = True
        self._ring()

    async def work(self, documents: Documents) -> None:
        """Read the documents, and deliver them.

        Raises:
            ExtractionError: The run cannot go on.
            Exception: Any other error that is not that of one document.
        """
        source = _Source(documents)
        async with create_task_group() as everything:
            self._scope = everything.cancel_scope
            everything.start_soon(self._guarded, self._wake_threads)
            everything.start_soon(self._guarded, self._read_all, source)
            everything.start_soon(self._guarded, self._deliver_all)
        if self._failure is not None:
            raise self._failure

    async def _guarded(self, function: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Run a part of the work; the first error ends all, and is raised as it is."""
        try:
            await function(*args)
        except Exception as error:  # noqa: BLE001 - `work` raises it, outside of the group
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
        if self._scope is not None:
            self._scope.cancel()

    async def _wake_threads(self) -> None:
        """Close the streams that threads are reading, if all is to end now."""
        try:
            await sleep_forever()
        finally:
            self._is_over = True
            for stream in list(self._streams):
                stream.close()

    def _ring(self) -> None:
        bell, self._bell = self._bell, Event()
        bell.set()

    # -- reading ---------------------------------------------------------------------------

    async def _read_all(self, source: _Source) -> None:
        threads = CapacityLimiter(self._concurrency)
        async with create_task_group() as workers:
            for _ in range(self._concurrency):
                workers.start_soon(self._guarded, self._work, source, threads)
        await source.close()
        self._read_out = True
        self._ring()

    async def _work(self, source: _Source, threads: CapacityLimiter) -> None:
        while True:
            await self._room()
            if self._stopping:
                return
            # The place is taken before the document comes, or several would share one.
            self._open += 1
            try:
                document = await source.next(lambda: self._stopping)
                if document is None:
                    return
                await self._read(document, threads)
            finally:
                self._open -= 1
                self._ring()

    async def _room(self) -> None:
        """Wait until another document may be read."""
        while not self._stopping:
            behind = self._waiting > self._concurrency
            if behind and self._waiting_rows >= self._delivery.batch_rows:
                await self._bell.wait()
            elif self._is_too_expensive():
                if not self._open:
                    self._end_for_cost()
                    return
                await self._bell.wait()
            else:
                return

    def _is_too_expensive(self) -> bool:
        if self._max_cost is None:
            return False
        if not self._largest:  # what one costs is not known before the first
            return self._open > 0 or self._spent >= self._max_cost
        return self._spent + (self._open + 1) * self._largest > self._max_cost

    def _end_for_cost(self) -> None:
        allowed = self._max_cost or 0.0
        self._failure = LimitExceededError(
            "max_cost",
            allowed,
            f"the next document could exceed max_cost={allowed:g}: the largest so far cost "
            f"${self._largest:.2g}, and ${self._spent:.2g} are spent",
        )
        self.stop()

    async def _read(self, document: Document, threads: CapacityLimiter) -> None:
        self._summary.documents += 1
        known = self._journal.begin(
            document.id,
            hash_of(document.text),
            resume=self._resume,
            can_replace=self._delivery.can_replace,
            retry_failed=self._retry_failed,
        )
        if known.verdict not in ("new", "resume"):
            self._leave_out(document, known)
            return
        reading = DocumentReading(self._plan, self._journal, document, known)
        if document.problem is not None:
            result = reading.refuse(document.problem)
        elif isinstance(self._client, AsyncClient):
            result = await self._read_async(reading)
        else:
            result = await to_thread.run_sync(self._read_sync, reading, limiter=threads)
        self._count(document, reading, result)

    def _leave_out(self, document: Document, known: Known) -> None:
        summary = self._summary
        if known.verdict == "known":
            summary.known += 1
        elif known.verdict == "failed":
            summary.failed_before += 1
        else:
            summary.refused += 1
            self._journal.bury(document.id, _REFUSALS[known.verdict])
            logger.warning("document %r was left out: %s", document.id, _REFUSALS[known.verdict])

    async def _read_async(self, reading: DocumentReading) -> Result:
        try:
            async with reading.open(self._client) as stream:
                if self._plan.many:
                    async for event in stream.events(text=False):
                        reading.feed(event)
                else:
                    reading.take_object(await stream.final())
        except BaseException as error:  # noqa: BLE001 - raised again, if it is not the document's
            return reading.end(error)
        return reading.end(None)

    def _read_sync(self, reading: DocumentReading) -> Result:
        try:
            with reading.open(self._client) as stream:
                self._streams.add(stream)
                if self._is_over:  # while the request was made
                    stream.close()
                try:
                    if self._plan.many:
                        for event in stream.events(text=False):
                            reading.feed(event)
                    else:
                        reading.take_object(stream.final())
                finally:
                    self._streams.discard(stream)
        except BaseException as error:  # noqa: BLE001 - as above
            return reading.end(error)
        return reading.end(None)

    def _count(self, document: Document, reading: DocumentReading, result: Result) -> None:
        summary, ending = self._summary, result.ending
        summary.requests += ending.requests
        summary.input_tokens += ending.input_tokens
        summary.output_tokens += ending.output_tokens
        if ending.cost is not None:
            summary.cost = (summary.cost or 0.0) + ending.cost
            self._spent += ending.cost
            self._largest = max(self._largest, ending.cost)
        summary.resumed += reading.goes_on
        summary.rejected += result.rejected
        if result.fate == "done":
            summary.done += 1
            summary.rows += result.rows
            self._waiting += 1
            self._waiting_rows += result.rows
        elif result.fate == "failed":
            summary.failed += 1
            logger.warning("document %r has failed: %s", document.id, ending.outcome)

    # -- delivering ------------------------------------------------------------------------

    async def _deliver_all(self) -> None:
        """Deliver what is done, until nothing more will be."""
        while True:
            bell, last = self._bell, self._read_out
            least = self._delivery.batch_rows
            if not last and not (self._waiting and (least == 1 or self._waiting_rows >= least)):
                await bell.wait()
                continue
            batch = await to_thread.run_sync(self._delivery.store)
            if batch is not None:
                await self._pass_on(batch)
            elif last:
                break
            self._waiting, self._waiting_rows = self._journal.waiting()
            self._ring()
        await to_thread.run_sync(self._delivery.bury)
        if self._scope is not None:
            self._scope.cancel()  # nobody is left but who waits for that

    async def _pass_on(self, batch: StoredBatch) -> None:
        if self._hand_over is not None:
            await self._hand_over(batch)
        await to_thread.run_sync(self._delivery.mark, batch)
        summary = self._summary
        summary.delivered += len(batch.documents)
        summary.done = max(summary.done - batch.refused, 0)  # or they were done by an earlier run
        summary.failed += batch.refused
        if batch.refused:
            await to_thread.run_sync(self._delivery.bury)


_REFUSALS: Final = {
    "doubled": "another document of this run has the same id and another text",
    "changed": "its text is not the one that its rows are of, and the sink cannot replace them",
}


class _Source:
    """Gives documents one at a time, from an iterable of either kind."""

    def __init__(self, documents: Any) -> None:
        self._lock = Lock()
        self._next: AsyncIterator[Document] | None = None
        self._iterator: Iterator[Document] | None = None
        if isinstance(documents, AsyncIterable):
            self._next = aiter(cast("AsyncIterable[Document]", documents))
        else:
            self._iterator = iter(documents)
        self._is_over = False

    async def next(self, stopping: Callable[[], bool]) -> Document | None:
        """The next document; None if there is none, or if none is wanted any more."""
        async with self._lock:
            if self._is_over or stopping():
                return None
            try:
                if self._iterator is not None:
                    return next(self._iterator)
                if self._next is not None:
                    return await anext(self._next)
            except (StopIteration, StopAsyncIteration):
                pass
            self._is_over = True
            return None

    async def close(self) -> None:
        """Close the iterable, if it can be closed."""
        for source, name in ((self._iterator, "close"), (self._next, "aclose")):
            close = getattr(source, name, None)
            if close is not None:
                result = close()
                if name == "aclose":
                    await result
