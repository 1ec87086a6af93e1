"""How a stream is read: one loop, a generator of steps, and two thin drivers that do them.

The steps are: open the response, read it, hand events over, close it, await something, send a
request. When, and which, is for the session to say.
"""

from __future__ import annotations

from enum import Enum, auto
from math import fsum
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from partialstream.errors import PartialStreamError
from partialstream.results import Item, Outcome
from partialstream.stream.events import Snapshot
from partialstream.stream.steps import Steps, cannot_await
from partialstream.stream.transport import AsyncChunks, Chunks, is_over, no_chunks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence, Sized

    from partialstream.deltas import AnswerMetadata
    from partialstream.results import Attempt, Timing
    from partialstream.stream.session import Session
    from partialstream.usage import Usage

T = TypeVar("T")

Kinds = type | tuple[type, ...]
"""Kinds of events, as `isinstance` takes them."""

LEFT: Final = (
    "the stream is closed because a loop over it exited early; to read it in parts, use "
    "`it = iter(stream)` (`aiter` for async streams) and read from that"
)
ENDED: Final = (
    "the stream has ended; it can be read once: keep its values in a list to go over them again"
)
"""Raised for a second loop: an empty one would look like an empty response."""


class Step(Enum):
    """What a driver does. A list is handed over, anything else is awaited."""

    OPEN = auto()  # make the first request, unless it has been made
    READ = auto()  # fetch chunks and hand over what happens, until the session needs no more
    CLOSE = auto()  # close the response
    SEND = auto()  # send the session's request; the next chunks are those of its response


def drive(session: Session[Any]) -> Steps[None]:
    """Read a stream to its end, step by step.

    What doing a step raises is thrown in where it was asked for.
    """
    try:
        yield Step.OPEN
    except PartialStreamError as error:
        session.on_transport_error(error)
    more = True
    while more:
        if session.pending:
            yield session.take_pending()
        yield Step.READ
        yield Step.CLOSE
        more = yield from session.next_attempt()
        if more:
            try:
                yield Step.SEND
            except BaseException as error:  # noqa: BLE001 - the session says what it means
                session.on_transport_error(error)
    yield [session.close()]


def run(
    session: Session[Any], chunks: Chunks, kind: Kinds = object, *, values: bool = False
) -> Generator[Any, None, None]:
    """Read a stream: hand over what is wanted of its events, raise what is left.

    Args:
        session: The session.
        chunks: Where its chunks come from; closed at the end.
        kind: Which kinds of events are handed over.
        values: Whether the values of items and snapshots are handed over instead.
    """
    wanted: Any = (Item, Snapshot) if values else kind
    pull: Any = session.pull
    steps = drive(session)
    try:
        step: Any = next(steps)
        while True:
            try:
                if step is Step.READ:
                    while events := pull(chunks.iterator):
                        if session.outcome is not None:
                            chunks.close()  # no more is paid for than was asked for
                        for event in events:
                            if isinstance(event, wanted):
                                yield event.value if values else event
                elif type(step) is list:
                    for event in cast("Any", step):
                        if isinstance(event, wanted):
                            yield event.value if values else event
                elif step is Step.CLOSE:
                    chunks.close()
                elif step is Step.SEND:
                    chunks.send(session.request)
                elif step is not Step.OPEN:  # which was done when the stream was made
                    raise cannot_await(step)
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in, and raised from there
                step = steps.throw(error)
            else:
                step = next(steps)
    except StopIteration:
        pass
    finally:
        session.cancel()
        chunks.close()
    if session.failure is not None:
        raise session.failure


async def run_async(
    session: Session[Any], chunks: AsyncChunks, kind: Kinds = object, *, values: bool = False
) -> AsyncGenerator[Any, None]:
    """As `run`, with awaiting."""
    wanted: Any = (Item, Snapshot) if values else kind
    pull: Any = session.pull_async
    steps = drive(session)
    iterator: AsyncIterator[Any] = no_chunks()
    try:
        step: Any = next(steps)
        while True:
            result: Any = None
            try:
                if step is Step.READ:
                    while events := await pull(iterator):
                        if session.outcome is not None:
                            await chunks.close()  # as above
                        for event in events:
                            if isinstance(event, wanted):
                                yield event.value if values else event
                elif type(step) is list:
                    for event in cast("Any", step):
                        if isinstance(event, wanted):
                            yield event.value if values else event
                elif step is Step.CLOSE:
                    await chunks.leave()
                elif step is Step.SEND:
                    await chunks.send(session.request)
                    iterator = await chunks.open()
                elif step is Step.OPEN:
                    iterator = await chunks.open()
                else:
                    result = await step
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in, and raised from there
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration:
        pass
    finally:
        session.cancel()
        await chunks.close()
    if session.failure is not None:
        raise session.failure


