"""The sync client."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from partialstream.client.call import BaseClient, Call
from partialstream.client.response_model import items_shape, object_shape, response_shape
from partialstream.client.retries.items import item_session
from partialstream.client.retries.objects import partial_session
from partialstream.client.retries.session import first_request
from partialstream.stream.session import run_steps
from partialstream.stream.sync import ItemStream, PartialStream
from partialstream.stream.transport import Chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from partialstream.client.response_model import T, V
    from partialstream.stream.session import Session


class Client(BaseClient):
    """Makes requests through a provider's SDK, and reads the responses while they arrive.

    Made by `from_openai`, `from_instructor` or `from_provider`. All methods take what the SDK
    behind it takes for a chat (`model`, `messages`, `temperature`, `timeout`, …), and these:

    - `response_model`: the type that is asked for.
    - `mode`: how the provider is made to respond in JSON: `"json_schema"` (the default),
      `"tools"` or `"json_object"`; instructor's `Mode` members are understood.
    - `path`, `context`, `strict`, `limits`: as for `stream_items`. `path` is where the list is, if
      it is not where the request asks for it.
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
    - `on_interrupt`: `"resume"` or `"raise"`. With retries, a response that breaks off
      is resumed; `key` tells items that come again from new ones: the name of a member, or a
      function of the item; by default it is their text. A member is also looked for in rejected
      items, by its name in the JSON text, so that a repair finds its place; a key of None tells
      nothing.
    - `ordered`: items wait for those before them that are being repaired.
    - `fail_fast`: a response is left as soon as a field of the object cannot be valid, and the
      fields that were accepted are kept. False waits for the end. Only with retries.
    - `take`: how many items are wanted, over all requests; `stop_when`: says of an item, or of
      a snapshot, whether it is the last. The response is closed before that one is handed over.
    - `hooks`, `prompts`: see `Hooks` and `Prompts`.

    Errors of the first request (a rejected key, a rate limit, no connection) are the SDK's own,
    after its own retries. With `max_retries`, those that may pass (408, 409, 429, 5xx, no
    connection) come only once the budget is spent. Errors in a response are those of
    `partialstream.errors`; a later request that is rejected is a `ProviderError`.

    Args:
        endpoint: The endpoint that requests are sent to.

    Attributes:
        hooks: The handlers for the events of all calls.
    """

    _asynchronous = False

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
            TypeError: An argument contradicts `response_model`, or is not known.
            openai.OpenAIError: The provider rejected the first request.
        """
        return self._item_stream(self._call(items_shape(response_model), kwargs, stream=True))

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
            TypeError: An argument contradicts `response_model`, or is not known.
            openai.OpenAIError: The provider rejected the first request.
        """
        return self._partial_stream(self._call(object_shape(response_model), kwargs, stream=True))

    # The order is explained in response_model.py.

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
        """Ask for a list or an object, streamed or complete.

        Args:
            response_model: `Iterable[T]` or `list[T]` for a list, any other type for an object.
            stream: Whether to stream: an `ItemStream` for a list, a `PartialStream` for an
                object. Otherwise the complete list or object is returned.
            **kwargs: See the class.

        Raises:
            TypeError: An argument contradicts `response_model`, or is not known.
            PartialStreamError: Without `stream`: the response is not what was asked for.
            openai.OpenAIError: The provider rejected the first request. Without `stream`, a lost
                connection is the SDK's to retry and to report, too.
        """
        call = self._call(response_shape(response_model), kwargs, stream=stream)
        if not stream:
            return self._full(call)
        items = call.shape.kind == "items"
        return self._item_stream(call) if items else self._partial_stream(call)

    @overload
    def create_with_completion(  # pyright: ignore[reportOverlappingOverload]  # V is one value
        self, *, response_model: type[V], **kwargs: Any
    ) -> tuple[V, Any]: ...

    @overload
    def create_with_completion(
        self, *, response_model: Callable[..., tuple[T, ...]], **kwargs: Any
    ) -> tuple[tuple[T, ...], Any]: ...

    @overload
    def create_with_completion(
        self, *, response_model: Callable[..., Iterable[T]], **kwargs: Any
    ) -> tuple[list[T], Any]: ...

    @overload
    def create_with_completion(
        self, *, response_model: type[T], **kwargs: Any
    ) -> tuple[T, Any]: ...

    @overload
    def create_with_completion(self, *, response_model: Any, **kwargs: Any) -> tuple[Any, Any]: ...

    def create_with_completion(self, *, response_model: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Ask for a complete list or object, and for the response that it came in.

        Args:
            response_model: As for `create`.
            **kwargs: See the class.

        Returns:
            The value, and the response in the form the SDK gives it, as a `ChatCompletion`. After
            retries it is the last response, which may hold a part of the value only.

        Raises:
            As `create` does, without `stream`.
        """
        call = self._call(response_shape(response_model), kwargs, stream=False)
        return self._full(call), call.completion()

    def _item_stream(self, call: Call) -> ItemStream[Any]:
        session = item_session(call)
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
        first = run_steps(first_request(call, session, send))
        return Chunks(first, lambda request: run_steps(send(request)))
