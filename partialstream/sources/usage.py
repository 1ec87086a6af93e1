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


def read_usage_beside_cache(fields: Any, names: tuple[str, str, str, str]) -> Usage | None:
    """Read the figures of those who count what the cache holds beside the input, not within.

    Args:
        fields: The figures by name.
        names: Those of input, output, input read from the cache, and input written to it.

    Returns:
        The usage as we count it, with all input in `input_tokens`; None if there is no figure.

    Example:
        >>> read_usage_beside_cache({"in": 3, "out": 1, "read": 9}, ("in", "out", "read", "write"))
        Usage(input_tokens=12, output_tokens=1, cached_tokens=9, reasoning_tokens=0)
    """
    counts = [_count(fields, ((name,),)) for name in names]
    if counts[0] is None and counts[1] is None:
        return None
    fresh, output, read, written = (count or 0 for count in counts)
    thought = _count(fields, (("output_tokens_details", "thinking_tokens"),))
    return Usage(fresh + read + written, output, read, thought or 0)


def _count(fields: Any, places: tuple[tuple[str, ...], ...]) -> int | None:
    for place in places:
        value: Any = fields
        for name in place:
            value = value.get(name) if is_object(value) else None
        if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
            return int(value)
    return None
