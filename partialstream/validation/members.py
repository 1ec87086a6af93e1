"""What parts the values of a type can have: the names of its fields, and paths that lead nowhere.

In doubt a part is possible: a validator may make anything of a value, and a custom type too.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from partialstream.validation.schema import (
    INNER,
    VALIDATORS,
    choices_of,
    names_of_field,
    resolve,
    unfold,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

    from partialstream.results import Path
    from partialstream.validation.schema import Definitions, Schema

_ANY: Final[Schema] = {"type": "any"}

_OWNERS: Final = ("model", "dataclass", "typed-dict")
"""Their validators are taken to return what they are given: an instance of the same class."""

_ARRAYS: Final = ("list", "set", "frozenset", "generator", "tuple")

_SCALARS: Final = frozenset(
    {
        *("none", "bool", "int", "float", "complex", "decimal", "str", "bytes", "url"),
        *("date", "time", "datetime", "timedelta", "multi-host-url", "uuid", "literal", "enum"),
    }
)


class _Case(NamedTuple):
    """One of the schemas that a value may be of, without what is around it."""

    schema: Schema
    config: Schema
    owner: type[Any] | None  # the class that has the fields

    @property
    def fields(self) -> dict[str, Schema] | None:
        """The fields by their names, None if it is not something with fields."""
        kind = self.schema["type"]
        if kind in ("model-fields", "typed-dict"):
            return dict(self.schema["fields"])
        if kind == "dataclass-args":
            return {field["name"]: field for field in self.schema["fields"]}
        return None

    @property
    def is_open(self) -> bool:
        """Whether it may have fields of any name."""
        extra = self.schema.get("extra_behavior", self.config.get("extra_fields_behavior"))
        return bool(extra == "allow" or "extras_schema" in self.schema)

    def part(self, step: str | int) -> list[Schema]:
        """What the part at a step may be; nothing if there can be no such part."""
        schema, kind, fields = self.schema, self.schema["type"], self.fields
        if fields is not None:
            computed = (each["property_name"] for each in schema.get("computed_fields", ()))
            if str(step) in fields:
                return [fields[str(step)]["schema"]]
            return [_ANY] if self.is_open or step in computed else []
        if kind in _ARRAYS:
            if not str(step).isdigit():
                return []
            if kind != "tuple":
                return [schema.get("items_schema", _ANY)]
            return _element(schema, int(step))
        if kind == "dict":
            return [schema.get("values_schema", _ANY)]
        return [] if kind in _SCALARS else [_ANY]


def _element(schema: Schema, index: int) -> list[Schema]:
    """What an element of a tuple may be."""
    elements: list[Schema] = schema["items_schema"]
    if schema.get("variadic_item_index") is not None:
        return elements
    return [elements[index]] if index < len(elements) else []


def _cases(
    schema: Schema,
    definitions: Definitions,
    config: Schema,
    owner: type[Any] | None = None,
    seen: frozenset[int] = frozenset(),
) -> Iterator[_Case]:
    """The schemas that a value may be of."""
    while schema["type"] == "definition-ref":
        schema = definitions[schema["schema_ref"]]
    if id(schema) in seen:
        return
    seen |= {id(schema)}
    kind = schema["type"]
    config = schema.get("config", config)
    owner = schema.get("cls", owner)
    inner: Iterable[Schema] = ()
    if kind == "chain":  # what its last step makes of the value
        inner = [_ANY]
    elif kind in VALIDATORS:
        around = resolve(schema["schema"], definitions)["type"]
        inner = [schema["schema"], *([] if around in (*_OWNERS, *VALIDATORS) else [_ANY])]
    elif kind == "nullable":
        inner = [schema["schema"]]
    elif kind in ("union", "tagged-union"):
        inner = choices_of(schema)
    elif kind in INNER:
        inner = [schema[INNER[kind]]]
    else:
        yield _Case(schema, config, owner)
    for each in inner:
        yield from _cases(each, definitions, config, owner, seen)


class Members(NamedTuple):
    """What the values of a type have, if they have it as objects."""

    fields: dict[str, set[str]]  # by each name, of a field or in the JSON text, whose it may be
    classes: list[type[Any]]  # those of the values
    is_open: bool  # whether there may be more than that


def members_of(schema: Schema) -> Members:
    """What the values of a schema have, whichever member of a union they are."""
    inner, definitions = unfold(schema)
    members = Members({}, [], is_open=False)
    for case in _cases(inner, definitions, {}):
        if case.fields is None:
            known = case.schema["type"] in (*_SCALARS, *_ARRAYS)
            members = members._replace(is_open=members.is_open or not known)
            continue
        members = members._replace(is_open=members.is_open or case.is_open)
        if case.owner is not None:
            members.classes.append(case.owner)
        for name, field in case.fields.items():
            config = case.schema.get("config", case.config)
            for each in (name, *names_of_field(name, field, config, inside=False)):
                members.fields.setdefault(each, set()).add(name)
    return members


def check_path(model: type[BaseModel], path: Path) -> None:
    """Refuse a path that no value of a model can have.

    Raises:
        ValueError: There is no such path.
    """
    message = _mistake(model, model.__pydantic_validator__, path)
    if message:
        raise ValueError(message)


@lru_cache(maxsize=256)
def _mistake(model: type[BaseModel], validator: object, path: Path) -> str:
    """What is wrong with a path, `""` if nothing; `validator` is another once it is rebuilt."""
    inner, definitions = unfold(model.__pydantic_core_schema__)
    cases = [*_cases(inner, definitions, {})]
    for step in path:
        parts = [(part, case.config) for case in cases for part in case.part(step)]
        if not parts:
            return _no_such(cases, step, path)
        cases = [each for part, config in parts for each in _cases(part, definitions, config)]
    return ""


def _no_such(cases: list[_Case], step: str | int, path: Path) -> str:
    whole = ".".join(map(str, path))
    where = f" (in {whole!r})" if len(path) > 1 else ""
    owners = [case for case in cases if case.fields is not None]
    if not owners:
        kinds = " or ".join(dict.fromkeys(case.schema["type"] for case in cases))
        return f"there is no {step!r} in a value of type {kinds}{where}"
    fields = list(dict.fromkeys(name for case in owners for name in case.fields or ()))
    names = " or ".join(dict.fromkeys(getattr(case.owner, "__name__", "?") for case in owners))
    return f"{names} has no field {step!r}{where}{suggestion(str(step), fields)}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """The rest of a message that a name is not known: a similar one, else all of them."""
    known = list(known)
    near = get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; its fields are {', '.join(map(repr, known))}" if known else "; it has no fields"
