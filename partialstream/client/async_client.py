"""The async client: its methods, and every option in their signatures."""

# The same parameters in each overload: several to a line.
# fmt: off

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import overload

from partialstream.client.aio import AsyncCalls
from partialstream.client.options.docs import describe_options
from partialstream.client.options.options import DEFAULT_PROMPTS
from partialstream.client.response_model import items_shape, object_shape, response_shape

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Sequence

    from typing_extensions import TypeForm

    from partialstream.client.options.mode import AnyMode
    from partialstream.client.options.options import (
        AnyHooks,
        Key,
        ListPath,
        OnInterrupt,
        OnInvalid,
        Retries,
        StopWhen,
    )
    from partialstream.client.prompts import Prompts
    from partialstream.client.response_model import Q, T, V, W
    from partialstream.client.routes import Fallback
    from partialstream.limits import Limits
    from partialstream.stream.aio import AsyncItemStream, AsyncPartialStream


class AsyncClient(AsyncCalls):
    """Makes requests through a provider's SDK, and reads the responses while they arrive.

    Made by `from_openai`, `from_instructor` or `from_provider` for an async client of the SDK.
    The methods and their options are those of `Client`, and mean the same.

    A request is made when a stream is awaited, entered or read, and that is where errors of the
    first request come from.

    Args:
        endpoint: The endpoint that requests are sent to.

    Attributes:
        hooks: The handlers for the events of all calls.
    """

    @overload
    def create_iterable(
        self, *, response_model: TypeForm[Q], model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[Q] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        hooks: AnyHooks | None = None, fallbacks: Sequence[Fallback] | None = None,
        first_delta_within: float | None = None, lenient: bool = False,
        max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> AsyncItemStream[Q]: ...

    @overload
    def create_iterable(
        self, *, response_model: TypeForm[Iterable[T]], model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[T] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        hooks: AnyHooks | None = None, fallbacks: Sequence[Fallback] | None = None,
        first_delta_within: float | None = None, lenient: bool = False,
        max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> AsyncItemStream[T]: ...

    @overload
    def create_iterable(
        self, *, response_model: TypeForm[T], model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[T] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        hooks: AnyHooks | None = None, fallbacks: Sequence[Fallback] | None = None,
        first_delta_within: float | None = None, lenient: bool = False,
        max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> AsyncItemStream[T]: ...

    def create_iterable(
        self, *, response_model: Any, model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[Any] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        hooks: AnyHooks | None = None, fallbacks: Sequence[Fallback] | None = None,
        first_delta_within: float | None = None, lenient: bool = False,
        max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> AsyncItemStream[Any]:
        """Stream a list, as `Client.create_iterable` does; the request is made on first use.

        It is read by `async for item in stream`, best in an `async with` block.

        Args:
            response_model: The type of one item: anything pydantic validates.
            **kwargs: For the SDK: `temperature`, `timeout`, `extra_body`, …
        """
        call = self._call(items_shape(response_model), locals(), stream=True)
        return self._item_stream(call)

    def create_partial(
        self, *, response_model: TypeForm[T], model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        stop_when: StopWhen[T] | None = None, context: Any = None, templates: bool | None = None,
        strict: bool | None = None, limits: Limits | None = None, deadline: float | None = None,
        max_retries: Retries = 0, max_requests: int | None = None,
        on_interrupt: OnInterrupt = "resume", fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> AsyncPartialStream[T]:
        """Stream an object that grows, as `Client.create_partial` does.

        It is read by `async for snapshot in stream`, best in an `async with` block.

        Args:
            response_model: Its type, as for `Client.create_partial`.
            **kwargs: For the SDK: `temperature`, `timeout`, `extra_body`, …
        """
        call = self._call(object_shape(response_model), locals(), stream=True)
        return self._partial_stream(call)

    @overload
    def create(  # pyright: ignore[reportOverlappingOverload]  # see response_model.py
        self, *, response_model: TypeForm[W], stream: Literal[False] = False,
        model: str | None = None, messages: Iterable[Any] | None = None,
        mode: AnyMode | None = None, path: ListPath | None = None,
        on_invalid: OnInvalid | None = None, ordered: bool = False, key: Key | None = None,
        take: int | None = None, stop_when: StopWhen[Any] | None = None, context: Any = None,
        templates: bool | None = None, strict: bool | None = None, limits: Limits | None = None,
        deadline: float | None = None, max_retries: Retries = 0, max_requests: int | None = None,
        on_interrupt: OnInterrupt = "resume", fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> Coroutine[Any, Any, W]: ...

    @overload
    def create(  # pyright: ignore[reportOverlappingOverload]  # see response_model.py
        self, *, response_model: TypeForm[Iterable[T]], stream: Literal[False] = False,
        model: str | None = None, messages: Iterable[Any] | None = None,
        mode: AnyMode | None = None, path: ListPath | None = None,
        on_invalid: OnInvalid | None = None, ordered: bool = False, key: Key | None = None,
        take: int | None = None, stop_when: StopWhen[T] | None = None, context: Any = None,
        templates: bool | None = None, strict: bool | None = None, limits: Limits | None = None,
        deadline: float | None = None, max_retries: Retries = 0, max_requests: int | None = None,
        on_interrupt: OnInterrupt = "resume", fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> Coroutine[Any, Any, list[T]]: ...

    @overload
    def create(
        self, *, response_model: TypeForm[T], stream: Literal[False] = False,
        model: str | None = None, messages: Iterable[Any] | None = None,
        mode: AnyMode | None = None, path: ListPath | None = None,
        on_invalid: OnInvalid | None = None, ordered: bool = False, key: Key | None = None,
        take: int | None = None, stop_when: StopWhen[Any] | None = None, context: Any = None,
        templates: bool | None = None, strict: bool | None = None, limits: Limits | None = None,
        deadline: float | None = None, max_retries: Retries = 0, max_requests: int | None = None,
        on_interrupt: OnInterrupt = "resume", fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> Coroutine[Any, Any, T]: ...

    @overload
    def create(  # pyright: ignore[reportOverlappingOverload]  # see response_model.py
        self, *, response_model: TypeForm[V], stream: Literal[True], model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[V] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> AsyncPartialStream[V]: ...

    @overload
    def create(  # pyright: ignore[reportOverlappingOverload]  # see response_model.py
        self, *, response_model: TypeForm[Iterable[T]], stream: Literal[True],
        model: str | None = None, messages: Iterable[Any] | None = None,
        mode: AnyMode | None = None, path: ListPath | None = None,
        on_invalid: OnInvalid | None = None, ordered: bool = False, key: Key | None = None,
        take: int | None = None, stop_when: StopWhen[T] | None = None, context: Any = None,
        templates: bool | None = None, strict: bool | None = None, limits: Limits | None = None,
        deadline: float | None = None, max_retries: Retries = 0, max_requests: int | None = None,
        on_interrupt: OnInterrupt = "resume", fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> AsyncItemStream[T]: ...

    @overload
    def create(
        self, *, response_model: TypeForm[T], stream: Literal[True], model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[T] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> AsyncPartialStream[T]: ...

    @overload
    def create(
        self, *, response_model: Any, stream: bool, model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[Any] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> Any: ...

    def create(
        self, *, response_model: Any, stream: bool = False, model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[Any] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> Any:
        """Ask for a list or an object, as `Client.create` does; to be awaited.

        With `stream=True` it is an `AsyncItemStream` for a list, an `AsyncPartialStream` for an
        object: either may be awaited, or read at once.

        Args:
            response_model: `Iterable[T]` or `list[T]` for a list, any other type for an object.
            stream: Whether to stream, False by default.
            **kwargs: For the SDK: `temperature`, `timeout`, `extra_body`, …
        """
        call = self._call(response_shape(response_model), locals(), stream=stream)
        if not stream:
            return self._full(call)
        items = call.shape.kind == "items"
        return self._item_stream(call) if items else self._partial_stream(call)

    @overload
    async def create_with_completion(  # pyright: ignore[reportOverlappingOverload]  # see response_model.py
        self, *, response_model: TypeForm[W], model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[Any] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> tuple[W, Any]: ...

    @overload
    async def create_with_completion(
        self, *, response_model: TypeForm[Iterable[T]], model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[T] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> tuple[list[T], Any]: ...

    @overload
    async def create_with_completion(
        self, *, response_model: TypeForm[T], model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[Any] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> tuple[T, Any]: ...

    async def create_with_completion(
        self, *, response_model: Any, model: str | None = None,
        messages: Iterable[Any] | None = None, mode: AnyMode | None = None,
        path: ListPath | None = None, on_invalid: OnInvalid | None = None, ordered: bool = False,
        key: Key | None = None, take: int | None = None, stop_when: StopWhen[Any] | None = None,
        context: Any = None, templates: bool | None = None, strict: bool | None = None,
        limits: Limits | None = None, deadline: float | None = None, max_retries: Retries = 0,
        max_requests: int | None = None, on_interrupt: OnInterrupt = "resume",
        fail_fast: bool = True, hooks: AnyHooks | None = None,
        fallbacks: Sequence[Fallback] | None = None, first_delta_within: float | None = None,
        lenient: bool = False, max_cost: float | None = None, source_text: str | None = None,
        prompts: Prompts = DEFAULT_PROMPTS, **kwargs: Any,
    ) -> tuple[Any, Any]:
        """Ask for a complete value, and for its response, as `Client.create_with_completion`.

        Args:
            response_model: As for `create`.
            **kwargs: For the SDK: `temperature`, `timeout`, `extra_body`, …
        """
        call = self._call(response_shape(response_model), locals(), stream=False)
        return await self._full(call), call.completion()


describe_options(AsyncClient)
