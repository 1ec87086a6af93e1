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
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from example_runs import EXAMPLES

from partialstream.testing import Answer, ReplayRequest, ReplayServer, faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Rows = list[tuple[str, int, str, int]]

ARTICLES = ["Lamp", "Rug", "Shelf", "Vase", "Clock"]
MADE_UP: Rows = [
    (f"note-{note:02}.txt", place, article, (note + place) % 7 or 12)
    for note in range(1, 41)
    for place, article in enumerate(ARTICLES)
]


def start(tmp_path: Path, *arguments: str, stderr: Any = subprocess.PIPE) -> subprocess.Popen[str]:
    # A killed run leaves its temporary folder behind.
    environment = {"PYTHONUTF8": "1", "OPENAI_API_KEY": "test", "TMPDIR": str(tmp_path)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(EXAMPLES / "documents_to_sqlite.py"), *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=stderr,
        encoding="utf-8",
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the end; gives the exit code, and what was printed."""
    with process:
        shown, told = process.communicate(timeout=60)
    return process.returncode, shown, told or ""


def read_terminal(reader: int) -> str:
    """All that is drawn until the program has left the terminal."""
    drawn = b""
    try:
        while piece := os.read(reader, 65536):
            drawn += piece
    except OSError:  # the terminal is gone, as Linux says it
        pass
    os.close(reader)
    return drawn.decode()


def query(database: Path, table: str) -> list[Any]:
    """All of a table; nothing while there is none."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(database)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            return []
        return db.execute(f"SELECT * FROM {table}").fetchall()


def rows_of(database: Path) -> Rows:
    return sorted(query(database, "rows"))


def done_in(database: Path) -> set[str]:
    return {name for (name,) in query(database, "done")}


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.03)


def kill_after(process: subprocess.Popen[str], database: Path, more: int, seconds: float) -> None:
    """Kill a run when that many more documents are done, and some time has gone by."""
    before = len(done_in(database))
    wait_until(lambda: len(done_in(database)) >= before + more, process)
    time.sleep(seconds)
    process.kill()
    end(process)


class Model:
    """Finds other rows, and another number of them, whenever it is asked for a document.

    Attributes:
        asked: How often it was asked for each.
    """

    def __init__(self, tokens_per_second: float | None) -> None:
        self.tokens_per_second = tokens_per_second
        self.asked = Counter[str]()
        self.failing: dict[str, Answer] = {}

    def __call__(self, request: ReplayRequest) -> Answer:
        name = request.body["messages"][0]["content"]
        self.asked[name] += 1
        rows = [{"article": article, "count": count} for _, _, article, count in self.found(name)]
        return self.failing.get(name) or Answer(
            json.dumps({"items": rows}), tokens_per_second=self.tokens_per_second
        )

    def found(self, name: str) -> Rows:
        """What it found when it was asked last."""
        asked = self.asked[name]
        count = 2 + (asked + int(name[:2])) % 5
        return [(name, place, f"{asked}-{place}", asked) for place in range(count)]

    def rows(self) -> Rows:
        """What it found in all of them."""
        return [row for name in sorted(self.asked) for row in self.found(name)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Documents that hold their own names."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(24):
        (folder / f"{number:02}.txt").write_text(f"{number:02}.txt", encoding="utf-8")
    return folder


def live(folder: Path, database: Path, server: ReplayServer) -> list[str]:
    return [str(folder), "--database", str(database), "--live", "--base-url", server.base_url]


def test_killed_at_random_moments_it_gives_what_an_unkilled_run_gives(tmp_path: Path) -> None:
    database = tmp_path / "killed.db"
    chance = random.Random(5)
    reached: list[int] = []
    with start(tmp_path, "--database", str(tmp_path / "unkilled.db")) as unkilled:
        for more, longest in ((1, 0.2), (0, 1.2), (4, 0.2)):
            process = start(tmp_path, "--database", str(database))
            kill_after(process, database, more, chance.uniform(0, longest))
            done, rows = done_in(database), rows_of(database)
            reached.append(len(done))
            assert set(rows) <= set(MADE_UP)
            assert all((row in rows) for row in MADE_UP if row[0] in done)
        assert reached == sorted(reached)
        assert 0 < reached[0] < 40
        last = end(start(tmp_path, "--database", str(database)))
        assert last == (0, f"200 rows; {reached[-1]} of 40 documents were done before\n", "")
        assert end(unkilled) == (0, "200 rows; 0 of 40 documents were done before\n", "")
    assert rows_of(database) == rows_of(tmp_path / "unkilled.db") == MADE_UP


def test_a_documents_rows_are_of_one_answer_and_a_done_one_is_not_asked_for_again(
    tmp_path: Path, folder: Path
) -> None:
    database = tmp_path / "rows.db"
    model = Model(tokens_per_second=80)
    with ReplayServer(model) as server:
        process = start(tmp_path, *live(folder, database, server))
        kill_after(process, database, 1, random.Random(24).uniform(0, 0.2))
        asked, done = model.asked.copy(), done_in(database)
        assert set(asked) > done > set()
        code, shown, told = end(start(tmp_path, *live(folder, database, server)))
    assert (code, told) == (0, "")
    assert shown.endswith(f"; {len(done)} of 24 documents were done before\n")
    assert {name for name in asked if asked[name] == model.asked[name]} == done
    assert model.asked.total() > len(model.asked) == 24
    assert rows_of(database) == model.rows()


@pytest.mark.skipif(sys.platform == "win32", reason="there, a signal is not sent to one process")
def test_ctrl_c_closes_the_connections_and_leaves_what_is_committed(
    tmp_path: Path, folder: Path
) -> None:
    database = tmp_path / "rows.db"
    model = Model(tokens_per_second=20)
    with ReplayServer(model) as server:
        process = start(tmp_path, *live(folder, database, server))
        wait_until(lambda: len(rows_of(database)) >= 10, process)
        committed = rows_of(database)
        process.send_signal(signal.SIGINT)
        assert end(process) == (130, "", "")
        assert len(server.requests) == 16  # at a time
        assert all(request.wait_hung_up() for request in server.requests)
        assert set(committed) <= set(rows_of(database))
        assert not done_in(database)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["documents"]


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals of this kind")
def test_on_a_terminal_progress_is_shown_and_what_fails_is_told_and_left_to_the_next_run(
    tmp_path: Path, folder: Path
) -> None:
    import pty

    database = tmp_path / "rows.db"
    model = Model(tokens_per_second=None)
    model.failing = {"07.txt": Answer(fault=faults.HTTPError(400, message="too long"))}
    reader, terminal = pty.openpty()
    with ReplayServer(model) as server:
        process = start(tmp_path, *live(folder, database, server), stderr=terminal)
        os.close(terminal)
        with ThreadPoolExecutor() as pool:  # a terminal that is not read holds the program up
            reading = pool.submit(read_terminal, reader)
            code, shown, _ = end(process)
            drawn = reading.result()
        assert (code, len(done_in(database))) == (1, 23)
        assert shown == f"{len(rows_of(database))} rows; 0 of 24 documents were done before\n"
        assert "Documents" in drawn
        assert "%" in drawn
        assert re.search(r"07\.txt: .*too long", drawn)
        model.failing = {}
        code, shown, told = end(start(tmp_path, *live(folder, database, server)))
    assert (code, told) == (0, "")
    assert shown == f"{len(model.rows())} rows; 23 of 24 documents were done before\n"
    assert model.asked.total() == 25
    assert rows_of(database) == model.rows()
