"""The summary of a run: as text, as a table of rich, and as JSON."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from etl_runs import job

from partialstream.etl import JobTotals, Summary, journal_status
from partialstream.etl.report.figures import count, dollars, duration
from partialstream.etl.report.summary import FailedDocument
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from pathlib import Path

    from etl_runs import Driver

RUN = Summary(
    documents=10,
    done=3,
    known=7,
    rows=1234,
    delivered=3,
    requests=5,
    input_tokens=12345,
    cost=0.0213,
    seconds=74.3,
)
JOB = JobTotals(documents=10, delivered=10, rows=4321, rejected=1, requests=14, cost=0.06)


def test_the_text_has_a_column_for_the_job_if_it_had_earlier_runs() -> None:
    first = Summary(documents=2, done=2, rows=5, requests=2, seconds=2.0)
    first.job = JobTotals(documents=2, delivered=2, rows=5, requests=2)
    assert "all runs" not in str(first)
    later = replace(RUN, job=JOB)
    text = str(later)
    assert text.splitlines()[0].split("  ")[-2:] == ["this run", "all runs"]
    assert "completed                  3        10" in text
    assert "rows                   1,234     4,321" in text
    assert "rejected rows              0         1" in text
    assert "cost                 $0.0213   $0.0600" in text
    assert "time              1 min 14 s" in text
    assert text == "\n".join(line.rstrip() for line in text.split("\n"))


def test_figures_that_say_nothing_are_left_out() -> None:
    text = str(Summary(documents=1, done=1, rows=2, seconds=1.0))
    for name in ("failed", "refused", "rejected", "resumed", "cost", "rate limit", "open"):
        assert name not in text
    failed = str(Summary(documents=5, failed=1, failed_before=2, refused=3, rejected=4))
    for line in ("failed               1", "failed before        2", "refused              3"):
        assert line in failed
    assert "rejected rows        4" in failed


def test_json_holds_every_attribute() -> None:
    summary = replace(RUN, job=JOB)
    assert json.loads(summary.to_json()) == summary.as_dict()
    assert summary.as_dict().keys() == {each.name for each in fields(Summary)}
    assert summary.as_dict()["job"].keys() == {each.name for each in fields(JobTotals)}
    assert summary.to_json(indent=2).count("\n") > 20


def test_rich_shows_the_same_table() -> None:
    console = pytest.importorskip("rich.console").Console(file=StringIO(), width=80)
    console.print(RUN)
    shown = [line.split() for line in console.file.getvalue().splitlines() if line.strip()]
    assert shown == [line.split() for line in str(RUN).splitlines()]


def test_rows_per_second_of_no_time_at_all() -> None:
    assert Summary(rows=3).rows_per_second == 0.0
    assert Summary(rows=3, seconds=2.0).rows_per_second == 1.5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.97, "10 s"),
        (59.4, "59 s"),
        (59.5, "1 min 00 s"),
        (3599.6, "1 h 00 min"),
        (86399.0, "23 h 59 min"),
        (90000.0, "1 d 01 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts_and_dollars() -> None:
    assert [count(number) for number in (0, 7, 0.5, 9.87, 10.4, 1e6)] == [
        *("0", "7", "0.5", "9.9", "10", "1,000,000")
    ]
    assert [dollars(cost) for cost in (0.0, 0.000012, 0.0999, 1234.5)] == [
        *("$0.00", "<$0.0001", "$0.0999", "$1,234.50")
    ]


# Without retries of ours, the SDK repeats a 500 itself, which cannot be seen.
@pytest.mark.parametrize(("status", "max_retries"), [(400, 0), (400, 2), (429, 2), (500, 2)])
def test_requests_that_are_rejected_are_counted(
    driver: Driver, status: int, max_retries: int, tmp_path: Path
) -> None:
    fault = faults.HTTPError(status, retry_after=0.01)
    with ReplayServer(Answer(fault=fault), repeat=True) as server:
        summary = driver.run(server, job(1), journal=tmp_path / "run.db", max_retries=max_retries)
        assert (summary.failed, summary.requests) == (1, len(server.requests))
    assert journal_status(tmp_path / "run.db").totals.requests == summary.requests


@pytest.mark.parametrize("name", ["failed", "failed_before", "not_read", "refused", "interrupted"])
def test_a_run_is_ok_if_no_document_is_missing(name: str) -> None:
    assert Summary(documents=2, done=1, known=1, rejected=1).ok
    summary = Summary(documents=2, done=1, known=1)
    setattr(summary, name, 1)
    assert not summary.ok


def test_documents_are_skipped_for_several_reasons() -> None:
    assert Summary(done=16, known=1, failed_before=2, not_read=4, refused=8).skipped == 15


def test_the_first_failures_are_kept() -> None:
    summary = Summary()
    for number in range(25):
        summary.add_failure(FailedDocument(str(number), "too long"))
    assert summary.failed == 25
    assert [failure.id for failure in summary.failures] == [str(number) for number in range(20)]
