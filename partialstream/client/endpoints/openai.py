"""The OpenAI SDK: OpenAI, Azure, and all that are compatible, through either of its APIs.

The SDK sends the requests, with its keys, retries and proxies. Its decoding of chunks into typed
objects is left out: that would cost more than everything else together. Only where a tracer, or
whoever else has replaced the SDK's methods, would see nothing then, the SDK decodes
(`watched.py`). What a request holds is for the builder of its API.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from partialstream.client.endpoints.base import (
    FullResponse,
    Sending,
    body_of,
    until,
)
from partialstream.client.endpoints.chat import ChatRequestBuilder
from partialstream.client.endpoints.providers import path_of, provider_of, server_of
from partialstream.client.endpoints.responses import ResponsesRequestBuilder
from partialstream.client.endpoints.watched import (
    is_instrumented,
    is_patched,
    watched_chunks,
)
from partialstream.client.options.mode import ModeWord, check_api, resolve_mode
from partialstream.stream.deadline import Alarm
from partialstream.stream.observer import Target
from partialstream.stream.steps import Steps, resolved
from partialstream.stream.transport import end_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openai import AsyncOpenAI, OpenAI

    from partialstream.client.endpoints.builder import OpenAIRequestBuilder
    from partialstream.client.options.mode import API
    from partialstream.client.options.options import Options
    from partialstream.client.rate_limit import RateLimit
    from partialstream.client.response_model import ResponseShape

# For each API: the resource of the SDK's client that sends its requests, and what builds them.
_APIS: Final[dict[API, tuple[Callable[[Any], Any], type[OpenAIRequestBuilder]]]] = {
    "chat": (lambda client: client.chat.completions, ChatRequestBuilder),
    "responses": (lambda client: client.responses, ResponsesRequestBuilder),
}


class OpenAIEndpoint:
    """Sends to the SDK's client, sync or async; see `Endpoint`.

    `client` stays the caller's to close. `mode`, `defaults` (arguments of the SDK) and `templates`
    are for calls that do not say. `raw_chunks` tells whether bytes are read; None: unless
    somebody watches.

    Raises:
        ValueError: There is no such API, or no such mode.
    """

    def __init__(
        self,
        client: Any,
        api: API = "chat",
        mode: Any = None,
        defaults: Mapping[str, Any] | None = None,
        *,
        templates: bool = False,
        rate_limit: RateLimit | None = None,
        raw_chunks: bool | None = None,
    ) -> None:
        check_api(api)
        self._client: OpenAI | AsyncOpenAI = client
        self._resource, self._builder = _APIS[api]
        self._mode: ModeWord = resolve_mode(mode, api)
        self._defaults = dict(defaults or {})
        self._raw_chunks = raw_chunks
        self.templates = templates
        self.hooks: Any = None
        self.rate_limit = rate_limit
        self.provider = provider_of(client)

    def request_builder(
        self, shape: ResponseShape, options: Options, kwargs: Mapping[str, Any], *, stream: bool
    ) -> OpenAIRequestBuilder:
        """Prepare a call; see `Endpoint`."""
        return self._builder(
            shape,
            options,
            {**self._defaults, **kwargs},
            stream=stream,
            mode=self._mode,
            timeout=self._client.timeout,
            templates=self.templates,
        )

    def target(self, request: Any) -> Target:
        """Where a request goes, and what it asks; see `Endpoint`."""
        client = self._client
        return Target(
            "chat", server_of(client), request, path_of(client), traced=self._is_watched()
        )

    def _is_watched(self) -> bool:
        """Whether the SDK's methods are called as its users call them, for whoever watches."""
        if self._raw_chunks is not None:
            return not self._raw_chunks
        client = self._client
        return is_instrumented(client, self._resource(client))

    def _begin(self, request: Any, sending: Sending) -> tuple[Any, Any]:
        """The SDK's resource, and a request that waits no longer than until a deadline."""
        client, deadline = self._client, sending.deadline
        if deadline is not None:
            timeout = until(deadline, request.get("timeout", client.timeout))
            request = {**request, "timeout": timeout}
        if _leaves_retries_out(client, sending) and not is_patched(client, self._resource(client)):
            client = client.with_options(max_retries=0)
        sending.hooks.emit("completion:kwargs", **request)
        return self._resource(client), request

    def send(self, request: Any, sending: Sending) -> Steps[Any]:
        """Send a request; the chunks are the bytes of the body, or the SDK's for who watches."""
        watched = self._is_watched()
        resource, request = self._begin(request, sending)
        if watched:
            stream = yield from resolved(resource.create(**request))
            if sending.on_response is not None:
                sending.on_response(getattr(stream, "response", None))
            sending.hooks.emit("completion:response", stream)
            return (yield from watched_chunks(stream, sending))
        opening: Any = resource.with_streaming_response.create(**request)
        if sending.asynchronous:
            response = yield opening.__aenter__()
        else:
            response = opening.__enter__()
        if sending.on_response is not None:
            sending.on_response(response.http_response)
        sending.hooks.emit("completion:response", response)
        return body_of(response.http_response, sending)

    def send_full(self, request: Any, sending: Sending) -> Steps[FullResponse]:
        """Send a request; the only chunk is the body.

        It has arrived within the SDK's retries. The SDK would take a body that is not JSON for a
        text, and a text is what a document may stand in.
        """
        watched = self._is_watched()
        resource, request = self._begin(request, sending)
        if watched:
            completion = yield from resolved(resource.create(**request))
            if sending.on_response is not None:
                sending.on_response(None)
            sending.hooks.emit("completion:response", completion)
            # What is not JSON is the body here, too, and no text.
            chunk = completion.encode() if isinstance(completion, str) else completion
            return FullResponse([chunk], lambda: completion)
        deadline = sending.deadline
        if deadline is None or sending.asynchronous:
            response = yield from resolved(resource.with_raw_response.create(**request))
            return _full_response(response, sending)
        with resource.with_streaming_response.create(**request) as response:
            alarm = Alarm(deadline.left(), partial(end_connection, response.http_response))
            try:
                response.http_response.read()
            finally:
                alarm.cancel()
            if alarm.rang:
                raise deadline.error()
            return _full_response(response, sending)


def _leaves_retries_out(client: OpenAI | AsyncOpenAI, sending: Sending) -> bool:
    """Whether the SDK's own retries are left out.

    With a deadline, nothing bounds the waits between them; with retries of ours, they would
    multiply those. A client that somebody has patched keeps them: a copy of it would not be
    watched, and no request can say so for itself.
    """
    return client.max_retries > 0 and (sending.deadline is not None or sending.retried)


def _full_response(response: Any, sending: Sending) -> FullResponse:
    full = FullResponse([response.http_response.content], lambda: _completion(response))
    if sending.on_response is not None:
        sending.on_response(response.http_response)
    if sending.hooks:
        sending.hooks.emit("completion:response", full.completion())
    return full


def _completion(response: Any) -> Any:
    """The response in the form the SDK gives it; as it came if that cannot be done."""
    from openai import OpenAIError

    try:
        return response.parse()
    except (ValueError, OpenAIError):  # it is not JSON, which the reading will say
        return response
