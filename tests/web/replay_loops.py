"""An event loop for each request, as in tests without a lifespan: replay_loops.py REDIS HOW.

In a process of its own, as connections of an event loop that has ended cannot be closed any more,
which is warned of whenever they are collected. HOW is "address", "client", or "memory".
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from wire_readers import read_sse

from partialstream import Finished, Item, Outcome, web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def application(replay: web.Replay) -> Starlette:
    async def events() -> AsyncIterator[Any]:
        for n in range(3):
            yield Item(n, n, (n,), "")
        yield Finished(Outcome("complete"))

    async def begin(_: Any) -> Any:
        return web.respond(events(), replay=replay, key="k")

    async def again(_: Any) -> Any:
        return await replay.response("k")

    return Starlette(routes=[Route("/", begin), Route("/again", again)])


def main(url: str, how: str) -> None:
    from redis.asyncio import Redis

    redis: Any = {"address": url, "client": Redis.from_url(url), "memory": None}[how]
    client = TestClient(application(web.Replay(redis=redis, prefix=f"test-{uuid4().hex}")))
    first = client.get("/")
    assert read_sse(first.text).values == [0, 1, 2]
    again = client.get("/again")
    if how == "client" and again.status_code == 503:
        return  # which is for the client to decide: with some releases, it works
    assert (again.status_code, again.text) == (200, first.text)
    assert client.get("/").text == first.text


if __name__ == "__main__":
    main(*sys.argv[1:])
