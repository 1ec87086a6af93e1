"""`partialstream parse`: validated JSON lines from what arrives on standard input."""

from __future__ import annotations

import codecs
import os
import select
import sys
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json

from partialstream.cli.item_type import check_model, item_adapter, load_type
from partialstream.cli.options import InputFormat
from partialstream.cli.output import (
    ExitCode,
    InputOutputError,
    UsageError,
    one_line,
    reasons,
    write_error,
    write_line,
)
from partialstream.engine.parser import Handler, SyntaxReader
from partialstream.engine.position import Position
from partialstream.errors import (
    IncompleteStreamError,
    JSONSyntaxError,
    PartialStreamError,
    format_path,
)
from partialstream.limits import DEFAULT_LIMITS
from partialstream.results import Item
from partialstream.sources.aws import is_aws_event_stream
from partialstream.sources.common import error_in, is_object
from partialstream.stream.events import ItemRejected, Snapshot, TextDelta
from partialstream.stream.sync import stream_items, stream_partial
from partialstream.validation.paths import completeness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel, TypeAdapter

    from partialstream.cli.options import ParseOptions
    from partialstream.results import Path, RejectedItem
    from partialstream.stream.events import Event
    from partialstream.stream.sync import ItemStream, PartialStream

_SIZE = 64 * 1024  # a pipe's buffer on Linux
_BOM = b"\xef\xbb\xbf"

_SSE_STARTS = (b":", b"data:", b"event:", b"id:", b"retry:")
"""What the first line of an event stream begins with, and JSON never does."""


def parse_input(options: ParseOptions, source: int | None = None) -> ExitCode:
    """Read a stream to its end, from a file descriptor or standard input; write what is complete.

    Raises:
        CommandError: The options are wrong, or the input or output fails.
        PartialStreamError: The stream is malformed, incomplete, refused, ….
    """
    if options.path is not None and not options.many:
        raise UsageError("--path is for lists: it needs --many")
    if options.partial and options.many:
        raise UsageError("--partial is for one object: it does not go with --many")
    if source is None and sys.stdin is None:
        raise UsageError("there is no standard input")
    type_ = load_type(options.model)
    adapter = item_adapter(type_, options.model)
    descriptor = sys.stdin.fileno() if source is None else source
    chunks = as_chunks(read_pieces(descriptor), options.form)
    strict = options.strict or None
    if options.many:
        items = stream_items(type_, chunks, path=options.path, on_invalid="skip", strict=strict)
        return _parse_items(items, adapter)
    snapshots = stream_partial(check_model(type_, options.model), chunks, strict=strict)
    return _parse_object(snapshots, adapter, partial=options.partial)


def _parse_items(stream: ItemStream[Any], adapter: TypeAdapter[Any]) -> ExitCode:
    """Write each item as a line when it completes; rejected ones go to standard error."""
    rejected = total = 0
    with stream:
        for event in _read(stream):
            if isinstance(event, (Item, ItemRejected)):
                total += 1
                accepted = isinstance(event, Item) and _write_item(adapter, event)
                rejected += not accepted
                if isinstance(event, ItemRejected):
                    _report(event.item)
    if rejected:
        write_error(f"{rejected} of {total} items invalid")
    return ExitCode.INVALID if rejected else ExitCode.COMPLETE


def _parse_object(
    stream: PartialStream[Any], adapter: TypeAdapter[Any], *, partial: bool
) -> ExitCode:
    """Write an object as a line when it is complete, with `partial` each snapshot before it."""
    written = False
    with stream:
        for event in _read(stream):
            if isinstance(event, Snapshot):
                if completeness(event.value) == "complete":
                    write_line(adapter.dump_json(event.value))
                    written = True
                elif partial:
                    _write_snapshot(adapter, event.value)
        if not written:
            write_line(adapter.dump_json(stream.final()))
    return ExitCode.COMPLETE


def _read(stream: ItemStream[Any] | PartialStream[Any]) -> Iterator[Event[Any]]:
    """Give the events of a stream; to the error of a truncated response add where it ends.

    A response without a list or object may be the error of a provider, sent without an event.
    """
    place = Position()
    path: Path = ()  # of the value that is open
    try:
        for event in stream.events():
            if isinstance(event, TextDelta):
                if event.channel.may_hold_document:
                    place = place.after(event.text)
            elif isinstance(event, (Item, ItemRejected)):
                path = event.path if isinstance(event, Item) else event.item.path
                path = (*path[:-1], path[-1] + 1) if path and isinstance(path[-1], int) else ()
            yield event
    except IncompleteStreamError as error:
        status = error.outcome.status if error.outcome is not None else ""
        if status == "no_json" and place.offset <= DEFAULT_LIMITS.text_kept:
            raise (_provider_error(stream.text) or error) from None
        if status not in ("truncated", "disconnected", "stalled"):
            raise
        reader = SyntaxReader(Handler(), path=path)
        with suppress(PartialStreamError):  # what is unfinished behind prose may be anything
            reader.feed(error.tail)
        raise IncompleteStreamError(
            f"{error.message}; ends at line {place.line} column {place.column} "
            f"(offset {place.offset}), in {format_path(reader.path)}",
            outcome=error.outcome,
        ) from error


def read_pieces(source: int) -> Iterator[bytes]:
    """Give what arrives from a descriptor when it arrives, never waiting for more."""
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

    That is bytes for a body, which has its own decoder, and text for everything else. `AUTO`
    goes by the first byte that is not a blank; only `BODY` takes JSON for the chunks of a
    response, as lines of JSON may well be the items.

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
        # So many blanks are read as text, whose limits they exceed.
        body = False if piece is None or len(start) > _SIZE else _is_body(start)
    rest = chain([start] if start else [], iterator)
    yield from rest if body else _decode(rest)


def _write_item(adapter: TypeAdapter[Any], item: Item[Any]) -> bool:
    """Write an item; whether its type's own serializers let it be written."""
    try:
        line = adapter.dump_json(item.value)
    except PydanticSerializationError as error:
        write_error(f"item {item.index} cannot be written as JSON: {error}")
        return False
    write_line(line)
    return True


def _write_snapshot(adapter: TypeAdapter[BaseModel], snapshot: BaseModel) -> None:
    # What has not arrived reads as a default, and computed fields may want to read it.
    try:
        line = adapter.dump_json(snapshot, exclude_unset=True, round_trip=True)
    except PydanticSerializationError:
        return  # a serializer that can do with a whole object only
    write_line(line)


def _report(item: RejectedItem) -> None:
    why = reasons(item.error) if isinstance(item.error, ValidationError) else str(item.error)
    write_error(f"item {item.index} is invalid: {why}; raw: {one_line(item.raw)}")


def _provider_error(text: str) -> PartialStreamError | None:
    """The error that the whole input is: what a provider sends instead of an event stream."""
    try:
        value = from_json(text)
    except ValueError:
        return None
    return error_in(value) if is_object(value) else None


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
                f"byte 0x{data[error.start]:02x} is not valid UTF-8",
                offset=place.offset,
                line=place.line,
                column=place.column,
                path=(),
            ) from error
        yield text
        place = place.after(text)
    # The end has cut a character, if one is held here: the document is cut as well, or what
    # follows it is of no interest.
