"""Every pair of provider and mode that instructor registers, with a provider made up for it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import instructor
from instructor.v2.core.registry import mode_registry
from openai import AsyncOpenAI, OpenAI
from provider_streams import (
    STREAMS,
    gemini_objects,
    responses_objects,
    vertexai_objects,
    xai_chunks,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

Pair = tuple[str, str]

PAIRS: list[Pair] = [(provider.value, mode.name) for provider, mode in mode_registry.list_modes()]

# Whom instructor asks through its own `create`, and the mode is of this name there.
OLD_MODES = {
    ("vertexai", "MD_JSON"): "VERTEXAI_JSON",
    ("vertexai", "TOOLS"): "VERTEXAI_TOOLS",
}

NEEDS = {  # the modules that instructor itself needs for a pair
    "anthropic": "anthropic",
    "cohere": "cohere",
    "gemini": "google.generativeai",
    "genai": "google.genai",
    "mistral": "mistralai",
    "vertexai": "vertexai",
    "xai": "xai_sdk",
}

CANNOT_STREAM: dict[Pair, str] = {
    **{
        pair: "instructor refuses stream=True for parallel tools"
        for pair in PAIRS
        if pair[1] == "PARALLEL_TOOLS" and pair[0] != "xai"
    },
    **{
        pair: "instructor calls Converse, and not ConverseStream"
        for pair in PAIRS
        if pair[0] == "bedrock"
    },
    ("xai", "PARALLEL_TOOLS"): "instructor samples the whole answer in this mode",
    ("xai", "MD_JSON"): "instructor samples the whole answer in this mode",
}
"""The pairs that do not work, and why."""

WORKING = [pair for pair in PAIRS if pair not in CANNOT_STREAM]


def as_tool(pair: Pair) -> bool:
    return "TOOLS" in pair[1] and pair[0] != "cohere"


class MadeUpProvider:
    """Takes a request as instructor has shaped it, and answers with a stream of its SDK."""

    def __init__(self, pair: Pair, deltas: Sequence[str]) -> None:
        self.pair = pair
        self.request: dict[str, Any] = {}
        self._deltas = deltas

    def chunks(self) -> Iterator[Any]:
        provider, mode = self.pair
        tool = "Answer" if as_tool(self.pair) else None
        if mode.startswith("RESPONSES"):
            return responses_objects(self._deltas, tool)
        return STREAMS[provider](self._deltas, tool)

    def create(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        self.request = {**kwargs, "args": args} if args else kwargs
        return self.chunks()

    async def acreate(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        self.create(*args, **kwargs)
        return self._achunks()

    async def _achunks(self) -> AsyncIterator[Any]:
        for chunk in self.chunks():
            await asyncio.sleep(0)
            yield chunk

    def client(self, *, asynchronous: bool) -> Any:
        """An instructor client that asks this provider."""
        provider, mode_name = self.pair
        if provider == "xai":
            return self._xai_client(asynchronous)
        mode = instructor.Mode[mode_name]
        create = instructor.patch(
            create=self.acreate if asynchronous else self.create,
            mode=mode,
            provider=instructor.Provider(provider),
        )
        sdk: Any = None
        if mode_name.startswith("RESPONSES"):
            sdk = AsyncOpenAI(api_key="-") if asynchronous else OpenAI(api_key="-")
        kind = instructor.AsyncInstructor if asynchronous else instructor.Instructor
        default: dict[str, Any] = {} if provider in ("gemini", "vertexai") else {"model": "m"}
        return kind(
            client=sdk,
            create=create,
            mode=mode,
            provider=instructor.Provider(provider),
            **default,
        )

    def _xai_client(self, asynchronous: bool) -> Any:
        import xai_sdk
        from xai_sdk.proto import chat_pb2

        made = xai_sdk.AsyncClient if asynchronous else xai_sdk.Client
        sdk = made(api_key="-")
        chat = SimpleNamespace(proto=chat_pb2.GetCompletionsRequest())
        tool = as_tool(self.pair)

        async def astream() -> AsyncIterator[Any]:
            for chunk in xai_chunks(self._deltas, as_tool=tool):
                yield chunk

        chat.stream = astream if asynchronous else lambda: xai_chunks(self._deltas, as_tool=tool)

        def create(**kwargs: Any) -> Any:
            self.request = {**kwargs, "proto": chat.proto}
            return chat

        sdk.chat = SimpleNamespace(create=create)
        return instructor.from_xai(sdk, mode=instructor.Mode[self.pair[1]], model="m")


STREAMS["gemini"] = gemini_objects
STREAMS["vertexai"] = vertexai_objects
