"""The web server of `web.py`: `python -m benchmarks.pages`. The same events, sent in each way.

A process of its own, as its CPU time is what counts. It prints its URL, and serves until its stdin
is closed. Each event comes by itself, as from a model.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from time import process_time
from typing import TYPE_CHECKING, Any

from benchmarks import documents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

EVENTS = 2_000

HEARTBEAT = 15.0


def application() -> FastAPI:
    """The application: a path for each contender, and `/cpu`.

    Raises:
        ModuleNotFoundError: FastAPI is not installed.
    """
    from fastapi import FastAPI
    from fastapi.sse import EventSourceResponse, ServerSentEvent
    from starlette.responses import StreamingResponse

    from partialstream import Finished, Item, Outcome, web

    offers = [
        documents.Offer(
            name=f"Oak table {number}",
            description="Seats six, rounded edges, oiled by hand, ships flat packed.",
            price=100 + number / 4,
            in_stock=number % 2 == 0,
        )
        for number in range(100)
    ]

    async def values() -> AsyncIterator[tuple[int, documents.Offer]]:
        for index in range(EVENTS):
            await asyncio.sleep(0)
            yield index, offers[index % len(offers)]

    async def events() -> AsyncIterator[Any]:
        async for index, offer in values():
            yield Item(offer, index, (index,), "")
        yield Finished(Outcome("complete"))

    async def texts() -> AsyncIterator[str]:
        async for index, offer in values():
            data = f'{{"index":{index},"value":{offer.model_dump_json()}}}'
            yield f"id: {index + 1}\nevent: item\ndata: {data}\n\n"

    async def kept_alive() -> AsyncIterator[str]:
        """`texts`, with a sign of life where there is none for a while."""
        each = texts()
        reading = asyncio.ensure_future(anext(each))
        while True:
            done, _ = await asyncio.wait({reading}, timeout=HEARTBEAT)
            if not done:
                yield ": \n\n"
                continue
            try:
                yield reading.result()
            except StopAsyncIteration:
                break
            reading = asyncio.ensure_future(anext(each))

    app = FastAPI()

    @app.get("/respond")
    async def respond() -> web.StreamResponse:
        return web.respond(events(), heartbeat=HEARTBEAT)

    @app.get("/fastapi", response_class=EventSourceResponse)  # its heartbeat is 15 s
    async def fastapi() -> AsyncIterator[ServerSentEvent]:
        async for index, offer in values():
            data = {"index": index, "value": offer.model_dump(mode="json")}
            yield ServerSentEvent(id=str(index + 1), event="item", data=data)

    @app.get("/by-hand")
    async def by_hand() -> StreamingResponse:
        return StreamingResponse(kept_alive(), media_type="text/event-stream")

    @app.get("/plain")
    async def plain() -> StreamingResponse:
        return StreamingResponse(texts(), media_type="text/event-stream")

    @app.get("/cpu")
    async def cpu() -> float:
        return process_time()

    return app


def main() -> None:
    """Serve."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(), log_level="error"))

    def end() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=end, daemon=True).start()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
