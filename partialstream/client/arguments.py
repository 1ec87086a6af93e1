"""What the arguments of a request say, whichever SDK they are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

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
