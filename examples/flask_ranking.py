"""A ranking as server-sent events from Flask, for a page whose cards appear one by one.

`python examples/flask_ranking.py` prints what the page is sent; with `--serve` a browser can open
it. Needs the extra `examples`; `--live` asks a real endpoint, with the key in OPENAI_API_KEY.
"""

import logging
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import perf_counter

import httpx
from flask import Flask, Response
from openai import OpenAI
from pydantic import BaseModel, Field
from werkzeug.serving import make_server

from partialstream import Client, from_openai, web
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


def application(client: Client, model: str) -> Flask:
    """The page, the module that it reads events with, and the events."""
    app = Flask(__name__, static_folder=Path(web.__file__).with_name("static"))

    @app.get("/")
    def page() -> str:
        html = Path(__file__).with_name("fastapi_ranking.html").read_text("utf-8")
        return html.replace("PLACES", str(len(CANDIDATES)))

    @app.post("/ranking/<run>")
    def ranking(run: str) -> Response:  # the page names it; nothing is kept under that name here
        stream = client.create_iterable(
            response_model=Product, model=model, messages=MESSAGES, max_retries=1
        )
        # Closed when the browser has left, which Flask's server notices at the next event.
        headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
        return Response(web.encode(stream), headers=headers, mimetype="text/event-stream")

    return app


def listen(url: str) -> None:
    """Print the events as they arrive."""
    started, name = perf_counter(), ""
    with httpx.stream("POST", url, timeout=60) as response:
        for line in response.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                print(f"{perf_counter() - started:6.2f} s  {name:8}  {value}", flush=True)


def main() -> None:
    """Serve the page, to a browser or to this program itself."""
    parser = endpoint_parser(__doc__)
    parser.add_argument("--serve", action="store_true", help="keep the page up until Ctrl-C")
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel("WARNING")  # no line for each request
    with endpoint(options, answer) as there:
        with OpenAI(base_url=there.base_url, api_key=there.api_key) as sdk:
            app = application(from_openai(sdk), there.model)
            server = make_server("127.0.0.1", 0, app, threaded=True)
            print(url := f"http://127.0.0.1:{server.server_port}/", flush=True)
            if options.serve:
                with suppress(KeyboardInterrupt):
                    server.serve_forever()
            else:
                Thread(target=server.serve_forever, daemon=True).start()
                listen(f"{url}ranking/1")
                server.shutdown()


if __name__ == "__main__":
    main()
