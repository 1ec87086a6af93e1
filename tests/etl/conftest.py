"""What tests of runs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from etl_runs import DRIVERS, Driver

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=DRIVERS, ids=lambda driver: driver.name)
def driver(request: pytest.FixtureRequest) -> Driver:
    """Runs a job: through the sync client, the async one, and that in a loop of the caller's."""
    given: Driver = request.param
    return given


@pytest.fixture(scope="session", autouse=True)
def _stop_postgresql() -> Iterator[None]:
    yield
    try:
        from etl_sinks import cluster
    except ModuleNotFoundError:  # pwd: there is none on Windows
        return
    cluster.stop()
