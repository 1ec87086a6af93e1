"""What the arguments of a request say, whichever SDK they are for; how many tokens it may take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from partialstream.usage import CHARACTERS_PER_TOKEN

_WITHIN: Final = (
    "extra_body",
    *("config", "generation_config", "generationConfig"),  # Google's
    "inferenceConfig",  # Bedrock's
    "options",  # Ollama's
)
"""Arguments that hold others."""


def is_deterministic(arguments: Mapping[str, Any]) -> bool:
    """Whether a model is asked to respond to the same request in the same words.

    Example:
        >>> is_deterministic({"temperature": 0}), is_deterministic({"extra_body": {"seed": 7}})
        (True, True)
        >>> is_deterministic({"temperature": 0.2})
        False
    """
    for within in (arguments, *(arguments.get(name) for name in _WITHIN)):
        # An SDK's own value for an argument that is left out is no number.
        temperature, seed = _member(within, "temperature"), _member(within, "seed")
        if isinstance(seed, int) or (isinstance(temperature, (int, float)) and temperature == 0):
            return True
    return False


def _member(within: Any, name: str) -> Any:
    if isinstance(within, Mapping):
        return cast("Mapping[str, Any]", within).get(name)
    return getattr(within, name, None)


def arguments_of(request: Any) -> Mapping[str, Any]:
    """The arguments of a request, in whichever form its endpoint takes it."""
    return cast("Mapping[str, Any]", request if isinstance(request, Mapping) else request.arguments)


# -- tokens --------------------------------------------------------------------------------

_BOUNDS: Final = ("max_completion_tokens", "max_output_tokens", "max_tokens", "maxTokens")

_INPUT: Final = (
    *("messages", "input", "contents", "instructions", "system"),
    *("response_format", "tools", "text"),
)

_NOT_TEXT: Final = frozenset(
    {"image_url", "input_audio", "file", "file_data", "source", "inline_data"}
)
"""Members that hold images, sounds and files, whose tokens cannot be estimated from their size."""


def input_tokens(arguments: Mapping[str, Any]) -> int:
    """The tokens of a request's input, at four characters each.

    Example:
        >>> input_tokens({"messages": [{"role": "user", "content": "a" * 396}]})
        100
    """
    size = sum(_size(arguments[name]) for name in _INPUT if name in arguments)
    return -(-size // CHARACTERS_PER_TOKEN)


def output_bound(arguments: Mapping[str, Any]) -> int | None:
    """The tokens that a request bounds its response to, None if it does not.

    Example:
        >>> output_bound({"max_tokens": 50}), output_bound({"max_output_tokens": None})
        (50, None)
    """
    for within in (arguments, *(arguments.get(name) for name in _WITHIN)):
        for name in _BOUNDS:
            bound = _member(within, name)
            if isinstance(bound, int):
                return max(0, bound)
    return None


def _size(value: Any) -> int:
    """Characters of all texts in a value."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[Any, Any]", value)  # type: ignore[redundant-cast]  # not for pyright
        return sum(_size(each) for name, each in members.items() if name not in _NOT_TEXT)
    if isinstance(value, (list, tuple)):
        return sum(map(_size, cast("list[Any]", value)))
    return 0
