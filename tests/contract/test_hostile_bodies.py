"""No body makes its reader hold more than its limits say, or takes more than linear time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostile_bodies import GROWTH, NAMES, units_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).with_name("hostile_bodies.py")

MOST = 100  # megabytes above the start

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak is told by Linux only"
)


@pytest.fixture(scope="module")
def program() -> Iterator[subprocess.Popen[str]]:
    """Reads each body in a process of its own: what others have freed would be used again."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        yield program
        assert program.communicate()[0] == ""
    assert program.returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_memory_is_bounded_and_time_is_linear(name: str, program: subprocess.Popen[str]) -> None:
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(f"{name}\n")
    program.stdin.flush()
    figures = json.loads(program.stdout.readline())
    assert set(figures) == {"items", "objects"}
    for reader, found in figures.items():
        assert found["peak"] < MOST, reader
        assert found["growth"] is None or found["growth"] < GROWTH, reader
    _, _, limit = units_of(name)
    if limit is not None:
        assert figures["items"]["error"] == limit
