"""The real clients, on Node: `npm install` in `tests/web/node`, else their tests skip."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
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


class Clients:
    """All clients in one process, which is started when it is needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def read(self, client: str, url: str) -> dict[str, Any]:
        """What a client makes of a response."""
        process = self._process
        if process is None:
            process = self._process = subprocess.Popen(
                ["node", str(NODE / "clients.mjs"), str(MODULE)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([client, url]) + "\n")
        process.stdin.flush()
        overdue = threading.Timer(60, process.kill)
        overdue.start()
        try:
            line = process.stdout.readline()
        finally:
            overdue.cancel()
        if not line.endswith("\n"):
            self.close()
            raise AssertionError(f"{client} has ended without a result: see its errors above")
        result: dict[str, Any] = json.loads(line)
        return result

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with process:  # closes its input, and waits
                pass


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
