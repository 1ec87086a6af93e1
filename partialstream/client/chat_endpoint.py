"""The OpenAI SDK's Chat Completions, of OpenAI, Azure and all that are compatible with them.

The SDK makes the requests, with its keys, retries and proxies. Its decoding of chunks into typed
objects is left out: that would cost more than everything else together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partialstream.client.body import AsyncBody, Body
from partialstream.client.chat_shaping import ChatShaping, until
from partialstream.client.endpoint import Whole
from partialstream.client.modes import Mode, resolve_mode
from partialstream.stream.deadline import TimedChunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Iterator, Mapping

    from openai import APIResponse, AsyncAPIResponse, AsyncOpenAI, OpenAI

    from partialstream.client.hooks import Hooks
    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.stream.deadline import Deadline


class _ChatEndpoint:
    """What both have.

    Args:
        client: The SDK's client; it stays the caller's to close.
        mode: The default for all calls.
        defaults: Arguments of the SDK for calls that do not have them.
        templates: Whether messages are templates, in calls that do not say.

    Raises:
        ValueError: There is no such mode.
    """

    def __init__(
        self,
        client: OpenAI | AsyncOpenAI,
        mode: Any,
        defaults: Mapping[str, Any] | None,
        *,
        templates: bool,
    ) -> None:
        self._client = client
        self._completions: Any = client.chat.completions
        self._mode: Mode = resolve_mode(mode)
        self._timeout = client.timeout
        self._defaults = dict(defaults or {})
        self._templates = templates
        self.hooks: Any = None

    def shaping(
        self, shape: ResponseShape, options: Options, kwargs: Mapping[str, Any], *, stream: bool
    ) -> ChatShaping:
        """See `Endpoint`."""
        return ChatShaping(
            shape,
            options,
            {**self._defaults, **kwargs},
            stream=stream,
            mode=self._mode,
            timeout=self._timeout,
            templates=self._templates,
        )

    def _timed(self, request: Any, deadline: Deadline | None) -> tuple[Any, Any]:
        """The SDK's `completions`, and a request that waits no longer than until a deadline.

        The SDK's own retries are left out then: nothing bounds the waits between them.
        """
        if deadline is None:
            return self._completions, request
        completions = self._client.with_options(max_retries=0).chat.completions
        timeout = request.get("timeout", self._timeout)
        return completions, {**request, "timeout": until(deadline, timeout)}


class ChatEndpoint(_ChatEndpoint):
    """For sync clients; see `Endpoint`."""

    def __init__(
        self,
        client: OpenAI,
        mode: Any = None,
        defaults: Mapping[str, Any] | None = None,
        *,
        templates: bool = False,
    ) -> None:
        super().__init__(client, mode, defaults, templates=templates)

    def send(self, request: Any, hooks: Hooks, deadline: Deadline | None) -> Iterable[bytes]:
        """See `Endpoint`: the bytes of the body."""
        completions, request = self._timed(request, deadline)
        create: Any = completions.with_streaming_response.create
        hooks.emit("completion:kwargs", **request)
        response: APIResponse[Any] = create(**request).__enter__()
        hooks.emit("completion:response", response)
        return Body(response.http_response)

    def send_whole(self, request: Any, hooks: Hooks, deadline: Deadline | None) -> Whole:
        """See `Endpoint`: the bytes of the body, all of them.

        They have arrived within the SDK's retries. It would take a body that is no JSON for a
        text, and a text is what a document may stand in.
        """
        completions, request = self._timed(request, deadline)
        hooks.emit("completion:kwargs", **request)
        if deadline is None:
            create: Any = completions.with_raw_response.create
            return _whole(create(**request), hooks)
        create = completions.with_streaming_response.create
        with create(**request) as response:
            chunks = TimedChunks(_Reading(response), deadline)
            try:
                for _ in chunks:
                    pass
            finally:
                chunks.close()
            return _whole(response, hooks)


class AsyncChatEndpoint(_ChatEndpoint):
    """For async clients; see `AsyncEndpoint`."""

    def __init__(
        self,
        client: AsyncOpenAI,
        mode: Any = None,
        defaults: Mapping[str, Any] | None = None,
        *,
        templates: bool = False,
    ) -> None:
        super().__init__(client, mode, defaults, templates=templates)

    async def send(
        self, request: Any, hooks: Hooks, deadline: Deadline | None
    ) -> AsyncIterable[bytes]:
        """See `Endpoint`: the bytes of the body."""
        completions, request = self._timed(request, deadline)
        create: Any = completions.with_streaming_response.create
        hooks.emit("completion:kwargs", **request)
        response: AsyncAPIResponse[Any] = await create(**request).__aenter__()
        hooks.emit("completion:response", response)
        return AsyncBody(response.http_response)

    async def send_whole(self, request: Any, hooks: Hooks, deadline: Deadline | None) -> Whole:
        """See `Endpoint`: the bytes of the body, all of them; as for `ChatEndpoint`."""
        completions, request = self._timed(request, deadline)
        create: Any = completions.with_raw_response.create
        hooks.emit("completion:kwargs", **request)
        return _whole(await create(**request), hooks)


class _Reading:
    """Reads a body as a whole, which is the one thing that there is to wait for."""

    def __init__(self, response: Any) -> None:
        self.response = response.http_response
        self._read = response.read

    def __iter__(self) -> Iterator[bytes]:
        yield self._read()


def _whole(response: Any, hooks: Hooks) -> Whole:
    whole = Whole([response.http_response.content], lambda: _completion(response))
    if hooks:
        hooks.emit("completion:response", whole.completion())
    return whole


def _completion(response: Any) -> Any:
    """The answer in the form the SDK gives it; the response itself if that cannot be done."""
    from openai import OpenAIError

    try:
        return response.parse()
    except (ValueError, OpenAIError):  # it is no JSON, which the reading will say
        return response
