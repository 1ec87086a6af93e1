"""One stream through an invalid item, a reset, the token limit and an error: each item once.

Run it with `python examples/survive_anything.py`; it needs `partialstream[server]`. With `--live`
it asks a real endpoint, with the key in OPENAI_API_KEY.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from openai import OpenAI
from pydantic import BaseModel, Field

import partialstream
from partialstream import AttemptFailed, AttemptStarted, Item, ItemRejected, Resumed
from partialstream.testing import Answer, endpoint, endpoint_parser, faults


class Product(BaseModel):
    """What the model is asked for."""

    name: str
    price: int = Field(gt=0)


def listed(fault: Any = None, **prices: int) -> Answer:
    """An answer with these products, at the pace of a model."""
    items = ", ".join(f'{{"name": "{name}", "price": {prices[name]}}}' for name in prices)
    return Answer(f'{{"items": [{items}]}}', fault=fault, tokens_per_second=60)


SCRIPT = [
    listed(faults.Reset(22), Lamp=39, Rug=-80, Shelf=64, Vase=18, Plant=22),
    listed(faults.LengthCut(14), Shelf=64, Vase=18, Plant=22),
    listed(faults.ErrorEvent(14), Vase=18, Plant=22),
    listed(Plant=22),
    listed(Rug=80),
]


def describe(event: Any) -> str | None:
    """A line for an event, None for what is not shown."""
    match event:
        case AttemptStarted(number, cause):
            return f"request {number}" + ("" if cause == "request" else f", to {cause}")
        case Resumed(_, kept):
            return f"           {kept} items need not come again"
        case AttemptFailed(_, error):
            return "  failed   " + re.split(r"[:;\n]", str(error))[0]
        case ItemRejected(item):
            return f"  item {item.index}   invalid: {item.raw}"
        case Item(product, index):
            return f"  item {index}   {product.name}, {product.price}"
    return None


def main() -> None:
    """Stream the list, and show what happens as it does."""
    options = endpoint_parser(__doc__).parse_args()
    with ExitStack() as stack:
        there = stack.enter_context(endpoint(options, SCRIPT))
        sdk = stack.enter_context(OpenAI(base_url=there.base_url, api_key=there.api_key))
        client = partialstream.from_openai(sdk)
        messages = [{"role": "user", "content": "Five things for a living room, please."}]
        started = perf_counter()
        stream = client.create_iterable(
            response_model=Product, model=there.model, messages=messages, max_retries=2
        )
        items = 0
        for event in stack.enter_context(stream).events():
            items += isinstance(event, Item)
            if line := describe(event):
                print(f"{perf_counter() - started:6.2f} s  {line}", flush=True)
        print(f"{items} items, each once, from {len(stream.attempts)} requests")


if __name__ == "__main__":
    main()
