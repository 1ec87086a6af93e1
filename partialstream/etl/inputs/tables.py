"""Rows of JSON Lines, CSV and Parquet files, read one at a time."""

from __future__ import annotations

import codecs
import csv
import json
import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from partialstream.extras import requires_extra
from partialstream.spelling import LEAST, similarity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


class TableRow(NamedTuple):
    """A row of a file.

    Attributes:
        number: The line that it begins in, or the row of a Parquet file; from 1.
        values: Its values by their names.
        problem: Why it could not be read; None if it could.
    """

    number: int
    values: Mapping[str, Any]
    problem: str | None = None


def read_jsonl(path: str, columns: Sequence[str], encoding: str) -> Iterator[TableRow]:
    """Rows of JSON Lines; blank lines are skipped."""
    del columns  # each row has its own
    with open(path, encoding=_without_bom(encoding), errors=_ESCAPE, newline="\n") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                _check_decoded(line, encoding)
                row = json.loads(line)
            except UnicodeError as error:
                yield TableRow(number, {}, f"cannot be read: {error}")
                continue
            except (ValueError, RecursionError) as error:
                yield TableRow(number, {}, f"is not valid JSON: {error}")
                continue
            if isinstance(row, dict):
                yield TableRow(number, cast("dict[str, Any]", row))
            else:
                yield TableRow(number, {}, "is not a JSON object")


def read_csv(path: str, columns: Sequence[str], encoding: str) -> Iterator[TableRow]:
    """Rows of a CSV or TSV file, whose first line names its columns.

    Raises:
        ValueError: It does not have these columns.
    """
    # 128 KB by default, for the whole process, and a document may be longer.
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))
    delimiter = "\t" if path.lower().endswith(".tsv") else ","
    with open(path, encoding=_without_bom(encoding), errors=_ESCAPE, newline="") as file:
        # Strict: a quote that is never closed would take the rest of the file for one field.
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        names: list[str] = next(reader, list[str]())
        if not names:
            raise ValueError(f"{path} does not begin with a line that names its columns")
        check_columns(path, names, columns, _other_delimiter(names, delimiter))
        while True:
            number = reader.line_num + 1
            try:
                fields = next(reader)
                _check_decoded("".join(fields), encoding)
            except StopIteration:
                return
            except (csv.Error, UnicodeError) as error:
                yield TableRow(number, {}, f"cannot be read: {error}")
                continue
            if not fields:  # a blank line
                continue
            values = dict(zip(names, fields, strict=False))
            problem = None
            if len(fields) != len(names):
                # An unquoted comma, mostly: what is before it is not the whole text.
                problem = f"has {len(fields)} fields, and there are {len(names)} columns"
            yield TableRow(number, values, problem)


def read_parquet(path: str, columns: Sequence[str], encoding: str) -> Iterator[TableRow]:
    """Rows of a Parquet file.

    Raises:
        ValueError: It does not have these columns.
        OSError: It is not a Parquet file.
        ModuleNotFoundError: The extra `parquet` is not installed.
    """
    del encoding  # it is part of the format
    with requires_extra("parquet", "reading Parquet files"):
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:
            names: list[str] = file.schema_arrow.names
            check_columns(path, names, columns)
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH):
                for values in batch.to_pylist():
                    number += 1
                    yield TableRow(number, values)
    except arrow.ArrowException as error:
        raise OSError(str(error)) from error


READERS: Final[dict[str, Callable[[str, Sequence[str], str], Iterator[TableRow]]]] = {
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
}
"""What reads the rows of a file, by its suffix."""


def check_columns(path: str, names: Sequence[str], columns: Sequence[str], hint: str = "") -> None:
    """Check that a file has these columns, each once.

    Args:
        path: The file.
        names: The columns that it has.
        columns: Those that it should have.
        hint: Why it may not have them, as the end of a message.

    Raises:
        ValueError: It does not.
    """
    missing = [name for name in columns if name not in names]
    if missing:
        there = ", ".join(map(repr, names)) or "none"
        raise ValueError(
            f"{path} has no column {' and no column '.join(map(repr, missing))}, but {there}; "
            f"say with id= and text= which to read{hint or did_you_mean(missing, names)}"
        )
    for name in columns:
        if names.count(name) > 1:
            raise ValueError(f"{path} has {names.count(name)} columns {name!r}")


def _other_delimiter(names: Sequence[str], delimiter: str) -> str:
    """A hint, if what is taken for one name has another delimiter in it."""
    [name, *more] = names
    if more or not any(other in name for other in ",;\t" if other != delimiter):
        return ""
    return "; the columns of .csv files are separated by commas, and those of .tsv files by tabs"


def did_you_mean(missing: Iterable[str], names: Iterable[str]) -> str:
    """The names that were probably meant, as the end of a message; `""` if there are none.

    Example:
        >>> did_you_mean(["id"], ["ID", "body"])
        "; did you mean 'ID'?"
    """
    given = list(names)
    meant: list[str] = []
    for name in missing:
        alike = [(similarity(_plain(name), _plain(other)), other) for other in given]
        best, other = max(alike, default=(0.0, ""))
        if best >= LEAST:
            meant.append(repr(other))
    return f"; did you mean {' and '.join(meant)}?" if meant else ""


def _plain(name: str) -> str:
    return name.strip().casefold()


def _without_bom(encoding: str) -> str:
    """The same encoding; a mark that spreadsheets write at the start of UTF-8 is not data."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


_ESCAPE: Final = "surrogateescape"
"""How files are decoded, so that one wrong byte spoils one row and not the rest of the file."""

_ESCAPED: Final = re.compile("[\udc80-\udcff]")


def _check_decoded(text: str, encoding: str) -> None:
    """Raise the `UnicodeDecodeError` for bytes that were not valid."""
    if _ESCAPED.search(text):
        text.encode(encoding, _ESCAPE).decode(encoding)


_BATCH: Final = 64
_LONGEST_FIELD: Final = min(sys.maxsize, 2**31 - 1)
