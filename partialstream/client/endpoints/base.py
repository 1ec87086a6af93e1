"""What a client needs of a provider: how a request is built, and how it is sent.

    Client, AsyncClient ──► Call ──► RequestBuilder   which request, and where the JSON will be
            │
            └──► Endpoint                             sends it, gives the chunks of the response

There are two kinds. `openai.py` sends through the OpenAI SDK, and the requests are built here;
`instructor.py` sends through an instructor client, and lets instructor shape them. Where a
response is read as bytes, both read it through `Body` and `AsyncBody`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from anyio import move_on_after

from partialstream.client.prompts import free_name
from partialstream.client.schema import request_schema
from partialstream.client.sdk_arguments import arguments_of
from partialstream.errors import RetriesExhaustedError
from partialstream.stream.deadline import Alarm
from partialstream.stream.transport import end_connection
from partialstream.validation.types import validator_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from partialstream.client.hooks import Hooks
    from partialstream.client.options.options import Options
    from partialstream.client.rate_limit import RateLimit
    from partialstream.client.response_model import ResponseShape
    from partialstream.deltas import AnswerMetadata
    from partialstream.limits import Limits
    from partialstream.results import Attempt, Outcome, Path
    from partialstream.stream.deadline import Deadline
    from partialstream.stream.observer import Target
    from partialstream.stream.reader import Expected
    from partialstream.stream.steps import Steps


class RequestBuilder(ABC):
    """Builds the requests of one call, and knows where their JSON will be.

    Attributes:
        shape: What the call asks for.
        request: The first request, in the endpoint's own form.
        path: Where the list, or a value that is not an object, stands in the JSON asked for.
        expected: The channel that is asked for, and the place of the list in it.
        model: The model that is asked for, None if the requests name none.
    """

    shape: ResponseShape
    request: Any
    path: Path
    expected: Expected
    model: str | None = None

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments of the first request, by the names that the SDK or instructor has."""
        return arguments_of(self.request)

    def member_beside(self, name: str) -> str | None:
        """What a member beside the list is to be called, best `name`; None if there can be none."""
        # Before a list that is looked for, it could be the first member of an open item.
        items = validator_for(self.shape.type_)[1]
        any_name = "object" in items.kinds and items.names is None
        if not self.path or (any_name and self.expected.path is None):
            return None
        return free_name(name, request_schema(self.shape))

    def exhausted(
        self,
        message: str,
        *,
        attempts: Sequence[Attempt],
        outcome: Outcome | None,
        request: Any,
        failures: Sequence[tuple[int, Exception]],
        completion: Any,
    ) -> RetriesExhaustedError:
        """The error of a call whose retries are spent.

        Args:
            message: Why, and what the last failure was.
            attempts: The requests that were made.
            outcome: Of the last failure.
            request: The last request.
            failures: The errors of the attempts that failed, each with the attempt's number.
            completion: The last response: the SDK's object, or the text of a stream.
        """
        del request, failures, completion  # for those who have to keep them
        return RetriesExhaustedError(message, attempts=attempts, outcome=outcome)

    @abstractmethod
    def follow_up(
        self,
        said: str | None,
        instruction: str,
        carried: Sequence[str],
        beside: str | None = None,
    ) -> Any:
        """Build a request that follows up on a response.

        Args:
            said: What the model said, as a JSON document; None leaves it out.
            instruction: What is asked of it now.
            carried: Members of an object that were accepted, by their names in the JSON. Only
                the others are asked for.
            beside: A member that is to stand before the list, by what `member_beside` gave.
        """


class Sending(NamedTuple):
    """What a request is sent with."""

    hooks: Hooks  # get request and response
    deadline: Deadline | None  # bounds the waits of the request; what else, the client sees to
    metadata: AnswerMetadata  # where it is noted that the response has come to its end
    asynchronous: bool  # whether what the SDK gives has to be awaited
    retried: bool = False  # whether a request that fails is made again by the caller of this
    on_response: Callable[[Any], None] | None = None  # gets the HTTP response, where it is known


class FullResponse(NamedTuple):
    """A response that is not streamed."""

    chunks: Sequence[Any]  # what is read
    completion: Callable[[], Any]  # gives the response in the form the SDK gives it


