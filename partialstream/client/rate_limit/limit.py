"""Whose turn it is: requests go in the order in which they came, one by one, evenly spread.

A request that has come waits in a queue. Only its head knows when it may go, and asks again by
then; whoever goes, gives up, or gives something back wakes the next. So nothing is reserved that
would have to be given back by a request that is cancelled, and one queue serves threads and event
loops alike, without a thread of its own.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, Final

from partialstream.client.rate_limit.estimate import OutputGuess, estimate
from partialstream.client.rate_limit.headers import UNITS, server_limit
from partialstream.client.rate_limit.pace import Pace, Spent
from partialstream.client.retry_after import LONGEST_RETRY_AFTER, retry_after
from partialstream.errors import ProviderError
from partialstream.results import Outcome
from partialstream.spelling import names_meant
from partialstream.stream.response import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream.client.rate_limit.ticket import Ticket
    from partialstream.usage import Usage

logger = logging.getLogger("partialstream")

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
"""Seconds without requests after a 429 that does not say how long: twice as long after each."""

_LOOK_AGAIN: Final = 5.0
"""Seconds after which a request that is not at the head looks whether the head still lives."""

_PATIENCE: Final = 2.0
"""Seconds by which the head may be late, before it leaves the queue: its event loop may be kept
busy, and then it lines up again, or have been left in the middle."""


class RateLimit:
    """How many requests and tokens a minute, and how many responses at once.

    For a client: `from_openai(sdk, rate_limit=RateLimit(...))`. It holds for all its calls, of
    all threads, tasks and event loops, and for every request: the first, retries, and follow-ups.
    Several clients may share one; processes cannot. Requests are evenly spread and not sent in
    bursts, three percent below the limit, in the order in which they came. No thread is started.

    A request that is rejected by a 429 makes all others wait: as long as `Retry-After` says, at
    most 60 s, else 1 s, and twice as long after each other 429 in a row, up to 30 s. Where
    responses carry `x-ratelimit-*` headers, as OpenAI's do, or `anthropic-ratelimit-*`, a limit
    lower than the one given here counts, by the minute; and where nothing remains, all wait until
    it is reset, at most 60 s.

    The SDK's own retries cannot be seen from here. They are off in calls with `max_retries`.

    Args:
        requests_per_minute: Requests in any minute; None for no bound.
        tokens_per_minute: Tokens in any minute, input and output; None for no bound. What a
            request takes is estimated before it goes: four characters of input are a token, and
            the output is `max_tokens` (`max_completion_tokens`, `max_output_tokens`) if given,
            else the running mean of earlier responses, 500 at first. It is corrected by the
            reported usage when the response ends. Images and files are not counted before that.
            A request of more tokens than allowed goes alone, a minute after the one before.
        concurrent: Responses that are open at one time, from the request to the end; None for no
            bound. Whoever holds that many and asks for another one waits forever, or for
            `deadline=`.

    Raises:
        TypeError: One of them is not an integer.
        ValueError: One of them is less than 1.

    Example:
        >>> limit = RateLimit(requests_per_minute=500, tokens_per_minute=200_000, concurrent=20)
        >>> limit.waiting, limit.open
        (0, 0)
    """

    _minute: ClassVar[float] = 60.0  # for tests, which have less time

    @names_meant
    def __init__(
        self,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        concurrent: int | None = None,
    ) -> None:
        _check("requests_per_minute", requests_per_minute)
        _check("tokens_per_minute", tokens_per_minute)
        _check("concurrent", concurrent)
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self.concurrent = concurrent
        minute = self._minute
        self._requests = Pace(requests_per_minute, minute) if requests_per_minute else None
        self._tokens = Pace(tokens_per_minute, minute) if tokens_per_minute else None
        self._paces = [pace for pace in (self._requests, self._tokens) if pace is not None]
        self._guess = OutputGuess()
        # Reentrant: a permit may be collected, and so ended, wherever memory is asked for.
        self._lock = threading.RLock()
        self._queue: deque[Ticket] = deque()
        self._open = 0
        self._waited = 0.0
        self._held_until = -math.inf
        self._refusals = 0  # 429s in a row

    def __repr__(self) -> str:
        return (
            f"RateLimit(requests_per_minute={self.requests_per_minute}, "
            f"tokens_per_minute={self.tokens_per_minute}, concurrent={self.concurrent})"
        )

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return len(self._queue)

    @property
    def open(self) -> int:
        """Requests that were sent, and whose response has not been closed."""
        return self._open

    @property
    def waited(self) -> float:
        """Seconds that requests have waited until now, all together."""
        return self._waited

    def _clock(self) -> float:
        return time.monotonic()

    # -- for the calls ---------------------------------------------------------------------

    def ticket(self, kind: type[Ticket], arguments: Mapping[str, Any]) -> Ticket:
        """Line up with a request; gives the place in the queue."""
        tokens = 0 if self._tokens is None else estimate(arguments, self._guess)
        ticket = kind(tokens, self._clock())
        with self._lock:
            self._line_up(ticket)
        return ticket

    def enter(self, ticket: Ticket) -> Permit | float:
        """Ask for one's turn: gives the permit to send, or how long to wait until asking again."""
        with self._lock:
            now = self._clock()
            if not ticket.in_queue:
                self._line_up(ticket)
            self._pass_over_head(now, ticket)
            if self._queue[0] is not ticket:
                return _LOOK_AGAIN
            if self.concurrent is not None and self._open >= self.concurrent:
                ticket.due = None
                return _LOOK_AGAIN
            at = self._held_until
            for pace, units in self._costs(ticket):
                at = max(at, pace.ready_at(units, ticket.since))
            if at > now:
                ticket.due = at
                return at - now
            self._drop_head()
            spent = [pace.spend(units, ticket.since, now) for pace, units in self._costs(ticket)]
            self._open += 1
            self._waited += now - ticket.since
            self._wake_head(now)
            return Permit(self, now, spent[-1] if self._tokens is not None else None)

    def leave(self, ticket: Ticket) -> None:
        """Do not wait any more; nothing happens if it is not in the queue."""
        with self._lock:
            queue = self._queue
            if ticket.in_queue:
                self._waited += self._clock() - ticket.since
                was_head = queue[0] is ticket
                queue.remove(ticket)
                ticket.in_queue = False
                if was_head:
                    self._wake_head(self._clock())

    def _costs(self, ticket: Ticket) -> list[tuple[Pace, int]]:
        return [(pace, ticket.tokens if pace is self._tokens else 1) for pace in self._paces]

    def _line_up(self, ticket: Ticket) -> None:
        self._queue.append(ticket)
        ticket.in_queue = True
        ticket.due = None

    def _drop_head(self) -> None:
        self._queue.popleft().in_queue = False

    def _wake_head(self, now: float) -> None:
        while self._queue:
            head = self._queue[0]
            head.due = now
            if head.wake():
                return
            self._drop_head()

    def _pass_over_head(self, now: float, ticket: Ticket) -> None:
        """A head that does not come, or never can, leaves the queue."""
        head = self._queue[0]
        if head is ticket:
            return
        late = head.due is not None and now - head.due >= _PATIENCE
        if late or head.is_dead():
            self._drop_head()
            if self._queue[0] is not ticket:
                self._wake_head(now)

    # -- for permits -----------------------------------------------------------------------

    def end(self, permit: Permit, usage: Usage | None) -> None:
        """A response was closed; `usage` is what it took, if its provider has said."""
        with self._lock:
            self._open -= 1
            if usage is not None and usage.total_tokens and self._tokens is not None:
                if usage.output_tokens:
                    self._guess.learn(usage.output_tokens)
                if permit.spent is not None:
                    self._tokens.correct(permit.spent, usage.total_tokens)
            self._wake_head(self._clock())

    def answered(self, permit: Permit, headers: Mapping[str, str]) -> None:
        """A response has come; its headers may tell of limits."""
        with self._lock:
            if permit.sent_at >= self._held_until:
                self._refusals = 0
            seconds = self._learn(headers)
            if seconds > 0:
                self._hold(seconds)

    def rejected(self, permit: Permit, error: Exception) -> None:
        """A request has failed; a 429 makes all others wait."""
        failure = translate(error, Outcome("empty"))
        if not isinstance(failure, ProviderError) or failure.status != 429:
            return
        headers: Any = getattr(getattr(error, "response", None), "headers", None)
        with self._lock:
            seconds = retry_after(error)
            if seconds is None and callable(getattr(headers, "get", None)):
                seconds = self._learn(headers) or None
            if seconds is None:
                if permit.sent_at < self._held_until:
                    return  # one of many that went before the first of them was rejected
                self._refusals += 1
                seconds = min(FIRST_PAUSE * 2.0 ** min(self._refusals - 1, 16), LONGEST_PAUSE)
            self._hold(seconds)
        logger.info("rejected with status 429: all requests wait for %.2f s", seconds)

    def _learn(self, headers: Mapping[str, str]) -> float:
        """Note a server's limits; gives the seconds for which it allows nothing."""
        exhausted = 0.0
        for unit in UNITS:
            said = server_limit(headers, unit)
            pace = self._requests if unit == "requests" else self._tokens
            if pace is not None and said.limit:
                pace.bound(said.limit)
            exhausted = max(exhausted, said.exhausted_for)
        return exhausted

    def _hold(self, seconds: float) -> None:
        until = self._clock() + min(seconds, LONGEST_RETRY_AFTER)
        self._held_until = max(self._held_until, until)
        for pace in self._paces:
            pace.hold(until)


