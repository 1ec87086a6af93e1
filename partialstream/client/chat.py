"""The OpenAI SDK's Chat Completions: of OpenAI, of Azure, and of all that are compatible.

The SDK sends the requests, with its keys, retries and proxies. Its decoding of chunks into typed
objects is left out: that would cost more than everything else together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partialstream.client.chat_requests import ChatRequestBuilder, until
from partialstream.client.endpoint import AsyncBody, Body, FullResponse
from partialstream.client.options import Mode, resolve_mode
from partialstream.stream.deadline import TimedChunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Iterator, Mapping

    from openai import APIResponse, AsyncAPIResponse, AsyncOpenAI, OpenAI

    from partialstream.client.hooks import Hooks
    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.stream.deadline import Deadline


class _ChatEndpoint:
    """What the endpoints of both clients have in common.

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
        client: Any,
        mode: Any = None,
        defaults: Mapping[str, Any] | None = None,
        *,
        templates: bool = False,
    ) -> None:
        self._client: OpenAI | AsyncOpenAI = client
        self._mode: Mode = resolve_mode(mode)
        self._defaults = dict(defaults or {})
        self._templates = templates
        self.hooks: Any = None

    def request_builder(
        self, shape: ResponseShape, options: Options, kwargs: Mapping[str, Any], *, stream: bool
    ) -> ChatRequestBuilder:
        return ChatRequestBuilder(
            shape,
            options,
            {**self._defaults, **kwargs},
            stream=stream,
            mode=self._mode,
            timeout=self._client.timeout,
            templates=self._templates,
        )

    def _begin(self, request: Any, hooks: Hooks, deadline: Deadline | None) -> tuple[Any, Any]:
        """The SDK's `completions`, and a request that waits no longer than until a deadline.

        The SDK's own retries are left out then: nothing bounds the waits between them.
        """
        client = self._client
        if deadline is not None:
            timeout = until(deadline, request.get("timeout", client.timeout))
            request = {**request, "timeout": timeout}
            client = client.with_options(max_retries=0)
        hooks.emit("completion:kwargs", **request)
        return client.chat.completions, request


class ChatEndpoint(_ChatEndpoint):
    """For sync clients; see `Endpoint`."""

    def send(self, request: Any, hooks: Hooks, deadline: Deadline | None) -> Iterable[bytes]:
        """Send a request; the chunks are the bytes of the body."""
        completions, request = self._begin(request, hooks, deadline)
        create: Any = completions.with_streaming_response.create
        response: APIResponse[Any] = create(**request).__enter__()
        hooks.emit("completion:response", response)
        return Body(response.http_response)

    def send_full(self, request: Any, hooks: Hooks, deadline: Deadline | None) -> FullResponse:
        """Send a request; the only chunk is the body.

        It has arrived within the SDK's retries. The SDK would take a body that is not JSON for a
        text, and a text is what a document may stand in.
        """
        completions, request = self._begin(request, hooks, deadline)
        if deadline is None:
            return _full_response(completions.with_raw_response.create(**request), hooks)
        with completions.with_streaming_response.create(**request) as response:
            chunks = TimedChunks(_ReadAtOnce(response), deadline)
            try:
                for _ in chunks:
                    pass
            finally:
                chunks.close()
            return _full_response(response, hooks)


class AsyncChatEndpoint(_ChatEndpoint):
    """For async clients; see `AsyncEndpoint`."""

    async def send(
        self, request: Any, hooks: Hooks, deadline: Deadline | None
    ) -> AsyncIterable[bytes]:
        """Send a request; the chunks are the bytes of the body."""
        completions, request = self._begin(request, hooks, deadline)
        create: Any = completions.with_streaming_response.create
        response: AsyncAPIResponse[Any] = await create(**request).__aenter__()
        hooks.emit("completion:response", response)
        return AsyncBody(response.http_response)

    async def send_full(
        self, request: Any, hooks: Hooks, deadline: Deadline | None
    ) -> FullResponse:
        """Send a request; the only chunk is the body, as for `ChatEndpoint`."""
        completions, request = self._begin(request, hooks, deadline)
        return _full_response(await completions.with_raw_response.create(**request), hooks)


class _ReadAtOnce:
    """Reads a body to its end, which is the one thing that there is to wait for."""

    def __init__(self, response: Any) -> None:
        self.response = response.http_response
        self._read = response.read

    def __iter__(self) -> Iterator[bytes]:
        yield self._read()


def _full_response(response: Any, hooks: Hooks) -> FullResponse:
    full = FullResponse([response.http_response.content], lambda: _completion(response))
    if hooks:
        hooks.emit("completion:response", full.completion())
    return full


def _completion(response: Any) -> Any:
    """The response in the form the SDK gives it; as it came if that cannot be done."""
    from openai import OpenAIError

    try:
        return response.parse()
    except (ValueError, OpenAIError):  # it is not JSON, which the reading will say
        return response
