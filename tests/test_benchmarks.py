"""The benchmarks' command runs and writes its files; what it measures is not judged here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("ijson", reason="the benchmarks compare with ijson")

REPOSITORY = Path(__file__).resolve().parents[1]
if not (REPOSITORY / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of an installation", allow_module_level=True)


def test_a_quick_run_of_one_subject_writes_json_markdown_and_a_chart(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "tiny", "--out"]
    done = subprocess.run(
        [*command, str(tmp_path / "out")],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"results.json", "results.md", "tiny.svg"}
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["machine"]["python"].endswith(sys.version.split()[0])
    assert all(row["value"] > 0 and row["wall"] > 0 and row["peak"] > 0 for row in results["rows"])
    assert {row["what"] for row in results["rows"]} == {"partialstream", "floor"}
    assert "| tiny | partialstream |" in (tmp_path / "out" / "results.md").read_text()
    assert ElementTree.parse(tmp_path / "out" / "tiny.svg").getroot().tag.endswith("svg")
