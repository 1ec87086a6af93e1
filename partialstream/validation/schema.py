"""What a pydantic core schema says about the JSON it takes.

The core schema is what pydantic itself compiles its validators from, so that aliases,
generics, `Annotated`, dataclasses and everything else are resolved in it already.
See `pydantic_core.core_schema` for its vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from partialstream.engine.shape import ANYTHING, Kind, Shape

Schema = Mapping[str, Any]
Definitions = Mapping[str, Schema]

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

INNER: Final = {
    # These say something about one value, which their inner schema describes.
    "function-before": "schema",
    "function-after": "schema",
    "function-wrap": "schema",
    "default": "schema",
    "model": "schema",
    "dataclass": "schema",
    "json-or-python": "json_schema",
    "lax-or-strict": "lax_schema",
}


def unfold(schema: Schema) -> tuple[Schema, Definitions]:
    """Take the definitions off the outside of a schema."""
    if schema["type"] != "definitions":
        return schema, {}
    definitions = {definition["ref"]: definition for definition in schema["definitions"]}
    return schema["schema"], definitions


def resolve(schema: Schema, definitions: Definitions) -> Schema:
    """Follow references, and chains down to their last link."""
    while True:
        if schema["type"] == "definition-ref":
            schema = definitions[schema["schema_ref"]]
        elif schema["type"] == "chain":
            # The first step takes the JSON.
            schema = schema["steps"][0]
        else:
            return schema


def choices_of(schema: Schema) -> list[Schema]:
    """The members of a union, tagged or not, without their labels."""
    if schema["type"] == "tagged-union":
        return list(schema["choices"].values())
    return [
        choice[0] if isinstance(choice, tuple) else choice  # a tuple is (schema, label)
        for choice in schema["choices"]
    ]


def names_of_field(
    name: str, field: Schema, config: Schema, *, inside: bool = True
) -> Iterator[str]:
    """The member names that a field is read from, by the model's rules on aliases.

    The first of them that is there counts.

    Args:
        name: The field's own name.
        field: Its schema.
        config: The model's configuration.
        inside: Whether an alias that reaches into another member (`AliasPath`) counts, with
            that member's name.
    """
    alias = field.get("validation_alias")
    by_name = config.get("validate_by_name", config.get("populate_by_name", False))
    if alias is not None and config.get("validate_by_alias", True):
        # One alias is a string, one AliasPath a list of steps, AliasChoices a list of such lists.
        if isinstance(alias, str):
            alias = [alias]
        for path in alias if isinstance(alias[0], list) else [alias]:
            if inside or len(path) == 1:
                yield str(path[0])
    if alias is None or by_name:
        yield name


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


def within(definitions: Definitions, schema: Schema) -> Schema:
    """A schema of its own, with the definitions that it may refer to."""
    return {"type": "definitions", "schema": schema, "definitions": list(definitions.values())}


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
