"""Runs the type checkers over this folder, where `assert_type` says what they are to find."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

CHECKERS = {
    "mypy": [sys.executable, "-m", "mypy"],
    # Left alone, pyright looks for packages where the `python` of the search path has them.
    "pyright": [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
}


def check(command: list[str]) -> None:
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.extra("dev", "mypy")
def test_mypy() -> None:
    check([*CHECKERS["mypy"], str(HERE)])


@pytest.mark.extra("dev", "pyright")
def test_pyright() -> None:
    if shutil.which("node") is None:
        started = subprocess.run(
            [sys.executable, "-m", "pyright", "--version"],
            capture_output=True,
            text=True,
            check=False,
        )
        if started.returncode:
            pytest.skip(f"pyright does not start: {started.stderr[-200:]}")
    check([*CHECKERS["pyright"], str(HERE)])


@pytest.mark.parametrize(
    "checker", [pytest.param(each, marks=pytest.mark.extra("dev", each)) for each in CHECKERS]
)
def test_a_wrong_type_is_found(checker: str, tmp_path: Path) -> None:
    # Else the tests above would also pass where nothing is inferred at all.
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from partialstream import ItemParser\n"
        "from typing_extensions import assert_type\n"
        "assert_type(ItemParser(int).feed(''), list[str])\n"
    )
    run = subprocess.run(
        [*CHECKERS[checker], str(wrong)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "list[int]" in run.stdout
