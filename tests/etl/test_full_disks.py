"""A disk that is full ends the run with an error that says so; with room, the next run goes on."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import DRIVERS, Driver, lines
from etl_sinks import JSONLPlace, ParquetPlace, SQLitePlace
from extras import needs

from partialstream.etl import Document, JournalError, SinkError
from partialstream.testing import Answer, ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from partialstream.testing import ReplayRequest

pytestmark = [needs("parquet", "pyarrow"), needs("sql", "sqlalchemy")]

DOCUMENTS = 12
LONG = 60_000  # characters of a row; two rows a document


class Disk:
    """A file system of one megabyte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resize(self, megabytes: int) -> None:
        """Make more room."""
        command = ["mount", "-o", f"remount,size={megabytes}m", str(self.folder)]
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small disk; the fixture takes root, on Linux."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("a small file system is mounted, which takes root on Linux")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", str(folder)], check=True)


def documents() -> Iterator[Document]:
    for number in range(DOCUMENTS):
        yield Document(f"doc-{number:02}", str(number))


def article(number: str, row: int) -> str:
    """A long text that cannot be compressed much."""
    return random.Random(f"{number}-{row}").randbytes(LONG // 2).hex()


def model(request: ReplayRequest) -> Answer:
    content = request.body["messages"][0]["content"]
    number = content.rpartition("\n")[2]
    rows = [{"article": article(number, row), "count": row} for row in range(2)]
    found = re.search(r"after (\d+) complete item", request.body["messages"][-1]["content"])
    if found is not None:
        rows = rows[int(found[1]) :]
    return Answer(json.dumps({"items": rows}), chunk_size=20_000)


def invalid(request: ReplayRequest) -> Answer:
    answer = model(request)
    return Answer(answer.text.replace('"count": 1', '"count": -1'), chunk_size=20_000)


def right() -> set[tuple[str, int, str, int]]:
    return {
        (document.id, row, article(document.text, row), row)
        for document in documents()
        for row in range(2)
    }


def states(journal: Path) -> set[str]:
    with closing(sqlite3.connect(journal)) as db:
        return {state for (state,) in db.execute("SELECT DISTINCT state FROM documents")}


@pytest.mark.parametrize("kind", [JSONLPlace, ParquetPlace, SQLitePlace])
def test_a_full_disk_of_the_sink_ends_the_run_and_the_next_one_continues(
    kind: Any, disk: Disk, tmp_path: Path
) -> None:
    place = kind(disk.folder)
    options = {"journal": tmp_path / "run.db", "concurrency": 2, "endpoint": "test"}

    def sink() -> Any:
        if kind is not ParquetPlace:
            return place.spec
        from partialstream.etl.sinks.parquet import Parquet

        return Parquet(place.spec, batch_rows=2)

    driver = DRIVERS[0]
    with ReplayServer(model) as server:
        with pytest.raises(SinkError, match=r"cannot be written.*(space|full)"):
            driver.run(server, documents(), sink=sink(), **options)
        assert "failed" not in states(tmp_path / "run.db")
        assert place.rows() < right()
        disk.resize(32)
        driver.run(server, documents(), sink=sink(), **options)
        # Those that were being read may go on after their rows.
        assert len(server.requests) <= DOCUMENTS + 2
    assert place.rows() == right()
    assert place.count() == 2 * DOCUMENTS
    assert lines(tmp_path / "run.dead-letters.jsonl") == []


def test_a_full_disk_of_the_journal_does_not_fail_documents(
    driver: Driver, disk: Disk, tmp_path: Path
) -> None:
    place = JSONLPlace(tmp_path)
    options = {"journal": disk.folder / "run.db", "sink": place.spec, "endpoint": "test"}
    with ReplayServer(model) as server:
        with pytest.raises(JournalError, match=r"cannot be used: .*(full|I/O)"):
            driver.run(server, documents(), **options)
        assert place.rows() < right()
        disk.resize(32)
        assert "failed" not in states(disk.folder / "run.db")
        summary = driver.run(server, documents(), **options)
        assert (summary.failed, summary.rejected) == (0, 0)
    assert place.rows() == right()
    assert place.count() == 2 * DOCUMENTS
    assert lines(disk.folder / "run.dead-letters.jsonl") == []


def test_a_full_disk_of_the_dead_letters_ends_the_run_and_loses_none(
    driver: Driver, disk: Disk, tmp_path: Path
) -> None:
    place = JSONLPlace(tmp_path)
    letters = disk.folder / "dead.jsonl"
    (disk.folder / "ballast").write_bytes(bytes(600_000))
    options = {"journal": tmp_path / "run.db", "sink": place.spec, "dead_letters": letters}
    with ReplayServer(invalid) as server:
        options |= {"endpoint": "test", "on_invalid": "skip"}
        with pytest.raises(SinkError, match=r"dead letters cannot be written.*space"):
            driver.run(server, documents(), **options)
        (disk.folder / "ballast").unlink()
        summary = driver.run(server, documents(), **options)
        assert summary.failed == 0
        assert len(server.requests) == DOCUMENTS
    assert place.rows() == {row for row in right() if row[1] == 0}
    found = lines(letters)
    assert {each["document"] for each in found} == {each.id for each in documents()}
    assert len(found) == DOCUMENTS


@pytest.mark.parametrize("where", ["journal", "sink"])
def test_a_disk_that_is_full_from_the_start_sends_no_request(
    where: str, disk: Disk, tmp_path: Path
) -> None:
    (disk.folder / "ballast").write_bytes(bytes(1024 * 1024))
    options: dict[str, Any] = {"journal": tmp_path / "run.db", "endpoint": "test"}
    options["sink"] = f"sqlite:///{tmp_path}/rows.db#articles"
    if where == "journal":
        options["journal"] = disk.folder / "run.db"
    else:
        options["sink"] = f"sqlite:///{disk.folder}/rows.db#articles"
    with ReplayServer(model) as server:
        error = JournalError if where == "journal" else SinkError
        with pytest.raises(error, match=r"cannot be (used|opened): .*(full|I/O)"):
            DRIVERS[0].run(server, documents(), **options)
        assert not server.requests
        (disk.folder / "ballast").unlink()
        disk.resize(32)
        assert DRIVERS[0].run(server, documents(), **options).done == DOCUMENTS
