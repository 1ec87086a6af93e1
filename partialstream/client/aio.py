"""The async client: `sync.py` with `await`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from anyio import fail_after

from partialstream.client.call import Call
from partialstream.client.hooks import Hooks
from partialstream.client.options import Options
from partialstream.client.response_model import (
    ResponseShape,
    items_shape,
    object_shape,
    response_shape,
)
from partialstream.stream.aio import AsyncItemStream, AsyncPartialStream
from partialstream.stream.deadline import AsyncTimedChunks
from partialstream.stream.session import await_steps
from partialstream.stream.transport import AsyncChunks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Iterable

    from partialstream.client.endpoint import AsyncEndpoint
    from partialstream.client.response_model import T, V
    from partialstream.stream.session import Session


class AsyncClient:
    """Makes requests through a provider's SDK, and reads the answers while they arrive.

    Made by `from_openai`, `from_instructor` or `from_provider`. All methods take what the SDK
    behind it takes for a chat (`model`, `messages`, `temperature`, `timeout`, …), and these:

    - `response_model`: the type of the answer.
    - `mode`: how the provider is made to answer in JSON: `"json_schema"` (the default),
      `"tools"` or `"json_object"`; instructor's `Mode` members are understood.
    - `path`, `context`, `strict`, `limits`: as for `stream_items`.
    - `templates`: whether messages are Jinja templates that a mapping in `context` fills in.
      False by default with `from_openai`, True with `from_instructor` and `from_provider`.
    - `deadline`: seconds that the call may take over all its attempts, from its first request
      on, the waits for headers and between attempts included; None, the default, for no bound.
      Then the response is closed, and an `IncompleteStreamError` with the outcome `stalled` is
      raised, which is not retried. The SDK's own retries are off in such a call.
    - `max_retries`: how many failures in a row are retried, 0 by default; or tenacity's
      `Retrying` or `AsyncRetrying`. Whatever was delivered is not delivered again.
    - `max_requests`: how many requests in total, 10 by default.
    - `on_invalid`: `"repair"`, `"raise"`, `"skip"`, or a function that says so for each
      `RejectedItem`. With retries, rejected items are asked for again when the list has ended.
    - `on_interrupt`: `"resume"` or `"raise"`. With retries, an answer that breaks off is
      resumed; `key` tells items that come again from new ones, by a member or a function.
    - `ordered`: items wait for those before them that are being repaired.
    - `fail_fast`: an answer is left as soon as a member of the object cannot be valid, and the
      members that stand are kept. False waits for the end. Only with retries.
    - `take`: how many items are wanted, over all requests; `stop_when`: says of an item, or of
      a snapshot, whether it is the last. The response is closed before that one is handed over.
    - `hooks`, `prompts`: see `Hooks` and `Prompts`.

    Errors of the first request (a rejected key, a rate limit, no connection) are the SDK's own,
    after its own retries. With `max_retries`, those that may pass (408, 409, 429, 5xx, no
    connection) come only once the budget is spent. Errors in a response are those of
    `partialstream.errors`; a later request that is rejected is a `ProviderError`.

    Args:
        endpoint: Whom it asks.
    """

    def __init__(self, endpoint: AsyncEndpoint) -> None:
        self._endpoint = endpoint
        self.hooks = Hooks()

    def on(self, hook_name: Any, handler: Callable[..., Any]) -> None:
        """Call `handler` at one of instructor's events; see `Hooks`."""
        self.hooks.on(hook_name, handler)

    def off(self, hook_name: Any, handler: Callable[..., Any]) -> None:
        """Do not call `handler` any more."""
        self.hooks.off(hook_name, handler)

    def clear(self, hook_name: Any = None) -> None:
        """Forget the handlers of one event, or of all."""
        self.hooks.clear(hook_name)

    @property
    def chat(self) -> AsyncClient:
        """For `client.chat.completions.create`, as the OpenAI SDK spells it."""
        return self

    @property
    def completions(self) -> AsyncClient:
        """For `client.chat.completions.create`, as the OpenAI SDK spells it."""
        return self

    @property
    def messages(self) -> AsyncClient:
        """For `client.messages.create`, as Anthropic's SDK spells it."""
        return self

    @property
    def responses(self) -> AsyncClient:
        """For `client.responses.create(input=...)`, with an instructor client for that API."""
        return self

    @overload
    def create_iterable(self, *, response_model: type[V], **kwargs: Any) -> AsyncItemStream[V]: ...

    @overload
    def create_iterable(self, *, response_model: type[T], **kwargs: Any) -> AsyncItemStream[T]: ...

    @overload
    def create_iterable(self, *, response_model: Any, **kwargs: Any) -> AsyncItemStream[Any]: ...

    def create_iterable(self, *, response_model: Any, **kwargs: Any) -> AsyncItemStream[Any]:
        """Stream a list: each item is handed over when its last character is in.

        Args:
            response_model: The type of one item.
            **kwargs: See the class.

        Returns:
            An iterator of items, best used in an `async with` block. The request is made when it
            is awaited, entered or read, and raises `openai.OpenAIError` if it is refused.

        Raises:
            TypeError: An argument contradicts `response_model`, or is none that we know.
            openai.OpenAIError: The provider rejected the first request.
        """
        return self._item_stream(items_shape(response_model), kwargs)

    @overload
    def create_partial(
        self, *, response_model: type[T], **kwargs: Any
    ) -> AsyncPartialStream[T]: ...

    @overload
    def create_partial(self, *, response_model: Any, **kwargs: Any) -> AsyncPartialStream[Any]: ...

    def create_partial(self, *, response_model: Any, **kwargs: Any) -> AsyncPartialStream[Any]:
        """Stream an object that grows.

        Args:
            response_model: Its type.
            **kwargs: See the class.

        Returns:
            An iterator of snapshots; the last is the validated object.

        Raises:
            TypeError: An argument contradicts `response_model`, or is none that we know.
            openai.OpenAIError: The provider rejected the first request.
        """
        return self._partial_stream(object_shape(response_model), kwargs)

    # The order is explained in inference.py.

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
        """Ask for a list or an object, streamed or whole. To be awaited, or read if streamed.

        Args:
            response_model: `Iterable[T]` or `list[T]` for a list, any other type for an object.
            stream: Whether to stream: an `AsyncItemStream` for a list, an
                `AsyncPartialStream` for an object. Otherwise the whole is given.
            **kwargs: See the class.

        Raises:
            TypeError: An argument contradicts `response_model`, or is none that we know.
            PartialStreamError: Without `stream`: the answer is not what was asked for.
            openai.OpenAIError: The provider rejected the first request. Without `stream`, a lost
                connection is the SDK's to retry and to tell of, too.
        """
        shape = response_shape(response_model)
        if stream:
            if shape.kind == "items":
                return self._item_stream(shape, kwargs)
            return self._partial_stream(shape, kwargs)
        return self._whole(shape, self._call(shape, kwargs, stream=False))

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
        """Ask for a list or an object, whole, and for the answer that it came in.

        Args:
            response_model: As for `create`.
            **kwargs: See the class.

        Returns:
            The value, and the answer in the form the SDK gives it, as a `ChatCompletion`. After
            retries it is the last answer, which may hold a part of the value only.

        Raises:
            As `create` does, without `stream`.
        """
        shape = response_shape(response_model)
        call = self._call(shape, kwargs, stream=False)
        value = await self._whole(shape, call)
        return value, call.completion()

    async def _whole(self, shape: ResponseShape, call: Call) -> Any:
        if shape.kind == "items":
            session = call.item_session()
            items = AsyncItemStream(session, self._chunks(call, session))
            return shape.container([item async for item in items])
        session = call.partial_session()
        return await AsyncPartialStream(session, self._chunks(call, session)).final()

    def _item_stream(self, shape: ResponseShape, kwargs: dict[str, Any]) -> AsyncItemStream[Any]:
        call = self._call(shape, kwargs, stream=True)
        session = call.item_session()
        return AsyncItemStream(session, self._chunks(call, session))

    def _partial_stream(
        self, shape: ResponseShape, kwargs: dict[str, Any]
    ) -> AsyncPartialStream[Any]:
        call = self._call(shape, kwargs, stream=True)
        session = call.partial_session()
        return AsyncPartialStream(session, self._chunks(call, session))

    def _call(self, shape: ResponseShape, kwargs: dict[str, Any], *, stream: bool) -> Call:
        options, rest = Options.split(kwargs)
        return Call(
            shape,
            options,
            self._endpoint.request_builder(shape, options, rest, stream=stream),
            stream=stream,
            hooks=Hooks.combine(self._endpoint.hooks, self.hooks),
            asynchronous=True,
        )

    def _chunks(self, call: Call, session: Session[Any]) -> AsyncChunks:
        """Where the answer comes from, and those of requests to come.

        The first request is made on first use.
        """
        send = partial(self._send, call)

        async def open_() -> AsyncIterable[Any]:
            if call.budget is not None:
                await await_steps(call.budget.begin())
            if call.deadline is not None:
                call.deadline.begin()
            session.start_clock()
            with call.report_errors():
                return await self._send_first(call)

        return AsyncChunks(open_, send)

    async def _send_first(self, call: Call) -> AsyncIterable[Any]:
        """Make the first request, again if it is rejected temporarily."""
        while True:
            try:
                return await self._send(call, call.request)
            except Exception as error:
                if not await await_steps(call.retry_first_request(error)):
                    raise

    async def _send(self, call: Call, request: Any) -> AsyncIterable[Any]:
        """Make a request; gives the chunks of the answer, until the deadline if there is one."""
        deadline = call.deadline
        if deadline is None:
            return await self._sent(call, request)
        with deadline, fail_after(deadline.left()):
            return AsyncTimedChunks(await self._sent(call, request), deadline)

    async def _sent(self, call: Call, request: Any) -> AsyncIterable[Any]:
        if call.stream:
            return await self._endpoint.send(request, call.hooks, call.deadline)
        whole = await self._endpoint.send_full(request, call.hooks, call.deadline)
        call.completion = whole.completion
        return _each(whole.chunks)


async def _each(chunks: Iterable[Any]) -> AsyncGenerator[Any, None]:
    for chunk in chunks:
        yield chunk
