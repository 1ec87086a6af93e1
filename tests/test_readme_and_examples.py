from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

from partialstream.testing import ReplayServer

ROOT = Path(__file__).resolve().parents[1]


def test_the_sessions_in_the_readme_are_real() -> None:
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert results.attempted >= 15
    assert results.failed == 0


def test_ci_runs_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (install, test) = 'pip install -e ".[test]"', "pytest"
    assert f"{install} && {test}" in readme
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert test in lines
    assert any(line.replace(" --quiet", "") == install for line in lines)


def test_the_first_stream_prints_each_product_with_its_time() -> None:
    script = ROOT / "examples" / "first_stream.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True
    )
    lines = [re.fullmatch(r" *([\d.]+) s  (.+)", line) for line in done.stdout.splitlines()]
    told = [match for match in lines if match is not None]
    assert [match[2] for match in told] == ["Lamp, 39.50", "Rug, 80.00", "Shelf, 64.00", "complete"]
    times = [float(match[1]) for match in told]
    assert times[0] < times[1] < times[2] <= times[3]


SURVIVED = """\
request 1
  item 0   Lamp, 39
  item 1   invalid: {"name": "Rug", "price": -80}
  failed   the connection ended before the answer did
request 2, to resume
           2 items need not come again
  item 2   Shelf, 64
  failed   the answer ends before the document does (finish reason 'length')
request 3, to resume
           3 items need not come again
  item 3   Vase, 18
  failed   the provider sent an error
request 4, to resume
           4 items need not come again
  item 4   Plant, 22
  failed   item 1 does not validate
request 5, to repair
  item 1   Rug, 80
"""


def test_one_stream_survives_anything() -> None:
    script = ROOT / "examples" / "survive_anything.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True
    )
    *lines, last = done.stdout.splitlines()
    told = [re.fullmatch(r" *([\d.]+) s  (.+)", line) for line in lines]
    assert "".join(f"{match[2]}\n" for match in told if match is not None) == SURVIVED
    times = [float(match[1]) for match in told if match is not None]
    assert times == sorted(times)
    assert last == "5 items, each once, from 5 requests"


def test_it_can_ask_a_real_endpoint() -> None:
    script = ROOT / "examples" / "survive_anything.py"
    with ReplayServer('{"items": [{"name": "Lamp", "price": 39}]}') as server:
        done = subprocess.run(
            [sys.executable, script, "--live", "--base-url", server.base_url, "--model", "mini"],
            env={**os.environ, "OPENAI_API_KEY": "test"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert done.stdout.endswith("1 items, each once, from 1 requests\n")
    assert server.requests[0].body["model"] == "mini"
