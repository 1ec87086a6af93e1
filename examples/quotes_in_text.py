"""Where in a text each value stands: quotes that are checked, repaired, and shown in the document.

Run it with `python examples/quotes_in_text.py`; `--html quotes.html` writes the page as well. With
`--live` it asks a real endpoint of OpenAI's kind, with the key in OPENAI_API_KEY.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from openai import OpenAI
from pydantic import BaseModel

import partialstream
from partialstream import Item, ItemRejected, Quote
from partialstream.etl import quotes_html, quotes_text
from partialstream.testing import Answer, ReplayRequest, endpoint, endpoint_parser

LETTER = """\
Dear neighbours,

the roof repair that we agreed on in MARCH has been ordered from Holm & Sons
of Lund. They begin on 3 June and will need about
    two weeks; the scaffolding comes on 30 May.

It costs 48,200 euros. The bank has promised a loan of 30,000 euros, and the
rest is paid from our savings. Please move your bicycles from the yard!

Ida Berg
"""

PROMPT = "List the facts in this letter, each with its words, copied exactly.\n\n" + LETTER


class Fact(BaseModel):
    """What the letter says."""

    kind: Literal["person", "company", "date", "money", "request"]
    words: Annotated[str, Quote]
    sentence: Annotated[str, Quote]


def facts(*rows: tuple[str, str, str]) -> str:
    """Facts as a model writes them."""
    return json.dumps(
        [dict(zip(Fact.model_fields, row, strict=True)) for row in rows], ensure_ascii=False
    )


# The model collapses blanks and changes case, which is found; and it makes up a sum, which is not.
COST = "It costs 48,200 euros."
FIRST = facts(
    ("company", "Holm & Sons of Lund", "ordered from Holm & Sons of Lund."),
    ("date", "March", "the roof repair that we agreed on in March"),
    ("date", "3 June", "They begin on 3 June and will need about two weeks"),
    ("money", "€48,200", COST),
    ("money", "30,000 euros", "The bank has promised a loan of 30,000 euros"),
    ("request", "move your bicycles", "Please move your bicycles from the yard!"),
    ("person", "Ida Berg", "Ida Berg"),
)
REPAIRED = facts(("money", "48,200 euros", COST))


def scripted(request: ReplayRequest) -> Answer:
    """Play the model: the repair request is the one with more messages."""
    if len(request.body["messages"]) > 1:
        return Answer(f'{{"indexes": "3", "items": {REPAIRED}}}', tokens_per_second=200)
    return Answer(f'{{"items": {FIRST}}}', tokens_per_second=200)


def main() -> None:
    """Read the letter, and show what was found where."""
    parser = endpoint_parser(__doc__)
    parser.add_argument("--html", metavar="PATH", type=Path, help="write an HTML page, too")
    options = parser.parse_args()
    items: list[Item[Fact]] = []
    with (
        endpoint(options, scripted) as there,
        OpenAI(base_url=there.base_url, api_key=there.api_key) as sdk,
        partialstream.from_openai(sdk).create_iterable(
            response_model=Fact,
            model=there.model,
            messages=[{"role": "user", "content": PROMPT}],
            source_text=LETTER,
            max_retries=2,
        ) as stream,
    ):
        for event in stream.events():
            if isinstance(event, ItemRejected):
                print(f"fact {event.item.index} is asked for again: {event.item.raw[:42]}…")
            elif isinstance(event, Item):
                span = event.spans["words",]
                print(f"fact {event.index} at {span.start}-{span.end}: {event.value.words}")
                items.append(event)
    items.sort(key=lambda item: item.index)
    print(f"\n{quotes_text(LETTER, items)}")
    if options.html is not None:
        options.html.write_text(quotes_html(LETTER, items, title="The letter"), encoding="utf-8")
        print(f"\nThe page is {options.html}")


if __name__ == "__main__":
    main()
