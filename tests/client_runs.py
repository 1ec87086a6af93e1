"""The same call through both clients, for tests that hold for both."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from partialstream import from_openai

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partialstream import RateLimit
    from partialstream.client.options.mode import API
    from partialstream.testing import ReplayServer

Method = Literal["create", "create_iterable", "create_partial"]

MESSAGES = [{"role": "user", "content": "Two products, please."}]
ASK: dict[str, Any] = {"model": "any", "messages": MESSAGES}


class Product(BaseModel):
    name: str


def sync_sdk(**options: Any) -> OpenAI:
    """A client of the SDK."""
    return OpenAI(**{"api_key": "test", **options})


def async_sdk(**options: Any) -> AsyncOpenAI:
    """An async client of the SDK."""
    return AsyncOpenAI(**{"api_key": "test", **options})


@dataclass
class Run:
    """What came of a call.

    Attributes:
        values: What the stream gave.
        error: What it raised at last, or what the call raised.
        stream: The stream, at its end; None for a call without one.
    """

    values: list[Any] = field(default_factory=list)
    error: Exception | None = None
    stream: Any = None


class SyncCaller:
    """Calls through `Client`."""

    api: ClassVar[API] = "chat"

    def __init__(
        self, server: ReplayServer, *, rate_limit: RateLimit | None = None, **options: Any
    ) -> None:
        self._client: dict[str, Any] = {"api": self.api, "rate_limit": rate_limit}
        self._sdk = {"base_url": server.base_url, **options}

    def _open(self) -> OpenAI:
        return sync_sdk(**self._sdk)

    def read(self, method: Method, **kwargs: Any) -> Run:
        """Call, and read the stream that the call gives."""
        run = Run()
        with self._open() as sdk:
            try:
                run.stream = getattr(from_openai(sdk, **self._client), method)(**{**ASK, **kwargs})
                for value in run.stream:
                    run.values.append(value)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                run.error = error
        return run

    def whole(self, **kwargs: Any) -> Any:
        """Call without a stream."""
        with self._open() as sdk:
            return from_openai(sdk, **self._client).create(**{**ASK, **kwargs})


class AsyncCaller:
    """Calls through `AsyncClient`, in an event loop of its own."""

    api: ClassVar[API] = "chat"

    def __init__(
        self, server: ReplayServer, *, rate_limit: RateLimit | None = None, **options: Any
    ) -> None:
        self._client: dict[str, Any] = {"api": self.api, "rate_limit": rate_limit}
        self._sdk = {"base_url": server.base_url, **options}

    def _open(self) -> AsyncOpenAI:
        return async_sdk(**self._sdk)

    def read(self, method: Method, **kwargs: Any) -> Run:
        """Call, and read the stream that the call gives."""
        run = Run()

        async def main() -> None:
            async with self._open() as sdk:
                try:
                    run.stream = getattr(from_openai(sdk, **self._client), method)(
                        **{**ASK, **kwargs}
                    )
                    async for value in run.stream:
                        run.values.append(value)
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    run.error = error

        asyncio.run(main())
        return run

    def whole(self, **kwargs: Any) -> Any:
        """Call without a stream."""

        async def main() -> Any:
            async with self._open() as sdk:
                return await from_openai(sdk, **self._client).create(**{**ASK, **kwargs})

        return asyncio.run(main())


class SyncResponsesCaller(SyncCaller):
    """Calls through `Client`, and the Responses API."""

    api = "responses"


class AsyncResponsesCaller(AsyncCaller):
    """Calls through `AsyncClient`, and the Responses API."""

    api = "responses"


Caller = type[SyncCaller] | type[AsyncCaller]

CALLERS: list[Caller] = [SyncCaller, AsyncCaller]
RESPONSES_CALLERS: list[Caller] = [SyncResponsesCaller, AsyncResponsesCaller]
EVERY_CALLER = [*CALLERS, *RESPONSES_CALLERS]

# What differs between the two APIs in what a test looks at.
STOP = {"chat": "stop", "responses": "completed"}
LENGTH = {"chat": "length", "responses": "max_output_tokens"}
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses"}


def conversation(request: Mapping[str, Any]) -> list[Any]:
    """The messages of a request, or the items of its input."""
    found: list[Any] = request["messages"] if "messages" in request else request["input"]
    return found


def instruction(request: Mapping[str, Any]) -> str:
    """What a request says to the model last."""
    last = conversation(request)[-1]
    found: str = last["output"] if "output" in last else last["content"]
    return found


def called_tool(request: Mapping[str, Any]) -> str:
    """The tool that a request has the model call."""
    choice = request["tool_choice"]
    found: str = choice["function"]["name"] if "function" in choice else choice["name"]
    return found


def schema_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """The schema that a request asks for; it may be changed."""
    found: dict[str, Any]
    if "tools" in request:
        (tool,) = request["tools"]
        found = tool.get("function", tool)["parameters"]
    elif "text" in request:
        found = request["text"]["format"]["schema"]
    else:
        found = request["response_format"]["json_schema"]["schema"]
    return found
