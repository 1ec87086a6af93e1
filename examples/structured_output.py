"""One object and a nested one, streamed and not, from three endpoints that speak differently.

Run it with `python examples/structured_output.py`; it needs `partialstream[server]`. With `--live`
it asks real endpoints, with the keys in OPENAI_API_KEY and, if there is one, OPENROUTER_API_KEY.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from openai import OpenAI
from pydantic import BaseModel, Field

import partialstream
from partialstream import Client
from partialstream.testing import Answer, Endpoint, ReplayRequest, endpoint, endpoint_parser, faults


class Coordinates(BaseModel):
    """In degrees."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Place(BaseModel):
    """One object with another one in it."""

    name: str
    at: Coordinates


class Trip(BaseModel):
    """A nested one."""

    title: str
    start: Place
    stops: list[Place]


WISHES: dict[str, type[BaseModel]] = {
    "Where is the lighthouse of Alexandria to be found?": Place,
    "A trip from Lisbon to the sea, please.": Trip,
}

TEXTS = [
    '{"name": "Pharos", "at": {"latitude": 31.2139, "longitude": 29.8856}}',
    '{"title": "To the end of the land", "start": {"name": "Lisbon", "at":'
    ' {"latitude": 38.7223, "longitude": -9.1393}}, "stops": [{"name": "Sintra", "at":'
    ' {"latitude": 38.8029, "longitude": -9.3817}}, {"name": "Cabo da Roca", "at":'
    ' {"latitude": 38.7804, "longitude": -9.4989}}]}',
]


def scripted(request: ReplayRequest) -> Answer:
    """Play all three. Gateways like OpenRouter keep a connection awake by lines of comment."""
    (text,) = (text for wish, text in zip(WISHES, TEXTS, strict=True) if wish in str(request.body))
    awake = faults.Comments(text="OPENROUTER PROCESSING") if "/api/v1" in request.path else None
    return Answer(text, tokens_per_second=120, fault=awake)


def clients(there: Endpoint, stack: ExitStack) -> dict[str, Client]:
    """A client for each endpoint."""
    sdk = stack.enter_context(OpenAI(base_url=there.base_url, api_key=there.api_key))
    found = {
        "Chat Completions": partialstream.from_openai(sdk),
        "Responses": partialstream.from_openai(sdk, api="responses"),
    }
    key = there.api_key or os.environ.get("OPENROUTER_API_KEY")
    if key:
        host = there.server.url if there.server else "https://openrouter.ai"
        router = stack.enter_context(OpenAI(base_url=host + "/api/v1", api_key=key))
        found["An OpenRouter-like gateway"] = partialstream.from_openai(router)
    return found


def ask(client: Client, model: str, wish: str) -> None:
    """Ask streamed and not, and show both."""
    asked: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": wish}]}
    with client.create_partial(response_model=WISHES[wish], **asked) as stream:
        snapshots = list(stream)
    first, total = stream.timing.first_item or 0, stream.timing.total or 0
    print(f"  {first:.2f} s to {total:.2f} s, {len(snapshots)} snapshots, the last of them")
    print(f"    {snapshots[-1]!r}")

    started = perf_counter()
    whole = client.create(response_model=WISHES[wish], **asked)
    took = perf_counter() - started
    print(f"  {took:.2f} s, not streamed")
    print(f"    {whole!r}")


def main() -> None:
    """Ask each endpoint for both objects."""
    options = endpoint_parser(__doc__).parse_args()
    with ExitStack() as stack:
        there = stack.enter_context(endpoint(options, scripted))
        for title, client in clients(there, stack).items():
            print(title)
            for wish in WISHES:
                ask(client, there.model, wish)


if __name__ == "__main__":
    main()
