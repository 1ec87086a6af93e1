"""`Extraction`: a job, and its runs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sized
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import anyio
from anyio.from_thread import start_blocking_portal

from partialstream.client import AsyncClient
from partialstream.client.options.options import check_positive
from partialstream.client.response_model import items_shape, object_shape
from partialstream.etl.arguments import (
    check_arguments,
    check_different,
    check_file,
    dead_letters_path,
    has_price,
    identity_of,
)
from partialstream.etl.delivery import DeadLetters, Delivery
from partialstream.etl.errors import JournalError
from partialstream.etl.interrupts import run_until_interrupted
from partialstream.etl.journal.journal import Journal
from partialstream.etl.journal.status import job_totals
from partialstream.etl.prompting import Prompting
from partialstream.etl.reading import CallPlan
from partialstream.etl.report.progress import check_display, meter_of, shown
from partialstream.etl.report.summary import Summary
from partialstream.etl.rows import AsyncRows, extracted_rows
from partialstream.etl.run import Run
from partialstream.etl.serialization.row_format import RowFormat
from partialstream.etl.sinks.columns import columns_of
from partialstream.etl.sinks.specs import commits_rows, file_of, name_in_journal, sink_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from contextlib import AbstractContextManager

    from typing_extensions import TypeForm

    from partialstream.client import Client, RateLimit
    from partialstream.etl.inputs.source import Documents
    from partialstream.etl.prompting import Prompt
    from partialstream.etl.rows import ExtractedRow
    from partialstream.etl.run import HandOver
    from partialstream.etl.sinks.base import Sink

T = TypeVar("T")

OnRestart = Literal["resume", "restart"]
Commit = Literal["document", "row"]


class Extraction(Generic[T]):
    """Extracts rows from documents and delivers each document's rows exactly once.

    Every row is written to the journal as soon as it is complete. When its document is complete,
    all rows of the document are delivered to the sink in one transaction. A run that was killed at
    any moment is continued by running the same job again: completed documents are not requested
    again, and a document that was being read continues after the rows in the journal.

    Args:
        client: Sends the requests. A `Client` reads documents in threads, an `AsyncClient` in
            tasks.
        response_model: The type of a row: anything that pydantic validates. Fields named
            `document` or `row` are not allowed, as the sink has columns of that name. Fields
            marked with `Quote` must occur in the document's text; their positions are stored in the
            column `spans`, as JSON: `[{"path": ["name"], "start": 4, "end": 8, "match": "exact"}]`.
        prompt: The prompt for each document. In a string, `{text}`, `{id}` and `{metadata.name}`
            are replaced and all other braces are kept. A function gets the `Document` and returns
            the messages, or the text of a single one.
        journal: Path of the journal, an SQLite file, which is created if missing. It belongs to
            one job: a run with another prompt, type, model, endpoint or sink is refused.
        model: The model; None for the client's default.
        many: True if a document has any number of rows, False if it has exactly one.
        sink: Where rows are delivered: `"rows.jsonl"`, `"rows.parquet"` (a folder),
            `"sqlite:///rows.db#table"`, `"postgresql://host/database#table"`, or an object that
            implements `Sink`. None: rows stay in the journal until they are read with `rows`.
        dead_letters: Path of a JSON Lines file for rejected rows and failed documents, with raw
            text and reason. None for a file beside the journal: `run.dead-letters.jsonl` for
            `run.db`, `run.1-dead-letters.jsonl` for `run.1`.
        concurrency: How many documents are read at the same time.
        rate_limit: Limits requests and tokens per minute. Not allowed if the client has a limit.
        max_retries: As for `Client.create_iterable`. Rows that are still invalid after the last
            retry are written to the dead letters.
        max_cost: The most that the job may cost over all its runs, in US dollars; None for no
            limit. The run ends with a `LimitExceededError` before a document that would exceed it
            at the cost of the most expensive one so far. Needs the extra `cost`.
        on_restart: How a document that was being read when a run died continues. `"resume"`
            requests the rows after those in the journal; `"restart"` reads the document again, so
            that all its rows come from one response.
        commit: `"document"` delivers all rows of a document together when it is complete; `"row"`
            delivers each row as soon as it is complete, to sinks that can replace rows
            (databases). A document that fails later has no rows in the sink in the end.
        endpoint: Name of the endpoint in the journal; None for its provider, host, port and path.
        **options: Passed to each call: options of `Client.create_iterable`, and arguments for the
            SDK such as `temperature`.

    Raises:
        TypeError: An argument is of the wrong type, misspelled, missing, or not allowed here.
        ValueError: An argument is out of range; a field is named `document` or `row`, or `spans`
            where fields are marked with `Quote`; there is a `max_cost` and the price of the model
            is not known.
        ModuleNotFoundError: The extra that the sink needs is not installed.

    Attributes:
        summary: The summary of the current or the last run.
        dead_letters: Path of the file of dead letters.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from openai import OpenAI
        >>> from pydantic import BaseModel
        >>> from partialstream import from_openai
        >>> from partialstream.etl import Document, Extraction
        >>> from partialstream.testing import ReplayServer
        >>> class Row(BaseModel):
        ...     article: str
        ...     count: int
        >>> answer = '{"items": [{"article": "Lamp", "count": 3}]}'
        >>> with ReplayServer(answer) as server, TemporaryDirectory() as folder:
        ...     with OpenAI(base_url=server.base_url, api_key="test") as openai:
        ...         extraction = Extraction(
        ...             from_openai(openai), Row, model="any", prompt="List the articles: {text}",
        ...             journal=f"{folder}/run.db", sink=f"{folder}/rows.jsonl",
        ...         )
        ...         summary = extraction.run([Document("note-1", "3 x Lamp")])
        ...         print(summary.done, summary.rows)
        ...         print(Path(folder, "rows.jsonl").read_text(), end="")
        1 1
        {"document":"note-1","row":0,"article":"Lamp","count":3}
    """

    def __init__(
        self,
        client: Client | AsyncClient,
        response_model: TypeForm[T],
        *,
        prompt: Prompt,
        journal: str | os.PathLike[str],
        model: str | None = None,
        many: bool = True,
        sink: str | os.PathLike[str] | Sink | None = None,
        dead_letters: str | os.PathLike[str] | None = None,
        concurrency: int = 16,
        rate_limit: RateLimit | None = None,
        max_retries: Any = 2,
        max_cost: float | None = None,
        on_restart: OnRestart = "resume",
        commit: Commit = "document",
        endpoint: str | None = None,
        **options: Any,
    ) -> None:
        check_arguments(client, concurrency, rate_limit, on_restart, options)
        check_positive("max_cost", max_cost, "US dollars")
        check_file("journal", journal)
        self._client = client if rate_limit is None else client.with_rate_limit(rate_limit)
        self._journal = os.fspath(journal)
        self.dead_letters = (
            dead_letters_path(journal) if dead_letters is None else os.fspath(dead_letters)
        )
        self._concurrency = concurrency
        self._max_cost = max_cost
        self._resume = on_restart == "resume"
        call_arguments = {"templates": False, "max_retries": max_retries, **options}
        if many and max_retries == 0:
            # The default, "raise", would end a document at its first invalid row.
            call_arguments.setdefault("on_invalid", "skip")
        # The journal sorts the rows; those that a stream holds back would be lost in a crash.
        if "ordered" in call_arguments:
            call_arguments["ordered"] = False
        if model is not None:
            call_arguments["model"] = model
        if max_cost is not None:
            call_arguments["max_cost"] = max_cost
        prompting = Prompting(prompt)
        shape = (items_shape if many else object_shape)(response_model)
        # `Iterable[Row]` asks for rows as `Row` does; pydantic would not validate them.
        row_format: RowFormat[T] = RowFormat(shape.type_, options)
        self._columns = columns_of(row_format.schema(), spans=row_format.has_quotes)
        target = client.target_of(
            shape, messages=[{"role": "user", "content": ""}], **call_arguments
        )
        host, port = target.server or ("", "")
        model_name = str(target.arguments.get("model") or model or "")
        if not model_name:
            raise TypeError("model= is not given, and the client has no default model")
        priced = has_price(model_name, client.provider)
        self._plan = CallPlan(response_model, row_format, prompting, many, call_arguments, priced)
        self._sink = None if sink is None else sink_of(sink)
        check_different(
            journal, self.dead_letters, None if self._sink is None else file_of(self._sink)
        )
        self._commit_rows = commits_rows(commit, self._sink)
        self._identity = identity_of(
            shape.type_,
            call_arguments,
            prompt=prompting.identity,
            model=model_name,
            endpoint=f"{client.provider} {host}:{port}{target.path}"
            if endpoint is None
            else endpoint,
            sink=name_in_journal(self._sink, self._journal),
            many=many,
        )
        self.summary = Summary()
        self._run: Run | None = None

    # -- running ---------------------------------------------------------------------------

    def run(
        self,
        documents: Documents,
        *,
        retry_failed: bool = False,
        progress: bool = False,
        total: int | None = None,
    ) -> Summary:
        """Read documents and deliver their rows.

        Ctrl-C finishes the documents that are being read, a second one stops at once. Then
        `KeyboardInterrupt` is raised, and the next run continues.

        Args:
            documents: Any iterable of documents; it is never held in memory as a whole. It is
                iterated in the event loop of the run, so a slow one should be an async iterable.
            retry_failed: Read only documents that failed in earlier runs.
            progress: Show documents, rows, tokens, cost, rate limit waits and the time left on
                standard error: a live display on a terminal, a line every 10 s elsewhere. Needs
                the extra `cli`.
            total: How many documents there are, for the time left. None for `len(documents)`; of
                what has no length, like a generator, the time left is not shown.

        Returns:
            The summary of the run.

        Raises:
            JournalInUseError: Another run is using the journal.
            JournalMismatchError: The journal belongs to another job.
            ExtractionError: The journal or the sink cannot be used, or stopped working.
            LimitExceededError: `max_cost` is reached.
            TypeError: The client is an `AsyncClient`, which belongs to an event loop: use `arun`;
                `documents` is not an iterable of documents; the function given as `prompt`
                returned no prompt.
            RuntimeError: An event loop is running: use `arun`.
            ModuleNotFoundError: `progress` is set, and rich is not installed.
            Exception: The SDK's own error where every request would fail the same way (a rejected
                key, an unknown model, no credit, HTTP 402 or 403 for all documents or ten in a
                row); errors raised by `documents`.
        """
        self._check_sync("run", "await extraction.arun(...)")
        _check_no_loop()
        with self._new_run(retry_failed) as run, self._progress(run, documents, progress, total):
            summary = self.summary
            interrupted = anyio.run(run_until_interrupted, lambda: run.work(documents), run.stop)
        if interrupted:
            raise KeyboardInterrupt
        return summary

    async def arun(
        self,
        documents: Documents,
        *,
        retry_failed: bool = False,
        progress: bool = False,
        total: int | None = None,
    ) -> Summary:
        """Like `run`, in the running event loop, with either kind of client.

        Ctrl-C is left to the program. A cancelled run is continued by the next one.
        """
        with self._new_run(retry_failed) as run, self._progress(run, documents, progress, total):
            summary = self.summary
            await run.work(documents)
        return summary

    def stop(self) -> None:
        """Finish the documents that are being read, then end. May be called from any thread."""
        if self._run is not None:
            self._run.stop()

    # -- rows ------------------------------------------------------------------------------

    def rows(
        self, documents: Documents, *, retry_failed: bool = False
    ) -> Iterator[ExtractedRow[T]]:
        """Read documents and iterate over their rows, document by document.

        Rows that earlier runs have returned are not returned again, and a document whose text has
        changed since then is refused, unless there is a sink that can replace its rows. The rows
        of a document count as returned when the row after them is requested: the document that
        the loop is left in is returned again as a whole. If there is a sink, it gets the rows
        first, in batches of documents. Then, and after a crash, the documents of the whole batch
        are returned again.

        A document fails if a row that an earlier run has stored is no longer valid, because the
        type has become stricter. With `retry_failed` it is read again.

        Args:
            documents: As for `run`. The run continues in another thread while the loop body is
                executed, but not ahead of it by more than a few documents.
            retry_failed: As for `run`.

        Returns:
            An iterator; the run starts with the first row that is requested.

        Raises:
            TypeError: The client is an `AsyncClient`: use `arows`.
            Exception: As for `run`, while it is iterated over.
        """
        self._check_sync("rows", "async with extraction.arows(...)")
        return self._rows(documents, retry_failed=retry_failed)

    def _rows(self, documents: Documents, *, retry_failed: bool) -> Iterator[ExtractedRow[T]]:
        with start_blocking_portal() as portal:
            rows = self.arows(documents, retry_failed=retry_failed)
            with portal.wrap_async_context_manager(rows):
                while batch := portal.call(rows.receive):
                    yield from batch
        rows.raise_failure()  # not in the portal, whose thread would end with a SystemExit

    def arows(self, documents: Documents, *, retry_failed: bool = False) -> AsyncRows[T]:
        """Like `rows`, in the running event loop, with either kind of client.

        Args:
            documents: As for `run`.
            retry_failed: As for `run`.

        Returns:
            An async iterator; the run starts with `async with`, or with a loop over it.

        Example:
            >>> async def show(extraction, documents):
            ...     async with extraction.arows(documents) as rows:
            ...         async for row in rows:
            ...             print(row.document, row.value)
        """

        async def work(hand_over: HandOver) -> None:
            with self._new_run(retry_failed, hand_over) as run:
                await run.work(documents)

        return AsyncRows(work, self._plan.row_format)

    def _check_sync(self, method: str, instead: str) -> None:
        if isinstance(self._client, AsyncClient):
            raise TypeError(f"{method}() is for sync clients; use {instead} with an AsyncClient")

    # -- shared ----------------------------------------------------------------------------

    @contextmanager
    def _new_run(self, retry_failed: bool, hand_over: HandOver | None = None) -> Generator[Run]:
        """A run, with its journal and sink open."""
        started = time.monotonic()
        limit = self._client.rate_limit
        waited = 0.0 if limit is None else limit.waited
        with Journal(self._journal, commit_rows=self._commit_rows) as journal:
            journal.begin_run(self._identity)
            # Not before: a run that is refused must not replace that of one that is under way.
            summary = self.summary = Summary()
            check = None if hand_over is None else partial(extracted_rows, self._plan.row_format)
            letters = DeadLetters(journal, self.dead_letters)
            delivery = Delivery(journal, self._sink, letters, check)
            try:
                delivery.open(self._columns)
                self._run = Run(
                    self._client,
                    self._plan,
                    journal,
                    delivery,
                    summary,
                    concurrency=self._concurrency,
                    resume=self._resume,
                    retry_failed=retry_failed,
                    max_cost=self._max_cost,
                    hand_over=hand_over,
                    commit_rows=self._commit_rows,
                )
                yield self._run
            finally:
                self._run = None
                summary.seconds = time.monotonic() - started
                if limit is not None:
                    summary.rate_limit_wait = limit.waited - waited
                with suppress(JournalError):  # the run's own error matters more
                    summary.job = job_totals(self._journal)
                delivery.close()

    def _progress(
        self, run: Run, documents: Documents, progress: bool, total: int | None
    ) -> AbstractContextManager[None]:
        """Show the progress of a run if `progress` is set."""
        if not progress:
            return nullcontext()
        check_display()
        if total is None and isinstance(documents, Sized):
            total = len(documents)
        return shown(meter_of(run, self.summary, self._client.rate_limit, total))


def _check_no_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        "run() cannot be used in a running event loop; use `await extraction.arun(...)`"
    )
