"""Documents: what rows are extracted from, and where they are read."""

from __future__ import annotations

import csv
import glob
import json
import os
import sys
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from partialstream.spelling import names_meant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """A text to extract rows from.

    Attributes:
        id: What it is known by in the journal and in the sink; no two documents of a job share it.
        text: The text.
        metadata: What else is known of it, for a prompt.
        problem: Why the text could not be read; None if it could. Such a document is not sent to
            the model, and goes to the dead letters with this reason.

    Raises:
        TypeError: The id or the text is not a str.
        ValueError: The id is empty, or cannot be written as UTF-8.

    Example:
        >>> Document("note-1", "3 x Lamp").id
        'note-1'
    """

    id: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    problem: str | None = None

    def __post_init__(self) -> None:
        for name in ("id", "text"):
            given: Any = getattr(self, name)
            if not isinstance(given, str):
                raise TypeError(f"a document's {name} must be a str, not {type(given).__name__}")
        if not self.id:
            raise ValueError("a document's id must not be empty")
        try:
            self.id.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"a document's id must be valid Unicode: {error}") from error


@names_meant
def documents(
    source: str | os.PathLike[str],
    *,
    id: str = "id",  # as the column is called
    text: str = "text",
    encoding: str = "utf-8",
) -> Iterator[Document]:
    """Read documents from files, one at a time.

    A file with the suffix `.jsonl`, `.ndjson`, `.csv`, `.tsv` or `.parquet` has a document in each
    row; any other file is one document, and its id is its path below the folder that the pattern
    begins with. What cannot be read (a file that is not valid UTF-8, a line that is not valid
    JSON) is a document with a `problem`.

    Args:
        source: A path, or a pattern: `"docs/**/*.txt"`, where `**` is any number of folders.
        id: Name of the member, or the column, that holds a row's id. Numbers are written as text.
        text: Name of the one that holds its text. All others become its `metadata`.
        encoding: The encoding of text files.

    Returns:
        The documents; files are read as these are asked for, in the order of their names within
        each folder.

    Raises:
        FileNotFoundError: No file matches.
        ValueError: A table has no such column.
        ModuleNotFoundError: Parquet is to be read, and the extra `parquet` is not installed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = Path(folder, "note-1.txt").write_text("3 x Lamp")
        ...     [document] = documents(f"{folder}/*.txt")
        >>> document
        Document(id='note-1.txt', text='3 x Lamp', metadata={}, problem=None)
    """
    return _documents(os.fspath(source), id, text, encoding)


def _documents(pattern: str, id_: str, text: str, encoding: str) -> Iterator[Document]:
    root = _fixed_part(pattern)
    found = False
    for path in _files(pattern):
        found = True
        read = _ROWS.get(Path(path).suffix.lower())
        if read is None:
            yield _whole_file(path, root, encoding)
        else:
            yield from read(path, id_, text, encoding)
    if not found:
        raise FileNotFoundError(f"no file matches {pattern!r}")


def _files(pattern: str) -> Iterator[str]:
    if not glob.has_magic(pattern):
        return iter([pattern] if Path(pattern).is_file() else ())
    # All folders at once would be all names at once; a folder's own names are few enough to sort.
    return (path for path in _sorted_by_folder(glob.iglob(pattern, recursive=True)))


def _sorted_by_folder(paths: Iterator[str]) -> Iterator[str]:
    folder: str | None = None
    names: list[str] = []
    for path in paths:
        parent = os.path.dirname(path)
        if parent != folder:
            yield from sorted(names)
            folder, names = parent, []
        if os.path.isfile(path):
            names.append(path)
    yield from sorted(names)


def _fixed_part(pattern: str) -> str:
    """The folder that a pattern begins with, in which there is nothing to be matched."""
    if not glob.has_magic(pattern):
        return os.path.dirname(pattern)
    parts = Path(pattern).parts
    first = next(place for place, part in enumerate(parts) if glob.has_magic(part))
    return str(Path(*parts[:first]))


def _whole_file(path: str, root: str, encoding: str) -> Document:
    name = Path(os.path.relpath(path, root or ".")).as_posix()
    id_ = os.fsencode(name).decode("utf-8", "backslashreplace")
    try:
        # Line ends stay as they are: offsets in the text are those of the file.
        with open(path, encoding=encoding, newline="") as file:
            return Document(id_, file.read())
    except (OSError, UnicodeDecodeError) as error:
        return Document(id_, "", problem=f"cannot be read: {error}")


# -- files of rows -------------------------------------------------------------------------


def _jsonl(path: str, id_: str, text: str, encoding: str) -> Iterator[Document]:
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            where = f"{Path(path).name}:{number}"
            try:
                row = json.loads(line.decode(encoding))
            except (UnicodeDecodeError, ValueError) as error:
                yield Document(where, "", problem=f"cannot be read: {error}")
                continue
            if not isinstance(row, dict):
                yield Document(where, "", problem="cannot be read: the line is not a JSON object")
                continue
            yield _row(cast("dict[str, Any]", row), id_, text, where)


def _csv(path: str, id_: str, text: str, encoding: str) -> Iterator[Document]:
    # 128 KB by default, for all of the process, and a document may be longer.
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))
    delimiter = "\t" if path.lower().endswith(".tsv") else ","
    with open(path, encoding=encoding, newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        _check_columns(path, reader.fieldnames or (), id_, text)
        for row in reader:
            # Where a row has more fields than there are names, the rest is under None.
            given = {str(name): value for name, value in row.items() if name is not None}
            yield _row(given, id_, text, f"{Path(path).name}:{reader.line_num}")


def _parquet(path: str, id_: str, text: str, encoding: str) -> Iterator[Document]:
    del encoding  # it is part of the format
    parquet: Any = import_module("pyarrow.parquet")  # it has no types
    with parquet.ParquetFile(path) as file:
        _check_columns(path, file.schema_arrow.names, id_, text)
        number = 0
        for batch in file.iter_batches(batch_size=_BATCH):
            for row in batch.to_pylist():
                number += 1
                yield _row(row, id_, text, f"{Path(path).name}:{number}")


def _check_columns(path: str, names: Any, id_: str, text: str) -> None:
    missing = [name for name in (id_, text) if name not in names]
    if missing:
        there = ", ".join(map(repr, names)) or "none"
        raise ValueError(
            f"{path} has no column {' and no column '.join(map(repr, missing))}, but {there}; "
            "say with id= and text= which to read"
        )


def _row(row: dict[str, Any], id_: str, text: str, where: str) -> Document:
    """A document of a row; `where` names it if it has no id."""
    metadata = {name: value for name, value in row.items() if name not in (id_, text)}
    own, content = row.get(id_), row.get(text)
    if isinstance(own, int) and not isinstance(own, bool):
        own = str(own)
    if not isinstance(own, str) or not own:
        return Document(where, "", metadata, problem=f"has no {id_!r}")
    if not isinstance(content, str):
        return Document(own, "", metadata, problem=f"has no text in {text!r}")
    try:
        return Document(own, content, metadata)
    except ValueError as error:
        return Document(where, "", metadata, problem=str(error))


_BATCH: Final = 64
_LONGEST_FIELD: Final = min(sys.maxsize, 2**31 - 1)

_ROWS: Final[dict[str, Callable[[str, str, str, str], Iterator[Document]]]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": _parquet,
}
