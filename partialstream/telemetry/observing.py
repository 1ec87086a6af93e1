"""Whether a call is observed; makes its observer."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from partialstream.telemetry.log import LogObserver, is_logged

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from partialstream.stream.observer import (
        AttemptEnd,
        AttemptStart,
        Observer,
        Retry,
        StreamEnd,
    )


def observer_for(name: str) -> Observer | None:
    """The observer of one call, None if it is not observed.

    Lines are logged if the logger `partialstream` lets them through. Spans and metrics are made
    if the program has set a tracer provider, or a meter provider, of OpenTelemetry's; it is not
    imported here, as a program that has set one has done so.

    Args:
        name: The method that was called.
    """
    observers: list[Observer] = []
    if is_logged():
        observers.append(LogObserver(name))
    if "opentelemetry.trace" in sys.modules or "opentelemetry.metrics" in sys.modules:
        from partialstream.telemetry.spans import span_observer

        spans = span_observer(name)
        if spans is not None:
            observers.append(spans)
    if len(observers) < 2:
        return observers[0] if observers else None
    return _Several(observers)


class _Several:
    """Observers of the same stream."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers

    def began(self) -> None:
        for each in self._observers:
            each.began()

    @contextmanager
    def sending(self, start: AttemptStart) -> Generator[None, None, None]:
        with ExitStack() as stack:
            for each in self._observers:
                stack.enter_context(each.sending(start))
            yield

    def attempt_ended(self, end: AttemptEnd) -> None:
        for each in self._observers:
            each.attempt_ended(end)

    def retrying(self, retry: Retry) -> None:
        for each in self._observers:
            each.retrying(retry)

    def ended(self, end: StreamEnd) -> None:
        for each in self._observers:
            each.ended(end)
