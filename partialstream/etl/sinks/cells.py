"""The values of a row by column."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from partialstream.etl.sinks.columns import KEY_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partialstream.etl.sinks.base import SinkRow
    from partialstream.etl.sinks.columns import Column, Kind


def cells(columns: Sequence[Column], document: str, row: SinkRow) -> dict[str, Any]:
    """A row's values by column name; JSON values are parsed.

    Raises:
        ValueError: The row has a member without a column, as a serializer may write it, or a value
            that its column cannot hold.
    """
    members = row.members
    known = {column.name for column in columns[len(KEY_COLUMNS) :]}
    if not members.keys() <= known:
        extra = sorted(members.keys() - known)
        raise ValueError(f"there is no column for {', '.join(map(repr, extra))}")
    members |= {"document": document, "row": row.index}
    return {column.name: _cell(members.get(column.name), column.kind) for column in columns}


def _cell(value: Any, kind: Kind) -> Any:
    read = _READERS.get(kind)
    return value if value is None or read is None else read(value)


_READERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    "date": date.fromisoformat,
    "number": float,  # JSON may write it as an integer
}
"""Converts a JSON value other than null to the value of a column."""
