"""Calls that may go to several endpoints, of several kinds, sync and async."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import instructor
import openai
import pytest
from extras import needs
from pydantic import BaseModel, Field

import partialstream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partialstream.testing import ReplayServer

E = TypeVar("E")

Kind = Literal["chat", "responses", "anthropic", "instructor"]

MESSAGES: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Five."}]

kinds = pytest.mark.parametrize(
    "kind",
    [
        "chat",
        "responses",
        "instructor",
        pytest.param("anthropic", marks=needs("providers", "anthropic")),
    ],
)
"""Kinds of endpoints to fall back to."""


class Product(BaseModel):
    name: str
    price: int = Field(ge=0)


FIVE = [
    Product(name=name, price=price)
    for price, name in enumerate(("Lamp", "Rug", "Shelf", "Vase", "Book"), start=1)
]
LAMP, RUG, SHELF, VASE, BOOK = FIVE


def row(product: Product | str) -> str:
    return product if isinstance(product, str) else json.dumps(product.model_dump())


def bad(product: Product) -> str:
    """A product whose price is negative."""
    return json.dumps({"name": product.name, "price": -product.price})


def listed(kind: Kind, *products: Product | str) -> str:
    """A list as an endpoint of that kind is asked for it."""
    name = "items" if kind in ("chat", "responses") else "tasks"
    return f'{{"{name}": [{", ".join(map(row, products))}]}}'


def model_of(kind: Kind) -> str:
    """The model that clients of a kind are asked for."""
    return f"{kind}-model"


def sdk_for(kind: Kind, url: str, *, asynchronous: bool) -> Any:
    """A client of an SDK that does not retry by itself."""
    options: dict[str, Any] = {"api_key": "-", "max_retries": 0}
    if kind == "anthropic":
        import anthropic

        made = anthropic.AsyncAnthropic if asynchronous else anthropic.Anthropic
        return made(base_url=url, **options)
    return (openai.AsyncOpenAI if asynchronous else openai.OpenAI)(base_url=url + "/v1", **options)


def client_for(kind: Kind, sdk: Any, **options: Any) -> Any:
    """A client of ours."""
    if kind in ("chat", "responses"):
        return partialstream.from_openai(sdk, api=kind, **options)
    make: Any = instructor.from_anthropic if kind == "anthropic" else instructor.from_openai
    # Both are given by default what the other one is asked for.
    extra = {"max_tokens": 100} if kind == "anthropic" else {}
    return partialstream.from_instructor(make(sdk, model=model_of(kind), **extra), **options)


@dataclass
class Run:
    """What came of a call.

    Attributes:
        values: Its events.
        error: What was raised at last.
        stream: The stream, at its end; None if there was none.
        began: When it was made, by `time.perf_counter`.
    """

    values: list[Any] = field(default_factory=list)
    error: Exception | None = None
    stream: Any = None
    began: float = 0.0

    def all(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [value for value in self.values if isinstance(value, kind)]

    @property
    def items(self) -> list[tuple[int, Any]]:
        """Index and value of each item, as they came."""
        return [(item.index, item.value) for item in self.all(partialstream.Item)]

    @property
    def told(self) -> list[tuple[str, str | None, str | None, str]]:
        """Of each attempt: why it was made, model, provider and how it ended."""
        attempts = (
            self.error.attempts
            if isinstance(self.error, partialstream.RetriesExhaustedError)
            else self.stream.attempts
        )
        return [(each.cause, each.model, each.provider, each.outcome.status) for each in attempts]


Endpoint = tuple[Kind, "ReplayServer | str"]
"""The kind of a client, and its server or the URL of one."""

Options = dict[str, Any]


def call(
    endpoints: Sequence[Endpoint],
    *,
    asynchronous: bool,
    method: str = "create_iterable",
    model: Any = Product,
    of_client: bool = False,
    changed: Callable[[list[Any]], Any] = list,
    limit: partialstream.RateLimit | None = None,
    **kwargs: Any,
) -> Run:
    """Call the first of these endpoints, with the others to fall back to; gives all events.

    Args:
        endpoints: Where requests may be made.
        asynchronous: Which of the two clients is called.
        method: The client's.
        model: The response model.
        of_client: Whether the fallbacks are the client's, and not the call's.
        changed: Makes the fallbacks of other clients.
        limit: The rate limit of the first endpoint.
        kwargs: More arguments.
    """
    run = Run()
    arguments = {"response_model": model, "messages": MESSAGES, **kwargs}
    arguments.setdefault("model", model_of(endpoints[0][0]))

    def opened(sdks: list[Any]) -> Any:
        others = [
            (client_for(kind, sdk), model_of(kind))
            for (kind, _), sdk in zip(endpoints[1:], sdks[1:], strict=True)
        ]
        fallbacks = changed(others)
        first = endpoints[0][0]
        run.began = time.perf_counter()
        if of_client:
            client = client_for(first, sdks[0], fallbacks=fallbacks, rate_limit=limit)
            return getattr(client, method)(**arguments)
        client = client_for(first, sdks[0], rate_limit=limit)
        return getattr(client, method)(**arguments, fallbacks=fallbacks)

    urls = [server if isinstance(server, str) else server.url for _, server in endpoints]

    def made() -> list[Any]:
        return [
            sdk_for(kind, url, asynchronous=asynchronous)
            for (kind, _), url in zip(endpoints, urls, strict=True)
        ]

    async def read() -> None:
        async with AsyncExitStack() as stack:
            sdks = [await stack.enter_async_context(sdk) for sdk in made()]
            try:
                run.stream = opened(sdks)
                async for value in run.stream.events():
                    run.values.append(value)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                run.error = error

    if asynchronous:
        asyncio.run(read())
        return run
    with ExitStack() as stack:
        sdks = [stack.enter_context(sdk) for sdk in made()]
        try:
            run.stream = opened(sdks)
            for value in run.stream.events():
                run.values.append(value)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            run.error = error
    return run
