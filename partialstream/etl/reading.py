"""One document: the call that is made for it, and its rows on their way into the journal.

The journal is the only I/O here: `drivers.py` drives the stream, sync or async, and calls `feed`
for each event and `finish` at the end. A row is in the journal before the next delta is parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, overload

from partialstream.client.sync import attempts_before
from partialstream.etl.errors import ExtractionError
from partialstream.etl.failures import (
    is_fatal,
    is_forbidden,
    reason_of,
    rejection_of,
)
from partialstream.etl.journal.journal import ReadingStats, RevisedRow
from partialstream.results import Item, RejectedItem
from partialstream.stream.events import AttemptStarted, ItemRejected, is_item

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partialstream.client import AsyncClient, Client
    from partialstream.etl.inputs.documents import Document
    from partialstream.etl.journal.journal import Journal, JournalEntry
    from partialstream.etl.prompting import Prompting
    from partialstream.etl.serialization.row_format import RowFormat
    from partialstream.stream.aio import AsyncItemStream, AsyncPartialStream
    from partialstream.stream.drive import StreamInfo
    from partialstream.stream.events import ItemEvent
    from partialstream.stream.sync import ItemStream, PartialStream

Status = Literal["done", "failed", "interrupted", "forbidden"]


class CallPlan(NamedTuple):
    """The call that is made for each document."""

    response_model: Any  # as the caller spells it
    row_format: RowFormat[Any]
    prompting: Prompting
    many: bool
    arguments: Mapping[str, Any]  # all of the call's but the messages and the type
    priced: bool  # whether the model's price is known


class Result(NamedTuple):
    """The result of processing a document in this run."""

    status: Status
    stats: ReadingStats
    rows: int = 0
    rejected: int = 0
    reason: str = ""  # why it failed
    logged_reason: str = ""  # the same without anything that a user or a model wrote
    error: Exception | None = None  # with which it was refused, if it is forbidden


class DocumentReader:
    """Stores the rows of one document.

    Args:
        plan: The call that is made for each document.
        journal: Receives the rows.
        document: The document.
        known: The document's entry in the journal.
        on_row: Called after each stored row; None if rows are delivered with their document.

    Attributes:
        stream: The stream of the response; None before the request is made.
        resumed: Whether the call continues after rows of an earlier run.
        rows: How many rows there are so far.
        stats: The usage of its requests; zero before their end.
    """

    def __init__(
        self,
        plan: CallPlan,
        journal: Journal,
        document: Document,
        known: JournalEntry,
        on_row: Callable[[], None] | None = None,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._document = document
        self._on_row = on_row
        self._number = known.number
        self._list_complete = known.list_complete
        self._resumes = known.status == "resume"
        self._elements: list[Item[Any] | RejectedItem] = []  # of an earlier run
        self.stream: StreamInfo[Any] | None = None
        self.resumed = False
        self.rows = 0
        self.stats = ReadingStats("open")

    @overload
    def open_list(self, client: Client) -> ItemStream[Any]: ...

    @overload
    def open_list(self, client: AsyncClient) -> AsyncItemStream[Any]: ...

    def open_list(self, client: Client | AsyncClient) -> ItemStream[Any] | AsyncItemStream[Any]:
        """Request the list of rows, or the rest of it after the rows of an earlier run."""
        stream: ItemStream[Any] | AsyncItemStream[Any]
        if self._elements:
            stream = client.continue_items(
                self._elements, list_complete=self._list_complete, **self._arguments()
            )
        else:
            stream = client.create_iterable(**self._arguments())
        self.stream = stream
        return stream

    @overload
    def open_object(self, client: Client) -> PartialStream[Any]: ...

    @overload
    def open_object(self, client: AsyncClient) -> AsyncPartialStream[Any]: ...

    def open_object(
        self, client: Client | AsyncClient
    ) -> PartialStream[Any] | AsyncPartialStream[Any]:
        """Request the one row of a document whose response is a single object."""
        stream: PartialStream[Any] | AsyncPartialStream[Any]
        self.stream = stream = client.create_partial(**self._arguments())
        return stream

    def _arguments(self) -> dict[str, Any]:
        plan = self._plan
        arguments = {
            **plan.arguments,
            "response_model": plan.response_model,
            "messages": plan.prompting.messages(self._document),
        }
        if plan.row_format.has_quotes:
            arguments["source_text"] = self._document.text
        return arguments

    def resume(self) -> Result | None:
        """Load the rows of an earlier run; returns the result if nothing is missing."""
        if not (self._resumes and self._plan.many):
            return None
        self._elements = self._load_elements()
        self.resumed = bool(self._elements)
        return self._complete(ReadingStats("complete")) if self._has_all() else None

    def _has_all(self) -> bool:
        """Whether no request is needed: the rows of an earlier run are all that is wanted."""
        values = [each.value for each in self._elements if isinstance(each, Item)]
        if self._list_complete and len(values) == len(self._elements):
            return True
        arguments = self._plan.arguments
        take, stop_when = arguments.get("take"), arguments.get("stop_when")
        if take is not None and len(values) >= take:
            return True
        return bool(values and stop_when is not None and stop_when(values[-1]))

    def _load_elements(self) -> list[Item[Any] | RejectedItem]:
        """The stored rows, up to the first gap in the list."""
        stored = self._journal.rows_of(self._number)
        texts = [(row.row_index, row.raw) for at, row in enumerate(stored) if row.row_index == at]
        row_format = self._plan.row_format
        source_text = self._document.text if row_format.has_quotes else None
        elements = row_format.elements(texts, source_text)
        # The model's validators may have changed since a row was stored.
        revised = [
            RevisedRow(element.index, element.raw, *self._checked(element))
            for element, row in zip(elements, stored, strict=False)
            if isinstance(element, Item) != (row.value is not None)
        ]
        if revised:
            self._journal.revise_rows(self._number, revised)
            self._announce_row()
        return elements

    # -- rows ------------------------------------------------------------------------------

    def feed(self, event: ItemEvent[Any]) -> None:
        """Store the row of an event, if it has one."""
        if is_item(event):
            self._add(event)
        elif isinstance(event, ItemRejected):
            self._add(event.item)
        elif (
            isinstance(event, AttemptStarted)
            and event.cause == "repair"
            and not self._list_complete
        ):
            self._list_complete = True
            self._journal.mark_list_complete(self._number)

    def add_object(self, value: Any, stream: PartialStream[Any] | AsyncPartialStream[Any]) -> None:
        """Store the one row of a document, and the text that it was validated from."""
        raw = cast("str", stream.raw)  # the object is complete
        self._journal.add_row(self._number, 0, raw, self._plan.row_format.dump(value, stream.spans))

    def _add(self, element: Item[Any] | RejectedItem) -> None:
        value, reason = self._checked(element)
        self._journal.add_row(self._number, element.index, element.raw, value, reason)
        self.rows = max(self.rows, element.index + 1)
        self._announce_row()

    def _checked(self, element: Item[Any] | RejectedItem) -> tuple[str | None, str | None]:
        """The value of a row, or the reason why there is none."""
        if not isinstance(element, Item):
            return None, reason_of(element.error)
        try:
            return self._plan.row_format.dump(element.value, element.spans), None
        except ValueError as error:  # a lone surrogate; pydantic's own error is one, too
            return None, f"cannot be written as JSON: {error}"

    def _announce_row(self) -> None:
        if self._on_row is not None:
            self._on_row()

    # -- the end ---------------------------------------------------------------------------

    def reject(self, reason: str) -> Result:
        """Record the document as failed without a request."""
        stats = ReadingStats("refused")
        self._journal.fail(self._number, stats, reason)
        return Result("failed", stats, reason=reason, logged_reason="not readable")

    def finish(self, error: BaseException | None, *, cancelled: bool = False) -> Result:
        """Record the end of the response, or the error that it ended with.

        Args:
            error: The error.
            cancelled: Whether it may come from the cancellation of the run.

        Raises:
            BaseException: `error`, if it ends the whole run.
        """
        stats = self.stats = self._stats(error)
        if error is None:
            if not self._is_complete():
                return self._interrupt(stats)  # the run is being cancelled
            return self._complete(stats)
        if isinstance(error, ExtractionError):  # of the journal, where nothing can be recorded now
            raise error
        if cancelled:
            return self._interrupt(stats)
        if not isinstance(error, Exception) or is_fatal(error):
            self._interrupt(stats)
            raise error
        rejection = rejection_of(error)
        if self._list_complete and rejection is not None:
            return self._complete(stats)
        if is_forbidden(error):
            self._interrupt(stats)
            return Result("forbidden", stats, error=error)
        return self._fail(error, stats)

    def fail_forbidden(self, error: Exception) -> Result:
        """Record that a forbidden document has failed; its usage is in the journal already."""
        stats = self.stats
        return self._fail(
            error, ReadingStats(stats.outcome, first_row=stats.first_row, seconds=stats.seconds)
        )

    def _fail(self, error: Exception, stats: ReadingStats) -> Result:
        rejection = rejection_of(error)
        reason = reason_of(error)
        raw = None if rejection is None or self._plan.many else rejection.raw
        rejected = self._journal.fail(self._number, stats, reason, raw)
        return Result("failed", stats, 0, rejected, reason, type(error).__name__)

    def _complete(self, stats: ReadingStats) -> Result:
        rows, rejected = self._journal.complete(self._number, stats)
        return Result("done", stats, rows, rejected)

    def _interrupt(self, stats: ReadingStats) -> Result:
        self._journal.add_usage(self._number, stats)
        return Result("interrupted", stats)

    def _is_complete(self) -> bool:
        """Whether the stream was read to its end, or was ended by `take=` or `stop_when=`."""
        outcome = None if self.stream is None else self.stream.outcome
        if outcome is None:
            return False
        wanted = outcome.detail.startswith("take=") or outcome.detail == "stop_when"
        return outcome.ok or (outcome.status == "cancelled" and wanted)

    def _stats(self, error: BaseException | None) -> ReadingStats:
        stream = self.stream
        if stream is None:  # the prompt could not be made, or a sync client's first request failed
            requests = 0 if error is None else len(attempts_before(error))
            return ReadingStats("rejected", requests=requests)
        attempts, usage = stream.attempts, stream.usage
        outcome = stream.outcome
        return ReadingStats(
            "rejected" if outcome is None else outcome.status,
            len(attempts),
            sum(each.estimated_input_tokens for each in attempts)
            + (0 if usage is None else usage.input_tokens),
            0 if usage is None else usage.output_tokens + usage.estimated_output_tokens,
            stream.cost if self._plan.priced else None,
            stream.timing.first_item,
            stream.timing.total,
        )
