r"""Server-sent events, decoded from bytes that are cut anywhere.

After the rules of the HTML standard (section "Server-sent events", parsing an event stream),
but for two things that providers make necessary: the last event counts without its closing
blank line, and lines that are no field are not ignored (see `ServerSentEvent.bare`).
"""

from __future__ import annotations

import codecs
from typing import NamedTuple

from partialstream.errors import LimitExceededError, ProviderError
from partialstream.limits import DEFAULT_LIMITS

_DECODER = codecs.getincrementaldecoder("utf-8")  # leaves out a character that is cut
_BOM = b"\xef\xbb\xbf"
_LINE = 64  # bytes, about what it takes to hold a line beside what stands in it
_COLON = 0x3A
_LF = 0x0A


class ServerSentEvent(NamedTuple):
    """One event.

    Attributes:
        event: Its type, `"message"` if it names none.
        data: Its data lines, joined by line feeds.
        id: The last event id that the stream has given, None before the first.
        bare: Whether the data stood in the body without a field name. A browser ignores such
            lines; providers send error bodies so, in the place of a stream or within one.
    """

    event: str
    data: str
    id: str | None = None
    bare: bool = False


class SSEDecoder:
    r"""Turns the bytes of a body into events, without I/O.

    Args:
        event_size: See `Limits`.

    Example:
        >>> decoder = SSEDecoder()
        >>> decoder.feed(b"data: [DO")
        []
        >>> decoder.feed(b"NE]\r\n\r\n")
        [ServerSentEvent(event='message', data='[DONE]', id=None, bare=False)]
    """

    def __init__(self, *, event_size: int = DEFAULT_LIMITS.event_size) -> None:
        self._event_size = event_size
        self._line = bytearray()  # a line whose end has not arrived
        self._after_cr = False  # whether the last read ended within what may be a CRLF
        self._at_start = True
        self._data: list[bytes] = []
        self._bare: list[bytes] = []
        self._held = 0  # the bytes in these two, as they are counted
        self._event = ""
        self._id: str | None = None
        self._failure: ProviderError | LimitExceededError | None = None

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Read some bytes and give the events that end in them.

        Raises:
            ProviderError: If an event is no UTF-8. The events before it are given first, and the
                next call raises.
            LimitExceededError: If an event is too long; as above.
        """
        if self._failure is not None:
            raise self._failure
        if self._after_cr and data:
            self._after_cr = False
            if data[0] == _LF:
                data = data[1:]
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        # Only these end a line; `str.splitlines` knows more, which may stand within data.
        lines = data.split(b"\n")
        self._line += lines[0]
        events: list[ServerSentEvent] = []
        try:
            if len(lines) > 1:
                lines[0] = bytes(self._line)
                self._line = bytearray(lines.pop())
                self._read(lines, events)
            if self._held + len(self._line) > self._event_size:
                raise event_too_long(self._event_size)
        except (ProviderError, LimitExceededError) as error:
            self._failure = error
            if not events:
                raise
        return events

    def finish(self) -> list[ServerSentEvent]:
        """End the body and give the event that it ended in, if any.

        Raises:
            ProviderError: As `feed` does. A character that is cut by the end is left out.
        """
        if self._failure is not None:
            raise self._failure
        events: list[ServerSentEvent] = []
        self._read([bytes(self._line)] if self._line else [], events)
        self._line = bytearray()
        self._dispatch(events, final=False)
        return events

    def _read(self, lines: list[bytes], events: list[ServerSentEvent]) -> None:
        if self._at_start and lines:
            self._at_start = False
            lines[0] = lines[0].removeprefix(_BOM)
        data = self._data
        for line in lines:
            if line[:6] == b"data: ":
                data.append(line[6:])
                self._held += len(line) + _LINE
            elif line:
                self._read_field(line)
            else:
                self._dispatch(events)

    def _read_field(self, line: bytes) -> None:
        if line[0] == _COLON:
            return  # a comment, which keeps the connection alive
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._held += len(line) + _LINE
        elif name == b"event":
            self._event = utf8_text(value)
        elif name == b"id":
            if b"\0" not in value:
                self._id = utf8_text(value)
        elif name != b"retry":
            self._bare.append(line)
            self._held += len(line) + _LINE

    def _dispatch(self, events: list[ServerSentEvent], *, final: bool = True) -> None:
        if self._data:
            data = utf8_text(b"\n".join(self._data), final=final)
            events.append(ServerSentEvent(self._event or "message", data, self._id))
            self._data.clear()
        if self._bare:
            text = utf8_text(b"\n".join(self._bare), final=final)
            events.append(ServerSentEvent("message", text, self._id, bare=True))
            self._bare.clear()
        self._event = ""
        self._held = 0


def event_too_long(event_size: int) -> LimitExceededError:
    """What is raised for an event, or a document, that has not ended in so many bytes."""
    return LimitExceededError(
        "event_size",
        event_size,
        f"an event of the response has not ended after {event_size} bytes",
    )


def utf8_text(data: bytes, *, final: bool = True) -> str:
    r"""Decode a text of a body.

    Args:
        data: Its bytes.
        final: Whether it is whole; if not, a character that is cut at its end is left out.

    Raises:
        ProviderError: If it is no UTF-8.

    Example:
        >>> utf8_text(b"na\xc3", final=False)
        'na'
    """
    try:
        return data.decode() if final else _DECODER().decode(data)
    except UnicodeDecodeError as error:
        raise ProviderError(f"the response is no UTF-8: {error}", chunk=data) from error
