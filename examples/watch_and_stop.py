"""A list's raw text as it is written, stopped at a word that must not be or at the third item.

Run it with `python examples/watch_and_stop.py`; it needs `partialstream[server]`. With `--live`
it asks a real endpoint, with the key in OPENAI_API_KEY.
"""

from __future__ import annotations

from contextlib import ExitStack

from openai import OpenAI
from pydantic import BaseModel

import partialstream
from partialstream import Client, Finished, Item, TextDelta, WordWatch
from partialstream.testing import Answer, Endpoint, endpoint, endpoint_parser

ALLERGENS = ["peanut", "almond", "sesame"]
MOST_TOKENS = 4000


class Snack(BaseModel):
    """What the model is asked for."""

    name: str
    made_of: list[str]


def listed(**snacks: str) -> Answer:
    """An answer with these snacks, a line for each, at the pace of a model."""
    lines = (
        Snack(name=name.replace("_", " "), made_of=made_of.split(", ")).model_dump_json()
        for name, made_of in snacks.items()
    )
    return Answer('{"items": [\n' + ",\n".join(lines) + "\n]}", tokens_per_second=40)


ANSWERS = [
    listed(
        Rice_cakes="rice, salt",
        Trail_mix="raisins, peanuts",
        Crackers="wheat, sesame",
        Fruit_bar="dates, almonds",
    ),
    listed(
        Rice_cakes="rice, salt",
        Apple_chips="apples",
        Popcorn="maize, salt",
        Hummus="chickpeas, sesame",
        Raisins="grapes",
    ),
]


def watch(client: Client, there: Endpoint, wish: str) -> None:
    """Show what is written until an allergen or the third snack, and what that has saved."""
    words = WordWatch(ALLERGENS, ignore_case=True)
    why = ""
    print(f"> {wish}")
    with client.create_iterable(
        response_model=Snack,
        model=there.model,
        messages=[{"role": "user", "content": wish}],
        max_completion_tokens=MOST_TOKENS,
        take=3,
    ) as stream:
        for event in stream.events():
            match event:
                case TextDelta(text, channel):
                    print(text, end="", flush=True)
                    if found := words.feed(text, channel):
                        why = f"found {', '.join(found)}"
                        break
                case Item():
                    print(" ✓", end="", flush=True)
                case Finished(outcome):
                    why = outcome.detail or outcome.status
                case _:
                    pass
    print(f"\n  stopped: {why}; {saved(there, stream.text)}\n")


def saved(there: Endpoint, text: str) -> str:
    """How many tokens were not written. The replay server knows; who was left does not tell."""
    if there.server is None:
        written = len(text) // 4
        return f"about {written} tokens written, and at most {MOST_TOKENS - written} saved"
    request = there.server.requests[-1]
    request.wait_hung_up()
    sent, planned = request.deltas_sent, request.deltas_planned
    return f"{sent} of {planned} tokens written, {planned - sent} saved"


def main() -> None:
    """Ask twice: the first answer has an allergen in it, the second in its fourth snack."""
    options = endpoint_parser(__doc__).parse_args()
    with ExitStack() as stack:
        there = stack.enter_context(endpoint(options, ANSWERS))
        sdk = stack.enter_context(OpenAI(base_url=there.base_url, api_key=there.api_key))
        client = partialstream.from_openai(sdk)
        watch(client, there, "Some snacks for a party, please.")
        watch(client, there, "Some snacks for somebody who is allergic to nuts, please.")


if __name__ == "__main__":
    main()
