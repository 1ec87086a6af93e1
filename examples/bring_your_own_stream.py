"""Items from streams without any SDK: httpx and its raw bytes, a recorded file, a generator.

Run it with `python examples/bring_your_own_stream.py`; it needs `partialstream[server]` and httpx.
With `--live` it asks a real endpoint, with the key in OPENAI_API_KEY.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import BaseModel

from partialstream import ItemStream, stream_items
from partialstream.testing import Answer, Endpoint, endpoint, endpoint_parser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO


class Product(BaseModel):
    """What the model is asked for."""

    name: str
    price: float


ANSWER = Answer(
    'Here you are: {"products": [{"name": "Lamp", "price": 39.5},'
    ' {"name": "Rocking chair", "price": 120}, {"name": "Café table", "price": 64}]}',
    tokens_per_second=40,
    cut_bytes=7,  # a body is cut anywhere: in an event, in a name, in the é
)

WISH = (
    "Three things for a living room, as JSON and nothing else: "
    '{"products": [{"name": "...", "price": 0.0}, ...]}'
)


def request(there: Endpoint) -> dict[str, Any]:
    """What httpx needs to ask a Chat Completions endpoint for a stream."""
    key = there.api_key or os.environ["OPENAI_API_KEY"]
    return {
        "method": "POST",
        "url": (there.base_url or "https://api.openai.com/v1") + "/chat/completions",
        "headers": {"Authorization": f"Bearer {key}"},
        "json": {
            "model": there.model,
            "messages": [{"role": "user", "content": WISH}],
            "stream": True,
        },
        "timeout": 60,
    }


def recorded(chunks: Iterable[bytes], file: BinaryIO) -> Iterator[bytes]:
    """The chunks, each written to a file first."""
    for chunk in chunks:
        file.write(chunk)
        yield chunk


def spoken() -> Iterator[str]:
    """Any generator of text will do: a local model, a queue, a test."""
    yield 'Of course! ```json\n[{"name": "La'
    yield 'mp", "price": 3'
    yield '9.5}, {"name": "Rug", "pri'
    yield 'ce": 80}]\n```'


def show(title: str, stream: ItemStream[Product]) -> None:
    """Print each product as it completes."""
    print(title)
    with stream:
        for item in stream.detailed():
            print(f"{item.received_at:6.2f} s  {item.value.name}, {item.value.price:.2f}")
    print(f"          {stream.outcome.status if stream.outcome else ''}")


def main() -> None:
    """Read the same list three ways."""
    options = endpoint_parser(__doc__).parse_args()
    with TemporaryDirectory() as folder, endpoint(options, ANSWER) as there:
        path = Path(folder, "answer.sse")
        with httpx.stream(**request(there)) as response, path.open("wb") as file:
            response.raise_for_status()
            chunks = recorded(response.iter_bytes(), file)
            show("httpx, raw bytes", stream_items(Product, chunks))
        show("the same bytes from a file", stream_items(Product, path.open("rb")))
        show("a generator of text", stream_items(Product, spoken()))


if __name__ == "__main__":
    main()
