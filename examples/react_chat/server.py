"""What the React pages ask: rankings for `useChat`, reports for `useObject`.

Build the pages first (see README.md), then run `python examples/react_chat/server.py`. Needs the
extra `examples`; `--live` asks a real endpoint, with the key in OPENAI_API_KEY.
"""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from openai import AsyncOpenAI
from pydantic import BaseModel, Field

from partialstream import AsyncClient, from_openai, web
from partialstream.testing import Answer, ReplayRequest, endpoint, endpoint_parser

DIST = Path(__file__).with_name("dist")


class Product(BaseModel):
    """What the model says of each candidate."""

    name: str
    reason: str
    score: int = Field(ge=0, le=100)


class Finding(BaseModel):
    """A part of a report."""

    place: str
    severity: str
    text: str


class Report(BaseModel):
    """Grows while the model writes it."""

    title: str
    summary: str
    findings: list[Finding]


class Chat(BaseModel):
    """What `useChat` posts, as far as it is needed."""

    id: str
    messages: list[dict[str, Any]]


class Question(BaseModel):
    """What the page with `useObject` posts."""

    text: str


LAMP = '{"name": "Lamp", "reason": "To read by when it is dark", "score": 84}'
ITEMS = f"""{{"name": "Tent", "reason": "A roof, wherever the evening finds you", "score": 96}},
{{"name": "Stove", "reason": "Coffee is hot before the sun is up", "score": 91}},
{LAMP.replace("84", "840")},
{{"name": "Mug", "reason": "Does not mind being dropped", "score": 62}},
{{"name": "Rug", "reason": "Heavy to carry, and never dry again", "score": 8}}"""
REPORT = (
    '{"title": "Build server out of disk space", "summary": "On Monday the logs of failed jobs'
    ' had filled the disk.", "findings": [{"place": "log rotation", "severity": "high", "text":'
    ' "Nothing deletes the logs of failed jobs."}, {"place": "dashboard", "severity": "low",'
    ' "text": "It shows the free space, but nobody looks."}]}'
)


def answer(request: ReplayRequest) -> Answer:
    """A report; or the ranking, with a score that cannot be, and then that item alone."""
    if "Report" in str(request.body["tools"]):
        return Answer(REPORT, tokens_per_second=40)
    items = ITEMS if len(request.body["messages"]) == 1 else LAMP
    return Answer(f'{{"items": [{items}]}}', tokens_per_second=50)


def text_of(message: dict[str, Any]) -> str:
    """The text of a message of the AI SDK."""
    return "".join(part["text"] for part in message["parts"] if part["type"] == "text")


def application(client: AsyncClient, model: str, replay: web.Replay) -> FastAPI:
    """The pages, and what they ask."""
    app = FastAPI()

    @app.post("/api/chat")
    async def chat(chat: Chat) -> Response:
        wish = f"Rank a tent, a lamp, a mug, a rug and a stove. {text_of(chat.messages[-1])}"
        stream = client.create_iterable(
            response_model=Product,
            model=model,
            messages=[{"role": "user", "content": wish}],
            max_retries=1,
        )
        return web.respond(stream, wire=web.AiSdk(name="product"), replay=replay, key=chat.id)

    @app.get("/api/chat/{chat_id}/stream")
    async def resume(chat_id: str) -> Response:
        return await replay.response(chat_id, wire="ai-sdk")

    @app.post("/api/report")
    async def report(question: Question) -> Response:
        stream = client.create_partial(
            response_model=Report,
            model=model,
            messages=[{"role": "user", "content": question.text}],
        )
        return web.respond(stream, wire="object")

    @app.get("/report")
    async def report_page() -> Response:
        return FileResponse(DIST / "index.html")

    app.mount("/", StaticFiles(directory=DIST, html=True))
    return app


async def main() -> None:
    """Serve the pages until Ctrl-C."""
    parser = endpoint_parser(__doc__)
    parser.add_argument("--port", type=int, default=8000, help="0 for any (default: %(default)s)")
    options = parser.parse_args()
    address = ("127.0.0.1", options.port)
    with endpoint(options, answer) as there, socket.create_server(address) as listener:
        sdk = AsyncOpenAI(base_url=there.base_url, api_key=there.api_key)
        async with sdk, web.Replay() as replay:
            app = application(from_openai(sdk), there.model, replay)
            print(f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
            server = uvicorn.Server(
                uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
            )
            await server.serve(sockets=[listener])


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
