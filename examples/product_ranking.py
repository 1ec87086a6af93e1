"""Ten products ranked for a customer: each as it completes, then all at once.

Run it with `python examples/product_ranking.py`; it needs `partialstream[server]`. With `--live`
it asks a real endpoint, with the key in OPENAI_API_KEY.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from time import perf_counter

from openai import OpenAI
from pydantic import BaseModel, Field

import partialstream
from partialstream.testing import Answer, endpoint, endpoint_parser


class Product(BaseModel):
    """What the model says of each candidate."""

    name: str
    reason: str
    score: int = Field(ge=0, le=100, description="How well it suits the customer.")


CUSTOMER = """\
Third floor, no lift, a small flat. Cycles 9 km to work in all weather, cooks for two every
evening, camps in summer. Likes things that can be repaired."""

CANDIDATES = """\
Cast iron pan, Down sleeping bag, Waterproof pannier, Espresso machine, Dynamo lights,
Drying rack, Camping stove, Stand mixer, Wool base layer, Cargo trailer"""

MESSAGES = [
    {"role": "system", "content": "Rank all the products for the customer, the best first."},
    {"role": "user", "content": f"Customer: {CUSTOMER}\nProducts: {CANDIDATES}"},
]

RANKING = [
    Product(name="Waterproof pannier", reason="Rides to work whatever the weather", score=97),
    Product(name="Dynamo lights", reason="No charging, and every part is sold", score=94),
    Product(name="Cast iron pan", reason="Cooks every evening, and it lasts", score=91),
    Product(name="Wool base layer", reason="For the ride and for the tent", score=86),
    Product(name="Camping stove", reason="Camps, and likes to cook", score=81),
    Product(name="Drying rack", reason="Wet clothes, and no room for a dryer", score=74),
    Product(name="Down sleeping bag", reason="Warmer than summer nights ask for", score=58),
    Product(name="Cargo trailer", reason="Three flights of stairs", score=41),
    Product(name="Espresso machine", reason="Nothing was said of coffee", score=29),
    Product(name="Stand mixer", reason="Large, heavy, and for a family", score=18),
]

ANSWER = Answer(
    f'{{"items": [{", ".join(product.model_dump_json() for product in RANKING)}]}}',
    tokens_per_second=80,
)


def line(seconds: float, place: int, product: Product) -> str:
    """A product with its time and its place."""
    return f"{seconds:6.2f} s {place:3}. {product.name} ({product.score}): {product.reason}"


def main() -> None:
    """Rank them twice, and say how much earlier the first of them was there."""
    options = endpoint_parser(__doc__).parse_args()
    with ExitStack() as stack:
        there = stack.enter_context(endpoint(options, ANSWER, repeat=True))
        sdk = stack.enter_context(OpenAI(base_url=there.base_url, api_key=there.api_key))
        client = partialstream.from_openai(sdk)

        print("Streamed")
        stream = client.create(
            response_model=Iterable[Product], stream=True, model=there.model, messages=MESSAGES
        )
        for item in stack.enter_context(stream).detailed():
            print(line(item.received_at, item.index + 1, item.value), flush=True)

        print("Not streamed")
        started = perf_counter()
        ranking = client.create(
            response_model=Iterable[Product], model=there.model, messages=MESSAGES
        )
        waited = perf_counter() - started
        for place, product in enumerate(ranking, 1):
            print(line(waited, place, product))

    first = stream.timing.first_item
    if first is not None:
        ratio = waited / first
        print(f"The first: after {first:.2f} s and after {waited:.2f} s, {ratio:.1f} times")


if __name__ == "__main__":
    main()
