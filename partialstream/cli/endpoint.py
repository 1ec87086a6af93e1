"""The endpoint that requests are sent to: the built-in server, or a real one."""

from __future__ import annotations

import importlib
import math
import os
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from openai import (
    APIConnectionError,
    APIStatusError,
    AsyncOpenAI,
    DefaultAsyncHttpxClient,
    OpenAIError,
)

from partialstream.cli.demo_data import answer
from partialstream.cli.output import EndpointError, ExitCode, UsageError, code_of, message_of
from partialstream.client import from_openai
from partialstream.errors import PartialStreamError
from partialstream.sources.common import is_object
from partialstream.testing import Answer, ReplayServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from partialstream.cli.options import EndpointOptions
    from partialstream.client import AsyncClient
    from partialstream.client.options.mode import ModeWord

_TOKENS_PER_SECOND: Final = 50.0
_MODEL: Final = "gpt-5-mini"
_OPENAI: Final = "https://api.openai.com/v1"
_SHORTEST_KEY: Final = 8
"""The fewest characters of a key that is secret."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Somewhere to send requests to, by its label in messages."""

    connect: Callable[[], AsyncOpenAI]
    model: str
    label: str
    tokens_per_second: float | None = None  # of the built-in server

    @asynccontextmanager
    async def client(self, mode: ModeWord | None = None) -> AsyncGenerator[AsyncClient, None]:
        """Connect, and close the connection at the end."""
        # The SDK loads a part of itself on first use, for which no response is to blame.
        importlib.import_module("openai.resources.chat.completions")
        async with self.connect() as sdk:
            yield from_openai(sdk, mode=mode)


@contextmanager
def open_endpoint(options: EndpointOptions, items: int) -> Generator[Endpoint, None, None]:
    """Make the endpoint ready; the built-in server, which ranks `items`, stops at the end.

    Raises:
        UsageError: The options contradict each other, or the key is missing.
        EndpointError: While a real endpoint is open: it was not reached, it rejected a request,
            or its response does not fit the request.
    """
    if options.built_in:
        with _replay_server(options.tokens_per_second, items) as endpoint:
            yield endpoint
        return
    if options.tokens_per_second is not None:
        raise UsageError("--tokens-per-second is for the built-in server: a real one has its own")
    with real_endpoint(options.base_url, options.api_key, options.model or _MODEL) as endpoint:
        yield endpoint


@contextmanager
def real_endpoint(
    base_url: str | None, api_key: str | None, model: str
) -> Generator[Endpoint, None, None]:
    """An OpenAI-compatible endpoint; None stands for what is in the environment.

    Raises:
        UsageError: The key is missing, or the URL is not one.
        EndpointError: While it is open: it was not reached, it rejected a request, or its response
            does not fit the request.
    """
    url = base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI
    key = api_key or os.environ.get("OPENAI_API_KEY") or ""
    label = _host(url)
    if not key:
        if url == _OPENAI:
            raise UsageError("there is no API key: set OPENAI_API_KEY")
        key = "none"  # servers on one's own machine need none, but the SDK does
    if not (key.isascii() and key.isprintable()):
        raise UsageError("the API key has a character other than printable ASCII")

    def connect() -> AsyncOpenAI:
        # A repeated request would be measured as a slow one.
        return AsyncOpenAI(base_url=url, api_key=key, max_retries=0)

    try:
        yield Endpoint(connect, model, label)
    # A provider may quote the key, in a response as well as in place of one.
    except OpenAIError as error:
        message = _without(key, _message(error, label))
        raise EndpointError(message, ExitCode.PROVIDER) from error
    except PartialStreamError as error:
        message = _without(key, message_of(error))
        raise EndpointError(message, code_of(error)) from error


@contextmanager
def _replay_server(pace: float | None, items: int) -> Generator[Endpoint, None, None]:
    if pace is None:
        pace = _TOKENS_PER_SECOND
    if not 0 < pace < math.inf:
        raise UsageError(f"--tokens-per-second must be a positive number, not {pace:g}")
    script = Answer(answer(items), tokens_per_second=pace)
    server = ReplayServer(script, repeat=True)
    try:
        server.start()
    except ModuleNotFoundError as error:
        raise UsageError(str(error)) from error

    def connect() -> AsyncOpenAI:
        # No proxy leads to a server on this machine.
        http_client = DefaultAsyncHttpxClient(trust_env=False)
        return AsyncOpenAI(base_url=server.base_url, api_key="replay", http_client=http_client)

    try:
        yield Endpoint(connect, "replay", "the built-in server", pace)
    finally:
        server.close()


def _host(url: str) -> str:
    """The endpoint's name for messages: without what may be secret in it."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("--base-url is not the URL of a server, like http://127.0.0.1:8000/v1")
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def _message(error: OpenAIError, label: str) -> str:
    """One line for an error of the SDK."""
    if isinstance(error, APIStatusError):
        status = error.status_code
        if status == 401:
            # The provider's own message quotes a part of the key.
            return f"{label} refuses the API key (HTTP 401)"
        return f"{label} responded with HTTP {status}: {_body_message(error)}"
    if isinstance(error, APIConnectionError):
        return f"{label} cannot be reached: {error.__cause__ or error}"
    return f"{label}: {error}"


def _without(key: str, message: str) -> str:
    """A message in which the provider may quote the key."""
    # "none" or "-", for a server that needs no key, is not secret, and part of other words.
    return message if len(key) < _SHORTEST_KEY else message.replace(key, "[key]")


def _body_message(error: APIStatusError) -> str:
    message = error.body.get("message") if is_object(error.body) else None
    return message[:300] if isinstance(message, str) else error.response.reason_phrase
