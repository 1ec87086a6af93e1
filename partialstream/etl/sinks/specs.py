"""Sinks from strings and paths."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any, cast

from partialstream.etl.sinks.base import Sink
from partialstream.etl.sinks.jsonl import JSONLines

_PLACES = (
    'a path that ends with .jsonl or .parquet, or a database and a table ("sqlite:///rows.db#rows")'
)


def sink_of(spec: str | os.PathLike[str] | Sink) -> Sink:
    """The sink for a `sink=` argument.

    Raises:
        TypeError: It is not a string, a path or a `Sink`.
        ValueError: The kind of sink is unknown, or the table is missing.
        ModuleNotFoundError: The extra of the sink is not installed.

    Example:
        >>> sink_of("rows.jsonl").name
        'jsonl rows.jsonl'
    """
    given: Any = spec
    if isinstance(given, str) and "://" in given:
        url, _, table = given.rpartition("#")
        if not url or not table:
            raise ValueError(
                f"sink= names no table; append it to the URL of the database: {'…#rows'!r}"
            )
        # Imported where they are needed: SQLAlchemy and pyarrow are optional.
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
        raise ValueError(f"sink= must be {_PLACES}, not {path!r}")
    if isinstance(given, type) or not isinstance(given, Sink):
        raise TypeError(
            f"sink= must be {_PLACES}, or an object with the methods of a Sink, not {given!r}"
        )
    for name in ("open", "deliver", "close"):
        if inspect.iscoroutinefunction(getattr(given, name)):
            raise TypeError(f"sink= must not have async methods, and {name} is one")
    return given


def file_of(sink: Sink) -> Path | None:
    """The file or folder that a sink of this package writes; None if there is none."""
    path = getattr(sink, "path", None)
    return path if isinstance(path, Path) else None


def name_in_journal(sink: Sink | None, journal: str) -> str:
    """The name that identifies a sink in its journal; "" for none.

    The path of a file or a folder is relative to the journal's folder, so that both can be moved.
    """
    if sink is None:
        return ""
    path = file_of(sink)
    if path is None:
        return sink.name
    try:
        relative = os.path.relpath(path, os.path.dirname(journal) or os.curdir)
    except ValueError:  # on Windows: they are on different drives
        return sink.name
    return sink.name.replace(os.fspath(path), Path(relative).as_posix())


def commits_rows(commit: Any, sink: Sink | None) -> bool:
    """Whether rows are delivered one by one, from the `commit=` argument.

    Raises:
        ValueError: `commit` is unknown, or the sink cannot replace rows.
    """
    if commit not in ("document", "row"):
        raise ValueError(f"commit must be 'document' or 'row', not {commit!r}")
    if commit == "row" and (sink is None or not sink.can_replace):
        what = "there is none" if sink is None else f"{sink.name!r} cannot"
        raise ValueError(
            f"commit='row' needs a sink that can replace rows, and {what}: use a database "
            "(\"sqlite:///rows.db#rows\"), or commit='document'"
        )
    return bool(commit == "row")
