"""How a pydantic core schema is read: all that this package knows of its nodes.

The core schema is what pydantic itself compiles its validators from, so that aliases,
generics, `Annotated`, dataclasses and everything else are resolved in it already.
See `pydantic_core.core_schema` for its vocabulary. The shapes of nodes that are relied upon, here
and where plan.py makes nodes of them, are those in `tests/engine/test_core_schema.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

Schema = Mapping[str, Any]
Definitions = Mapping[str, Schema]

VALIDATORS: Final = ("function-before", "function-after", "function-wrap")
"""Functions around one value, which their inner schema describes."""

INNER: Final = {
    # These say something about one value, which their inner schema describes.
    **dict.fromkeys(VALIDATORS, "schema"),
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


def within(definitions: Definitions, schema: Schema) -> Schema:
    """A schema of its own, with the definitions that it may refer to."""
    return {"type": "definitions", "schema": schema, "definitions": list(definitions.values())}


def unwrapped(schema: Schema) -> tuple[Schema, int]:
    """What validator functions stand around, and how many of them there are."""
    count = 0
    while schema["type"] in VALIDATORS:
        schema = schema["schema"]
        count += 1
    return schema, count


def is_constrained(schema: Schema, prefix: str = "") -> bool:
    """Whether a schema, or a configuration, bounds the length of a value."""
    return any(schema.get(f"{prefix}{key}") is not None for key in ("min_length", "max_length"))


def changes_text(schema: Schema, config: Schema) -> bool:
    """Whether a string is not taken as it comes, or must have a pattern as a whole."""
    return schema.get("pattern") is not None or any(
        schema.get(key) or config.get(f"str_{key}")
        for key in ("strip_whitespace", "to_lower", "to_upper")
    )


_OWNERS = ("model", "dataclass", "typed-dict", "definition-ref")


def reads_other_members(schema: Any) -> bool:
    """Whether a validator in a field's schema, and not in a model inside it, gets `info`."""
    if isinstance(schema, list | tuple):
        return any(map(reads_other_members, cast("Sequence[Any]", schema)))
    if not isinstance(schema, dict):
        return False
    members = cast("dict[str, Any]", schema)
    if members.get("type") in _OWNERS:
        return False
    function: Any = members.get("function")
    if isinstance(function, dict) and cast("Schema", function).get("type") == "with-info":
        return True
    return any(reads_other_members(value) for key, value in members.items() if key != "metadata")


def peeled(schema: Schema, definitions: Definitions) -> tuple[Schema, Schema]:
    """What decides over the parts of a value, and the configuration of its model.

    It goes through whatever refuses a value that its inner schema refuses.
    """
    config: Schema = {}
    while True:
        kind = schema["type"]
        if kind == "definition-ref":
            schema = definitions[schema["schema_ref"]]
        elif kind in ("nullable", "function-after"):
            schema = schema["schema"]
        elif kind == "default" and schema.get("on_error", "raise") == "raise":
            schema = schema["schema"]
        elif kind == "model" and not schema.get("custom_init"):
            config = schema.get("config", {})
            schema = schema["schema"]
        else:
            return schema, config


def part_schema(schema: Schema, config: Schema, step: str | int) -> tuple[Schema, str | int] | None:
    """The schema of a part of a value, and its name; None if the value may do without it."""
    kind = schema["type"]
    if kind in ("list", "set", "frozenset") and "items_schema" in schema:
        return schema["items_schema"], step
    if kind == "tuple":
        return schema["items_schema"][0], step
    if kind == "dict" and "values_schema" in schema:
        return schema["values_schema"], step
    if kind not in ("model-fields", "typed-dict") or step not in schema["fields"]:
        return None
    field = schema["fields"][step]
    config = schema.get("config", config)
    names = {*names_of_field(str(step), field, config)}
    if len(names) != 1:
        return None
    return field["schema"], step if config.get("loc_by_alias") is False else names.pop()
