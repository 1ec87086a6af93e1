"""The parts of a validated value, by its core schema."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from partialstream.validation.schema import INNER, names_of_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from partialstream.results import Path
    from partialstream.validation.schema import Schema


class Location(NamedTuple):
    """The location of a value, spelled in three ways.

    Attributes:
        path: By field names, as Python code reaches it.
        read: By the names that it is read from (aliases), as pydantic's errors spell it.
        written: By the names that it is written with, which may be aliases.
    """

    path: Path = ()
    read: Path = ()
    written: Path = ()

    def at(self, step: str | int) -> Location:
        """The location of a part that has the same name everywhere."""
        return self.field(step, step, step)

    def field(self, name: str | int, read: str | int, written: str | int) -> Location:
        """The location of a field."""
        return Location((*self.path, name), (*self.read, read), (*self.written, written))


class _Unknown(Enum):
    VALUE = 0
    MISSING = 1  # it is known that there was none


UNKNOWN: Final = _Unknown.VALUE
"""In place of a JSON value that is not known."""


class Part(NamedTuple):
    """A value inside of the one that is walked over.

    Attributes:
        value: The value.
        schema: Its core schema.
        location: Where it is.
        written: Its JSON value as the model wrote it; `UNKNOWN` if a validator may have moved it.
        config: The configuration of the model around it.
        quoted: Whether a schema around it is marked.
        changed: Whether a validator of a model around it may have assigned another text.
        by_alias: Whether fields are written by their aliases.
    """

    value: Any
    schema: Schema
    location: Location = Location()
    written: Any = UNKNOWN
    config: Schema = MappingProxyType({})
    quoted: bool = False
    changed: bool = False
    by_alias: bool = False


def same_value(part: Part) -> Iterator[Part]:
    """The same value, by the schema inside of its own."""
    schema, value = part.schema, part.value
    if schema.get("root_model"):
        value = value.root
    yield part._replace(value=value, schema=schema[INNER.get(schema["type"], "schema")])


def _model_fields(part: Part) -> Iterator[Part]:
    model = part.value
    for name, field in part.schema["fields"].items():
        if name in model.model_fields_set:  # a default is not quoted
            yield _field(part, name, field)._replace(value=getattr(model, name, None))
    extras: Mapping[str, Any] = model.__pydantic_extra__ or {}
    if "extras_schema" in part.schema:
        for name, value in extras.items():
            yield _member(part, name, value, part.schema["extras_schema"])


def _dataclass_args(part: Part) -> Iterator[Part]:
    for field in part.schema["fields"]:
        name = field["name"]
        inner = _field(part, name, field)
        if inner.written is not _Unknown.MISSING:
            yield inner._replace(value=getattr(part.value, name, None))


def _typed_dict(part: Part) -> Iterator[Part]:
    for name, field in part.schema["fields"].items():
        if name in part.value:
            yield _field(part, name, field)._replace(value=part.value[name])


def _dict(part: Part) -> Iterator[Part]:
    schema = part.schema
    for key, value in part.value.items():
        name = _key_text(key)
        if "keys_schema" in schema:  # located as by pydantic's own errors
            location = part.location.at(name).at("[key]")
            keys = schema["keys_schema"]
            yield part._replace(
                value=key, schema=keys, location=location, written=UNKNOWN, quoted=False
            )
        if "values_schema" in schema:
            yield _member(part, name, value, schema["values_schema"])


def _list(part: Part) -> Iterator[Part]:
    if "items_schema" in part.schema:
        yield from _elements(part, lambda index: part.schema["items_schema"])


def _set(part: Part) -> Iterator[Part]:
    yield from _list(part._replace(written=UNKNOWN))  # its order is another


def _tuple(part: Part) -> Iterator[Part]:
    schemas: Sequence[Schema] = part.schema["items_schema"]
    variadic: int | None = part.schema.get("variadic_item_index")
    after = len(schemas) - len(part.value)

    def schema_at(index: int) -> Schema:
        if variadic is None or index < variadic:
            return schemas[index]
        # Those after it, if there are any, are counted from the end.
        return schemas[max(variadic, after + index)]

    yield from _elements(part, schema_at)


def _named_tuple(part: Part) -> Iterator[Part]:
    schema = part.schema
    if "fields" not in schema:  # before pydantic 2.14, which makes one by calling its class
        schema = {"fields": schema["arguments_schema"].get("arguments_schema", ())}
    if not is_a(tuple, part.value):
        return
    for index, (field, value) in enumerate(zip(schema["fields"], part.value, strict=False)):
        written = part.written
        if is_a(dict, written):
            inner = written.get(field["name"], UNKNOWN)
        else:
            inner = written[index] if is_a(list, written) and index < len(written) else UNKNOWN
        yield part._replace(
            value=value, schema=field["schema"], location=part.location.at(index), written=inner
        )


def _anything(part: Part) -> Iterator[Part]:
    """The parts of a value of any type, which are quotes if it is marked."""
    if is_a(dict, part.value):
        for key, value in part.value.items():
            yield _member(part, _key_text(key), value, part.schema)
    elif is_a(list, part.value):
        yield from _elements(part, lambda index: part.schema)


def _json(part: Part) -> Iterator[Part]:
    if "schema" in part.schema:
        yield part._replace(schema=part.schema["schema"], written=UNKNOWN)


PARTS: Final[Mapping[str, Callable[[Part], Iterator[Part]]]] = {
    "model-fields": _model_fields,
    "dataclass-args": _dataclass_args,
    "typed-dict": _typed_dict,
    "dict": _dict,
    "list": _list,
    "set": _set,
    "frozenset": _set,
    "tuple": _tuple,
    "named-tuple": _named_tuple,
    "call": _named_tuple,
    "any": _anything,
    "json": _json,
}
"""What iterates over the parts of a value, by the type of its schema."""


def _field(part: Part, name: str, field: Schema) -> Part:
    """A field, still without its value; `written` is `MISSING` if the model did not write it."""
    names = [*names_of_field(name, field, part.config, inside=False)]
    read = names[0] if names else name
    written: Any = UNKNOWN
    if is_a(dict, part.written):
        members: Mapping[str, Any] = part.written
        there = next((each for each in names if each in members), None)
        if there is not None:
            read, written = there, members[there]
        elif len(names) == len([*names_of_field(name, field, part.config)]):
            written = _Unknown.MISSING
    alias = field.get("serialization_alias") if part.by_alias else None
    location = part.location.field(name, read, name if alias is None else alias)
    return part._replace(schema=field["schema"], location=location, written=written)


def is_a(type_: type, value: Any) -> bool:
    """As `isinstance`, which would narrow `Any` to a type with unknown parameters."""
    return isinstance(value, type_)


def _member(part: Part, name: str | int, value: Any, schema: Schema) -> Part:
    written: Any = UNKNOWN
    if is_a(dict, part.written):
        written = part.written.get(str(name), UNKNOWN)
    return part._replace(
        value=value, schema=schema, location=part.location.at(name), written=written
    )


def _elements(part: Part, schema_at: Callable[[int], Schema]) -> Iterator[Part]:
    values = list(part.value)
    written: Sequence[Any] = part.written if is_a(list, part.written) else ()
    known = len(written) == len(values)
    for index, value in enumerate(values):
        yield part._replace(
            value=value,
            schema=schema_at(index),
            location=part.location.at(index),
            written=written[index] if known else UNKNOWN,
        )


def _key_text(key: Any) -> str | int:
    """A key of a dict as a step of a path."""
    key = getattr(key, "value", key)  # of an enum
    if isinstance(key, int) and not isinstance(key, bool):
        return int(key)
    return str(key)
