"""What the two clients have in common: hooks, and a call that is made ready."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from partialstream.client.call import Call
from partialstream.client.hooks import Hooks
from partialstream.client.options.options import Options, check_positive
from partialstream.client.response_model import items_shape
from partialstream.client.retries.items import continued_session
from partialstream.client.routes import (
    Fallback,
    Route,
    RoutedClient,
    check_fallbacks,
    fallback_routes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from enum import Enum

    from typing_extensions import Self

    from partialstream.client.endpoints.base import Endpoint
    from partialstream.client.hooks import EventName
    from partialstream.client.rate_limit import RateLimit
    from partialstream.client.response_model import ResponseShape
    from partialstream.client.retries.placing import Element
    from partialstream.stream.observer import Target
    from partialstream.stream.session import Session

_NOT_OPTIONS: Final = ("self", "response_model", "stream", "kwargs")
_FOR_SDK: Final = ("model", "messages")
"""Parameters of the methods of both clients."""


class BaseClient(RoutedClient):
    """What both clients have in common.

    Args:
        endpoint: The endpoint that requests are sent to.
        fallbacks: Where requests go next, for calls that do not say; see `Fallback`.
        first_delta_within: For streams that do not say; see `Options`.

    Raises:
        TypeError: See `check_fallbacks` and `check_positive`.
        ValueError: See `check_positive`.

    Attributes:
        hooks: The handlers for the events of all calls.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        fallbacks: Sequence[Fallback] = (),
        first_delta_within: float | None = None,
    ) -> None:
        check_fallbacks(self, fallbacks)
        check_positive("first_delta_within", first_delta_within)
        self._endpoint = endpoint
        self._fallbacks = fallbacks
        self._first_delta_within = first_delta_within
        self.hooks = Hooks()

    def on(self, hook_name: EventName | Enum, handler: Callable[..., Any]) -> None:
        """Call `handler` at one of instructor's events; see `Hooks`."""
        self.hooks.on(hook_name, handler)

    def off(self, hook_name: EventName | Enum, handler: Callable[..., Any]) -> None:
        """Do not call `handler` any more."""
        self.hooks.off(hook_name, handler)

    def clear(self, hook_name: EventName | Enum | None = None) -> None:
        """Forget the handlers of one event, or of all."""
        self.hooks.clear(hook_name)

    @property
    def chat(self) -> Self:
        """The client itself, for code that spells its calls as the SDKs do.

        As `client.chat.completions.create`, as `client.messages.create`, or, with a client for
        that API, as `client.responses.create(input=...)`.
        """
        return self

    completions = messages = responses = chat

    def target_of(self, shape: ResponseShape, **arguments: Any) -> Target:
        """The server and the arguments of a streamed call, which is checked and not made.

        Args:
            shape: The kind of response: a list or an object, and its type.
            **arguments: As for `create_iterable`.

        Raises:
            TypeError: As for the call.
            ValueError: As for the call.
        """
        given = {"model": None, "messages": None, "kwargs": arguments}
        call = self._call(shape, given, stream=True)
        return self._endpoint.target(call.request)

    @property
    def provider(self) -> str:
        """The provider, by its name in OpenTelemetry's GenAI conventions."""
        return self._endpoint.provider

    @property
    def rate_limit(self) -> RateLimit | None:
        """The rate limit of its requests, None if there is none; see `from_openai`."""
        return self._endpoint.rate_limit

    def with_rate_limit(self, rate_limit: RateLimit) -> Self:
        """Copy the client, with another rate limit; the copy shares the SDK's client and hooks."""
        endpoint = copy(self._endpoint)
        endpoint.rate_limit = rate_limit
        limited = copy(self)
        limited._endpoint = endpoint
        return limited

    def _continued(
        self,
        elements: Iterable[Element[Any]],
        response_model: Any,
        arguments: dict[str, Any],
        list_complete: bool,
    ) -> tuple[Call, Session[Any]]:
        """Prepare a call for the rest of a list, and the session that reads its responses."""
        given = {"model": None, "messages": None, "kwargs": arguments}
        call = self._call(items_shape(response_model), given, stream=True)
        return call, continued_session(call, elements, list_complete=list_complete)

    def _call(self, shape: ResponseShape, arguments: Mapping[str, Any], *, stream: bool) -> Call:
        """Prepare a call; `arguments` are the `locals()` of the method that was called.

        Each method has all options as parameters, and a second list of them could be wrong.
        """
        named = {name: arguments[name] for name in arguments if name not in _NOT_OPTIONS}
        options, rest = Options.split({**named, **arguments["kwargs"]})
        for name in _FOR_SDK:
            if rest[name] is None:  # it was not given
                del rest[name]
        if stream and options.first_delta_within is None and self._first_delta_within is not None:
            options = replace(options, first_delta_within=self._first_delta_within)
        options.check(shape.kind, stream=stream)
        return Call(
            shape,
            options,
            self._route(shape, options, rest, stream=stream),
            self._fallback_routes(shape, options, rest, stream=stream),
            stream=stream,
            asynchronous=self._asynchronous,
        )

    def _fallback_routes(
        self, shape: ResponseShape, options: Options, arguments: Mapping[str, Any], *, stream: bool
    ) -> Sequence[Route]:
        fallbacks = self._fallbacks if options.fallbacks is None else options.fallbacks
        if not fallbacks:
            return ()
        if options.templates is None:  # the same messages are a template for all of them, or none
            options = replace(options, templates=self._endpoint.templates)
        return fallback_routes(self, fallbacks, shape, options, arguments, stream=stream)

    @override
    def _route(
        self, shape: ResponseShape, options: Options, arguments: Mapping[str, Any], *, stream: bool
    ) -> Route:
        endpoint = self._endpoint
        return Route(
            endpoint.request_builder(shape, options, arguments, stream=stream),
            endpoint,
            Hooks.combine(endpoint.hooks, self.hooks),
        )
