"""From a type to the schema that goes into the request."""

from __future__ import annotations

import builtins
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from types import GenericAlias, NoneType
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

from partialstream.client.strict_schema import (
    MAY_BE_ABSENT,
    LooseSchemaError,
    Schema,
    inline_root,
    strict_schema,
)
from partialstream.validation.types import validator_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import TypedDictField

    from partialstream.client.response_model import ResponseShape
    from partialstream.results import Path

K = TypeVar("K")
R = TypeVar("R")

ITEMS: Final = "items"
"""The member that holds the list, in a response that was asked for."""

VALUE: Final = "value"
"""The member that holds a value that is not an object."""

FIRST_INDEX: Final = "first_index"
INDEXES: Final = "indexes"
"""Members beside the list in responses to follow-ups: which elements of the list these are."""

BESIDE: Final[dict[str, dict[str, Any]]] = {
    FIRST_INDEX: {
        "type": "integer",
        "description": "The index of the first item that you send, counted from 0.",
    },
    # A text, because a list of numbers could be taken for the list itself.
    INDEXES: {
        "type": "string",
        "description": 'The indexes of the items that you send, in their order, as "0, 2, 5".',
    },
}

_NAME_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class RequestSchema:
    """What a request says about the response it asks for.

    Attributes:
        name: The schema's name, from the type's: at most 64 of `a-z A-Z 0-9 _ -`.
        schema: The JSON schema. Its root is an object. It is shared by all requests for the
            type and must not be changed.
        strict: Whether the schema is in the form of OpenAI's strict mode, which guarantees
            that the response fits. Otherwise it is what pydantic makes, and only advises.
        path: Where the list, or the value, stands in the response; `()` if the response
            itself is the value.
        description: The type's docstring, None if it has none.
        loose: Why it is not strict, None if it is.
    """

    name: str
    schema: Schema
    strict: bool
    path: Path = ()
    description: str | None = None
    loose: str | None = None


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

    Args:
        shape: What the call asks for.

    Returns:
        The schema, and where the response will have the list or the value.

    Raises:
        TypeError: If pydantic can make no JSON schema for the type.

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


def takes_any_name(type_: Any) -> bool:
    """Whether an item may be an object with members of any name.

    Example:
        >>> takes_any_name(dict[str, int]), takes_any_name(int)
        (True, False)
    """
    shape = validator_for(type_)[1]
    return "object" in shape.kinds and shape.names is None


# -- schemas of requests that follow up ----------------------------------------------------


def free_name(name: str, schema: RequestSchema) -> str:
    """Find a name for a member beside the list that no member of an item has.

    Example:
        >>> taken = {"type": "object", "properties": {"indexes": {"type": "string"}}}
        >>> free_name("indexes", RequestSchema("Tool", taken, strict=True))
        'indexes_'
    """
    names = _member_names(schema.schema)
    while name in names:
        name += "_"
    return name


def _member_names(schema: Any) -> set[str]:
    """All names of members in a schema."""
    if isinstance(schema, list):
        return set[str]().union(*map(_member_names, cast("Sequence[Any]", schema)))
    if not isinstance(schema, dict):
        return set()
    words = cast("dict[str, Any]", schema)
    inner = set[str]().union(*map(_member_names, words.values()))
    return inner.union(cast("dict[str, Any]", words.get("properties") or {}))


def indexed_schema(schema: RequestSchema, name: str) -> RequestSchema:
    """Add the member that says which items a response holds, before the list.

    Args:
        schema: The schema of a list in a wrapper object. It stays as it is.
        name: What `free_name` made of `FIRST_INDEX` or `INDEXES`.

    Example:
        >>> from partialstream.client.response_model import ResponseShape
        >>> made = indexed_schema(request_schema(ResponseShape("items", int)), "first_index")
        >>> list(made.schema["properties"]), made.schema["required"]
        (['first_index', 'items'], ['first_index', 'items'])
    """
    beside = dict(BESIDE[name.rstrip("_")])
    properties: Mapping[str, Any] = schema.schema.get("properties", {})
    larger = {**schema.schema, "properties": {name: beside, **properties}}
    larger["required"] = [name, *schema.schema.get("required", ())]
    return replace(schema, schema=larger)


def rest_schema(schema: RequestSchema, carried: Sequence[str]) -> RequestSchema:
    """Make the schema for those members of an object that are still asked for.

    Args:
        schema: The schema of the whole object. It stays as it is.
        carried: The members that stand, by their names in the answer.

    Returns:
        The schema without these members: as strict as before, by the same name, with the same
        definitions. The given schema if there is no such part of it: it wraps a list or a
        value, it names no members, or all of them stand.

    Example:
        >>> members = {"name": {"type": "string"}, "price": {"type": "number"}}
        >>> whole = {"type": "object", "properties": members, "required": ["name", "price"]}
        >>> rest_schema(RequestSchema("Tool", whole, strict=True), ["name"]).schema
        {'type': 'object', 'properties': {'price': {'type': 'number'}}, 'required': ['price']}
    """
    if schema.path:
        return schema
    properties: Mapping[str, Any] = schema.schema.get("properties", {})
    rest = {name: member for name, member in properties.items() if name not in carried}
    if not rest or len(rest) == len(properties):
        return schema
    smaller = {**schema.schema, "properties": rest}
    if "required" in smaller:
        smaller["required"] = [name for name in smaller["required"] if name not in carried]
    return replace(schema, schema=smaller)


# -- making a schema -----------------------------------------------------------------------


def type_name(type_: Any) -> str:
    """Name a type for the model: short, readable, not unique.

    Args:
        type_: Any type.

    Returns:
        Letters, digits, `_` and `-`; `""` if the type has no name.

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
    """Translate what pydantic raises for types that it, or JSON, has nothing for.

    Raises:
        TypeError: Which names the type that the caller asked for.
    """
    try:
        yield
    except (PydanticUserError, PydanticUndefinedAnnotation) as error:
        # On Python 3.10 list[int] calls itself a class too.
        is_class = isinstance(type_, type) and not get_args(type_)
        name = type_.__qualname__ if is_class else repr(type_)
        # pydantic's second paragraph is a link.
        reason = str(error).partition("\n")[0]
        raise TypeError(f"there is no JSON schema for {name}: {reason}") from error
