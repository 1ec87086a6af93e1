"""The sync client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from partialstream.client.body import Body
from partialstream.client.call import Call, Options
from partialstream.client.modes import resolve_mode
from partialstream.client.response_model import (
    ResponseShape,
    items_shape,
    object_shape,
    response_shape,
)
from partialstream.stream.chunks import Chunks
from partialstream.stream.sync import ItemStream, PartialStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from openai import APIResponse, OpenAI

    from partialstream.client.inference import T, V


class Client:
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
        client: An `OpenAI` or `AzureOpenAI` client; it stays the caller's to close.
        mode: The default for all calls.

    Raises:
        ValueError: There is no such mode.
    """

    def __init__(self, client: OpenAI, *, mode: Any = None) -> None:
        self._client = client
        self._mode = resolve_mode(mode)

    @property
    def chat(self) -> Client:
        """For `client.chat.completions.create`, as the OpenAI SDK spells it."""
        return self

    @property
    def completions(self) -> Client:
        """For `client.chat.completions.create`, as the OpenAI SDK spells it."""
        return self

    @overload
    def create_iterable(self, *, response_model: type[V], **kwargs: Any) -> ItemStream[V]: ...

    @overload
    def create_iterable(self, *, response_model: type[T], **kwargs: Any) -> ItemStream[T]: ...

    @overload
    def create_iterable(self, *, response_model: Any, **kwargs: Any) -> ItemStream[Any]: ...

    def create_iterable(self, *, response_model: Any, **kwargs: Any) -> ItemStream[Any]:
        """Stream a list: each item is handed over when its last character is in.

        Args:
            response_model: The type of one item.
            **kwargs: See the class.

        Returns:
            An iterator of items, best used in a `with` block. The request has been made.

        Raises:
            TypeError: An argument contradicts `response_model`, or is none that we know.
            openai.OpenAIError: The provider refused the request.
        """
        return self._item_stream(items_shape(response_model), kwargs)

    @overload
    def create_partial(self, *, response_model: type[T], **kwargs: Any) -> PartialStream[T]: ...

    @overload
    def create_partial(self, *, response_model: Any, **kwargs: Any) -> PartialStream[Any]: ...

    def create_partial(self, *, response_model: Any, **kwargs: Any) -> PartialStream[Any]:
        """Stream an object that grows.

        Args:
            response_model: Its type.
            **kwargs: See the class.

        Returns:
            An iterator of snapshots; the last is the validated object.

        Raises:
            TypeError: An argument contradicts `response_model`, or is none that we know.
            openai.OpenAIError: The provider refused the request.
        """
        return self._partial_stream(object_shape(response_model), kwargs)

    # The order is explained in inference.py.

    @overload
    def create(  # pyright: ignore[reportOverlappingOverload]  # V is one value
        self, *, response_model: type[V], stream: Literal[False] = False, **kwargs: Any
    ) -> V: ...

    @overload
    def create(  # pyright: ignore[reportOverlappingOverload]  # V is one value
        self, *, response_model: type[V], stream: Literal[True], **kwargs: Any
    ) -> PartialStream[V]: ...

    @overload
    def create(
        self,
        *,
        response_model: Callable[..., tuple[T, ...]],
        stream: Literal[False] = False,
        **kwargs: Any,
    ) -> tuple[T, ...]: ...

    @overload
    def create(
        self,
        *,
        response_model: Callable[..., Iterable[T]],
        stream: Literal[False] = False,
        **kwargs: Any,
    ) -> list[T]: ...

    @overload
    def create(
        self, *, response_model: Callable[..., Iterable[T]], stream: Literal[True], **kwargs: Any
    ) -> ItemStream[T]: ...

    @overload
    def create(
        self, *, response_model: type[T], stream: Literal[False] = False, **kwargs: Any
    ) -> T: ...

    @overload
    def create(
        self, *, response_model: type[T], stream: Literal[True], **kwargs: Any
    ) -> PartialStream[T]: ...

    @overload
    def create(self, *, response_model: Any, stream: bool = False, **kwargs: Any) -> Any: ...

    def create(self, *, response_model: Any, stream: bool = False, **kwargs: Any) -> Any:
        """Ask for a list or an object, streamed or whole.

        Args:
            response_model: `Iterable[T]` or `list[T]` for a list, any other type for an object.
            stream: Whether to stream: an `ItemStream` for a list, a `PartialStream` for an
                object. Otherwise the whole list or object is returned.
            **kwargs: See the class.

        Raises:
            TypeError: An argument contradicts `response_model`, or is none that we know.
            PartialStreamError: Without `stream`: the answer is not what was asked for.
            openai.OpenAIError: The provider refused the request. Without `stream`, a lost
                connection is the SDK's to retry and to tell of, too.
        """
        shape = response_shape(response_model)
        if stream:
            if shape.kind == "items":
                return self._item_stream(shape, kwargs)
            return self._partial_stream(shape, kwargs)
        call = self._call(shape, kwargs, stream=False)
        if shape.kind == "items":
            flow = call.item_flow()
            return shape.container(ItemStream(flow, self._send_whole(call)))
        return PartialStream(call.partial_flow(), self._send_whole(call)).final()

    def _item_stream(self, shape: ResponseShape, kwargs: dict[str, Any]) -> ItemStream[Any]:
        call = self._call(shape, kwargs, stream=True)
        return ItemStream(call.item_flow(), self._send(call))

    def _partial_stream(self, shape: ResponseShape, kwargs: dict[str, Any]) -> PartialStream[Any]:
        call = self._call(shape, kwargs, stream=True)
        return PartialStream(call.partial_flow(), self._send(call))

    def _call(self, shape: ResponseShape, kwargs: dict[str, Any], *, stream: bool) -> Call:
        options, rest = Options.split(kwargs, self._mode)
        return Call(shape, options, rest, stream=stream, timeout=self._client.timeout)

    def _send(self, call: Call) -> Chunks:
        """Make the request; gives the bytes of the answer, unread.

        The SDK's own decoding of chunks into typed objects would cost more than everything
        else together.
        """
        create: Any = self._client.chat.completions.with_streaming_response.create
        response: APIResponse[Any] = create(**call.request).__enter__()
        return Chunks(Body(response))

    def _send_whole(self, call: Call) -> Chunks:
        """Make the request; gives the bytes of the answer, all of them.

        They have arrived within the SDK's retries. It would take a body that is no JSON for a
        text, and a text is what a document may stand in.
        """
        create: Any = self._client.chat.completions.with_raw_response.create
        return Chunks([create(**call.request).http_response.content])
