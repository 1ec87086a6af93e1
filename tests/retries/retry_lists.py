"""Lists of products, as the answers of a server: where they break off, what is asked then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from partialstream.testing import Answer, ReplayRequest, ReplayServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retry_runs import Caller, Run

CHUNK = 4
SOON = 10.0  # seconds, on a busy machine


class Product(BaseModel):
    name: str
    price: int = Field(ge=0)


LAMP, RUG, SHELF, VASE, BOOK = (
    Product(name=name, price=price)
    for price, name in enumerate(("Lamp", "Rug", "Shelf", "Vase", "Book"), start=1)
)
FIVE = [LAMP, RUG, SHELF, VASE, BOOK]

REPAIR = (
    "1 item of your list is not valid. Send exactly this 1 item again, corrected, as a list of 1, "
    "and no other items.\n\nThe item at index {index}:\n{raw}\n- {error}\n\n"
    'Begin your answer with the member "indexes", before the list: the indexes of the items that '
    'you send, in their order, as a text: "{index}".'
)
RESUME = (
    "Your answer was cut off after {count} complete items, which are quoted above. Continue with "
    "the items that follow them: send only the rest, as a list, and repeat none of those. If "
    "nothing is left, send an empty list.\n\n"
    'Begin your answer with the member "first_index", before the list: the index of the first '
    "item that you send, counted from 0. The first item that is missing has the index {count}."
)


def row(name: str, price: Any) -> str:
    return json.dumps({"name": name, "price": price})


def bad(product: Product) -> str:
    """A product whose price is negative."""
    return row(product.name, -product.price)


def text_of(*elements: Product | str) -> str:
    """The document with these elements; products, or JSON texts."""
    raws = (each if isinstance(each, str) else row(each.name, each.price) for each in elements)
    return f'{{"items": [{", ".join(raws)}]}}'


def listed(*elements: Product | str, **kwargs: Any) -> Answer:
    return Answer(text_of(*elements), chunk_size=CHUNK, **kwargs)


def within(text: str, part: str) -> int:
    """How many deltas lead into the middle of a part of the text."""
    return (text.index(part) + len(part) // 2) // CHUNK


def behind(text: str, part: str) -> int:
    """How many deltas it takes to hold a part of the text whole."""
    return -(-(text.index(part) + len(part)) // CHUNK)


def follow_up(caller: Caller, mode: str, said: str | None, text: str) -> list[dict[str, Any]]:
    """The messages, or items, that a request has after those of the first."""
    if said is None or mode != "tools":
        answer = [] if said is None else [{"role": "assistant", "content": said}]
        return [*answer, {"role": "user", "content": text}]
    function = {"name": "ProductList", "arguments": said}
    if caller.api == "responses":
        return [
            {"type": "function_call", "call_id": "followup1", **function},
            {"type": "function_call_output", "call_id": "followup1", "output": text},
        ]
    call = {"id": "followup1", "type": "function", "function": function}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "followup1", "content": text},
    ]


def read(
    caller: Caller, answers: Sequence[Answer | str] | Answer, **kwargs: Any
) -> tuple[Run, list[ReplayRequest]]:
    """Read all events of one call; gives what came of it, and the requests."""
    sdk = kwargs.pop("sdk", {})
    with ReplayServer(answers) as server:
        run = caller(server, **sdk).events("create_iterable", response_model=Product, **kwargs)
        return run, ended(server)


def ended(server: ReplayServer) -> list[ReplayRequest]:
    """The requests of a server, once it knows how each ended; it does not while it closes."""
    requests = list(server.requests)
    for request in requests:
        assert request.wait_finished(SOON) or request.hung_up
    return requests
