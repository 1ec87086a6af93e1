r"""Server-sent events, decoded from bytes that are cut anywhere.

After the rules of the HTML standard (section "Server-sent events", parsing an event stream),
but for what providers make necessary: the last event counts without its closing blank line, and
so does `[DONE]`; lines that are no field are not ignored (see `Event`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from partialstream.sources.base import Event

_DONE: Final = b"[DONE]"
_LINE: Final = 64  # bytes, about what it takes to hold a line beside what stands in it
_LF: Final = 0x0A
_UNNAMED: Final = "message"  # the type of an event that names none


class SSEDecoder:
    r"""Turns the bytes of a body into events, without I/O.

    Attributes:
        held: Bytes of the event that has not ended, as `Limits.event_size` counts them.

    Example:
        >>> decoder = SSEDecoder()
        >>> decoder.feed(b"data: [DO")
        []
        >>> decoder.feed(b"NE]\r\n\r\n")
        [('message', b'[DONE]', False)]
    """

    def __init__(self) -> None:
        self.held = 0
        self._line = bytearray()  # a line whose end has not arrived
        self._after_cr = False  # whether the last read ended within what may be a CRLF
        self._data: list[bytes] = []
        self._bare: list[bytes] = []
        self._size = 0  # of the lines in these two
        self._event = _UNNAMED

    def feed(self, data: bytes) -> list[Event]:
        """Read some bytes and give the events that end in them."""
        if self._after_cr and data:
            self._after_cr = False
            if data[0] == _LF:
                data = data[1:]
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        # Only these end a line; `bytes.splitlines` knows more, which may stand within data.
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._line:
            lines[0] = bytes(self._line + lines[0])
            self._line.clear()
        events: list[Event] = []
        held, size = self._data, self._size
        for line in lines:
            if line[:6] == b"data: ":
                held.append(line[6:])
                size += len(line) + _LINE
            elif line:
                size += self._read_field(line)
            else:
                if held:
                    events.append((self._event, b"\n".join(held), False))
                    held.clear()
                if self._bare:
                    events.append((_UNNAMED, b"\n".join(self._bare), True))
                    self._bare.clear()
                self._event = _UNNAMED
                size = 0
        self._line += rest
        if rest and bytes(self._line[:13]) in (b"data: [DONE]", b"data:[DONE]"):
            held.append(_DONE)
        if held == [_DONE]:
            # Some servers leave the connection open behind it, and its empty line out.
            events.append(("message", _DONE, False))
            self._line.clear()
            held.clear()
            size = 0
        self._size = size
        self.held = size + len(self._line)
        return events

    def finish(self) -> list[Event]:
        """End the body and give the event that it ended in, if any."""
        return self.feed(b"\n\n")

    def _read_field(self, line: bytes) -> int:
        """Read a line; gives what it takes to hold it."""
        name, _, value = line.partition(b":")
        if name in (b"", b"id", b"retry"):
            return 0  # without a name it is a comment, which keeps the connection alive
        value = value.removeprefix(b" ")
        if name == b"event":
            try:
                self._event = value.decode() or _UNNAMED
                return 0
            except UnicodeDecodeError:
                value = line  # which the reader of the data will find
        if name in (b"data", b"event"):
            self._data.append(value)
        else:
            self._bare.append(line)
        return len(line) + _LINE
