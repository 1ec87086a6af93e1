"""`partialstream extract` in a process of its own: Ctrl-C, terminals, pipes, full disks."""

from __future__ import annotations

import os
import re
import resource
import select
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import PROMPT, Model, expected, lines, rows_in

from partialstream.cli.extract import run_extract
from partialstream.cli.options import ExtractOptions
from partialstream.cli.output import ExitCode, run
from partialstream.etl import JournalError, JournalStatus, journal_status
from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and terminals of POSIX")

HERE = Path(__file__).parent
WAIT = 60.0


def start(folder: Path, server: ReplayServer, *more: str, **how: Any) -> subprocess.Popen[bytes]:
    arguments = {
        "--journal": folder / "run.db",
        "--sink": folder / "rows.jsonl",
        "--model": "any",
        "--model-class": "etl_runs:Row",
        "--prompt": PROMPT,
        "--endpoint": "test",
        "--base-url": server.base_url,
    }
    options = [str(part) for pair in arguments.items() for part in pair]
    command = [sys.executable, "-m", "partialstream.cli", "extract", f"{folder}/docs/*"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
    return subprocess.Popen([*command, *options, *more], cwd=HERE, **{**pipes, **how})


def write_documents(folder: Path, count: int, rows: int) -> None:
    (folder / "docs").mkdir()
    for number in range(count):
        (folder / "docs" / f"doc-{number:04}").write_text(f"{number}|{rows}")


def run_here(folder: Path, server: ReplayServer, **more: Any) -> ExitCode:
    """Run it in this process, which takes less time to start."""
    options = ExtractOptions(
        **{
            "documents": [f"{folder}/docs/*"],
            "journal": str(folder / "run.db"),
            "sink": str(folder / "rows.jsonl"),
            "model": "any",
            "model_class": "etl_runs:Row",
            "prompt": PROMPT,
            "endpoint": "test",
            "base_url": server.base_url,
            **more,
        }
    )
    return run(lambda: run_extract(options))


def delivered(folder: Path) -> list[tuple[str, int, str, int]]:
    rows = lines(folder / "rows.jsonl")
    return rows_in([{**row, "document": row["document"].rpartition("/")[2]} for row in rows])


def wait_for(folder: Path, ready: Callable[[JournalStatus], bool]) -> None:
    """Wait until the journal says that a run has come so far."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        try:
            if ready(journal_status(folder / "run.db")):
                return
        except JournalError:  # it is not there yet
            pass
        time.sleep(0.02)
    pytest.fail("the run has not come so far")


def read_until(stream: Any, text: bytes) -> bytes:
    found = b""
    while text not in found:
        readable, _, _ = select.select([stream], [], [], WAIT)
        assert readable, f"only {found!r}"
        data = os.read(stream.fileno(), 65536)
        assert data, f"the output ended after {found!r}"
        found += data
    return found


def without_controls(data: bytes) -> str:
    text = data.decode()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), text
    return text


# -- Ctrl-C --------------------------------------------------------------------------------


def test_ctrl_c_finishes_the_open_documents(tmp_path: Path) -> None:
    write_documents(tmp_path, 16, rows=12)
    model = Model(tokens_per_second=30)
    with ReplayServer(model) as server:
        with start(tmp_path, server, "--concurrency", "2") as process:
            wait_for(tmp_path, lambda now: now.totals.delivered >= 1 and now.totals.open >= 1)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=WAIT)
        assert process.returncode == 130
        asked = len(server.requests)
        assert 2 <= asked < 16
        status = journal_status(tmp_path / "run.db")
        assert (status.totals.open, status.totals.delivered) == (0, asked)
        assert delivered(tmp_path) == sorted(expected(asked, rows=12))
        assert re.search(rf"^completed +{asked}$", without_controls(out), re.MULTILINE)
        message = "partialstream: finishing the open documents; press Ctrl-C again to stop at once"
        assert without_controls(err).splitlines().count(message) == 1
        assert "Traceback" not in err.decode()
        model.tokens_per_second = None
        assert run_here(tmp_path, server, quiet=True) == 0
        assert len(server.requests) == 16
    assert delivered(tmp_path) == sorted(expected(16, rows=12))


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_documents(tmp_path, 8, rows=200)
    model = Model(tokens_per_second=20)
    with ReplayServer(model) as server:
        with start(tmp_path, server, "--concurrency", "3", "--quiet") as process:
            wait_for(tmp_path, lambda now: now.totals.open == 3)
            wait_for(tmp_path, lambda now: rows_stored(tmp_path) >= 9)
            # Meanwhile another one is refused, and may look.
            assert run_here(tmp_path, server) == ExitCode.JOURNAL
            assert "another run uses the journal" in capfd.readouterr().err
            assert run_here(tmp_path, server, status=True) == ExitCode.COMPLETE
            assert "run.db (in use)\n" in capfd.readouterr().out
            process.send_signal(signal.SIGINT)
            read_until(process.stderr, b"press Ctrl-C again")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=WAIT)
        assert process.returncode == 130
        assert "Traceback" not in err.decode()
        # Not one document was read to its end, and nothing was delivered.
        status = journal_status(tmp_path / "run.db")
        assert (status.totals.open, status.totals.delivered, status.in_use) == (3, 0, False)
        assert lines(tmp_path / "rows.jsonl") == []
        assert re.search(r"^completed +0$", without_controls(out), re.MULTILINE)
        assert re.search(r"^open +3$", without_controls(out), re.MULTILINE)
        model.tokens_per_second = None
        assert run_here(tmp_path, server, quiet=True) == 0
        assert re.search(r"^resumed +3$", capfd.readouterr().out, re.MULTILINE)
        assert len(server.requests) == 8 + 3
    assert delivered(tmp_path) == sorted(expected(8, rows=200))


def rows_stored(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "run.db")) as db:
        (count,) = db.execute("SELECT count(*) FROM rows").fetchone()
        return int(count)


# -- terminals and pipes -------------------------------------------------------------------


class Screen:
    """What a terminal shows, as far as the command uses it."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = self._column = 0
        self._rest = ""

    def feed(self, data: bytes) -> None:
        text = self._rest + data.decode("utf-8", "ignore")
        pattern = r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)"
        end = 0
        for found in re.finditer(pattern, text):
            assert found.start() == end, text[end : found.start()]
            end = found.end()
            numbers, command, move, shown = found.groups()
            if command == "A":
                self._row = max(0, self._row - int(numbers or 1))
            elif command == "K":
                assert numbers == "2"
                self.lines[self._row] = ""
            elif command is not None:
                assert command in "mhl"  # colours, and whether there is a cursor
            elif move == "\r":
                self._column = 0
            elif move == "\n":
                self._row, self._column = self._row + 1, 0
                if self._row == len(self.lines):
                    self.lines.append("")
            else:
                line = self.lines[self._row].ljust(self._column)
                rest = line[self._column + len(shown) :]
                self.lines[self._row] = line[: self._column] + shown + rest
                self._column += len(shown)
        self._rest = text[end:]

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)


