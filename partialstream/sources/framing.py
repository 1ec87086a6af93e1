"""What the body of a response consists of, told by its first bytes, blanks left out.

    { or [      JSON documents: NDJSON, one array, or one document
    0x00, 0x01  Amazon's event stream, if its first checksum is right
    any other   server-sent events

Where a byte may begin two of them, the next ones are waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.limits import DEFAULT_LIMITS
from partialstream.sources.aws_event_stream import AwsEventStreamDecoder, is_aws_event_stream
from partialstream.sources.json_documents import JSONDocumentsDecoder
from partialstream.sources.sse import SSEDecoder

if TYPE_CHECKING:
    from partialstream.sources.sse import ServerSentEvent
    from partialstream.sources.sse_stream import Framing

_BOM = b"\xef\xbb\xbf"


class BodyFraming:
    r"""Waits for the bytes that tell the framing of a body, and then is that framing.

    Args:
        event_size: See `Limits`.

    Example:
        >>> framing = BodyFraming()
        >>> framing.feed(b"\n")
        []
        >>> framing.feed(b'{"done":true}')[0].data
        '{"done":true}'
    """

    def __init__(self, *, event_size: int = DEFAULT_LIMITS.event_size) -> None:
        self._event_size = event_size
        self._head = b""
        self._chosen: Framing | None = None

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Read some bytes and give the events that end in them.

        Raises:
            ProviderError: As the framing does.
        """
        if self._chosen is None:
            # In no framing do blank lines at the start mean anything. Of blanks before the first
            # character one is kept: it makes of a field of an event none.
            given = self._head + data
            head = given.lstrip()
            if given[: len(given) - len(head)].endswith((b" ", b"\t")):
                head = b" " + head
            self._chosen = _framing_for(head, self._event_size)
            if self._chosen is None:
                self._head = head
                return []
            data, self._head = head.removeprefix(_BOM), b""
        return self._chosen.feed(data)

    def finish(self) -> list[ServerSentEvent]:
        """End the body, as the framing does.

        Raises:
            ProviderError: As the framing does.
        """
        if self._chosen is None:
            if not self._head.strip():
                return []
            # Too short for what it began like.
            self._chosen = SSEDecoder(event_size=self._event_size)
            return self._chosen.feed(self._head) + self._chosen.finish()
        return self._chosen.finish()


def _framing_for(head: bytes, event_size: int) -> Framing | None:
    """Make the framing of a body that begins so; None if that does not tell it."""
    is_aws = is_aws_event_stream(head)
    if is_aws is not False:
        return AwsEventStreamDecoder(event_size=event_size) if is_aws else None
    if head != _BOM and _BOM.startswith(head):
        return None
    text = head.removeprefix(_BOM).lstrip()
    if not text:
        return None
    if text[0] in b"{[":
        return JSONDocumentsDecoder(event_size=event_size)
    return SSEDecoder(event_size=event_size)
