"""An application in a process of its own; its provider's address is in the environment."""

from __future__ import annotations

import os
from typing import Any

from openai import AsyncOpenAI, OpenAI
from starlette.applications import Starlette
from starlette.routing import Route
from web_runs import ASK, Product

from partialstream import from_openai, web

options: dict[str, Any] = {"base_url": os.environ.get("PROVIDER", "http://-"), "api_key": "-"}
ask: dict[str, Any] = {**ASK, "response_model": Product, "max_retries": 0}
async_client, client = from_openai(AsyncOpenAI(**options)), from_openai(OpenAI(**options))


async def in_the_loop(_: Any) -> web.StreamResponse:
    return web.respond(async_client.create_iterable(**ask))


def in_a_thread(_: Any) -> web.StreamResponse:
    return web.respond(client.create_iterable(**ask))


async def made_in_a_thread(_: Any) -> web.StreamResponse:
    return web.respond(lambda: client.create_iterable(**ask))


app = Starlette(
    routes=[
        Route("/async", in_the_loop),
        Route("/sync", in_a_thread),
        Route("/sync-callable", made_in_a_thread),
    ]
)
