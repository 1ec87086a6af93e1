"""OpenTelemetry metrics: those of the GenAI conventions for clients, and one of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from partialstream.telemetry.attributes import ERROR_TYPE, of_usage

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

    from partialstream.telemetry.attributes import Attributes
    from partialstream.usage import Usage

_SECONDS: Final = tuple(0.01 * 2**power for power in range(14))
_TOKENS: Final = tuple(4**power for power in range(14))
"""The boundaries that the conventions advise."""


class Metrics:
    """The instruments of one meter."""

    def __init__(self, meter: Meter) -> None:
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="GenAI operation duration.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._first_chunk = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            unit="s",
            description="Time to receive the first chunk, measured from the request.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )
        self._first_item = meter.create_histogram(
            "partialstream.time_to_first_item",
            unit="s",
            description="Time to the first validated item or snapshot, measured from the call.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )

    def attempt(
        self,
        attributes: Attributes,
        duration: float,
        first_chunk: float | None,
        usage: Usage | None,
        error: str | None,
    ) -> None:
        """Record an attempt; `first_chunk` is None if there was none, or it was not streamed."""
        failed = attributes if error is None else {**attributes, ERROR_TYPE: error}
        self._duration.record(duration, failed)
        if first_chunk is not None:
            self._first_chunk.record(first_chunk, attributes)
        reported = of_usage(usage)
        for kind in ("input", "output"):
            tokens = reported.get(f"gen_ai.usage.{kind}_tokens")
            if tokens:
                self._tokens.record(tokens, {**attributes, "gen_ai.token.type": kind})

    def first_item(self, attributes: Attributes, seconds: float) -> None:
        """Record when the first item of a call was delivered."""
        self._first_item.record(seconds, attributes)
