"""A job of documents against a real engine: run, killed, and with a disk that is full.

The engine's model has learnt nothing, so that another run may find other rows. What can be
compared: each document is there once, its rows are valid and without a gap, and what was done
before a kill is as it was, and is not asked for again.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import engine_job
import pytest

from partialstream.etl import SinkError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine_runs import Engine

    from partialstream.etl import Summary

pytestmark = pytest.mark.engine

Rows = dict[str, list[dict[str, Any]]]


def rows_in(sink: Path) -> Rows:
    """The rows of each document; those of one stand together, in their order."""
    found: Rows = {}
    last = ""
    for line in sink.read_text("utf-8").splitlines() if sink.exists() else ():
        row = json.loads(line)
        document = row.pop("document")
        assert document == last or document not in found
        assert row.pop("row") == len(found.setdefault(document, []))
        found[document].append(row)
        last = document
    return found


def documents_in(journal: Path) -> dict[str, dict[str, Any]]:
    """What the journal knows of each document; nothing before its tables are there."""
    if not journal.exists():
        return {}
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=5)) as db:
        db.row_factory = sqlite3.Row
        try:
            return {row["id"]: dict(row) for row in db.execute("SELECT * FROM documents")}
        except sqlite3.OperationalError:
            return {}


def check(journal: Path, sink: Path) -> tuple[Rows, dict[str, dict[str, Any]]]:
    """Whether the job is done, as far as it can be."""
    rows, documents = rows_in(sink), documents_in(journal)
    assert list(documents) == [document.id for document in engine_job.job()]
    states = Counter(row["state"] for row in documents.values())
    assert set(states) <= {"delivered", "failed"}
    assert states["delivered"] >= engine_job.DOCUMENTS - 2
    for name, known in documents.items():
        assert len(rows.get(name, [])) == (known["rows"] if known["state"] == "delivered" else 0)
        for row in rows.get(name, []):
            assert engine_job.Product.model_validate(row).model_dump() == row
    assert sum(map(len, rows.values())) >= engine_job.DOCUMENTS
    return rows, documents


def run(engine: Engine, journal: Path, sink: Path) -> Summary:
    return engine_job.run(engine.base_url, str(journal), str(sink))


def test_each_document_is_there_once_and_a_second_run_asks_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    journal, sink = tmp_path / "run.db", tmp_path / "rows.jsonl"
    summary = run(engine, journal, sink)
    rows, documents = check(journal, sink)
    assert summary.done + summary.failed == engine_job.DOCUMENTS
    assert summary.requests == sum(known["requests"] for known in documents.values())
    again = run(engine, journal, sink)
    assert (again.requests, again.rows) == (0, 0)
    assert rows_in(sink) == rows
    print(f"\n{summary.done} documents, {summary.rows} rows, {summary.requests} requests")


@pytest.mark.skipif(sys.platform == "win32", reason="it has no SIGKILL")
def test_killed_it_goes_on(engine: Engine, tmp_path: Path) -> None:
    journal, sink = tmp_path / "run.db", tmp_path / "rows.jsonl"
    script = str(Path(engine_job.__file__))
    command = [sys.executable, script, engine.base_url, str(journal), str(sink)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for goal in (4, 11):
        with subprocess.Popen(command, env=environment) as process:
            while process.poll() is None and not (ended(journal) >= goal and is_halfway(journal)):
                time.sleep(0.005)
            process.kill()
        assert process.returncode == -signal.SIGKILL
    before = {
        id_: known for id_, known in documents_in(journal).items() if known["state"] != "open"
    }
    had = {id_: rows for id_, rows in rows_in(sink).items() if before[id_]["state"] == "delivered"}
    summary = run(engine, journal, sink)
    rows, documents = check(journal, sink)
    assert 11 <= len(before) < engine_job.DOCUMENTS
    assert summary.documents == engine_job.DOCUMENTS
    assert summary.resumed <= 1
    for id_, known in before.items():
        assert documents[id_]["starts"] == known["starts"]
        assert documents[id_]["requests"] == known["requests"]
    assert {id_: rows[id_] for id_ in had} == had
    starts = sum(known["starts"] for known in documents.values())
    print(f"\n{len(before)} documents were done, {starts - len(documents)} were resumed")


def ended(journal: Path) -> int:
    return sum(known["state"] != "open" for known in documents_in(journal).values())


def is_halfway(journal: Path) -> bool:
    """Whether a document is under way, and has a row."""
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=5)) as db:
        query = "SELECT 1 FROM rows JOIN documents ON number = document WHERE state = 'open'"
        return db.execute(query).fetchone() is not None


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one page."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or not mount(folder, "size=4k"):
        pytest.skip("a disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def mount(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_a_full_disk_ends_the_run_and_nothing_is_lost(
    engine: Engine, tmp_path: Path, disk: Path
) -> None:
    journal, sink = tmp_path / "run.db", disk / "rows.jsonl"
    with pytest.raises(SinkError, match="No space left"):
        run(engine, journal, sink)
    before = documents_in(journal)
    had = rows_in(sink)
    assert had
    mount(disk, "remount,size=1m")
    summary = run(engine, journal, sink)
    rows, documents = check(journal, sink)
    assert {id_: rows[id_] for id_ in had} == had
    done = [id_ for id_, known in before.items() if known["state"] in ("done", "delivered")]
    assert all(documents[id_]["starts"] == before[id_]["starts"] for id_ in done)
    print(f"\n{len(done)} documents were done when it was full, {summary.done} are done later")