class Terminal:
    """A pseudo terminal, and what its screen showed, frame by frame."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        self.shown = b""
        self.screen = Screen()
        self.frames = [""]

    def read(self) -> None:
        """Read until its other side is closed."""
        while True:
            try:
                data = os.read(self.ours, 65536)
            except OSError:  # as Linux says it
                break
            if not data:
                break
            self.shown += data
            self.screen.feed(data)
            self.frames.append(str(self.screen))
        os.close(self.ours)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Terminal]:
    """Runs the command in this process, in a terminal."""

    def run_it(
        folder: Path, server: ReplayServer, *, code: int = 0, columns: int = 80, **more: Any
    ) -> Terminal:
        terminal = Terminal()
        reader = threading.Thread(target=terminal.read)
        reader.start()
        monkeypatch.setenv("COLUMNS", str(columns))
        with open(terminal.theirs, "w", encoding="utf-8") as stream:
            monkeypatch.setattr("sys.stdout", stream)
            monkeypatch.setattr("sys.stderr", stream)
            try:
                assert run_here(folder, server, **more) == code
            finally:
                monkeypatch.undo()
        reader.join()
        return terminal

    for name in ("NO_COLOR", "TTY_COMPATIBLE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return run_it


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_shows_the_progress_and_then_the_summary(
    tmp_path: Path, terminal: Callable[..., Terminal], columns: int
) -> None:
    write_documents(tmp_path, 12, rows=12)
    with ReplayServer(Model(tokens_per_second=40)) as server:
        limits: dict[str, Any] = {"concurrency": 4, "requests_per_minute": 600}
        seen = terminal(tmp_path, server, columns=columns, **limits)
    shown = "\n=====\n".join(seen.frames)
    assert re.search(r"^[━╸╺]+  [1-9]\d? of 12 documents$", shown, re.MULTILINE)
    assert re.search(r"^\d+ rows, [\d.]+/s · [1-4] open · \d+ tokens in, \d+ out", shown, re.M)
    assert re.search(r"rate limit: (\d+ waiting, )?waited \d+\.\d s", shown)
    assert re.search(r" s, about [\d.]+ s left$", shown, re.MULTILINE)
    assert all(len(line) <= columns for frame in seen.frames for line in frame.splitlines())
    # The last frame stays, and the summary is below it.
    last = [line for line in seen.frames[-1].splitlines() if line]
    assert re.fullmatch(r"━+  12 of 12 documents", last[0])
    assert last[1].startswith("144 rows, ")
    assert "left" not in seen.frames[-1]
    [first] = [place for place, line in enumerate(last) if line.startswith("documents ")]
    assert re.fullmatch(r"documents +12", last[first])
    assert re.fullmatch(r"completed +12", last[first + 1])
    assert seen.shown.count(b"\x1b[?25l") == seen.shown.count(b"\x1b[?25h") == 1  # the cursor


def test_a_failed_document_is_written_above_the_progress(
    tmp_path: Path, terminal: Callable[..., Terminal]
) -> None:
    write_documents(tmp_path, 4, rows=12)
    (tmp_path / "docs" / "doc-0001").write_bytes(b"\xff\x1b[31m")
    with ReplayServer(Model(tokens_per_second=40)) as server:
        seen = terminal(tmp_path, server, code=1)
    last = [line for line in seen.frames[-1].splitlines() if line]
    assert last[0].startswith("partialstream: document")
    [bar] = [line for line in last if "━" in line]
    assert bar.endswith("  4 of 4 documents")
    assert "1 failed" in seen.frames[-1]
    assert b"\x1b[31m" not in seen.shown


def test_a_dumb_terminal_gets_lines(
    tmp_path: Path, terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_documents(tmp_path, 2, rows=2)
    monkeypatch.setenv("TERM", "dumb")
    with ReplayServer(Model()) as server:
        seen = terminal(tmp_path, server)
    text = without_controls(seen.shown.replace(b"\r\n", b"\n"))
    assert text.startswith("partialstream: 2 of 2 documents; 4 rows, ")
    assert re.search(r"^completed +2$", text, re.MULTILINE)


def test_no_color(
    tmp_path: Path, terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_documents(tmp_path, 2, rows=2)
    monkeypatch.setenv("NO_COLOR", "1")
    with ReplayServer(Model()) as server:
        seen = terminal(tmp_path, server)
    assert not re.search(rb"\x1b\[[0-9;]*3[0-9]", seen.shown)
    assert re.search(r"━+  2 of 2 documents", seen.frames[-1])


def test_quiet_in_a_terminal(tmp_path: Path, terminal: Callable[..., Terminal]) -> None:
    write_documents(tmp_path, 2, rows=2)
    with ReplayServer(Model()) as server:
        seen = terminal(tmp_path, server, quiet=True)
    assert seen.frames[-1].lstrip("\n").startswith("documents ")


def test_ctrl_c_in_a_terminal(tmp_path: Path) -> None:
    write_documents(tmp_path, 12, rows=12)
    seen = Terminal()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    streams: dict[str, Any] = {"stdout": seen.theirs, "stderr": seen.theirs, "env": environment}
    with (
        ReplayServer(Model(tokens_per_second=40)) as server,
        start(tmp_path, server, "--concurrency", "2", **streams) as process,
    ):
        os.close(seen.theirs)
        reader = threading.Thread(target=seen.read)
        reader.start()
        wait_for(tmp_path, lambda now: now.totals.delivered >= 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT) == 130
        reader.join()
    assert "press Ctrl-C again to stop at once" in seen.frames[-1]
    assert re.search(r"^documents ", seen.frames[-1], re.MULTILINE)
    assert seen.shown.count(b"\x1b[?25l") == seen.shown.count(b"\x1b[?25h") == 1


def test_a_pipe_gets_lines_without_control_characters(tmp_path: Path) -> None:
    write_documents(tmp_path, 6, rows=12)
    (tmp_path / "docs" / "doc-0001").write_bytes(b"\xff")
    environment = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    with ReplayServer(Model(tokens_per_second=40)) as server:
        with start(tmp_path, server, env=environment) as process:
            out, err = process.communicate(timeout=WAIT)
    assert process.returncode == 1
    assert re.match(r"documents +6\ncompleted +5\nfailed +1\nrows +60\n", without_controls(out))
    failed, *progress, end = without_controls(err).splitlines()
    assert "doc-0001' failed: cannot be read" in failed
    assert progress[-1].startswith("partialstream: 6 of 6 documents; 60 rows, ")
    assert end.startswith("partialstream: 1 document failed; the reasons are in ")


# -- full disks ----------------------------------------------------------------------------


def test_a_full_disk_ends_the_run_which_goes_on_later(tmp_path: Path) -> None:
    write_documents(tmp_path, 30, rows=20)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))

    with ReplayServer(Model()) as server:
        with start(tmp_path, server, preexec_fn=limit) as process:
            _, err = process.communicate(timeout=WAIT)
        assert process.returncode == 8
        errors = [line for line in without_controls(err).splitlines() if "documents" not in line]
        assert len(errors) == 1
        assert re.search("cannot be (used|written)", errors[0])
        assert run_here(tmp_path, server, quiet=True) == 0
    assert delivered(tmp_path) == sorted(expected(30, rows=20))
