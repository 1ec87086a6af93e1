from __future__ import annotations

import doctest
from pathlib import Path

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
