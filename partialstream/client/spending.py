"""A bound on what a call may cost: `max_cost=`."""

from __future__ import annotations

from functools import lru_cache
from math import fsum
from typing import TYPE_CHECKING

from partialstream.client.sdk_arguments import input_tokens, output_bound
from partialstream.errors import LimitExceededError
from partialstream.prices import price
from partialstream.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from partialstream.client.routes import Route
    from partialstream.results import Attempt


class Spending:
    """Says before each request of a call whether its bound allows it.

    As long as nothing has been paid, a request needs room for its input alone. After that it needs
    room for its input and its output beside what was paid. The input is taken to be the largest
    so far, as a follow-up holds the first request, or four characters a token; the output what
    `max_tokens` says, else as much as the input, or as the largest output so far.

    Args:
        max_cost: US dollars.
        routes: Where the requests of the call may go.

    Raises:
        ValueError: The price of one of the models is not known.
        ModuleNotFoundError: The extra `cost` is not installed.
    """

    def __init__(self, max_cost: float, routes: Iterable[Route]) -> None:
        self._max_cost = max_cost
        for route in routes:
            _check_price(*_model_of(route))

    def refusal(self, attempts: Sequence[Attempt], route: Route) -> LimitExceededError | None:
        """The error for a request that is too expensive; None if it may be made.

        Args:
            attempts: The requests that were made.
            route: Where the next one goes.
        """
        arguments = route.builder.arguments
        known = [each.usage for each in attempts if each.usage is not None]
        estimated = [each.estimated_input_tokens for each in attempts]
        read = max([input_tokens(arguments), *estimated, *(each.input_tokens for each in known)])
        written = output_bound(arguments)
        if written is None:
            written = max([read, *(each.output_tokens for each in known)])
        spent = needed = 0.0
        if attempts:
            needed = _price(Usage(read, written), route)
            # Where the usage is not known, it is taken to be that of the next one.
            spent = fsum(needed if each.cost is None else each.cost for each in attempts)
        if not spent:
            needed = _price(Usage(read), route)
        if spent + needed <= self._max_cost:
            return None
        return LimitExceededError(
            "max_cost",
            self._max_cost,
            f"the next request could exceed max_cost={self._max_cost:g}: it is estimated at "
            f"${needed:.2g}, and ${spent:.2g} are spent",
        )


def _model_of(route: Route) -> tuple[str | None, str | None]:
    """A route's model and provider."""
    return route.builder.model, None if route.endpoint is None else route.endpoint.provider


@lru_cache(maxsize=256)  # of the models that have one: an error is not kept
def _check_price(model: str | None, provider: str | None) -> None:
    if price(Usage(1, 1), (model,), provider) is None:
        by = "" if provider is None else f" of {provider}"
        raise ValueError(
            f"max_cost= needs the price of the model, and genai-prices has none of {model!r}{by}"
        )


def _price(usage: Usage, route: Route) -> float:
    model, provider = _model_of(route)
    return price(usage, (model,), provider) or 0.0
