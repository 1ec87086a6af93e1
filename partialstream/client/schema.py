"""From a type to the JSON schema in a request, in the form of OpenAI's strict mode if it can be.

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

import builtins
import copy
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, wraps
from types import GenericAlias, NoneType
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import TypedDictField

    from partialstream.client.response_model import ResponseShape
    from partialstream.results import Path

Schema = dict[str, Any]
K = TypeVar("K")
R = TypeVar("R")

ITEMS: Final = "items"
"""The member that holds the list, in a response that was asked for."""

VALUE: Final = "value"
"""The member that holds a value that is not an object."""

_NAME_LENGTH: Final = 64

MAY_BE_ABSENT: Final = "x-may-be-absent"
"""A word of our own: the member is optional, and nothing stands for its absence."""


@dataclass(frozen=True, slots=True)
class RequestSchema:
    """What a request says about the response it asks for."""

    name: str  # from the type's: at most 64 of `a-z A-Z 0-9 _ -`
    schema: Schema  # its root is an object; shared by all requests for the type, never changed
    # Whether it is in the form of strict mode, which guarantees that the response fits.
    # Otherwise it is what pydantic makes, and only advises.
    strict: bool
    path: Path = ()  # where the list, or the value, stands in the response
    description: str | None = None  # the type's docstring
    loose: str | None = None  # why it is not strict


class _QuietGenerator(GenerateJsonSchema):
    """pydantic's generator, without warnings about defaults that JSON cannot say.

    No default goes into the request as a default, so there is nothing to warn about.
    """

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  # pydantic declares it this way


class _AbsenceGenerator(_QuietGenerator):
    """Marks what a TypedDict may lack, which is not the same as having a default.

    `required` cannot tell the two apart, and a member with a default may be asked for always.
    """

    def typed_dict_field_schema(self, schema: TypedDictField) -> JsonSchemaValue:
        """Add the mark to the member's schema."""
        made = super().typed_dict_field_schema(schema)
        return made if self.field_is_required(schema, True) else {**made, MAY_BE_ABSENT: True}


def _remembering(make: Callable[[K], R]) -> Callable[[K], R]:
    """Remember what a function made last; what cannot be hashed is made anew each time."""
    # A program asks for a handful of types; those made on the fly must not pile up.
    remembered = lru_cache(maxsize=256)(make)

    @wraps(make)
    def made(key: K) -> R:
        try:
            hash(key)
        except TypeError:  # annotated with something unhashable, such as pydantic's Field()
            return make(key)
        return remembered(key)

    return made


@_remembering
def request_schema(shape: ResponseShape) -> RequestSchema:
    """Make the schema for what a call asks for; the last types asked for are remembered.

    Items come in a wrapper object, `{"items": [...]}`, since no provider lets a list be the
    whole response. So do values that are not objects: `{"value": ...}`.

    Strict mode cannot say everything that pydantic can: a `dict[str, int]`, `extra="allow"`,
    `Any`, a `tuple[int, str]`. A type with such a part gets a loose schema: still in the
    request, but not enforced by the provider. Closing the type instead would forbid the very
    members that were asked for. `RequestSchema.loose` names the part.

    Raises:
        TypeError: pydantic cannot generate a JSON schema for the type.

    Example:
        >>> from partialstream.client.response_model import ResponseShape
        >>> made = request_schema(ResponseShape("items", int))
        >>> made.name, made.path, made.strict
        ('IntList', ('items',), True)
        >>> made.schema["properties"]["items"]["items"]
        {'type': 'integer'}
    """
    type_ = shape.type_
    if shape.kind == "items":
        return _wrapped(type_, ITEMS, GenericAlias(list, (type_,)))
    with _refusing(type_):
        adapter = TypeAdapter[Any](type_)
        root = inline_root(adapter.json_schema(schema_generator=_QuietGenerator))
        if root.get("type") == "object":
            return _finished(_fitted(type_name(type_), "", "Answer"), adapter, ())
    return _wrapped(type_, VALUE, type_)


@_remembering
def value_model(type_: Any) -> type[BaseModel]:
    """Make the model of a wrapper object, for a value that is not an object by itself.

    Example:
        >>> value_model(int).model_validate_json('{"value": 7}').value
        7
    """
    return _wrapper_model("Answer", VALUE, type_)


