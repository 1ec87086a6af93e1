"""The providers' own SDKs, pointed at a replay server: one way to ask each for a stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from extras import needs

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack, ExitStack

    from partialstream.testing import ReplayServer

PROMPT = "Six products, please."
MESSAGES: Any = [{"role": "user", "content": PROMPT}]
TOOL: Any = {"name": "answer", "input_schema": {"type": "object"}}


@dataclass(frozen=True)
class Way:
    """A way to ask for a stream.

    Attributes:
        name: How it is called in tests.
        module: The SDK.
        sync: Makes a request; gives the SDK's stream, open.
        asynchronous: Makes a request; to be awaited.
        as_tool: Whether the answer comes as a tool call.
        whole: Whether it comes in one piece.
    """

    name: str
    module: str
    sync: Callable[[ReplayServer, ExitStack], Any]
    asynchronous: Callable[[ReplayServer, AsyncExitStack], Any]
    as_tool: bool = False
    whole: bool = False


def anthropic_args(as_tool: bool) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": "m-1", "max_tokens": 1000, "messages": MESSAGES}
    return {**asked, "tools": [TOOL]} if as_tool else asked


def anthropic_create(as_tool: bool) -> tuple[Any, Any]:
    def sync(server: ReplayServer, stack: ExitStack) -> Any:
        import anthropic

        client = stack.enter_context(anthropic.Anthropic(base_url=server.url, api_key="-"))
        return client.messages.create(**anthropic_args(as_tool), stream=True)

    async def asynchronous(server: ReplayServer, stack: AsyncExitStack) -> Any:
        import anthropic

        made = anthropic.AsyncAnthropic(base_url=server.url, api_key="-")
        client = await stack.enter_async_context(made)
        return await client.messages.create(**anthropic_args(as_tool), stream=True)

    return sync, asynchronous


def anthropic_stream() -> tuple[Any, Any]:
    def sync(server: ReplayServer, stack: ExitStack) -> Any:
        import anthropic

        client = stack.enter_context(anthropic.Anthropic(base_url=server.url, api_key="-"))
        return stack.enter_context(client.messages.stream(**anthropic_args(False)))

    async def asynchronous(server: ReplayServer, stack: AsyncExitStack) -> Any:
        import anthropic

        made = anthropic.AsyncAnthropic(base_url=server.url, api_key="-")
        client = await stack.enter_async_context(made)
        return await stack.enter_async_context(client.messages.stream(**anthropic_args(False)))

    return sync, asynchronous


def openai_chat() -> tuple[Any, Any]:
    asked: Any = {"model": "m-1", "messages": MESSAGES, "stream": True}
    asked["stream_options"] = {"include_usage": True}

    def sync(server: ReplayServer, stack: ExitStack) -> Any:
        import openai

        client = stack.enter_context(openai.OpenAI(base_url=server.base_url, api_key="-"))
        return client.chat.completions.create(**asked)

    async def asynchronous(server: ReplayServer, stack: AsyncExitStack) -> Any:
        import openai

        made = openai.AsyncOpenAI(base_url=server.base_url, api_key="-")
        client = await stack.enter_async_context(made)
        return await client.chat.completions.create(**asked)

    return sync, asynchronous


def openai_chat_helper() -> tuple[Any, Any]:
    asked: Any = {"model": "m-1", "messages": MESSAGES}
    asked["stream_options"] = {"include_usage": True}

    def sync(server: ReplayServer, stack: ExitStack) -> Any:
        import openai

        client = stack.enter_context(openai.OpenAI(base_url=server.base_url, api_key="-"))
        return stack.enter_context(client.chat.completions.stream(**asked))

    async def asynchronous(server: ReplayServer, stack: AsyncExitStack) -> Any:
        import openai

        made = openai.AsyncOpenAI(base_url=server.base_url, api_key="-")
        client = await stack.enter_async_context(made)
        return await stack.enter_async_context(client.chat.completions.stream(**asked))

    return sync, asynchronous


def openai_responses(as_tool: bool) -> tuple[Any, Any]:
    asked: Any = {"model": "m-1", "input": PROMPT, "stream": True}
    if as_tool:
        asked["tools"] = [{"type": "function", "name": "answer", "parameters": {}}]

    def sync(server: ReplayServer, stack: ExitStack) -> Any:
        import openai

        client = stack.enter_context(openai.OpenAI(base_url=server.base_url, api_key="-"))
        return client.responses.create(**asked)

    async def asynchronous(server: ReplayServer, stack: AsyncExitStack) -> Any:
        import openai

        made = openai.AsyncOpenAI(base_url=server.base_url, api_key="-")
        client = await stack.enter_async_context(made)
        return await client.responses.create(**asked)

    return sync, asynchronous


def openai_responses_stream() -> tuple[Any, Any]:
    asked: Any = {"model": "m-1", "input": PROMPT}

    def sync(server: ReplayServer, stack: ExitStack) -> Any:
        import openai

        client = stack.enter_context(openai.OpenAI(base_url=server.base_url, api_key="-"))
        return stack.enter_context(client.responses.stream(**asked))

    async def asynchronous(server: ReplayServer, stack: AsyncExitStack) -> Any:
        import openai

        made = openai.AsyncOpenAI(base_url=server.base_url, api_key="-")
        client = await stack.enter_async_context(made)
        return await stack.enter_async_context(client.responses.stream(**asked))

    return sync, asynchronous


def genai(as_tool: bool) -> tuple[Any, Any]:
    asked: Any = {"model": "m-1", "contents": PROMPT}
    if as_tool:
        declared = {"name": "answer", "parameters": {"type": "OBJECT"}}
        asked["config"] = {"tools": [{"function_declarations": [declared]}]}

    def client(server: ReplayServer) -> Any:
        from google import genai

        return genai.Client(api_key="-", http_options={"base_url": server.url})

    def sync(server: ReplayServer, stack: ExitStack) -> Any:
        made = client(server)
        stack.callback(made.close)
        return made.models.generate_content_stream(**asked)

    async def asynchronous(server: ReplayServer, stack: AsyncExitStack) -> Any:
        made = client(server)
        stack.push_async_callback(made.aio.aclose)
        return await made.aio.models.generate_content_stream(**asked)

    return sync, asynchronous


WAYS = [
    Way("anthropic-create", "anthropic", *anthropic_create(False)),
    Way("anthropic-tool", "anthropic", *anthropic_create(True), as_tool=True),
    Way("anthropic-stream", "anthropic", *anthropic_stream()),
    Way("openai-chat", "openai", *openai_chat()),
    Way("openai-chat-stream", "openai", *openai_chat_helper()),
    Way("openai-responses", "openai", *openai_responses(False)),
    Way("openai-responses-tool", "openai", *openai_responses(True), as_tool=True),
    Way("openai-responses-stream", "openai", *openai_responses_stream()),
    Way("genai", "google.genai", *genai(False)),
    Way("genai-tool", "google.genai", *genai(True), as_tool=True, whole=True),
]

SDKS = {name: needs("providers", name) for name in ("anthropic", "google.genai")}


def ways(*, whole: bool = True) -> Any:
    """Every way, or those in which an answer does not come in one piece."""
    chosen = [way for way in WAYS if whole or not way.whole]
    params = [pytest.param(way, marks=SDKS.get(way.module, ()), id=way.name) for way in chosen]
    return pytest.mark.parametrize("way", params)
