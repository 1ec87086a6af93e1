"""Documents refused with HTTP 402 or 403: one of them fails, and a refused key ends the run."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any

import openai
import pytest
from etl_runs import Driver, Model, expected, job, lines, rows_in

from partialstream.etl import journal_status
from partialstream.testing import Answer, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLAGGED = Answer(fault=faults.HTTPError(403, message="flagged by moderation"))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    return {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl", "endpoint": "test"}


def letters(files: dict[str, Any]) -> dict[str, str]:
    found = lines(files["journal"].with_suffix(".dead-letters.jsonl"))
    return {letter["document"]: letter["reason"] for letter in found}


def model(is_refused: Callable[[int], bool]) -> Model:
    """Refuses documents by their numbers."""
    return Model(lambda number, _, answer: FLAGGED if is_refused(number) else answer)


@pytest.mark.parametrize(("flagged", "concurrency"), [(0, 1), (3, 4), (8, 4)])
def test_a_refused_document_fails_where_others_are_not_refused(
    driver: Driver, files: dict[str, Any], flagged: int, concurrency: int
) -> None:
    with ReplayServer(model(lambda number: number == flagged)) as server:
        summary = driver.run(server, job(9, rows=2), **files, concurrency=concurrency)
        assert (summary.done, summary.failed, summary.requests) == (8, 1, 9)
        assert [failure.id for failure in summary.failures] == [f"doc-000{flagged}"]
        again = driver.run(server, job(9, rows=2), **files, concurrency=concurrency)
        assert (again.known, again.failed_before) == (8, 1)
        assert len(server.requests) == 9
        totals = journal_status(files["journal"]).totals
        assert (totals.delivered, totals.failed, totals.open, totals.requests) == (8, 1, 0, 9)
        assert list(letters(files)) == [f"doc-000{flagged}"]
        assert "flagged by moderation" in letters(files)[f"doc-000{flagged}"]
    with ReplayServer(Model()) as server:
        assert driver.run(server, job(9, rows=2), **files, retry_failed=True).done == 1
    assert rows_in(lines(files["sink"])) == sorted(expected(9, rows=2))


def test_a_document_refused_during_its_repair_fails_without_rows(
    driver: Driver, files: dict[str, Any]
) -> None:
    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        if number == 1 and asked == 1:
            return Answer(str(answer.text).replace('"count": 1}', '"count": -1}'))
        return FLAGGED if number == 1 else answer

    with ReplayServer(Model(spoil)) as server:
        summary = driver.run(server, job(3, rows=2), **files)
    assert (summary.done, summary.failed, summary.requests) == (2, 1, 4)
    assert journal_status(files["journal"]).totals.requests == 4
    assert {line["document"] for line in lines(files["sink"])} == {"doc-0000", "doc-0002"}


@pytest.mark.parametrize("status", [402, 403])
@pytest.mark.parametrize(("documents", "concurrency", "requests"), [(1, 4, 1), (50, 7, 20)])
def test_a_key_without_permission_ends_the_run_and_its_documents_stay_open(
    driver: Driver,
    files: dict[str, Any],
    documents: int,
    concurrency: int,
    requests: int,
    status: int,
) -> None:
    answer = replace(FLAGGED, fault=faults.HTTPError(status, message="it is refused"))
    with ReplayServer(answer, repeat=True) as server:
        with pytest.raises(openai.APIStatusError, match="it is refused"):
            driver.run(server, job(documents, rows=1), **files, concurrency=concurrency)
        assert len(server.requests) <= requests
    totals = journal_status(files["journal"]).totals
    assert (totals.failed, totals.open) == (0, totals.documents)
    assert letters(files) == {}
    with ReplayServer(Model()) as server:
        assert driver.run(server, job(documents, rows=1), **files).done == documents


def test_a_permission_that_is_withdrawn_during_a_run_ends_it(
    driver: Driver, files: dict[str, Any]
) -> None:
    withdrawn = Event()

    def is_refused(number: int) -> bool:
        if number >= 20:
            withdrawn.set()
        return withdrawn.is_set() or number == 3

    with ReplayServer(model(is_refused)) as server:
        with pytest.raises(openai.PermissionDeniedError):
            driver.run(server, job(100, rows=1), **files, concurrency=4)
        assert len(server.requests) < 40
    totals = journal_status(files["journal"]).totals
    assert (totals.failed, totals.open) == (1, totals.documents - totals.delivered - 1)
    assert totals.delivered > 10  # those that were complete, while the run ended
    assert list(letters(files)) == ["doc-0003"]
    with ReplayServer(Model()) as server:
        summary = driver.run(server, job(100, rows=1), **files)
    assert (summary.failed_before, summary.known + summary.done) == (1, 99)


def test_a_response_that_began_before_a_refusal_does_not_make_it_a_failure(
    driver: Driver, files: dict[str, Any]
) -> None:
    """The permission may have been withdrawn in between."""

    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        return replace(answer, tokens_per_second=50) if number == 0 else FLAGGED

    with ReplayServer(Model(spoil)) as server:
        with pytest.raises(openai.PermissionDeniedError):
            driver.run(server, job(100, rows=5), **files, concurrency=2)
    totals = journal_status(files["journal"]).totals
    assert (totals.delivered, totals.failed) == (1, 0)


@pytest.mark.parametrize("documents", [2, 15])
def test_documents_that_are_refused_when_retried_have_failed_again(
    driver: Driver, files: dict[str, Any], documents: int
) -> None:
    """And are not left open, which would end every run from then on."""
    with ReplayServer(Answer(fault=faults.HTTPError(400)), repeat=True) as server:
        assert driver.run(server, job(documents), **files).failed == documents
    with ReplayServer(FLAGGED, repeat=True) as server:
        retry: dict[str, Any] = {**files, "concurrency": 2, "retry_failed": True}
        if documents < 10:
            assert driver.run(server, job(documents), **retry).failed == documents
        else:
            with pytest.raises(openai.PermissionDeniedError):
                driver.run(server, job(documents), **retry)
        assert journal_status(files["journal"]).totals.failed == documents
        asked = len(server.requests)
        assert driver.run(server, job(documents), **files).failed_before == documents
        assert len(server.requests) == asked
