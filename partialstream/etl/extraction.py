"""Documents in, rows out."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

import anyio
from anyio.from_thread import start_blocking_portal

from partialstream.client import AsyncClient, Client, RateLimit
from partialstream.client.options.near_misses import check_spelling
from partialstream.client.options.options import WORDS, Options, check_positive
from partialstream.client.response_model import items_shape, object_shape
from partialstream.etl.delivery import DeadLetters, Delivery
from partialstream.etl.job import arguments_text, schema_text
from partialstream.etl.journal import Journal
from partialstream.etl.prompting import Prompting
from partialstream.etl.reading import CallPlan
from partialstream.etl.rows import AsyncRows
from partialstream.etl.run import Run
from partialstream.etl.sinks.columns import columns_of
from partialstream.etl.sinks.specs import sink_of
from partialstream.etl.summary import Summary
from partialstream.etl.values import RowFormat
from partialstream.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from typing_extensions import TypeForm

    from partialstream.etl.job import Identity
    from partialstream.etl.prompting import Prompt
    from partialstream.etl.rows import ExtractedRow
    from partialstream.etl.run import Documents, HandOver
    from partialstream.etl.sinks.base import Sink

T = TypeVar("T")

OnRestart = Literal["resume", "restart"]

_OWN: Final = (
    *("model", "prompt", "many", "journal", "sink", "dead_letters", "concurrency", "rate_limit"),
    *("max_retries", "max_cost", "on_restart", "endpoint"),
)
_IN_IDENTITY: Final = ("mode", "path", "take", "on_invalid", "strict", "lenient")
"""Options that say which rows come out, beside what goes to the SDK."""


class Extraction(Generic[T]):
    """Extracts rows from documents, each document's exactly once, whatever dies.

    Each row is in the journal as soon as it is complete, and in the sink when its document is
    done, in one transaction of the sink's. Killed at any moment and run again, it goes on where it
    was: what is done is not asked for again, and what was under way goes on after its rows.

    Args:
        client: Makes the requests: a `Client` in threads, an `AsyncClient` in tasks.
        response_model: The type of a row: anything pydantic validates. It has no field `document`
            or `row`, which are columns of their own. Fields that are marked with `Quote` must
            stand in the document's text.
        prompt: What is asked of each document: a text, in which `{text}`, `{id}` and
            `{metadata.name}` are filled in and all other braces stay; or a function of the
            `Document` that returns messages, or the text of one.
        journal: The file of the journal (SQLite); it is made if there is none. It belongs to this
            job: with another prompt, type, model, endpoint or sink it is refused.
        model: The model. None for the client's own.
        many: Whether a document has any number of rows, or exactly one.
        sink: Where the rows go: `"rows.jsonl"`, `"rows.parquet"` (a folder),
            `"sqlite:///rows.db#table"`, `"postgresql://host/database#table"`, or any object with
            the methods of `Sink`. None if they are only taken by `rows`.
        dead_letters: The file for rows that did not validate and documents that have failed, as
            JSON Lines with raw text and reason. None: that of the journal with the ending
            `.dead-letters.jsonl`.
        concurrency: How many documents are read at one time.
        rate_limit: How many requests and tokens a minute, for a client that has no bound yet.
        max_retries: As for `Client.create_iterable`. Rows that stay invalid go to the dead letters.
        max_cost: US dollars that the job may cost over all its runs; None for no bound. The run
            ends with a `LimitExceededError` before a document that could exceed it, if it costs as
            much as the largest so far. Needs the extra `cost`.
        on_restart: What becomes of a document that was under way when the run died: `"resume"`
            asks for the rows that the journal does not have; with `"restart"` it begins anew, so
            that all its rows are of one response.
        endpoint: A name for the endpoint in the journal. None: its provider, host and port.
        **options: All else is for the calls: options as for `Client.create_iterable`, and
            arguments for the SDK (`temperature`, ...).

    Raises:
        TypeError: An argument is of the wrong type, misspelled, or has no meaning here.
        ValueError: An argument is out of range; a field is called `document` or `row`; the
            price of the model is not known, and there is a `max_cost`.
        ModuleNotFoundError: The sink's extra is not installed.

    Attributes:
        summary: What the last run has done, or the one under way has done so far.

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
        endpoint: str | None = None,
        **options: Any,
    ) -> None:
        _check_arguments(client, concurrency, rate_limit, on_restart, options)
        check_positive("max_cost", max_cost, "US dollars")
        self._client = client if rate_limit is None else client.with_rate_limit(rate_limit)
        self._journal = os.fspath(journal)
        self._dead_letters = os.fspath(
            Path(journal).with_suffix(".dead-letters.jsonl")
            if dead_letters is None
            else dead_letters
        )
        self._concurrency = concurrency
        self._max_cost = max_cost
        self._resume = on_restart == "resume"
        given = {"templates": False, "max_retries": max_retries, **options}
        if model is not None:
            given["model"] = model
        if max_cost is not None:
            given["max_cost"] = max_cost
        prompting = Prompting(prompt)
        rows: RowFormat[T] = RowFormat(response_model, options)
        self._columns = columns_of(rows.schema())
        shape = (items_shape if many else object_shape)(response_model)
        target = client.target_of(shape, messages=[{"role": "user", "content": ""}], **given)
        host, port = target.server or ("", "")
        asked = str(target.arguments.get("model", model or ""))
        priced = _has_price(asked, client.provider)
        self._plan = CallPlan(rows, prompting, many, given, priced)
        self._sink = None if sink is None else sink_of(sink)
        chosen, to_sdk = Options.split(given)
        self._identity: Identity = {
            "prompt": prompting.identity,
            "model": asked,
            "schema": schema_text(response_model),
            "endpoint": f"{client.provider} {host}:{port}" if endpoint is None else endpoint,
            "sink": "" if self._sink is None else self._sink.name,
            "kind": "many" if many else "one",
            "arguments": arguments_text({name: to_sdk[name] for name in to_sdk if name != "model"}),
            "options": arguments_text({name: getattr(chosen, name) for name in _IN_IDENTITY}),
        }
        self.summary = Summary()
        self._run: Run | None = None

    # -- running ---------------------------------------------------------------------------

    def run(self, documents: Documents, *, retry_failed: bool = False) -> Summary:
        """Read documents, and deliver their rows; gives what was done.

        Ctrl-C lets the documents under way end, and a second one stops at once; then
        `KeyboardInterrupt` is raised, and the next run goes on.

        Args:
            documents: The documents: any iterable, which is never held as a whole. It is read in
                the event loop of the run, so one that takes its time should be async.
            retry_failed: Whether the documents that have failed in earlier runs are read, and no
                others.

        Raises:
            JournalInUseError: Another run has the journal.
            JournalMismatchError: The journal belongs to another job.
            ExtractionError: The journal or the sink cannot be used, or not any more.
            LimitExceededError: `max_cost` is reached.
            TypeError: The client is an async one, which belongs to an event loop: use `arun`.
            Exception: What every request would meet (a rejected key, an unknown model) is the
                SDK's own error; what `documents` raises comes through.
        """
        self._check_sync("run", "await extraction.arun(...)")
        with self._opened() as begin:
            run = begin(retry_failed, None)
            interrupted = anyio.run(_with_signals, run, documents)
        if interrupted:
            raise KeyboardInterrupt
        return self.summary

    async def arun(self, documents: Documents, *, retry_failed: bool = False) -> Summary:
        """As `run`, in the event loop that runs already, and for either kind of client.

        Ctrl-C is the program's business; cancelled, it goes on with the next run.
        """
        with self._opened() as begin:
            await begin(retry_failed, None).work(documents)
        return self.summary

    def stop(self) -> None:
        """Let the documents under way end, and then the run. From the event loop of the run."""
        if self._run is not None:
            self._run.stop()

    # -- rows ------------------------------------------------------------------------------

    def rows(
        self, documents: Documents, *, retry_failed: bool = False
    ) -> Iterator[ExtractedRow[T]]:
        """Read documents, and hand over their rows, document by document as these are done.

        What earlier runs have handed over does not come again. The rows of a batch of documents
        count as delivered when the next one is asked for: after a crash, or if the loop is left
        before that, they come once more. With a sink, it has them first.

        Args:
            documents: As for `run`. It is read in another thread, in which the run goes on while
                the loop is busy; it does not get ahead by more than some documents.
            retry_failed: As for `run`.

        Raises:
            Exception: As for `run`.
        """
        self._check_sync("rows", "async with extraction.arows(...)")
        return self._rows(documents, retry_failed=retry_failed)

    def _rows(self, documents: Documents, *, retry_failed: bool) -> Iterator[ExtractedRow[T]]:
        with start_blocking_portal() as portal:
            rows = self.arows(documents, retry_failed=retry_failed)
            with portal.wrap_async_context_manager(rows):
                while some := portal.call(rows.take):
                    yield from some

    def arows(self, documents: Documents, *, retry_failed: bool = False) -> AsyncRows[T]:
        """As `rows`, in the event loop that runs already: `async with extraction.arows(...)`.

        Example:
            >>> async def show(extraction, documents):
            ...     async with extraction.arows(documents) as rows:
            ...         async for row in rows:
            ...             print(row.document, row.value)
        """

        async def work(hand_over: HandOver) -> None:
            with self._opened() as begin:
                await begin(retry_failed, hand_over).work(documents)

        return AsyncRows(work, self._plan.rows)

    def _check_sync(self, method: str, instead: str) -> None:
        if isinstance(self._client, AsyncClient):
            raise TypeError(f"{method}() is for sync clients; with an async one, {instead}")

    # -- what all of them have in common ---------------------------------------------------

    @contextmanager
    def _opened(self) -> Generator[_Begin]:
        """The journal and the sink, open for one run."""
        self.summary = Summary()
        began = time.monotonic()
        with Journal(self._journal) as journal:
            journal.begin_run(self._identity)
            delivery = Delivery(journal, self._sink, DeadLetters(journal, self._dead_letters))
            try:
                delivery.open(self._columns)

                def begin(retry_failed: bool, hand_over: HandOver | None) -> Run:
                    self._run = Run(
                        self._client,
                        self._plan,
                        journal,
                        delivery,
                        self.summary,
                        concurrency=self._concurrency,
                        resume=self._resume,
                        retry_failed=retry_failed,
                        max_cost=self._max_cost,
                        hand_over=hand_over,
                    )
                    return self._run

                yield begin
            finally:
                self._run = None
                self.summary.seconds = time.monotonic() - began
                delivery.close()


