"""The OpenAI SDK's Chat Completions: of OpenAI, of Azure, and of all that are compatible.

The SDK sends the requests, with its keys, retries and proxies. Its decoding of chunks into typed
objects is left out: that would cost more than everything else together.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from typing_extensions import override

from partialstream.client.endpoints.base import (
    AsyncBody,
    Body,
    FullResponse,
    RequestBuilder,
    Sending,
    body_of,
    idle_timeout,
    until,
)
from partialstream.client.options import Mode, resolve_mode
from partialstream.client.prompts import (
    TOOL_DESCRIPTION,
    indexed_schema,
    rest_schema,
    schema_prompt,
)
from partialstream.client.schema import request_schema
from partialstream.limits import DEFAULT_LIMITS
from partialstream.stream.deadline import Alarm
from partialstream.stream.reader import Expected
from partialstream.stream.session import Steps, resolved
from partialstream.stream.transport import end_connection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openai import AsyncOpenAI, OpenAI

    from partialstream.client.hooks import Hooks
    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.client.schema import RequestSchema
    from partialstream.results import Path

# Arguments that `response_model` and `mode` decide.
_DECIDED: Final = ("response_format", "tools", "tool_choice", "functions", "function_call")


# -- sending -------------------------------------------------------------------------------


class ChatEndpoint:
    """Sends to the SDK's client, sync or async; see `Endpoint`.

    `client` stays the caller's to close. `mode`, `defaults` (arguments of the SDK) and `templates`
    are for calls that do not say.
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
        """Prepare a call; see `Endpoint`."""
        return ChatRequestBuilder(
            shape,
            options,
            {**self._defaults, **kwargs},
            stream=stream,
            mode=self._mode,
            timeout=self._client.timeout,
            templates=self._templates,
        )

    def _begin(self, request: Any, sending: Sending) -> tuple[Any, Any]:
        """The SDK's `completions`, and a request that waits no longer than until a deadline.

        The SDK's own retries are left out then: nothing bounds the waits between them.
        """
        client, deadline = self._client, sending.deadline
        if deadline is not None:
            timeout = until(deadline, request.get("timeout", client.timeout))
            request = {**request, "timeout": timeout}
            client = client.with_options(max_retries=0)
        sending.hooks.emit("completion:kwargs", **request)
        return client.chat.completions, request

    def send(self, request: Any, sending: Sending) -> Steps[Body | AsyncBody]:
        """Send a request; the chunks are the bytes of the body."""
        completions, request = self._begin(request, sending)
        opening: Any = completions.with_streaming_response.create(**request)
        if sending.asynchronous:
            response = yield opening.__aenter__()
        else:
            response = opening.__enter__()
        sending.hooks.emit("completion:response", response)
        return body_of(response.http_response, sending)

    def send_full(self, request: Any, sending: Sending) -> Steps[FullResponse]:
        """Send a request; the only chunk is the body.

        It has arrived within the SDK's retries. The SDK would take a body that is not JSON for a
        text, and a text is what a document may stand in.
        """
        completions, request = self._begin(request, sending)
        deadline = sending.deadline
        if deadline is None or sending.asynchronous:
            response = yield from resolved(completions.with_raw_response.create(**request))
            return _full_response(response, sending.hooks)
        with completions.with_streaming_response.create(**request) as response:
            alarm = Alarm(deadline.left(), partial(end_connection, response.http_response))
            try:
                response.http_response.read()
            finally:
                alarm.cancel()
            if alarm.rang:
                raise deadline.error()
            return _full_response(response, sending.hooks)


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


# -- building requests ---------------------------------------------------------------------


