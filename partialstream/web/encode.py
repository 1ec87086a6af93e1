"""Events in, text out: what an HTTP response with a stream says, for any framework."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Literal

from typing_extensions import override

from partialstream.engine.changes import Change
from partialstream.errors import IncompleteStreamError
from partialstream.results import Outcome
from partialstream.spelling import names_meant
from partialstream.stream.changes import Throttle
from partialstream.stream.events import (
    AttemptFailed,
    AttemptStarted,
    Finished,
    ItemRejected,
    ItemRepaired,
    Resumed,
    Snapshot,
    TextDelta,
    is_item,
)
from partialstream.stream.transport import aclose_chunks, close_chunks
from partialstream.web.checks import check_seconds
from partialstream.web.endings import ending_of, report
from partialstream.web.wires.ag_ui import AgUi
from partialstream.web.wires.ai_sdk import AiSdk
from partialstream.web.wires.base import Wire
from partialstream.web.wires.ndjson import Ndjson
from partialstream.web.wires.object import Object
from partialstream.web.wires.sse import Sse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable

    from partialstream.web.wires.base import Ending

WireName = Literal["sse", "ndjson", "ai-sdk", "ag-ui", "object"]

WIRES: Final[dict[str, type[Wire]]] = {
    "sse": Sse,
    "ndjson": Ndjson,
    "ai-sdk": AiSdk,
    "ag-ui": AgUi,
    "object": Object,
}


UNSHOWN: Final = (
    *(TextDelta, ItemRepaired),
    *(AttemptStarted, AttemptFailed, Resumed),
)
"""Events that no wire shows, or only by what follows them."""


def wire_of(wire: WireName | Wire) -> Wire:
    """The wire of a name.

    Raises:
        ValueError: There is none of that name.
    """
    if isinstance(wire, Wire):
        return wire
    given: object = wire
    if isinstance(given, type) and issubclass(given, Wire):
        raise ValueError(f"wire= must be a wire, web.{given.__name__}(), not its class")
    if not isinstance(wire, str) or wire not in WIRES:  # pyright: ignore[reportUnnecessaryIsInstance] - users' code
        raise ValueError(f"wire= must be one of {', '.join(map(repr, WIRES))}, not {wire!r}")
    return WIRES[wire]()


def name_of(wire: Wire) -> str:
    """How users call a kind of wire.

    Example:
        >>> name_of(AgUi())
        'ag-ui'
    """
    names = [name for name, kind in WIRES.items() if kind is type(wire)]
    return names[0] if names else type(wire).__name__


def events_of(stream: Any, wire: Wire) -> Any:
    """What a wire shows of a stream; whatever has no events is taken for events."""
    events = getattr(stream, "events", None)
    if events is None:
        return stream
    if not hasattr(stream, "detailed"):  # an object
        return events(text=False, changes=True, by_alias=wire.by_alias)
    return events(text=False, ordered=wire.ordered)


class Encoding:
    """Encodes one stream. No I/O.

    Args:
        stream: The stream, for its usage; None where there is none yet.
        wire: The wire, begun.
        throttle: See `encode`.
        describe: See `encode`.
        clock: Seconds, from any start.
    """

    def __init__(
        self,
        stream: object,
        wire: Wire,
        *,
        throttle: float | None = None,
        describe: Callable[[Exception], str] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        if throttle is not None:
            check_seconds("throttle", throttle)
        self._describe = describe
        self._outcome: Outcome | None = None
        self._items: int | None = None
        self.read(stream)
        self.wire = wire
        self.throttle = Throttle(wire.throttle if throttle is None else throttle, clock)

    def read(self, stream: object) -> None:
        """The events are those of this stream."""
        self._stream = stream
        if hasattr(stream, "detailed"):
            self._items = 0
        self._is_open = hasattr(stream, "final")  # an object that is not complete yet
        self._has_begun = False

    def feed(self, event: Any) -> list[str]:
        """Take an event; gives the frames that are to be sent now."""
        if isinstance(event, Change):
            self._follow(event)
            changes = self.throttle.add(event)
            return self.wire.feed(changes) if changes else []
        if is_item(event):
            self._items = (self._items or 0) + 1
        elif isinstance(event, ItemRejected):
            self._items = self._items or 0
        elif isinstance(event, Finished):
            self._outcome = event.outcome
        elif isinstance(event, Snapshot):
            raise TypeError("a growing object is encoded by its changes: events(changes=True)")
        elif not isinstance(event, UNSHOWN):
            raise TypeError(f"a stream or its events are encoded, not {type(event).__name__}")
        return self.wire.feed([event])

    def _follow(self, change: Change) -> None:
        """The object is complete by its last change; the first of them sets the whole."""
        if not self._has_begun and (change.path or change.op != "set"):
            raise ValueError("changes are encoded from the first one on")
        self._has_begun = True
        self._is_open = change.op != "complete" or bool(change.path)

    def due(self) -> list[str]:
        """The frames for what was held back."""
        changes = self.throttle.take()
        return self.wire.feed(changes) if changes else []

    def end(self, error: Exception | None) -> tuple[list[str], Exception | None]:
        """The stream has ended, by an error or without.

        Returns:
            The last frames, and what is to be raised after them to tear the body.
        """
        frames: list[str] = []
        ending = self._ending(error)
        try:
            frames += self.due()
            frames += self.wire.end(ending)
        except Exception as failure:  # noqa: BLE001 - a serializer of the user's, told as any error
            error = error or failure
            ending = self._ending(error)
            frames += self.wire.end(ending)
        if ending.ok:
            return frames, None
        if error is None:
            error = IncompleteStreamError.of(self._outcome or Outcome("cancelled"))
        report(error)
        return frames, error if self.wire.tears else None

    def _ending(self, error: Exception | None) -> Ending:
        outcome = self._outcome
        if error is None and self._is_open and (outcome is None or outcome.ok):
            outcome = Outcome("cancelled")  # the page does not have all of it
        usage = getattr(self._stream, "usage", None)
        return ending_of(outcome, error, items=self._items, usage=usage, describe=self._describe)


@names_meant
def encode(
    events: Iterable[Any],
    wire: WireName | Wire = "sse",
    *,
    throttle: float | None = None,
    by_alias: bool | None = None,
    describe: Callable[[Exception], str] | None = None,
) -> Iterator[str]:
    """Encode a stream as the body of an HTTP response. No framework, no I/O.

    Errors of the stream are sent in the wire's format, and not raised; except on `"object"`, which
    cannot represent errors: there they are raised, and the server must abort the response.

    Args:
        events: A stream, or its events: `stream.events(changes=True)` of a growing object.
        wire: The format.
        throttle: Seconds in which changes are merged; None for the wire's default. What is held
            back is sent with the next event.
        by_alias: Whether fields have their aliases; None leaves that to the models.
        describe: Makes the message of an error; by default it is a fixed one for each outcome,
            since errors quote what the provider said and the model wrote.

    Closing the iterator closes the stream; WSGI servers do that when the browser has left, as soon
    as the next event arrives.

    Raises:
        ValueError: There is no such wire, or `throttle` is negative.
        TypeError: What is passed cannot be iterated.

    Example:
        >>> from partialstream import stream_items
        >>> print("".join(encode(stream_items(int, ["[1, 2", "0]"]), "ndjson")), end="")
        {"type":"item","index":0,"value":1}
        {"type":"item","index":1,"value":20}
        {"type":"done","outcome":"complete","items":2,"usage":null}
    """
    if not hasattr(events, "__iter__"):
        other = ": use aencode" if hasattr(events, "__aiter__") else ""
        raise TypeError(f"encode takes a sync stream or its events, not {events!r}{other}")
    begun = wire_of(wire).begin(by_alias=by_alias)
    encoding = Encoding(events, begun, throttle=throttle, describe=describe)
    return _Body(events, _encoded(encoding, events_of(events, begun)))


class _Body(Iterator[str]):
    """Frames of a stream, which is closed with them: also where none of them was read."""

    def __init__(self, stream: Any, frames: Generator[str, None, None]) -> None:
        self._stream = stream
        self._frames = frames

    @override
    def __next__(self) -> str:
        return next(self._frames)

    def close(self) -> None:
        """Close the stream."""
        self._frames.close()
        close_chunks(self._stream)


def _encoded(encoding: Encoding, events: Iterable[Any]) -> Generator[str, None, None]:
    error: Exception | None = None
    try:
        yield from encoding.wire.start()
        for event in events:
            yield from encoding.feed(event)
    except Exception as raised:  # noqa: BLE001 - told by the wire, or raised after it
        error = raised
    finally:
        close_chunks(events)
    frames, torn = encoding.end(error)
    yield from frames
    if torn is not None:
        raise torn


@names_meant
def aencode(
    events: AsyncIterable[Any],
    wire: WireName | Wire = "sse",
    *,
    throttle: float | None = None,
    by_alias: bool | None = None,
    describe: Callable[[Exception], str] | None = None,
) -> AsyncIterator[str]:
    """Encode an async stream; see `encode`. `aclose()` of the iterator closes the stream."""
    if not hasattr(events, "__aiter__"):
        other = ": use encode" if hasattr(events, "__iter__") else ""
        raise TypeError(f"aencode takes an async stream or its events, not {events!r}{other}")
    begun = wire_of(wire).begin(by_alias=by_alias)
    encoding = Encoding(events, begun, throttle=throttle, describe=describe)
    return _AsyncBody(events, _encoded_async(encoding, events_of(events, begun)))


class _AsyncBody(AsyncIterator[str]):
    """As `_Body`, with awaiting."""

    def __init__(self, stream: Any, frames: AsyncGenerator[str, None]) -> None:
        self._stream = stream
        self._frames = frames

    @override
    async def __anext__(self) -> str:
        return await anext(self._frames)

    async def aclose(self) -> None:
        """Close the stream."""
        await self._frames.aclose()
        await aclose_chunks(self._stream)


async def _encoded_async(
    encoding: Encoding, events: AsyncIterable[Any]
) -> AsyncGenerator[str, None]:
    error: Exception | None = None
    try:
        for frame in encoding.wire.start():
            yield frame
        async for event in events:
            for frame in encoding.feed(event):
                yield frame
    except Exception as raised:  # noqa: BLE001 - told by the wire, or raised after it
        error = raised
    finally:
        await aclose_chunks(events)
    frames, torn = encoding.end(error)
    for frame in frames:
        yield frame
    if torn is not None:
        raise torn
