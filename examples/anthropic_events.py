"""The events of Anthropic's SDK, read as items and as a growing object, with the tokens paid for.

Run it with `python examples/anthropic_events.py`; it needs `partialstream[server]` and anthropic.
With `--live` it asks Anthropic, with the key in ANTHROPIC_API_KEY.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from anthropic import Anthropic
from pydantic import BaseModel

from partialstream import ItemStream, PartialStream, Usage, stream_items, stream_partial
from partialstream.testing import Answer, endpoint, endpoint_parser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class City(BaseModel):
    """An item of the list, and the object."""

    name: str
    sight: str
    inhabitants: int


PORTO = (
    '{"name": "Porto", "sight": "The bridge of Dom Luís, walked across high above the Douro",'
    ' "inhabitants": 231800}'
)
LIST = (
    '[{"name": "Bergen", "sight": "Wooden houses by the harbour", "inhabitants": 291940},'
    ' {"name": "Split", "sight": "A palace that people live in", "inhabitants": 160577},'
    f" {PORTO}]"
)

# Any text around the JSON is passed over; the object comes as a call of a tool.
ANSWERS = [
    Answer(
        f"Three for a weekend:\n{LIST}\nShall I say more of one?",
        usage=Usage(input_tokens=412, output_tokens=131),
        tokens_per_second=40,
    ),
    Answer(
        PORTO,
        usage=Usage(input_tokens=530, output_tokens=58, cached_tokens=384),
        chunk_size=12,
        tokens_per_second=20,
    ),
]

TOOL: Any = {
    "name": "show_city",
    "description": "Shows a city to the user.",
    "input_schema": City.model_json_schema(),
}


def counted(events: Iterable[Any], kinds: Counter[str]) -> Iterator[Any]:
    """The events, each counted by its type."""
    for event in events:
        kinds[event.type] += 1
        yield event


def report(stream: ItemStream[City] | PartialStream[City], kinds: Counter[str]) -> None:
    """Say what was read, and what it has cost."""
    for kind, count in kinds.items():
        print(f"  {count:4} {kind}")
    usage = stream.usage or Usage()
    print(f"  input tokens {usage.input_tokens}, {usage.cached_tokens} of them cached")
    print(f"  output tokens {usage.output_tokens}")
    print(f"  ended as {stream.metadata.finish_reason!r}")


def main() -> None:
    """Ask for a list, and for one object."""
    options = endpoint_parser(__doc__, model="claude-haiku-4-5").parse_args()
    with ExitStack() as stack:
        there = stack.enter_context(endpoint(options, ANSWERS))
        sdk = stack.enter_context(Anthropic(base_url=there.url, api_key=there.api_key))
        asked: dict[str, Any] = {"model": there.model, "max_tokens": 1000, "stream": True}

        wish = f"Three cities by the sea: JSON, a list of {City.model_json_schema()}."
        kinds: Counter[str] = Counter()
        with sdk.messages.create(**asked, messages=[{"role": "user", "content": wish}]) as events:
            cities = stream_items(City, counted(events, kinds))
            for item in cities.detailed():
                print(f"{item.received_at:6.2f} s  {item.value!r}")
        report(cities, kinds)

        kinds = Counter()
        choice: Any = {"type": "tool", "name": TOOL["name"]}
        messages: Any = [{"role": "user", "content": "Show me Porto."}]
        with sdk.messages.create(
            **asked, messages=messages, tools=[TOOL], tool_choice=choice
        ) as events:
            growing = stream_partial(City, counted(events, kinds))
            for city in growing:
                print(f"  {city!r}")
        report(growing, kinds)


if __name__ == "__main__":
    main()
