"""What a session reports to its observer: where attempts begin and end, and how all ended.

Nothing is told of items or deltas, so that a stream that is watched costs what any other does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from partialstream.deltas import AnswerMetadata
    from partialstream.results import Attempt, AttemptCause, Outcome, Timing
    from partialstream.usage import Usage


class Target(NamedTuple):
    """Where a request goes, and what it asks."""

    operation: str  # by the GenAI conventions: "chat", "generate_content"
    server: tuple[str, int] | None  # host and port, None if they are not known
    arguments: Mapping[str, Any]  # for the SDK
    path: str = ""  # on the server, of all requests
    traced: bool = False  # whether other code instruments the SDK's client


class AttemptStart(NamedTuple):
    """A request that is about to be sent."""

    number: int
    cause: AttemptCause
    model: str | None
    provider: str | None
    streamed: bool
    target: Target


class AttemptEnd(NamedTuple):
    """How an attempt ended."""

    attempt: Attempt
    metadata: AnswerMetadata
    first_chunk: float | None  # seconds from its beginning, None if there was none
    delivered: int  # items of the stream so far
    error: BaseException | None  # what ended it, None if nothing did
    text: Callable[[], str]  # gives the text that came


class Retry(NamedTuple):
    """Another request will be made."""

    number: int
    cause: AttemptCause
    wait: float  # seconds before it
    error: BaseException  # why


class StreamEnd(NamedTuple):
    """How a stream ended."""

    outcome: Outcome | None  # None if the first request failed
    error: BaseException | None  # what is raised, None if nothing is
    delivered: int
    rejected: int
    attempts: int
    usage: Usage | None
    timing: Timing


class Observer(Protocol):
    """Watches one stream. Its methods must not raise."""

    def began(self) -> None:
        """The call begins: its first request will be sent."""
        ...

    def sending(self, start: AttemptStart) -> AbstractContextManager[None]:
        """A request is sent within this block; leaving it by an exception ends the attempt."""
        ...

    def attempt_ended(self, end: AttemptEnd) -> None:
        """An attempt is over; it may have ended by an exception while it was sent."""
        ...

    def retrying(self, retry: Retry) -> None:
        """An attempt was not all that was wanted, and another will be made."""
        ...

    def ended(self, end: StreamEnd) -> None:
        """Nothing more will come. Told once."""
        ...
