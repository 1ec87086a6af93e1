"""From what the caller asks for to the arguments of the SDK's `create`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from partialstream.client.prompts import TOOL_DESCRIPTION, schema_prompt
from partialstream.client.schemas import request_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.client.modes import Mode
    from partialstream.client.response_model import ResponseShape
    from partialstream.client.schemas import RequestSchema

_OURS: Final = ("response_format", "tools", "tool_choice", "functions", "function_call")
"""Arguments that `response_model` and `mode` decide."""

_SYSTEM_ROLES: Final = ("system", "developer")


def shape_request(
    shape: ResponseShape,
    mode: Mode,
    kwargs: Mapping[str, Any],
    *,
    stream: bool,
    schema: RequestSchema | None = None,
) -> dict[str, Any]:
    """Add to the caller's arguments what makes the provider answer in the shape asked for.

    Args:
        shape: What the call asks for.
        mode: How the provider is made to answer so.
        kwargs: What the caller passes on to the SDK: `messages`, `model`, `temperature`,
            `logprobs`, `timeout`, `extra_body`, ... Neither it nor anything in it is changed.
        stream: Whether the answer is to be streamed. A stream is asked for its usage too,
            which OpenAI does not send otherwise. `stream_options={"include_usage": False}`
            declines it, `stream_options=None` leaves the whole argument out, for servers that
            do not know it.
        schema: The schema to ask for instead of the shape's own, where a part of the answer
            stands already; None for the shape's own.

    Returns:
        The arguments for `client.chat.completions.create`: the caller's own, untouched, and
        ours. In mode `tools`, `parallel_tool_calls` is False unless the caller says otherwise:
        OpenAI does not hold parallel calls to their schemas. In mode `json_object` the schema
        is added to the system message, or becomes one.

    Raises:
        TypeError: If the caller passes `response_format`, `tools` or another argument that
            `response_model` and `mode` decide; or a `stream` that contradicts the call; or, in
            mode `json_object`, no messages; or a type without a JSON schema.

    Example:
        >>> from partialstream.client.response_model import ResponseShape
        >>> made = shape_request(
        ...     ResponseShape("items", int), "tools", {"model": "gpt-5"}, stream=True
        ... )
        >>> made["model"], made["tool_choice"], made["stream_options"]
        ('gpt-5', {'type': 'function', 'function': {'name': 'IntList'}}, {'include_usage': True})
    """
    for name in _OURS:
        if name in kwargs:
            raise TypeError(
                f"{name}= is made from response_model; leave it out, "
                f"and choose with mode= between 'json_schema', 'tools' and 'json_object'"
            )
    if bool(kwargs.get("stream", stream)) != stream:
        raise TypeError(f"stream={kwargs['stream']!r} contradicts the call, which sets {stream}")
    if schema is None:
        schema = request_schema(shape)
    request = dict(kwargs)
    if stream:
        request["stream"] = True
        _ask_for_usage(request)
    if mode == "json_schema":
        request["response_format"] = {"type": "json_schema", "json_schema": _described(schema)}
    elif mode == "tools":
        _add_tool(request, schema)
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


def _described(schema: RequestSchema) -> dict[str, Any]:
    # A copy, because hooks may change a request, and the schema serves the next one too.
    described = {
        "name": schema.name,
        "schema": copy.deepcopy(schema.schema),
        "strict": schema.strict,
    }
    if schema.description is not None:
        described["description"] = schema.description
    return described


def _add_tool(request: dict[str, Any], schema: RequestSchema) -> None:
    function = _described(schema)
    function["parameters"] = function.pop("schema")
    function.setdefault("description", TOOL_DESCRIPTION)
    request["tools"] = [{"type": "function", "function": function}]
    request["tool_choice"] = {"type": "function", "function": {"name": schema.name}}
    request.setdefault("parallel_tool_calls", False)


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
