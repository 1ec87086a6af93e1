"""The columns of a table, from the JSON schema of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from partialstream.etl.serialization.schema import alternatives, has_fields
from partialstream.etl.serialization.spans import SPANS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["text", "integer", "number", "boolean", "date", "json"]


class Column(NamedTuple):
    """A column.

    Attributes:
        name: `document`, `row`, or the name of a field.
        kind: The kind of its values. Lists, objects and values of several kinds are `json`.
            Decimals, times and date-times are text as pydantic writes them, since a database
            column would fix the number of digits and the time zone.
        nullable: Whether a value may be missing.
    """

    name: str
    kind: Kind
    nullable: bool = False


KEY_COLUMNS: Final = (Column("document", "text"), Column("row", "integer"))
"""The columns that identify a row. They come first."""

SPANS_COLUMN: Final = Column(SPANS, "json")
"""The column after these if fields are marked with `Quote`; see serialization/spans.py."""

_KINDS: Final[dict[str, Kind]] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}


def columns_of(schema: Mapping[str, Any], *, spans: bool = False) -> list[Column]:
    """The columns of a type; a union of objects has the columns of all of them.

    Args:
        schema: pydantic's JSON schema of the type, in serialization mode.
        spans: Whether rows have spans.

    Returns:
        The columns: `document` and `row`, then `spans` if rows have them, then the fields. Values
        that are not objects have the column `value`.

    Raises:
        ValueError: A field is called `document` or `row`, or `spans` if rows have them.

    Example:
        >>> from pydantic import BaseModel
        >>> from partialstream.etl.serialization.row_format import RowFormat
        >>> class Row(BaseModel):
        ...     article: str
        ...     count: int | None = None
        ...     tags: list[str] = []
        >>> for column in columns_of(RowFormat(Row, {}).schema())[2:]:
        ...     print(*column)
        article text False
        count integer True
        tags json False
    """
    first = [*KEY_COLUMNS, SPANS_COLUMN] if spans else KEY_COLUMNS
    definitions: Mapping[str, Any] = schema.get("$defs", {})
    if not has_fields(schema):
        return [*first, _column("value", schema, definitions)]
    objects = alternatives(schema, definitions)
    found: dict[str, Column] = {}
    for each in objects:
        for name, member in each["properties"].items():
            column = _column(name, member, definitions)
            before = found.get(name, column)
            same = column.kind == before.kind
            nullable = column.nullable or before.nullable or not _is_in_all(name, objects)
            found[name] = Column(name, column.kind if same else "json", nullable)
    for column in first:
        if column.name in found:
            raise ValueError(
                f"the field {column.name!r} has the name of a column that every row gets; "
                "rename the field"
            )
    return [*first, *found.values()]


def _is_in_all(name: str, objects: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every object always has this member."""
    return all(name in each.get("required", ()) for each in objects)


def _column(name: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Column:
    members = alternatives(schema, definitions)
    kinds: set[Kind] = {_kind(each) for each in members if each.get("type") != "null"}
    kind: Kind = kinds.pop() if len(kinds) == 1 else "json"
    return Column(name, kind, any(map(_may_be_null, members)))


def _kind(schema: Mapping[str, Any]) -> Kind:
    given = schema.get("type")
    if given is None and "const" in schema:
        constant: object = schema["const"]
        given = _TYPES.get(type(constant))
    if given == "string":
        return "date" if schema.get("format") == "date" else "text"
    return _KINDS.get(given, "json") if isinstance(given, str) else "json"


def _may_be_null(schema: Mapping[str, Any]) -> bool:
    given = schema.get("type")
    if given is not None:
        return given == "null" or "null" in given
    if "const" in schema:
        return schema["const"] is None
    return None in schema.get("enum", (None,))  # without all of these: `Any`


_TYPES: Final[dict[type, str]] = {str: "string", bool: "boolean", int: "integer", float: "number"}
