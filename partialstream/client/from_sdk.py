"""Which of our clients an SDK's client gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from partialstream.client.aio import AsyncClient
from partialstream.client.chat_endpoint import AsyncChatEndpoint, ChatEndpoint
from partialstream.client.sync import Client

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


@overload
def from_openai(client: OpenAI, *, mode: Any = None) -> Client: ...


@overload
def from_openai(client: AsyncOpenAI, *, mode: Any = None) -> AsyncClient: ...


def from_openai(client: OpenAI | AsyncOpenAI, *, mode: Any = None) -> Client | AsyncClient:
    """Make a client that streams validated objects through an OpenAI client.

    Args:
        client: `OpenAI`, `AsyncOpenAI`, or their Azure twins, with any base URL. Its keys,
            retries, proxies and hooks stay in force, and it stays the caller's to close.
        mode: How the provider is made to answer in JSON, for all calls: `"json_schema"` (the
            default), `"tools"` or `"json_object"`; instructor's `Mode` members are understood.

    Returns:
        A `Client`, or an `AsyncClient` for an async one.

    Raises:
        TypeError: It is no OpenAI client.
        ValueError: There is no such mode.

    Example:
        >>> from openai import OpenAI
        >>> from pydantic import BaseModel
        >>> from partialstream import from_openai
        >>> from partialstream.testing import ReplayServer
        >>> class Product(BaseModel):
        ...     name: str
        >>> answer = '{"items": [{"name": "Lamp"}, {"name": "Rug"}]}'
        >>> with ReplayServer(answer) as server:
        ...     client = from_openai(OpenAI(base_url=server.base_url, api_key="test"))
        ...     messages = [{"role": "user", "content": "Two products, please."}]
        ...     with client.create_iterable(
        ...         response_model=Product, model="any", messages=messages
        ...     ) as stream:
        ...         for product in stream:
        ...             print(product)
        name='Lamp'
        name='Rug'
    """
    from openai import AsyncOpenAI, OpenAI

    if isinstance(client, AsyncOpenAI):
        return AsyncClient(AsyncChatEndpoint(client, mode))
    if isinstance(client, OpenAI):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all callers check types
        return Client(ChatEndpoint(client, mode))
    raise TypeError(f"an OpenAI or AsyncOpenAI client is needed, not {type(client).__name__}")
