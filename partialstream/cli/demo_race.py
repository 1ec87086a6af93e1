"""Two requests for the same ranking at the same time: one streamed, one waited for."""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from partialstream.cli.demo_data import RankedProduct, messages
from partialstream.client import from_openai

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partialstream.cli.demo_endpoint import Endpoint

_FRAME = 0.1  # seconds; the clock of the view shows tenths


@dataclass(slots=True)
class Run:
    """One of the two.

    Attributes:
        label: What it is called.
        seconds: When each item arrived, since both requests were made.
        products: The items.
        finished: Whether its answer is complete.
    """

    label: str
    seconds: list[float] = field(default_factory=list[float])
    products: list[RankedProduct] = field(default_factory=list[RankedProduct])
    finished: bool = False

    @property
    def first(self) -> float | None:
        """When the first item arrived, None if none did."""
        return self.seconds[0] if self.seconds else None

    @property
    def last(self) -> float | None:
        """When the last item arrived, None if none did."""
        return self.seconds[-1] if self.seconds else None


class Race:
    """The two runs and their common clock.

    Args:
        endpoint: Where the requests go.
        items: How many products to rank.

    Attributes:
        items: How many products are to be ranked.
        streamed: The run that takes each item when it is complete.
        whole: The run that waits for the whole answer.
    """

    def __init__(self, endpoint: Endpoint, items: int) -> None:
        self._endpoint = endpoint
        self.items = items
        self._started = 0.0
        self.streamed = Run("item by item")
        self.whole = Run("whole answer")

    @property
    def elapsed(self) -> float:
        """Seconds since the requests were made."""
        return perf_counter() - self._started

    async def run(self, arrived: Callable[[Run, int], None], tick: Callable[[], None]) -> None:
        """Run both; whatever ends it, no request is left open.

        Args:
            arrived: Called when items were added to a run, with their number.
            tick: Called about ten times a second, and at the end.

        Raises:
            openai.OpenAIError: A request was refused.
            PartialStreamError: An answer is not what was asked for.
        """
        async with self._endpoint.connect() as openai_client:
            client = from_openai(openai_client)
            model, asked = self._endpoint.model, messages(self.items)

            def add(run: Run, products: Sequence[RankedProduct]) -> None:
                run.seconds += [self.elapsed] * len(products)
                run.products += products
                arrived(run, len(products))

            async def stream() -> None:
                async with client.create_iterable(
                    response_model=RankedProduct, model=model, messages=asked
                ) as stream:
                    async for product in stream:
                        add(self.streamed, [product])
                self.streamed.finished = True

            async def wait() -> None:
                products = await client.create(
                    response_model=list[RankedProduct], model=model, messages=asked
                )
                add(self.whole, products)
                self.whole.finished = True

            # The SDK loads a part of itself on first use, for which no answer is to blame.
            importlib.import_module("openai.resources.chat.completions")
            self._started = perf_counter()
            await _together([asyncio.create_task(stream()), asyncio.create_task(wait())], tick)


async def _together(tasks: list[asyncio.Task[None]], tick: Callable[[], None]) -> None:
    """Wait for all; the first that fails ends the others."""
    try:
        pending = set(tasks)
        while pending:
            done, pending = await asyncio.wait(
                pending, timeout=_FRAME, return_when=asyncio.FIRST_EXCEPTION
            )
            for task in done:
                task.result()
            tick()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
