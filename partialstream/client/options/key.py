"""`key="id"`: the field that tells items apart, in values and in texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple, cast

from pydantic import TypeAdapter

from partialstream.validation.members import members_of, suggestion
from partialstream.validation.paths import rootless

_MISSING: Any = object()


class FieldKey(NamedTuple):
    """A field, by all its names: items of a union may have it by different ones."""

    attributes: tuple[str, ...]  # in values
    members: tuple[str, ...]  # in their JSON text

    def of(self, value: Any) -> Hashable:
        """The field of an item; None if it has none, as a member of a union may."""
        value = rootless(value)
        for name in self.attributes:
            if isinstance(value, Mapping):
                found = cast("Mapping[str, Any]", value).get(name, _MISSING)
            else:
                found = getattr(value, name, _MISSING)
            if found is not _MISSING:
                return cast("Hashable", found)
        return None

    def in_text(self, raw: str) -> Hashable:
        """The member of an item's text; None if there is none, or if it holds others."""
        members = json_object(raw)
        for name in self.members:
            member = members.get(name)
            if isinstance(member, (str, int, float)):
                return member
        return None


KeyReader = FieldKey | Callable[[Any], Hashable]


def read_key(key: str | Callable[[Any], Hashable] | None, type_: Any) -> KeyReader | None:
    """Read what the caller passes as `key=`, for items of a type.

    Raises:
        ValueError: No item can have a field of that name.

    Example:
        >>> from pydantic import BaseModel, Field
        >>> class Product(BaseModel):
        ...     number: int = Field(alias="id")
        >>> read_key("id", Product)
        FieldKey(attributes=('number',), members=('number', 'id'))
        >>> read_key("title", Product)
        Traceback (most recent call last):
        ValueError: key='title' is not a field of the items; its fields are 'number', 'id'
    """
    if not isinstance(key, str):
        return key
    fields, classes, is_open = members_of(TypeAdapter(type_).core_schema)
    meant = fields.get(key)
    if meant is not None:
        members = (name for name, fields_ in fields.items() if fields_ & meant)
        return FieldKey(tuple(sorted(meant, key=key.__ne__)), tuple(members))
    if is_open or any(hasattr(cls, key) for cls in classes):
        return FieldKey((key,), (key,))
    raise ValueError(f"key={key!r} is not a field of the items{suggestion(key, fields)}")


def json_object(raw: str) -> dict[object, Any]:
    """The members of a JSON object, none if the text is something else."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[object, Any]", value) if isinstance(value, dict) else {}
