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
    from collections.abc import Iterable, Iterator, Sequence

    from partialstream.testing.answers import Answer
    from partialstream.testing.script import Ask
    from partialstream.testing.wires import Wire

Ending = Literal["end", "close", "reset"]
"""How a connection is left: the HTTP body ends in order, or within it a FIN or an RST."""

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
        return _http_error(answer, fault, wire)
    if ask.stream:
        mime, begin = "text/event-stream; charset=utf-8", 0.0
        writes, ending = _stream(answer, ask, wire)
    else:
        writes, ending = _whole(answer, ask, wire)
        mime, begin = "application/json", writes[0].due
    headers = (("content-type", mime), ("cache-control", "no-store"))
    body = tuple(_lay_out(writes, answer.cut_sizes))
    deltas = sum(write.deltas for write in body)
    return ReplayPlan(200, headers, body, begin, ending, deltas)


def error_plan(wire: type[Wire], message: str, *, status: int) -> ReplayPlan:
    """Lay out an error of the server's own, which no SDK is to retry."""
    headers = (("content-type", "application/json"), ("x-should-retry", "false"))
    return ReplayPlan(status, headers, (Write(0.0, wire.error(message, status=status)),))


def _http_error(answer: Answer, fault: faults.HTTPError, wire: type[Wire]) -> ReplayPlan:
    message = fault.message or f"Scripted error with HTTP status {fault.status}."
    headers = [("content-type", "application/json")]
    if fault.retry_after is not None:
        headers.append(("retry-after", f"{fault.retry_after:g}"))
    body = wire.error(message, status=fault.status, code=fault.code)
    due = answer.first_delay
    return ReplayPlan(fault.status, tuple(headers), (Write(due, body),), begin=due)


def _stream(answer: Answer, ask: Ask, wire: type[Wire]) -> tuple[list[Write], Ending]:
    """Lay out a streamed answer."""
    if answer.recorded is not None:
        opening, closing, done = b"", b"", b""
        texts = _EVENT.findall(answer.recorded)
    else:
        response = wire(ask, compose(answer, ask))
        opening, texts = response.opening(), response.deltas()
        closing, done = response.closing(), response.done
    deltas = [Write(answer.due(index), text, 1) for index, text in enumerate(texts)]
    end = answer.due(len(deltas))  # that a text is over is a token, too
    fault = answer.fault
    place = fault.after if isinstance(fault, PlacedFault) else len(deltas)
    head = [Write(answer.due(0), opening), *deltas[:place]]
    tail = [*deltas[place:], Write(end, closing), Write(end, done)]
    now = head[-1].due
    match fault:
        case faults.Reset():
            return head, "reset"
        case faults.Disconnect():
            return head, "close"
        case faults.EndEarly():
            return head, "end"
        case faults.ErrorEvent():
            error = wire.error_event(fault.message, code=fault.code)
            return [*head, Write(now, error)], "end"
        case faults.MalformedEvent():
            return [*head, Write(now, fault.line.encode() + b"\n\n"), *tail], "end"
        case faults.Stall():
            late = [replace(write, due=write.due + fault.seconds) for write in tail]
            return [*head, *late], "end"
        case faults.Comments():
            return [*_with_comments(head, fault), *tail], "end"
        case faults.NoDone():
            return [*head, *tail[:-1]], "end"
        case _:
            return [*head, *tail], "end"


def _whole(answer: Answer, ask: Ask, wire: type[Wire]) -> tuple[list[Write], Ending]:
    """Lay out an answer that is not streamed; its middle stands for any place in it."""
    if answer.recorded is not None:
        body, count = answer.recorded, 0
    else:
        script = compose(answer, ask)
        body, count = wire(ask, script).whole(), len(script.deltas)
    due = answer.due(count)
    fault = answer.fault
    half = Write(due, body[: len(body) // 2])
    match fault:
        case faults.Reset():
            return [half], "reset"
        case faults.Disconnect():
            return [half], "close"
        case faults.EndEarly() | faults.MalformedEvent():
            return [half], "end"
        case faults.ErrorEvent():
            return [Write(due, wire.error(fault.message, status=500, code=fault.code))], "end"
        case faults.Stall():
            rest = Write(due + fault.seconds, body[len(half.data) :], count)
            return [half, rest], "end"
        case _:
            return [Write(due, body, count)], "end"


def _with_comments(writes: Sequence[Write], fault: faults.Comments) -> Iterator[Write]:
    """Put comments before the deltas; the opening stands first."""
    comment = b": " + fault.text.encode() + b"\n\n"
    yield writes[0]
    for index, write in enumerate(writes[1:]):
        yield replace(write, data=comment + write.data) if index % fault.every == 0 else write


def _lay_out(writes: Iterable[Write], sizes: tuple[int, ...]) -> Iterator[Write]:
    """Join what is due at one time, and cut it anew; its last write may be shorter.

    A delta that is no bytes of its own, since the wire tells it with a later one, counts with
    the next bytes.
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
        start = told = 0
        while start < len(data):
            stop = start + next(size)
            reached = bisect_right(ends, stop)
            yield Write(due, bytes(data[start:stop]), reached - told)
            start, told = stop, reached
