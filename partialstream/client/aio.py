"""The async client: `sync.py` with `await`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from partialstream.client.call import BaseClient, Call
from partialstream.client.response_model import items_shape, object_shape, response_shape
from partialstream.client.retries.items import item_session
from partialstream.client.retries.objects import partial_session
from partialstream.client.retries.session import first_request
from partialstream.stream.aio import AsyncItemStream, AsyncPartialStream
from partialstream.stream.session import await_steps
from partialstream.stream.transport import AsyncChunks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from partialstream.client.response_model import T, V
    from partialstream.stream.session import Session


class AsyncClient(BaseClient):
    """Makes requests through a provider's SDK, and reads the responses while they arrive.

    Made by `from_openai`, `from_instructor` or `from_provider` for an async client of the SDK.
    All methods take what the SDK behind it takes for a chat (`model`, `messages`, `temperature`,
    `timeout`, …) and the options of `Client`, which mean the same here.

    A request is made when a stream is awaited, entered or read, and that is where errors of the
    first request come from.

    Args:
        endpoint: The endpoint that requests are sent to.

    Attributes:
        hooks: The handlers for the events of all calls.
    """

    _asynchronous = True

    @overload
    def create_iterable(self, *, response_model: type[T], **kwargs: Any) -> AsyncItemStream[T]: ...

    @overload
    def create_iterable(self, *, response_model: Any, **kwargs: Any) -> AsyncItemStream[Any]: ...

    def create_iterable(self, *, response_model: Any, **kwargs: Any) -> AsyncItemStream[Any]:
        """Stream a list, as `Client.create_iterable` does; the request is made on first use.

        It is read by `async for item in stream`, best in an `async with` block.
        """
        return self._item_stream(self._call(items_shape(response_model), kwargs, stream=True))

    @overload
    def create_partial(
        self, *, response_model: type[T], **kwargs: Any
    ) -> AsyncPartialStream[T]: ...

    @overload
    def create_partial(self, *, response_model: Any, **kwargs: Any) -> AsyncPartialStream[Any]: ...

    def create_partial(self, *, response_model: Any, **kwargs: Any) -> AsyncPartialStream[Any]:
        """Stream an object that grows, as `Client.create_partial` does.

        It is read by `async for snapshot in stream`, best in an `async with` block.
        """
        return self._partial_stream(self._call(object_shape(response_model), kwargs, stream=True))

    # The order is explained in response_model.py.

    @overload
    def create(  # pyright: ignore[reportOverlappingOverload]  # V is one value
        self, *, response_model: type[V], stream: Literal[False] = False, **kwargs: Any
    ) -> Coroutine[Any, Any, V]: ...

    @overload
    def create(  # pyright: ignore[reportOverlappingOverload]  # V is one value
        self, *, response_model: type[V], stream: Literal[True], **kwargs: Any
    ) -> AsyncPartialStream[V]: ...

    @overload
    def create(
        self,
        *,
        response_model: Callable[..., tuple[T, ...]],
        stream: Literal[False] = False,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, tuple[T, ...]]: ...

    @overload
    def create(
        self,
        *,
        response_model: Callable[..., Iterable[T]],
        stream: Literal[False] = False,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, list[T]]: ...

    @overload
    def create(
        self, *, response_model: Callable[..., Iterable[T]], stream: Literal[True], **kwargs: Any
    ) -> AsyncItemStream[T]: ...

    @overload
    def create(
        self, *, response_model: type[T], stream: Literal[False] = False, **kwargs: Any
    ) -> Coroutine[Any, Any, T]: ...

    @overload
    def create(
        self, *, response_model: type[T], stream: Literal[True], **kwargs: Any
    ) -> AsyncPartialStream[T]: ...

    @overload
    def create(self, *, response_model: Any, stream: bool = False, **kwargs: Any) -> Any: ...

    def create(self, *, response_model: Any, stream: bool = False, **kwargs: Any) -> Any:
        """Ask for a list or an object, as `Client.create` does; to be awaited.

        With `stream=True` it is an `AsyncItemStream` for a list, an `AsyncPartialStream` for an
        object: either may be awaited, or read at once.
        """
        call = self._call(response_shape(response_model), kwargs, stream=stream)
        if not stream:
            return self._full(call)
        items = call.shape.kind == "items"
        return self._item_stream(call) if items else self._partial_stream(call)

    @overload
    async def create_with_completion(  # pyright: ignore[reportOverlappingOverload]  # V is one value
        self, *, response_model: type[V], **kwargs: Any
    ) -> tuple[V, Any]: ...

    @overload
    async def create_with_completion(
        self, *, response_model: Callable[..., tuple[T, ...]], **kwargs: Any
    ) -> tuple[tuple[T, ...], Any]: ...

    @overload
    async def create_with_completion(
        self, *, response_model: Callable[..., Iterable[T]], **kwargs: Any
    ) -> tuple[list[T], Any]: ...

    @overload
    async def create_with_completion(
        self, *, response_model: type[T], **kwargs: Any
    ) -> tuple[T, Any]: ...

    @overload
    async def create_with_completion(
        self, *, response_model: Any, **kwargs: Any
    ) -> tuple[Any, Any]: ...

    async def create_with_completion(
        self, *, response_model: Any, **kwargs: Any
    ) -> tuple[Any, Any]:
        """Ask for a complete value, and for its response, as `Client.create_with_completion`."""
        call = self._call(response_shape(response_model), kwargs, stream=False)
        return await self._full(call), call.completion()

    def _item_stream(self, call: Call) -> AsyncItemStream[Any]:
        session = item_session(call)
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
        return AsyncChunks(
            lambda: await_steps(first_request(call, session, send)),
            lambda request: await_steps(send(request)),
        )
