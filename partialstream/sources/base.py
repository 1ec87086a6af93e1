"""What every source promises, and every framing of a body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from partialstream.results import AnswerMetadata, Delta


Event = tuple[str, bytes, bool]
"""One event of a body: its type, `"message"` if it names none; its data; and whether these stood
in the body without a field name. A browser ignores such lines; providers send error bodies so, in
the place of a stream or within one."""


class Framing(Protocol):
    """Tells where one event of a body ends and the next begins. It has no limits of its own."""

    @property
    def held(self) -> int:
        """Bytes of the event that has not ended."""
        ...

    def feed(self, data: bytes) -> Iterable[Event]:
        """Read some bytes and give the events that end in them."""
        ...

    def finish(self) -> Iterable[Event]:
        """End the body and give what was left."""
        ...


class Source(Protocol):
    """Turns the chunks of one answer into deltas and metadata.

    One source reads one answer. What it learns beside the text is in `metadata`, the same
    object from the first chunk to the last.

    Attributes:
        metadata: What the answer has said beside its text so far.
    """

    metadata: AnswerMetadata

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk.

        Args:
            chunk: What the provider sent, in the shape that this source reads.

        Returns:
            The texts in it, in order, each with its channel; never an empty text. Two texts of
            the same document have equal channels, and a new tool call has a new one.

        Raises:
            ProviderError: If the chunk tells of an error or has an unknown shape. A chunk that
                holds text as well gives the text first, and the next call raises.
        """
        ...

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the answer. To be called once.

        Args:
            cut: Whether the stream ended before the answer did, as after a dropped connection:
                what belongs to a proper end is then not made up.

        Returns:
            What could not be told before the end: the `{}` of a tool call without arguments,
            an event whose closing blank line is missing.

        Raises:
            ProviderError: As `feed` does, but at once: no call follows that could raise it.
        """
        ...
