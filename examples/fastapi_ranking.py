"""A ranking as server-sent events, and a page whose cards appear one by one.

`python examples/fastapi_ranking.py` prints what the page is sent; with `--serve` a browser can open
it. Needs the extra `examples`; `--live` asks a real endpoint, with the key in OPENAI_API_KEY.
"""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Annotated
from uuid import UUID, uuid4

import httpx
import uvicorn
from fastapi import FastAPI, Header, Response
from fastapi.responses import HTMLResponse
from openai import AsyncOpenAI
from pydantic import BaseModel, Field

from partialstream import AsyncClient, from_openai, web
from partialstream.testing import Answer, ReplayRequest, endpoint, endpoint_parser


class Product(BaseModel):
    """What the model says of each candidate."""

    name: str
    reason: str
    score: int = Field(ge=0, le=100)


CANDIDATES = ["Tent", "Lamp", "Mug", "Rug", "Stove"]
MESSAGES = [{"role": "user", "content": f"Rank for somebody who camps: {', '.join(CANDIDATES)}"}]
LAMP = '{"name": "Lamp", "reason": "To read by when it is dark", "score": 84}'
ITEMS = f"""{{"name": "Tent", "reason": "A roof, wherever the evening finds you", "score": 96}},
{{"name": "Stove", "reason": "Coffee is hot before the sun is up", "score": 91}},
{LAMP.replace("84", "840")},
{{"name": "Mug", "reason": "Does not mind being dropped", "score": 62}},
{{"name": "Rug", "reason": "Heavy to carry, and never dry again", "score": 8}}"""


def answer(request: ReplayRequest) -> Answer:
    """The ranking with a score that cannot be; that item alone to who asks for it again."""
    items = ITEMS if len(request.body["messages"]) == len(MESSAGES) else LAMP
    return Answer(f'{{"items": [{items}]}}', tokens_per_second=50)


def application(client: AsyncClient, model: str, replay: web.Replay) -> FastAPI:
    """The page, the module that it reads events with, and the events."""
    app = FastAPI()
    app.mount("/static", web.static())

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        places = str(len(CANDIDATES))
        return Path(__file__).with_suffix(".html").read_text("utf-8").replace("PLACES", places)

    @app.post("/ranking/{run}")
    async def ranking(run: UUID) -> Response:
        stream = client.create_iterable(
            response_model=Product, model=model, messages=MESSAGES, max_retries=1
        )
        return web.respond(stream, replay=replay, key=str(run))

    @app.get("/ranking/{run}")
    async def go_on(run: UUID, last_event_id: Annotated[str | None, Header()] = None) -> Response:
        return await replay.response(str(run), last_event_id=last_event_id)

    return app


async def listen(url: str) -> None:
    """Print the events as they arrive."""
    started, name = perf_counter(), ""
    async with httpx.AsyncClient(timeout=60) as browser, browser.stream("POST", url) as response:
        async for line in response.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                print(f"{perf_counter() - started:6.2f} s  {name:8}  {value}", flush=True)


async def main() -> None:
    """Serve the page, to a browser or to this program itself."""
    parser = endpoint_parser(__doc__)
    parser.add_argument("--serve", action="store_true", help="keep the page up until Ctrl-C")
    options = parser.parse_args()
    with endpoint(options, answer) as there, socket.create_server(("127.0.0.1", 0)) as listener:
        sdk = AsyncOpenAI(base_url=there.base_url, api_key=there.api_key)
        # A page that reloads goes on; one that was closed is waited for so many seconds.
        async with sdk, web.Replay(linger=5) as replay:
            app = application(from_openai(sdk), there.model, replay)
            server = uvicorn.Server(
                uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
            )
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            print(url := f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
            if not options.serve:
                await listen(f"{url}ranking/{uuid4()}")
                server.should_exit = True
            await serving


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