if TYPE_CHECKING:
    from collections.abc import Callable

    _Begin = Callable[[bool, HandOver | None], Run]


async def _with_signals(run: Run, documents: Documents) -> bool:
    """Work until the end, or until Ctrl-C; gives whether it came."""
    if threading.current_thread() is not threading.main_thread() or os.name == "nt":
        await run.work(documents)
        return False
    interrupts = 0

    async def watch(scope: anyio.CancelScope) -> None:
        nonlocal interrupts
        with anyio.open_signal_receiver(signal.SIGINT) as signals:
            async for _ in signals:
                interrupts += 1
                if interrupts == 1:
                    run.stop()
                else:
                    scope.cancel()

    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(watch, group.cancel_scope)
        try:
            await run.work(documents)
        except Exception as error:  # noqa: BLE001 - raised as it is, outside of the group
            failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return interrupts > 0


def _has_price(model: str, provider: str) -> bool:
    """Whether costs are known; to find that no table has a model takes a while for each."""
    if find_spec("genai_prices") is None:
        return False
    from partialstream.prices import price

    return price(Usage(1, 1), (model,), provider) is not None


def _check_arguments(
    client: Any, concurrency: Any, rate_limit: Any, on_restart: Any, options: Any
) -> None:
    if not isinstance(client, (Client, AsyncClient)):
        raise TypeError(f"a client of partialstream's is needed, not {type(client).__name__}")
    if isinstance(concurrency, bool) or not isinstance(concurrency, int):
        raise TypeError(f"concurrency= must be a number of documents, not {concurrency!r}")
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, not {concurrency}")
    if rate_limit is not None and not isinstance(rate_limit, RateLimit):
        raise TypeError(f"rate_limit= must be partialstream's RateLimit, not {rate_limit!r}")
    if rate_limit is not None and client.rate_limit is not None:
        raise TypeError("rate_limit= is given twice: the client has one already")
    if on_restart not in ("resume", "restart"):
        raise ValueError(f"on_restart must be 'resume' or 'restart', not {on_restart!r}")
    if "source_text" in options:
        raise TypeError("source_text= is the text of each document")
    if "messages" in options or "response_model" in options:
        raise TypeError("messages= are made from prompt=, and response_model= is given already")
    check_spelling([name for name in options if name not in WORDS], (*_OWN, *WORDS))
