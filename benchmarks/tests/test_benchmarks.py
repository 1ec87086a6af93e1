"""The benchmarks' command runs and writes its files; what it measures is not judged here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from benchmarks import etl, latency, memory, sizes
from benchmarks.measure import Task, Workers
from benchmarks.report import Findings, Row, write
from benchmarks.server import served
from benchmarks.targets import TARGETS
from partialstream import stream_items
from partialstream.cli.chart import Chart, svg

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "benchmarks", "--quick"]
STRICT = {**os.environ, "PYTHONWARNINGS": "error"}


def test_a_quick_run_of_one_subject_writes_json_markdown_and_a_chart(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--only", "tiny", "--out", str(tmp_path / "out")],
        cwd=REPOSITORY,
        env=STRICT,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert "tiny …" in done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"results.json", "results.md", "tiny.svg"}
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["machine"]["python"].endswith(sys.version.split()[0])
    assert all(row["value"] > 0 and row["wall"] > 0 and row["peak"] > 0 for row in results["rows"])
    assert {row["what"] for row in results["rows"]} == {"partialstream", "floor"}
    assert "| tiny | partialstream |" in (tmp_path / "out" / "results.md").read_text()
    assert ElementTree.parse(tmp_path / "out" / "tiny.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("subject", ["items", "correctness"])
def test_an_interrupted_run_ends_without_a_traceback_and_with_its_processes(
    subject: str, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--only", subject, "--out", str(tmp_path / "out")],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith(f"{subject} …")
    process.send_signal(signal.SIGINT)
    # Its processes have its stdout or stderr: reading to the end waits for all of them.
    _, told = process.communicate(timeout=200)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert told.endswith("interrupted; nothing is written\n")
    assert not (tmp_path / "out").exists()


def test_memory_that_is_held_shows_however_large_the_process_that_asks() -> None:
    held = bytearray(os.urandom(1000) * 200_000)
    assert len(held) == 200_000_000
    growth, peak = memory.read(memory.HOLDS_ALL, 5, 4096)
    assert 5 - memory.WARM_UP < growth < peak < 190
    # Whether the warm-up leaves room in the last of Python's arenas, of 1 MB, is chance.
    assert memory.read(memory.OURS, 20, 4096).growth < 4


def test_a_library_that_is_not_installed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ijson.py").write_text("raise ModuleNotFoundError('No ijson', name='ijson')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(REPOSITORY)]))
    with Workers() as workers:
        tasks = {name: Task(name, "items_stream", ("flat", 2)) for name in ("floor_", "ijson_")}
        assert workers.race(tasks, 2).keys() == {"floor_"}
    with pytest.raises(ModuleNotFoundError):
        memory.read("ijson_", 1, 4096)


def test_what_cannot_be_judged_is_not_met(tmp_path: Path) -> None:
    row = Row("items", "beside a library that is not there", None, target="stream_items / ijson")
    assert row.missed
    write(tmp_path, Findings(quick=True, rows=[row]))
    assert "| not installed |" in (tmp_path / "results.md").read_text()


def held_back(type_: Any, deltas: Iterator[str]) -> Iterator[Any]:
    """Gives each item when the next one is there."""
    before: list[Any] = []
    for item in stream_items(type_, deltas):
        yield from before
        before = [item]
    yield from before


@pytest.mark.parametrize("delta", [1, 4, 16, 256])
def test_items_that_come_late_are_seen(delta: int) -> None:
    assert latency.late(delta) == 0 == TARGETS["late"]
    assert latency.late(delta, held_back) > 0


def test_who_reads_everything_again_is_stopped_before_it_takes_too_long() -> None:
    expected = sizes._expected
    assert expected([], 1_000, 2) == 0
    assert expected([(100, 1.0)], 1_000, 2) == pytest.approx(100)
    assert expected([(100, 1.0)], 1_000, 1) == pytest.approx(10)
    assert expected([(10, 0.1), (100, 1.0)], 1_000, 2) == pytest.approx(10)
    assert expected([(10, 0.01), (100, 1.0)], 1_000, 2) == pytest.approx(100)


def test_nothing_in_a_chart_is_cut_off() -> None:
    note = "a long note, " * 20
    name = "a line with a name that is very long indeed, much longer than those there are"
    chart = Chart("c", "t", "x", "y", {name: [(1, 1), (1000, 30)]}, [note, "another one"])
    root = ElementTree.fromstring(svg(chart))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    texts = [each for each in root.iter() if each.tag.endswith("text")]
    assert {name, note, "another one"} <= {each.text for each in texts}
    for text in texts:
        start = float(text.attrib["x"])
        if "text-anchor" not in text.attrib:
            assert start + 6.5 * len(text.text or "") < width
        assert float(text.attrib["y"]) < height - 4


def test_a_job_whose_responses_are_made_in_the_process_finds_its_documents_done(
    tmp_path: Path,
) -> None:
    first = etl._job("fake", tmp_path, 300, 100)
    again = etl._job("fake", tmp_path, 300, 100)
    assert first["documents"] == again["documents"] == 200
    assert again["cpu"] < first["cpu"]
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 300


def test_jobs_over_http_do_the_same_as_the_loops_by_hand() -> None:
    with served(2) as base_url, Workers() as workers:
        tasks = {
            name: Task(task.library, task.task, (base_url, 5))
            for name, task in etl.CONTENDERS.items()
        }
        assert {each.count for each in workers.race(tasks, 1).values()} == {5}
