"""Serves an example to a browser, finds one, and sees what it shows."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from example_runs import EXAMPLES

from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserType, Page

    from partialstream.testing import Answer, ReplayRequest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


# Notes the names of the cards that a page shows whenever they change, and when; and each name that
# is put there, so that one that comes twice is seen.
_WATCH = """
window.shown = [];
window.added = [];
addEventListener("DOMContentLoaded", () => {
  const known = new WeakSet();
  new MutationObserver(() => {
    const names = [...document.querySelectorAll(".name")];
    const texts = names.map((name) => name.textContent);
    const before = window.shown.at(-1)?.names ?? [];
    if (before.join() !== texts.join()) {
      window.shown.push({ at: performance.now() / 1000, names: texts });
    }
    for (const name of names) {
      if (!known.has(name)) window.added.push(name.textContent);
      known.add(name);
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
});
"""


@contextmanager
def served(
    name: str,
    upstream: ReplayServer,
    *,
    warnings: str = "error",
    options: tuple[str, ...] = ("--serve",),
    is_quiet: bool = True,
) -> Iterator[str]:
    """Run an example against a replay server; gives the page's address.

    Args:
        name: Of the example.
        upstream: The model that it asks.
        warnings: What Python does with them.
        options: What makes the example serve.
        is_quiet: Whether it may write nothing to its log.
    """
    live = ("--live", "--base-url", upstream.base_url, "--model", "mini")
    with subprocess.Popen(
        [sys.executable, "-W", warnings, str(EXAMPLES / f"{name}.py"), *options, *live],
        env={**os.environ, "PYTHONUTF8": "1", "OPENAI_API_KEY": "test"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as program:
        assert program.stdout is not None
        try:
            address = program.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), program.communicate(timeout=200)
            yield address
            program.send_signal(signal.SIGINT)  # Ctrl-C
            _, errors = program.communicate(timeout=200)
            assert program.returncode == 0, errors
            if is_quiet:
                assert errors == ""
        finally:
            program.kill()


class Site:
    """An example that is served to all tests of a file, and the model that it asks.

    Attributes:
        address: Of its page.
    """

    def __init__(self) -> None:
        self.address = ""
        self._upstream = ReplayServer(self._answer)
        self._answers: deque[Answer | str] = deque()
        self._first = 0

    @property
    def requests(self) -> list[ReplayRequest]:
        """Those that the model was sent since the answers were set."""
        return self._upstream.requests[self._first :]

    def will_answer(self, *answers: Answer | str) -> None:
        """Set what the model answers next; the answers before have been used."""
        assert not self._answers
        self._first = len(self._upstream.requests)
        self._answers.extend(answers)

    @contextmanager
    def serve(self, name: str, **options: Any) -> Iterator[Site]:
        """Run the example."""
        with self._upstream, served(name, self._upstream, **options) as self.address:
            yield self
            assert not self._answers

    def _answer(self, _: ReplayRequest) -> Answer | str:
        return self._answers.popleft()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless Chromium, the one of the system; skips the test where there is none."""
    from playwright.sync_api import sync_playwright

    if _chromium() is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as started, _launched(started.chromium) as browser:
        yield browser


@contextmanager
def keeping_pages(browser: Browser) -> Iterator[Browser]:
    """Another one, that keeps pages that were left for whoever goes back to them.

    As browsers do for people; Playwright turns it off.
    """
    turned_off = "--disable-back-forward-cache"
    with _launched(browser.browser_type, ignore_default_args=[turned_off]) as other:
        yield other


@contextmanager
def _launched(kind: BrowserType, **options: Any) -> Iterator[Browser]:
    # Without a sandbox, which root cannot have; what it is shown comes from this machine.
    browser = kind.launch(executable_path=_chromium(), args=["--no-sandbox"], **options)
    try:
        yield browser
    finally:
        browser.close()


def _chromium() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def chromium_page() -> Iterator[Page]:
    """A page in headless Chromium."""
    with chromium() as browser:
        yield new_page(browser)


def new_page(browser: Browser) -> Page:
    """A page that shares nothing with others, and notes what it shows: see `shown`."""
    page = browser.new_page(viewport={"width": 760, "height": 720})
    page.add_init_script(_WATCH)
    return page


def shown(page: Page) -> tuple[list[float], list[list[str]]]:
    """When the cards have changed, in seconds, and their names then."""
    states: list[dict[str, Any]] = page.evaluate("window.shown")
    return [state["at"] for state in states], [state["names"] for state in states]


def added(page: Page) -> list[str]:
    """The name of each card that was put into the page since it was loaded."""
    names: list[str] = page.evaluate("window.added")
    return names


def hung_up_after(page: Page, request: ReplayRequest) -> float:
    """Close a page, and wait until the model is hung up on; gives the seconds that took."""
    assert not request.hung_up
    left_at = time.perf_counter()
    page.close()
    assert request.wait_hung_up(timeout=30)
    hung_up_at = request.hung_up_at
    assert hung_up_at is not None
    print(f"hung up {hung_up_at - left_at:.3f} s after the tab was closed")
    return hung_up_at - left_at


def assert_hung_up_by_closing(page: Page, request: ReplayRequest) -> None:
    """Close a page: for that, and not at some other occasion, the model is hung up on."""
    assert 0 <= hung_up_after(page, request) < 20


def assert_hung_up_by_leaving(page: Page, elsewhere: str, request: ReplayRequest) -> None:
    """Go to another page of a browser that keeps this one: the model is hung up on."""
    page.evaluate("window.isTheSame = true")
    assert not request.hung_up
    page.goto(elsewhere)
    assert request.wait_hung_up(timeout=30)
    page.evaluate("history.back()")
    page.wait_for_function("window.isTheSame")  # so it was kept
