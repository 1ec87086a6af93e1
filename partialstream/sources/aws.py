r"""The binary framing `application/vnd.amazon.eventstream`, in which Bedrock responds.

    length of it all │ length of the headers │ CRC of these 8 bytes │ headers │ payload │ CRC of all
    4 bytes          │ 4                     │ 4                    │         │         │ 4

All numbers are big-endian. A header is the length of its name (1 byte), its name, the type of
its value (1 byte) and its value. Three headers matter: `:message-type` says whether it is an
event, an exception that the service models, or an error that it does not.

botocore's `EventStreamBuffer` is not used: it copies all that it holds with each read (a message
byte by byte takes quadratic time), knows no limit below 24 MiB, takes a header that is cut for
whole, and a body that is read here needs no botocore otherwise.
"""

from __future__ import annotations

import json
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zlib import crc32

from partialstream.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partialstream.sources.base import Event

_PRELUDE: Final = struct.Struct(">III")
_CHECKSUM: Final = 4

# What the format allows: 24 Mi of payload, 128 Ki of headers.
_LONGEST: Final = 24 * 1024 * 1024 + 128 * 1024 + _PRELUDE.size + _CHECKSUM

# The bytes of a value by its type: true, false, byte, short, integer, long, timestamp, uuid.
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
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

    Attributes:
        held: Bytes that are held, or are going to be: a message begins with its length.

    Example:
        >>> decoder = AwsEventStreamDecoder()
        >>> list(decoder.feed(bytes.fromhex("0000002f0000001f")))
        []
    """

    def __init__(self) -> None:
        self.held = 0
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[Event]:
        """Read some bytes and give the events that end in them.

        Raises:
            ProviderError: If a checksum is wrong, or a message is malformed.
        """
        self._data += data
        if len(self._data) < self.held:
            return  # the message has not arrived, and its length is known
        start = length = 0
        while len(self._data) - start >= _PRELUDE.size:
            found = _length_in(self._data[start : start + _PRELUDE.size])
            if found is None:
                raise ProviderError("the response is not an event stream: the checksum is wrong")
            length = found
            if start + length > len(self._data):
                break
            yield _event_in(bytes(self._data[start : start + length]))
            start, length = start + length, 0
        del self._data[:start]
        self.held = max(length, len(self._data))

    def finish(self) -> Iterator[Event]:
        """End the body. A message that the end has cut is left out."""
        return iter(())


def _length_in(prelude: bytes | bytearray) -> int | None:
    """Give the length of a message, None if what it begins with is none."""
    length, headers, checksum = _PRELUDE.unpack_from(prelude)
    if not _PRELUDE.size + headers + _CHECKSUM <= length <= _LONGEST:
        return None
    return length if crc32(prelude[:8]) == checksum else None


def _event_in(message: bytes) -> Event:
    if crc32(message[:-_CHECKSUM]) != int.from_bytes(message[-_CHECKSUM:], "big"):
        raise ProviderError("an event of the response was damaged on its way: wrong checksum")
    end = _PRELUDE.size + _PRELUDE.unpack_from(message)[1]
    payload = message[end:-_CHECKSUM] or b"{}"
    try:
        headers = _read_headers(message[_PRELUDE.size : end])
        payload.decode()
    except (UnicodeDecodeError, struct.error, IndexError, KeyError) as error:
        raise ProviderError(f"an event of the response is malformed: {error!r}") from error
    kind = headers.get(":message-type")
    if kind == "error":
        told = {
            "code": headers.get(":error-code"),
            "message": headers.get(":error-message") or payload.decode(),
        }
        return "error", json.dumps({"error": told}).encode(), False
    name = headers.get(":exception-type" if kind == "exception" else ":event-type") or "message"
    return name, _name_in_json(name) + payload + b"}", False


@lru_cache(maxsize=16)
def _name_in_json(name: str) -> bytes:
    return b"{%b:" % json.dumps(name).encode()


@lru_cache(maxsize=16)
def _read_headers(data: bytes) -> dict[str, str]:
    """Give the headers whose values are text. Those of one event are often those of the next.

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
