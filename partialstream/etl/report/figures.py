"""Numbers, durations and costs as short text, and tables of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def count(number: float) -> str:
    """A number of things, its thousands separated.

    Example:
        >>> count(12345), count(0.25), count(17.2)
        ('12,345', '0.25', '17')
    """
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.2g}"


def duration(seconds: float) -> str:
    """A duration in its two largest units.

    Example:
        >>> duration(0.04), duration(2.34), duration(59.7), duration(200), duration(7500)
        ('0.0 s', '2.3 s', '1 min 00 s', '3 min 20 s', '2 h 05 min')
        >>> duration(100 * 3600)
        '4 d 04 h'
    """
    if round(seconds, 1) < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = whole // 60
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    hours = minutes // 60
    return f"{hours // 24} d {hours % 24:02} h"


def dollars(cost: float) -> str:
    """US dollars: to the cent, smaller amounts to the hundredth of one.

    Example:
        >>> dollars(12.345), dollars(0.02134), dollars(0.00001), dollars(0.0)
        ('$12.35', '$0.0213', '<$0.0001', '$0.00')
    """
    if cost >= 0.1 or not cost:
        return f"${cost:,.2f}"
    return f"${cost:.4f}" if cost >= 0.0001 else "<$0.0001"


def plain_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as aligned text; the first column to the left, the others to the right.

    Example:
        >>> print(plain_table([("", "run"), ("rows", "12"), ("requests", "3")]))
                  run
        rows       12
        requests    3
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )
    return "\n".join(map(str.rstrip, lines))


def rich_table(rows: Sequence[Sequence[str]]) -> Any:
    """The same rows as a table of rich; the first is the header if its first cell is empty."""
    table: Any = import_module("rich.table").Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=not rows[0][0]
    )
    header, body = (rows[0], rows[1:]) if not rows[0][0] else (("",) * len(rows[0]), rows)
    for place, name in enumerate(header):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    for row in body:
        table.add_row(*row)
    return table
