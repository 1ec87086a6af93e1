"""One of several requests for the same: the first response that says something is read. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from partialstream.errors import IncompleteStreamError, PartialStreamError, ProviderError
from partialstream.results import Outcome
from partialstream.stream.observer import AttemptStart
from partialstream.stream.response import ResponseStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.client.routes import Route
    from partialstream.deltas import AnswerMetadata
    from partialstream.limits import Limits
    from partialstream.results import AttemptCause
    from partialstream.stream.observer import Observer, Target

LOST: Final = "another request said something first (first_delta_within)"
LOST_UNSENT: Final = f"{LOST}, before it was this one's turn (rate_limit)"


class Contender:
    """A request in a race, in the place of the session that it is sent for.

    Args:
        number: Of the attempt.
        cause: Of the attempt.
        route: Where it is sent.
        request: The request.
        response: What reads the response if it wins.
        observer: Who watches the call.
        limits: Those of the call.

    Attributes:
        began: When it was sent, by the clock of the call.
        sent: Whether it was; it may have to wait for a rate limit before.
        on_sent: Called when it is sent after such a wait.
        opened: Whether there is a response.
        error: Why it cannot win, None if it can.
        broken: Whether there is no use in reading on because of that.
        on_cancel: Called when it has lost, or the stream was left.
    """

    def __init__(
        self,
        number: int,
        cause: AttemptCause,
        route: Route,
        request: Any,
        response: ResponseStream,
        observer: Observer | None,
        limits: Limits,
    ) -> None:
        self.number = number
        self.cause: AttemptCause = cause
        self.route = route
        self.request = request
        self.response = response
        self.response.limits = limits
        self.observer = observer
        self.began = response.elapsed()
        self.sent = route.endpoint is None or route.endpoint.rate_limit is None
        self.on_sent: Callable[[], object] | None = None
        self.opened = False
        self.error: BaseException | None = None
        self.broken = False
        self.on_cancel: list[Callable[[], object]] = []
        self._left = False
        # What is heard here is read once more if it wins: until then its reader has seen nothing.
        self._heard = ResponseStream()
        self._heard.limits = limits
        self._unheard = 0  # bytes or characters without a delta

    # -- sending it ------------------------------------------------------------------------

    @property
    def model(self) -> str | None:
        """The model that is asked for."""
        return self.route.builder.model

    @property
    def provider(self) -> str | None:
        """The provider of that model."""
        endpoint = self.route.endpoint
        return None if endpoint is None else endpoint.provider

    @property
    def metadata(self) -> AnswerMetadata:
        """Where it is noted that the response has come to its end."""
        return self.response.metadata

    def attempt_start(self, target: Target, *, streamed: bool) -> AttemptStart:
        """What is to be said of the request that is about to be sent."""
        return AttemptStart(self.number, self.cause, self.model, self.provider, streamed, target)

    def start_clock(self) -> None:
        """The request is made now."""
        if self.number == 1:
            self.response.begin()
        self.began = self.response.elapsed()
        self.sent = True
        if self.on_sent is not None:
            self.on_sent()

    def finished(self) -> bool:
        """Whether the response is not needed any more."""
        return self._left

    def forgo(self) -> None:
        """If it still waits for its turn, it is not sent any more."""
        self._left = True

    @property
    def waits(self) -> bool:
        """Whether it has not been sent yet, as it waits for its turn."""
        return not self.sent and self.error is None

    def silent_for(self) -> float:
        """Seconds since it was sent."""
        return self.response.elapsed() - self.began

    def leave(self) -> None:
        """The response is not needed any more."""
        self._left = True
        for wake in tuple(self.on_cancel):
            wake()

    # -- its response ----------------------------------------------------------------------

    def hears(self, chunk: Any) -> bool:
        """Whether the response is decided with this chunk: it says something, or never will.

        Comments, pings and the role of who speaks say nothing. If it never will, `error` says
        why.
        """
        heard = self._heard
        try:
            deltas = heard.feed(chunk)
            if any(text for _, text in deltas) or heard.metadata.reasoning:
                return True
            heard.check_idle(0)
            self._unheard += len(chunk) if isinstance(chunk, (bytes, str)) else 1
            if self._unheard > heard.limits.event_size:
                raise ProviderError(f"no delta in the first {self._unheard} bytes of the response")
        except (PartialStreamError, TimeoutError) as error:
            self.error, self.broken = error, True
            return True
        if heard.metadata.terminated or heard.metadata.finish_reason is not None:
            self.ended()
            return True
        return False

    def ended(self) -> None:
        """The response came to its end, and has said nothing."""
        metadata = self._heard.metadata
        if not metadata.refusal and metadata.filter_reason is None:
            self.error = IncompleteStreamError.of(Outcome("empty", metadata.finish_reason))

    @property
    def heard(self) -> AnswerMetadata:
        """What the response has said beside its text until now."""
        return self._heard.metadata
