"""The async client: `sync.py` with `await`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from partialstream.client.call import Call, Options
from partialstream.client.response_model import (
    ResponseShape,
    items_shape,
    object_shape,
    response_shape,
)
from partialstream.stream.aio import AsyncChunks, AsyncItemStream, AsyncPartialStream, Opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable

    from openai import AsyncOpenAI

T = TypeVar("T")


class AsyncClient:
    """Makes requests through the OpenAI SDK, and reads the answers while they arrive.

    Made by `partialstream.from_openai`. All methods take what
    `openai.OpenAI().chat.completions.create` takes (`model`, `messages`, `temperature`,
    `timeout`, …), and these:

    - `response_model`: the type of the answer.
    - `mode`: how the provider is made to answer in JSON: `"json_schema"` (the default),
      `"tools"` or `"json_object"`; instructor's `Mode` members are understood.
    - `path`, `on_invalid`, `context`, `strict`, `limits`: as for `stream_items`.

    Errors before the answer begins (a refused key, a rate limit) are the SDK's own, after its
    own retries. Errors in the answer are those of `partialstream.errors`.

    Args:
        client: An `AsyncOpenAI` or `AsyncAzureOpenAI` client; it stays the caller's to close.
        mode: The default for all calls.
    """

    def __init__(self, client: AsyncOpenAI, *, mode: Any = None) -> None:
        self._client = client
        self._mode = mode

    @property
    def chat(self) -> AsyncClient:
        """For `client.chat.completions.create`, as the OpenAI SDK spells it."""
        return self

    @property
    def completions(self) -> AsyncClient:
        """For `client.chat.completions.create`, as the OpenAI SDK spells it."""
        return self

    def create_iterable(self, *, response_model: type[T], **kwargs: Any) -> AsyncItemStream[T]:
        """Stream a list: each item is handed over when its last character is in.

        Args:
            response_model: The type of one item.
            **kwargs: See the class.

        Returns:
            An iterator of items, best used in an `async with` block. The
            request is made when it is awaited, entered or read.

        Raises:
            TypeError: An argument contradicts `response_model`.
        """
        return self._item_stream(items_shape(response_model), kwargs)

    def create_partial(self, *, response_model: type[T], **kwargs: Any) -> AsyncPartialStream[T]:
        """Stream an object that grows.

        Args:
            response_model: Its type.
            **kwargs: See the class.

        Returns:
            An iterator of snapshots; the last is the validated object.

        Raises:
            TypeError: An argument contradicts `response_model`.
        """
        return self._partial_stream(object_shape(response_model), kwargs)

    @overload
    def create(
        self, *, response_model: type[Iterable[T]], stream: Literal[True], **kwargs: Any
    ) -> AsyncItemStream[T]: ...

    @overload
    def create(
        self, *, response_model: type[T], stream: Literal[True], **kwargs: Any
    ) -> AsyncPartialStream[T]: ...

    @overload
    def create(
        self,
        *,
        response_model: type[Iterable[T]],
        stream: Literal[False] = False,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, list[T]]: ...

    @overload
    def create(
        self, *, response_model: type[T], stream: Literal[False] = False, **kwargs: Any
    ) -> Coroutine[Any, Any, T]: ...

    def create(self, *, response_model: Any, stream: bool = False, **kwargs: Any) -> Any:
        """Ask for a list or an object, streamed or whole. To be awaited, or read if streamed.

        Args:
            response_model: `Iterable[T]` or `list[T]` for a list, any other type for an object.
            stream: Whether to stream: an `AsyncItemStream` for a list, an
                `AsyncPartialStream` for an object. Otherwise the whole is returned.
            **kwargs: See the class.

        Raises:
            TypeError: An argument contradicts `response_model`.
            PartialStreamError: Without `stream`: the answer is not what was asked for.
            openai.OpenAIError: The provider refused the request.
        """
        shape = response_shape(response_model)
        if stream:
            if shape.kind == "items":
                return self._item_stream(shape, kwargs)
            return self._partial_stream(shape, kwargs)
        return self._whole(shape, self._call(shape, kwargs, stream=False))

    async def _whole(self, shape: ResponseShape, call: Call) -> Any:
        completion = await self._client.chat.completions.create(**call.request)

        async def chunks() -> AsyncIterator[Any]:
            yield completion

        answer = AsyncChunks.of(chunks())
        if shape.kind == "items":
            return shape.container(
                [item async for item in AsyncItemStream(call.item_flow(), answer)]
            )
        return await AsyncPartialStream(call.partial_flow(), answer).final()

    def _item_stream(self, shape: ResponseShape, kwargs: dict[str, Any]) -> AsyncItemStream[Any]:
        call = self._call(shape, kwargs, stream=True)
        return AsyncItemStream(call.item_flow(), self._send(call))

    def _partial_stream(
        self, shape: ResponseShape, kwargs: dict[str, Any]
    ) -> AsyncPartialStream[Any]:
        call = self._call(shape, kwargs, stream=True)
        return AsyncPartialStream(call.partial_flow(), self._send(call))

    def _call(self, shape: ResponseShape, kwargs: dict[str, Any], *, stream: bool) -> Call:
        options, rest = Options.split(kwargs, self._mode)
        return Call(shape, options, rest, stream=stream, timeout=self._client.timeout)

    def _send(self, call: Call) -> AsyncChunks:
        """Where the bytes of the answer come from; the request is made on first use.

        The SDK's own decoding of chunks into typed objects would cost more than everything
        else together.
        """

        async def open_() -> Opened:
            completions = self._client.chat.completions.with_streaming_response
            opened = completions.create(**call.request)
            response = await opened.__aenter__()
            return response.iter_bytes(), lambda: opened.__aexit__(None, None, None)

        return AsyncChunks(open_)
