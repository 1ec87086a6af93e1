"""What a driver drives: the policy of a stream, over one answer or several. No I/O.

A driver does four things: it fetches chunks, hands over what the policy makes of them, waits,
and sends requests. When, and which, is for the policy to say.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Generator
from dataclasses import dataclass
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from partialstream.results import AnswerMetadata, Attempt, Outcome, Timing, Usage
    from partialstream.stream.events import Finished

V = TypeVar("V")
E = TypeVar("E")
W = TypeVar("W")
R = TypeVar("R")

LEFT: Final = (
    "a loop over this stream was left, which has closed it; to read some values now and some "
    "later, keep what `iter` or `aiter` gives, and read from that"
)
"""Said to who reads on: an empty loop would look like the end of the answer."""

Turn = Generator[Awaitable[Any], Any, R]
"""A piece of policy that may have to wait: it yields what is to be awaited, and gets the
result. A sync driver awaits nothing: what it may call has no need of it."""


class Reading(ABC, Generic[V, E]):
    """The policy of a stream.

    A failure does not discard what came before it: what `take` gives is to be handed over
    first, then `failure` is to be raised.

    Attributes:
        failure: What ended the stream, None while it runs or if it is complete.
        outcome: How the stream ended, None while it runs.
    """

    failure: BaseException | None
    outcome: Outcome | None

    def sending(self) -> None:
        """The first request is made now, and not when all this was set up."""

    # -- one answer ------------------------------------------------------------------------

    @abstractmethod
    def take(self, chunk: Any) -> list[V]:
        """Take a chunk; gives what it completes."""

    @abstractmethod
    def finish(self) -> list[V]:
        """The chunks ended; gives what only now is complete."""

    @abstractmethod
    def take_events(self, chunk: Any) -> list[E]:
        """Take a chunk; gives all that happens in it, in the order of the text."""

    @abstractmethod
    def finish_events(self) -> list[E]:
        """The chunks ended; gives what happens only now."""

    @abstractmethod
    def broken(self, error: BaseException) -> None:
        """Fetching a chunk, or sending a request, raised `error`."""

    @abstractmethod
    def has_read(self) -> bool:
        """Whether nothing more is to be read of this answer."""

    # -- between answers -------------------------------------------------------------------

    def turn(self) -> Turn[bool]:
        """An answer was read: find out what comes next, and wait until it may.

        Returns:
            Whether `request` is to be sent, and its answer to be read.
        """
        yield from ()  # a generator, like its overrides
        return False

    @property
    def request(self) -> Any:
        """The next request."""
        raise NotImplementedError("there is one answer only")

    def between(self) -> list[V]:
        """What `turn` has brought."""
        return []

    def between_events(self) -> list[E]:
        """What has happened in `turn`."""
        return []

    # -- the end ---------------------------------------------------------------------------

    def is_settled(self) -> bool:
        """Whether it is known how the stream ended; another thread or task may have left it."""
        return self.outcome is not None

    @abstractmethod
    def cancelled(self, detail: str = "") -> None:
        """The caller leaves; nothing happens if the stream is over.

        Args:
            detail: What is known of the reason.
        """

    @abstractmethod
    def close(self) -> Finished:
        """Nothing more will come: settles `outcome`, and what is to be raised in `failure`."""

    # -- for the user ----------------------------------------------------------------------

    @property
    @abstractmethod
    def metadata(self) -> AnswerMetadata:
        """What the answer says beside its text."""

    @property
    @abstractmethod
    def usage(self) -> Usage | None:
        """Tokens paid for, None while unknown."""

    @property
    @abstractmethod
    def timing(self) -> Timing:
        """When things arrived."""

    @property
    @abstractmethod
    def attempts(self) -> list[Attempt]:
        """The requests that were made."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The document's text so far."""


@dataclass(frozen=True, slots=True)
class Intake(Generic[W]):
    """One of the ways to read a stream: by its values, or by its events.

    Attributes:
        take: What a chunk brings.
        finish: What the end of the chunks brings.
        between: What the turn to another answer brings.
    """

    take: Callable[[Any], list[W]]
    finish: Callable[[], list[W]]
    between: Callable[[], list[W]]


def values(reading: Reading[V, Any]) -> Intake[V]:
    """To read a stream by its values."""
    return Intake(reading.take, reading.finish, reading.between)


def events(reading: Reading[Any, E]) -> Intake[E]:
    """To read a stream by its events."""
    return Intake(reading.take_events, reading.finish_events, reading.between_events)


def resolved(value: Awaitable[R] | R) -> Turn[R]:
    """The result of something that a sync or an async function gave."""
    if isawaitable(value):
        return cast("R", (yield value))
    return value


def run_turn(turn: Turn[R]) -> R:
    """Run a turn without a loop.

    Raises:
        TypeError: It has something to await.
    """
    try:
        awaited = next(turn)
    except StopIteration as stop:
        result: R = stop.value
        return result
    turn.close()
    close = getattr(awaited, "close", None)
    if close is not None:
        close()
    raise TypeError("an async function was given to a sync client, which cannot await it")


async def await_turn(turn: Turn[R]) -> R:
    """Run a turn, and await what it has to."""
    result: Any = None
    while True:
        try:
            awaited = turn.send(result)
        except StopIteration as stop:
            value: R = stop.value
            return value
        result = await awaited
