"""Log lines of the logger `partialstream`; none of them holds what a model or a user wrote.

INFO: each retry, and the end of each call.

    call 7: repair in 0.00 s, as attempt 1 ended with OutputValidationError
    call 7: create_iterable complete: 5 items, 0 rejected, 2 attempts, 1.93 s, first item 0.41 s,
        tokens 40 in, 30 out

DEBUG: each request that is sent, and how the attempt ended.

    call 7: attempt 1 (request) to openai, model gpt-5
    call 7: attempt 1 complete: 1.40 s, first chunk 0.38 s, tokens 20 in, 25 out

Calls are numbered within the process, as the lines of several may be mixed.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Final

from partialstream.telemetry.attributes import error_type

if TYPE_CHECKING:
    from collections.abc import Generator

    from partialstream.results import Outcome
    from partialstream.stream.observer import AttemptEnd, AttemptStart, Retry, StreamEnd
    from partialstream.usage import Usage

_LOGGER: Final = logging.getLogger("partialstream")

_CALLS: Final = count(1)


def is_logged() -> bool:
    """Whether any line would be let through."""
    return _LOGGER.isEnabledFor(logging.INFO)


class LogObserver:
    """Writes the lines of one call."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._number = next(_CALLS)
        self._open: set[int] = set()  # attempts that have begun and not ended
        self._last_error: str | None = None

    def began(self) -> None:
        """The call begins."""

    @contextmanager
    def sending(self, start: AttemptStart) -> Generator[None, None, None]:
        """A request is sent."""
        self._open.add(start.number)
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug(
                "call %d: attempt %d (%s) to %s, model %s",
                self._number,
                start.number,
                start.cause,
                start.provider,
                start.model,
            )
        try:
            yield
        except BaseException as error:
            if start.number in self._open:
                self._open.discard(start.number)
                self._last_error = error_type(error)
                _LOGGER.debug(
                    "call %d: attempt %d failed: %s", self._number, start.number, self._last_error
                )
            raise

    def attempt_ended(self, end: AttemptEnd) -> None:
        """An attempt is over."""
        attempt = end.attempt
        if attempt.number not in self._open:
            return
        self._open.discard(attempt.number)
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug(
                "call %d: attempt %d %s: %.2f s%s%s",
                self._number,
                attempt.number,
                _ending(attempt.outcome, end.error),
                attempt.duration,
                "" if end.first_chunk is None else f", first chunk {end.first_chunk:.2f} s",
                _tokens(attempt.usage),
            )

    def retrying(self, retry: Retry) -> None:
        """Another request will be made."""
        if _LOGGER.isEnabledFor(logging.INFO):
            _LOGGER.info(
                "call %d: %s in %.2f s, as attempt %d ended with %s",
                self._number,
                retry.cause,
                retry.wait,
                retry.number - 1,
                error_type(retry.error),
            )

    def ended(self, end: StreamEnd) -> None:
        """Nothing more will come."""
        if not _LOGGER.isEnabledFor(logging.INFO):
            return
        timing = end.timing
        counts = f"{_count(end.delivered, 'item')}, {end.rejected} rejected, "
        _LOGGER.info(
            "call %d: %s %s: %s%s%s%s%s",
            self._number,
            self._name,
            _ending(end.outcome, end.error),
            counts if self._name == "create_iterable" or end.delivered else "",
            _count(end.attempts, "attempt"),
            "" if timing.total is None else f", {timing.total:.2f} s",
            "" if timing.first_item is None else f", first item {timing.first_item:.2f} s",
            _tokens(end.usage),
        )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _ending(outcome: Outcome | None, error: BaseException | None) -> str:
    """How something ended: the outcome, and the name of the error if that says more."""
    status = "failed" if outcome is None else outcome.status
    name = None if error is None else error_type(error)
    return status if name is None or name == status else f"{status} ({name})"


def _tokens(usage: Usage | None) -> str:
    if usage is None:
        return ""
    tokens = f", tokens {usage.input_tokens} in, {usage.output_tokens} out"
    estimated = usage.estimated_output_tokens
    return f"{tokens}, about {estimated} more out" if estimated else tokens
