"""Chunks as objects of an SDK, turned into the plain shape they were parsed from."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, cast

from partialstream.sources.shapes import is_list, is_object

if TYPE_CHECKING:
    from typing import Any

_PLAIN = frozenset({str, int, float, bool, type(None), dict})

# chunk, choices, choice, delta, tool_calls, call, function, arguments: nothing of interest
# lies deeper, and an object may refer to the one that holds it.
_DEPTH = 8


def plain(value: Any, depth: int = _DEPTH) -> Any:
    """Turn an SDK's object into dicts and lists; attributes that are None are left out.

    Args:
        value: A pydantic model, a dataclass, an object with attributes or slots, a mapping.
            A dict is JSON already and is given back as it is.
        depth: How many levels to go down.

    Example:
        >>> from types import SimpleNamespace
        >>> plain(SimpleNamespace(delta=SimpleNamespace(content="a", refusal=None)))
        {'delta': {'content': 'a'}}
    """
    if value.__class__ in _PLAIN or depth == 0 or isinstance(value, type):
        return value
    if isinstance(value, Enum):
        return value.value
    if is_list(value):
        return [plain(member, depth - 1) for member in value]
    serializer: Any = getattr(value, "__pydantic_serializer__", None)
    if serializer is not None:
        # What `model_dump` calls, in half its time. Without warnings: providers send what does
        # not fit an SDK's types. As any: a member may be of a class derived from the declared.
        try:
            found = serializer.to_python(
                value, exclude_none=True, warnings=False, serialize_as_any=True
            )
            # A serializer of the model's own that is for JSON alone, as those of Cohere's SDK
            # are, gives the model itself.
            if found is not value:
                return found
        except TypeError:
            # pydantic before 2.14, and a member's class is one whose serializer is made on its
            # first use (`defer_build`, as in OpenAI's SDK): its attributes say the same.
            pass
    fields = fields_of(value)
    if fields is None:
        return value
    return {
        name: member if member.__class__ is str else plain(member, depth - 1)
        for name, member in fields.items()
        if member is not None or isinstance(value, Mapping)
    }


def fields_of(value: Any) -> dict[str, Any] | None:
    """Give the public attributes of an object by name, None if it has none to read."""
    if isinstance(value, (str, int, float, bytes, type)):
        return None
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    attributes: Any = getattr(value, "__dict__", None)
    if attributes is None:
        slots: Any = getattr(value, "__slots__", None)
        if slots is None:
            return None
        attributes = {name: getattr(value, name, None) for name in slots}
    # Where pydantic keeps what the model does not name, as `reasoning_content`.
    extra: Any = getattr(value, "__pydantic_extra__", None)
    if is_object(extra) and extra:
        attributes = {**attributes, **extra}
    return {name: member for name, member in attributes.items() if name[:1] != "_"}
