"""Where the requests of a call may go: endpoints, and what builds the requests for each.

A call begins with the route of its own client. Where a request or its response fails, and may not
be made again there, the call goes on by the route of the next of its `fallbacks`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, cast

from partialstream.client.options.near_misses import check_spelling
from partialstream.client.options.options import WORDS, Options

if TYPE_CHECKING:
    from partialstream.client.endpoints.base import Endpoint, RequestBuilder
    from partialstream.client.hooks import Hooks
    from partialstream.client.response_model import ResponseShape


class Route(NamedTuple):
    """One endpoint of a call."""

    builder: RequestBuilder  # builds the call's requests for it
    endpoint: Endpoint | None = None  # None where requests are sent by other means
    hooks: Hooks | None = None  # the handlers of its client, for the requests that are sent to it


class RoutedClient(ABC):
    """A client that a call may go through: `Client` or `AsyncClient`."""

    _asynchronous: ClassVar[bool]

    @abstractmethod
    def _route(
        self, shape: ResponseShape, options: Options, arguments: Mapping[str, Any], *, stream: bool
    ) -> Route:
        """This client as a route of a call; `arguments` are for the SDK."""


Fallback = str | Mapping[str, Any] | RoutedClient | tuple[RoutedClient, str | Mapping[str, Any]]
"""Where the next request goes.

- `"other-model"`: another model of the same client.
- `{"model": "other-model", "temperature": 0}`: the same client with other arguments.
- `other_client`: another client and its default model.
- `(other_client, "its-model")`: another client and a model of it.
- `(other_client, {"model": "its-model", "max_tokens": 1024})`: and with other arguments.

An argument of None is left out.
"""


_OF_THE_CALL: Final = frozenset(WORDS) - {"mode"}
"""What cannot differ between the requests of a call."""


def check_fallbacks(client: RoutedClient, fallbacks: Any) -> None:
    """Refuse what cannot be asked by this client's calls.

    Raises:
        TypeError: `fallbacks` is not a list, or one of them not a `Fallback`; or one has an
            argument that is an option of the call, or is misspelled.
    """
    if isinstance(fallbacks, (str, Mapping)) or not isinstance(fallbacks, Sequence):
        raise TypeError(f"fallbacks= must be a list, not {fallbacks!r}")
    for place, each in enumerate(cast("Sequence[Any]", fallbacks)):  # type: ignore[redundant-cast]  # not for pyright
        _, changed = _parsed(client, each)
        try:
            _check_names(changed)
        except TypeError as error:
            raise TypeError(f"fallbacks[{place}]: {error}") from None


def _check_names(changed: Mapping[str, Any]) -> None:
    for name in changed:
        if name in _OF_THE_CALL:
            raise TypeError(f"{name}= is for the whole call, and cannot differ in a fallback")
    check_spelling((name for name in changed if name != "mode"), WORDS)


def fallback_routes(
    client: RoutedClient,
    fallbacks: Sequence[Any],
    shape: ResponseShape,
    options: Options,
    kwargs: Mapping[str, Any],
    *,
    stream: bool,
) -> list[Route]:
    """The routes of a call after that of its own client; `kwargs` are its arguments for the SDK.

    Raises:
        TypeError: See `check_fallbacks`; or the arguments of one contradict each other.
    """
    check_fallbacks(client, fallbacks)
    routes: list[Route] = []
    for place, each in enumerate(fallbacks):
        other, changed = _parsed(client, each)
        arguments = {**kwargs, **changed}
        left_out = [name for name, value in changed.items() if value is None]
        for name in left_out:
            del arguments[name]
        # What a mode is called, and whether there is one, is for each client to say.
        mode = arguments.pop("mode", options.mode if other is client else None)
        try:
            route = other._route(shape, replace(options, mode=mode), arguments, stream=stream)  # pyright: ignore[reportPrivateUsage]  # the class is in this file
        except TypeError as error:
            raise TypeError(f"fallbacks[{place}]: {error}") from error
        routes.append(route)
    return routes


def _parsed(client: RoutedClient, fallback: Any) -> tuple[RoutedClient, Mapping[str, Any]]:
    """The client to ask, and the arguments in which its requests differ."""
    if isinstance(fallback, str):
        return client, {"model": fallback}
    if isinstance(fallback, Mapping):
        return client, cast("Mapping[str, Any]", fallback)
    other: Any = fallback
    changed: Any = {}
    if isinstance(fallback, tuple):
        parts: list[Any] = list(cast("tuple[Any, ...]", fallback))  # type: ignore[redundant-cast]  # not for pyright
        other, changed = parts if len(parts) == 2 else (None, None)
    if isinstance(changed, str):
        changed = {"model": changed}
    if not isinstance(other, RoutedClient) or not isinstance(changed, Mapping):
        raise TypeError(
            "fallbacks= takes the name of a model, a client of partialstream's, or "
            "(client, model); for a client of another SDK use from_openai(...) or "
            f"from_instructor(...); not {fallback!r}"
        )
    if other._asynchronous != client._asynchronous:  # pyright: ignore[reportPrivateUsage]  # the class is in this file
        raise TypeError(
            f"fallbacks= of {type(client).__name__} must not hold {type(other).__name__}"
        )
    return other, {"model": None, **cast("Mapping[str, Any]", changed)}
