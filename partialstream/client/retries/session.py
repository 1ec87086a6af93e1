"""Several responses read as one: what lists and objects have in common. No I/O.

The first request is made, and made again, by `first_request`. After that:

read a response ──> judge it ──> done
^                 │
│                 └──> failure ──> the budget allows it ──> next request
└──────────────────────────────────────────────────────────────┘
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import override

from partialstream.client.retries.failures import (
    Failure,
    is_final,
    rejection,
    transient,
    translated,
)
from partialstream.client.retries.routed import RoutedSession
from partialstream.client.retry_after import LONGEST_RETRY_AFTER
from partialstream.errors import (
    JSONSyntaxError,
    LimitExceededError,
    OutputValidationError,
    PartialStreamError,
    ProviderError,
    RetriesExhaustedError,
)
from partialstream.results import AttemptCause, Outcome
from partialstream.stream.deadline import DeadlineError
from partialstream.stream.events import AttemptFailed, Event
from partialstream.stream.observer import Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from partialstream.client.call import Call
    from partialstream.client.endpoints.base import RequestBuilder
    from partialstream.client.routes import Route
    from partialstream.results import Attempt
    from partialstream.stream.session import Session
    from partialstream.stream.steps import Steps

T = TypeVar("T")


class RetryingSession(RoutedSession[T]):
    """Reads the responses of a call until all is there, or its budget is spent."""

    def __init__(self, call: Call) -> None:
        self._options = call.options
        self._last_mark: Hashable = None
        self._builder = call.builder  # that of the call's own client
        self._failures: list[tuple[int, Exception]] = []  # those of attempts, by their numbers
        self._failure: Failure | None = None  # that this attempt is to mend
        self._unresolved: Outcome | None = None  # of that failure
        self._reported: Exception | None = None  # the last failure, once the hooks know of it
        super().__init__(call)

    # -- for the two policies --------------------------------------------------------------

    @abstractmethod
    def _judge(self, error: BaseException | None) -> Failure | None:
        """A response was read, and ended by `error` if it is not complete.

        Gives None if that was all, and sets `outcome`, or if nothing can be done, and sets
        `failure`.
        """

    @abstractmethod
    def _prepare(self, failure: Failure) -> None:
        """The next response is to mend a failure."""

    @abstractmethod
    def _request_for(self, failure: Failure, builder: RequestBuilder) -> Any:
        """The request that is to mend a failure, as an endpoint takes it."""

    @override
    def _request_by(self, builder: RequestBuilder) -> Any:
        failure = self._failure
        return builder.request if failure is None else self._request_for(failure, builder)

    # -- for the driver --------------------------------------------------------------------

    @property
    def opening_request(self) -> Any:
        """The first request: the caller's own, unless the list goes on from an earlier one."""
        return self._request_by(self._call.builder)

    @property
    @override
    def request(self) -> Any:
        return self._request

    def retry_first_request(self, error: Exception) -> Steps[bool]:
        """The first request has failed: whether to make it again; waits until it may be.

        Raises:
            DeadlineError: There is no time for another before the deadline.
        """
        failure = self._error_of_first_request(error)
        if failure is None or not self._may_request():
            return False
        # A policy is shown what would be raised.
        again = not is_final(failure) and (yield from self._budget.allows(error))
        falls_back = not again and self._call.has_next_route
        if again or falls_back:
            route = self._call.next_route if falls_back else self._call.route
            self._expense = self._call.too_expensive(self._attempts, route)
            if self._expense is not None:
                return False
        if not again and not falls_back:
            if self._budget.too_late is not None:
                raise self._budget.too_late.error() from failure
            self._add_note(error)
            return False
        outcome = rejection(self._cause, failure)
        self._add_attempt(outcome, failure)
        self.report(failure, last=False)
        self._note_failure(failure)
        self._report_retry(self._cause, failure, falls_back=falls_back)
        if falls_back:
            self._fall_back()
            self._renew_reader()
        else:
            yield from self._budget.pause()
        if self.finished():
            return False  # the stream was left during the wait
        self._start_attempt(self._cause)
        self._ask(self._call.request)
        yield from self._budget.begin()
        return True

    def _add_note(self, error: Exception) -> None:
        """Say in an SDK's error why a request that may pass is not made again."""
        add_note = getattr(error, "add_note", None)  # since Python 3.11
        if self._budget.too_long is not None and add_note is not None:
            add_note(f"Not retried: {self._too_long()}.")

    def _too_long(self) -> str:
        return (
            f"the server asks for a wait of {self._budget.too_long:g} s (Retry-After), "
            f"and {LONGEST_RETRY_AFTER:g} s is the longest"
        )

    def _error_of_first_request(self, error: Exception) -> PartialStreamError | None:
        """Our error for a first request, if another could help; with fallbacks that is any."""
        if self._call.has_fallbacks:
            failure = translated(error)
            return None if self._is_final(failure) else failure
        return None if self._call.budget is None else transient(error)

    def give_up_first_request(self, error: Exception) -> Exception:
        """The first request has failed, and is not made again; gives what is to be raised."""
        if self._expense is not None:
            self._expense.__cause__ = error
            return self._expense
        failure = self._error_of_first_request(error) if self._call.has_fallbacks else None
        if failure is None or self._budget.reraise:
            return error
        outcome = rejection(self._cause, failure)
        failure.outcome = outcome
        attempts = sorted([*self._attempts, self._attempt(outcome)], key=attrgetter("number"))
        return self._exhausted(
            failure, f"no more fallbacks, after {len(attempts)} requests", attempts
        )

    @override
    def next_attempt(self) -> Steps[bool]:
        if self.finished():
            return False
        reader = self._reader
        reader.close()
        self._end_attempt(self._rejection(reader.failure))
        if reader.response.metadata.usage is not None:
            self._call.hooks.emit("completion:usage", self.usage, attempt_number=self._number)
        failure = None if self.failure is not None else self._judge(reader.failure)
        if failure is None:
            # That of a first request is known already.
            if isinstance(self.failure, Exception) and self.failure is not self._reported:
                self.report(self.failure, last=True)
            yield self._last_pending()
            return False
        self._note_failure(failure.error)
        if failure.progress:
            self._budget.renew()
            self._last_mark = None
        reason = yield from self._enough(failure)
        falls_back = reason is not None and self._may_fall_back()
        if falls_back:
            reason = None
        self.report(failure.error, last=reason is not None)
        if reason is not None:
            self._give_up(failure, reason)
            yield self._last_pending()
            return False
        yield self.take_pending()  # not later: the next request has to be waited for
        self._report_retry(failure.cause, failure.error, falls_back=falls_back)
        if falls_back:
            self._fall_back()
        else:
            yield from self._budget.pause()
        if self.finished():
            return False  # the stream was left during the wait
        self._last_mark = None if falls_back else failure.mark
        self._unresolved = failure.error.outcome
        reader.response.timing.total = None
        self._failure = failure
        self._renew_reader()
        self._start_attempt(failure.cause)
        self._prepare(failure)
        self._ask(self._request_by(self._call.builder))
        yield from self._budget.begin()
        return True

    def _is_final(self, error: BaseException | None) -> bool:
        """Whether no other request can help. A rejection by one endpoint does not bind others."""
        return is_final(error) and not (
            self._call.has_fallbacks and isinstance(error, ProviderError)
        )

    def _last_pending(self) -> list[Event[T]]:
        """The events that wait, when nothing more is asked for."""
        if self.failure is not None:
            self.pending += super()._happened(self._held_back())
        return self.take_pending()

    def _held_back(self) -> list[Event[T]]:
        """What waits for something that will not come."""
        return []

    def _rejection(self, error: BaseException | None) -> Outcome | None:
        """How an attempt ended whose request was rejected; None for any other.

        It has brought nothing and changed nothing: the stream stands as it did before.
        """
        if self._unresolved is None or not isinstance(error, ProviderError) or not error.status:
            return None
        detail = f"the {self._cause} request was rejected: {error}"
        error.outcome = replace(self._unresolved, detail=detail)
        return Outcome("empty", detail=detail)

    def _enough(self, failure: Failure) -> Steps[str | None]:
        """Why no further request is to be made to this endpoint, None if one is."""
        requests = len(self._attempts) - self._unsent
        if (
            self._call.is_deterministic
            and failure.mark is not None
            and failure.mark == self._last_mark
        ):
            return "the same failure came twice, so that paying again will not help"
        if requests >= self._budget.max_requests:
            made = "request was" if requests == 1 else "requests were"
            return f"{requests} {made} made, and no more are allowed"
        if is_final(failure.error):
            return f"rejected permanently, after {requests} request(s)"
        if not (yield from self._budget.allows(failure.error)):
            if self._budget.too_long is not None:
                return self._too_long()
            return f"no more retries, after {requests} request(s)"
        self._expense = self._call.too_expensive(self._attempts)
        return None if self._expense is None else self._expense.message

    @override
    def report(
        self,
        error: Exception,
        *,
        last: bool,
        number: int | None = None,
        route: Route | None = None,
    ) -> None:
        outcome = error.outcome if isinstance(error, PartialStreamError) else None
        wrong = isinstance(error, (JSONSyntaxError, OutputValidationError))
        no_json = outcome is not None and outcome.status == "no_json"
        about = {
            "attempt_number": self._number if number is None else number,
            "max_attempts": 1 if self._call.budget is None else self._budget.max_requests,
            "is_last_attempt": last,
        }
        emit = self._call.hooks_of(route or self._call.route).emit
        emit("parse:error" if wrong or no_json else "completion:error", error, **about)
        if last:
            self._reported = error
            emit("completion:last_attempt", error, **about)

    def _report_retry(
        self, cause: AttemptCause, error: PartialStreamError, *, falls_back: bool
    ) -> None:
        if self.observer is not None:
            wait = 0.0 if falls_back else self._budget.wait
            self.observer.retrying(Retry(self._requests + 1, cause, wait, error))

    def _give_up(self, failure: Failure, reason: str) -> None:
        error = failure.error
        if self._budget.too_late is not None:
            self.failure = self._budget.too_late.stalled(error, error.tail)
            return
        if self._expense is not None:
            self._expense.outcome, self._expense.__cause__ = error.outcome, error
            self.failure = self._expense
            return
        if self._budget.reraise:
            self.failure = error
            return
        self.failure = self._exhausted(error, reason, self._attempts)

    def _exhausted(
        self, error: PartialStreamError, reason: str, attempts: Sequence[Attempt]
    ) -> RetriesExhaustedError:
        call = self._call
        exhausted = self._builder.exhausted(
            f"{reason}: {error}",
            attempts=attempts,
            outcome=error.outcome,
            request=self._request,
            failures=self._failures,
            completion=self._text_kept() if call.stream else call.last_completion,
        )
        exhausted.__cause__ = error
        return exhausted

    def _note_failure(self, error: PartialStreamError) -> None:
        self._failures.append((self._number, error))
        self.pending.append(AttemptFailed(self._number, error))

    def _text_kept(self) -> str | None:
        try:
            return self.text
        except LimitExceededError:
            return None

    @override
    def cancel(self, detail: str = "") -> None:
        if self.outcome is None:
            super().cancel(detail)
            self._budget.wake()


