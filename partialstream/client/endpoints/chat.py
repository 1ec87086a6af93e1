"""Requests to Chat Completions: of OpenAI, of Azure, and of all that are compatible."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from typing_extensions import override

from partialstream.client.endpoints.builder import OpenAIRequestBuilder, check_arguments
from partialstream.client.prompts import TOOL_DESCRIPTION, schema_prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.client.options.mode import ModeWord
    from partialstream.client.schema import RequestSchema


class ChatRequestBuilder(OpenAIRequestBuilder):
    """Builds the requests of one call to Chat Completions."""

    _api = "chat"
    _texts = ("messages",)

    @override
    def _read(self, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        if "input" in kwargs:
            raise TypeError(
                "input= belongs to the Responses API; say messages=, or make the client "
                "with api='responses'"
            )
        return kwargs

    @override
    def _continued(self, said: str | None, instruction: str) -> Mapping[str, Any]:
        messages = follow_up_messages(
            self._kwargs.get("messages") or (),
            mode=self._mode,
            tool_name=self._schema.name,
            said=said,
            instruction=instruction,
        )
        return {**self._kwargs, "messages": messages}

    @override
    def _build(self, kwargs: Mapping[str, Any], schema: RequestSchema) -> dict[str, Any]:
        return build_request(self._mode, kwargs, schema, stream=self._stream)


def build_request(
    mode: ModeWord, kwargs: Mapping[str, Any], schema: RequestSchema, *, stream: bool
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
    check_arguments(kwargs, stream=stream)
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
    messages: Sequence[Any], *, mode: ModeWord, tool_name: str, said: str | None, instruction: str
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
