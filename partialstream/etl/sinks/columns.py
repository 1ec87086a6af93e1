"""The columns of a type, by the JSON schema of what is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["text", "integer", "number", "boolean", "date", "json"]


class Column(NamedTuple):
    """A column.

    Attributes:
        name: Its name: `document`, `row`, or a field's.
        kind: What its values are; all that no database has is `json`: lists, objects, and values
            of several kinds. Decimals, times and date-times are text, as pydantic writes them: a
            column has a fixed number of digits, and a time zone or none.
        nullable: Whether there may be none.
    """

    name: str
    kind: Kind
    nullable: bool = False


PLACE: Final = (Column("document", "text"), Column("row", "integer"))
"""The columns that come first."""

_KINDS: Final[dict[str, Kind]] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}


def columns_of(schema: Mapping[str, Any]) -> list[Column]:
    """The columns for a type; of a union of objects those of all.

    Args:
        schema: The JSON schema of what is written, as pydantic makes it.

    Returns:
        The columns, `document` and `row` first. What is not an object has one called `value`.

    Raises:
        ValueError: A field has the name of one of the first columns.

    Example:
        >>> from pydantic import BaseModel, TypeAdapter
        >>> class Row(BaseModel):
        ...     article: str
        ...     count: int | None = None
        ...     tags: list[str] = []
        >>> for column in columns_of(TypeAdapter(Row).json_schema(mode="serialization"))[2:]:
        ...     print(*column)
        article text False
        count integer True
        tags json False
    """
    definitions: Mapping[str, Any] = schema.get("$defs", {})
    objects = [_resolved(each, definitions) for each in _alternatives(schema, definitions)]
    if not all(each.get("type") == "object" and "properties" in each for each in objects):
        return [*PLACE, _column("value", schema, definitions)]
    found: dict[str, Column] = {}
    for each in objects:
        for name, member in each["properties"].items():
            column = _column(name, member, definitions)
            before = found.get(name, column)
            same = column.kind == before.kind
            nullable = column.nullable or before.nullable or not _is_in_all(name, objects)
            found[name] = Column(name, column.kind if same else "json", nullable)
    for column in PLACE:
        if column.name in found:
            raise ValueError(
                f"a field is called {column.name!r}, which is the name of a column that is added; "
                "call the field otherwise"
            )
    return [*PLACE, *found.values()]


def _is_in_all(name: str, objects: Sequence[Mapping[str, Any]]) -> bool:
    """Whether each of the objects is sure to have it."""
    # One that has a default is not required, and is written all the same.
    return all(
        name in each["properties"]
        and (name in each.get("required", ()) or "default" in each["properties"][name])
        for each in objects
    )


def _alternatives(
    schema: Mapping[str, Any], definitions: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    resolved = _resolved(schema, definitions)
    for word in ("anyOf", "oneOf"):
        if word in resolved:
            alternatives = cast("list[Mapping[str, Any]]", resolved[word])
            return [inner for each in alternatives for inner in _alternatives(each, definitions)]
    return [resolved]


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    return schema


def _column(name: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Column:
    alternatives = _alternatives(schema, definitions)
    kinds: set[Kind] = {_kind(each) for each in alternatives if each.get("type") != "null"}
    nullable = any(each.get("type") == "null" for each in alternatives)
    kind: Kind = kinds.pop() if len(kinds) == 1 else "json"
    return Column(name, kind, nullable)


def _kind(schema: Mapping[str, Any]) -> Kind:
    given = schema.get("type")
    if given is None and "const" in schema:
        constant: object = schema["const"]
        given = _TYPES.get(type(constant))
    if given == "string":
        return "date" if schema.get("format") == "date" else "text"
    return _KINDS.get(given, "json") if isinstance(given, str) else "json"


_TYPES: Final[dict[type, str]] = {str: "string", bool: "boolean", int: "integer", float: "number"}
