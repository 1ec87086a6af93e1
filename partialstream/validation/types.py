"""Types: pydantic's validator for one, and what its values look like."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from partialstream.engine.route import ANYTHING, Kind, Shape
from partialstream.validation.schema import (
    INNER,
    choices_of,
    names_of_field,
    resolve,
    unfold,
    within,
)

if TYPE_CHECKING:
    from pydantic_core import SchemaValidator

    from partialstream.validation.schema import Definitions, Schema

_ALL: Final = ANYTHING.kinds
_STRING: Final[frozenset[Kind]] = frozenset({"string"})
_NUMBER: Final[frozenset[Kind]] = frozenset({"number"})
_ARRAY: Final[frozenset[Kind]] = frozenset({"array"})
_OBJECT: Final[frozenset[Kind]] = frozenset({"object"})
_KINDS: Final[dict[str, frozenset[Kind]]] = {
    "none": frozenset({"null"}),
    "bool": frozenset({"boolean"}),
    "int": _NUMBER,
    "float": _NUMBER,
    "complex": _STRING | _NUMBER,
    "decimal": _STRING | _NUMBER,
    **dict.fromkeys(
        ("str", "bytes", "date", "time", "datetime", "timedelta", "url", "multi-host-url", "uuid"),
        _STRING,
    ),
    **dict.fromkeys(("list", "tuple", "set", "frozenset", "generator"), _ARRAY),
    **dict.fromkeys(("dict", "model-fields", "typed-dict", "dataclass-args"), _OBJECT),
}

_CACHED_TYPES: Final = 256  # a program streams a handful; those made on the fly must not pile up


def validator_for(type_: Any) -> tuple[SchemaValidator, Shape]:
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
        >>> validator, shape = validator_for(list[int])
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


def shape_of(schema: Schema) -> Shape:
    """What the values that a schema takes look like.

    Validators that come before the type (`BeforeValidator`, mode `plain`) could take
    anything; a plain one does, the others are expected to take what the type takes.
    """
    inner, definitions = unfold(schema)
    kinds: set[Kind] = set()
    names: set[str] = set()
    open_names = not _collect(inner, definitions, kinds, names, set(), {})
    return Shape(frozenset(kinds), None if open_names else frozenset(names))


def shape_of_elements(schema: Schema) -> Shape | None:
    """What the elements of an array that a schema takes look like; None if it takes none."""
    inner, definitions = unfold(schema)
    inner = resolve(inner, definitions)
    while inner["type"] in INNER:
        inner = resolve(inner[INNER[inner["type"]]], definitions)
    if inner["type"] in ("list", "set", "frozenset") and "items_schema" in inner:
        return shape_of(within(definitions, inner["items_schema"]))
    return ANYTHING if "array" in shape_of(schema).kinds else None


def _collect(
    schema: Schema,
    definitions: Definitions,
    kinds: set[Kind],
    names: set[str],
    seen: set[int],
    config: Schema,
) -> bool:
    """Add what `schema` takes; False if it takes objects with members of any name."""
    schema = resolve(schema, definitions)
    if id(schema) in seen:
        return True
    seen.add(id(schema))
    kind = schema["type"]
    config = schema.get("config", config)
    if kind == "nullable":
        kinds.add("null")
        return _collect(schema["schema"], definitions, kinds, names, seen, config)
    if kind in INNER:
        return _collect(schema[INNER[kind]], definitions, kinds, names, seen, config)
    if kind in ("union", "tagged-union"):
        closed = [
            _collect(choice, definitions, kinds, names, seen, config)
            for choice in choices_of(schema)
        ]
        return all(closed)
    if kind in ("literal", "enum"):
        for value in schema.get("expected", schema.get("members", ())):
            kinds.add(_kind_of_value(getattr(value, "value", value)))
        return True
    kinds |= _KINDS.get(kind, _ALL)
    if kind in ("model-fields", "typed-dict"):
        for name, field in schema["fields"].items():
            names.update(names_of_field(name, field, config))
        return bool(schema["fields"])
    if kind == "dataclass-args":
        for field in schema["fields"]:
            names.update(names_of_field(field["name"], field, config))
        return bool(schema["fields"])
    return "object" not in _KINDS.get(kind, _ALL)


def _kind_of_value(value: object) -> Kind:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string"
