"""A table of a database, through SQLAlchemy."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from partialstream.etl.errors import RowsRefusedError, SinkError
from partialstream.etl.sinks.cells import cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import URL, Connection, Engine, Table
    from sqlalchemy.types import TypeEngine

    from partialstream.etl.sinks.base import Batch, DocumentRows
    from partialstream.etl.sinks.columns import Column, Kind

_AT_ONCE: Final = 500
"""Rows, and documents, of one statement."""


class SQLTable:
    """Writes rows into a table, and replaces the rows of a document that comes again.

    The table is made if there is none, with `document` and `row` as its primary key. One that is
    there must have the same columns: nothing is migrated. Lists, objects and unions are JSON
    columns. Needs the extra `sql`, and the database's driver.

    Args:
        url: The database, as SQLAlchemy names it: `"sqlite:///rows.db"`,
            `"postgresql://user@host/database"`.
        table: The table.
    """

    can_replace = True
    batch_rows = 1

    def __init__(self, url: str, table: str) -> None:
        import sqlalchemy

        parsed = sqlalchemy.make_url(url)
        if parsed.drivername == "postgresql" and find_spec("psycopg2") is None:
            parsed = parsed.set(drivername="postgresql+psycopg")
        self._name = table
        self.name = _public_name(parsed, table)
        self._engine: Engine = sqlalchemy.create_engine(parsed)
        self._columns: Sequence[Column] = ()
        self._table: Table

    def open(self, columns: Sequence[Column], state: str | None) -> None:
        """See `Sink`."""
        import sqlalchemy
        from sqlalchemy.exc import SQLAlchemyError

        del state
        self._columns = columns
        self._table = sqlalchemy.Table(
            self._name,
            sqlalchemy.MetaData(),
            *(
                sqlalchemy.Column(
                    name,
                    _type(kind),
                    primary_key=name in _KEY,
                    autoincrement=False,
                    nullable=nullable,
                )
                for name, kind, nullable in columns
            ),
        )
        try:
            there = sqlalchemy.inspect(self._engine)
            if there.has_table(self._name):
                self._compare(there.get_columns(self._name))
            else:
                self._table.create(self._engine)
        except SQLAlchemyError as error:
            raise SinkError(f"{self.name} cannot be opened: {_said_by(error)}") from error

    def _compare(self, found: Sequence[Any]) -> None:
        """Refuse a table with other columns.

        Raises:
            SinkError: It has.
        """
        there = {each["name"]: each["type"] for each in found}
        problems = [f"no column {name!r}" for name, _, _ in self._columns if name not in there]
        ours = {column.name for column in self._columns}
        problems += [f"a column {name!r} that no row has" for name in there if name not in ours]
        for name, kind, _ in self._columns:
            wanted = _type(kind)
            if name in there and _python_type(there[name]) != _python_type(wanted):
                problems.append(f"a column {name!r} of type {there[name]}, not {wanted}")
        if problems:
            raise SinkError(
                f"the table of {self.name} has {', '.join(problems)}; tables are not migrated: "
                "change or remove it, or name another"
            )

    def deliver(self, batch: Batch) -> None:
        """See `Sink`."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._engine.begin() as connection:
                self._store(connection, batch.documents)
        except Exception as error:
            if not _is_of_the_data(error):
                if isinstance(error, SQLAlchemyError):
                    raise SinkError(f"{self.name} cannot be written: {_said_by(error)}") from error
                raise
            for document in batch.documents:
                self._check(document)
            raise SinkError(f"{self.name} cannot be written: {_said_by(error)}") from error

    def _check(self, document: DocumentRows) -> None:
        """Refuse a document that cannot be stored by itself; nothing is stored here."""
        with self._engine.connect() as connection:
            try:
                self._store(connection, [document])
            except Exception as error:
                if _is_of_the_data(error):
                    raise RowsRefusedError(document.id, _said_by(error)) from error
                raise
            finally:
                connection.rollback()

    def _store(self, connection: Connection, documents: Iterable[DocumentRows]) -> None:
        table = self._table
        for some in _chunks(documents):
            ids = [document.id for document in some]
            connection.execute(table.delete().where(table.c["document"].in_(ids)))
            for rows in _chunks(row for document in some for row in self._rows(document)):
                connection.execute(table.insert(), rows)

    def _rows(self, document: DocumentRows) -> Iterator[dict[str, Any]]:
        for row in document.rows:
            yield cells(self._columns, document.id, row)

    def close(self) -> None:
        """See `Sink`."""
        self._engine.dispose()


_KEY: Final = ("document", "row")


def _public_name(url: URL, table: str) -> str:
    """What tells a table from others, without who asks and by which driver."""
    server = f"{url.host or ''}:{url.port}" if url.port else url.host or ""
    return f"{url.get_backend_name()}://{server}/{url.database or ''}#{table}"


def _type(kind: Kind) -> TypeEngine[Any]:
    import sqlalchemy

    types: dict[Kind, TypeEngine[Any]] = {
        "text": sqlalchemy.Text(),
        "integer": sqlalchemy.BigInteger(),
        "number": sqlalchemy.Double(),
        "boolean": sqlalchemy.Boolean(),
        "date": sqlalchemy.Date(),
        "json": sqlalchemy.JSON(none_as_null=True),
    }
    return types[kind]


def _python_type(type_: TypeEngine[Any]) -> type[Any] | None:
    """The Python type of a column's values, for a comparison; None if nobody knows."""
    try:
        python_type: type[Any] = type_.python_type
        return python_type
    except NotImplementedError:
        return None


def _is_of_the_data(error: Exception) -> bool:
    """Whether other rows could be stored: neither the database nor the way to it has failed."""
    from sqlalchemy import exc

    if isinstance(error, exc.DBAPIError):
        return isinstance(error, (exc.DataError, exc.IntegrityError, exc.NotSupportedError))
    # What a driver or a column's type raises for a value that it cannot take.
    return isinstance(error, (exc.StatementError, ValueError, OverflowError, TypeError))


def _said_by(error: Exception) -> str:
    """An error without the statement and its parameters, which are the user's data."""
    inner = getattr(error, "orig", None) or error
    return f"{type(inner).__name__}: {inner}"


def _chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(values)
    while some := list(islice(iterator, _AT_ONCE)):
        yield some
