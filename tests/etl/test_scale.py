"""Runs under load: slow sinks, many documents, and what either must not cost."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
import tracemalloc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio
import openai
import pytest
from etl_runs import PROMPT, Driver, Model, Row, expected, extraction_of, job, lines, rows_in
from extras import needs
from settled import settled
from typing_extensions import override

from partialstream.client import AsyncClient, Client
from partialstream.client.endpoints.openai import OpenAIEndpoint
from partialstream.etl import (
    Document,
    Extraction,
    RowsRefusedError,
    SinkError,
    journal_status,
)
from partialstream.etl.journal.journal import Journal, ReadingStats, hash_of
from partialstream.results import Item, Outcome, Timing
from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from pathlib import Path

    from partialstream.etl import Batch, Column


# -- a slow sink ---------------------------------------------------------------------------


class HeldSink:
    """Stores nothing until it is released."""

    name = "held"
    can_replace = True

    def __init__(self, batch_rows: int) -> None:
        self.batch_rows = batch_rows
        self.entered = threading.Event()
        self.released = threading.Event()
        self.rows = 0

    def open(self, columns: Sequence[Column], state: str | None) -> str | None:
        return None

    def deliver(self, batch: Batch) -> str | None:
        self.entered.set()
        assert self.released.wait(60)
        self.rows += sum(len(document.rows) for document in batch.documents)
        return None

    def close(self) -> None:
        pass


@pytest.mark.parametrize("batch_rows", [1, 30])
def test_a_slow_sink_slows_the_requests(driver: Driver, tmp_path: Path, batch_rows: int) -> None:
    documents, rows, concurrency = 60, 2, 4
    sink = HeldSink(batch_rows)
    counts: list[int] = []  # of requests

    def release(server: ReplayServer) -> None:
        assert sink.entered.wait(60)
        counts.append(settled(lambda: len(server.requests)))  # no more requests come
        sink.released.set()

    with ReplayServer(Model()) as server:
        thread = threading.Thread(target=release, args=(server,))
        thread.start()
        summary = driver.run(
            server,
            job(documents, rows=rows),
            journal=tmp_path / "run.db",
            sink=sink,
            concurrency=concurrency,
        )
        thread.join()
    # A batch is being stored, as much again may wait, and each worker may have one more.
    batch = max(batch_rows // rows, concurrency)
    assert counts[0] <= 2 * (batch + concurrency) < documents
    assert (summary.delivered, sink.rows) == (documents, documents * rows)


# -- many documents ------------------------------------------------------------------------


class AtOnce:
    """A response whose only row is there at once."""

    attempts = ()
    usage = None
    cost = None
    outcome = Outcome("complete")
    timing = Timing(0.0)

    async def __aenter__(self) -> AtOnce:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pass

    async def events(self, **_: Any) -> AsyncIterator[Item[Row]]:
        yield Item(Row(article="Lamp", count=1), 0, ("items", 0), '{"article":"Lamp","count":1}')


class FakeClient(AsyncClient):
    """Makes no requests."""

    def __init__(self) -> None:
        sdk = openai.AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="test")
        super().__init__(OpenAIEndpoint(sdk))

    @override
    def create_iterable(self, *_: Any, **__: Any) -> Any:
        return AtOnce()


def fake_run(folder: Path, documents: Any) -> Any:
    extraction = Extraction(
        FakeClient(),
        Row,
        model="any",
        prompt=PROMPT,
        journal=folder / "run.db",
        sink=folder / "rows.jsonl",
    )
    return asyncio.run(extraction.arun(documents))


@pytest.mark.usefixtures("nothing_is_left_of_others")
def test_memory_does_not_grow_with_the_number_of_documents(tmp_path: Path) -> None:
    marks: list[int] = []

    def documents() -> Iterator[Document]:
        for number in range(2_001):
            if number % 500 == 0:
                gc.collect()
                marks.append(tracemalloc.get_traced_memory()[0])
            yield Document(f"document-{number:05}", f"a text {number:05}")

    for known in (0, 2_001):
        marks.clear()
        tracemalloc.start()
        try:
            summary = fake_run(tmp_path, documents())
        finally:
            tracemalloc.stop()
        assert (summary.documents, summary.known) == (2_001, known)
        # 16 to 32 documents are in memory at each mark: a few hundred bytes for each of 1,500 more
        # would show.
        assert marks[-1] - marks[1] < 1_500 * 40
    with sqlite3.connect(tmp_path / "run.db") as db:
        assert db.execute("SELECT count(*) FROM rows").fetchone() == (0,)
    db.close()


@contextmanager
def statements_of(journal: Journal) -> Iterator[list[str]]:
    """The SQL that a journal runs."""
    found: list[str] = []
    journal._db.set_trace_callback(found.append)
    try:
        yield found
    finally:
        journal._db.set_trace_callback(None)


def begin(journal: Journal, number: int) -> int:
    entry = journal.begin(
        f"document-{number}", hash_of("text"), resume=True, can_replace=True, retry_failed=False
    )
    return entry.number


def read(journal: Journal, number: int, *, fails: bool = False) -> None:
    """What a run does with a document."""
    entry = begin(journal, number)
    journal.add_row(entry, 0, "{}", "{}")
    if fails:
        journal.fail(entry, ReadingStats("failed"), "reason")
    else:
        journal.complete(entry, ReadingStats("complete", 1, 2, 3))


def deliver(journal: Journal) -> None:
    """What a run does with documents that are finished."""
    batch = journal.next_batch(1000, 1000)
    assert batch is not None
    journal.batch(batch)
    journal.mark_delivered(batch, "sink", "state")
    journal.waiting()


def test_the_statements_of_a_document_do_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db") as journal:
        counts: list[int] = []
        for number in range(40):
            with statements_of(journal) as statements:
                read(journal, number)
                deliver(journal)
            counts.append(len(statements))
        assert len(set(counts)) == 1
        assert counts[0] < 30
        with statements_of(journal) as statements:
            read(journal, 100)
        assert len(statements) <= 5


def test_a_document_that_is_done_is_looked_up_without_a_transaction(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        read(journal, 1)
        deliver(journal)
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        with statements_of(journal) as statements:
            begin(journal, 1)
    assert [statement.split()[0] for statement in statements] == ["SELECT"]


@pytest.mark.parametrize("commit_rows", [False, True])
def test_no_statement_of_a_document_or_a_batch_scans_the_journal(
    tmp_path: Path, commit_rows: bool
) -> None:
    with Journal(tmp_path / "run.db", commit_rows=commit_rows) as journal:
        with statements_of(journal) as statements:
            read(journal, 1)
            read(journal, 2, fails=True)
            begin(journal, 3)
            deliver(journal)
            journal.dead_letters()
        plans = {
            (statement, step[3])
            for statement in set(statements)
            if statement.split()[0] in ("SELECT", "UPDATE", "DELETE")
            for step in journal._db.execute(f"EXPLAIN QUERY PLAN {statement}")
        }
    # These indexes are partial: they have what is not delivered, and nothing else.
    partial = ("INDEX undelivered", "INDEX committed_rows", "SCAN dead_letters", "SCAN CONSTANT")
    scans = {
        (statement, step)
        for statement, step in plans
        if step.startswith("SCAN") and not any(name in step for name in partial)
    }
    assert plans
    assert not scans


# -- runs that end in odd ways -------------------------------------------------------------


def files_of(folder: Path) -> dict[str, Any]:
    return {"journal": folder / "run.db", "sink": folder / "rows.jsonl"}


def test_an_async_generator_that_raises_ends_the_run_and_the_next_one_goes_on(
    driver: Driver, tmp_path: Path
) -> None:
    closed: list[bool] = []

    async def documents() -> AsyncIterator[Document]:
        try:
            for document in job(6, rows=2):
                yield document
            raise LookupError("no more")
        finally:
            closed.append(True)

    with ReplayServer(Model()) as server:
        with pytest.raises(LookupError, match="no more"):
            driver.run(server, documents(), concurrency=2, **files_of(tmp_path))
        assert closed == [True]
        driver.run(server, job(6, rows=2), **files_of(tmp_path))
    assert rows_in(lines(tmp_path / "rows.jsonl")) == sorted(expected(6, rows=2))


def test_a_generator_is_closed_when_the_run_fails(driver: Driver, tmp_path: Path) -> None:
    closed: list[bool] = []

    def documents() -> Iterator[Document]:
        try:
            yield from job(100, rows=2)
        finally:
            closed.append(True)

    sink = OddSink(ValueError("what is this?"))
    with ReplayServer(Model()) as server, pytest.raises(ValueError, match="what is this"):
        driver.run(server, documents(), journal=tmp_path / "run.db", sink=sink, concurrency=2)
    assert closed == [True]


class OddSink(HeldSink):
    """Raises an error once."""

    def __init__(self, error: Exception) -> None:
        super().__init__(1)
        self.released.set()
        self._error: Exception | None = error

    @override
    def deliver(self, batch: Batch) -> str | None:
        error, self._error = self._error, None
        if error is not None:
            raise error
        return super().deliver(batch)


@pytest.mark.parametrize("error", [ValueError("odd"), StopIteration(), KeyError("x")], ids=repr)
def test_any_error_of_a_sink_ends_the_run_and_the_next_one_continues(
    driver: Driver, tmp_path: Path, error: Exception
) -> None:
    sink = OddSink(error)
    with ReplayServer(Model()) as server:
        with pytest.raises((type(error), RuntimeError)):
            driver.run(server, job(10, rows=1), journal=tmp_path / "run.db", sink=sink)
        driver.run(server, job(10, rows=1), journal=tmp_path / "run.db", sink=sink)
    assert sink.rows == 10


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_function_of_the_caller_may_end_the_program(
    driver: Driver, tmp_path: Path, error: type[BaseException], capfd: pytest.CaptureFixture[str]
) -> None:
    def prompt(document: Document) -> str:
        if document.id == "doc-0001":
            raise error
        return f"\n{document.text}"

    options = {**files_of(tmp_path), "concurrency": 1, "endpoint": "test"}
    with ReplayServer(Model()) as server:
        with pytest.raises(error):
            driver.run(server, job(3, rows=1), prompt=prompt, **options)
    assert "Traceback" not in capfd.readouterr().err
    assert journal_status(options["journal"]).totals.open == 1


def test_stop_may_be_called_from_another_thread(driver: Driver, tmp_path: Path) -> None:
    stops: list[Callable[[], None]] = []

    def documents() -> Iterator[Document]:
        for number, document in enumerate(job(200, rows=1)):
            if number == 5:
                extraction = next(
                    each for each in gc.get_objects() if isinstance(each, Extraction) and each._run
                )
                thread = threading.Thread(target=extraction.stop)
                thread.start()
                thread.join()
                stops.append(extraction.stop)
            yield document

    with ReplayServer(Model()) as server:
        summary = driver.run(server, documents(), concurrency=3, **files_of(tmp_path))
    assert summary.interrupted
    assert 5 <= summary.done == summary.delivered <= 10
    stops[0]()  # after the end: nothing


@pytest.mark.parametrize("from_thread", [False, True])
def test_stop_does_not_wait_for_the_next_document(
    driver: Driver, tmp_path: Path, from_thread: bool
) -> None:
    closed: list[bool] = []

    def stop() -> None:
        next(each for each in gc.get_objects() if isinstance(each, Extraction) and each._run).stop()

    async def documents() -> AsyncIterator[Document]:
        try:
            for document in job(2, rows=1):
                yield document
            if from_thread:
                threading.Thread(target=stop).start()
            else:
                stop()
            await anyio.sleep_forever()
        finally:
            closed.append(True)

    with ReplayServer(Model()) as server:
        summary = driver.run(server, documents(), concurrency=3, **files_of(tmp_path))
    assert summary.interrupted
    assert summary.done == summary.delivered == 2
    assert closed == [True]


@pytest.mark.parametrize("concurrency", [1, 1000])
def test_concurrency_of_one_and_of_a_thousand(
    driver: Driver, tmp_path: Path, concurrency: int
) -> None:
    with ReplayServer(Model()) as server:
        summary = driver.run(server, job(40, rows=1), concurrency=concurrency, **files_of(tmp_path))
    assert summary.delivered == 40


def test_a_cancelled_run_is_continued_by_the_next(tmp_path: Path) -> None:
    async def cancelled(server: ReplayServer) -> None:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="test") as sdk:
            extraction = extraction_of(sdk, {**files_of(tmp_path), "concurrency": 3})
            run = asyncio.create_task(extraction.arun(job(20, rows=4)))
            while extraction.summary.done < 4:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            await extraction.arun(job(20, rows=4))

    with ReplayServer(Model(tokens_per_second=2000)) as server:
        asyncio.run(cancelled(server))
    assert rows_in(lines(tmp_path / "rows.jsonl")) == sorted(expected(20, rows=4))


class UntilClosed:
    """A sync stream that ends when it is closed."""

    attempts = ()
    usage = None
    outcome = Outcome("cancelled")
    timing = Timing(0.0)

    def __init__(self, reached: Callable[[], None]) -> None:
        self._reached = reached
        self._closed = threading.Event()
        self.was_closed = False

    def __enter__(self) -> UntilClosed:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def close(self) -> None:
        self._closed.set()

    def events(self, **_: Any) -> Iterator[Any]:
        self._reached()
        self.was_closed = self._closed.wait(20)
        return iter(())


@pytest.mark.parametrize("cancelled_while", ["the request is made", "the response is read"])
def test_the_stream_of_a_thread_is_closed_when_the_run_is_cancelled(
    tmp_path: Path, cancelled_while: str
) -> None:
    """A thread cannot be cancelled."""
    reached, cancelled = threading.Event(), threading.Event()
    stream = UntilClosed(reached.set)

    class SlowClient(Client):
        @override
        def create_iterable(self, *_: Any, **__: Any) -> Any:
            if cancelled_while == "the request is made":
                reached.set()
                assert cancelled.wait(20)
            return stream

    async def main() -> None:
        with openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="test") as sdk:
            client = SlowClient(OpenAIEndpoint(sdk))
            options: Any = {"model": "any", "prompt": PROMPT, **files_of(tmp_path)}
            extraction = Extraction(client, Row, **options)
            run = asyncio.create_task(extraction.arun(job(1)))
            await asyncio.to_thread(reached.wait, 20)
            run.cancel()
            asyncio.get_running_loop().call_later(0.1, cancelled.set)
            with pytest.raises(asyncio.CancelledError):
                await run

    asyncio.run(main())
    assert stream.was_closed


def test_a_document_that_was_done_by_an_earlier_run_is_not_taken_from_the_count_of_this_one(
    driver: Driver, tmp_path: Path
) -> None:
    class Refusing(HeldSink):
        fails = True

        @override
        def deliver(self, batch: Batch) -> str | None:
            if self.fails:
                raise OSError("not now")
            for document in batch.documents:
                if document.id == "doc-0000" and document.rows:
                    raise RowsRefusedError(document.id, "not this one")
            return None

    sink = Refusing(1)
    with ReplayServer(Model()) as server:
        with pytest.raises(SinkError):
            driver.run(server, job(1, rows=1), journal=tmp_path / "run.db", sink=sink)
        sink.fails = False
        summary = driver.run(server, job(4, rows=1), journal=tmp_path / "run.db", sink=sink)
    assert (summary.documents, summary.done, summary.failed) == (4, 3, 1)


# On trio, httpx leaves its own open when a response is closed by another task.
@pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Async generator 'httpcore:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning")
@pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI])
@needs("dev", "trio")
def test_arun_runs_on_trio(tmp_path: Path, kind: Any) -> None:
    async def run(server: ReplayServer) -> int:
        sdk = kind(base_url=server.base_url, api_key="test")
        summary = await extraction_of(sdk, files_of(tmp_path)).arun(job(6, rows=2))
        closing = sdk.close()
        if closing is not None:
            await closing
        return int(summary.delivered)

    with ReplayServer(Model()) as server:
        assert anyio.run(run, server, backend="trio") == 6
