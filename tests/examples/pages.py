"""Serves an example to a browser, and finds one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from example_runs import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from partialstream.testing import ReplayServer

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def served(name: str, upstream: ReplayServer, *, warnings: str = "error") -> Iterator[str]:
    """Run `python examples/NAME.py --serve` against a replay server; gives the page's address."""
    arguments = ("--serve", "--live", "--base-url", upstream.base_url, "--model", "mini")
    with subprocess.Popen(
        [sys.executable, "-W", warnings, str(EXAMPLES / f"{name}.py"), *arguments],
        env={**os.environ, "PYTHONUTF8": "1", "OPENAI_API_KEY": "test"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as program:
        assert program.stdout is not None
        try:
            address = program.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), program.communicate(timeout=60)
            yield address
            program.send_signal(signal.SIGINT)  # Ctrl-C
            _, errors = program.communicate(timeout=60)
            assert (program.returncode, errors) == (0, "")
        finally:
            program.kill()


@contextmanager
def chromium_page() -> Iterator[Page]:
    """A page in headless Chromium, the one of the system; skips the test where there is none."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as started:
        # Without a sandbox, which root cannot have; what it is shown comes from this machine.
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser.new_page(viewport={"width": 760, "height": 720})
        finally:
            browser.close()
