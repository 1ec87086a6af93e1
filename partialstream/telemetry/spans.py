"""OpenTelemetry spans of one call, and its metrics.

    partialstream create_iterable      the call, from its first request to the end of the stream
    ├─ chat gpt-5                      an attempt: one request and its response
    │  └─ POST                         what the HTTP library's own instrumentation makes of it
    └─ chat gpt-5                      the next attempt: a repair, the rest of the list, …

An attempt's span is the current one while its request is sent, and at no other time: a stream is
read by whichever thread or task wants the next item, and its reader's context stays its own.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Final

from opentelemetry import context, metrics, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from partialstream.telemetry import content
from partialstream.telemetry.attributes import (
    ATTEMPTS,
    CAUSE,
    ERROR_TYPE,
    ITEMS,
    OUTCOME,
    REJECTED,
    TIME_TO_FIRST_CHUNK,
    TIME_TO_FIRST_ITEM,
    WAIT,
    error_type,
    of_request,
    of_response,
    of_target,
    of_usage,
)
from partialstream.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Generator

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, Tracer, TracerProvider

    from partialstream.results import Outcome
    from partialstream.stream.observer import AttemptEnd, AttemptStart, Retry, StreamEnd
    from partialstream.telemetry.attributes import Attributes

_NAME: Final = "partialstream"
_LOGGER: Final = logging.getLogger(_NAME)

_LEFT: Final = (GeneratorExit, asyncio.CancelledError)
"""How a request is given up by whoever made it, which is no error. trio's is known by its name."""


def span_observer(name: str) -> SpanObserver | None:
    """The observer of one call; None if the program has set neither provider."""
    tracers, meters = trace.get_tracer_provider(), metrics.get_meter_provider()
    if _does_nothing(tracers) and _does_nothing(meters):
        return None
    tracer, instruments = _instruments(tracers, meters)
    return SpanObserver(name, tracer, instruments)


def _does_nothing(provider: object) -> bool:
    """Whether a provider is the one that the API has until the program sets its own."""
    # Of meters it has no public name.
    return type(provider).__name__ in (
        *("ProxyTracerProvider", "NoOpTracerProvider"),
        *("_ProxyMeterProvider", "NoOpMeterProvider"),
    )


_made: tuple[TracerProvider, MeterProvider, Tracer, Metrics] | None = None


def _instruments(tracers: TracerProvider, meters: MeterProvider) -> tuple[Tracer, Metrics]:
    """The tracer and the instruments, made once: a program sets its providers once."""
    global _made
    made = _made
    if made is None or made[0] is not tracers or made[1] is not meters:
        meter = meters.get_meter(_NAME)
        made = _made = (tracers, meters, tracers.get_tracer(_NAME), Metrics(meter))
    return made[2], made[3]


@dataclass(slots=True)
class _Open:
    """An attempt under way."""

    span: Span
    start: AttemptStart
    began: float
    delivered: int


