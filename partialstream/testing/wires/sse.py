"""Server-sent events, as bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def dumps(value: Any) -> bytes:
    r"""Write JSON the way providers do: no blanks, and characters as themselves.

    Only lone surrogates, which have no UTF-8, are escaped.

    Example:
        >>> dumps({"text": "€"}).decode()
        '{"text":"€"}'
        >>> dumps("\ud83d")
        b'"\\ud83d"'
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def event(
    data: bytes, *, name: str | None = None, newline: bytes = b"\n", space: bool = True
) -> bytes:
    r"""Write one event.

    Args:
        data: Its data, on one line.
        name: Its type, None for none.
        newline: What ends a line: `\n`, `\r\n` or `\r`.
        space: Whether a space follows `data:`.

    Example:
        >>> event(b"[DONE]")
        b'data: [DONE]\n\n'
    """
    head = b"" if name is None else b"event: " + name.encode() + newline
    return head + (b"data: " if space else b"data:") + data + newline * 2
