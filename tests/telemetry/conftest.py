"""What OpenTelemetry's own SDK sees of a call: in-memory exporters, for one test each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from extras import is_installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry_seen import Seen


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """A program that has set both providers."""
    if not is_installed("opentelemetry.sdk"):
        pytest.skip("needs opentelemetry-sdk")
    from telemetry_seen import Seen

    made = Seen()
    # A program sets them once; the API takes no second.
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", made.tracer_provider)
    monkeypatch.setattr("opentelemetry.metrics._internal._METER_PROVIDER", made.meter_provider)
    yield made
    made.shutdown()
