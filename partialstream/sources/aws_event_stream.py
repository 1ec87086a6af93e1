r"""The binary framing `application/vnd.amazon.eventstream`, in which Bedrock answers.

    length of it all │ length of the headers │ CRC of these 8 bytes │ headers │ payload │ CRC of all
    4 bytes          │ 4                     │ 4                    │         │         │ 4

All numbers are big-endian. A header is the length of its name (1 byte), its name, the type of
its value (1 byte) and its value. Three headers matter: `:message-type` says whether it is an
event, an exception that the service models, or an error that it does not.
"""

from __future__ import annotations

import json
import struct
from zlib import crc32

from partialstream.errors import LimitExceededError, ProviderError
from partialstream.limits import DEFAULT_LIMITS
from partialstream.sources.sse import ServerSentEvent, event_too_long

_PRELUDE = struct.Struct(">III")
_CHECKSUM = struct.Struct(">I")

# What the format allows: 24 Mi of payload, 128 Ki of headers.
_LONGEST = 24 * 1024 * 1024 + 128 * 1024 + _PRELUDE.size + _CHECKSUM.size

# The bytes of a value by its type: true, false, byte, short, integer, long, timestamp, uuid.
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_BYTES, _TEXT = 6, 7  # with their length, in two bytes, ahead of them


def is_aws_event_stream(head: bytes) -> bool | None:
    r"""Whether a body that begins so is in this framing.

    Args:
        head: Its first bytes; 12 are enough.

    Returns:
        None if there are too few bytes to tell.

    Example:
        >>> is_aws_event_stream(b"data: {}"), is_aws_event_stream(b"\0\0")
        (False, None)
    """
    if head and head[0] > _LONGEST >> 24:
        return False
    if len(head) < _PRELUDE.size:
        return None
    return _length_in(head) is not None


class AwsEventStreamDecoder:
    """Turns the bytes of a body into events, without I/O.

    The data of an event is the JSON object whose one member has the name of the event, and its
    payload as value: the shape that boto3 gives. An exception looks the same. An error that the
    service does not model is an event of the type `"error"`.

    Args:
        event_size: See `Limits`.

    Example:
        >>> decoder = AwsEventStreamDecoder()
        >>> decoder.feed(bytes.fromhex("0000002f0000001f"))
        []
    """

    def __init__(self, *, event_size: int = DEFAULT_LIMITS.event_size) -> None:
        self._event_size = event_size
        self._data = bytearray()
        self._length = 0  # of the message that has begun, as soon as it is known
        self._failure: ProviderError | LimitExceededError | None = None

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """Read some bytes and give the events that end in them.

        Raises:
            ProviderError: If a checksum is wrong, or the payload is no UTF-8. The events before
                it are given first, and the next call raises.
            LimitExceededError: If a message is too long; as above.
        """
        if self._failure is not None:
            raise self._failure
        self._data += data
        events: list[ServerSentEvent] = []
        start = 0
        try:
            while (length := self._message_at(start)) is not None:
                end = start + length
                events.append(_event_in(bytes(self._data[start:end])))
                start, self._length = end, 0
        except (ProviderError, LimitExceededError) as error:
            self._failure = error
            if not events:
                raise
        del self._data[:start]
        return events

    def finish(self) -> list[ServerSentEvent]:
        """End the body. A message that the end has cut is left out.

        Raises:
            ProviderError: As `feed` does.
        """
        if self._failure is not None:
            raise self._failure
        return []

    def _message_at(self, start: int) -> int | None:
        """Give the length of the message that begins there, None if it has not arrived."""
        arrived = len(self._data) - start
        if self._length == 0:
            if arrived < _PRELUDE.size:
                return None
            length = _length_in(bytes(self._data[start : start + _PRELUDE.size]))
            if length is None:
                raise ProviderError("the response is no event stream: the checksum is wrong")
            if length > self._event_size:
                raise event_too_long(self._event_size)
            self._length = length
        return self._length if arrived >= self._length else None


def _length_in(prelude: bytes) -> int | None:
    """Give the length of a message, None if what it begins with is none."""
    length, headers, checksum = _PRELUDE.unpack_from(prelude)
    if not _PRELUDE.size + headers + _CHECKSUM.size <= length <= _LONGEST:
        return None
    return length if crc32(prelude[:8]) == checksum else None


def _event_in(message: bytes) -> ServerSentEvent:
    if crc32(message[: -_CHECKSUM.size]) != _CHECKSUM.unpack(message[-_CHECKSUM.size :])[0]:
        raise ProviderError("an event of the response was damaged on its way: wrong checksum")
    _, length, _ = _PRELUDE.unpack_from(message)
    end = _PRELUDE.size + length
    try:
        headers = _read_headers(message[_PRELUDE.size : end])
        payload = message[end : -_CHECKSUM.size].decode() or "{}"
    except (UnicodeDecodeError, struct.error, IndexError, KeyError) as error:
        raise ProviderError(f"an event of the response is malformed: {error!r}") from error
    kind = headers.get(":message-type")
    if kind == "error":
        told = {
            "code": headers.get(":error-code"),
            "message": headers.get(":error-message") or payload,
        }
        return ServerSentEvent("error", json.dumps({"error": told}))
    name = headers.get(":exception-type" if kind == "exception" else ":event-type") or "message"
    return ServerSentEvent(name, f"{{{json.dumps(name)}:{payload}}}")


def _read_headers(data: bytes) -> dict[str, str]:
    """Give the headers whose values are text.

    Raises:
        IndexError: If they are cut, as are `struct.error` and `KeyError` for unknown types.
    """
    headers: dict[str, str] = {}
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        name, kind, at = data[at + 1 : end].decode(), data[end], end + 1
        if kind in (_BYTES, _TEXT):
            (size,) = struct.unpack_from(">H", data, at)
            at += 2
        else:
            size = _SIZES[kind]
        if at + size > len(data):
            raise IndexError("a header is longer than all of them")
        if kind == _TEXT:
            headers[name] = data[at : at + size].decode()
        at += size
    return headers
