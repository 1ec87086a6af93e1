"""What tests of runs share."""

from __future__ import annotations

import pytest
from etl_runs import DRIVERS, Driver


@pytest.fixture(params=DRIVERS, ids=lambda driver: driver.name)
def driver(request: pytest.FixtureRequest) -> Driver:
    """Runs a job: through the sync client, the async one, and that in a loop of the caller's."""
    given: Driver = request.param
    return given
