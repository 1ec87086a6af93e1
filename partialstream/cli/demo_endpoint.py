"""Where the demo's requests go: to a server of its own, or to a real endpoint."""

from __future__ import annotations

import math
import os
from contextlib import contextmanager
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
from partialstream.cli.ending import UsageError
from partialstream.errors import ProviderError
from partialstream.sources.common import is_object
from partialstream.testing import Answer, ReplayServer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_TOKENS_PER_SECOND: Final = 50.0
_MODEL: Final = "gpt-5-mini"
_OPENAI: Final = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The options of `partialstream demo`.

    Attributes:
        items: How many products to rank.
        tokens_per_second: Pace of the demo's own server; None: 50.
        as_json: Whether to print the final figures only, as JSON.
        base_url: A real endpoint; None: OPENAI_BASE_URL, or OpenAI's.
        model: The model there; None: a small one of OpenAI's.
        api_key: The key there; None: OPENAI_API_KEY.

    With none of the last three, the demo asks its own server.
    """

    items: int = 10
    tokens_per_second: float | None = None
    as_json: bool = False
    base_url: str | None = None
    model: str | None = None
    api_key: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Somewhere to send requests to.

    Attributes:
        connect: Makes a client, to be closed.
        model: The model to ask for.
        label: What to call it.
        tokens_per_second: Its pace, None if that is its own affair.
    """

    connect: Callable[[], AsyncOpenAI]
    model: str
    label: str
    tokens_per_second: float | None = None


@contextmanager
def open_endpoint(options: DemoOptions) -> Generator[Endpoint, None, None]:
    """Make the endpoint ready; a server of our own stops at the end.

    Raises:
        UsageError: The options contradict each other, or the key is missing.
        ProviderError: While it is open: the endpoint refused the request, or was not reached.
    """
    if options.base_url is None and options.model is None and options.api_key is None:
        with _replay_server(options) as endpoint:
            yield endpoint
        return
    if options.tokens_per_second is not None:
        raise UsageError("--tokens-per-second is for the built-in server: a real one has its own")
    url = options.base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI
    key = options.api_key or os.environ.get("OPENAI_API_KEY") or ""
    label = _host(url)
    if not key:
        if url == _OPENAI:
            raise UsageError("there is no API key: set OPENAI_API_KEY")
        key = "none"  # servers on one's own machine need none, but the SDK does
    if not (key.isascii() and key.isprintable()):
        raise UsageError("the API key holds a character that no key can hold")

    def connect() -> AsyncOpenAI:
        # A repeated request would be measured as a slow one.
        return AsyncOpenAI(base_url=url, api_key=key, max_retries=0)

    try:
        yield Endpoint(connect, options.model or _MODEL, label)
    except OpenAIError as error:
        message = _message(error, label).replace(key, "[key]")
        raise ProviderError(message) from error


@contextmanager
def _replay_server(options: DemoOptions) -> Generator[Endpoint, None, None]:
    pace = options.tokens_per_second
    if pace is None:
        pace = _TOKENS_PER_SECOND
    if not 0 < pace < math.inf:
        raise UsageError(f"--tokens-per-second must be a positive number, not {pace:g}")
    script = Answer(answer(options.items), tokens_per_second=pace)
    server = ReplayServer(script, repeat=True)
    try:
        server.start()
    except ImportError as error:
        raise UsageError(f'{error.__cause__ or error}; pip install "partialstream[cli]"') from error

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
        raise UsageError("--base-url is no URL of a server, like http://127.0.0.1:8000/v1")
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def _message(error: OpenAIError, label: str) -> str:
    """One line for an error of the SDK."""
    if isinstance(error, APIStatusError):
        status = error.status_code
        if status == 401:
            # The provider's own message quotes a part of the key.
            return f"{label} refuses the API key (HTTP 401)"
        return f"{label} answers with HTTP {status}: {_body_message(error)}"
    if isinstance(error, APIConnectionError):
        return f"{label} cannot be reached: {error.__cause__ or error}"
    return f"{label}: {error}"


def _body_message(error: APIStatusError) -> str:
    message = error.body.get("message") if is_object(error.body) else None
    return message[:300] if isinstance(message, str) else error.response.reason_phrase