class SpanObserver:
    """Makes the spans of one call.

    Whatever ends a span does so once, as threads and tasks may end a stream at the same time: it
    is taken out of what is open first.
    """

    def __init__(self, name: str, tracer: Tracer, instruments: Metrics) -> None:
        self._name = name
        self._tracer = tracer
        self._metrics = instruments
        self._calls: list[Span] = []  # the call's own, while it is open
        self._parent = context.get_current()
        self._attempts: dict[int, _Open] = {}
        self._delivered = 0
        self._target: Attributes = {}

    def began(self) -> None:
        """The call begins."""
        span = self._tracer.start_span(f"partialstream {self._name}", kind=SpanKind.INTERNAL)
        self._calls.append(span)
        self._parent = trace.set_span_in_context(span)

    @contextmanager
    def sending(self, start: AttemptStart) -> Generator[None, None, None]:
        """A request is sent."""
        attributes = of_request(start)
        self._target = of_target(start)
        if content.is_captured() and not start.target.traced:
            attributes.update(content.of_messages(start.target.arguments))
        operation = start.target.operation
        span = self._tracer.start_span(
            operation if start.model is None else f"{operation} {start.model}",
            context=self._parent,
            kind=SpanKind.INTERNAL if start.target.traced else SpanKind.CLIENT,
            attributes=attributes,
        )
        self._attempts[start.number] = _Open(span, start, perf_counter(), self._delivered)
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield
        except BaseException as error:
            self._failed(start.number, error)
            raise
        finally:
            # Not in another context, where a coroutine that nobody awaits any more is closed.
            if trace.get_current_span() is span:
                context.detach(token)

    def attempt_ended(self, end: AttemptEnd) -> None:
        """An attempt is over."""
        attempt = end.attempt
        opened = self._attempts.pop(attempt.number, None)
        if opened is None:
            return
        span, start = opened.span, opened.start
        span.set_attributes(of_response(end.metadata))
        span.set_attribute(ITEMS, end.delivered - opened.delivered)
        self._delivered = end.delivered
        first_chunk = end.first_chunk if start.streamed else None
        if not start.target.traced:
            span.set_attributes(of_usage(attempt.usage))
            if first_chunk is not None:
                span.set_attribute(TIME_TO_FIRST_CHUNK, first_chunk)
            if content.is_captured():
                span.set_attributes(content.of_text(end))
        self._end(opened, attempt.outcome, end.error, end, first_chunk)

    def _failed(self, number: int, error: BaseException) -> None:
        opened = self._attempts.pop(number, None)
        if opened is not None:
            self._end(opened, None, error)

    def _end(
        self,
        opened: _Open,
        outcome: Outcome | None,
        error: BaseException | None,
        end: AttemptEnd | None = None,
        first_chunk: float | None = None,
    ) -> None:
        """End an attempt's span, and record it."""
        failure = _failure(outcome, error)
        _conclude(opened.span, outcome, failure)
        target = opened.start.target
        if target.traced:  # whose metrics would count the same tokens
            return
        attributes = of_target(opened.start)
        if end is not None and end.metadata.model:
            attributes["gen_ai.response.model"] = end.metadata.model
        usage = None if end is None else end.attempt.usage
        duration = perf_counter() - opened.began
        self._metrics.attempt(attributes, duration, first_chunk, usage, failure)

    def retrying(self, retry: Retry) -> None:
        """Another request will be made."""
        for span in self._calls:
            attributes: Attributes = {
                CAUSE: retry.cause,
                WAIT: retry.wait,
                ERROR_TYPE: error_type(retry.error),
            }
            span.add_event("partialstream.retry", attributes)

    def ended(self, end: StreamEnd) -> None:
        """Nothing more will come."""
        span = self._taken()
        if span is None:
            return
        usage = end.usage
        span.set_attribute(ATTEMPTS, end.attempts)
        if self._name == "create_iterable" or end.delivered:
            span.set_attribute(ITEMS, end.delivered)
            span.set_attribute(REJECTED, end.rejected)
        if usage is not None:  # not by the conventions' names: those are for the attempts
            span.set_attribute("partialstream.usage.input_tokens", usage.input_tokens)
            span.set_attribute("partialstream.usage.output_tokens", usage.output_tokens)
            if not usage.complete:
                estimated = usage.estimated_output_tokens
                span.set_attribute("partialstream.usage.estimated_output_tokens", estimated)
        first = end.timing.first_item
        if first is not None:
            span.set_attribute(TIME_TO_FIRST_ITEM, first)
            self._metrics.first_item(self._target, first)
        _conclude(span, end.outcome, _failure(end.outcome, end.error))

    def _taken(self) -> Span | None:
        """The call's span, to be ended by whoever takes it."""
        try:
            return self._calls.pop()
        except IndexError:
            return None

    def __del__(self) -> None:
        # Only a stream that was made and never read, nor closed, gets here with open spans.
        for number in list(self._attempts):
            opened = self._attempts.pop(number)
            _conclude(opened.span, None, None)
        span = self._taken()
        if span is not None:
            _conclude(span, None, None)


def _failure(outcome: Outcome | None, error: BaseException | None) -> str | None:
    """The name of what went wrong, None if nothing did: to leave a stream is no error."""
    if isinstance(error, _LEFT) or type(error).__name__ == "Cancelled":
        return None
    if error is not None:
        return error_type(error)
    if outcome is None or outcome.status in ("complete", "cancelled"):
        return None
    return outcome.status


def _conclude(span: Span, outcome: Outcome | None, failure: str | None) -> None:
    """End a span."""
    if outcome is not None:
        span.set_attribute(OUTCOME, outcome.status)
    elif failure is None:
        span.set_attribute(OUTCOME, "cancelled")
    if failure is not None:
        span.set_attribute(ERROR_TYPE, failure)
        span.set_status(Status(StatusCode.ERROR, failure))
    try:
        span.end()
    except Exception as error:  # noqa: BLE001  # the program's processor must not end the stream
        _LOGGER.warning("a span could not be ended: %s", type(error).__name__)
