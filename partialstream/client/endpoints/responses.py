"""Requests to the Responses API of OpenAI, of Azure, and of those that are compatible.

A caller may speak of a request as of one to Chat Completions: `messages`, `max_tokens`,
`reasoning_effort` and the like are translated. Follow-ups continue the conversation by the input,
and never by the id of a response that broke off or was not valid; a `previous_response_id` of the
caller's own stays.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from typing_extensions import override

from partialstream.client.endpoints.builder import (
    OpenAIRequestBuilder,
    check_arguments,
    decided_error,
)
from partialstream.client.endpoints.chat import CALL_ID
from partialstream.client.endpoints.responses_input import input_items, input_of
from partialstream.client.prompts import TOOL_DESCRIPTION, schema_prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.client.options.mode import ModeWord
    from partialstream.client.schema import RequestSchema


class ResponsesRequestBuilder(OpenAIRequestBuilder):
    """Builds the requests of one call to the Responses API."""

    _api = "responses"
    _texts = ("messages", "input", "instructions")

    @override
    def _read(self, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        return translated(kwargs)

    @override
    def _continued(self, said: str | None, instruction: str) -> Mapping[str, Any]:
        items = follow_up_items(
            input_items(self._kwargs.get("input", ())),
            mode=self._mode,
            tool_name=self._schema.name,
            said=said,
            instruction=instruction,
        )
        return {**self._kwargs, "input": items}

    @override
    def _build(self, kwargs: Mapping[str, Any], schema: RequestSchema) -> dict[str, Any]:
        return build_request(self._mode, kwargs, schema, stream=self._stream)


def follow_up_items(
    items: Sequence[Any], *, mode: ModeWord, tool_name: str, said: str | None, instruction: str
) -> list[Any]:
    """Continue an input by what the model said, if anything, and what is asked of it now.

    See `follow_up_messages` of Chat Completions, whose twin this is.
    """
    request = {"role": "user", "content": instruction}
    if said is None:
        return [*items, request]
    if mode != "tools":
        return [*items, {"role": "assistant", "content": said}, request]
    call = {"type": "function_call", "call_id": CALL_ID, "name": tool_name, "arguments": said}
    output = {"type": "function_call_output", "call_id": CALL_ID, "output": instruction}
    return [*items, call, output]


# -- what the caller says ------------------------------------------------------------------

_RENAMED: Final = {"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}

# Arguments of Chat Completions that are members of others here.
_MOVED: Final = {"reasoning_effort": ("reasoning", "effort"), "verbosity": ("text", "verbosity")}

_LOGPROBS: Final = "message.output_text.logprobs"

# With one of these, a request may go without an input of its own.
_INPUT_ELSEWHERE: Final = ("previous_response_id", "conversation", "prompt")


def translated(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Say in words of the Responses API what is said in those of Chat Completions.

    Raises:
        TypeError: There are both `messages` and `input`, or neither; something is said twice; or a
            message has no place here.

    Example:
        >>> translated({"input": "Two tools, please.", "max_tokens": 500, "verbosity": "low"})
        {'input': 'Two tools, please.', 'max_output_tokens': 500, 'text': {'verbosity': 'low'}}
    """
    given = {name: value for name, value in kwargs.items() if _is_given(value)}
    if "messages" in given and "input" in given:
        raise TypeError("messages= and input= say the same; give one of them")
    if not given.keys() & {"messages", "input", *_INPUT_ELSEWHERE}:
        raise TypeError("input= or messages= is needed")
    request = {name: value for name, value in kwargs.items() if name not in ("messages", "input")}
    if "messages" in given:
        request["input"] = input_of(given["messages"])
    elif "input" in given:
        text = given["input"]
        request["input"] = text if isinstance(text, str) else input_items(text)
    for name, own in _RENAMED.items():
        if name in request:
            value = request.pop(name)
            if _is_given(request.get(own)):
                raise TypeError(f"{name}= and {own}= say the same; give one of them")
            request[own] = value
    for name, (own, member) in _MOVED.items():
        if name in request:
            value = request.pop(name)
            members = _members(request, own)
            if members.get(member) is not None:
                raise TypeError(f"{name}= and {member!r} in {own}= say the same; give one of them")
            if _is_given(value):
                request[own] = {**members, member: value}
    if request.pop("logprobs", None):
        included: Sequence[Any] = request.get("include") or ()
        request["include"] = [*dict.fromkeys([*included, _LOGPROBS])]
    _read_stream_options(request)
    return request


