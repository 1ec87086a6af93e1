"""Messages in AWS's binary framing."""

from __future__ import annotations

import struct
from zlib import crc32


def header(name: str, value: str | int) -> bytes:
    """A header, with text or with four bytes."""
    head = bytes([len(name)]) + name.encode()
    if isinstance(value, int):
        return head + b"\x04" + struct.pack(">i", value)
    return head + b"\x07" + struct.pack(">H", len(value.encode())) + value.encode()


def message(payload: bytes | str, *extra: bytes, **headers: str) -> bytes:
    """A message of AWS's binary framing; `event_type` is the header `:event-type`."""
    data = payload.encode() if isinstance(payload, str) else payload
    head = b"".join(header(f":{name.replace('_', '-')}", text) for name, text in headers.items())
    head += b"".join(extra)
    return frame(head, data)


def frame(head: bytes, payload: bytes) -> bytes:
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack(">I", crc32(prelude)) + head + payload
    return body + struct.pack(">I", crc32(body))
