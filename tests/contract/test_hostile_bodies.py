"""No body makes its reader hold more than its limits say, or takes more than linear time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_bodies import NAMES, units_of

PROGRAM = Path(__file__).with_name("hostile_bodies.py")

MOST = 100  # megabytes above the start

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak is told by Linux only"
)


@pytest.mark.parametrize("name", NAMES)
def test_memory_is_bounded_and_time_is_linear(name: str) -> None:
    # A process of its own: what other tests have allocated and freed would be used again.
    run = subprocess.run(
        [sys.executable, str(PROGRAM), name],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    figures = json.loads(run.stdout)
    assert set(figures) == {"items", "objects"}
    for reader, found in figures.items():
        assert found["peak"] < MOST, reader
        assert found["growth"] is None or found["growth"] < 9, reader
    _, _, limit = units_of(name)
    if limit is not None:
        assert figures["items"]["error"] == limit
