"""What OpenTelemetry's in-memory exporters have got; needs opentelemetry-sdk."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Seen:
    """Providers, and what came to them."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracer_provider = TracerProvider(shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meter_provider = MeterProvider([self._reader], shutdown_on_exit=False)

    @property
    def spans(self) -> list[Any]:
        """Those that have ended, in the order of their beginnings."""
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time)

    @property
    def call(self) -> Any:
        """The span of the only call."""
        (span,) = (span for span in self.spans if span.name.startswith("partialstream "))
        return span

    @property
    def attempts(self) -> list[Any]:
        """The spans of its attempts, which are its children."""
        found = [span for span in self.spans if "partialstream.attempt" in span.attributes]
        assert all(span.parent.span_id == self.call.context.span_id for span in found)
        return found

    def metric(self, name: str) -> list[Any]:
        """The data points of a metric."""
        return [
            point for each in self.metrics() if each.name == name for point in each.data.data_points
        ]

    def metrics(self) -> list[Any]:
        """All metrics of ours."""
        data = self._reader.get_metrics_data()
        if data is None:
            return []
        return [
            metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    def everything(self) -> str:
        """All that was exported, as a text."""
        return "\n".join(
            [span.to_json() for span in self.spans] + [repr(metric) for metric in self.metrics()]
        )

    def shutdown(self) -> None:
        """No more."""
        self.tracer_provider.shutdown()
        self.meter_provider.shutdown()
