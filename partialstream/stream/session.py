"""A session reads one stream: it takes chunks and gives events. No I/O.

    feed(chunk), finish()            what happens in a response
    on_transport_error(error)        fetching a chunk, or sending a request, has failed
    next_attempt()                   a response was read: what comes next
    cancel(), close()                how it ended

All ways to read a stream are made of its events: values, `detailed()`, `take=`, `stop_when=` and
retries. Whatever is known of a stream as a whole is kept here, and nowhere else: what was
delivered and when, what was rejected, the attempts, the outcome.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from partialstream.errors import IncompleteStreamError, PartialStreamError
from partialstream.results import Attempt, AttemptCause, Item, Outcome, RejectedItem
from partialstream.stream.events import Event, Finished, ItemRejected, ItemRepaired, Snapshot
from partialstream.stream.observer import AttemptEnd, AttemptStart, StreamEnd
from partialstream.stream.stopping import StopRule

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from partialstream.deltas import AnswerMetadata
    from partialstream.engine.changes import Recording
    from partialstream.results import Path, Span, Timing
    from partialstream.stream.observer import Observer, Target
    from partialstream.stream.reader import ResponseReader
    from partialstream.stream.steps import Steps
    from partialstream.stream.stopping import Stop
    from partialstream.usage import Usage

T = TypeVar("T")

TIMES_KEPT: Final = 100_000
"""Items whose times are kept, so that a stream without end needs no more and more memory."""


class Session(Generic[T]):
    """Reads a stream of one response. `RetryingSession` reads several.

    With the last item or snapshot that is wanted, it ends as if the caller had left: nothing
    after that is handed over, nor asked for again.

    Args:
        reader: Reads the response.
        take: Number of items after which the stream ends; None for all.
        stop_when: Called with each item or snapshot: whether it is the last one.

    Raises:
        TypeError: See `StopRule`.
        ValueError: See `StopRule`.

    Attributes:
        failure: What is raised after the last event, None while the stream runs or if it is
            complete.
        outcome: How the stream ended, None while it runs.
        pending: Events of requests that wait to be handed over.
        on_cancel: Called when the caller leaves, by whichever thread or task that is.
        model: The model that the request under way asks for; see `Attempt`.
        provider: The provider of that model; see `Attempt`.
        estimate_input: Gives an estimate of the tokens of its input.
        observer: Observes the stream until it ends; None if there is no observer.
    """

    model: str | None = None
    provider: str | None = None
    estimate_input: Callable[[], int] = int  # which gives 0
    observer: Observer | None = None

    def __init__(
        self,
        reader: ResponseReader[T],
        take: int | None = None,
        stop_when: Callable[[T], bool] | None = None,
    ) -> None:
        self._reader = reader
        self._stop_rule: StopRule[T] | None = None
        if take is not None or stop_when is not None:
            self._stop_rule = StopRule(take, stop_when)
        self._delivered = 0
        self._brought_before = 0  # items that an earlier call delivered
        self._rejected: dict[int, RejectedItem] = {}
        self._attempts: list[Attempt] = []  # those that are over
        self._number: int = 1  # of the attempt under way
        self._cause: AttemptCause = "request"
        self._is_open = True  # whether it is under way
        self._began = 0.0
        self._stopped = False  # by `take` or `stop_when`
        self._last_shown: Any = None  # the last snapshot of the responses before this one
        self.pending: list[Event[T]] = []
        self.on_cancel: list[Callable[[], object]] = []
        self.failure: BaseException | None = None
        self.outcome: Outcome | None = None

    # -- one response ----------------------------------------------------------------------

    def start_clock(self) -> None:
        """The request is made now, and not when all this was set up."""
        if self._number == 1:
            self._reader.response.begin()
        self._began = self._reader.response.elapsed()

    def report_text(self) -> None:
        """From now on there are events for text, too."""
        self._reader.reports_text = True

    def keep_order(self) -> None:
        """From now on no item is handed over before those that stand before it in the list."""

    def record_changes(self, recording: Recording) -> None:
        """There are events for what a growing object gains, too.

        Raises:
            RuntimeError: A part of it has been read without.
        """
        self._reader.record(recording)

    def feed(self, chunk: Any) -> list[Event[T]]:
        """Take a chunk; gives what happens in it, in the order of the text."""
        return self._happened(self._reader.feed(chunk))

    def pull(self, chunks: Iterator[Any]) -> list[Event[T]]:
        """Take chunks until something happens; gives that. Nothing, if the response was read."""
        reader = self._reader
        while not (reader.done or self.failure is not None or self.outcome is not None):
            events = self._happened(reader.pull(chunks))
            if events:
                return events
        return []

    async def pull_async(self, chunks: AsyncIterator[Any]) -> list[Event[T]]:
        """As `pull`, with awaiting."""
        reader = self._reader
        while not (reader.done or self.failure is not None or self.outcome is not None):
            events = self._happened(await reader.pull_async(chunks))
            if events:
                return events
        return []

    def finish(self) -> list[Event[T]]:
        """The chunks of the response ended; gives what happens only now."""
        return self._happened(self._reader.finish())

    def on_transport_error(self, error: BaseException) -> list[Event[T]]:
        """Fetching a chunk, or sending a request, raised `error`; gives what was left over."""
        return self._happened(self._reader.on_transport_error(error))

    def finished(self) -> bool:
        """Whether it is known how the stream ended; another thread or task may have left it."""
        return self.outcome is not None

    def _happened(self, events: list[Event[T]]) -> list[Event[T]]:
        """Keep account of events, up to the last that is wanted; gives what is handed over."""
        if self._stopped:
            return []
        stop: Stop | None = None
        rule = self._stop_rule
        if rule is not None:
            events, stop = rule.apply(events, self._brought_before + self._delivered)
        timing = self._reader.response.timing
        now: float | None = None
        for event in events:
            if isinstance(event, Item):
                self._delivered += 1
                if now is None:
                    now = self._reader.response.elapsed()
                    if timing.first_item is None:
                        timing.first_item = now
                if len(timing.items) < TIMES_KEPT:
                    timing.items.append(now)
            elif isinstance(event, Snapshot):
                if timing.first_item is None:
                    timing.first_item = self._reader.response.elapsed()
            elif isinstance(event, ItemRejected):
                self._rejected[event.item.index] = event.item
            elif isinstance(event, ItemRepaired):
                self._rejected.pop(event.rejected.index, None)
        if stop is not None:
            self._stopped = True
            self.failure = stop.failure  # what else failed, failed after the last that is wanted
            self.cancel(stop.detail)
        return events

    # -- between responses -----------------------------------------------------------------

    def next_attempt(self) -> Steps[bool]:
        """A response was read: find out what comes next, and wait until it may.

        Steps that are lists are events to hand over.

        Returns:
            Whether `request` is to be sent, and the response to it to be read.
        """
        yield from ()  # a generator, like its overrides
        return False

    @property
    def request(self) -> Any:
        """The next request."""
        raise NotImplementedError("there is one response only")

    def take_pending(self) -> list[Event[T]]:
        """The events that wait; they are given once."""
        pending, self.pending = self.pending, []
        return pending

    def _end_attempt(self, outcome: Outcome | None = None) -> None:
        """The attempt is over; `outcome` tells how, if that is not how its response ended."""
        self._reader.close()
        self._add_attempt(outcome, self._reader.failure)

    def _add_attempt(self, outcome: Outcome | None, error: BaseException | None) -> None:
        attempt = self._attempt(outcome)
        insort(self._attempts, attempt, key=attrgetter("number"))
        self._is_open = False
        if self.observer is not None:
            self.observer.attempt_ended(self._attempt_end(attempt, error))

    def _attempt(self, outcome: Outcome | None = None) -> Attempt:
        reader = self._reader
        total = reader.response.timing.total
        until = reader.response.elapsed() if total is None else total
        usage = reader.usage
        ending = outcome or reader.outcome
        missing = (
            not (usage.complete or usage.input_tokens)
            if usage is not None
            else ending is not None and ending.status in ("disconnected", "stalled", "cancelled")
        )
        return Attempt(
            self._number,
            self._cause,
            ending,
            usage,
            until - self._began,
            model=self.model,
            provider=self.provider,
            responding_model=reader.response.metadata.model,
            estimated_input_tokens=self.estimate_input() if missing else 0,
        )

    # -- who watches it --------------------------------------------------------------------

    def attempt_start(self, target: Target, *, streamed: bool) -> AttemptStart:
        """What is to be said of the request that is about to be sent."""
        return AttemptStart(self._number, self._cause, self.model, self.provider, streamed, target)

    def _attempt_end(self, attempt: Attempt, error: BaseException | None) -> AttemptEnd:
        reader = self._reader
        first = reader.response.first_chunk
        return AttemptEnd(
            attempt,
            reader.response.metadata,
            None if first is None else first - self._began,
            self._delivered,
            error,
            lambda: reader.text,
        )

    def report_end(self, error: BaseException | None) -> None:
        """Tell the observer, if there is one, that nothing more will come; it is told once."""
        observer, self.observer = self.observer, None
        if observer is None:
            return
        if self._is_open:
            observer.attempt_ended(self._attempt_end(self._attempt(), error))
        observer.ended(
            StreamEnd(
                self.outcome,
                error,
                self._delivered,
                len(self._rejected),
                len(self.attempts),
                self.usage,
                self.timing,
            )
        )

    # -- the end ---------------------------------------------------------------------------

    def cancel(self, detail: str = "") -> None:
        """The caller leaves; nothing happens if the stream is over.

        Args:
            detail: What is known of the reason.
        """
        if self.outcome is None:
            self.outcome = Outcome("cancelled", detail=detail)
            self._reader.cancel(detail)
            self._reader.response.ended()
            for wake in tuple(self.on_cancel):
                wake()
            self.report_end(self.failure)

    def close(self) -> Finished:
        """Nothing more will come: settles `outcome`, and what is to be raised in `failure`."""
        reader = self._reader
        if self.outcome is None and self.failure is None:
            self._end_attempt()
            self.outcome, self.failure = reader.outcome, reader.failure
        failure = self.failure
        if isinstance(failure, PartialStreamError):
            if failure.outcome is None:
                failure.outcome = Outcome("invalid", detail=str(failure))
            reader.response.ended()
            self.add_context(failure)
            self.outcome = failure.outcome
        elif failure is not None and self.outcome is None:
            self.outcome = reader.outcome  # an exception that is not ours to explain
        reader.response.ended()
        self.cancel()
        self.report_end(failure)
        return Finished(self.outcome or Outcome("cancelled"))

    def add_context(self, error: PartialStreamError) -> None:
        """Note in an error when it happened, and what had been delivered by then."""
        total = self.timing.total
        error.usage = self.usage
        error.delivered = self._delivered
        rule = self._stop_rule
        error.snapshot = rule.last if rule is not None and self._stopped else self.snapshot
        error.elapsed = self._reader.response.elapsed() if total is None else total
        error.attempts = error.attempts or tuple(self.attempts)

    def final(self) -> T:
        """The validated object, once the stream is complete.

        Raises:
            PartialStreamError: There is none.
        """
        failure = self.failure
        if isinstance(failure, PartialStreamError):
            raise failure
        if self.outcome is None or not self.outcome.ok:
            # A snapshot is not validated as a whole, so it is not given.
            error = IncompleteStreamError.of(self.outcome or Outcome("cancelled"))
            self.add_context(error)
            raise error
        return self._reader.final()

    # -- for the user ----------------------------------------------------------------------

    @property
    def delivered(self) -> int:
        """How many items were handed over."""
        return self._delivered

    @property
    def snapshot(self) -> Any:
        """The last snapshot of a growing object, None before the first."""
        shown = self._reader.snapshot
        return self._last_shown if shown is None else shown

    @property
    def raw(self) -> str | None:
        """The text of the validated object; None before it is complete."""
        return self._reader.raw

    @property
    def spans(self) -> Mapping[Path, Span]:
        """The spans of its quotes."""
        return self._reader.spans

    @property
    def rejected(self) -> list[RejectedItem]:
        """The items that did not validate and were not repaired, in order of their index.

        Those after the last item that is wanted are not among them.
        """
        return sorted(self._rejected.values(), key=attrgetter("index"))

    @property
    def metadata(self) -> AnswerMetadata:
        """What the response says beside its text: the one that is read, or was read last."""
        return self._reader.response.metadata

    @property
    def timing(self) -> Timing:
        """When things arrived, counted from the first request."""
        return self._reader.response.timing

    @property
    def attempts(self) -> list[Attempt]:
        """The requests that were made."""
        if not self._is_open:
            return list(self._attempts)
        return sorted([*self._attempts, self._attempt()], key=attrgetter("number"))

    @property
    def usage(self) -> Usage | None:
        """Tokens paid for, of all attempts whose provider has said; None while unknown."""
        attempts = self.attempts
        known = [attempt.usage for attempt in attempts if attempt.usage is not None]
        if not known:
            return None
        # The tokens of a request that ended before its response began are not known.
        silent = any(each.usage is None and each.estimated_input_tokens for each in attempts)
        return sum(known[1:], known[0] if not silent else replace(known[0], complete=False))

    @property
    def text(self) -> str:
        """The text of the response that is read, or was read last."""
        return self._reader.text