class ChatRequestBuilder(RequestBuilder):
    """Builds the requests of one call to Chat Completions.

    `kwargs` is what the caller passes on to the SDK; `mode`, `timeout` and `templates` are the
    client's, for calls that do not say.
    """

    def __init__(
        self,
        shape: ResponseShape,
        options: Options,
        kwargs: Mapping[str, Any],
        *,
        stream: bool,
        mode: Mode | None = None,
        timeout: Any = None,
        templates: bool = False,
    ) -> None:
        self.shape = shape
        self._mode: Mode = mode if options.mode is None and mode else resolve_mode(options.mode)
        self._schema = request_schema(shape)
        if options.templates is not None:
            templates = options.templates
        # A context for validators must not make a template of what a user typed.
        self._kwargs = fill_in_templates(kwargs, options.context) if templates else kwargs
        self._stream = stream
        self._limits = options.limits
        self._timeout = timeout
        self.path: Path = self._schema.path
        # A strict schema is mostly kept to, and then the list is nowhere else. Where it was
        # merely asked for, another name for it is common, and not waited for the right one.
        binding = self._schema.strict and self._mode != "json_object"
        path = self._schema.path if binding and shape.kind == "items" else None
        self.expected = (
            Expected("tool", self._schema.name, path)
            if self._mode == "tools"
            else Expected("content", path=path)
        )
        self.request = self._build(self._kwargs, self._schema)

    @override
    def follow_up(
        self,
        said: str | None,
        instruction: str,
        carried: Sequence[str],
        beside: str | None = None,
    ) -> dict[str, Any]:
        messages = follow_up_messages(
            self._kwargs.get("messages") or (),
            mode=self._mode,
            tool_name=self._schema.name,
            said=said,
            instruction=instruction,
        )
        schema = rest_schema(self._schema, carried) if carried else self._schema
        if beside is not None:
            schema = indexed_schema(schema, beside)
        return self._build({**self._kwargs, "messages": messages}, schema)

    def _build(self, kwargs: Mapping[str, Any], schema: RequestSchema) -> dict[str, Any]:
        request = build_request(self._mode, kwargs, schema, stream=self._stream)
        if self._stream:
            request["timeout"] = self._idle_timeout(request)
        return request

    def _idle_timeout(self, request: Mapping[str, Any]) -> Any:
        """The time-out of a streamed request, which is never idle for longer than allowed.

        A time-out that the caller gives to the call says more than the default limits.
        """
        from openai import NotGiven

        limits = self._limits
        given = request.get("timeout", NotGiven())
        if isinstance(given, NotGiven):
            return idle_timeout(self._timeout, limits or DEFAULT_LIMITS)
        return given if limits is None else idle_timeout(given, limits)


def build_request(
    mode: Mode, kwargs: Mapping[str, Any], schema: RequestSchema, *, stream: bool
) -> dict[str, Any]:
    """Add to the caller's arguments what makes the provider respond in JSON of a schema.

    A stream is asked for its usage too, which OpenAI does not send otherwise.
    `stream_options={"include_usage": False}` declines it, `stream_options=None` leaves the argument
    out, for servers that do not know it. In mode `tools`, `parallel_tool_calls` is False
    unless the caller says otherwise: OpenAI does not hold parallel calls to their schemas.

    Raises:
        TypeError: `response_format`, `tools` or another argument that `response_model` and `mode`
            decide is given; or a `stream` that contradicts the call; or, in mode `json_object`,
            no messages.
    """
    for name in _DECIDED:
        if name in kwargs:
            raise TypeError(
                f"{name}= is made from response_model; leave it out, "
                f"and choose with mode= between 'json_schema', 'tools' and 'json_object'"
            )
    if bool(kwargs.get("stream", stream)) != stream:
        raise TypeError(f"stream={kwargs['stream']!r} contradicts the call, which sets {stream}")
    request = dict(kwargs)
    if stream:
        request["stream"] = True
        _ask_for_usage(request)
    # A copy, because hooks may change a request, and the schema serves the next one too.
    described: dict[str, Any] = {"name": schema.name, "schema": copy.deepcopy(schema.schema)}
    if schema.description is not None:
        described["description"] = schema.description
    described["strict"] = schema.strict
    if mode == "json_schema":
        request["response_format"] = {"type": "json_schema", "json_schema": described}
    elif mode == "tools":
        described["parameters"] = described.pop("schema")
        described.setdefault("description", TOOL_DESCRIPTION)
        request["tools"] = [{"type": "function", "function": described}]
        request["tool_choice"] = {"type": "function", "function": {"name": schema.name}}
        request.setdefault("parallel_tool_calls", False)
    else:
        request["response_format"] = {"type": "json_object"}
        request["messages"] = _with_schema(kwargs, schema)
    return request


