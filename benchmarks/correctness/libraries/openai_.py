"""OpenAI's SDK: its `stream` helper, and the state that the helper accumulates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
from openai.lib.streaming.chat import ChatCompletionStreamState

from benchmarks.correctness.source import Reported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.correctness.source import Source


def growing(type_: Any, source: Source) -> Iterator[Any]:
    """`parsed` of the content's events; in the end the parsed message."""
    state = ChatCompletionStreamState(response_format=type_)
    for chunk in source.objects():
        yield from _parsed(state.handle_chunk(chunk))
    return _final(state)


def calls(type_: Any, source: Source) -> Iterator[Any]:
    """An item for each event of a tool call that is done."""
    tool = openai.pydantic_function_tool(type_)
    state = ChatCompletionStreamState(input_tools=[tool])
    for chunk in source.objects():
        for event in state.handle_chunk(chunk):
            if event.type == "tool_calls.function.arguments.done":
                yield event.parsed_arguments
    state.get_final_completion()


def served_growing(type_: Any, source: Source) -> Iterator[Any]:
    """`client.chat.completions.stream`."""
    with (
        openai.OpenAI(base_url=source.base_url, api_key="k", max_retries=0) as client,
        client.chat.completions.stream(
            model="m",
            messages=[{"role": "user", "content": "Go."}],
            response_format=type_,
        ) as stream,
    ):
        yield from _parsed(stream)
        return _final(stream)


def _parsed(events: Any) -> Iterator[Any]:
    for event in events:
        if event.type == "content.delta" and isinstance(event.parsed, dict):
            yield dict(event.parsed)


def _final(state: Any) -> Any:
    message = state.get_final_completion().choices[0].message
    if message.refusal:
        raise Reported(message.refusal)
    return message.parsed


sync_growing = growing_chunks = growing
