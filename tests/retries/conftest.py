"""Fixtures for retries."""

from __future__ import annotations

import pytest
from retry_runs import CALLERS, MODES, Caller

from partialstream.client import budget


@pytest.fixture(params=CALLERS, ids=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Caller:
    """One of the two clients."""
    found: Caller = request.param
    return found


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """How the provider is made to answer in JSON."""
    found: str = request.param
    return found


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that has failed is asked again at once."""
    monkeypatch.setattr(budget, "FIRST_WAIT", 0.0)
