"""The JSON schema of rows as they are written."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import TypeAdapter
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema


def row_schema(adapter: TypeAdapter[Any], *, by_alias: bool) -> dict[str, Any]:
    """The JSON schema of what `adapter.dump_json` writes."""
    return adapter.json_schema(
        mode="serialization", by_alias=by_alias, schema_generator=_WrittenSchema
    )


def is_by_alias(type_: Any) -> bool:
    """Whether a model is configured to be written by its aliases (`serialize_by_alias`)."""
    name = "__pydantic_config__"  # of dataclasses and TypedDicts
    if inspect.isclass(type_) and issubclass(type_, BaseModel):
        name = "model_config"
    config: Mapping[str, Any] = getattr(type_, name, {})
    return bool(config.get("serialize_by_alias", False))


def alternatives(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[Any]:
    """The schemas of a union, with references resolved; one schema if it is not a union."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return [inner for each in schema[word] for inner in alternatives(each, definitions)]
    return [schema]


def has_fields(schema: Mapping[str, Any]) -> bool:
    """Whether every row is an object with known members, which can be columns.

    A dict and a model with `extra="allow"` have others as well.
    """
    return all(
        each.get("type") == "object"
        and "properties" in each
        and each.get("additionalProperties", False) is False
        for each in alternatives(schema, schema.get("$defs", {}))
    )


class _WrittenSchema(GenerateJsonSchema):
    """The schema of what is written, where pydantic's own describes what is expected."""

    @override
    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        # A field with a default is always written; pydantic's own says so only on request.
        if field["type"] == "typed-dict-field":
            return field.get("required", total)
        return field.get("serialization_exclude_if") is None

    @override
    def ser_schema(
        self,
        schema: core_schema.SerSchema
        | core_schema.IncExSeqSerSchema
        | core_schema.IncExDictSerSchema,
    ) -> JsonSchemaValue | None:
        # A serializer without a return type may return anything; pydantic's own assumes the type
        # of the field.
        if schema.get("type") in ("function-plain", "function-wrap"):
            given: Mapping[str, Any] = cast("Any", schema)
            if given.get("return_schema") is None:
                return {}
        return super().ser_schema(schema)
