"""Killed at any moment and started again, a run ends as if it had never been killed."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import Model, count_of, expected, lines, right_rows, rows_in
from etl_sinks import JSONLPlace, ParquetPlace, Place, PostgreSQLPlace, SQLitePlace
from extras import needs

from partialstream.testing import Answer, ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).with_name("etl_program.py")
SOAK = "PARTIALSTREAM_KILLS" in os.environ
KILLS = int(os.environ.get("PARTIALSTREAM_KILLS", "10"))
DOCUMENTS = 200
FEWER = DOCUMENTS if SOAK else 60  # where sinks are not the subject
AT_A_TIME = max(2, 80 // KILLS)  # of each document that is under way, some is lost
CHUNK = 40  # characters of a delta: about a row
PACE = 60.0  # deltas a second of a response: those that a busy machine lags behind are paid again

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="it has no SIGKILL"),
    pytest.mark.timeout(240 + 60 * KILLS),
    needs("parquet", "pyarrow"),
    needs("sql", "sqlalchemy"),
]


class Program:
    """The program, of which one child runs at a time."""

    def __init__(self, folder: Path) -> None:
        self._told = folder / "told.txt"
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.child = 0

    def start(self, **options: Any) -> None:
        assert self._process.stdin is not None
        line = json.dumps({"told": str(self._told), "concurrency": AT_A_TIME, **options})
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        self.child = int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def kill(self) -> bool:
        """Kill the child; gives whether it was still running."""
        os.kill(self.child, signal.SIGKILL)  # it is not waited for before its line is read
        return int(self._line()) == -signal.SIGKILL

    def end(self) -> str:
        """Wait for the child's end; gives the traceback, `""` if there is none."""
        code = int(self._line())
        return "" if code == 0 else self._told.read_text("utf-8")

    def close(self) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    program.close()


def done_in(journal: Path) -> int:
    """How many documents are done, as a sign of progress."""
    if not journal.exists():
        return 0
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=5)) as db:
        try:
            found = db.execute("SELECT count(*) FROM documents WHERE state != 'open'").fetchone()
        except sqlite3.OperationalError:  # it has no tables yet
            return 0
        return int(found[0])


def kill_often(program: Program, seed: Any, **options: Any) -> None:
    """Start and kill the program, each time somewhat further on; then let it end."""
    chance = random.Random(seed)
    journal, documents = Path(options["journal"]), options["documents"]
    kills = KILLS * documents // DOCUMENTS
    for step in range(kills):
        program.start(**options)
        goal = min(documents * step // (kills + 1), done_in(journal) + documents // kills)
        deadline = time.monotonic() + 300
        while done_in(journal) < goal:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.3))
        assert program.kill()
    program.start(**options)
    assert program.end() == ""


