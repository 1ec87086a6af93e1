"""A ranking in a Gradio interface, whose table grows while the model writes.

`python examples/gradio_ranking.py` asks once what its page asks; with `--serve` a browser can open
it. Needs the extra `examples`; `--live` asks a real endpoint, with the key in OPENAI_API_KEY.
"""

from __future__ import annotations

import os
from time import perf_counter
from typing import TYPE_CHECKING

# Read on import: without them, Gradio and what it brings call home.
os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_DISABLE_TELEMETRY="1")

import gradio as gr
from gradio_client import Client
from openai import AsyncOpenAI, OpenAIError
from pydantic import BaseModel, Field

from partialstream import AsyncClient, PartialStreamError, from_openai
from partialstream.testing import Answer, ReplayRequest, endpoint, endpoint_parser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Product(BaseModel):
    """What the model says of each candidate."""

    name: str
    reason: str
    score: int = Field(ge=0, le=100)


CUSTOMER = "Camps in summer, and carries it all on a bicycle."
WISH = "Rank a tent, a lamp, a mug, a rug and a stove for this customer: "

LAMP = '{"name": "Lamp", "reason": "To read by when it is dark", "score": 84}'
ITEMS = f"""{{"name": "Tent", "reason": "A roof, wherever the evening finds you", "score": 96}},
{{"name": "Stove", "reason": "Coffee is hot before the sun is up", "score": 91}},
{LAMP.replace("84", "840")},
{{"name": "Mug", "reason": "Does not mind being dropped", "score": 62}},
{{"name": "Rug", "reason": "Heavy to carry, and never dry again", "score": 8}}"""


def answer(request: ReplayRequest) -> Answer:
    """The ranking with a score that cannot be; that item alone to who asks for it again."""
    items = ITEMS if len(request.body["messages"]) == 1 else LAMP
    return Answer(f'{{"items": [{items}]}}', tokens_per_second=50)


def interface(client: AsyncClient, model: str) -> gr.Interface:
    """A question, and a table that is sent whenever a row of it completes."""

    async def rank(customer: str) -> AsyncIterator[list[list[str | int]]]:
        messages = [{"role": "user", "content": WISH + customer}]
        rows: list[list[str | int]] = []
        try:
            async with client.create_iterable(
                response_model=Product, model=model, messages=messages, max_retries=1
            ) as stream:  # the stop button cancels this, which hangs up on the model
                async for item in stream.detailed():
                    product = item.value
                    rows.append([item.index + 1, product.name, product.score, product.reason])
                    yield sorted(rows)  # a product that had to be asked for again comes last
        except (PartialStreamError, OpenAIError) as error:
            raise gr.Error(f"The ranking has broken off ({type(error).__name__})") from error

    return gr.Interface(
        rank,
        gr.Textbox(CUSTOMER, label="Customer"),
        gr.Dataframe(headers=["Place", "Product", "Score", "Reason"], label="Ranking"),
        title="Ranked for you",
        flagging_mode="never",
    )


def ask(url: str) -> None:
    """Print what is in the table whenever it has grown."""
    client = Client(url, verbose=False)
    started = perf_counter()
    for table in client.submit(CUSTOMER, api_name="/rank"):
        names = ", ".join(f"{place}. {name}" for place, name, *_ in table["data"])
        print(f"{perf_counter() - started:6.2f} s  {names}", flush=True)
    client.close()


def main() -> None:
    """Serve the interface, to a browser or to this program itself."""
    parser = endpoint_parser(__doc__)
    parser.add_argument("--serve", action="store_true", help="keep the page up until Ctrl-C")
    options = parser.parse_args()
    theme = gr.themes.Default(font="system-ui", font_mono="monospace")  # none to be fetched
    with endpoint(options, answer) as there:
        sdk = AsyncOpenAI(base_url=there.base_url, api_key=there.api_key)
        page = interface(from_openai(sdk), there.model)
        _, url, _ = page.launch(
            server_name="127.0.0.1", share=False, quiet=True, prevent_thread_lock=True, theme=theme
        )
        print(url, flush=True)
        if options.serve:
            page.block_thread()
        else:
            ask(url)
        page.close(verbose=False)


if __name__ == "__main__":
    main()
