"""What both clients have in common; they add the sending of requests, with `await` or without.

A call is made ready here: its first request, and the policy that reads the responses.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from partialstream.client.budget import Budget
from partialstream.client.conversation import Conversation
from partialstream.client.endpoint import AnyEndpoint
from partialstream.client.hooks import Hooks
from partialstream.client.item_retries import ItemRetries
from partialstream.client.options import Options
from partialstream.client.retries import PartialRetries, RetryingSession, transient
from partialstream.errors import IncompleteStreamError
from partialstream.results import Outcome
from partialstream.stream.deadline import Deadline, DeadlineError
from partialstream.stream.response import ResponseStream
from partialstream.stream.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from typing_extensions import Self

    from partialstream.client.endpoint import RequestBuilder
    from partialstream.client.response_model import ResponseShape
    from partialstream.stream.session import Steps

E = TypeVar("E", bound=AnyEndpoint)


class BaseClient(Generic[E]):
    """What both clients have in common.

    Args:
        endpoint: The endpoint that requests are sent to.

    Attributes:
        hooks: The handlers for the events of all calls.
    """

    _asynchronous: ClassVar[bool]

    def __init__(self, endpoint: E) -> None:
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
    def chat(self) -> Self:
        """For `client.chat.completions.create`, as the OpenAI SDK spells it."""
        return self

    @property
    def completions(self) -> Self:
        """For `client.chat.completions.create`, as the OpenAI SDK spells it."""
        return self

    @property
    def messages(self) -> Self:
        """For `client.messages.create`, as Anthropic's SDK spells it."""
        return self

    @property
    def responses(self) -> Self:
        """For `client.responses.create(input=...)`, with an instructor client for that API."""
        return self

    def _call(self, shape: ResponseShape, kwargs: Mapping[str, Any], *, stream: bool) -> Call:
        options, rest = Options.split(kwargs)
        return Call(
            shape,
            options,
            self._endpoint.request_builder(shape, options, rest, stream=stream),
            stream=stream,
            hooks=Hooks.combine(self._endpoint.hooks, self.hooks),
            asynchronous=self._asynchronous,
        )


class Call:
    """A call that has not been made yet.

    Args:
        shape: What it asks for.
        options: How the response is read.
        builder: Builds its requests.
        stream: Whether the response is streamed.
        hooks: Those of the client.
        asynchronous: Whether a loop must not be kept waiting.

    Raises:
        TypeError: The options contradict each other, or what is asked for.
        ValueError: There is no such word for `on_invalid` or `on_interrupt`, or `take` is too
            small.

    Attributes:
        shape: What it asks for.
        conversation: Its requests, and what reads the response to each.
        stream: Whether the response is streamed.
        hooks: The client's and the caller's.
        deadline: When it has to be over, None for no bound.
        budget: What may be spent on retries, None if there are to be none.
        completion: Gives the last response in the form the SDK gives it, if it was not streamed.
    """

    completion: Callable[[], Any]

    def __init__(
        self,
        shape: ResponseShape,
        options: Options,
        builder: RequestBuilder,
        *,
        stream: bool,
        hooks: Hooks | None = None,
        asynchronous: bool = False,
    ) -> None:
        options.check(shape.kind, stream=stream)
        self.shape = shape
        self._options = options
        self.conversation = Conversation(shape, options, builder)
        self.stream = stream
        self.hooks = Hooks.combine(hooks, options.hooks)
        self.deadline = None if options.deadline is None else Deadline(options.deadline)
        self._retries: RetryingSession[Any] | None = None
        self.budget = (
            None
            if options.max_retries == 0
            else Budget(
                options.max_retries,
                max_requests=options.max_requests,
                asynchronous=asynchronous,
                deadline=self.deadline,
            )
        )

    @property
    def request(self) -> Any:
        """The first request, for the endpoint that it was built for."""
        return self.conversation.request

    def retry_first_request(self, error: Exception) -> Steps[bool]:
        """The first request has failed: whether to make it again; waits until it may be."""
        failure = None if self.budget is None else transient(error)
        if failure is None or self._retries is None:
            return False
        return (yield from self._retries.retry_first_request(failure))

    @contextmanager
    def report_errors(self) -> Generator[None, None, None]:
        """For the first request, whose errors are the SDK's own: the hooks learn of them.

        Raises:
            IncompleteStreamError: The deadline has passed.
        """
        try:
            try:
                yield
            except DeadlineError as passed:
                raise IncompleteStreamError.of(Outcome("stalled", detail=str(passed))) from passed
        except Exception as error:
            most = 1 if self.budget is None else self.budget.max_requests
            number = 1 if self._retries is None else self._retries.number
            report = {"attempt_number": number, "max_attempts": most, "is_last_attempt": True}
            self.hooks.emit("completion:error", error, **report)
            self.hooks.emit("completion:last_attempt", error, **report)
            raise

    # -- the policy ------------------------------------------------------------------------

    @property
    def _is_plain(self) -> bool:
        """Whether one response is all there will be, and no handler waits for it."""
        return self.budget is None and not self.hooks

    def item_session(self) -> Session[Any]:
        """What reads the list: over one response, or over several, and how much of it."""
        options = self._options
        take, stop_when = options.take, options.stop_when
        on_invalid = options.on_invalid or ("raise" if self.budget is None else "repair")
        if self._is_plain and on_invalid in ("raise", "skip"):
            skip = on_invalid == "skip"
            reader = self.conversation.item_reader(ResponseStream(), "skip" if skip else "raise")
            return Session(reader, take, stop_when)
        self._retries = ItemRetries(
            self.conversation,
            self.budget or Budget(),
            self.hooks,
            on_invalid=on_invalid,
            on_interrupt=options.on_interrupt,
            # A list that is returned as one has no reason to be out of order.
            ordered=options.ordered or not self.stream,
            key=options.key,
            take=take,
            stop_when=stop_when,
        )
        return self._retries

    def partial_session(self) -> Session[Any]:
        """What reads the object: over one response, or over several, and how long."""
        options = self._options
        if self._is_plain:
            reader = self.conversation.partial_reader(ResponseStream())
            return Session(reader, stop_when=options.stop_when)
        self._retries = PartialRetries(
            self.conversation,
            self.budget or Budget(),
            self.hooks,
            on_interrupt=options.on_interrupt,
            fail_fast=options.fail_fast,
            stop_when=options.stop_when,
        )
        return self._retries
