"""The members of Gemini's chunks, as its REST API and its three SDKs write them.

    REST, dicts                           finishReason    "STOP"
    google-genai, pydantic models         finish_reason   FinishReason.STOP, a str
    google-generativeai and vertexai,     finish_reason   FinishReason.STOP, an int;
      protocol buffers                                    what was not sent is empty, not None

All that reads them goes through here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, TypeGuard, cast

from partialstream.sources.provider_errors import unknown_chunk
from partialstream.sources.shapes import is_object

if TYPE_CHECKING:
    from typing import Any


def member(value: Any, name: str) -> Any:
    """Give a member by its name in the REST API, None if there is none.

    Example:
        >>> member({"finishReason": "STOP"}, "finishReason")
        'STOP'
        >>> member({"finish_reason": "STOP"}, "finishReason")
        'STOP'
    """
    if is_object(value):
        found = value.get(name)
        return value.get(_snake(name)) if found is None else found
    return getattr(value, _snake(name), None)


def members(value: Any, name: str) -> list[Any]:
    """Give the elements of a repeated member.

    Raises:
        ProviderError: If it is no list.
    """
    found = member(value, name)
    if not found:
        return []
    if not _is_sequence(found):
        raise unknown_chunk(found, f"a list of {name}")
    return list(found)


def word(value: Any) -> str | None:
    """Give an id, a name or a member of an enumeration; None for what says nothing.

    Example:
        >>> word("STOP"), word("FINISH_REASON_UNSPECIFIED"), word(0)
        ('STOP', None, None)
    """
    if isinstance(value, Enum):
        value = value.value if isinstance(value.value, str) else value.value and value.name
    if not isinstance(value, str) or value.endswith("_UNSPECIFIED"):
        return None
    return value or None


def count(value: Any, name: str) -> int:
    """Give a number of tokens, 0 if it was not sent."""
    found = member(value, name)
    return found if isinstance(found, int) else 0


def as_json(value: Any) -> Any:
    """Give the arguments of a call in the plain shape of JSON.

    Example:
        >>> from types import MappingProxyType
        >>> as_json(MappingProxyType({"n": 3.0, "tags": ("a",)}))
        {'n': 3, 'tags': ['a']}
    """
    if is_object(value) or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        return {name: as_json(fields[name]) for name in fields}
    if _is_sequence(value):
        return [as_json(each) for each in value]
    # A protocol buffer knows no other numbers than floats.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_sequence(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


@lru_cache(maxsize=64)
def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)