def _count(attempts: Sequence[Attempt]) -> str:
    return "1 request" if len(attempts) == 1 else f"{len(attempts)} requests"


def fields_arrived(snapshot: Any) -> str:
    """How far a growing object has come."""
    arrived: Any = getattr(snapshot, "model_fields_set", snapshot)
    if arrived.__class__ is not dict and not isinstance(arrived, set):
        return "no fields"
    count = len(cast("Sized", arrived))
    return "1 field" if count == 1 else f"{count} fields"


class StreamInfo(Generic[T]):
    """What sync and async streams tell of themselves."""

    def __init__(self, session: Session[T], chunks: Chunks | AsyncChunks) -> None:
        self._session = session
        self._source = chunks
        self._over = ""  # why no further loop may begin

    def _known(self) -> Session[T]:
        """The session; ended if a loop over it was left, also where that cannot be awaited."""
        if self._over is LEFT:
            self._session.cancel()
        return self._session

    def _check_first(self, values: object) -> None:
        """Refuse a loop over a stream that was read; one that its owner closed has nothing more.

        Args:
            values: The generator of the stream's values.
        """
        if not (self._over or is_over(values)):
            return
        session = self._session
        if self._over is not LEFT:
            if session.failure is not None:
                raise session.failure
            if session.outcome == Outcome("cancelled"):
                return
        raise RuntimeError(self._over or ENDED)

    def __repr__(self) -> str:
        # Neither reads nor waits, and shows no text: it may be looked at in the middle of a call.
        session = self._known()
        outcome = session.outcome
        status: str = "running" if outcome is None else outcome.status
        if outcome is not None and outcome.finish_reason is not None:
            status += f" ({outcome.finish_reason})"
        return f"<{type(self).__name__} {status}: {self._progress()}, {_count(session.attempts)}>"

    def _progress(self) -> str:
        """How far it has come."""
        items, rejected = self._session.delivered, len(self._session.rejected)
        counted = "1 item" if items == 1 else f"{items} items"
        return f"{counted}, {rejected} rejected" if rejected else counted

    @property
    def outcome(self) -> Outcome | None:
        """How the stream ended; None while it runs.

        A loop that exits early ends the stream as `cancelled`, in async code too: there the
        response is closed by the event loop as soon as it runs.
        """
        return self._known().outcome

    @property
    def usage(self) -> Usage | None:
        """Tokens paid for; None while the provider has not said."""
        return self._known().usage

    @property
    def cost(self) -> float | None:
        """What the stream has cost so far, in US dollars, over all its attempts.

        By the table of genai-prices, at the prices of each attempt's model and provider; see
        `Attempt.cost`. Where an attempt ended before its usage came (`usage.complete` is False),
        the tokens that are missing are estimated at four characters each. For a stream that was
        opened elsewhere it is the price of the model that the response names, at its maker. None
        while nothing is known, and if the price of an attempt is not known.

        Raises:
            ModuleNotFoundError: The extra `cost` is not installed.
        """
        # What runs, and has not said what it takes, is not a part of the cost so far.
        counted = [each for each in self.attempts if each.outcome or each.usage]
        costs = [attempt.cost for attempt in counted]
        known = [cost for cost in costs if cost is not None]
        return fsum(known) if known and len(known) == len(costs) else None

    @property
    def metadata(self) -> AnswerMetadata:
        """What the response says beside its text: finish reason, model, id, reasoning and more.

        With retries, of the response that is read, or was read last.
        """
        return self._session.metadata

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the HTTP response, by lower-case names; empty where it is not known."""
        return self._source.headers

    @property
    def timing(self) -> Timing:
        """When things arrived, in seconds since the request."""
        return self._known().timing

    @property
    def attempts(self) -> list[Attempt]:
        """The requests that were made."""
        return self._known().attempts

    @property
    def text(self) -> str:
        """The text so far.

        Raises:
            LimitExceededError: It is longer than what is kept; see `Limits.text_kept`.
        """
        return self._session.text
