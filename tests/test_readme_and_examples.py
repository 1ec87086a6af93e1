from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_sessions_in_the_readme_are_real() -> None:
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert results.attempted >= 5
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
