"""A report that grows in a page while the model writes, sent as its changes.

`python examples/fastapi_report.py` prints what the page is sent; with `--serve` a browser can open
it. Needs the extra `examples`; `--live` asks a real endpoint, with the key in OPENAI_API_KEY.
"""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Annotated, Literal

import httpx
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse
from openai import OpenAI
from pydantic import BaseModel

from partialstream import Atomic, Client, Gate, from_openai, web
from partialstream.testing import Answer, endpoint, endpoint_parser


class Finding(BaseModel):
    """Not shown before it is known how bad it is; then its text grows."""

    place: str
    severity: Annotated[Literal["low", "high"], Gate]
    text: str


class Report(BaseModel):
    """Its title appears at once and complete; its summary grows."""

    title: Annotated[str, Atomic]
    summary: str
    findings: list[Finding]
    minutes_lost: int


MESSAGES = [{"role": "user", "content": "Monday's builds failed. Report, please."}]
ANSWER = Answer(
    '{"title": "Build server out of disk space", "summary": "On Monday the logs of failed jobs'
    ' had filled the disk.", "findings": [{"place": "log rotation", "severity": "high", "text":'
    ' "Nothing deletes the logs of failed jobs."}, {"place": "dashboard", "severity": "low",'
    ' "text": "It shows the free space, but nobody looks."}], "minutes_lost": 140}',
    tokens_per_second=40,
)


def application(client: Client, model: str) -> FastAPI:
    """The page, the module that it reads changes with, and the changes."""
    app = FastAPI()
    app.mount("/static", web.static())

    @app.get("/", response_class=HTMLResponse)
    async def page() -> str:
        return Path(__file__).with_suffix(".html").read_text("utf-8")

    @app.post("/report")
    async def report() -> Response:
        # A function, as a sync client waits for the provider when it makes a stream: the function
        # is called in a thread. The stream of an async client is passed as it is.
        return web.respond(
            lambda: client.create_partial(response_model=Report, model=model, messages=MESSAGES)
        )

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
                print(f"{perf_counter() - started:6.2f} s  {name:6}  {value}", flush=True)


async def main() -> None:
    """Serve the page, to a browser or to this program itself."""
    parser = endpoint_parser(__doc__)
    parser.add_argument("--serve", action="store_true", help="keep the page up until Ctrl-C")
    options = parser.parse_args()
    with (
        endpoint(options, ANSWER, repeat=True) as there,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        # Left to be closed after the streams that read from it, also when Ctrl-C ends them.
        sdk = OpenAI(base_url=there.base_url, api_key=there.api_key)
        app = application(from_openai(sdk), there.model)
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        print(url := f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
        if not options.serve:
            await listen(f"{url}report")
            server.should_exit = True
        await serving


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
