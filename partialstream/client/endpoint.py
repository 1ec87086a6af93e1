"""What a client needs of whoever answers: how a request is made, and how it is sent.

    Client, AsyncClient ──► Call ──► Shaping    which request, and where its answer will be
            │
            └──► Endpoint                       sends it, gives the chunks of the answer

There are two kinds. `chat_endpoint.py` asks the OpenAI SDK's Chat Completions and shapes the
request itself; `instructor_endpoint.py` asks whom an instructor client asks, and lets instructor
shape the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence

    from partialstream.client.hooks import Hooks
    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.results import Path
    from partialstream.stream.deadline import Deadline
    from partialstream.stream.flow import Expected


class Shaping(Protocol):
    """How the requests of one call are made, and where their answers will be.

    Attributes:
        request: The first request, in the endpoint's own form.
        path: Where the list, or a value that is no object, stands in the answer asked for.
        expected: The channel that is asked for, and the place of the list in it.
    """

    request: Any
    path: Path
    expected: Expected

    def member_beside(self, name: str) -> str | None:
        """What a member beside the list is to be called; None if there can be none.

        Args:
            name: What it would best be called.
        """
        ...

    def follow_up(
        self,
        said: str | None,
        instruction: str,
        carried: Sequence[str],
        beside: str | None = None,
    ) -> Any:
        """Make a request that follows up on an answer.

        Args:
            said: What the model said, as a JSON document; None leaves it out.
            instruction: What is asked of it now.
            carried: Members of an object that stand, by their names in the answer.
            beside: A member that is to stand before the list, by what `member_beside` gave.
        """
        ...


class Whole(NamedTuple):
    """An answer that is not streamed.

    Attributes:
        chunks: What is read.
        completion: Gives the answer in the form the SDK gives it.
    """

    chunks: Sequence[Any]
    completion: Callable[[], Any]


class EndpointBase(Protocol):
    """What both kinds of endpoints have.

    Attributes:
        hooks: The handlers that the SDK's client was given, None if it takes none.
    """

    hooks: Any

    def shaping(
        self,
        shape: ResponseShape,
        options: Options,
        kwargs: Mapping[str, Any],
        *,
        stream: bool,
    ) -> Shaping:
        """Prepare a call.

        Args:
            shape: What it asks for.
            options: How the answer is to be read.
            kwargs: What the caller passes on to the SDK.
            stream: Whether the answer is to be streamed.

        Raises:
            TypeError: The arguments contradict each other.
            ValueError: There is no such mode.
        """
        ...


class Endpoint(EndpointBase, Protocol):
    """Whom a sync client asks."""

    def send(self, request: Any, hooks: Hooks, deadline: Deadline | None) -> Iterable[Any]:
        """Make a request; gives the chunks of its answer, unread.

        Closed by its own `close`, if it has one. `hooks` are told of request and response. The
        waits of the request are no longer than until the deadline; what else that is for, the
        client sees to.
        """
        ...

    def send_whole(self, request: Any, hooks: Hooks, deadline: Deadline | None) -> Whole:
        """Make a request whose answer is not streamed."""
        ...


class AsyncEndpoint(EndpointBase, Protocol):
    """Whom an async client asks."""

    async def send(
        self, request: Any, hooks: Hooks, deadline: Deadline | None
    ) -> AsyncIterable[Any]:
        """Make a request; gives the chunks of its answer, unread."""
        ...

    async def send_whole(self, request: Any, hooks: Hooks, deadline: Deadline | None) -> Whole:
        """Make a request whose answer is not streamed."""
        ...
