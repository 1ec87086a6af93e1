"""What the policies of items and of growing objects have in common. No I/O.

read an answer ──> judge it ──> done
^               │
│               └──> failure ──> the budget allows it ──> next request
└────────────────────────────────────────────────────────────┘
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from partialstream.errors import (
    JSONSyntaxError,
    LimitExceededError,
    OutputValidationError,
    PartialStreamError,
    ProviderError,
    RefusalError,
    RetriesExhaustedError,
)
from partialstream.results import AnswerMetadata, Attempt, AttemptCause, Outcome, Timing, Usage
from partialstream.stream.deadline import DeadlineError
from partialstream.stream.events import AttemptFailed, AttemptStarted, Finished
from partialstream.stream.outcome import translate
from partialstream.stream.reading import Reading, Turn
from partialstream.stream.response import ResponseStream

if TYPE_CHECKING:
    from collections.abc import Hashable

    from partialstream.client.budget import Budget
    from partialstream.client.hooks import Hooks
    from partialstream.stream.flow import Flow

V = TypeVar("V")
E = TypeVar("E")

_TRANSIENT = frozenset({408, 409, 429})
"""Statuses below 500 that another try may not meet again; they are those of OpenAI's SDK."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an answer is not all that was wanted, and what to do about it.

    Attributes:
        error: What is raised if nothing can be done.
        cause: Which request could help.
        progress: Whether the answer has brought something nevertheless.
        mark: The same for two failures that are the same; None if that means nothing.
    """

    error: PartialStreamError
    cause: AttemptCause
    progress: bool
    mark: Hashable = None


class Retries(Reading[V, E], Generic[V, E]):
    """Reads answers until all is there, or the budget is spent.

    Args:
        budget: How often, and when, a request may be made again.
        hooks: Told of requests and failures.
    """

    def __init__(self, budget: Budget, hooks: Hooks) -> None:
        self._budget = budget
        self._hooks = hooks
        self._answer = ResponseStream()
        self._told: list[Any] = []  # events that wait to be handed over
        self._attempts: list[Attempt] = []
        self._number = 0
        self._cause: AttemptCause = "request"
        self._began = 0.0
        self._last_mark: Hashable = None
        self._unresolved: Outcome | None = None  # of the failure that this attempt is to mend
        self._request: Any = None
        self.failure = None
        self.outcome = None

    # -- for the two policies --------------------------------------------------------------

    @property
    @abstractmethod
    def _flow(self) -> Flow[Any, Any]:
        """What reads the answer under way."""

    @abstractmethod
    def _judge(self, error: BaseException | None) -> Failure | None:
        """An answer was read; None if that was all, or nothing can be done.

        In the second case, it sets `failure`.

        Args:
            error: What ended the answer, None if it is complete.
        """

    @abstractmethod
    def _prepare(self, failure: Failure | None) -> Any:
        """Get ready to read another answer; gives the request for it.

        Args:
            failure: What it is to mend; None for the first request.
        """

    @abstractmethod
    def _annotate(self, error: PartialStreamError) -> None:
        """Tell an error what was delivered."""

    def _next_attempt(self, failure: Failure | None) -> None:
        self._number += 1
        self._cause = "request" if failure is None else failure.cause
        self._unresolved = None if failure is None else failure.error.outcome
        timing = self._answer.timing
        self._answer = self._answer.another()
        timing.total = None
        self._began = self._answer.elapsed()
        self._told.append(AttemptStarted(self._number, self._cause))
        self._request = self._prepare(failure)

    # -- for the driver --------------------------------------------------------------------

    @property
    def request(self) -> Any:
        """The request whose answer is to be read next."""
        return self._request

    def sending(self) -> None:
        """The first request is made now, and not when all this was set up."""
        self._answer.begin()

    def retry_first_request(self, error: PartialStreamError) -> Turn[bool]:
        """The first request was rejected: whether to make it again; waits until it may be.

        Args:
            error: Our error for it; see `transient`.

        Raises:
            DeadlineError: There is no time for another before the deadline.
        """
        if len(self._attempts) + 1 >= self._budget.max_requests:
            return False
        if not (yield from self._budget.allows(error)):
            if self._budget.too_late and self._budget.deadline is not None:
                raise self._budget.deadline.error() from error
            return False
        outcome = Outcome("empty", detail=f"the {self._cause} was rejected: {error}")
        duration = self._answer.elapsed() - self._began
        self._attempts.append(Attempt(self._number, self._cause, outcome, None, duration))
        self._report(error, last=False)
        self._told.append(AttemptFailed(self._number, error))
        yield from self._budget.pause()
        if self.is_settled():
            return False  # somebody has left while it waited
        self._number += 1
        self._began = self._answer.elapsed()
        self._told.append(AttemptStarted(self._number, self._cause))
        yield from self._budget.begin()
        return True

    @property
    def number(self) -> int:
        """Of the attempt under way; the first is 1."""
        return self._number

    def broken(self, error: BaseException) -> None:
        """See `Reading`."""
        self._flow.broken(error)

    def has_read(self) -> bool:
        """See `Reading`."""
        return self.failure is not None or self.outcome is not None or self._flow.has_read()

    def turn(self) -> Turn[bool]:
        """See `Reading`."""
        if self.is_settled():
            return False
        flow = self._flow
        flow.close()
        duration = self._answer.elapsed() - self._began
        outcome = self._rejected(flow.failure) or flow.outcome
        self._attempts.append(Attempt(self._number, self._cause, outcome, flow.usage, duration))
        if flow.metadata.usage is not None:
            self._hooks.emit("completion:usage", self.usage, attempt_number=self._number)
        failure = None if self.failure is not None else self._judge(flow.failure)
        if failure is None:
            if isinstance(self.failure, Exception):
                self._report(self.failure, last=True)
            return False
        self._told.append(AttemptFailed(self._number, failure.error))
        if failure.progress:
            self._budget.renew()
            self._last_mark = None
        reason = yield from self._enough(failure)
        self._report(failure.error, last=reason is not None)
        if reason is not None:
            self._give_up(failure, reason)
            return False
        yield from self._budget.pause()
        if self.is_settled():
            return False  # somebody has left while it waited
        self._last_mark = failure.mark
        self._next_attempt(failure)
        yield from self._budget.begin()
        return True

    def _rejected(self, error: BaseException | None) -> Outcome | None:
        """How an attempt ended whose request was rejected; None for any other.

        It has brought nothing and changed nothing: the stream stands as it did before.
        """
        if self._unresolved is None or not isinstance(error, ProviderError) or not error.status:
            return None
        detail = f"the {self._cause} request was rejected: {error}"
        error.outcome = replace(self._unresolved, detail=detail)
        return Outcome("empty", detail=detail)

    def _enough(self, failure: Failure) -> Turn[str | None]:
        """Why no further request is to be made, None if one is."""
        requests = len(self._attempts)
        if failure.mark is not None and failure.mark == self._last_mark:
            return "the same failure came twice, so that paying again will not help"
        if requests >= self._budget.max_requests:
            return f"{requests} requests were made, and no more are allowed"
        if not (yield from self._budget.allows(failure.error)):
            return f"no more retries, after {requests} request(s)"
        return None

    def _report(self, error: Exception, *, last: bool) -> None:
        outcome = error.outcome if isinstance(error, PartialStreamError) else None
        wrong = isinstance(error, (JSONSyntaxError, OutputValidationError))
        no_json = outcome is not None and outcome.status == "no_json"
        told = {
            "attempt_number": self._number,
            "max_attempts": self._budget.max_requests,
            "is_last_attempt": last,
        }
        self._hooks.emit("parse:error" if wrong or no_json else "completion:error", error, **told)
        if last:
            self._hooks.emit("completion:last_attempt", error, **told)

    def _give_up(self, failure: Failure, reason: str) -> None:
        error = failure.error
        if self._budget.too_late and self._budget.deadline is not None:
            self.failure = self._budget.deadline.stalled(error, error.tail)
            return
        if self._budget.reraise:
            self.failure = error
            return
        exhausted = RetriesExhaustedError(
            f"{reason}: {error}", attempts=self._attempts, outcome=error.outcome
        )
        exhausted.__cause__ = error
        self.failure = exhausted

    def cancelled(self, detail: str = "") -> None:
        """See `Reading`."""
        if self.outcome is None:
            self.outcome = Outcome("cancelled", detail=detail)
            self._flow.cancelled(detail)
            self._answer.ended()
            self._budget.wake()

    def close(self) -> Finished:
        """See `Reading`."""
        failure = self.failure
        if isinstance(failure, PartialStreamError):
            if failure.outcome is None:
                failure.outcome = Outcome("invalid", detail=str(failure))
            failure.usage = self.usage
            self._annotate(failure)
            self.outcome = failure.outcome
        elif failure is not None and self.outcome is None:
            self.outcome = self._flow.outcome  # an exception that is not ours to explain
        self._answer.ended()
        self.cancelled()
        return Finished(self.outcome or Outcome("cancelled"))

    # -- for the user ----------------------------------------------------------------------

    @property
    def metadata(self) -> AnswerMetadata:
        """See `Reading`. Of the answer that is read, or was read last."""
        return self._flow.metadata

    @property
    def timing(self) -> Timing:
        """See `Reading`. Counted from the first request."""
        return self._answer.timing

    @property
    def attempts(self) -> list[Attempt]:
        """See `Reading`."""
        attempts = list(self._attempts)
        if len(attempts) < self._number:
            duration = self._answer.elapsed() - self._began
            attempts.append(
                Attempt(self._number, self._cause, self._flow.outcome, self._flow.usage, duration)
            )
        return attempts

    @property
    def usage(self) -> Usage | None:
        """See `Reading`. The sum over all attempts whose provider has said."""
        total: Usage | None = None
        for attempt in self.attempts:
            if attempt.usage is not None:
                total = attempt.usage if total is None else total + attempt.usage
        return total

    @property
    def text(self) -> str:
        """The text of the answer that is read, or was read last."""
        return self._flow.text


def transient(error: Exception) -> PartialStreamError | None:
    """Our error for a first request that may be made again; None if that would not help."""
    failure = translate(error, Outcome("empty"))
    if failure is None or is_final(failure):
        return None
    if isinstance(failure, ProviderError) and failure.status is None:
        return None
    failure.__cause__ = error
    return failure


def is_final(error: BaseException | None) -> bool:
    """Whether no other request can help."""
    if not isinstance(error, PartialStreamError) or isinstance(
        error, (RefusalError, LimitExceededError)
    ):
        return True
    if isinstance(error.__cause__, DeadlineError):
        return True
    status = error.status if isinstance(error, ProviderError) else None
    return status is not None and status < 500 and status not in _TRANSIENT
