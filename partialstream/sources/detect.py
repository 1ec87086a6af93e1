"""Which source reads a stream, told by its first chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.results import AnswerMetadata
from partialstream.sources.text import TextSource

if TYPE_CHECKING:
    from typing import Any

    from partialstream.results import Delta
    from partialstream.sources.base import Source


class UndecidedSource:
    """Waits for the first chunk that tells which source it needs, and then is that source.

    None, `""` and `b""` tell nothing: all kinds of streams begin with them.
    """

    def __init__(self, metadata: AnswerMetadata, limits: Limits) -> None:
        self.metadata = metadata
        self._limits = limits
        self._source: Source | None = None

    def feed(self, chunk: Any) -> list[Delta]:
        """Read one chunk.

        Raises:
            ProviderError: As the source does, and if no source knows the chunk.
        """
        if self._source is None:
            if _tells_nothing(chunk):
                return []
            self._source = source_for(chunk, self.metadata, limits=self._limits)
        return self._source.feed(chunk)

    def finish(self, *, cut: bool = False) -> list[Delta]:
        """End the answer, as the source does."""
        return [] if self._source is None else self._source.finish(cut=cut)


def source_for(
    chunk: Any, metadata: AnswerMetadata | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> Source:
    r"""Make the source for a stream that begins with this chunk.

    Args:
        chunk: The first chunk: text, bytes of the body, a dict or an SDK's object. It is not
            read: feed it to the source like those that follow.
        metadata: Where the source is to write, a new one by default.
        limits: Of them, `event_size` counts here, and for new metadata `text_kept` and `channels`.

    Raises:
        ProviderError: If no source knows such chunks. The message shows what it is.

    Example:
        >>> type(source_for("[1")).__name__, type(source_for(b"data: [DONE]\n\n")).__name__
        ('TextSource', 'SSESource')
    """
    if metadata is None:
        metadata = AnswerMetadata(text_kept=limits.text_kept, channels_allowed=limits.channels)
    if _tells_nothing(chunk):
        return UndecidedSource(metadata, limits)
    if isinstance(chunk, str):
        return TextSource(metadata)
    # Imported where they are needed: text needs no wire format.
    if isinstance(chunk, (bytes, bytearray, memoryview)):
        from partialstream.sources.framing import BodyFraming
        from partialstream.sources.sse_stream import SSESource

        return SSESource(metadata, framing=BodyFraming(event_size=limits.event_size))
    from partialstream.sources.wires import wire_for

    return wire_for(chunk, metadata)


def _tells_nothing(chunk: Any) -> bool:
    return chunk is None or (isinstance(chunk, (str, bytes, bytearray)) and not chunk)
