"""What a stream tells of itself: chunks, times, characters, tokens, and tokens a second.

Run it with `python examples/stream_statistics.py`; it needs `partialstream[server]`. With `--live`
it asks a real endpoint, with the key in OPENAI_API_KEY.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from openai import OpenAI
from pydantic import BaseModel

import partialstream
from partialstream import ItemStream, PartialStream
from partialstream.testing import Answer, endpoint, endpoint_parser


class Plant(BaseModel):
    """What the list is of."""

    name: str
    water_every_days: int
    light: str


class Balcony(BaseModel):
    """The same list in an object that grows."""

    faces: str
    plants: list[Plant]


PLANTS = [
    Plant(name="Lavender", water_every_days=7, light="full sun"),
    Plant(name="Fern", water_every_days=2, light="shade, and never the midday sun"),
    Plant(name="Tomato", water_every_days=1, light="full sun, sheltered from the rain"),
    Plant(name="Ivy", water_every_days=4, light="any"),
]

LIST = f'{{"items": [{", ".join(plant.model_dump_json() for plant in PLANTS)}]}}'
OBJECT = Balcony(faces="south-west", plants=PLANTS).model_dump_json()
ANSWERS = [
    Answer(LIST, first_delay=0.3, tokens_per_second=50),
    Answer(OBJECT, first_delay=0.3, tokens_per_second=100),
]


def statistics(stream: ItemStream[Any] | PartialStream[Any]) -> dict[str, float | None]:
    """What there is to say of a stream that has been read; None is not known."""
    timing, usage, speed = stream.timing, stream.usage, None
    if usage and timing.first_delta is not None and timing.total is not None:
        writing = timing.total - timing.first_delta  # what goes before is waiting
        speed = usage.output_tokens / writing
    return {
        "chunks": stream.metadata.chunks,
        "characters": len(stream.text),
        "seconds to the first token": timing.first_delta,
        "seconds to the first item": timing.first_item,
        "seconds in total": timing.total,
        "input tokens": usage.input_tokens if usage else None,
        "output tokens": usage.output_tokens if usage else None,
        "output tokens a second": speed,
    }


def shown(value: float | None) -> str:
    """A whole number as it is, others with two places."""
    return "-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def main() -> None:
    """Ask for a list and for an object, and show the figures of both."""
    options = endpoint_parser(__doc__).parse_args()
    with ExitStack() as stack:
        there = stack.enter_context(endpoint(options, ANSWERS))
        sdk = stack.enter_context(OpenAI(base_url=there.base_url, api_key=there.api_key))
        client = partialstream.from_openai(sdk)
        messages = [{"role": "user", "content": "Four plants for a balcony, please."}]
        items = client.create_iterable(response_model=Plant, model=there.model, messages=messages)
        plants = list(stack.enter_context(items))
        growing = client.create_partial(
            response_model=Balcony, model=there.model, messages=messages
        )
        snapshots = list(stack.enter_context(growing))
        print(f"{'':26}{f'{len(plants)} items':>12}{f'{len(snapshots)} snapshots':>14}")
        others = statistics(growing)
        for name, value in statistics(items).items():
            print(f"{name:26}{shown(value):>12}{shown(others[name]):>14}")


if __name__ == "__main__":
    main()
