"""One way to run a scenario through the sync and the async API, and to compare what they tell."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from life import run_async
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

from partialstream import (
    Item,
    ItemRejected,
    ItemStream,
    PartialStream,
    PartialStreamError,
    RejectedItem,
    Snapshot,
    TextDelta,
    astream_items,
    astream_partial,
    stream_items,
    stream_partial,
)
from partialstream.testing import async_fake_stream, chat_chunks, fake_stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream import Outcome, Timing, Usage

Kind = Literal["text", "dicts", "objects", "bytes"]
KINDS: tuple[Kind, ...] = ("text", "dicts", "objects", "bytes")
WIRES: tuple[Kind, ...] = ("dicts", "objects", "bytes")
Reading = Literal["values", "detailed", "events", "final"]


def as_chunks(
    kind: Kind,
    deltas: Sequence[str],
    *,
    finish: str | None = "stop",
    usage: Usage | None = None,
) -> list[Any]:
    """Deltas as the chunks of one kind of source."""
    if kind == "text":
        return list(deltas)
    return as_wire(kind, chat_chunks(deltas, finish_reason=finish, usage=usage))


def as_wire(kind: Kind, chunks: Sequence[dict[str, Any]]) -> list[Any]:
    """Chat completion chunks as one kind of source; bytes are cut within the events."""
    if kind == "dicts":
        return list(chunks)
    if kind == "objects":
        return [ChatCompletionChunk.construct(**chunk) for chunk in chunks]
    events = [json.dumps(chunk, ensure_ascii=False) for chunk in chunks]
    body = "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"]).encode()
    return [body[start : start + 37] for start in range(0, len(body), 37)]


@dataclass
class Told:
    """What a stream has told by its end."""

    values: list[Any] = field(default_factory=list)
    error: BaseException | None = None
    outcome: Outcome | None = None
    usage: Usage | None = None
    timing: Timing | None = None
    text: str = ""
    rejected: list[RejectedItem] = field(default_factory=list)
    closed: bool = False
    given: int = 0

    def comparable(self) -> list[Any]:
        """All of it that does not depend on the clock."""
        error = self.error
        message = re.sub(r"\(after [0-9.]+ s and", "(after 0.0 s and", str(error))
        facts = (
            (type(error), message, error.delivered, error.usage, error.outcome)
            if isinstance(error, PartialStreamError)
            else (type(error), message)
        )
        return [
            list(map(timeless, self.values)),
            facts,
            self.outcome,
            self.usage,
            self.text,
            [(rejected.index, rejected.raw, str(rejected.error)) for rejected in self.rejected],
            self.closed,
            self.given,
        ]


def timeless(value: Any) -> Any:
    """An item or event without its time, and with what can be compared."""
    if isinstance(value, Item):
        return replace(value, received_at=0.0)
    if isinstance(value, ItemRejected):
        return ("rejected", value.item.index, value.item.raw, value.item.path)
    if isinstance(value, Snapshot):
        return ("snapshot", repr(value.value))
    if isinstance(value, BaseModel):
        return repr(value)
    return value


class Sync:
    """Reads with `stream_items` and `stream_partial`."""

    name = "sync"

    def read(
        self,
        type_: Any,
        chunks: Sequence[Any],
        *,
        partial: bool = False,
        reading: Reading = "values",
        fails: BaseException | None = None,
        delay: float = 0.0,
        **options: Any,
    ) -> Told:
        told = Told()
        source = fake_stream(chunks, delay, error=fails)  # type: ignore[arg-type]  # KeyboardInterrupt
        stream: ItemStream[Any] | PartialStream[Any] = (
            stream_partial(type_, source, **options)
            if partial
            else stream_items(type_, source, **options)
        )
        try:
            if reading == "final":
                assert isinstance(stream, PartialStream)
                told.values.append(stream.final())
            else:
                for value in stream if reading == "values" else getattr(stream, reading)():
                    told.values.append(value)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test compares it
            told.error = error
        return _tell(told, stream, source)


class Async:
    """Reads with `astream_items` and `astream_partial`, in an event loop of its own."""

    name = "async"

    def read(
        self,
        type_: Any,
        chunks: Sequence[Any],
        *,
        partial: bool = False,
        reading: Reading = "values",
        fails: BaseException | None = None,
        delay: float = 0.0,
        **options: Any,
    ) -> Told:
        told = Told()

        async def main() -> Told:
            source = async_fake_stream(chunks, delay, error=fails)  # type: ignore[arg-type]  # see above
            stream: Any = (
                astream_partial(type_, source, **options)
                if partial
                else astream_items(type_, source, **options)
            )
            try:
                if reading == "final":
                    told.values.append(await stream.final())
                else:
                    async for value in (
                        stream if reading == "values" else getattr(stream, reading)()
                    ):
                        told.values.append(value)
            except BaseException as error:  # noqa: BLE001 - as above
                told.error = error
            return _tell(told, stream, source)

        return run_async(main, collect=False)


def _tell(told: Told, stream: Any, source: Any) -> Told:
    told.outcome, told.usage, told.timing = stream.outcome, stream.usage, stream.timing
    told.text = stream.text
    told.rejected = list(getattr(stream, "rejected", []))
    told.closed, told.given = source.closed, source.given
    return told


Driver = Sync | Async
DRIVERS: tuple[Driver, ...] = (Sync(), Async())


def join_texts(events: list[Any]) -> list[Any]:
    """Events with neighbouring texts of a channel joined, and without their times."""
    joined: list[Any] = []
    for event in map(timeless, events):
        last = joined[-1] if joined else None
        if (
            isinstance(event, TextDelta)
            and isinstance(last, TextDelta)
            and last.channel == event.channel
        ):
            joined[-1] = TextDelta(last.text + event.text, event.channel)
        else:
            joined.append(event)
    return joined
