"""How a call waits for its turn; its response gives back what it took.

The steps are those of a call: a sync client blocks its thread, which Ctrl-C ends, and `close` of
the stream from another thread; an async one awaits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from partialstream.client.rate_limit.limit import Permit, logger
from partialstream.client.rate_limit.ticket import AsyncTicket, Ticket
from partialstream.client.sdk_arguments import arguments_of
from partialstream.stream.transport import aclose_chunks, aiter_of, close_chunks, no_chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from partialstream.client.rate_limit.limit import RateLimit
    from partialstream.deltas import AnswerMetadata
    from partialstream.stream.deadline import Deadline
    from partialstream.stream.steps import Steps


class Sender(Protocol):
    """What a request is sent for: a session, or one of the contenders of a race."""

    on_cancel: list[Callable[[], object]]

    @property
    def metadata(self) -> AnswerMetadata:
        """What its response says beside its text."""
        ...

    def start_clock(self) -> None:
        """The request is made now."""
        ...

    def finished(self) -> bool:
        """Whether the response is not needed any more."""
        ...


def send_in_turn(
    limit: RateLimit,
    request: Any,
    session: Sender,
    deadline: Deadline | None,
    send: Callable[[Callable[[Any], None]], Steps[Any]],
    *,
    asynchronous: bool,
) -> Steps[Any]:
    """Send a request when it is its turn; gives the chunks of its response.

    None, if the stream is left before that.

    Args:
        limit: The limit.
        request: The request, as an endpoint takes it.
        session: The session that is to read the response.
        deadline: When to give up; None for never.
        send: Sends it; calls what it is given with the HTTP response.
        asynchronous: Whether a loop must not be kept waiting.

    Raises:
        DeadlineError: The deadline has come first.
    """
    permit = yield from _turn(limit, request, session, deadline, asynchronous=asynchronous)
    if permit is None:
        return no_chunks() if asynchronous else ()
    session.start_clock()
    if session.finished():  # at the last moment
        permit.end()
        return no_chunks() if asynchronous else ()
    try:
        chunks = yield from send(permit.answered)
    except BaseException as error:
        permit.rejected(error)
        raise
    kind = AsyncLimitedChunks if asynchronous else LimitedChunks
    return kind(chunks, permit, session.metadata)


def _turn(
    limit: RateLimit,
    request: Any,
    session: Sender,
    deadline: Deadline | None,
    *,
    asynchronous: bool,
) -> Steps[Permit | None]:
    """Wait until a request may be sent; gives None if the stream is left meanwhile.

    Raises:
        DeadlineError: The deadline has come first.
    """
    ticket = limit.ticket(AsyncTicket if asynchronous else Ticket, arguments_of(request))
    session.on_cancel.append(ticket.wake)
    waits = False
    try:
        while not session.finished():
            ticket.arm()
            turn = limit.enter(ticket)
            if isinstance(turn, Permit):
                if waits:
                    waited = turn.sent_at - ticket.since
                    logger.debug("waited %.2f s for the rate limit", waited)
                return turn
            waits = True
            if deadline is not None:
                deadline.check()
                turn = min(turn, deadline.left())
            yield from ticket.wait(turn)
        return None
    finally:
        session.on_cancel.remove(ticket.wake)
        limit.leave(ticket)


class LimitedChunks:
    """The chunks of a response, and the permit that is ended when they are closed."""

    def __init__(self, chunks: Any, permit: Permit, metadata: AnswerMetadata) -> None:
        self.response: Any = getattr(chunks, "response", None)
        self._chunks = chunks
        self._permit = permit
        self._metadata = metadata

    def __iter__(self) -> Iterator[Any]:
        return iter(self._chunks)

    def close(self) -> None:
        """Close the chunks, and end the permit."""
        try:
            close_chunks(self._chunks)
        finally:
            self._permit.end(self._metadata.usage)


class AsyncLimitedChunks(LimitedChunks):
    """`LimitedChunks` for async responses."""

    def __aiter__(self) -> AsyncIterator[Any]:
        return aiter_of(self._chunks)

    async def aclose(self) -> None:
        """Close the chunks, and end the permit."""
        try:
            await aclose_chunks(self._chunks)
        finally:
            self._permit.end(self._metadata.usage)
