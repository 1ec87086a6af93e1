"""What the sync client does with a call: the request, and the stream of its response."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from partialstream.client.base import BaseClient
from partialstream.client.race.threads import race
from partialstream.client.retries.items import item_session
from partialstream.client.retries.objects import partial_session
from partialstream.client.retries.routed import RoutedSession
from partialstream.client.retries.session import first_request
from partialstream.stream.steps import run_steps
from partialstream.stream.sync import ItemStream, PartialStream
from partialstream.stream.transport import Chunks, end_wait

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from partialstream.client.call import Call
    from partialstream.client.retries.placing import Element
    from partialstream.results import Attempt
    from partialstream.stream.session import Session
    from partialstream.stream.steps import Steps

_SENDING: Final[dict[threading.Thread, Session[Any]]] = {}
"""The threads that wait until a request is sent and its response begins."""

_ATTEMPTS: Final = "_partialstream_attempts"
"""Where an error of a first request, which may be the SDK's own, has the requests of its call."""


def end_request(thread: threading.Thread) -> None:
    """End what a thread waits for before a response begins; the request is not made again.

    Nothing happens if it does not wait for that. If it has not connected yet, it waits on, and
    this is to be called again.
    """
    session = _SENDING.get(thread)
    if session is not None:
        session.cancel()
        end_wait(thread)


def attempts_before(error: BaseException) -> Sequence[Attempt]:
    """The requests of a call that ended in this error before there was a stream."""
    attempts: Sequence[Attempt] = error.__dict__.get(_ATTEMPTS, ())
    return attempts


class SyncCalls(BaseClient):
    """Makes the calls of `Client`, whose methods say what is asked for."""

    _asynchronous = False

    def _item_stream(self, call: Call) -> ItemStream[Any]:
        session = item_session(call)
        return ItemStream(session, self._chunks(call, session))

    def continue_items(
        self,
        elements: Iterable[Element[Any]],
        *,
        response_model: Any,
        list_complete: bool = False,
        **arguments: Any,
    ) -> ItemStream[Any]:
        """Stream the rest of a list that an earlier call has begun.

        The first request is the same as if the response had been interrupted within this call: for
        the rest of the list or, if the list is complete, for a repair of its rejected items.

        Args:
            elements: The elements that have arrived, in order and without gaps: items, and rejected
                items that were not repaired. They are not delivered again.
            response_model: As for `create_iterable`.
            list_complete: Whether the list had ended, so that at most repairs are missing.
            **arguments: The arguments of the earlier call of `create_iterable`; `take=` counts
                these elements, too.

        Returns:
            A stream of the missing items, with their indexes in the whole list.

        Raises:
            Exception: As for `create_iterable`.
        """
        call, session = self._continued(elements, response_model, arguments, list_complete)
        return ItemStream(session, self._chunks(call, session))

    def _partial_stream(self, call: Call) -> PartialStream[Any]:
        session = partial_session(call)
        return PartialStream(session, self._chunks(call, session))

    def _full(self, call: Call) -> Any:
        if call.shape.kind == "items":
            return call.shape.container(self._item_stream(call))
        return self._partial_stream(call).final()

    def _chunks(self, call: Call, session: Session[Any]) -> Chunks:
        """Make the request; gives the chunks of its response, and of those to come."""
        send = partial(call.send, session)
        if call.races and isinstance(session, RoutedSession):
            send = partial(race, call, session)
        try:
            first = _sent(session, first_request(call, session, send))
        except Exception as error:
            error.__dict__[_ATTEMPTS] = session.attempts
            raise
        return Chunks(first, lambda request: _sent(session, send(request)))


def _sent(session: Session[Any], steps: Steps[Any]) -> Any:
    thread = threading.current_thread()
    _SENDING[thread] = session
    try:
        return run_steps(steps)
    finally:
        _SENDING.pop(thread, None)
