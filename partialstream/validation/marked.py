"""Walking over a validated value: which texts in it are marked with `Quote`, and where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from partialstream.validation.markers import MARK, Quote, is_marked
from partialstream.validation.schema import (
    INNER,
    VALIDATORS,
    choices_of,
    names_of_field,
    resolve,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.results import Path
    from partialstream.validation.schema import Definitions, Schema


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


class MarkedText(NamedTuple):
    """A text that is marked with `Quote`.

    Attributes:
        location: Where it is.
        texts: What to look for, in this order: the text as the model wrote it, and the validated
            one where a validator has changed it.
    """

    location: Location
    texts: tuple[str, ...]


class _Unknown(Enum):
    VALUE = 0
    MISSING = 1  # it is known that there was none


UNKNOWN: Final = _Unknown.VALUE
"""In place of a JSON value that is not known."""


class _Part(NamedTuple):
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


def has_marks(schema: Any) -> bool:
    """Whether any part of a core schema is marked with `Quote`."""
    pending: list[Any] = [schema]
    while pending:
        each = pending.pop()
        if isinstance(each, Mapping):
            members = cast("Mapping[str, Any]", each)
            metadata = members.get("metadata")
            if isinstance(metadata, Mapping) and Quote.mark in cast(
                "Mapping[str, Any]", metadata
            ).get(MARK, ()):
                return True
            pending += (value for name, value in members.items() if name != "metadata")
        elif isinstance(each, (list, tuple)):
            pending += cast("Sequence[Any]", each)
    return False


class MarkedValues:
    """Iterates over the marked texts in the values of one core schema.

    Args:
        schema: The schema, without definitions around it.
        definitions: The definitions that it refers to.
    """

    def __init__(self, schema: Schema, definitions: Definitions) -> None:
        self._schema = schema
        self._definitions = definitions

    def of(
        self, value: Any, written: Any = UNKNOWN, *, by_alias: bool = False
    ) -> Iterator[MarkedText]:
        """The marked texts in a validated value, in field order.

        Args:
            value: The value.
            written: The JSON that it was validated from, parsed.
            by_alias: Whether the value is written by the aliases of its fields.
        """
        return self._walk(_Part(value, self._schema, written=written, by_alias=by_alias))

    def _walk(self, part: _Part) -> Iterator[MarkedText]:
        schema = resolve(part.schema, self._definitions)
        marked = _is_quote(part.schema) or _is_quote(schema)
        kind = schema["type"]
        value, quoted = part.value, part.quoted or marked
        if kind in ("literal", "enum"):
            # One of several fixed values is no quote, unless it is marked itself.
            value, quoted = getattr(value, "value", value), marked
        if isinstance(value, str) and kind not in _AROUND:
            if quoted:
                yield MarkedText(part.location, _texts(value, part))
            return
        parts = None if value is None else self._parts_of(kind)
        if parts is None:
            return
        config = schema.get("config", part.config)
        part = part._replace(schema=schema, quoted=quoted, config=config)
        if kind in VALIDATORS:
            part = self._behind_validator(part)
        for inner in parts(part):
            yield from self._walk(inner)

    def _parts_of(self, kind: str) -> Callable[[_Part], Iterator[_Part]] | None:
        """What iterates over the parts of a value of a kind of schema; None: it has none."""
        if kind in INNER or kind == "nullable":
            return _same_value
        if kind in ("union", "tagged-union"):
            return self._chosen
        return _PARTS.get(kind)

    def _behind_validator(self, part: _Part) -> _Part:
        """A value that a validator function may have changed."""
        inner = part.schema
        while inner["type"] in INNER or inner["type"] == "nullable":
            inner = resolve(inner[INNER.get(inner["type"], "schema")], self._definitions)
        if inner["type"] in ("model-fields", "dataclass-args", "typed-dict"):
            return part._replace(changed=True)
        if inner["type"] in ("list", "tuple", "set", "frozenset", "dict"):
            return part._replace(written=UNKNOWN)  # it may have been sorted, or filtered
        return part

    def _chosen(self, part: _Part) -> Iterator[_Part]:
        choice = self._choice_for(part.value, part.schema)
        if choice is not None:
            yield part._replace(schema=choice)

    # -- unions ----------------------------------------------------------------------------

    def _choice_for(self, value: Any, schema: Schema) -> Schema | None:
        """The member of a union that a validated value fits: one of its own class, else any."""
        choices = choices_of(schema)
        for exact in (True, False):
            for choice in choices:
                if self._fits(value, choice, exact=exact):
                    return choice
        return None

    def _fits(self, value: Any, schema: Schema, *, exact: bool) -> bool:
        schema = resolve(schema, self._definitions)
        kind = schema["type"]
        if kind in ("model", "dataclass"):
            cls: type = schema["cls"]
            return type(value) is cls if exact else isinstance(value, cls)
        if kind in ("literal", "enum"):
            return value in schema.get("expected", schema.get("members", ()))
        if kind in ("union", "tagged-union"):
            return any(self._fits(value, each, exact=exact) for each in choices_of(schema))
        if kind == "nullable":
            return value is None or self._fits(value, schema["schema"], exact=exact)
        if kind in INNER:
            return self._fits(value, schema[INNER[kind]], exact=exact)
        if kind == "typed-dict":
            return _is(dict, value) and self._fits_fields(value, schema)
        types = _TYPES.get(kind)
        return types is not None and isinstance(value, types)

    def _fits_fields(self, value: Mapping[Any, Any], schema: Schema) -> bool:
        """Whether a dict has the keys of a TypedDict, and its fixed values."""
        fields: Mapping[str, Any] = schema["fields"]
        if schema.get("extra_behavior") != "allow" and value.keys() - fields.keys():
            return False
        for name, field in fields.items():
            inner = resolve(field["schema"], self._definitions)
            if name not in value:
                if field.get("required", True):
                    return False
            elif inner["type"] in ("literal", "enum") and not self._fits(
                value[name], inner, exact=True
            ):
                return False
        return True


_AROUND: Final = frozenset({"nullable", "union", "tagged-union", *INNER})
"""Schemas that contain one or more schemas for the same value."""

_TYPES: Final[Mapping[str, type]] = {
    "str": str,
    "list": list,
    "set": set,
    "frozenset": frozenset,
    "tuple": tuple,
    "dict": dict,
}


def _is_quote(schema: Schema) -> bool:
    return is_marked(schema, Quote) or any(map(_is_quote, schema.get("steps", ())))


def _texts(value: str, part: _Part) -> tuple[str, ...]:
    written = part.written
    if not isinstance(written, str) or written == value:
        return (value,)
    return (value, written) if part.changed else (written, value)


# -- the parts of a value ------------------------------------------------------------------


def _same_value(part: _Part) -> Iterator[_Part]:
    schema, value = part.schema, part.value
    if schema.get("root_model"):
        value = value.root
    yield part._replace(value=value, schema=schema[INNER.get(schema["type"], "schema")])


def _model_fields(part: _Part) -> Iterator[_Part]:
    model = part.value
    for name, field in part.schema["fields"].items():
        if name in model.model_fields_set:  # a default is not quoted
            yield _field(part, name, field)._replace(value=getattr(model, name, None))
    extras: Mapping[str, Any] = model.__pydantic_extra__ or {}
    if "extras_schema" in part.schema:
        for name, value in extras.items():
            yield _member(part, name, value, part.schema["extras_schema"])


def _dataclass_args(part: _Part) -> Iterator[_Part]:
    for field in part.schema["fields"]:
        name = field["name"]
        inner = _field(part, name, field)
        if inner.written is not _Unknown.MISSING:
            yield inner._replace(value=getattr(part.value, name, None))


def _typed_dict(part: _Part) -> Iterator[_Part]:
    for name, field in part.schema["fields"].items():
        if name in part.value:
            yield _field(part, name, field)._replace(value=part.value[name])


def _dict(part: _Part) -> Iterator[_Part]:
    schema = part.schema
    for key, value in part.value.items():
        name = _key_text(key)
        if "keys_schema" in schema:  # located as by pydantic's own errors
            location = part.location.at(name).at("[key]")
            yield part._replace(
                value=key, schema=schema["keys_schema"], location=location, written=UNKNOWN
            )
        if "values_schema" in schema:
            yield _member(part, name, value, schema["values_schema"])


def _list(part: _Part) -> Iterator[_Part]:
    if "items_schema" in part.schema:
        yield from _elements(part, lambda index: part.schema["items_schema"])


def _set(part: _Part) -> Iterator[_Part]:
    yield from _list(part._replace(written=UNKNOWN))  # its order is another


def _tuple(part: _Part) -> Iterator[_Part]:
    schemas: Sequence[Schema] = part.schema["items_schema"]
    variadic: int | None = part.schema.get("variadic_item_index")
    after = len(schemas) - len(part.value)

    def schema_at(index: int) -> Schema:
        if variadic is None or index < variadic:
            return schemas[index]
        # Those after it, if there are any, are counted from the end.
        return schemas[max(variadic, after + index)]

    yield from _elements(part, schema_at)


_PARTS: Final[Mapping[str, Callable[[_Part], Iterator[_Part]]]] = {
    "model-fields": _model_fields,
    "dataclass-args": _dataclass_args,
    "typed-dict": _typed_dict,
    "dict": _dict,
    "list": _list,
    "set": _set,
    "frozenset": _set,
    "tuple": _tuple,
}


def _field(part: _Part, name: str, field: Schema) -> _Part:
    """A field, but for its value; `written` is `MISSING` if the model did not write it."""
    names = [*names_of_field(name, field, part.config, inside=False)]
    read = names[0] if names else name
    written: Any = UNKNOWN
    if _is(dict, part.written):
        members: Mapping[str, Any] = part.written
        there = next((each for each in names if each in members), None)
        if there is not None:
            read, written = there, members[there]
        elif len(names) == len([*names_of_field(name, field, part.config)]):
            written = _Unknown.MISSING
    alias = field.get("serialization_alias") if part.by_alias else None
    location = part.location.field(name, read, name if alias is None else alias)
    return part._replace(schema=field["schema"], location=location, written=written)


def _is(type_: type, value: Any) -> bool:
    """As `isinstance`, which would narrow `Any` to a type with unknown parameters."""
    return isinstance(value, type_)


def _member(part: _Part, name: str | int, value: Any, schema: Schema) -> _Part:
    written: Any = UNKNOWN
    if _is(dict, part.written):
        written = part.written.get(str(name), UNKNOWN)
    return part._replace(
        value=value, schema=schema, location=part.location.at(name), written=written
    )


def _elements(part: _Part, schema_at: Callable[[int], Schema]) -> Iterator[_Part]:
    values = list(part.value)
    written: Sequence[Any] = part.written if _is(list, part.written) else ()
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