def _read_stream_options(request: dict[str, Any]) -> None:
    """Leave out what says, for Chat Completions, whether usage is wanted: here it always comes."""
    options = request.get("stream_options")
    if isinstance(options, Mapping):
        given = cast("Mapping[str, Any]", options)
        options = {name: value for name, value in given.items() if name != "include_usage"}
        request["stream_options"] = options
    if not options and "stream_options" in request:
        del request["stream_options"]


def _members(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The members of an argument; none if it is not given.

    Raises:
        TypeError: It has no members.
    """
    value = request.get(name)
    if not _is_given(value):
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}= must be a mapping, not {value!r:.200}")
    return cast("Mapping[str, Any]", value)


def _is_given(value: Any) -> bool:
    """Whether an argument says anything; the SDK has values that do not."""
    return value is not None and type(value).__name__ not in ("NotGiven", "Omit")


# -- what the request says -----------------------------------------------------------------

# Tools that would not be run: those that the provider does not run itself.
_CALLERS_TOOLS: Final = frozenset(
    {
        *("function", "custom", "namespace", "computer", "computer_use_preview"),
        *("local_shell", "apply_patch"),
    }
)


def build_request(
    mode: ModeWord, kwargs: Mapping[str, Any], schema: RequestSchema, *, stream: bool
) -> dict[str, Any]:
    """Add to the caller's arguments what makes the provider respond in JSON of a schema.

    `text` may hold anything but the `format`. `tools` may hold those that the provider runs
    itself, such as `{"type": "web_search"}`, but not in mode `tools`, where the model is to call
    nothing but the function that takes its answer. In that mode `parallel_tool_calls` is False
    unless the caller says otherwise.

    Raises:
        TypeError: `text_format`, a function in `tools` or another argument that `response_model`
            and `mode` decide is given; or a `stream` that contradicts the call; or `background`
            without a stream.
    """
    tools: Any = kwargs.get("tools")
    theirs = mode != "tools" and _is_given(tools) and _run_by_provider(tools)
    decided = ("tools", "tool_choice") if theirs else ()
    check_arguments({name: kwargs[name] for name in kwargs if name not in decided}, stream=stream)
    if kwargs.get("background") and not stream:
        raise TypeError("background=True gives no response to read; stream it")
    text = _members(kwargs, "text")
    for name, found in (
        ("text_format", "text_format" in kwargs),
        ("text.format", "format" in text),
    ):
        if found:
            raise decided_error(name)
    request = dict(kwargs)
    if stream:
        request["stream"] = True
    # A copy, because hooks may change a request, and the schema serves the next one too.
    described: dict[str, Any] = {"name": schema.name, "schema": copy.deepcopy(schema.schema)}
    if schema.description is not None:
        described["description"] = schema.description
    described["strict"] = schema.strict
    if mode == "json_schema":
        request["text"] = {**text, "format": {"type": "json_schema", **described}}
    elif mode == "tools":
        described["parameters"] = described.pop("schema")
        described.setdefault("description", TOOL_DESCRIPTION)
        request["tools"] = [{"type": "function", **described}]
        request["tool_choice"] = {"type": "function", "name": schema.name}
        request.setdefault("parallel_tool_calls", False)
    else:
        request["text"] = {**text, "format": {"type": "json_object"}}
        request["input"] = _with_schema(input_items(kwargs.get("input", ())), schema)
    return request


def _run_by_provider(tools: Any) -> bool:
    """Whether all tools are run by the provider.

    Raises:
        TypeError: They are no list, which could be sent only once if it is not.
    """
    if not isinstance(tools, (list, tuple)):
        raise TypeError(f"tools= must be a list, not {tools!r:.200}")
    kinds = [
        cast("Mapping[str, Any]", tool).get("type") if isinstance(tool, Mapping) else None
        for tool in cast("Sequence[Any]", tools)
    ]
    return bool(kinds) and all(
        isinstance(kind, str) and kind not in _CALLERS_TOOLS for kind in kinds
    )


def _with_schema(items: list[Any], schema: RequestSchema) -> list[Any]:
    """Add the schema to the input, where OpenAI wants to find the word JSON.

    It goes into a system message that is there; `instructions` would not do for OpenAI.
    """
    prompt = schema_prompt(schema)
    first: Mapping[str, Any] = {}
    if items and isinstance(items[0], Mapping):
        first = cast("Mapping[str, Any]", items[0])
    if first.get("role") not in ("system", "developer"):
        return [{"role": "system", "content": prompt}, *items]
    content: Any = first.get("content")
    if isinstance(content, str):
        content = f"{content}\n\n{prompt}"
    else:
        content = [*(content or ()), {"type": "input_text", "text": prompt}]
    return [{**first, "content": content}, *items[1:]]
