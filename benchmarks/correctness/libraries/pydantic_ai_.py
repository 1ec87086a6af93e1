"""pydantic-ai: a prompted output, streamed by its FunctionModel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_ai import Agent, PromptedOutput
from pydantic_ai.models.function import FunctionModel

from benchmarks.correctness.libraries.asynchronous import stepwise

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from benchmarks.correctness.source import Source


def growing(type_: Any, source: Source) -> Iterator[Any]:
    """`stream_output`, not debounced."""
    final: list[Any] = []

    async def snapshots() -> AsyncIterator[Any]:
        async with _agent(type_, source).run_stream("Go.") as run:
            async for snapshot in run.stream_output(debounce_by=None):
                yield snapshot
            final.append(await run.get_output())

    yield from stepwise(snapshots())
    return final[-1]


def sync_growing(type_: Any, source: Source) -> Iterator[Any]:
    """The same by `run_stream_sync`."""
    run = _agent(type_, source).run_stream_sync("Go.")
    yield from run.stream_output(debounce_by=None)
    return run.get_output()


def _agent(type_: Any, source: Source) -> Agent[None, Any]:
    async def answer(*_: Any) -> AsyncIterator[str]:
        async for text in source.atexts():
            yield text

    model = FunctionModel(stream_function=answer)
    return Agent(model, output_type=PromptedOutput(type_), retries=0)


typed = growing
