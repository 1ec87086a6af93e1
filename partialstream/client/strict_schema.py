"""The form of a JSON schema that OpenAI's strict mode takes.

Strict mode makes the provider hold the model to the schema, token by token. It takes a subset
of JSON Schema (https://platform.openai.com/docs/guides/structured-outputs, "Supported
schemas") and responds with HTTP 400 to everything else:

- Every object is closed, and all its properties are required.
- A few words are known. Of the others, those that only narrow a value down are taken out, and
  put into the value's description for the model: pydantic still checks them. Those that do not
  say anything about a value are taken out.
- What cannot be said in the subset, such as a member of any name, makes the schema loose: see
  `LooseSchemaError`.

The SDK's own `openai.pydantic_function_tool` does the first of these only. It leaves defaults,
sets, URLs, discriminated unions and open maps for the provider to refuse, takes no dataclass,
and ends in a RecursionError on a list of the model itself with a description on its elements.

Sizes (5,000 properties, 1,000 enum values, 10 levels at the time of writing) are left to the
provider, which changes them and says so when one is exceeded.
"""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Schema = dict[str, Any]

_KEPT: Final = frozenset(
    {
        *("type", "title", "description", "enum", "const", "$ref", "pattern", "format"),
        *("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("minItems", "maxItems"),
    }
)
_DESCRIBED: Final = (
    *("default", "minLength", "maxLength", "uniqueItems", "format", "pattern"),
    *("minProperties", "maxProperties", "contentMediaType", "contentEncoding", "examples"),
)
"""Words that are taken out, and put into the description instead, in this order."""

MAY_BE_ABSENT: Final = "x-may-be-absent"
"""A word of our own: the member is optional, and nothing stands for its absence."""

_LOOSE: Final = {
    MAY_BE_ABSENT: "may be absent",
    "prefixItems": "is a tuple with a type for each place",
    "patternProperties": "may have members of many names",
    "allOf": "is several types at once",
    "not": "excludes a type",
    "if": "depends on a condition",
    "dependentRequired": "has members that depend on each other",
    "dependentSchemas": "has members that depend on each other",
    "contains": "asks for certain elements",
    "unevaluatedProperties": "may have members of many names",
    "unevaluatedItems": "may have elements of many types",
}
"""Words that change what a value is, and have no equal in strict mode."""

_TYPED_BY: Final = ("type", "$ref", "anyOf", "oneOf", "enum", "const")
_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_LOOKAROUND: Final = re.compile(r"(?<!\\)(?:\\\\)*\(\?<?[=!]")
_TYPE_NAMES: Final[dict[type, str]] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


class LooseSchemaError(ValueError):
    """The schema says something that strict mode has no words for.

    The message says what and where.
    """


def strict_schema(schema: Mapping[str, Any]) -> Schema:
    """Bring a schema into the form that strict mode takes.

    Args:
        schema: A schema of an object, as pydantic makes it. It stays as it is.

    Returns:
        A new schema, which shares nothing with the old one. Its root has no `$ref`.

    Raises:
        LooseSchemaError: If the schema cannot be brought into that form.

    Example:
        >>> strict_schema({"type": "object", "properties": {"n": {"type": "integer"}}})
        {'type': 'object', 'properties': {'n': {'type': 'integer'}}, 'additionalProperties': \
False, 'required': ['n']}
    """
    return _strict(inline_root(schema), str(schema.get("title", "(root)")))


def inline_root(schema: Mapping[str, Any]) -> Schema:
    """Put the definition in the place of a root that only refers to it, as recursive types do.

    Args:
        schema: Any schema that pydantic makes. It stays as it is.

    Returns:
        A schema whose root is not a reference, with the same definitions.
    """
    root = dict(schema)
    while "$ref" in root:
        name = root.pop("$ref").removeprefix("#/$defs/")
        # What stands beside the reference takes precedence over what it refers to.
        root = {**root["$defs"][name], **root}
    return root


def _strict(schema: Mapping[str, Any], place: str) -> Schema:
    for word, reason in _LOOSE.items():
        if word in schema:
            raise LooseSchemaError(f"{place} {reason}")
    if not any(word in schema for word in _TYPED_BY):
        raise LooseSchemaError(f"{place} may be anything")
    strict: Schema = {}
    described: dict[str, Any] = {}
    for word, value in schema.items():
        if word in _DESCRIBED and not _may_stay(word, value):
            described[word] = value
        elif word in _NESTED:
            strict[_RENAMED.get(word, word)] = _NESTED[word](value, place)
        elif word in _KEPT:
            strict[word] = copy.deepcopy(value)
    if schema.get("type") == "object":
        _close(strict, schema, place)
    elif schema.get("type") == "array" and "items" not in strict:
        raise LooseSchemaError(f"{place} is a list of anything")
    _name_types(strict, place)
    _describe(strict, described)
    return _isolate_reference(strict)


def _may_stay(word: str, value: Any) -> bool:
    if word == "format":
        return value in _FORMATS
    return word == "pattern" and not _LOOKAROUND.search(value)


def _close(strict: Schema, schema: Mapping[str, Any], place: str) -> None:
    """Close an object, unless it is meant to be open."""
    if schema.get("additionalProperties", False) is not False:
        raise LooseSchemaError(f"{place} may have members of any name")
    strict.setdefault("properties", {})
    strict["additionalProperties"] = False
    strict["required"] = list(strict["properties"])


def _name_types(strict: Schema, place: str) -> None:
    """Name the type of enum values, which pydantic leaves out where they are of several."""
    if "type" in strict or not ("enum" in strict or "const" in strict):
        return
    values = strict["enum"] if "enum" in strict else [strict["const"]]
    if not all(type(value) in _TYPE_NAMES for value in values):
        raise LooseSchemaError(f"{place} is one of several lists or objects")
    names = list(dict.fromkeys(_TYPE_NAMES[type(value)] for value in values))
    strict["type"] = names[0] if len(names) == 1 else names


def _describe(strict: Schema, described: Mapping[str, Any]) -> None:
    """Put what had to be taken out into the description."""
    parts = [
        f"{word}: {json.dumps(described[word], ensure_ascii=False)}"
        for word in _DESCRIBED
        # That a value may be null is in its type already.
        if word in described and not (word == "default" and described[word] is None)
    ]
    if parts:
        strict["description"] = f"{strict.get('description', '')} ({', '.join(parts)})".lstrip()


def _isolate_reference(strict: Schema) -> Schema:
    """Let a reference stand alone, as strict mode asks for: `anyOf` may have neighbours."""
    if "$ref" not in strict or len(strict) == 1:
        return strict
    reference = {"$ref": strict.pop("$ref")}
    return {"anyOf": [reference], **strict}


def _one(schema: Any, place: str) -> Schema:
    if not isinstance(schema, dict):  # `true`, for anything
        raise LooseSchemaError(f"{place} may be anything")
    return _strict(cast("Schema", schema), place)


def _members(schemas: Mapping[str, Any], place: str) -> Schema:
    return {name: _one(schema, f"{place}.{name}") for name, schema in schemas.items()}


def _definitions(schemas: Mapping[str, Any], _place: str) -> Schema:
    return {name: _one(schema, name) for name, schema in schemas.items()}


def _elements(schema: Any, place: str) -> Schema:
    return _one(schema, f"{place}[]")


def _choices(schemas: list[Any], place: str) -> list[Schema]:
    return [_one(schema, place) for schema in schemas]


_NESTED: Final[dict[str, Callable[[Any, str], Any]]] = {
    "properties": _members,
    "$defs": _definitions,
    "items": _elements,
    "anyOf": _choices,
    "oneOf": _choices,
}
# A value that is exactly one of several is any of them: pydantic says `oneOf` where a
# discriminator keeps them apart.
_RENAMED: Final = {"oneOf": "anyOf"}
