"""Sinks by their names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from partialstream.etl.sinks.base import Sink
from partialstream.etl.sinks.jsonl import JSONLines

_KNOWN = (
    "a path that ends with .jsonl or .parquet, a database and a table "
    '("sqlite:///rows.db#rows"), or an object with the methods of a Sink'
)


def sink_of(spec: str | os.PathLike[str] | Sink) -> Sink:
    """The sink that is meant.

    Raises:
        TypeError: It is neither a name nor a sink.
        ValueError: There is no such kind of sink, or the table is missing.
        ModuleNotFoundError: Its extra is not installed.

    Example:
        >>> sink_of("rows.jsonl").name
        'jsonl rows.jsonl'
    """
    given: Any = spec
    if isinstance(given, str) and "://" in given:
        url, _, table = given.rpartition("#")
        if not url or not table:
            raise ValueError(f"sink= names no table; write it behind the database: {'…#rows'!r}")
        # Imported where it is needed: neither comes with the package itself.
        from partialstream.etl.sinks.sql import SQLTable

        return SQLTable(url, table)
    if isinstance(given, (str, os.PathLike)):
        path = os.fspath(cast("str | os.PathLike[str]", given))
        suffix = Path(path).suffix.lower()
        if suffix in (".jsonl", ".ndjson"):
            return JSONLines(path)
        if suffix == ".parquet":
            from partialstream.etl.sinks.parquet import Parquet

            return Parquet(path)
        raise ValueError(f"sink= must be {_KNOWN}, not {path!r}")
    if not isinstance(given, Sink):
        raise TypeError(f"sink= must be {_KNOWN}, not {given!r}")
    return given