class Endpoint(Protocol):
    """Where both clients send their requests; what has to be awaited is a step for them to do."""

    hooks: Any  # the handlers that the SDK's client was given, None if it takes none
    templates: bool  # whether messages are templates, in calls that do not say
    rate_limit: RateLimit | None  # how often requests may be sent
    provider: str  # the name that OpenTelemetry's GenAI conventions have for it

    def request_builder(
        self, shape: ResponseShape, options: Options, kwargs: Mapping[str, Any], *, stream: bool
    ) -> RequestBuilder:
        """Prepare a call; `kwargs` are the caller's arguments that are no options.

        Raises:
            TypeError: The arguments contradict each other.
        """
        ...

    def target(self, request: Any) -> Target:
        """Where a request goes, and what it asks: for those who watch the call."""
        ...

    def send(self, request: Any, sending: Sending) -> Steps[Any]:
        """Send a request; gives the chunks of its response, unread.

        They are closed by their own `close`, or `aclose`, if they have one.
        """
        ...

    def send_full(self, request: Any, sending: Sending) -> Steps[FullResponse]:
        """Send a request whose response is not streamed."""
        ...


def model_in(arguments: Mapping[str, Any]) -> str | None:
    """The model that the arguments of a request name."""
    model = arguments.get("model") or arguments.get("modelId")  # as Bedrock calls it
    return model if isinstance(model, str) else None


# -- time-outs -----------------------------------------------------------------------------


def idle_timeout(timeout: Any, limits: Limits) -> Any:
    """Tighten a time-out: no wait for bytes may be longer than allowed.

    `timeout` is an `httpx.Timeout` of either generation, seconds, or None for none.

    Example:
        >>> from partialstream import Limits
        >>> idle_timeout(60, Limits(idle_seconds=5)).as_dict()
        {'connect': 60, 'read': 5, 'write': 60, 'pool': 60}
    """
    return _tightened(timeout, limits.idle_seconds, ("read",))


def until(deadline: Deadline, timeout: Any) -> Any:
    """Tighten a time-out, or what the SDK says for its default: no wait goes beyond a deadline."""
    from openai import NotGiven

    known = None if isinstance(timeout, NotGiven) else timeout
    return _tightened(known, deadline.left(), ("connect", "read", "write", "pool"))


def _tightened(timeout: Any, most: float, names: Sequence[str]) -> Any:
    from openai import Timeout

    known = timeout if hasattr(timeout, "as_dict") else Timeout(timeout)
    waits: dict[str, float | None] = known.as_dict()
    for name in names:
        wait = waits[name]
        waits[name] = most if wait is None else min(wait, most)
    return Timeout(**waits)


# -- the bytes of a streamed response ------------------------------------------------------
#
# Some servers keep the connection open after the mark of their end (`[DONE]`). What ought to follow
# is the end of the HTTP body, and only a connection that has read it can serve the next request;
# so it is given a moment to come.

_MOMENT: Final = 0.1  # seconds


def read_end(chunks: Iterator[Any], response: Any) -> None:
    """Give the end of the HTTP body a moment to come.

    `chunks` are those of the HTTP response, or of whatever reads it.
    """

    def leave() -> None:  # so that the thread that waits for the end has nothing to wait for
        if not end_connection(response):
            with suppress(Exception):  # an alarm must not raise, and the response is complete
                response.close()

    alarm = Alarm(_MOMENT, leave)
    try:
        with suppress(Exception):  # the response is complete, whatever happens now
            for _ in chunks:
                pass
    finally:
        alarm.cancel()


async def aread_end(chunks: AsyncIterator[Any]) -> None:
    """`read_end` for async responses."""
    with suppress(Exception), move_on_after(_MOMENT):  # the response is complete
        async for _ in chunks:
            pass


class Body:
    """The bytes of a response, to be read once.

    Args:
        response: The HTTP library's response (httpx of either generation), open and unread. It
            is closed with the body.
        metadata: Where it is noted, by whoever reads the bytes, that they have come to their end.
    """

    def __init__(self, response: Any, metadata: AnswerMetadata) -> None:
        self.response = response
        self._metadata = metadata

    def __iter__(self) -> Iterator[bytes]:
        metadata = self._metadata
        chunks: Iterator[bytes] = self.response.iter_bytes()
        for chunk in chunks:
            yield chunk
            if metadata.terminated:
                read_end(chunks, self.response)
                return

    def close(self) -> None:
        """Close the response."""
        self.response.close()


class AsyncBody:
    """`Body` for async responses. No generator, which only the task that reads it could close."""

    def __init__(self, response: Any, metadata: AnswerMetadata) -> None:
        self.response = response
        self._metadata = metadata
        self._chunks: AsyncIterator[bytes] = response.aiter_bytes()

    def __aiter__(self) -> AsyncBody:
        return self

    async def __anext__(self) -> bytes:
        if self._metadata.terminated:
            await aread_end(self._chunks)
            raise StopAsyncIteration
        return await self._chunks.__anext__()

    async def aclose(self) -> None:
        """Close the response; a task that reads is woken by that."""
        await self.response.aclose()


def body_of(response: Any, sending: Sending) -> Body | AsyncBody:
    """The bytes of an HTTP response."""
    return (AsyncBody if sending.asynchronous else Body)(response, sending.metadata)
