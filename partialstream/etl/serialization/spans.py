"""Spans as JSON: the column `spans` of rows whose type has quotes.

A list with an object for each quote, in field order. The path leads to the quote in the row as it
is written:

    [{"path": ["name"], "start": 4, "end": 8, "match": "exact"}]
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from partialstream.results import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from partialstream.results import Path

SPANS: Final = "spans"
"""The name of the column."""


def spans_text(spans: Mapping[Path, Span], written: Mapping[Path, Path]) -> str:
    """Spans as JSON.

    Args:
        spans: The spans by the paths of their values.
        written: The path of a value in the row, for each value where that is another one.

    Example:
        >>> spans_text({("name",): Span(4, 8, "exact")}, {})
        '[{"path":["name"],"start":4,"end":8,"match":"exact"}]'
    """
    objects = [
        {
            "path": written.get(path, path),
            "start": span.start,
            "end": span.end,
            "match": span.match,
        }
        for path, span in spans.items()
    ]
    return json.dumps(objects, ensure_ascii=False, separators=(",", ":"))


def read_spans(column: str | Iterable[Mapping[str, Any]] | None) -> dict[Path, Span]:
    """The spans in the column `spans` of a row.

    Args:
        column: The value of the column, as JSON text or parsed.

    Returns:
        The spans by their paths in the row.

    Raises:
        ValueError: It is not a list of spans.

    Example:
        >>> read_spans('[{"path": ["name"], "start": 4, "end": 8, "match": "exact"}]')
        {('name',): Span(start=4, end=8, match='exact')}
    """
    objects: Any = json.loads(column) if isinstance(column, str) else column
    try:
        return {
            tuple(each["path"]): Span(each["start"], each["end"], each["match"])
            for each in objects or ()
        }
    except (TypeError, KeyError) as error:
        raise ValueError(f"not a list of spans: {objects!r}") from error


def with_spans(row: str, spans: str) -> str:
    """A row as a JSON object that begins with the column `spans`.

    Args:
        row: The row as a JSON object, without a member of that name.
        spans: The output of `spans_text`.

    Example:
        >>> with_spans('{"name":"Lamp"}', "[]")
        '{"spans":[],"name":"Lamp"}'
    """
    return f'{{"{SPANS}":{spans},{row[1:]}' if row[1] != "}" else f'{{"{SPANS}":{spans}}}'
