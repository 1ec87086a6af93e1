"""The tasks with pydantic-ai: an agent whose model is a function that plays the deltas.

Its tool calls are as many as the deltas, so what its agent does around the parser is counted.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydantic_ai import Agent
from pydantic_ai.models.function import DeltaToolCall, FunctionModel

from benchmarks import documents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.libraries import Run


def growing(shape: str, size: int, delta: int = documents.DELTA) -> Run:
    """A growing object; the snapshots that do not validate are left out by the library."""
    document = documents.growing(shape, size, delta)

    async def play(messages: Any, info: Any) -> AsyncIterator[dict[int, DeltaToolCall]]:
        yield {0: DeltaToolCall(name=info.output_tools[0].name, json_args="")}
        for each in document.deltas:
            yield {0: DeltaToolCall(json_args=each)}

    agent = Agent(FunctionModel(stream_function=play), output_type=document.type)

    async def read() -> int:
        async with agent.run_stream("benchmark") as result:
            async for _ in result.stream_output(debounce_by=None):
                pass
        return len(document.deltas)

    return lambda: asyncio.run(read())
