"""How many tokens a request will take, before a server has counted them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from partialstream.client.sdk_arguments import input_tokens, output_bound

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_GUESS: Final = 500
"""Tokens of a response, while none has ended, if the request does not bound them."""

_WEIGHT: Final = 0.1
"""What the last response counts in the mean of all."""


class OutputGuess:
    """The tokens of a response, as the running mean of those that have ended."""

    def __init__(self) -> None:
        self._mean: float | None = None

    def tokens(self) -> int:
        """The guess for the next one."""
        return FIRST_GUESS if self._mean is None else round(self._mean)

    def learn(self, tokens: int) -> None:
        """A response has ended."""
        self._mean = tokens if self._mean is None else self._mean + _WEIGHT * (tokens - self._mean)


def estimate(arguments: Mapping[str, Any], guess: OutputGuess) -> int:
    """The tokens of a request: its input at four characters each, and its output.

    The output is what the request bounds it to, else a guess.

    Example:
        >>> estimate({"messages": [{"role": "user", "content": "a" * 396}]}, OutputGuess())
        600
        >>> estimate({"input": "a" * 400, "max_output_tokens": 50}, OutputGuess())
        150
    """
    bound = output_bound(arguments)
    return input_tokens(arguments) + (guess.tokens() if bound is None else bound)