class Permit:
    """The right to send one request, and to have its response open; to be ended.

    Args:
        limit: What gave it.
        sent_at: When.
        spent: The tokens that were counted for it, None if they are not.
    """

    def __init__(self, limit: RateLimit, sent_at: float, spent: Spent | None) -> None:
        self._limit: RateLimit | None = limit
        self.sent_at = sent_at
        self.spent = spent

    def answered(self, response: Any) -> None:
        """The response has come; an HTTP library's if it is one."""
        headers: Any = getattr(response, "headers", None)
        if self._limit is not None and callable(getattr(headers, "get", None)):
            self._limit.answered(self, headers)

    def rejected(self, error: BaseException) -> None:
        """The request has failed."""
        try:
            if self._limit is not None and isinstance(error, Exception):
                self._limit.rejected(self, error)
        finally:
            self.end()

    def end(self, usage: Usage | None = None) -> None:
        """The response was closed. May be called again."""
        limit, self._limit = self._limit, None
        if limit is not None:
            limit.end(self, usage)

    def __del__(self) -> None:
        self.end()  # a stream that was dropped unread


def _check(name: str, number: Any) -> None:
    if number is None:
        return
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{name}= must be an integer, not {number!r}")
    if number < 1:
        raise ValueError(f"{name}= must be at least 1, not {number}")