def _ask_for_usage(request: dict[str, Any]) -> None:
    options = request.get("stream_options", {})
    if options is None:
        del request["stream_options"]
    elif isinstance(options, Mapping):
        request["stream_options"] = {"include_usage": True, **options}
    # Anything else is a value of the SDK's own, such as `openai.omit`.


def _with_schema(kwargs: Mapping[str, Any], schema: RequestSchema) -> list[Any]:
    """Add the schema to the messages.

    It goes into a system message that is there, because the templates of many open models take
    one only, and only at the start.
    """
    given = kwargs.get("messages")
    if not isinstance(given, Iterable) or isinstance(given, (str, Mapping)):
        raise TypeError("messages= must be a list of messages")
    messages = [*cast("Sequence[Any]", given)]
    prompt = schema_prompt(schema)
    first: Mapping[str, Any] = {}
    if messages and isinstance(messages[0], Mapping):
        first = cast("Mapping[str, Any]", messages[0])
    if first.get("role") not in ("system", "developer"):
        return [{"role": "system", "content": prompt}, *messages]
    content = first.get("content")
    if isinstance(content, str):
        content = f"{content}\n\n{prompt}"
    else:
        content = [*(content or ()), {"type": "text", "text": prompt}]
    return [{**first, "content": content}, *messages[1:]]


CALL_ID: Final = "followup1"
"""The id of the tool call that is shown as the model's own.

Nine letters and digits, because Mistral's API takes no other ids.
"""


def follow_up_messages(
    messages: Sequence[Any], *, mode: Mode, tool_name: str, said: str | None, instruction: str
) -> list[Any]:
    """Continue a conversation by what the model said, if anything, and what is asked of it now.

    What is quoted stands there character for character. In mode `tools` the model spoke through a
    call of the tool.
    """
    request: dict[str, Any] = {"role": "user", "content": instruction}
    if said is None:
        return [*messages, request]
    if mode != "tools":
        return [*messages, {"role": "assistant", "content": said}, request]
    call = {
        "id": CALL_ID,
        "type": "function",
        "function": {"name": tool_name, "arguments": said},
    }
    return [
        *messages,
        # Neither null nor left out, though OpenAI takes both: llama-cpp-python refuses null,
        # and templates of open models read the member.
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": CALL_ID, "content": instruction},
    ]


def fill_in_templates(kwargs: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    """Fill in the Jinja templates in messages, as instructor does.

    Each text of a message, as its content or as a part of it, is rendered by instructor. A text
    without a template stays as it is, and needs neither instructor nor Jinja. A `context` that
    is not a mapping is for validators alone.
    """
    messages = kwargs.get("messages")
    if not isinstance(context, Mapping) or not context or not isinstance(messages, (list, tuple)):
        return kwargs
    variables = dict(cast("Mapping[str, Any]", context))
    filled = [_filled_in(each, "content", variables) for each in cast("Sequence[Any]", messages)]
    return {**kwargs, "messages": filled}


def _filled_in(part: Any, name: str, variables: dict[str, Any]) -> Any:
    """A message, or a part of one, with its text filled in."""
    if not isinstance(part, Mapping):
        return part
    given = cast("Mapping[str, Any]", part)
    text = given.get(name)
    if isinstance(text, (list, tuple)) and name == "content":
        parts = cast("Sequence[Any]", text)
        return {**given, name: [_filled_in(each, "text", variables) for each in parts]}
    if not isinstance(text, str) or not any(mark in text for mark in ("{{", "{%", "{#")):
        return given
    from instructor.templating import apply_template  # type: ignore[attr-defined]  # it is re-exported with a star

    return {**given, name: apply_template(text, variables)}
