"""The requests to Chat Completions."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from typing_extensions import override

from partialstream.client.endpoint import RequestBuilder
from partialstream.client.follow_up import conversation, free_name, indexed_schema, rest_schema
from partialstream.client.options import Mode, resolve_mode
from partialstream.client.prompts import TOOL_DESCRIPTION, schema_prompt
from partialstream.client.schema import request_schema, takes_any_name
from partialstream.limits import DEFAULT_LIMITS, Limits
from partialstream.stream.flow import Expected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.client.options import Options
    from partialstream.client.response_model import ResponseShape
    from partialstream.client.schema import RequestSchema
    from partialstream.results import Path
    from partialstream.stream.deadline import Deadline

_FROM_RESPONSE_MODEL: Final = (
    "response_format",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
)
"""Arguments that `response_model` and `mode` decide."""

_SYSTEM_ROLES: Final = ("system", "developer")
_TEMPLATE_MARKS: Final = ("{{", "{%", "{#")


class ChatRequestBuilder(RequestBuilder):
    """Builds the requests of one call to Chat Completions.

    Args:
        shape: What the call asks for.
        options: How the response is to be read.
        kwargs: What the caller passes on to the SDK.
        stream: Whether the response is to be streamed.
        mode: The client's mode, if the call has none.
        timeout: The time-out of the SDK's client.
        templates: Whether messages are templates, if the call does not say.

    Raises:
        TypeError: The arguments contradict each other.
        ValueError: There is no such mode.

    Example:
        >>> from partialstream.client.options import Options
        >>> from partialstream.client.response_model import ResponseShape
        >>> asked = {"model": "gpt-5", "messages": []}
        >>> shape = ResponseShape("items", int)
        >>> builder = ChatRequestBuilder(shape, Options(), asked, stream=False)
        >>> builder.expected.path, sorted(builder.request)
        (('items',), ['messages', 'model', 'response_format'])
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
        self._shape = shape
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
    def member_beside(self, name: str) -> str | None:
        # Before a list that is looked for, it could be the first member of an open item.
        if self.expected.path is None and takes_any_name(self._shape.type_):
            return None
        return free_name(name, self._schema)

    @override
    def follow_up(
        self,
        said: str | None,
        instruction: str,
        carried: Sequence[str],
        beside: str | None = None,
    ) -> dict[str, Any]:
        messages = conversation(
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
    `stream_options={"include_usage": False}` declines it, `stream_options=None` leaves the whole
    argument out, for servers that do not know it.

    Args:
        mode: How the provider is made to respond in JSON.
        kwargs: What the caller passes on to the SDK: `messages`, `model`, `temperature`,
            `logprobs`, `timeout`, `extra_body`, ... Neither it nor anything in it is changed.
        schema: What is asked for.
        stream: Whether the response is to be streamed.

    Returns:
        The arguments for `client.chat.completions.create`: the caller's own, untouched, and
        ours. In mode `tools`, `parallel_tool_calls` is False unless the caller says otherwise:
        OpenAI does not hold parallel calls to their schemas. In mode `json_object` the schema
        is added to the system message, or becomes one.

    Raises:
        TypeError: The caller passes `response_format`, `tools` or another argument that
            `response_model` and `mode` decide; or a `stream` that contradicts the call; or, in
            mode `json_object`, no messages.

    Example:
        >>> from partialstream.client.response_model import ResponseShape
        >>> schema = request_schema(ResponseShape("items", int))
        >>> made = build_request("tools", {"model": "gpt-5"}, schema, stream=True)
        >>> made["model"], made["tool_choice"], made["stream_options"]
        ('gpt-5', {'type': 'function', 'function': {'name': 'IntList'}}, {'include_usage': True})
    """
    for name in _FROM_RESPONSE_MODEL:
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
    if first.get("role") not in _SYSTEM_ROLES:
        return [{"role": "system", "content": prompt}, *messages]
    content = first.get("content")
    if isinstance(content, str):
        content = f"{content}\n\n{prompt}"
    else:
        content = [*(content or ()), {"type": "text", "text": prompt}]
    return [{**first, "content": content}, *messages[1:]]


def fill_in_templates(kwargs: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    """Fill in the Jinja templates in messages, as instructor does.

    Each text of a message, as its content or as a part of it, is rendered by instructor. A text
    without a template stays as it is, and needs neither instructor nor Jinja.

    Args:
        kwargs: The caller's arguments; neither they nor the messages in them are changed.
        context: The variables by name. Anything but a mapping fills in nothing; it is handed
            to pydantic's validators all the same.

    Raises:
        jinja2.TemplateError: A template is not valid, or does what the sandbox forbids.

    Example:
        >>> asked = {"messages": [{"role": "user", "content": "Rank {{ what }}."}]}
        >>> fill_in_templates(asked, {"what": "lamps"})["messages"]
        [{'role': 'user', 'content': 'Rank lamps.'}]
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
    if not isinstance(text, str) or not any(mark in text for mark in _TEMPLATE_MARKS):
        return given
    from instructor.templating import apply_template  # type: ignore[attr-defined]  # it is re-exported with a star

    return {**given, name: apply_template(text, variables)}


# -- time-outs -----------------------------------------------------------------------------


def idle_timeout(timeout: Any, limits: Limits) -> Any:
    """Tighten a time-out: no wait for bytes may be longer than allowed.

    Args:
        timeout: An `httpx.Timeout` of either generation, seconds, or None for none.
        limits: `idle_seconds` bounds the wait for each read.

    Example:
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
