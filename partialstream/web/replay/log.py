"""What a log is: the frames of one response, numbered from 1, for any number of readers.

One run writes it. Two stores keep logs, in memory and in Redis; what is done with them is written
once, on top of the protocols here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

End = Literal["whole", "torn"]
"""How a body ends: as such, or broken off."""

ENDS: Final[dict[bytes, End]] = {b"whole": "whole", b"torn": "torn"}
"""The same, as a server has it."""

CHUNK: Final = 65_536
"""Bytes that are read from a log at once, a last frame beyond them included."""


class LogError(Exception):
    """A log cannot be written or read."""


class StoreError(LogError):
    """What keeps the logs does not respond."""


class FullError(LogError):
    """There are as many runs as may be."""

    def __init__(self) -> None:
        super().__init__("as many run as may be kept (max_logs=)")


class RevokedError(LogError):
    """The log is not this writer's any more."""

    def __init__(self) -> None:
        super().__init__("it was taken for dead: its event loop was blocked, or Redis has lost it")


class WriterLostError(LogError):
    """Nobody writes the log any more, and it has no end."""


class DroppedError(LogError):
    """The next frame was dropped, for the bound on the size of a log."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A piece of a body.

    Attributes:
        data: Its bytes.
        beat: Whether a heartbeat may follow it.
    """

    data: bytes
    beat: bool = True


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames that follow each other.

    Attributes:
        frames: The frames; none only where the log ends.
        end: How the log ends after them; None if it goes on.
    """

    frames: Sequence[Frame]
    end: End | None


@dataclass(frozen=True, slots=True)
class Span:
    """What a log holds at a moment.

    Attributes:
        first: The number of the first frame that is kept.
        last: The number of the last one; 0 before there is any.
        ended: Whether no more will come.
    """

    first: int
    last: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long logs are kept, and how many.

    Attributes:
        keep: Seconds after its end for which a log can be read.
        max_logs: Logs that are kept at once.
        lease: Seconds without a sign of its writer after which a log is given up.
    """

    keep: float
    max_logs: int
    lease: float


class Log(Protocol):
    """The log of one run.

    Attributes:
        wire: What the frames are of.
    """

    wire: str

    async def append(self, frames: Sequence[Frame], *, first: int, end: End | None) -> None:
        """Write frames.

        Args:
            frames: The frames.
            first: The number of the first frame to keep; those before it are dropped.
            end: How the log ends with them; None if it goes on.

        Raises:
            RevokedError: It was taken for dead.
        """
        ...

    async def tend(self) -> float:
        """Show that the writer lives; gives for how many seconds nobody has read.

        It is 0 while somebody reads, and less until the first reader comes, or should have. It is
        for ever where another run has the key now, as nobody will.

        Raises:
            RevokedError: It was taken for dead.
        """
        ...

    async def release(self) -> None:
        """Write no more; a log without an end has lost its writer then."""
        ...

    async def attach(self) -> None:
        """Begin to read: the writer is kept from stopping for want of readers."""
        ...

    async def detach(self) -> None:
        """Read no more."""
        ...

    async def span(self) -> Span | None:
        """What there is; None if it is gone."""
        ...

    async def read(self, after: int) -> Chunk:
        """Wait for frames after the one of a number; bounded in size.

        Raises:
            WriterLostError: None will come.
            DroppedError: Some are missing.
        """
        ...

    async def seal(self, after: int, frames: Sequence[Frame], end: End) -> None:
        """End a log whose writer is lost, unless somebody else has done so.

        Args:
            after: The number of the last frame.
            frames: What to add.
            end: How it ends.
        """
        ...


class Store(Protocol):
    """Keeps logs by their keys. Each method may raise `StoreError`."""

    async def begin(self, key: str, wire: str, *, renew: bool, name: str) -> tuple[Log, bool]:
        """Give the log of a key, and whether it is new, and so the caller's to write.

        Args:
            key: Any text.
            wire: What the frames of a new one are of.
            renew: Whether a known one is replaced, unless it is under way and has the same name.
            name: What the run is called; `""` for nothing.

        Raises:
            FullError: There is no room for a new one.
        """
        ...

    async def find(self, key: str) -> Log | None:
        """The log of a key."""
        ...

    async def aclose(self) -> None:
        """Close what belongs to it; it may be used again."""
        ...
