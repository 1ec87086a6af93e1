"""What the async client does with a call: `sync.py` with `await`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from partialstream.client.base import BaseClient
from partialstream.client.race.tasks import race
from partialstream.client.retries.items import item_session
from partialstream.client.retries.objects import partial_session
from partialstream.client.retries.routed import RoutedSession
from partialstream.client.retries.session import first_request
from partialstream.stream.aio import AsyncItemStream, AsyncPartialStream
from partialstream.stream.steps import await_steps
from partialstream.stream.transport import AsyncChunks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partialstream.client.call import Call
    from partialstream.client.retries.placing import Element
    from partialstream.stream.session import Session
    from partialstream.stream.steps import Steps


class AsyncCalls(BaseClient):
    """Makes the calls of `AsyncClient`, whose methods say what is asked for."""

    _asynchronous = True

    def _item_stream(self, call: Call) -> AsyncItemStream[Any]:
        session = item_session(call)
        return AsyncItemStream(session, self._chunks(call, session))

    def continue_items(
        self,
        elements: Iterable[Element[Any]],
        *,
        response_model: Any,
        list_complete: bool = False,
        **arguments: Any,
    ) -> AsyncItemStream[Any]:
        """Stream the rest of a list, as `Client.continue_items` does."""
        call, session = self._continued(elements, response_model, arguments, list_complete)
        return AsyncItemStream(session, self._chunks(call, session))

    def _partial_stream(self, call: Call) -> AsyncPartialStream[Any]:
        session = partial_session(call)
        return AsyncPartialStream(session, self._chunks(call, session))

    async def _full(self, call: Call) -> Any:
        if call.shape.kind == "items":
            return call.shape.container([item async for item in self._item_stream(call)])
        return await self._partial_stream(call).final()

    def _chunks(self, call: Call, session: Session[Any]) -> AsyncChunks:
        """The chunks of the response, and of those to come; the request is made on first use."""
        send = partial(call.send, session)
        if call.races and isinstance(session, RoutedSession):
            send = partial(_race, call, session)
        return AsyncChunks(
            lambda: await_steps(first_request(call, session, send)),
            lambda request: await_steps(send(request)),
        )


def _race(call: Call, session: RoutedSession[Any], request: Any) -> Steps[Any]:
    return (yield race(call, session, request))
