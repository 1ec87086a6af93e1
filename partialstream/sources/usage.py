"""Token counts, by the names of the Chat Completions and the Responses API, and of relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.results import Usage
from partialstream.sources.shapes import is_object

if TYPE_CHECKING:
    from typing import Any

# Where each figure stands, the usual place first. The later ones were seen at Copilot
# (`reasoning_tokens`), Moonshot (`cached_tokens`) and DeepSeek (`prompt_cache_hit_tokens`).
_INPUT = (("prompt_tokens",), ("input_tokens",))
_OUTPUT = (("completion_tokens",), ("output_tokens",))
_CACHED = (
    ("prompt_tokens_details", "cached_tokens"),
    ("input_tokens_details", "cached_tokens"),
    ("cached_tokens",),
    ("prompt_cache_hit_tokens",),
)
_REASONING = (
    ("completion_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
    ("reasoning_tokens",),
)


def read_usage(fields: Any) -> Usage | None:
    """Read a `usage` member; None if it holds no figure.

    Example:
        >>> read_usage({"prompt_tokens": 7, "completion_tokens": 1})
        Usage(input_tokens=7, output_tokens=1, cached_tokens=0, reasoning_tokens=0)
    """
    counts = [_count(fields, places) for places in (_INPUT, _OUTPUT, _CACHED, _REASONING)]
    if counts[0] is None and counts[1] is None:
        return None
    return Usage(*(count or 0 for count in counts))


def _count(fields: Any, places: tuple[tuple[str, ...], ...]) -> int | None:
    for place in places:
        value: Any = fields
        for name in place:
            value = value.get(name) if is_object(value) else None
        if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
            return int(value)
    return None
