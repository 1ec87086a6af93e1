"""A session whose requests may go elsewhere: to a fallback, or to several at once. No I/O."""

from __future__ import annotations

from abc import abstractmethod
from bisect import insort
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from partialstream.client.budget import Budget
from partialstream.client.contender import LOST, LOST_UNSENT, Contender
from partialstream.client.retries.failures import rejection, translated
from partialstream.client.sdk_arguments import arguments_of, input_tokens
from partialstream.quoting import mask_keys
from partialstream.results import Attempt, Outcome
from partialstream.stream.events import AttemptFailed, AttemptStarted
from partialstream.stream.observer import AttemptEnd
from partialstream.stream.response import ResponseStream
from partialstream.stream.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partialstream.client.call import Call
    from partialstream.client.endpoints.base import RequestBuilder
    from partialstream.client.routes import Route
    from partialstream.errors import LimitExceededError
    from partialstream.results import AttemptCause
    from partialstream.stream.reader import ResponseReader

T = TypeVar("T")


class RoutedSession(Session[T]):
    """Knows which requests were made, by which route each, and whose response is read."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._budget = call.budget or Budget()
        self._requests = 1  # that were made, or are about to be
        self._unsent = 0  # of these, as they lost a race before it was their turn
        self._expense: LimitExceededError | None = None  # where the next would be too expensive
        self._request: Any = call.request  # of the attempt under way
        reader = self._new_reader(ResponseStream())
        super().__init__(reader, call.options.take, call.options.stop_when)
        self._began = reader.response.elapsed()
        self.pending.append(AttemptStarted(1, "request"))

    @abstractmethod
    def _new_reader(self, response: ResponseStream) -> ResponseReader[T]:
        """What reads the next response."""

    @abstractmethod
    def _request_by(self, builder: RequestBuilder) -> Any:
        """The request of the attempt under way, as an endpoint takes it."""

    def _may_request(self) -> bool:
        return self._requests - self._unsent < self._budget.max_requests

    def _start_attempt(self, cause: AttemptCause) -> None:
        self._requests += 1
        self._number = self._requests
        self._is_open = True
        self._cause = cause
        self._began = self._reader.response.elapsed()
        self.pending.append(AttemptStarted(self._number, cause))

    def _ask(self, request: Any) -> None:
        """This is the request of the attempt under way."""
        self._request = request
        self._call.describe(self, request)

    def _renew_reader(self, response: ResponseStream | None = None) -> None:
        """What is read from now on is another response."""
        before = self._reader
        self._last_shown = self.snapshot
        self._reader = self._new_reader(response or before.response.another())
        self._reader.reports_text = before.reports_text
        self._reader.recording = before.recording

    def report(
        self,
        error: Exception,
        *,
        last: bool,
        number: int | None = None,
        route: Route | None = None,
    ) -> None:
        """Let the hooks know why a request, or the response to it, has failed."""

    # -- fallbacks -------------------------------------------------------------------------

    def _may_fall_back(self) -> bool:
        """Whether the next endpoint may be asked, as this one may not be asked again."""
        if not self._call.has_next_route or not self._may_request():
            return False
        self._expense = self._call.too_expensive(self._attempts, self._call.next_route)
        return self._expense is None

    def _fall_back(self) -> None:
        """Go on with the next endpoint, to which all of the budget is open again."""
        self._call.take_next_route()
        self._budget.renew_for_next_endpoint()

    # -- races -----------------------------------------------------------------------------

    def contenders(self, request: Any) -> Iterator[Contender]:
        """The request under way, and then others for the same, each made when it is asked for."""
        yield self._contender(self._number, self._call.route, request, self._reader.response)
        for route in self._call.rivals:
            if self.finished() or not self._may_request():
                return
            if self._call.too_expensive(self.attempts, route) is not None:
                return
            self._requests += 1
            self.pending.append(AttemptStarted(self._requests, self._cause))
            rival = self._request_by(route.builder)
            response = self._reader.response.another()
            yield self._contender(self._requests, route, rival, response)

    def _contender(
        self, number: int, route: Route, request: Any, response: ResponseStream
    ) -> Contender:
        limits = self._call.limits
        return Contender(number, self._cause, route, request, response, self.observer, limits)

    def lose(self, contender: Contender) -> None:
        """A request of a race is over: it has failed, or another has said something first."""
        error = contender.error
        if error is None and contender.number == self._number and self.finished():
            return  # the stream was left, and with it the attempt under way
        contender.forgo()
        outcome = Outcome("cancelled", detail=LOST)
        if not contender.sent:
            self._unsent += 1
            outcome = Outcome("empty", detail=LOST_UNSENT)
        if error is not None:
            failure = translated(error) if isinstance(error, Exception) else None
            detail = mask_keys(str(error)) or type(error).__name__
            if not contender.opened:
                outcome = rejection(contender.cause, detail)
            elif failure is not None and failure.outcome is not None:
                outcome = failure.outcome
            else:
                outcome = Outcome("disconnected", detail=detail)
            if failure is not None:
                self.pending.append(AttemptFailed(contender.number, failure))
            reported = failure or error
            if isinstance(reported, Exception):
                self.report(reported, last=False, number=contender.number, route=contender.route)
        heard = contender.heard
        attempt = Attempt(
            contender.number,
            contender.cause,
            outcome,
            None if heard.usage is None else heard.usage.interrupted(0),
            contender.response.elapsed() - contender.began,
            model=contender.model,
            provider=contender.provider,
            estimated_input_tokens=(
                0 if outcome.status == "empty" else input_tokens(arguments_of(contender.request))
            ),
        )
        insort(self._attempts, attempt, key=attrgetter("number"))
        if contender.observer is not None:
            end = AttemptEnd(attempt, heard, None, self._delivered, error, str)
            contender.observer.attempt_ended(end)

    def adopt(self, winner: Contender, failed: list[Route]) -> None:
        """What is read is the response to this one; `failed` routes are not tried again."""
        self._began = winner.began
        if winner.number == self._number:
            self._call.drop_routes(failed)
            return
        self._call.take_route(winner.route)
        self._call.drop_routes(failed)
        self._budget.renew_for_next_endpoint()
        self._number = winner.number
        self._ask(winner.request)
        self._renew_reader(winner.response)
