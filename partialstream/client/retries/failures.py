"""Failures of a request or of its response: which may pass, and which do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from partialstream.client.retry_after import may_be_retried
from partialstream.errors import (
    LimitExceededError,
    PartialStreamError,
    ProviderError,
    RefusalError,
    RetriesExhaustedError,
)
from partialstream.results import AttemptCause, Outcome
from partialstream.stream.deadline import DeadlineError
from partialstream.stream.response import translate

if TYPE_CHECKING:
    from collections.abc import Hashable


_TRANSIENT = frozenset({408, 409, 429})
"""Statuses below 500 that another try may not meet again; they are those of OpenAI's SDK."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a response is not all that was wanted, and what to do about it."""

    error: PartialStreamError  # raised if nothing can be done
    cause: AttemptCause  # which request could help
    progress: bool  # whether the response has brought something nevertheless
    mark: Hashable = None  # the same for two failures that are the same, if that means something


def rejection(cause: AttemptCause, detail: object) -> Outcome:
    """How an attempt ends whose request brought no response."""
    return Outcome("empty", detail=f"the {cause} was rejected: {detail}")


def translated(error: Exception) -> PartialStreamError | None:
    """`translate` for what a request has raised, which is the cause of what it gives."""
    failure = translate(error, Outcome("empty"))
    if failure is not None and failure is not error:
        failure.__cause__ = error
    return failure


def transient(error: Exception) -> PartialStreamError | None:
    """Our error for a first request that may be made again; None if that would not help."""
    failure = translated(error)
    if failure is None or is_final(failure):
        return None
    return None if isinstance(failure, ProviderError) and failure.status is None else failure


def is_final(error: BaseException | None) -> bool:
    """Whether no other request can help."""
    if not isinstance(error, PartialStreamError) or isinstance(
        error, (RefusalError, LimitExceededError, RetriesExhaustedError)
    ):
        return True
    if isinstance(error.__cause__, DeadlineError):
        return True
    status = error.status if isinstance(error, ProviderError) else None
    if status is None:
        return False
    allowed = may_be_retried(error)
    return not allowed if allowed is not None else status < 500 and status not in _TRANSIENT
