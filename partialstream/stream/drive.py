"""How a stream is read: one loop, a generator of steps, and two thin drivers that do them.

The steps are: open the response, read it, hand events over, close it, await something, send a
request. When, and which, is for the session to say.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from partialstream.errors import PartialStreamError
from partialstream.results import Item
from partialstream.stream.events import Snapshot
from partialstream.stream.session import Session, Steps, cannot_await
from partialstream.stream.transport import AsyncChunks, Chunks, no_chunks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator

    from partialstream.results import AnswerMetadata, Attempt, Outcome, Timing, Usage

T = TypeVar("T")

LEFT: Final = (
    "the stream is closed because a loop over it exited early; to read it in parts, use "
    "`it = iter(stream)` (`aiter` for async streams) and read from that"
)
"""Raised for a second loop: an empty one would look like the end of the response."""


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
    session: Session[Any], chunks: Chunks, kind: type = object, *, values: bool = False
) -> Generator[Any, None, None]:
    """Read a stream: hand over what is wanted of its events, raise what is left.

    Args:
        session: The session.
        chunks: Where its chunks come from; closed at the end.
        kind: Which kind of events is handed over.
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
    session: Session[Any], chunks: AsyncChunks, kind: type = object, *, values: bool = False
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


class StreamInfo(Generic[T]):
    """What sync and async streams tell of themselves."""

    def __init__(self, session: Session[T], chunks: Chunks | AsyncChunks) -> None:
        self._session = session
        self._source = chunks
        self._left = False

    @property
    def outcome(self) -> Outcome | None:
        """How the stream ended; None while it runs."""
        return self._session.outcome

    @property
    def usage(self) -> Usage | None:
        """Tokens paid for; None while the provider has not said."""
        return self._session.usage

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
        return self._session.timing

    @property
    def attempts(self) -> list[Attempt]:
        """The requests that were made."""
        return self._session.attempts

    @property
    def text(self) -> str:
        """The text so far.

        Raises:
            LimitExceededError: It is longer than what is kept; see `Limits.text_kept`.
        """
        return self._session.text
