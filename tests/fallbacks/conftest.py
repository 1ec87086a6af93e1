"""Fixtures for fallbacks."""

from __future__ import annotations

import pytest
from endpoints import FIVE, Kind, call, listed

from partialstream.client import budget
from partialstream.testing import ReplayServer


@pytest.fixture(autouse=True, scope="module")
def warm() -> None:
    """The first request of a process loads modules, which may take longer than a race."""
    kinds: list[Kind] = ["chat", "responses", "instructor"]
    for kind in kinds:
        with ReplayServer(listed(kind, *FIVE)) as server:
            for asynchronous in (False, True):
                call([(kind, server)], asynchronous=asynchronous)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def asynchronous(request: pytest.FixtureRequest) -> bool:
    """Which of the two clients is called."""
    found: bool = request.param
    return found


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that has failed is asked again at once."""
    monkeypatch.setattr(budget, "FIRST_WAIT", 0.0)
