"""A case of a provider's stream, and its check as dicts, as an SDK's objects and as bytes."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness import byte_cuts
from openai.types.chat import ChatCompletionChunk
from pydantic import TypeAdapter

from partialstream import (
    IncompleteStreamError,
    PartialStreamError,
    ProviderError,
    RefusalError,
    Usage,
    astream_items,
    stream_items,
)
from partialstream.testing import async_fake_stream, fake_stream

if TYPE_CHECKING:
    from partialstream import AsyncItemStream, ItemStream

WAYS = ("dicts", "objects", "bytes")

_ERRORS: dict[str, type[PartialStreamError] | None] = {
    "complete": None,
    "refused": RefusalError,
    "filtered": RefusalError,
}


def chunk(delta: Any = None, finish: str | None = None, **members: Any) -> dict[str, Any]:
    """A chunk with one choice."""
    choice = {"index": 0, "delta": {} if delta is None else delta, "finish_reason": finish}
    return several(choice, **members)


def several(*choices: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A chunk with any number of choices."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": list(choices),
        **members,
    }


def says(text: str | None, finish: str | None = None) -> dict[str, Any]:
    return chunk({"content": text}, finish)


def call(arguments: str | None, index: int | None = None, **members: Any) -> dict[str, Any]:
    """An entry of `tool_calls`."""
    name = members.pop("name", None)
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    entry = {"function": function, **members}
    return entry if index is None else {"index": index, **entry}


def calls(*entries: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return chunk({"tool_calls": list(entries)}, finish)


ROLE = chunk({"role": "assistant", "content": ""})
STOP = chunk({}, "stop")
CALLED = chunk({}, "tool_calls")


@dataclass(frozen=True)
class Wire:
    """A row of a table: chunks, the items in them and how the answer ends.

    Attributes:
        name: What it shows.
        type_: The type of an item.
        chunks: The chunks.
        items: The items as JSON, each with the number of the chunk that completes it.
        status: The outcome's; `finish_reason`, `detail` and `tail` likewise.
        usage: Input and output tokens.
        error: The error where the status does not say which.
        done: Whether a body ends with `[DONE]`.
    """

    name: str
    type_: Any
    chunks: list[dict[str, Any]]
    items: list[tuple[str, int]]
    status: str = "complete"
    finish_reason: str | None = "stop"
    detail: str = ""
    tail: str = ""
    usage: tuple[int, int] | None = None
    error: type[PartialStreamError] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    done: bool = True

    def __str__(self) -> str:
        return self.name

    def body(self) -> bytes:
        """The chunks as an SSE body."""
        events = [json.dumps(chunk, ensure_ascii=False) for chunk in self.chunks]
        if self.done:
            events.append("[DONE]")
        return "".join(f"data: {event}\n\n" for event in events).encode()


@dataclass
class Run:
    values: list[Any] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    error: PartialStreamError | None = None


def check_wire(case: Wire, way: str) -> None:
    """Run a case in one of `WAYS`, sync and async."""
    streams: list[list[Any]]
    if way == "dicts":
        streams = [case.chunks]
    elif way == "objects":
        streams = [[ChatCompletionChunk.construct(**chunk) for chunk in case.chunks]]
    else:
        streams = list(byte_cuts(case.body()))
    for chunks in streams:
        run, stream = read(case.type_, chunks, **case.options)
        _check(case, run, stream, timed=way != "bytes")

    async def read_all() -> list[tuple[Run, AsyncItemStream[Any]]]:
        return [await aread(case.type_, chunks, **case.options) for chunks in streams]

    for run, astream in asyncio.run(read_all()):
        _check(case, run, astream, timed=way != "bytes")


def read(type_: Any, chunks: list[Any], **options: Any) -> tuple[Run, ItemStream[Any]]:
    """Read a stream of items to its end, and note with which chunk each came."""
    run = Run()
    source = fake_stream(chunks)
    stream = stream_items(type_, source, **options)
    try:
        for value in stream:
            run.values.append(value)
            run.at.append(source.given - 1)
    except PartialStreamError as error:
        run.error = error
    assert source.closed
    return run, stream


async def aread(type_: Any, chunks: list[Any], **options: Any) -> tuple[Run, AsyncItemStream[Any]]:
    """Read a stream of items to its end, and note with which chunk each came."""
    run = Run()
    source = async_fake_stream(chunks)
    stream = astream_items(type_, source, **options)
    try:
        async for value in stream:
            run.values.append(value)
            run.at.append(source.given - 1)
    except PartialStreamError as error:
        run.error = error
    assert source.closed
    return run, stream


def _check(
    case: Wire, run: Run, stream: ItemStream[Any] | AsyncItemStream[Any], *, timed: bool
) -> None:
    adapter = TypeAdapter(case.type_)
    assert run.values == [adapter.validate_json(raw) for raw, _ in case.items], run.error
    if timed:
        assert run.at == [at for _, at in case.items]
    outcome = stream.outcome
    assert outcome is not None
    expected = (case.status, case.finish_reason, case.tail)
    assert (outcome.status, outcome.finish_reason, outcome.tail) == expected, run.error
    assert case.detail in outcome.detail
    error = case.error or _ERRORS.get(case.status, IncompleteStreamError)
    assert type(run.error) is (error or type(None))
    usage = Usage(*case.usage) if case.usage else None
    if usage is None and stream.usage is not None:
        # Interrupted before the provider had counted.
        assert case.status in ("disconnected", "stalled", "invalid")
        estimated = stream.usage.estimated_output_tokens
        assert estimated > 0
        usage = Usage(complete=False, estimated_output_tokens=estimated)
    assert stream.usage == usage
    if run.error is not None:
        assert run.error.outcome == outcome
        assert run.error.usage == usage
        assert run.error.delivered == len(run.values)
    if isinstance(run.error, ProviderError):
        assert run.error.chunk is not None
