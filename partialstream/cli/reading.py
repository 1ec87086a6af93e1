"""Standard input as it arrives: the body of a streamed response, or text."""

from __future__ import annotations

import codecs
import os
import select
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

from partialstream.cli.output import InputOutputError
from partialstream.engine.position import Position
from partialstream.errors import JSONSyntaxError
from partialstream.sources.aws import is_aws_event_stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SIZE = 64 * 1024  # a pipe's buffer on Linux
_BOM = b"\xef\xbb\xbf"

_SSE_STARTS = (b":", b"data:", b"event:", b"id:", b"retry:")
"""What the first line of an event stream begins with, and JSON never does."""


class InputFormat(str, Enum):
    """What standard input holds."""

    AUTO = "auto"
    TEXT = "text"
    BODY = "body"


def read_pieces(source: int) -> Iterator[bytes]:
    """Give what arrives when it arrives, never waiting for more.

    Args:
        source: The descriptor of a file, a pipe, a terminal.

    Raises:
        InputOutputError: It cannot be read.
    """
    while True:
        try:
            piece = os.read(source, _SIZE)
        except BlockingIOError:  # whoever made the pipe does not want to wait; we do
            select.select([source], [], [])
            continue
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputOutputError(f"cannot read standard input: {reason}") from error
        if not piece:
            return
        yield piece


def as_chunks(pieces: Iterable[bytes], form: InputFormat) -> Iterator[bytes | str]:
    r"""Make of bytes that are cut anywhere what `stream_items` takes.

    Args:
        pieces: The bytes.
        form: What they are; `AUTO` tells by the first of them that is no blank.

    Returns:
        Bytes for a body, which has its own decoder; text for everything else. Only `BODY` takes
        JSON for the chunks of an answer: lines of JSON may well be the items.

    Raises:
        JSONSyntaxError: Text is no UTF-8.

    Example:
        >>> list(as_chunks([b"[1, ", b'"\xe2\x82', b'\xac"]'], InputFormat.AUTO))
        ['[1, ', '"', '€"]']
        >>> list(as_chunks([b"\nda", b"ta: [DO", b"NE]"], InputFormat.AUTO))
        [b'\ndata: [DO', b'NE]']
    """
    iterator = iter(pieces)
    start = b""
    body = {InputFormat.BODY: True, InputFormat.TEXT: False}.get(form)
    while body is None:
        piece = next(iterator, None)
        start += piece or b""
        # So many blanks are neither; that is for the limits of a text to say.
        body = False if piece is None or len(start) > _SIZE else _is_body(start)
    rest = chain([start] if start else [], iterator)
    yield from rest if body else _decode(rest)


def _is_body(start: bytes) -> bool | None:
    """Whether what begins so is an event stream; None if it cannot be told yet."""
    if (amazons := is_aws_event_stream(start)) is not False:
        return amazons
    if _BOM.startswith(start):
        return None
    start = start.removeprefix(_BOM).lstrip()
    if start.startswith(_SSE_STARTS):
        return True
    return None if any(mark.startswith(start) for mark in _SSE_STARTS) else False


def _decode(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    place = Position()
    for piece in pieces:
        held = decoder.getstate()[0]
        try:
            text = decoder.decode(piece)
        except UnicodeDecodeError as error:
            # What stands before it counts: an item may end there.
            data = held + piece
            text = data[: error.start].decode()
            yield text
            place = place.after(text)
            raise JSONSyntaxError(
                f"byte 0x{data[error.start]:02x} is no UTF-8",
                offset=place.offset,
                line=place.line,
                column=place.column,
                path=(),
            ) from error
        yield text
        place = place.after(text)
    # The end has cut a character, if one is held here: the document is cut as well, or what
    # follows it is of no interest.
