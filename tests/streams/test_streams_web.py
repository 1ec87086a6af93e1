"""Streams as web responses whose client leaves: the provider's response is closed."""

from __future__ import annotations

import urllib.request
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from app_server import serving
from extras import needs
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import StreamingResponse
from starlette.routing import Route

from partialstream import from_openai
from partialstream.testing import Answer, ReplayServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

SOON = 20.0  # seconds, on a busy machine

ITEMS = '{"items":[' + ",".join(['{"name":"Lamp"}'] * 500) + "]}"
ASK: dict[str, Any] = {"model": "any", "messages": []}


class Product(BaseModel):
    name: str


# For other responses than those of `web`.
async def closing(stream: Any, chunks: Iterable[str]) -> AsyncIterator[str]:
    with stream:
        async for chunk in iterate_in_threadpool(chunks):
            yield chunk


def app_for(replay: ReplayServer) -> Starlette:
    sync_sdk = OpenAI(base_url=replay.base_url, api_key="-")
    async_sdk = AsyncOpenAI(base_url=replay.base_url, api_key="-")
    sync_client, async_client = from_openai(sync_sdk), from_openai(async_sdk)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with async_sdk:
            yield
        sync_sdk.close()

    def sync_endpoint(_: Any) -> StreamingResponse:
        stream = sync_client.create_iterable(response_model=Product, **ASK)
        return StreamingResponse(closing(stream, (product.name + "\n" for product in stream)))

    async def async_endpoint(_: Any) -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            async with async_client.create_iterable(response_model=Product, **ASK) as stream:
                async for product in stream:
                    yield product.name + "\n"

        return StreamingResponse(lines())

    routes = [Route("/sync", sync_endpoint), Route("/async", async_endpoint)]
    return Starlette(routes=routes, lifespan=lifespan)


def fastapi_app_for(replay: ReplayServer) -> Any:
    import fastapi
    from fastapi import responses

    sdk = OpenAI(base_url=replay.base_url, api_key="-")
    client = from_openai(sdk)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        with sdk:
            yield

    app = fastapi.FastAPI(lifespan=lifespan)

    @app.get("/sync")
    def sync_endpoint() -> Any:
        stream = client.create_iterable(response_model=Product, **ASK)
        lines = (product.name + "\n" for product in stream)
        return responses.StreamingResponse(closing(stream, lines))

    return app


@pytest.fixture
def replay() -> Iterator[ReplayServer]:
    with ReplayServer(Answer(ITEMS, tokens_per_second=50), repeat=True) as server:
        yield server


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (app_for, "sync"),
        (app_for, "async"),
        pytest.param(fastapi_app_for, "sync", marks=needs("examples", "fastapi")),
    ],
)
def test_a_browser_that_leaves_closes_the_providers_response(
    replay: ReplayServer, make: Any, path: str
) -> None:
    with serving(make(replay)) as url:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        body = opener.open(f"{url}/{path}", timeout=SOON)
        assert body.readline() == b"Lamp\n"
        body.close()
        (request,) = replay.requests
        assert request.wait_hung_up(SOON)
        assert request.deltas_sent < request.deltas_planned / 2
