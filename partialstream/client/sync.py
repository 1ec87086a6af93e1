"""The sync client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from partialstream.client.call import Call, Options
from partialstream.client.response_model import (
    ResponseShape,
    items_shape,
    object_shape,
    response_shape,
)
from partialstream.stream.sync import Chunks, ItemStream, PartialStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openai import OpenAI

T = TypeVar("T")


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
    """

    def __init__(self, client: OpenAI, *, mode: Any = None) -> None:
        self._client = client
        self._mode = mode

    @property
    def chat(self) -> Client:
        """For `client.chat.completions.create`, as the OpenAI SDK spells it."""
        return self

    @property
    def completions(self) -> Client:
        """For `client.chat.completions.create`, as the OpenAI SDK spells it."""
        return self

    def create_iterable(self, *, response_model: type[T], **kwargs: Any) -> ItemStream[T]:
        """Stream a list: each item is handed over when its last character is in.

        Args:
            response_model: The type of one item.
            **kwargs: See the class.

        Returns:
            An iterator of items, best used in a `with` block. The request has been made.

        Raises:
            TypeError: An argument contradicts `response_model`.
            openai.OpenAIError: The provider refused the request.
        """
        return self._item_stream(items_shape(response_model), kwargs)

    def create_partial(self, *, response_model: type[T], **kwargs: Any) -> PartialStream[T]:
        """Stream an object that grows.

        Args:
            response_model: Its type.
            **kwargs: See the class.

        Returns:
            An iterator of snapshots; the last is the validated object.

        Raises:
            TypeError: An argument contradicts `response_model`.
            openai.OpenAIError: The provider refused the request.
        """
        return self._partial_stream(object_shape(response_model), kwargs)

    @overload
    def create(
        self, *, response_model: type[Iterable[T]], stream: Literal[True], **kwargs: Any
    ) -> ItemStream[T]: ...

    @overload
    def create(
        self, *, response_model: type[T], stream: Literal[True], **kwargs: Any
    ) -> PartialStream[T]: ...

    @overload
    def create(
        self,
        *,
        response_model: type[Iterable[T]],
        stream: Literal[False] = False,
        **kwargs: Any,
    ) -> list[T]: ...

    @overload
    def create(
        self, *, response_model: type[T], stream: Literal[False] = False, **kwargs: Any
    ) -> T: ...

    def create(self, *, response_model: Any, stream: bool = False, **kwargs: Any) -> Any:
        """Ask for a list or an object, streamed or whole.

        Args:
            response_model: `Iterable[T]` or `list[T]` for a list, any other type for an object.
            stream: Whether to stream: an `ItemStream` for a list, a `PartialStream` for an
                object. Otherwise the whole list or object is returned.
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
        call = self._call(shape, kwargs, stream=False)
        completion = Chunks([self._client.chat.completions.create(**call.request)])
        if shape.kind == "items":
            return shape.container(ItemStream(call.item_flow(), completion))
        return PartialStream(call.partial_flow(), completion).final()

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
        completions = self._client.chat.completions.with_streaming_response
        opened = completions.create(**call.request)
        response = opened.__enter__()
        return Chunks(response.iter_bytes(), lambda: opened.__exit__(None, None, None))
