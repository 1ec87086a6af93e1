"""The progress of a run: its figures, and the lines where there is no terminal.

The live display is tested with the command line, in a terminal of its own.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import time
from io import StringIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import Model, extraction_of, job
from openai import AsyncOpenAI, OpenAI

from partialstream import RateLimit
from partialstream.etl import Document, Summary
from partialstream.etl.report import progress
from partialstream.etl.report.progress import Counts, Meter
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def meter(states: Sequence[Counts], **options: Any) -> Meter:
    waiting = iter(states)
    return Meter(lambda: next(waiting), **{"total": None, "to_read": None, "started": 0, **options})


def figures(states: Sequence[tuple[float, Counts]], **options: Any) -> list[Any]:
    measured = meter([counts for _, counts in states], **options)
    return [measured.progress(time) for time, _ in states]


def test_the_time_left_is_that_of_the_remaining_documents_at_the_rate_so_far() -> None:
    seen = figures(
        [(second, Counts(read=second * 2, rows=second * 30)) for second in range(6)], total=40
    )
    assert [each.seconds_left for each in seen] == [None, 19, 18, 17, 16, 15]
    assert [each.rows_per_second for each in seen[1:]] == [30.0] * 5
    assert (seen[5].finished, seen[5].seconds) == (10, 5)


def test_documents_that_are_skipped_take_no_time() -> None:
    states = [
        (0.0, Counts()),
        (1.0, Counts(skipped=900)),
        (2.0, Counts(skipped=950)),
        (3.0, Counts(skipped=950, read=5, rows=10)),
    ]
    last = figures(states, total=1000)[-1]
    assert (last.finished, last.seconds_left, last.rows_per_second) == (955, 9.0, 10.0)


def test_only_failed_documents_are_left_where_only_those_are_read() -> None:
    states = [(0.0, Counts(read=0)), (10.0, Counts(skipped=300, read=5, rows=5))]
    assert figures(states, total=1000, to_read=8)[-1].seconds_left == 6.0
    assert figures(states, to_read=8)[-1].seconds_left == 6.0


def test_nothing_is_said_of_the_time_left_where_it_is_not_known() -> None:
    states = [(0.0, Counts()), (5.0, Counts(read=5, rows=5)), (9.0, Counts(read=12, rows=12))]
    assert [each.seconds_left for each in figures(states)] == [None, None, None]
    # There are more than was said; and there are none left.
    assert figures(states, total=11)[-1].seconds_left is None
    assert figures(states, total=12)[-1].seconds_left is None
    assert "unknown" in str(figures(states)[-1])
    assert "left" not in str(figures(states)[-1])


def test_the_time_left_is_not_guessed_from_the_first_of_many_workers() -> None:
    states = [(second, Counts(read=second, open=3, rows=second)) for second in range(6)]
    seen = [each.seconds_left for each in figures(states, total=15)]
    assert seen == [None, None, None, 12, 11, 10]


def test_a_run_that_stops_says_nothing_of_the_documents_it_will_not_read() -> None:
    states = [(0.0, Counts()), (5.0, Counts(read=5, rows=5, stopping=True))]
    assert figures(states, total=10)[-1].seconds_left is None


def test_rates_are_those_of_the_last_minute() -> None:
    states = [(float(second), Counts(read=20 * second, rows=20 * second)) for second in range(100)]
    slower = [
        (100.0 + second, Counts(read=1980 + second, rows=1980 + second)) for second in range(80)
    ]
    last = figures([*states, *slower], total=3000)[-1]
    assert last.rows_per_second == pytest.approx(1.0, rel=0.1)
    assert last.seconds_left == pytest.approx(3000 - 1980 - 79, rel=0.1)


def test_few_documents_a_minute_are_averaged_over_the_whole_run() -> None:
    # One every 50 s: some minutes see one of them, some two.
    states = [
        (second * 10.0, Counts(read=second // 5, rows=second // 5)) for second in range(1, 61)
    ]
    last = figures([(0.0, Counts()), *states], total=24)[-1]
    assert last.seconds_left == pytest.approx(600, rel=0.1)


def test_all_figures_as_text() -> None:
    counts = Counts(
        read=19, skipped=1, failed=2, open=16, rows=4321, input_tokens=12345, output_tokens=678
    )
    counts = counts._replace(cost=0.021, waiting=5, waited=72.0)
    [shown] = figures([(100.0, counts)], total=1000, started=10.0)
    assert str(shown) == (
        "20 of 1,000 documents; 4,321 rows, 48/s; 16 open; 2 failed; 12,345 tokens in, 678 out; "
        "$0.0210; rate limit: 5 waiting, waited 1 min 12 s; 1 min 30 s, "
        "about 1 h 17 min left"
    )


# -- runs ----------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    return {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}


def run(
    kind: str, server: ReplayServer, documents: Any, files: dict[str, Any], **how: Any
) -> tuple[Any, Any]:
    options = {**files, "endpoint": "test", "rate_limit": how.pop("rate_limit", None)}
    if kind == "run":
        with OpenAI(base_url=server.base_url, api_key="test") as sdk:
            extraction = extraction_of(sdk, options)
            return extraction, extraction.run(documents, **how)

    async def work() -> tuple[Any, Any]:
        async with AsyncOpenAI(base_url=server.base_url, api_key="test") as sdk:
            extraction = extraction_of(sdk, options)
            return extraction, await extraction.arun(documents, **how)

    return asyncio.run(work())


kinds = pytest.mark.parametrize("kind", ["run", "arun"])


@kinds
def test_a_pipe_gets_lines_and_a_last_one_at_the_end(
    kind: str,
    files: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.02)
    with ReplayServer(Model(tokens_per_second=50)) as server:
        run(kind, server, [*job(6, rows=10)], files, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", err)
    lines = err.splitlines()
    assert len(lines) > 3
    assert all(re.match(r"partialstream: \d of 6 documents; \d+ rows, ", line) for line in lines)
    assert lines[-1].startswith("partialstream: 6 of 6 documents; 60 rows, ")
    # Rows are counted while their documents are open.
    assert any(int(line.split("; ")[1].split()[0]) % 10 for line in lines)


@kinds
def test_nothing_is_shown_unless_asked_for(
    kind: str, files: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    with ReplayServer(Model()) as server:
        run(kind, server, job(2, rows=1), files)
    assert capfd.readouterr() == ("", "")


@kinds
def test_the_number_of_documents_can_be_given(
    kind: str, files: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    with ReplayServer(Model()) as server:
        run(kind, server, job(2, rows=1), files, progress=True)
        run(kind, server, job(3, rows=1), files, progress=True, total=5)
    first, second = capfd.readouterr().err.splitlines()
    assert first.startswith("partialstream: 2 documents (total unknown); 2 rows, ")
    assert second.startswith("partialstream: 3 of 5 documents; 1 rows, ")


@kinds
def test_waits_for_the_rate_limit_are_counted_for_this_run(
    kind: str,
    files: dict[str, Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    limit = RateLimit(requests_per_minute=600)
    limit._waited = 1000.0  # of earlier calls
    with ReplayServer(Model()) as server:
        _, summary = run(kind, server, job(6, rows=1), files, rate_limit=limit, progress=True)
    assert 0.1 < summary.rate_limit_wait < 900
    err = capfd.readouterr().err
    assert "; rate limit: waited " in err
    assert "waited 16 min" not in err
    assert "rate limit wait" in str(summary)


def test_without_rich_the_extra_is_named(
    files: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    with ReplayServer(Model()) as server, pytest.raises(ModuleNotFoundError) as caught:
        run("run", server, job(2, rows=1), files, progress=True)
    assert str(caught.value) == 'progress= needs rich: pip install "partialstream[cli]"'
    assert server.requests == []


def test_a_reader_that_leaves_does_not_end_the_run(
    files: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        def write(self, text: str) -> None:
            raise BrokenPipeError

        def isatty(self) -> bool:
            return False

    for stream in (Closed(), None):
        monkeypatch.setattr("sys.stderr", stream)
        with ReplayServer(Model()) as server:
            _, summary = run("run", server, job(2, rows=1), files, progress=True)
    assert summary.known == 2


def test_a_failed_document_is_logged_without_the_reason_which_the_summary_has(
    files: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        return Answer(fault=faults.HTTPError(400, message="too long")) if number == 1 else answer

    documents = [*job(3, rows=1), Document("lost", "", problem="cannot be read")]
    with ReplayServer(Model(spoil)) as server, caplog.at_level(logging.WARNING):
        _, summary = run("run", server, documents, files)
    [first, second] = sorted(caplog.messages)
    assert first == "document 'doc-0001' failed: BadRequestError"
    assert second.startswith("document 'lost' failed: ")
    # It may hold what a user or a model wrote.
    assert not any("too long" in message or "be read" in message for message in caplog.messages)
    reasons = {failure.id: failure.reason for failure in summary.failures}
    assert reasons.keys() == {"doc-0001", "lost"}
    assert "too long" in reasons["doc-0001"]
    assert reasons["lost"] == "cannot be read"


def test_documents_that_have_failed_are_finished() -> None:
    counters: Any = SimpleNamespace(open_documents=0, open_rows=4, to_retry=None)
    meter = progress.meter_of(counters, Summary(done=2, failed=1, known=1, rows=5), None, 9)
    shown = meter.progress(time.monotonic())
    assert (shown.finished, shown.failed, shown.rows) == (4, 1, 9)


def test_a_standard_error_that_was_closed_does_not_end_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    counters: Any = SimpleNamespace(open_documents=0, open_rows=0, to_retry=None)
    progress._write_line(progress.meter_of(counters, Summary(), None, None))
