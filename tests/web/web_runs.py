"""An application that answers with streams, on a server of its own, and how its pages read them."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from app_server import serving
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.routing import Route

from partialstream import from_openai, web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from partialstream.testing import ReplayServer

MESSAGES = [{"role": "user", "content": "Rank them."}]
ASK: dict[str, Any] = {"model": "any", "messages": MESSAGES}

Endpoint = Any

HOWS = ["async", "sync", "sync callable", "async callable", "coroutine function"]
"""How an endpoint gives its stream."""


class Product(BaseModel):
    name: str
    score: int = Field(default=1, ge=0, le=100)


class Report(BaseModel):
    title: str
    text: str = ""


def products(count: int, name: str = "p") -> str:
    """A response with so many products."""
    return json.dumps({"items": [{"name": f"{name}{n}", "score": n % 100} for n in range(count)]})


class Clients:
    """A client of each kind for one provider."""

    def __init__(self, replay: ReplayServer, **options: Any) -> None:
        options = {"base_url": replay.base_url, "api_key": "-", **options}
        self._sync, self._async = OpenAI(**options), AsyncOpenAI(**options)
        self.sync, self.aio = from_openai(self._sync), from_openai(self._async)

    @asynccontextmanager
    async def lifespan(self, _: Any) -> AsyncIterator[None]:
        """Closed with the application that uses them, in its event loop."""
        yield
        self._sync.close()
        await self._async.close()

    def stream(self, how: str, method: str = "create_iterable", **ask: Any) -> Any:
        """What an endpoint passes to `respond`."""
        ask = {**ASK, "response_model": Product, **ask}
        if how == "async":
            return getattr(self.aio, method)(**ask)
        if how == "sync":
            return getattr(self.sync, method)(**ask)
        if how == "sync callable":
            return lambda: getattr(self.sync, method)(**ask)
        if how == "async callable":
            return lambda: getattr(self.aio, method)(**ask)

        async def make() -> Any:
            return getattr(self.aio, method)(**ask)

        return make


def app_of(respond: Callable[[], Any], clients: Clients | None = None, **options: Any) -> Starlette:
    """An application whose `/` responds with what a function gives."""
    if clients is not None:
        options["lifespan"] = clients.lifespan

    def sync_endpoint(_: Any) -> Any:
        return respond()

    return Starlette(routes=[Route("/", sync_endpoint, methods=["GET", "POST"])], **options)


@contextmanager
def page_of(
    replay: ReplayServer,
    how: str = "async",
    *,
    method: str = "create_iterable",
    ask: dict[str, Any] | None = None,
    app: dict[str, Any] | None = None,
    **options: Any,
) -> Iterator[str]:
    """Serve a stream at an address."""
    clients = Clients(replay, max_retries=0)

    def respond() -> web.StreamResponse:
        return web.respond(clients.stream(how, method, **(ask or {})), **options)

    with serving(app_of(respond, clients, **(app or {}))) as url:
        yield url
