"""`partialstream parse`: validated JSON lines from what arrives on standard input."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json

from partialstream.cli.ending import one_line, reasons
from partialstream.cli.exit_codes import ExitCode
from partialstream.cli.output import write_error, write_line
from partialstream.cli.reading import InputFormat, as_chunks, read_pieces
from partialstream.cli.target import check_model, item_adapter, load_type
from partialstream.engine.parser import Handler, SyntaxReader
from partialstream.engine.position import Position
from partialstream.errors import IncompleteStreamError, PartialStreamError, format_path
from partialstream.limits import DEFAULT_LIMITS
from partialstream.results import Item
from partialstream.sources.common import error_in, is_object
from partialstream.stream.events import ItemRejected, TextDelta
from partialstream.stream.sync import stream_items, stream_partial
from partialstream.validation.completeness import completeness

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter

    from partialstream.results import Path, RejectedItem
    from partialstream.stream.sync import ItemStream, PartialStream


def parse_input(
    source: int,
    target: str,
    *,
    many: bool = False,
    path: str | None = None,
    partial: bool = False,
    strict: bool | None = None,
    form: InputFormat = InputFormat.AUTO,
) -> ExitCode:
    """Read a stream to its end, and write what it completes.

    Args:
        source: The descriptor of the file that it comes from.
        target: The type, as `module:Class`.
        many: Whether it is a list of the type, or one object of it.
        path: Where the list is; see `stream_items`.
        partial: See `parse_object`.
        strict: pydantic's strict mode.
        form: What the bytes are.

    Raises:
        UsageError: There is no such type.
        PartialStreamError: The stream is malformed, incomplete, refused, ….
        InputOutputError: It cannot be read, or the lines not written.
    """
    type_ = load_type(target)
    adapter = item_adapter(type_, target)
    chunks = as_chunks(read_pieces(source), form)
    if not many:
        model = check_model(type_, target)
        return parse_object(stream_partial(model, chunks, strict=strict), adapter, partial=partial)
    stream = stream_items(type_, chunks, path=path, on_invalid="skip", strict=strict)
    return parse_items(stream, adapter)


def parse_items(stream: ItemStream[Any], adapter: TypeAdapter[Any]) -> ExitCode:
    """Write each item as a line when it completes; rejected ones go to standard error.

    Args:
        stream: The items, made with `on_invalid="skip"`; closed at the end.
        adapter: Writes them.

    Raises:
        IncompleteStreamError: The input ends too early; the message says where.
        PartialStreamError: What else ended the stream.
    """
    place = Position()
    last: Path = ()
    rejected = total = 0
    with stream:
        try:
            for event in stream.events():
                if isinstance(event, TextDelta):
                    if event.channel.may_hold_document:
                        place = place.after(event.text)
                elif isinstance(event, Item):
                    total += 1
                    last = event.path
                    if not _write_item(adapter, event):
                        rejected += 1
                elif isinstance(event, ItemRejected):
                    total += 1
                    rejected += 1
                    last = event.item.path
                    _tell_of(event.item)
        except IncompleteStreamError as error:
            text = stream.text if place.offset <= DEFAULT_LIMITS.text_kept else ""
            raise _explain(error, text, place, _after(last)) from error
    if rejected:
        write_error(f"{rejected} of {total} items invalid")
    return ExitCode.INVALID if rejected else ExitCode.COMPLETE


def parse_object(
    stream: PartialStream[Any], adapter: TypeAdapter[Any], *, partial: bool
) -> ExitCode:
    """Write an object as a line when it is complete.

    Args:
        stream: Its snapshots; closed at the end.
        adapter: Writes them.
        partial: Whether each snapshot is a line, too: with the members that have arrived.

    Raises:
        IncompleteStreamError: The input ends too early; the message says where.
        PartialStreamError: What else ended the stream.
    """
    written = False
    with stream:
        try:
            for snapshot in stream:
                if completeness(snapshot) == "complete":
                    write_line(adapter.dump_json(snapshot))
                    written = True
                elif partial:
                    _write_snapshot(adapter, snapshot)
            if not written:
                write_line(adapter.dump_json(stream.final()))
        except IncompleteStreamError as error:
            text = stream.text
            raise _explain(error, text, Position().after(text), ()) from error
    return ExitCode.COMPLETE


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


def _tell_of(item: RejectedItem) -> None:
    why = reasons(item.error) if isinstance(item.error, ValidationError) else str(item.error)
    write_error(f"item {item.index} is invalid: {why}; raw: {one_line(item.raw)}")


def _after(path: Path) -> Path:
    """Where the element behind one in a list stands."""
    if path and isinstance(path[-1], int):
        return (*path[:-1], path[-1] + 1)
    return ()


def _explain(
    error: IncompleteStreamError, text: str, place: Position, base: Path
) -> PartialStreamError:
    """The error, with what can be said of it here and not by a stream.

    Args:
        error: The error.
        text: The text that was read, `""` if it is no longer known.
        place: Where it ended.
        base: Where its unfinished value stands in the document.
    """
    status = error.outcome.status if error.outcome is not None else ""
    if status == "no_json":
        return _provider_error(text) or error
    if status not in ("truncated", "disconnected", "stalled"):
        return error
    reader = SyntaxReader(Handler(), path=base)
    with suppress(PartialStreamError):  # what is unfinished behind prose may be anything
        reader.feed(error.tail)
    explained = IncompleteStreamError(
        f"{error}; ends at line {place.line} column {place.column} (offset {place.offset}), "
        f"in {format_path(reader.path)}",
        outcome=error.outcome,
    )
    explained.delivered = error.delivered
    return explained


def _provider_error(text: str) -> PartialStreamError | None:
    """The error that the whole input is: what a provider sends instead of an event stream."""
    try:
        value = from_json(text)
    except ValueError:
        return None
    return error_in(value) if is_object(value) else None
