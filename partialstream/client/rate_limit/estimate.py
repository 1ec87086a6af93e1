"""How many tokens a request will take, before a server has counted them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from partialstream.results import CHARACTERS_PER_TOKEN

FIRST_GUESS: Final = 500
"""Tokens of a response, while none has ended, if the request does not bound them."""

_WEIGHT: Final = 0.1
"""What the last response counts in the mean of all."""

_BOUNDS: Final = ("max_completion_tokens", "max_output_tokens", "max_tokens")

_INPUT: Final = ("messages", "input", "instructions", "system", "response_format", "tools", "text")

_NOT_TEXT: Final = frozenset(
    {"image_url", "input_audio", "file", "file_data", "source", "inline_data"}
)
"""Members that hold images, sounds and files, whose tokens nobody can guess by their size."""


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
    size = sum(_size(arguments[name]) for name in _INPUT if name in arguments)
    bounds = [arguments[name] for name in _BOUNDS if isinstance(arguments.get(name), int)]
    output = bounds[0] if bounds else guess.tokens()
    return -(-size // CHARACTERS_PER_TOKEN) + max(0, output)


def _size(value: Any) -> int:
    """Characters of all texts in a value."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        members: Mapping[Any, Any] = value
        return sum(_size(each) for name, each in members.items() if name not in _NOT_TEXT)
    if isinstance(value, (list, tuple)):
        return sum(map(_size, cast("list[Any]", value)))
    return 0