def _wrapper_model(name: str, member: str, type_: Any) -> type[BaseModel]:
    fields: dict[str, Any] = {member: (type_, ...)}
    made: type[BaseModel] = create_model(
        name, __config__=ConfigDict(arbitrary_types_allowed=True), **fields
    )
    return made


# -- making a schema -----------------------------------------------------------------------


def type_name(type_: Any) -> str:
    """Name a type for the model by letters, digits, `_` and `-`: short, readable, not unique.

    Example:
        >>> type_name(list[int]), type_name(int | None), type_name(dict[str, float])
        ('IntList', 'IntOrNone', 'DictStrFloat')
    """
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Annotated:
        return type_name(arguments[0])
    if type_ is NoneType:
        return "None"
    if origin is Union or type(type_).__name__ == "UnionType":
        return "Or".join(type_name(argument) for argument in arguments)
    name = getattr(origin or type_, "__name__", "")
    if name.islower() and hasattr(builtins, name):
        name = name.capitalize()  # IntOrStr reads better than intOrstr
    inner = "".join(type_name(argument) for argument in arguments)
    if origin is list:
        return f"{inner}List"
    # A generic model is named like Page[Product].
    return re.sub(r"[^a-zA-Z0-9-]+", "_", name + inner).strip("_")


def _wrapped(type_: Any, member: str, content: Any) -> RequestSchema:
    name = _fitted(type_name(type_), "List" if member == ITEMS else "Value", "Item")
    with _refusing(type_):
        adapter = TypeAdapter[Any](_wrapper_model(name, member, content))
        return _finished(name, adapter, (member,))


def _finished(name: str, adapter: TypeAdapter[Any], path: Path) -> RequestSchema:
    schema = inline_root(adapter.json_schema(schema_generator=_AbsenceGenerator))
    description = schema.get("description")
    try:
        return RequestSchema(name, strict_schema(schema), True, path, description)
    except LooseSchemaError as reason:
        loose = inline_root(adapter.json_schema(schema_generator=_QuietGenerator))
        return RequestSchema(name, loose, False, path, description, str(reason))


def _fitted(name: str, suffix: str, substitute: str) -> str:
    return (name or substitute)[: _NAME_LENGTH - len(suffix)] + suffix


@contextmanager
def _refusing(type_: Any) -> Generator[None, None, None]:
    """Translate the errors of pydantic for types without a JSON schema."""
    try:
        yield
    except (PydanticUserError, PydanticUndefinedAnnotation) as error:
        # On Python 3.10 list[int] calls itself a class too.
        is_class = isinstance(type_, type) and not get_args(type_)
        name = type_.__qualname__ if is_class else repr(type_)
        # pydantic's second paragraph is a link.
        reason = str(error).partition("\n")[0]
        raise TypeError(f"pydantic generates no JSON schema for {name}: {reason}") from error


# -- the strict form -----------------------------------------------------------------------

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
    """The schema says something that strict mode has no words for: what, and where."""


def strict_schema(schema: Mapping[str, Any]) -> Schema:
    """Make a schema of an object in the form that strict mode takes; shares nothing with it.

    Raises:
        LooseSchemaError: It cannot be brought into that form.

    Example:
        >>> strict_schema({"type": "object", "properties": {"n": {"type": "integer"}}})
        {'type': 'object', 'properties': {'n': {'type': 'integer'}}, 'additionalProperties': \
False, 'required': ['n']}
    """
    return _strict(inline_root(schema), str(schema.get("title", "(root)")))


def inline_root(schema: Mapping[str, Any]) -> Schema:
    """Put the definition in the place of a root that only refers to it, as recursive types do."""
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


_NESTED: Final[dict[str, Callable[[Any, str], Any]]] = {
    "properties": lambda schemas, place: {
        name: _one(schema, f"{place}.{name}") for name, schema in schemas.items()
    },
    "$defs": lambda schemas, _: {name: _one(schema, name) for name, schema in schemas.items()},
    "items": lambda schema, place: _one(schema, f"{place}[]"),
    "anyOf": lambda schemas, place: [_one(schema, place) for schema in schemas],
    "oneOf": lambda schemas, place: [_one(schema, place) for schema in schemas],
}
# A value that is exactly one of several is any of them: pydantic says `oneOf` where a
# discriminator keeps them apart.
_RENAMED: Final = {"oneOf": "anyOf"}
