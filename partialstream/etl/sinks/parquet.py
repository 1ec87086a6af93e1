"""A folder of Parquet files with many documents each."""

from __future__ import annotations

import json
import os
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from partialstream.etl.errors import SinkError
from partialstream.etl.sinks.cells import cells
from partialstream.etl.sinks.folders import make_folder, sync_folder
from partialstream.etl.sinks.refusals import check_documents
from partialstream.extras import requires_extra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partialstream.etl.sinks.base import Batch, DocumentRows
    from partialstream.etl.sinks.columns import Column, Kind

_PART: Final = re.compile(r"\.?part-(\d+)\.parquet")


class Parquet:
    """Writes part files into a folder: `part-000001.parquet`, ...

    A file is written under a name that begins with a dot, which readers of such folders ignore,
    synced, and renamed. Lists and objects are stored as JSON text. Rows cannot be replaced. Needs
    the extra `parquet`.

    Args:
        path: The folder, created if it does not exist. It must not have Parquet files when the
            journal is new.
        batch_rows: The number of rows at which a file is full. Rows stay in the journal until then,
            or until the run ends.
    """

    can_replace = False

    def __init__(self, path: str | os.PathLike[str], *, batch_rows: int = 50_000) -> None:
        if batch_rows < 1:
            raise ValueError(f"batch_rows must be at least 1, not {batch_rows}")
        # Imported here, so that a missing package is reported before any request. It has no types.
        with requires_extra("parquet", "a sink of Parquet files"):
            self._arrow: Any = import_module("pyarrow")
            self._parquet: Any = import_module("pyarrow.parquet")
        self.path = Path(path)
        self.name = f"parquet {self.path}"
        self.batch_rows = batch_rows
        self._folder = Path(path)
        self._columns: Sequence[Column] = ()
        self._schema: Any = None
        self._parts = 0

    def open(self, columns: Sequence[Column], state: str | None) -> str:
        """See `Sink`; the state is the number of the last marked batch, and that of the parts."""
        self._columns = columns
        self._schema = self._arrow.schema(
            [(name, self._type(kind), nullable) for name, kind, nullable in columns]
        )
        last, count = (0, 0) if state is None else map(int, state.split())
        if self._folder.exists() and not self._folder.is_dir():
            raise SinkError(f"{self._folder} exists and is not a folder")
        make_folder(self._folder)
        self._parts = 0
        for path in self._folder.iterdir():
            part = _PART.fullmatch(path.name)
            if state is None and path.suffix == ".parquet":
                raise SinkError(
                    f"{path} exists, and this journal did not write it; remove it, or use the "
                    "journal that it belongs to"
                )
            if part is not None and int(part[1]) > last:
                path.unlink()  # of a batch that was not marked; it is delivered again
            elif part is not None:
                self._parts += 1
        if self._parts < count:
            raise SinkError(
                f"{self._folder} has {self._parts} part files, and {count} according to the "
                "journal: it was changed or removed meanwhile; restore it, or begin a new journal"
            )
        return f"{last} {count}"

    def _type(self, kind: Kind) -> Any:
        arrow = self._arrow
        types = {
            "integer": arrow.int64,
            "number": arrow.float64,
            "boolean": arrow.bool_,
            "date": arrow.date32,
        }
        return types.get(kind, arrow.string)()

    def deliver(self, batch: Batch) -> str:
        """See `Sink`; the state is that of `open`."""
        try:
            table = self._table(batch.documents)
        except self._refusals as error:
            check_documents(batch.documents, self._refusal)
            raise SinkError(f"rows cannot be written as Parquet: {error}") from error
        if table.num_rows:
            self._write(table, batch.number)
            self._parts += 1
        return f"{batch.number} {self._parts}"

    def _write(self, table: Any, number: int) -> None:
        name = f"part-{number:06}.parquet"
        hidden = self._folder / f".{name}"
        try:
            with hidden.open("wb") as file:
                self._parquet.write_table(table, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(hidden, self._folder / name)
        except OSError:
            hidden.unlink(missing_ok=True)
            raise
        sync_folder(self._folder)

    @property
    def _refusals(self) -> tuple[type[Exception], ...]:
        """The errors of Python and Arrow for values that a column cannot hold."""
        return (self._arrow.ArrowInvalid, self._arrow.ArrowTypeError, OverflowError, ValueError)

    def _refusal(self, document: DocumentRows) -> str | None:
        """Why a document cannot be stored; None if it can be."""
        try:
            self._table([document])
        except self._refusals as error:
            return f"cannot be written as Parquet: {error}"
        return None

    def _table(self, documents: Sequence[DocumentRows]) -> Any:
        values: dict[str, list[Any]] = {column.name: [] for column in self._columns}
        for document in documents:
            for row in document.rows:
                for name, value in cells(self._columns, document.id, row).items():
                    values[name].append(value)
        for column in self._columns:
            if column.kind == "json":
                values[column.name] = list(map(_json, values[column.name]))
            if not column.nullable and None in values[column.name]:
                raise ValueError(f"the column {column.name!r} has no value in some rows")
        return self._arrow.table(values, schema=self._schema)

    def close(self) -> None:
        """See `Sink`."""


def _json(value: Any) -> str | None:
    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
