"""What tokens cost, by the table of genai-prices (extra `cost`).

It is imported with the first price that is asked for. The table comes with the package: nothing
is fetched, unless the program starts the package's own updater.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from partialstream.extras import requires_extra

if TYPE_CHECKING:
    from collections.abc import Iterable


class Tokens(Protocol):
    """The tokens of a request: `partialstream.Usage`, which says what each is."""

    @property
    def input_tokens(self) -> int:
        """Of the request, those in the cache among them."""
        ...

    @property
    def output_tokens(self) -> int:
        """Of the response, those of its reasoning among them."""
        ...

    @property
    def cached_tokens(self) -> int:
        """Read from the cache."""
        ...

    @property
    def reasoning_tokens(self) -> int:
        """Of the reasoning."""
        ...

    @property
    def cache_write_tokens(self) -> int:
        """Written to the cache."""
        ...

    @property
    def estimated_output_tokens(self) -> int:
        """That arrived and were not counted."""
        ...


_PROVIDERS: Final = {
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "aws.bedrock": "aws",
    "mistral_ai": "mistral",
    "x_ai": "x-ai",
}
"""Names of OpenTelemetry's conventions that the table has other ones for."""


def price(
    usage: Tokens,
    models: Iterable[str | None],
    provider: str | None = None,
    *,
    more_input_tokens: int = 0,
) -> float | None:
    """What a request costs.

    Args:
        usage: Its tokens. Those that are estimated count like the others.
        models: The names of the model, the most exact first. The first that the table has counts.
        provider: Who was asked, as in `Attempt.provider`. None: the model's own maker.
        more_input_tokens: Tokens of the input that are not in `usage`.

    Returns:
        US dollars; None if the table has none of the models.

    Raises:
        ModuleNotFoundError: genai-prices is not installed.
    """
    with requires_extra("cost", "a price"):
        import genai_prices
    input_tokens = max(0, usage.input_tokens + more_input_tokens)
    output_tokens = max(0, usage.output_tokens + usage.estimated_output_tokens)
    cached = min(max(0, usage.cached_tokens), input_tokens)
    tokens = genai_prices.Usage(
        input_tokens=input_tokens,
        cache_read_tokens=cached,
        cache_write_tokens=min(max(0, usage.cache_write_tokens), input_tokens - cached),
        output_tokens=output_tokens,
        output_reasoning_tokens=min(max(0, usage.reasoning_tokens), output_tokens),
    )
    provider_id = None if provider is None else _PROVIDERS.get(provider, provider)
    for model in models:
        if not model:
            continue
        try:
            found = genai_prices.calc_price(tokens, model, provider_id=provider_id)
        except LookupError:
            continue
        return float(found.total_price)
    return None
