"""Fixtures for retries."""

from __future__ import annotations

import pytest
from retry_runs import CALLER_IDS, EVERY_CALLER, MODES, Caller

from partialstream.client import budget


@pytest.fixture(params=EVERY_CALLER, ids=CALLER_IDS)
def caller(request: pytest.FixtureRequest) -> Caller:
    """One of the two clients, through one of the two APIs."""
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
