"""How sure a model was of each value it read, and what else it might have said, through LiteLLM.

Run it with `python examples/token_probabilities.py`; it needs the extra `litellm`. With `--live` it
asks a real endpoint of OpenAI's kind, with the key in OPENAI_API_KEY.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import instructor
from pydantic import BaseModel

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import asks the network for prices
import litellm

import partialstream
from partialstream import Item, TextDelta
from partialstream.testing import Answer, endpoint, endpoint_parser

if TYPE_CHECKING:
    from partialstream import Token

DOUBTFUL = 0.8

NOTE = """\
A delivery note, scanned from handwriting. List its rows, please.
2 desk 1amps, 39,50 each
l rug, l80,-
4 or 9 shelfs, 64,- each"""


class Row(BaseModel):
    """What each line of the note says."""

    article: str
    count: int
    price: float


# What the replay server says, cut into tokens at the bars, and what was likely where in doubt.
TEXT = """{"tasks": [{"article": "|Desk| lamp|", "count": |2|, "price": |39|.5|}, \
{"article": "|Rug|", "count": |1|, "price": |180|}, \
{"article": "|Shelf|", "count": |4|, "price": |64|}]}"""
DOUBTS = {
    "Desk": {"Desk": 0.97, "Disk": 0.02},
    "39": {"39": 0.94, "59": 0.03, "89": 0.02},
    "Rug": {"Rug": 0.93, "Bug": 0.05},
    "180": {"180": 0.52, "80": 0.27, "130": 0.11, "18": 0.06, "1": 0.02},
    "Shelf": {"Shelf": 0.91, "Shel": 0.06, "Self": 0.02},
    "4": {"9": 0.48, "4": 0.44, "49": 0.04, "5": 0.02, "6": 0.01},
}


ANSWER = Answer(
    pieces=TEXT.split("|"),
    logprobs=lambda text: math.log(DOUBTS.get(text, {text: 0.999})[text]),
    alternatives=lambda text: {
        other: math.log(share) for other, share in DOUBTS.get(text, {}).items() if other != text
    },
    tokens_per_second=40,
)


def show(item: Item[Row], tokens: list[Token]) -> None:
    """Print an item's members, each with its confidence, and where the least sure token was."""
    print(f"row {item.index + 1}")
    if item.confidence is None:
        return print("   (the endpoint tells no probabilities)")
    for (name, *_), probability in item.confidence.items():
        flag = "  <- check this" if probability < DOUBTFUL else ""
        print(f"   {probability:6.1%}  {name} = {getattr(item.value, str(name))!r}{flag}")
    if item.confidence.lowest < DOUBTFUL:
        place = min(range(len(tokens)), key=lambda each: tokens[each].logprob)
        before = b"".join(token.data for token in tokens[:place]).decode(errors="replace")
        print(f"           the likeliest behind …{before[-20:]!r}:")
        for text, logprob in tokens[place].alternatives:
            print(f"{math.exp(logprob):17.1%}  {text!r}")


def main() -> None:
    """Read the note."""
    options = endpoint_parser(__doc__, model="gpt-4.1-mini").parse_args()
    with endpoint(options, ANSWER) as there:
        # Of tool calls, instructor's own choice, OpenAI tells no probabilities.
        mode = instructor.Mode.JSON_SCHEMA
        client = partialstream.from_instructor(instructor.from_litellm(litellm.completion, mode))
        stream = client.create_iterable(
            response_model=Row,
            model=f"openai/{there.model}",
            messages=[{"role": "user", "content": NOTE}],
            api_base=there.base_url,
            api_key=there.api_key,
            logprobs=True,
            top_logprobs=5,
        )
        tokens: list[Token] = []  # since the last item
        with stream:
            for event in stream.events():
                if isinstance(event, TextDelta):
                    tokens += event.tokens
                elif isinstance(event, Item):
                    show(event, tokens)
                    tokens.clear()


if __name__ == "__main__":
    main()
