"""A call that is made ready, and what the two clients have in common."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from anyio import fail_after

from partialstream.client.budget import Budget
from partialstream.client.endpoints.base import Sending
from partialstream.client.hooks import Hooks
from partialstream.client.options.key import read_key
from partialstream.client.rate_limit.waiting import send_in_turn
from partialstream.client.schema import VALUE, value_model
from partialstream.client.sdk_arguments import arguments_of, input_tokens, is_deterministic
from partialstream.limits import DEFAULT_LIMITS
from partialstream.stream.deadline import AsyncTimedChunks, Deadline, TimedChunks
from partialstream.stream.items import ItemReader
from partialstream.stream.partials import PartialReader
from partialstream.stream.transport import no_chunks
from partialstream.telemetry.observing import observer_for

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence

    from partialstream.client.contender import Contender
    from partialstream.client.endpoints.base import Endpoint
    from partialstream.client.options.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.client.routes import (
        Route,
    )
    from partialstream.client.spending import Spending
    from partialstream.errors import LimitExceededError
    from partialstream.results import Attempt
    from partialstream.stream.response import ResponseStream
    from partialstream.stream.session import Session
    from partialstream.stream.steps import Steps


T = TypeVar("T")


class Call:
    """A call that has not been made yet: what it asks for, and how its responses are read.

    Its requests go by `route`, and then by those of its `fallbacks`. With `asynchronous` a loop
    must not be kept waiting.

    Raises:
        TypeError: See `Budget`.
        ValueError: See `read_key` and `Budget`.
    """

    completion: Callable[[], Any]
    """Gives the last response in the form the SDK gives it, if it was not streamed."""

    @property
    def last_completion(self) -> Any:
        """What `completion` gives; None before there was a response."""
        return self.completion() if hasattr(self, "completion") else None

    def __init__(
        self,
        shape: ResponseShape,
        options: Options,
        route: Route,
        fallbacks: Sequence[Route] = (),
        *,
        stream: bool,
        asynchronous: bool = False,
    ) -> None:
        self.shape = shape
        self.options = options
        self.key = read_key(options.key, shape.type_)
        self.stream = stream
        self.asynchronous = asynchronous
        self.limits = options.limits or DEFAULT_LIMITS
        self.deadline = None if options.deadline is None else Deadline(options.deadline)
        self.has_fallbacks = bool(fallbacks)
        self._routes = [route, *fallbacks]  # that may still be taken, the one in use first
        self.may_retry = options.max_retries != 0 or self.has_fallbacks
        self.races = options.first_delta_within is not None
        self.budget = (  # None if there is to be one request
            None
            if not self.may_retry and not self.races
            else Budget(
                options.max_retries,
                max_requests=options.max_requests,
                endpoints=len(self._routes),
                asynchronous=asynchronous,
                deadline=self.deadline,
            )
        )
        self._spending = self._spending_of(options.max_cost)
        self._use(route)

    def _spending_of(self, max_cost: float | None) -> Spending | None:
        if max_cost is None:
            return None
        # Imported where it is needed: few calls have such a bound.
        from partialstream.client.spending import Spending

        return Spending(max_cost, self._routes)

    def too_expensive(
        self, attempts: Sequence[Attempt], route: Route | None = None
    ) -> LimitExceededError | None:
        """The error of a request that `max_cost` does not allow after these; None if it does.

        `route` is that of the request, the one in use by default.
        """
        if self._spending is None:
            return None
        return self._spending.refusal(attempts, route or self.route)

    def _use(self, route: Route) -> None:
        self.route = route
        self.builder = route.builder
        self.hooks = self.hooks_of(route)

    def hooks_of(self, route: Route) -> Hooks:
        """The handlers for the requests that go by a route."""
        return Hooks.combine(route.hooks, self.options.hooks)

    @property
    def has_next_route(self) -> bool:
        """Whether there is another route to take."""
        return len(self._routes) > 1

    @property
    def next_route(self) -> Route:
        """The route to take next."""
        return self._routes[1]

    def take_next_route(self) -> None:
        """From now on, requests go by the next route."""
        self.take_route(self.next_route)

    def take_route(self, route: Route) -> None:
        """From now on, requests go by this route, and those before it are not tried again."""
        del self._routes[: _place(route, self._routes)]
        self._use(route)

    def drop_routes(self, failed: Sequence[Route]) -> None:
        """Do not try these again; the one in use stays."""
        self._routes[1:] = [each for each in self._routes[1:] if _place(each, failed) < 0]

    @property
    def rivals(self) -> Sequence[Route]:
        """The routes of requests that a silent one may be raced with: its own, if there is none."""
        return self._routes[1:] or self._routes

    @property
    def is_plain(self) -> bool:
        """Whether one response is all there will be, and no handler waits for it."""
        return self.budget is None and not self.hooks

    @property
    def is_deterministic(self) -> bool:
        """Whether the model is to say the same to the same request."""
        return is_deterministic(self.builder.arguments)

    @property
    def request(self) -> Any:
        """The first request, for the endpoint that it was built for."""
        return self.builder.request

    def describe(self, session: Session[T], request: Any = None) -> Session[T]:
        """Note in a session the request, its model and its provider; gives the session.

        `request` is the first one by default.
        """
        endpoint = self.route.endpoint
        session.model = self.builder.model
        session.provider = None if endpoint is None else endpoint.provider
        asked = arguments_of(self.request if request is None else request)
        session.estimate_input = partial(input_tokens, asked)
        return session

    def watch(self, session: Session[Any]) -> None:
        """The call begins: give the session its observer, if there is one."""
        items = self.shape.kind == "items"
        name = "create" if not self.stream else "create_iterable" if items else "create_partial"
        observer = observer_for(name)
        if observer is not None:
            session.observer = observer
            observer.began()

    def send(
        self, session: Session[Any] | Contender, request: Any, route: Route | None = None
    ) -> Steps[Any]:
        """Make a request; gives the chunks of the response, until the deadline if there is one.

        `route` is the one in use if it is not given.

        Raises:
            TypeError: The route has no endpoint.
        """
        route = route or self.route
        endpoint = route.endpoint
        if endpoint is None:
            raise TypeError("there is no endpoint to send requests to")
        hooks = self.hooks if route is self.route else self.hooks_of(route)
        send = partial(self._send_now, endpoint, hooks, session, request)
        limit = endpoint.rate_limit
        if limit is None:
            return (yield from send())
        return (
            yield from send_in_turn(
                limit, request, session, self.deadline, send, asynchronous=self.asynchronous
            )
        )

    def _send_now(
        self,
        endpoint: Endpoint,
        hooks: Hooks,
        session: Session[Any] | Contender,
        request: Any,
        on_response: Callable[[Any], None] | None = None,
    ) -> Steps[Any]:
        """As `send`; `on_response` gets the HTTP response, where it is known."""
        observer = session.observer
        if observer is None:
            return (yield from self._sent(endpoint, hooks, session, request, on_response))
        start = session.attempt_start(endpoint.target(request), streamed=self.stream)
        if session.finished():  # meanwhile, as a request that has lost a race
            return no_chunks() if self.asynchronous else ()
        with observer.sending(start):
            return (yield from self._sent(endpoint, hooks, session, request, on_response))

    def _sent(
        self,
        endpoint: Endpoint,
        hooks: Hooks,
        session: Session[Any] | Contender,
        request: Any,
        on_response: Callable[[Any], None] | None,
    ) -> Steps[Any]:
        deadline = self.deadline
        sending = Sending(
            hooks,
            deadline,
            session.metadata,
            self.asynchronous,
            retried=self.may_retry,
            on_response=on_response,
        )
        if deadline is None:
            return (yield from self._send(endpoint, request, sending))
        with deadline, fail_after(deadline.left()) if self.asynchronous else nullcontext():
            chunks = yield from self._send(endpoint, request, sending)
            return (AsyncTimedChunks if self.asynchronous else TimedChunks)(chunks, deadline)

    def _send(self, endpoint: Endpoint, request: Any, sending: Sending) -> Steps[Any]:
        if self.stream:
            return (yield from endpoint.send(request, sending))
        chunks, self.completion = yield from endpoint.send_full(request, sending)
        return _each(chunks) if self.asynchronous else chunks

    def item_reader(
        self, response: ResponseStream, on_invalid: Literal["raise", "skip"]
    ) -> ItemReader[Any]:
        """What reads one response with a list."""
        options = self.options
        return ItemReader(
            self.shape.type_,
            path=options.path,
            on_invalid=on_invalid,
            context=options.context,
            strict=options.strict,
            lenient=options.lenient,
            limits=self.limits,
            response=response,
            expected=self.builder.expected,
            source_text=options.source_text,
        )

    @property
    def wraps(self) -> bool:
        """Whether the value asked for is not an object, and so a member of one."""
        return self.builder.path == (VALUE,)

    def partial_reader(
        self,
        response: ResponseStream,
        carried: Mapping[str, str] | None = None,
        *,
        fail_fast: bool = False,
    ) -> PartialReader[Any]:
        """What reads one response with an object; `carried` was accepted from earlier ones."""
        options, wraps = self.options, self.wraps
        return PartialReader(
            value_model(self.shape.type_) if wraps else self.shape.type_,
            context=options.context,
            strict=options.strict,
            lenient=options.lenient,
            limits=self.limits,
            response=response,
            expected=self.builder.expected,
            member=VALUE if wraps else None,
            carried=carried,
            fail_fast=fail_fast,
            source_text=options.source_text,
        )


def _place(route: Route, routes: Sequence[Route]) -> int:
    """Where a route stands among others, -1 if it does not."""
    return next((place for place, each in enumerate(routes) if each is route), -1)


async def _each(chunks: Iterable[Any]) -> AsyncGenerator[Any, None]:
    for chunk in chunks:
        yield chunk
