from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from itertools import pairwise

import pytest
from example_runs import EXAMPLES, run_example, run_live

from partialstream.testing import ReplayServer

TITLE = "Build server out of disk space"
FINAL = f"""\
✓ title: {TITLE}
✓ summary: On Monday the logs of failed jobs had filled the disk.
✓ findings:
✓   0:
✓     place: log rotation
✓     severity: high
✓     text: Nothing deletes the logs of failed jobs.
✓   1:
✓     place: dashboard
✓     severity: low
✓     text: It shows the free space, but nobody looks.
✓ minutes_lost: 140
"""


@pytest.fixture(scope="module")
def frames() -> list[str]:
    shown = run_example("growing_report")
    assert shown.endswith("\n\n")
    return [f"{frame}\n" for frame in shown.removesuffix("\n\n").split("\n\n")]


def values(frames: list[str], name: str) -> list[tuple[str, str]]:
    """The mark and the text of a member in each frame that has it."""
    found = [re.search(rf"^(\S) +{name}:(?: (.+))?$", frame, re.MULTILINE) for frame in frames]
    return [(match[1], match[2] or "") for match in found if match]


def test_the_report_ends_whole(frames: list[str]) -> None:
    assert frames[-1] == FINAL
    assert set(re.findall(r"^\S", frames[0], re.MULTILINE)) == {"-"}
    assert "…" not in frames[0]


def test_marks_go_from_missing_over_partial_to_complete(frames: list[str]) -> None:
    for name in ("title", "summary", "findings", "0", "1", "text", "minutes_lost"):
        marks = "".join(mark for mark, _ in values(frames, name))
        assert re.fullmatch("-*…*✓+", marks), name


def test_a_summary_grows_and_an_atomic_title_does_not(frames: list[str]) -> None:
    assert {text for _, text in values(frames, "title")} == {"", TITLE}
    assert "…" not in {mark for mark, _ in values(frames, "title")}
    summaries = [text for _, text in values(frames, "summary")]
    assert all(longer.startswith(text) for text, longer in pairwise(summaries))
    assert "…" in {mark for mark, _ in values(frames, "summary")}


def test_a_finding_is_hidden_until_its_gate_is_there_and_then_grows(frames: list[str]) -> None:
    for frame in frames:
        for match in re.finditer(r"^(.)   \d:\n(.) +place: .+\n(.) +severity: .+$", frame, re.M):
            assert match[2] == match[3] == "✓"
        assert len(re.findall("place:", frame)) == len(re.findall("severity: (?:high|low)", frame))
    hidden = [frame for frame in frames if "… findings:\n- minutes_lost" in frame]
    assert hidden
    growing = [frame for frame in frames if "severity: high\n…     text:" in frame]
    assert growing


def test_it_can_ask_a_real_endpoint() -> None:
    answer = '{"title": "T", "summary": "S", "findings": [], "minutes_lost": 3}'
    with ReplayServer(answer) as server:
        shown = run_live("growing_report", server.base_url)
    assert shown.endswith("✓ title: T\n✓ summary: S\n✓ findings:\n✓ minutes_lost: 3\n\n")
    assert server.requests[0].body["model"] == "mini"


def test_a_terminal_is_drawn_anew_at_each_change() -> None:
    pty = pytest.importorskip("pty", reason="there are pseudo-terminals on POSIX only")
    terminal, program_side = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "growing_report.py")],
        env={**os.environ, "TERM": "xterm", "PYTHONUTF8": "1", "COLUMNS": "100", "LINES": "40"},
        stdin=program_side,
        stdout=program_side,
        stderr=program_side,
    )
    os.close(program_side)
    shown = b""
    with suppress(OSError):  # how Linux says that the program has ended
        while piece := os.read(terminal, 4096):
            shown += piece
    os.close(terminal)
    assert program.wait(timeout=200) == 0
    text = shown.decode().replace("\r\n", "\n")
    assert text.count(TITLE) > 30  # a frame for each change, and not for each mark
    assert "\x1b[2K" in text  # lines are drawn over
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text)
    assert FINAL in plain
