"""pydantic's validator for a type, and what its values look like: made once for each type."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from partialstream.validation.schema import shape_of

if TYPE_CHECKING:
    from pydantic_core import SchemaValidator

    from partialstream.engine.shape import Shape

_CACHED_TYPES = 256  # a program streams a handful; those made on the fly must not pile up


def made_for(type_: Any) -> tuple[SchemaValidator, Shape]:
    """Make the validator for a type; the last types are remembered.

    A model that has been rebuilt has another validator, and is another type here. Unions are told
    apart by the order of their members, too, which `A | B == B | A` leaves out and pydantic goes
    by.

    Args:
        type_: Anything that pydantic validates.

    Returns:
        Its validator, and what its values look like.

    Raises:
        pydantic.errors.PydanticUserError: It is nothing that pydantic validates.

    Example:
        >>> validator, shape = made_for(list[int])
        >>> validator.validate_json("[1]"), sorted(shape.kinds)
        ([1], ['array'])
    """
    order = "" if isinstance(type_, type) else repr(type_)
    try:
        return _made_once(type_, getattr(type_, "__pydantic_validator__", None), order)
    except TypeError:  # it cannot be hashed, or is no type; which of these, is found out here
        return _made(type_)


def _made(type_: Any) -> tuple[SchemaValidator, Shape]:
    adapter: TypeAdapter[Any] = TypeAdapter(type_)
    validator: Any = adapter.validator
    return validator, shape_of(adapter.core_schema)


@lru_cache(maxsize=_CACHED_TYPES)
def _made_once(type_: Any, validator: object, order: str) -> tuple[SchemaValidator, Shape]:
    return _made(type_)
