"""The client: its methods, and every option in their signatures."""

# The same parameters in each overload: several to a line.
# fmt: off

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import overload

from partialstream.client.options.docs import describe_options
from partialstream.client.options.options import DEFAULT_PROMPTS
from partialstream.client.response_model import items_shape, object_shape, response_shape
from partialstream.client.sync import SyncCalls

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
    from partialstream.stream.sync import ItemStream, PartialStream


class Client(SyncCalls):
    """Makes requests through a provider's SDK, and reads the responses while they arrive.

    Made by `from_openai`, `from_instructor` or `from_provider`. Each method takes the options
    that have a meaning for it; what is not an option goes on to the SDK (`temperature`,
    `timeout`, `extra_body`, …).

    Errors of the first request (a rejected key, a rate limit, no connection) are the SDK's own,
    after its own retries. With `max_retries` those are off: what may pass (408, 409, 429, 5xx, no
    connection) is retried within that one budget, and comes only once it is spent. With
    `fallbacks`, if all of them fail, a `RetriesExhaustedError` is raised. Errors in a response are
    those of `partialstream.errors`; a later request that is rejected is a `ProviderError`.

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
    ) -> ItemStream[Q]: ...

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
    ) -> ItemStream[T]: ...

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
    ) -> ItemStream[T]: ...

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
    ) -> ItemStream[Any]:
        """Stream a list: each item is delivered when its last character has arrived.

        Args:
            response_model: The type of one item: anything pydantic validates.
            **kwargs: For the SDK: `temperature`, `timeout`, `extra_body`, …

        Returns:
            An iterator of items, best used in a `with` block. The request has been made.

        Raises:
            TypeError: An argument contradicts `response_model`, or is not known.
            openai.OpenAIError: The provider rejected the first request.
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
    ) -> PartialStream[T]:
        """Stream an object that grows.

        Args:
            response_model: Its type: a model, or a TypedDict, a dict or a list, which grow too.
                A dataclass appears when it is complete.
            **kwargs: For the SDK: `temperature`, `timeout`, `extra_body`, …

        Returns:
            An iterator of snapshots; the last is the validated object.

        Raises:
            TypeError: An argument contradicts `response_model`, or is not known.
            openai.OpenAIError: The provider rejected the first request.
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
    ) -> W: ...

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
    ) -> list[T]: ...

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
    ) -> T: ...

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
    ) -> PartialStream[V]: ...

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
    ) -> ItemStream[T]: ...

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
    ) -> PartialStream[T]: ...

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
        """Ask for a list or an object, streamed or complete.

        Args:
            response_model: `Iterable[T]` or `list[T]` for a list, any other type for an object.
            stream: Whether to stream: an `ItemStream` for a list, a `PartialStream` for an
                object. False, the default: the complete list or object is returned.
            **kwargs: For the SDK: `temperature`, `timeout`, `extra_body`, …

        Raises:
            TypeError: An argument contradicts `response_model`, or is not known.
            PartialStreamError: Without `stream`: the response is not what was asked for.
            openai.OpenAIError: The provider rejected the first request. Without `stream`, a lost
                connection is the SDK's to report, too.
        """
        call = self._call(response_shape(response_model), locals(), stream=stream)
        if not stream:
            return self._full(call)
        items = call.shape.kind == "items"
        return self._item_stream(call) if items else self._partial_stream(call)

    @overload
    def create_with_completion(  # pyright: ignore[reportOverlappingOverload]  # see response_model.py
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
    def create_with_completion(
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
    def create_with_completion(
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

    def create_with_completion(
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
        """Ask for a complete list or object, and for the response that it came in.

        Args:
            response_model: As for `create`.
            **kwargs: For the SDK: `temperature`, `timeout`, `extra_body`, …

        Returns:
            The value, and the response in the form the SDK gives it, as a `ChatCompletion`. After
            retries it is the last response, which may hold a part of the value only.

        Raises:
            As `create` does, without `stream`.
        """
        call = self._call(response_shape(response_model), locals(), stream=False)
        return self._full(call), call.completion()


describe_options(Client)