def deltas_of_one_pass(documents: int) -> int:
    """What has to be paid at least."""
    texts = [
        json.dumps({"items": right_rows(number)}, ensure_ascii=False) for number in range(documents)
    ]
    return sum(-(-len(text) // CHUNK) for text in texts)


def starts_in(journal: Path) -> int:
    """How often documents were begun, or gone on with."""
    with closing(sqlite3.connect(journal)) as db:
        return int(db.execute("SELECT sum(starts) FROM documents").fetchone()[0])


soak = pytest.mark.skipif(not SOAK, reason="a part of the soak: PARTIALSTREAM_KILLS=50")


@pytest.mark.parametrize(
    ("kind_of_place", "kind", "commit"),
    [
        (JSONLPlace, "sync", "document"),
        (ParquetPlace, "async", "document"),
        (SQLitePlace, "sync", "document"),
        (SQLitePlace, "sync", "row"),
        (PostgreSQLPlace, "async", "document"),
        pytest.param(JSONLPlace, "async", "document", marks=soak),
        pytest.param(PostgreSQLPlace, "async", "row", marks=soak),
    ],
)
def test_nothing_is_lost_nothing_is_doubled_and_little_is_paid_twice(
    program: Program, tmp_path: Path, kind_of_place: type[Place], kind: str, commit: str
) -> None:
    journal = tmp_path / "run.db"
    with (
        kind_of_place(tmp_path) as place,
        ReplayServer(Model(tokens_per_second=PACE, chunk_size=CHUNK)) as server,
    ):
        kill_often(
            program,
            f"{kind_of_place.__name__} {kind} {commit}",
            journal=str(journal),
            base_url=server.base_url,
            sink=place.spec,
            kind=kind,
            commit=commit,
            documents=DOCUMENTS,
        )
        assert place.rows() == expected(DOCUMENTS)
        assert place.count() == len(expected(DOCUMENTS))
        # One for each document, and one for each time that a document was resumed.
        assert len(server.requests) <= starts_in(journal)
        sent = sum(request.deltas_sent for request in server.requests)
        passes = sent / deltas_of_one_pass(DOCUMENTS)
        print(
            f"{KILLS} kills, {place.count()} rows of {DOCUMENTS} documents, "
            f"{len(server.requests)} requests, {starts_in(journal)} starts, "
            f"{passes:.3f} of the output of one pass"
        )
        assert passes <= 1.1
    assert not (tmp_path / "run.dead-letters.jsonl").exists()


def test_with_restart_the_rows_of_a_document_are_of_one_response(
    program: Program, tmp_path: Path
) -> None:
    journal, sink = tmp_path / "run.db", tmp_path / "rows.jsonl"

    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        # It finds other articles each time it is asked.
        return replace(answer, text=answer.text.replace("article ", f"{asked}. article "))

    def number_of(document: str) -> int:
        return int(document.partition("-")[2])

    model = Model(spoil, tokens_per_second=PACE, chunk_size=CHUNK)
    with ReplayServer(model) as server:
        kill_often(
            program,
            2,
            journal=str(journal),
            base_url=server.base_url,
            sink=str(sink),
            on_restart="restart",
            documents=FEWER,
        )
        assert len(server.requests) <= starts_in(journal)
    articles: dict[int, list[str]] = {}
    for line in lines(sink):
        articles.setdefault(number_of(line["document"]), []).append(line["article"])
    assert len(articles) == FEWER
    for number, names in articles.items():
        assert len(names) == count_of(number)
        assert {name.partition(".")[0] for name in names} == {str(model.asked[number])}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_rows_that_a_loop_takes_come_at_least_once_and_in_the_sink_once(
    program: Program, tmp_path: Path, kind: str
) -> None:
    sink, taken = tmp_path / "rows.jsonl", tmp_path / "taken.jsonl"
    with ReplayServer(Model(tokens_per_second=PACE, chunk_size=CHUNK)) as server:
        kill_often(
            program,
            kind,
            journal=str(tmp_path / "run.db"),
            base_url=server.base_url,
            sink=str(sink),
            taken=str(taken),
            kind=kind,
            documents=FEWER,
        )
    assert rows_in(lines(sink)) == sorted(expected(FEWER))
    found = rows_in(lines(taken))
    assert set(found) == expected(FEWER)
    print(f"{len(found)} rows taken, {len(set(found))} different ones")


def test_killed_while_documents_are_repaired(program: Program, tmp_path: Path) -> None:
    journal = tmp_path / "run.db"
    repairs = 0

    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        nonlocal repairs
        if '"indexes"' in answer.text:
            repairs += 1
            return replace(answer, tokens_per_second=10)
        if asked > 1:
            return answer
        # Of each document some rows are invalid the first time.
        return replace(answer, text=re.sub(r'"count": (\d*5)}', r'"count": -\1}', answer.text))

    with (
        SQLitePlace(tmp_path) as place,
        ReplayServer(Model(spoil, tokens_per_second=1000, chunk_size=CHUNK)) as server,
    ):
        kill_often(
            program,
            3,
            journal=str(journal),
            base_url=server.base_url,
            sink=place.spec,
            commit="row",
            documents=FEWER,
        )
        assert place.rows() == expected(FEWER)
        assert place.count() == len(expected(FEWER))
        assert repairs > 0
        assert len(server.requests) <= 2 * starts_in(journal)
        print(f"{repairs} repairs in {len(server.requests)} requests")


def test_a_disk_that_is_full_ends_the_run_and_the_next_one_goes_on(
    program: Program, tmp_path: Path
) -> None:
    journal, sink = tmp_path / "run.db", tmp_path / "rows.jsonl"
    with ReplayServer(Model(chunk_size=CHUNK)) as server:
        options: dict[str, Any] = {"base_url": server.base_url, "sink": str(sink)}
        options["journal"] = str(journal)
        options["documents"] = DOCUMENTS
        program.start(**options, rows=5, limit=1_200_000)  # bytes that a file may have
        told = program.end()
        assert re.search("(Journal|Sink)Error: the (journal|sink) .* cannot be", told)
        assert 0 < done_in(journal) < DOCUMENTS
        assert set(rows_in(lines(sink))) < expected(DOCUMENTS, rows=5)
        program.start(**options, rows=5)
        assert program.end() == ""
        assert len(server.requests) <= starts_in(journal)
    assert rows_in(lines(sink)) == sorted(expected(DOCUMENTS, rows=5))
