"""Three products, printed as they complete; offline, through the real OpenAI SDK.

Run it with `python examples/first_stream.py`; it needs `partialstream[server]`.
"""

from __future__ import annotations

from openai import OpenAI
from pydantic import BaseModel

import partialstream
from partialstream.testing import Answer, ReplayServer


class Product(BaseModel):
    """What the model is asked for."""

    name: str
    price: float


ANSWER = Answer(
    '{"items": [{"name": "Lamp", "price": 39.5}, {"name": "Rug", "price": 80},'
    ' {"name": "Shelf", "price": 64}]}',
    tokens_per_second=50,
)


def main() -> None:
    """Stream the list, and say how long each product took."""
    with ReplayServer(ANSWER) as server, OpenAI(base_url=server.base_url, api_key="none") as sdk:
        client = partialstream.from_openai(sdk)
        messages = [{"role": "user", "content": "Three things for a living room, please."}]
        with client.create_iterable(
            response_model=Product, model="any", messages=messages
        ) as stream:
            for item in stream.detailed():
                print(f"{item.received_at:5.2f} s  {item.value.name}, {item.value.price:.2f}")
        print(f"{stream.timing.total:5.2f} s  {stream.outcome.status if stream.outcome else ''}")


if __name__ == "__main__":
    main()