# -- the first request ---------------------------------------------------------------------


def first_request(
    call: Call, session: Session[Any], send: Callable[[Any], Steps[Any]]
) -> Steps[Any]:
    """Make the first request, again if it is rejected temporarily; gives what `send` gives.

    Its errors are the SDK's own, and the hooks learn of them.

    Raises:
        IncompleteStreamError: The deadline has passed.
        LimitExceededError: `max_cost` does not allow it.
    """
    if call.budget is not None:
        yield from call.budget.begin()
    if call.deadline is not None:
        call.deadline.begin()
    session.start_clock()
    call.watch(session)
    retries = session if isinstance(session, RetryingSession) else None
    try:
        too_expensive = call.too_expensive(())
        if too_expensive is not None:
            raise too_expensive
        while True:
            try:
                return (
                    yield from send(call.request if retries is None else retries.opening_request)
                )
            except Exception as error:  # whichever SDK it is of: `transient` knows what may pass
                if retries is None or not (yield from retries.retry_first_request(error)):
                    raise
    except Exception as error:
        failure = error
        if call.deadline is not None and isinstance(error, DeadlineError):
            failure = call.deadline.stalled(error)
        elif retries is not None:
            failure = retries.give_up_first_request(error)
        if isinstance(failure, PartialStreamError):
            session.add_context(failure)
        session.report_end(failure)
        if retries is not None:
            retries.report(failure, last=True)
        if failure is error:
            raise
        raise failure from failure.__cause__
