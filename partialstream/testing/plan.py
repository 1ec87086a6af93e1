"""What goes over the connection, and when: an answer laid out as timed writes.

Everything is decided here, before the first byte is sent: the pace, the fault, the cuts. What
is left to do for the server is to wait and to write.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import cycle, groupby
from typing import TYPE_CHECKING, Literal

from partialstream.testing import faults
from partialstream.testing.faults import PlacedFault
from partialstream.testing.script import compose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from partialstream.testing.answers import Answer
    from partialstream.testing.script import Ask
    from partialstream.testing.wires import Wire

Ending = Literal["end", "close", "reset"]
"""How a connection is left: the HTTP body ends in order, or within it a FIN or an RST."""

_ENDINGS: dict[object, Ending] = {faults.Reset: "reset", faults.Disconnect: "close"}

_WRITE_SIZE = 64 * 1024  # of what is due at one time; also where asyncio's write buffer is full

_EVENT = re.compile(rb".*?(?:\r\n\r\n|\n\n|\r\r)|.+\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Write:
    """One write to the connection."""

    due: float  # in seconds since the request
    data: bytes
    deltas: int = 0  # that end in it


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """An HTTP response.

    Attributes:
        begin: When status and headers are sent, in seconds since the request. A stream sends
            them at once, whatever else has its body ready by then.
    """

    status: int
    headers: tuple[tuple[str, str], ...]  # those of the transfer left out
    writes: tuple[Write, ...]
    begin: float = 0.0
    ending: Ending = "end"  # what comes after the last write
    deltas: int = 0


def make_plan(answer: Answer, ask: Ask, wire: type[Wire]) -> ReplayPlan:
    """Lay out an answer for one request.

    Raises:
        ValueError: If the answer does not fit the request.
    """
    fault = answer.fault
    if isinstance(fault, faults.HTTPError):
        return error_plan(wire, fault, due=answer.first_delay)
    mime = "text/event-stream; charset=utf-8" if ask.stream else "application/json"
    head, tail = _stream(answer, ask, wire) if ask.stream else _whole(answer, ask, wire)
    if isinstance(fault, (faults.Reset, faults.Disconnect, faults.EndEarly)):
        tail = []
    elif isinstance(fault, faults.Stall):
        tail = [replace(write, due=write.due + fault.seconds) for write in tail]
    body = tuple(_lay_out([*head, *tail], answer.cut_sizes))
    return ReplayPlan(
        status=200,
        headers=(("content-type", mime), ("cache-control", "no-store")),
        writes=body,
        begin=0.0 if ask.stream else head[0].due,
        ending=_ENDINGS.get(type(fault), "end"),
        deltas=sum(write.deltas for write in body),
    )


def error_plan(
    wire: type[Wire], error: faults.HTTPError, *, due: float = 0.0, final: bool = False
) -> ReplayPlan:
    """Lay out an HTTP error, which no SDK is to retry if it is `final`."""
    headers = [("content-type", "application/json"), *error.headers]
    if error.retry_after is not None:
        headers.append(("retry-after", f"{error.retry_after:g}"))
    if final:
        headers.append(("x-should-retry", "false"))
    message = error.message or f"Scripted error with HTTP status {error.status}."
    body = wire.error(message, status=error.status, code=error.code)
    return ReplayPlan(error.status, tuple(headers), (Write(due, body),), begin=due)


def _stream(answer: Answer, ask: Ask, wire: type[Wire]) -> tuple[list[Write], list[Write]]:
    """Lay out a streamed answer, up to the place of its fault and from there on."""
    if answer.recorded is not None:
        opening, closing, done = b"", b"", b""
        texts = _EVENT.findall(answer.recorded)
    else:
        response = wire(ask, compose(answer, ask))
        opening, texts = response.opening(), response.deltas()
        closing, done = response.closing(), response.done
    fault = answer.fault
    if isinstance(fault, faults.Comments):
        comment = b": " + fault.text.encode() + b"\n\n"
        texts = [text if n % fault.every else comment + text for n, text in enumerate(texts)]
    deltas = [Write(answer.due(index), text, 1) for index, text in enumerate(texts)]
    end = answer.due(len(deltas))  # that a text is over is a token, too
    place = fault.after if isinstance(fault, PlacedFault) else len(deltas)
    head = [Write(answer.due(0), opening), *deltas[:place]]
    tail = [*deltas[place:], Write(end, closing)]
    if isinstance(fault, faults.ErrorEvent):
        return head, [Write(head[-1].due, wire.error_event(fault.message, code=fault.code))]
    if isinstance(fault, faults.MalformedEvent):
        tail.insert(0, Write(head[-1].due, fault.line.encode() + b"\n\n"))
    if not isinstance(fault, faults.NoDone):
        tail.append(Write(end, done))
    return head, tail


def _whole(answer: Answer, ask: Ask, wire: type[Wire]) -> tuple[list[Write], list[Write]]:
    """Lay out an answer that is not streamed; its middle stands for any place in it."""
    if answer.recorded is not None:
        body, count = answer.recorded, 0
    else:
        script = compose(answer, ask)
        body, count = wire(ask, script).whole(), len(script.deltas)
    due, fault = answer.due(count), answer.fault
    if isinstance(fault, faults.ErrorEvent):
        return [Write(due, wire.error(fault.message, status=500, code=fault.code))], []
    half = len(body) // 2
    rest = [] if isinstance(fault, faults.MalformedEvent) else [Write(due, body[half:], count)]
    return [Write(due, body[:half])], rest


def _lay_out(writes: Iterable[Write], sizes: tuple[int, ...]) -> Iterator[Write]:
    """Join what is due at one time, and cut it anew; its last write may be shorter.

    A delta without bytes of its own, since the wire sends it with a later one, counts with the
    next bytes.
    """
    size = cycle(sizes or (_WRITE_SIZE,))
    waiting = 0
    for due, group in groupby(writes, key=lambda write: write.due):
        data = bytearray()
        ends: list[int] = []  # where each delta ends
        for write in group:
            waiting += write.deltas
            if write.data:
                data += write.data
                ends += [len(data)] * waiting
                waiting = 0
        start = counted = 0
        while start < len(data):
            stop = start + next(size)
            reached = bisect_right(ends, stop)
            yield Write(due, bytes(data[start:stop]), reached - counted)
            start, counted = stop, reached
