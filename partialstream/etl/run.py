"""A run: several workers read documents, one task delivers their rows.

documents ──► workers ──► journal ──► delivery ──► sink
              (`concurrency` of them,  (in a thread)
               one stream each)

A worker takes the next document only when delivery keeps up: at most as many finished documents
wait for the sink as there are workers. A slow sink therefore slows the requests, and memory stays
flat.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio
from anyio import (
    CancelScope,
    CapacityLimiter,
    Event,
    create_task_group,
    from_thread,
    move_on_after,
    to_thread,
)

from partialstream.client import AsyncClient
from partialstream.etl.budget import Budget
from partialstream.etl.drivers import read_async, read_sync
from partialstream.etl.forbidden import ForbiddenDocument, ForbiddenDocuments
from partialstream.etl.inputs.source import DocumentSource
from partialstream.etl.journal.journal import hash_of
from partialstream.etl.reading import DocumentReader
from partialstream.etl.report.summary import FailedDocument, LoggedReason
from partialstream.etl.threads import ReadingThreads
from partialstream.stream.loops import running_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from partialstream.client import Client
    from partialstream.etl.delivery import Delivery, StoredBatch
    from partialstream.etl.inputs.documents import Document
    from partialstream.etl.inputs.source import Documents
    from partialstream.etl.journal.batches import StoredDocument
    from partialstream.etl.journal.journal import Journal, JournalEntry, ReadingStats
    from partialstream.etl.reading import CallPlan, Result
    from partialstream.etl.report.summary import Summary

    HandOver = Callable[[StoredDocument], Awaitable[None]]

logger = logging.getLogger("partialstream.etl")


_CLOSE_SECONDS: Final = 5
"""How long an async generator of documents may take to close when the run is cancelled."""


class Run:
    """One run of a job.

    Args:
        client: Makes the calls.
        plan: The call that is made for each document.
        journal: The open journal.
        delivery: The open delivery of finished documents.
        summary: Updated while the run lasts.
        concurrency: The number of documents that are processed concurrently.
        resume: Whether interrupted documents continue after their stored rows.
        retry_failed: Process failed documents only.
        max_cost: The job's budget in US dollars; None for no limit.
        hand_over: Receives each document after the sink has stored it.
        commit_rows: Deliver rows as they are stored, before their document is finished.
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
        commit_rows: bool = False,
    ) -> None:
        self._client = client
        self._plan = plan
        self._journal = journal
        self._delivery = delivery
        self._summary = summary
        self._concurrency = concurrency
        self._resume = resume
        self._retry_failed = retry_failed
        self._failed_before = journal.counts().get("failed", 0) if retry_failed else 0
        self._budget = None if max_cost is None else Budget(max_cost, *journal.costs())
        self._forbidden = ForbiddenDocuments(concurrency)
        self._hand_over = hand_over
        # Otherwise rows stay in the journal: there is no sink, and nobody reads them now.
        self._delivers = delivery.has_sink or hand_over is not None
        self._commit_rows = commit_rows
        self._has_rows = commit_rows  # whether rows of open documents may be ready
        self._open = 0  # documents that are being processed
        # Finished documents that the sink does not have, and their rows: counted as they finish,
        # and read from the journal after each batch. What a thread finishes meanwhile is counted
        # twice until the next batch, which may be smaller therefore; nothing is forgotten.
        self._waiting, self._waiting_rows = journal.waiting()
        # What workers and delivery wait for. Set and replaced by `_notify` after each change of the
        # state above: an event cannot be cleared. All of this is in the event loop, and nothing is
        # awaited between the check of a condition and `wait`, so no change is missed.
        self._wakeup = Event()
        self._readers: set[DocumentReader] = set()
        self._threads = ReadingThreads()
        self._stopping = False
        self._stop_source: Callable[[], object] | None = None
        self._reading_done = False
        self._failure: BaseException | None = None
        self._scope: anyio.CancelScope | None = None

    def stop(self) -> None:
        """Start no more documents; those in progress are finished and delivered. Thread-safe.

        A worker that waits for capacity is not woken: what it waits for happens anyway, and then
        it ends.
        """
        self._stopping = True
        self._summary.interrupted = True
        if self._stop_source is not None:
            with suppress(RuntimeError):  # the event loop is over, and with it the run
                self._stop_source()

    @property
    def open_documents(self) -> int:
        """Documents that are being read."""
        return len(self._readers)

    @property
    def open_rows(self) -> int:
        """Rows that open documents have so far."""
        return sum(reader.rows for reader in list(self._readers))

    @property
    def to_retry(self) -> int | None:
        """Documents to read at most, if only failed ones are read; else None."""
        return self._failed_before if self._retry_failed else None

    async def work(self, documents: Documents) -> None:
        """Process the documents and deliver their rows.

        Raises:
            ExtractionError: The journal or the sink has failed.
            Exception: Any other error that does not belong to a single document.
        """
        source = DocumentSource(documents)
        call_soon, _ = running_loop()
        self._stop_source = partial(call_soon, source.stop)
        if self._delivers:  # what an earlier run left, before a document of it can change
            unmarked = await to_thread.run_sync(self._delivery.store_unmarked)
            if unmarked is not None:
                await self._finish_batch(unmarked)
                self._waiting, self._waiting_rows = self._journal.waiting()
        async with create_task_group() as group:
            self._scope = group.cancel_scope
            group.start_soon(self._guarded, self._threads.end_on_cancel)
            group.start_soon(self._guarded, self._read_all, source)
            group.start_soon(self._guarded, self._deliver_all)
        if self._failure is not None:
            raise self._failure

    async def _guarded(self, function: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Run a task; the first error cancels the others and is raised unwrapped."""
        try:
            await function(*args)
        # The last two come from functions of the caller: Ctrl-C is handled elsewhere.
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - see `work`
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self._failure is None:
            self._failure = error
        if self._scope is not None:
            self._scope.cancel()

    def _notify(self) -> None:
        """Wake all tasks that wait for a change of state."""
        wakeup, self._wakeup = self._wakeup, Event()
        wakeup.set()

    # -- reading ---------------------------------------------------------------------------

    async def _read_all(self, source: DocumentSource) -> None:
        threads = CapacityLimiter(self._concurrency)
        try:
            async with create_task_group() as workers:
                for _ in range(self._concurrency):
                    workers.start_soon(self._guarded, self._worker, source, threads)
        finally:
            with move_on_after(_CLOSE_SECONDS, shield=True):
                await source.close()
        self._settle_forbidden()
        self._reading_done = True
        self._notify()

    async def _worker(self, source: DocumentSource, threads: CapacityLimiter) -> None:
        while True:
            await self._wait_for_capacity()
            if self._stopping:
                return
            # Counted before the document arrives, or several workers would use the same capacity.
            self._open += 1
            try:
                document = await source.next()
                if document is None:
                    return
                await self._read(document, threads)
            finally:
                self._open -= 1
                self._notify()

    async def _wait_for_capacity(self) -> None:
        """Wait until the next document may start."""
        while not self._stopping:
            behind = self._delivers and self._waiting > self._concurrency
            if behind and self._waiting_rows >= self._delivery.batch_rows:
                await self._wakeup.wait()
            elif self._budget is not None and not self._budget.allows(self._open):
                if not self._open:
                    self._failure = self._budget.error()
                    self.stop()
                    return
                await self._wakeup.wait()
            else:
                return

    async def _read(self, document: Document, threads: CapacityLimiter) -> None:
        self._summary.documents += 1
        known = self._journal.begin(
            document.id,
            hash_of(document.text),
            resume=self._resume,
            can_replace=self._delivery.can_replace,
            retry_failed=self._retry_failed,
        )
        if known.status not in ("new", "resume"):
            self._skip(document, known)
            return
        refused_before = self._forbidden.refused
        on_row = self._on_row() if self._commit_rows else None
        reader = DocumentReader(self._plan, self._journal, document, known, on_row)
        self._readers.add(reader)
        try:
            if document.problem is not None:
                result = reader.reject(document.problem)
            elif isinstance(self._client, AsyncClient):
                result = await read_async(reader, self._client, many=self._plan.many)
            else:
                read = partial(read_sync, many=self._plan.many)
                result = await to_thread.run_sync(
                    read, reader, self._client, self._threads, limiter=threads
                )
        finally:
            self._readers.discard(reader)
            self._count_usage(reader.stats)
        if result.error is not None:
            self._hold(ForbiddenDocument(document, reader, result.error))
            return
        self._count(document, reader, result)
        if result.status == "done" and result.stats.requests:
            self._fail_forbidden(self._forbidden.succeeded(refused_before))

    def _hold(self, forbidden: ForbiddenDocument) -> None:
        """Hold a document that was refused, or end the run if there are too many of them."""
        self._forbidden.add(forbidden)
        if self._forbidden.too_many and self._failure is None:
            self._failure = forbidden.error
            self.stop()

    def _settle_forbidden(self) -> None:
        """Decide on the documents that are held when all documents have been read."""
        held = self._forbidden.take_all()
        ends_early = self._stopping or self._failure is not None
        # A document that is retried has failed before.
        if self._retry_failed or (self._forbidden.any_success and not ends_early):
            self._fail_forbidden(held)
        elif held and not ends_early:
            self._failure = held[0].error

    def _fail_forbidden(self, documents: list[ForbiddenDocument]) -> None:
        for document, reader, error in documents:
            self._count(document, reader, reader.fail_forbidden(error))

    def _on_row(self) -> Callable[[], None]:
        """The callback for each stored row; called in the thread of the reader."""
        if isinstance(self._client, AsyncClient):
            return self._announce_rows

        def announce() -> None:
            if not self._has_rows:
                from_thread.run_sync(self._announce_rows)

        return announce

    def _announce_rows(self) -> None:
        if not self._has_rows:
            self._has_rows = True
            self._notify()

    def _skip(self, document: Document, known: JournalEntry) -> None:
        summary = self._summary
        if known.status == "known":
            summary.known += 1
        elif known.status == "failed":
            summary.failed_before += 1
        elif known.status == "not_failed":
            summary.not_read += 1
        else:
            summary.refused += 1
            self._journal.add_dead_letter(document.id, _REFUSALS[known.status])
            logger.warning("document %r skipped: %s", document.id, _REFUSALS[known.status])

    def _count_usage(self, stats: ReadingStats) -> None:
        summary = self._summary
        summary.requests += stats.requests
        summary.input_tokens += stats.input_tokens
        summary.output_tokens += stats.output_tokens
        if stats.cost is not None:
            summary.cost = (summary.cost or 0.0) + stats.cost
            if self._budget is not None:
                self._budget.spend(stats.cost)

    def _count(self, document: Document, reader: DocumentReader, result: Result) -> None:
        summary = self._summary
        summary.resumed += reader.resumed
        summary.rejected += result.rejected
        if result.status == "done":
            summary.done += 1
            summary.rows += result.rows
            self._waiting += 1
            self._waiting_rows += result.rows
        elif result.status == "failed":
            self._add_failure(FailedDocument(document.id, result.reason), result.logged_reason)

    def _add_failure(self, failure: FailedDocument, logged_reason: str) -> None:
        self._summary.add_failure(failure)
        logger.warning("document %r failed: %s", failure.id, LoggedReason(logged_reason, failure))

    # -- delivering ------------------------------------------------------------------------

    async def _deliver_all(self) -> None:
        """Deliver finished documents until all have been read and delivered."""
        while True:
            last = self._reading_done  # before the batch: what comes later is in another one
            least = self._delivery.batch_rows
            full = self._waiting and (least == 1 or self._waiting_rows >= least)
            if not (last or (self._delivers and (full or self._has_rows))):
                await self._wakeup.wait()
                continue
            if not self._delivers:
                break
            self._has_rows = False  # before the batch: rows that come later set it again
            batch = await to_thread.run_sync(self._delivery.store)
            if batch is not None:
                await self._finish_batch(batch)
            elif last:
                break
            self._waiting, self._waiting_rows = self._journal.waiting()
            self._notify()
        await to_thread.run_sync(self._delivery.write_dead_letters)
        if self._scope is not None:
            self._scope.cancel()  # only `end_on_cancel` is left

    async def _finish_batch(self, batch: StoredBatch) -> None:
        if self._hand_over is not None:
            await self._hand_over_all(batch, self._hand_over)
        await to_thread.run_sync(self._delivery.mark, batch)
        summary = self._summary
        summary.delivered += batch.delivered
        for refusal in batch.refused:
            self._add_failure(
                FailedDocument(refusal.document, refusal.reason), refusal.logged_reason
            )
            if refusal.in_this_run:
                summary.done -= 1
                summary.rows -= refusal.rows
        if batch.refused:
            await to_thread.run_sync(self._delivery.write_dead_letters)

    async def _hand_over_all(self, batch: StoredBatch, hand_over: HandOver) -> None:
        handed_over: list[StoredDocument] = []
        try:
            for document in batch.documents:
                await hand_over(document)
                handed_over.append(document)
        finally:
            # The loop was left. A sink gets the batch once more, as the next run hands it over.
            if len(handed_over) < len(batch.documents) and not self._delivery.has_sink:
                with CancelScope(shield=True):
                    await to_thread.run_sync(self._delivery.mark_documents, handed_over)
                self._summary.delivered += sum(each.state == "done" for each in handed_over)


_REFUSALS: Final = {
    "conflict": "another document of this run has the same id and a different text",
    "changed": "its text has changed since its rows were delivered, and the sink cannot replace "
    "them",
}
