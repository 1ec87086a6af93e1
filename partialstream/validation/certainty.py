"""Which values make the whole invalid, whatever else it holds.

A value may be refused at its place and the whole be valid all the same: something rewrites it
first, another choice of a union takes what is around it, a default stands in for what is
invalid, another name of the same field counts. What has none of these around it is certain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from partialstream.validation.schema import names_of_field

if TYPE_CHECKING:
    from partialstream.results import Path
    from partialstream.validation.schema import Definitions, Schema


def certain_place(schema: Schema, definitions: Definitions, path: Path) -> Path | None:
    """The place of a value that makes the whole invalid if it is refused at its place.

    Args:
        schema: The schema of the whole.
        definitions: What it refers to.
        path: Where the value is, by field names.

    Returns:
        Where it is by the names in the text, as pydantic's errors have it; None if the whole
        may be valid though the value is not.
    """
    place: list[str | int] = []
    for step in path:
        inside = _inside(*_peeled(schema, definitions), step)
        if inside is None:
            return None
        schema, name = inside
        if schema.get("on_error", "raise") != "raise":
            return None
        place.append(name)
    return tuple(place)


def rewrites(schema: Schema, definitions: Definitions) -> bool:
    """Whether something may change the members of a model before they are validated."""
    kind: str = _peeled(schema, definitions)[0]["type"]
    return kind != "model-fields"


def names_of_fields(schema: Schema, definitions: Definitions) -> dict[str, str]:
    """The fields of a model, by the names of the members that they are read from.

    What may change the members before that is left out of account.
    """
    schema, config = _peeled(schema, definitions)
    while schema["type"] in ("function-before", "function-wrap", "model"):
        config = schema.get("config", config)
        schema, inner = _peeled(schema["schema"], definitions)
        config = inner or config
    names: dict[str, str] = {}
    for field, description in schema.get("fields", {}).items():
        for name in names_of_field(field, description, config):
            names.setdefault(name, field)
    return names


def leading_names(schema: Schema, definitions: Definitions) -> dict[str, str]:
    """Of the fields that must be valid, the name that counts if a value comes by several."""
    schema, config = _peeled(schema, definitions)
    if schema["type"] != "model-fields":
        return {}
    leading: dict[str, str] = {}
    for name, field in schema["fields"].items():
        first = list(names_of_field(name, field, config))[:1]
        strict = field["schema"].get("on_error", "raise") == "raise"
        if strict and first == list(names_of_field(name, field, config, inside=False))[:1]:
            leading[name] = first[0]
    return leading


def _peeled(schema: Schema, definitions: Definitions) -> tuple[Schema, Schema]:
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


def _inside(schema: Schema, config: Schema, step: str | int) -> tuple[Schema, str | int] | None:
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
