"""The summary of a run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from typing_extensions import Self, override

from partialstream.etl.report.figures import count, dollars, duration, plain_table, rich_table

MAX_FAILURES: Final = 20
"""Failed documents whose reasons a summary keeps."""


@dataclass(frozen=True, slots=True)
class FailedDocument:
    """A document that has failed.

    Attributes:
        id: Its id.
        reason: Why it failed.
    """

    id: str
    reason: str


class LoggedReason(str):
    """Why a document failed, as logs have it: without anything that a user or a model wrote.

    A text, so that no formatter of records writes more than that.

    Args:
        text: The reason for the log.
        failure: The failure, with its whole reason.

    Attributes:
        failure: As given, for a handler that may show the whole reason.

    Example:
        >>> reason = LoggedReason("BadRequestError", FailedDocument("a", "too long: ..."))
        >>> print(reason, reason.failure.id)
        BadRequestError a
    """

    failure: FailedDocument

    @override
    def __new__(cls, text: str, failure: FailedDocument) -> Self:
        reason = super().__new__(cls, text)
        reason.failure = failure
        return reason


@dataclass(frozen=True, slots=True)
class JobTotals:
    """A job's totals over all its runs, from its journal.

    Attributes:
        documents: Documents that the journal knows.
        open: Documents that have been started and are not complete.
        done: Documents that are complete and not delivered yet.
        delivered: Documents whose rows the sink has.
        failed: Documents that have failed.
        rows: Rows of complete documents.
        rejected: Rows that did not validate.
        requests: Requests sent.
        input_tokens: Input tokens used; estimated where a response ended before it reported them.
        output_tokens: Output tokens used; estimated likewise.
        cost: US dollars; None if the price of the model is not known.
    """

    documents: int = 0
    open: int = 0
    done: int = 0
    delivered: int = 0
    failed: int = 0
    rows: int = 0
    rejected: int = 0
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None


@dataclass(slots=True)
class Summary:
    """What a run has done. It is updated while the run is in progress.

    `str(summary)` is a table, `summary.as_dict()` and `summary.to_json()` are for programs.

    Attributes:
        documents: Documents read from the input, including those that were skipped.
        done: Documents completed in this run.
        known: Documents skipped because they were complete already, or given twice.
        resumed: Documents that continued after rows from an earlier run; these count as `done` or
            `failed` too.
        failed: Documents that failed in this run; the reasons are in the dead letters.
        failed_before: Documents skipped because they failed in an earlier run.
        not_read: Documents that are not complete and were skipped because `retry_failed` reads only
            failed ones.
        refused: Documents skipped because their id belongs to a different text; the reasons are in
            the dead letters.
        rows: Rows of the documents completed in this run.
        rejected: Rows that did not validate; they are in the dead letters.
        delivered: Documents delivered to the sink.
        requests: Requests sent, including retries and repairs.
        input_tokens: Input tokens used; estimated where a response ended before it reported them.
        output_tokens: Output tokens used; estimated likewise.
        cost: US dollars; None if the price of the model is not known.
        rate_limit_wait: Seconds that requests have waited for the rate limit, summed over all
            requests.
        seconds: Duration of the run.
        interrupted: Whether the run was stopped before the last document.
        job: The job's totals over all its runs; None until the run has ended.
        failures: The first 20 documents that failed in this run, with the reasons.

    Example:
        >>> summary = Summary(documents=3, done=2, failed=1, rows=40, requests=4, seconds=2.0)
        >>> print(summary)
        documents            3
        completed            2
        failed               1
        rows                40
        rows per second     20
        requests             4
        input tokens         0
        output tokens        0
        time             2.0 s
    """

    documents: int = 0
    done: int = 0
    known: int = 0
    resumed: int = 0
    failed: int = 0
    failed_before: int = 0
    not_read: int = 0
    refused: int = 0
    rows: int = 0
    rejected: int = 0
    delivered: int = 0
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    rate_limit_wait: float = 0.0
    seconds: float = 0.0
    interrupted: bool = False
    job: JobTotals | None = None
    failures: list[FailedDocument] = field(default_factory=list[FailedDocument])

    def add_failure(self, failure: FailedDocument) -> None:
        """Count a failed document, and keep its reason if it is one of the first."""
        self.failed += 1
        if len(self.failures) < MAX_FAILURES:
            self.failures.append(failure)

    @property
    def ok(self) -> bool:
        """Whether every document is complete, in this run or an earlier one."""
        incomplete = self.failed or self.failed_before or self.not_read or self.refused
        return not (incomplete or self.interrupted)

    @property
    def skipped(self) -> int:
        """Documents that were not read in this run."""
        return self.known + self.failed_before + self.not_read + self.refused

    @property
    def rows_per_second(self) -> float:
        """Rows completed per second of the run; 0.0 before it has taken any time."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """All figures, those of the job in a dict of their own."""
        return asdict(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """All figures as a JSON object.

        Args:
            indent: Spaces per level; None for one line.
        """
        return json.dumps(self.as_dict(), indent=indent)

    def __str__(self) -> str:
        return plain_table(self._table())

    def __rich__(self) -> Any:
        """What `rich.print(summary)` shows."""
        return rich_table(self._table())

    def _table(self) -> list[tuple[str, ...]]:
        """A row for each figure worth showing; a column for the job if it had earlier runs."""
        job = JobTotals() if self.job is None else self.job
        complete = job.done + job.delivered
        rows: list[tuple[str, str, str]] = [
            ("documents", count(self.documents), count(job.documents)),
            ("completed", count(self.done), count(complete)),
            *_if_any("completed before", self.known),
            *_if_any("resumed", self.resumed),
            *_if_any("open", job.open, job.open),
            *_if_any("not delivered", job.done, job.done),
            *_if_any("failed", self.failed, job.failed),
            *_if_any("failed before", self.failed_before),
            *_if_any("not read", self.not_read),
            *_if_any("refused", self.refused),
            ("rows", count(self.rows), count(job.rows)),
            *_if_any("rejected rows", self.rejected, job.rejected),
            ("rows per second", count(self.rows_per_second), ""),
            ("requests", count(self.requests), count(job.requests)),
            ("input tokens", count(self.input_tokens), count(job.input_tokens)),
            ("output tokens", count(self.output_tokens), count(job.output_tokens)),
        ]
        if self.cost is not None or job.cost is not None:
            rows.append(("cost", dollars(self.cost or 0.0), dollars(job.cost or 0.0)))
        if self.rate_limit_wait >= 0.05:
            rows.append(("rate limit wait", duration(self.rate_limit_wait), ""))
        rows.append(("time", duration(self.seconds), ""))
        if self.job is None or all(run == total or not total for _, run, total in rows):
            return [row[:2] for row in rows]
        return [("", "this run", "all runs"), *rows]


def _if_any(name: str, run: int, job: int | None = None) -> list[tuple[str, str, str]]:
    """A row, if one of its figures is not zero."""
    if not run and not job:
        return []
    return [(name, count(run), "" if job is None else count(job))]
