"""The real clients, on Node: `npm install` in `tests/web/node`, else their tests skip."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NODE = Path(__file__).with_name("node")
MODULE = Path(__file__).parents[2] / "partialstream" / "web" / "static" / "partialstream.mjs"

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="no Node here")
needs_clients = pytest.mark.skipif(
    shutil.which("node") is None or not (NODE / "node_modules" / "ai").exists(),
    reason="no Node, or no `npm install` in tests/web/node",
)


def read_by(client: str, url: str) -> dict[str, Any]:
    """What a client makes of a response."""
    return run("clients.mjs", client, url, str(MODULE))


def run(script: str, *arguments: str) -> dict[str, Any]:
    """Run a script; gives what it has printed last."""
    done = subprocess.run(
        ["node", str(NODE / script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
