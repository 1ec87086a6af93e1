"""Documents: the texts that rows are extracted from, and the files that hold them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from glob import escape
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partialstream.etl.inputs.files import matching_files
from partialstream.etl.inputs.tables import READERS, did_you_mean
from partialstream.spelling import names_meant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from partialstream.etl.inputs.files import FoundFile
    from partialstream.etl.inputs.tables import TableRow


@dataclass(frozen=True, slots=True)
class Document:
    """A text to extract rows from.

    Attributes:
        id: Identifies the document in the journal and in the sink; unique within a job.
        text: The text.
        metadata: Further values, for the prompt.
        problem: Why the text could not be read; None if it could. Such a document is not sent to
            the model: it fails, and its dead letter has this reason.

    Raises:
        TypeError: The id or the text is not a str.
        ValueError: The id is empty, or cannot be encoded as UTF-8.

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
    root: str | os.PathLike[str] | None = None,
) -> Iterator[Document]:
    """Read documents from files, one at a time.

    In a file with the suffix `.jsonl`, `.ndjson`, `.csv`, `.tsv` or `.parquet` each row is a
    document. Any other file is one document; its id is its path below the folder that the pattern
    begins with, and its text is exactly what is in the file, line endings and a byte order mark
    included (`encoding="utf-8-sig"` drops the mark).

    What cannot be read (a file that is not valid UTF-8, a line that is not valid JSON, a row
    without a text) is a document with a `problem`; its id is its own or `file:line`.

    Args:
        source: A path, or a pattern: `"docs/**/*.txt"`, where `**` stands for any number of
            folders. Hidden files and folders match only a pattern that begins with a dot, and
            `**` does not follow symbolic links to folders.
        id: The column, or the JSON member, that holds the id of a row. Integers become text.
        text: The one that holds its text. All others become its `metadata`.
        encoding: The encoding of text files.
        root: The folder that the ids of files are relative to; None for the one that the pattern
            begins with. Give one where files of several patterns could have the same name.

    Returns:
        The documents. The files of a folder come in the order of their names, then those of its
        subfolders; the names of one folder at a time are held in memory, and one text.

    Raises:
        FileNotFoundError: No file matches.
        IsADirectoryError: The path is a folder.
        TypeError: `source` is neither a str nor a path.
        LookupError: There is no such encoding.
        ValueError: `**` stands within a name; or, when that file is reached, a table does not have
            these columns.
        ModuleNotFoundError: Parquet is to be read, and the extra `parquet` is not installed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = Path(folder, "note-1.txt").write_text("3 x Lamp")
        ...     [document] = documents(f"{folder}/*.txt")
        >>> document
        Document(id='note-1.txt', text='3 x Lamp', metadata={}, problem=None)
    """
    given: Any = source
    if not isinstance(given, (str, os.PathLike)):
        raise TypeError(
            f"documents() takes a path or a pattern, not {type(given).__name__}; "
            "for several, use itertools.chain"
        )
    pattern = os.fspath(source)
    "".encode(encoding)  # an unknown one is an error here, not in a dead letter
    files = matching_files(pattern, None if root is None else os.fspath(root))
    first = next(files, None)
    if first is None:
        if os.path.isdir(pattern):
            suffix = Path(pattern).suffix.lower()  # a sink of Parquet files is such a folder
            inside = (f"*{suffix}",) if suffix in READERS else ("**", "*.txt")
            example = os.path.join(escape(pattern), *inside)
            raise IsADirectoryError(f"{pattern!r} is a folder; use a pattern, such as {example!r}")
        hint = "; '~' is not expanded, use os.path.expanduser" if pattern.startswith("~") else ""
        raise FileNotFoundError(f"no file matches {pattern!r}{hint}")
    return _documents(chain([first], files), id, text, encoding)


def _documents(
    files: Iterable[FoundFile], id_: str, text: str, encoding: str
) -> Iterator[Document]:
    for file in files:
        if file.error is not None:
            yield _unreadable(file, file.error)
        elif Path(file.path).suffix.lower() in READERS:
            yield from _table(file, id_, text, encoding)
        else:
            yield _text_file(file, encoding)


def _text_file(file: FoundFile, encoding: str) -> Document:
    try:
        # Without translation of line endings: offsets in the text are offsets in the file.
        with open(file.path, encoding=encoding, newline="") as opened:
            return Document(file.name, opened.read())
    except (OSError, UnicodeError) as error:
        return _unreadable(file, error)


def _table(file: FoundFile, id_: str, text: str, encoding: str) -> Iterator[Document]:
    rows = READERS[Path(file.path).suffix.lower()](file.path, (id_, text), encoding)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except (OSError, UnicodeError) as error:  # the rest of the file cannot be read
            yield _unreadable(file, error)
            return
        yield _document(row, id_, text, f"{file.name}:{row.number}")


def _unreadable(file: FoundFile, error: Exception) -> Document:
    return Document(file.name, "", problem=f"cannot be read: {error}")


def _document(row: TableRow, id_: str, text: str, place: str) -> Document:
    """The document of a row; `place` is its id if it has none."""
    values = row.values
    metadata = {name: value for name, value in values.items() if name not in (id_, text)}
    own: Any = values.get(id_)
    content: Any = values.get(text)
    if isinstance(own, int) and not isinstance(own, bool):
        own = str(own)
    problem = row.problem
    if problem is None and not isinstance(own, str):
        problem = f"has no {id_!r}{did_you_mean([id_], metadata)}"
        if own is not None:
            problem = f"its {id_!r} is neither a text nor an integer, but {type(own).__name__}"
    elif problem is None and not isinstance(content, str):
        problem = f"has no text in {text!r}{did_you_mean([text], metadata)}"
        if content is not None:
            problem = f"its {text!r} is not a text, but {type(content).__name__}"
    try:
        return Document(
            own if isinstance(own, str) else place,
            content if problem is None and isinstance(content, str) else "",
            metadata,
            problem,
        )
    except ValueError as error:
        return Document(place, "", metadata, problem=f"its {id_!r} cannot be used: {error}")
