"""One document: the call that reads it, and its rows on their way into the journal.

There is no I/O here but the journal's.
A row is in the journal before the next delta is looked at. How the document ended is for the
driver to report: `complete`, or `fail` with an error, or `leave` if it goes on another time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from partialstream.client.prompts import errors_of
from partialstream.errors import (
    LimitExceededError,
    OutputValidationError,
    RetriesExhaustedError,
    format_path,
)
from partialstream.etl.errors import ExtractionError
from partialstream.etl.journal import Ending
from partialstream.quoting import mask_keys
from partialstream.results import Item, RejectedItem
from partialstream.stream.events import AttemptStarted, ItemRejected, is_item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.etl.documents import Document
    from partialstream.etl.journal import Journal, Known
    from partialstream.etl.prompting import Prompting
    from partialstream.etl.values import RowFormat
    from partialstream.results import Outcome

Fate = Literal["done", "failed", "left"]


class CallPlan(NamedTuple):
    """How documents are asked for, which is the same for all of them."""

    rows: RowFormat[Any]
    prompting: Prompting
    many: bool
    arguments: Mapping[str, Any]  # of the call, but for the messages
    priced: bool  # whether costs are known


class Result(NamedTuple):
    """What became of a document in this run."""

    fate: Fate
    ending: Ending
    rows: int = 0
    rejected: int = 0


class DocumentReading:
    """Reads one document.

    Args:
        plan: How documents are asked for.
        journal: Gets the rows.
        document: The document.
        known: What the journal said when it began.

    Attributes:
        stream: The stream of its response, None before there is one.
        goes_on: Whether rows of an earlier run stand.
    """

    def __init__(self, plan: CallPlan, journal: Journal, document: Document, known: Known) -> None:
        self._plan = plan
        self._journal = journal
        self._document = document
        self._number = known.number
        self._listed = known.listed
        self._resumes = known.verdict == "resume"
        self.stream: Any = None
        self.goes_on = False

    def open(self, client: Any) -> Any:
        """Make the call; gives the stream of its response."""
        plan = self._plan
        messages = plan.prompting.messages(self._document)
        arguments = {**plan.arguments, "response_model": plan.rows.type_, "messages": messages}
        if plan.many and plan.rows.has_quotes:
            arguments["source_text"] = self._document.text
        if not plan.many:
            self.stream = client.create_partial(**arguments)
            return self.stream
        elements = self._elements() if self._resumes else []
        self.goes_on = bool(elements)
        if elements:
            self.stream = client.continue_items(elements, listed=self._listed, **arguments)
        else:
            self.stream = client.create_iterable(**arguments)
        return self.stream

    def _elements(self) -> list[Item[Any] | RejectedItem]:
        """The rows of the journal, as far as the list has them without a gap."""
        stored = self._journal.rows_of(self._number)
        texts = [(row.place, row.raw) for place, row in enumerate(stored) if row.place == place]
        rows = self._plan.rows
        source_text = self._document.text if rows.has_quotes else None
        elements = rows.elements(texts, source_text)
        for element, row in zip(elements, stored, strict=False):
            # A validator of the user's may judge otherwise today.
            if isinstance(element, Item) != (row.value is not None):
                self._add(element)
        return elements

    # -- rows ------------------------------------------------------------------------------

    def feed(self, event: Any) -> None:
        """Something has happened in the stream of a list."""
        if is_item(event):
            self._add(event)
        elif isinstance(event, ItemRejected):
            self._add(event.item)
        elif isinstance(event, AttemptStarted) and event.cause == "repair" and not self._listed:
            self._listed = True
            self._journal.mark_listed(self._number)

    def take_object(self, value: Any) -> None:
        """The object is complete, where there is one for each document."""
        text = self._plan.rows.dump(value)
        self._journal.add_row(self._number, 0, text, text)

    def _add(self, element: Item[Any] | RejectedItem) -> None:
        value: str | None = None
        reason: str | None = None
        if isinstance(element, Item):
            try:
                value = self._plan.rows.dump(element.value)
            except ValueError as error:  # a lone surrogate; pydantic's own error is one, too
                reason = f"cannot be written as JSON: {error}"
        else:
            reason = reason_of(element.error)
        self._journal.add_row(self._number, element.index, element.raw, value, reason)

    # -- the end ---------------------------------------------------------------------------

    def refuse(self, reason: str) -> Result:
        """The document is not sent."""
        ending = Ending("refused")
        self._journal.fail(self._number, ending, reason)
        return Result("failed", ending)

    def end(self, error: BaseException | None) -> Result:
        """The response was read, or failed with `error`.

        Raises:
            BaseException: The error, if the run cannot go on after it.
        """
        ending = self._ending()
        if error is None:
            if not self._is_whole():
                return self._leave(ending)  # the run is stopping
            return self._complete(ending)
        if isinstance(error, ExtractionError):  # the journal itself, mostly
            raise error
        if not isinstance(error, Exception) or is_fatal(error):
            self._leave(ending)
            raise error
        if self._listed and _is_rejection(error):
            return self._complete(ending)
        rejected = self._journal.fail(self._number, ending, reason_of(error))
        return Result("failed", ending, 0, rejected)

    def _complete(self, ending: Ending) -> Result:
        rows, rejected = self._journal.complete(self._number, ending)
        return Result("done", ending, rows, rejected)

    def _leave(self, ending: Ending) -> Result:
        self._journal.add_usage(self._number, ending)
        return Result("left", ending)

    def _is_whole(self) -> bool:
        """Whether the stream was read to its end, or to the last row that is wanted."""
        outcome: Outcome = self.stream.outcome
        wanted = outcome.detail.startswith("take=") or outcome.detail == "stop_when"
        return outcome.ok or (outcome.status == "cancelled" and wanted)

    def _ending(self) -> Ending:
        stream = self.stream
        if stream is None:  # the first request of a sync client was rejected
            return Ending("rejected", requests=1)
        attempts, usage = stream.attempts, stream.usage
        outcome = stream.outcome
        return Ending(
            "rejected" if outcome is None else outcome.status,
            len(attempts),
            0 if usage is None else usage.input_tokens,
            0 if usage is None else usage.output_tokens,
            stream.cost if self._plan.priced else None,
            stream.timing.first_item,
            stream.timing.total,
        )


_FOR_ALL = (401, 403, 404)
"""What a server says to every request alike: a wrong key, an unknown model."""


def is_fatal(error: Exception) -> bool:
    """Whether the next document would meet the same error, so that the run ends."""
    if isinstance(error, LimitExceededError):
        return error.limit == "max_cost"
    status = getattr(error, "status_code", None)
    if status is None:
        status = getattr(error, "status", None)
    return status in _FOR_ALL


def reason_of(error: Exception) -> str:
    """Why a row or a document has failed, for the dead letters."""
    said = "; ".join(
        f"{format_path(path)}: {message}" if path else message for path, message in errors_of(error)
    )
    return mask_keys(said) or type(error).__name__


def _is_rejection(error: Exception) -> bool:
    """Whether all that is wrong with a list are items that stay invalid."""
    if isinstance(error, RetriesExhaustedError):
        return isinstance(error.__cause__, OutputValidationError)
    return isinstance(error, OutputValidationError)
