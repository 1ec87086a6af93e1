"""Killed at any moment and started again, a run ends as if it had never been killed."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import Model, count_of, expected, lines, right_rows, rows_in

from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from partialstream.testing import Answer

PROGRAM = Path(__file__).with_name("etl_program.py")
KILLS = int(os.environ.get("PARTIALSTREAM_KILLS", "10"))
DOCUMENTS = 200
PACE = 3000  # tokens a second, so that a run takes a second or so

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no SIGKILL")


def start(server: ReplayServer, journal: Path, sink: str, **options: Any) -> Any:
    given = {"documents": DOCUMENTS, "rows": "-", "on_restart": "resume", "kind": "sync", **options}
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), server.base_url, str(journal), sink]
        + [str(value) for value in given.values()],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: Any) -> str:
    shown, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    return str(shown)


def rows_seen(journal: Path) -> int:
    """How many documents are done, as a sign of progress."""
    if not journal.exists():
        return 0
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=5)) as db:
        try:
            (count,) = db.execute(
                "SELECT count(*) FROM documents WHERE state != 'open'"
            ).fetchone()
        except sqlite3.OperationalError:  # it has no tables yet
            return 0
        return int(count)


def kill_often(server: ReplayServer, journal: Path, sink: str, seed: int, **options: Any) -> int:
    """Start and kill the program, each time somewhat further on; gives how often."""
    chance = random.Random(seed)
    killed = 0
    for step in range(1, KILLS + 1):
        process = start(server, journal, sink, **options)
        goal = DOCUMENTS * step // (KILLS + 2)
        deadline = time.monotonic() + 60
        while rows_seen(journal) < goal and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.05))
        if process.poll() is None:
            killed += 1
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return killed


def tokens_of(documents: int) -> int:
    """Deltas of one pass."""
    sizes = [
        len(json.dumps({"items": right_rows(number)}, ensure_ascii=False))
        for number in range(documents)
    ]
    return sum(-(-size // 12) for size in sizes)


def sent(server: ReplayServer) -> int:
    return sum(request.deltas_sent for request in server.requests)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_jsonl(tmp_path: Path, kind: str) -> None:
    journal, sink = tmp_path / "run.db", tmp_path / "rows.jsonl"
    model = Model(tokens_per_second=PACE)
    with ReplayServer(model) as server:
        killed = kill_often(server, journal, str(sink), seed=1, kind=kind)
        assert killed >= KILLS - 1
        for line in lines(sink):  # complete at any time
            assert line["count"] == line["row"]
        end(start(server, journal, str(sink), kind=kind))
        assert rows_in(lines(sink)) == sorted(expected(DOCUMENTS))
        assert not (tmp_path / "run.dead-letters.jsonl").exists()
        # One request for each document, and one more for each time it was under way.
        with closing(sqlite3.connect(journal)) as db:
            (starts,) = db.execute("SELECT sum(starts) FROM documents").fetchone()
        assert len(server.requests) <= starts
        assert sent(server) <= 1.1 * tokens_of(DOCUMENTS)


def test_begun_anew_the_rows_of_a_document_are_of_one_response(tmp_path: Path) -> None:
    journal, sink = tmp_path / "run.db", tmp_path / "rows.jsonl"

    def spoil(number: int, asked: int, answer: Answer) -> Answer:
        # It finds other articles each time it is asked.
        text = answer.text.replace("article ", f"{asked}. article ")
        return type(answer)(text, chunk_size=12, tokens_per_second=PACE)

    model = Model(spoil)
    with ReplayServer(model) as server:
        kill_often(server, journal, str(sink), seed=2, on_restart="restart")
        end(start(server, journal, str(sink), on_restart="restart"))
    found: dict[str, list[str]] = {}
    for line in lines(sink):
        found.setdefault(line["document"], []).append(line["article"])
    assert len(found) == DOCUMENTS
    for document, articles in found.items():
        number = int(document[4:])
        assert len(articles) == count_of(number)
        assert {article.partition(".")[0] for article in articles} == {str(model.asked[number])}
