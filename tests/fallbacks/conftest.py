"""Fixtures for fallbacks."""

from __future__ import annotations

import pytest

from partialstream.client import budget


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def asynchronous(request: pytest.FixtureRequest) -> bool:
    """Which of the two clients is called."""
    found: bool = request.param
    return found


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that has failed is asked again at once."""
    monkeypatch.setattr(budget, "FIRST_WAIT", 0.0)
