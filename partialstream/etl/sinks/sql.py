"""A database table, through SQLAlchemy."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from partialstream.etl.errors import SinkError
from partialstream.etl.sinks.cells import cells
from partialstream.etl.sinks.refusals import check_documents
from partialstream.extras import requires_extra

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from sqlalchemy import URL, Connection, Engine, Table
    from sqlalchemy.types import TypeEngine

    from partialstream.etl.sinks.base import Batch, DocumentRows
    from partialstream.etl.sinks.columns import Column, Kind

_CHUNK_SIZE: Final = 500
"""The largest number of rows, or documents, of one statement."""


class SQLTable:
    """Writes rows to a table, and replaces the rows of a document that is delivered again.

    The table is created if it does not exist, with the primary key `(document, row)`. An existing
    one must have the same columns: tables are not migrated. A batch is stored in one transaction,
    which SQLite is told to sync (`synchronous=EXTRA`); of other databases their own settings
    decide, such as PostgreSQL's `synchronous_commit`. Lists, objects and unions are JSON
    columns. Needs the extra `sql` and the database's driver.

    Args:
        url: The URL of the database, as for SQLAlchemy: `"sqlite:///rows.db"`,
            `"postgresql://user@host/database"`.
        table: The name of the table; `"schema.table"` where the database has schemas.

    Raises:
        ValueError: The kind of database is unknown, or it is SQLite's in memory.
    """

    can_replace = True
    batch_rows = 1

    def __init__(self, url: str, table: str) -> None:
        with requires_extra("sql", "a database as a sink"):
            from sqlalchemy import event

        parsed = _parsed(url)
        self._schema, self._name = _schema_and_name(parsed, table)
        self.name = _public_name(parsed, table)
        self.path = _file_of(parsed)
        self._engine: Engine = _engine(parsed)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _sync_commits)
        self._columns: Sequence[Column] = ()
        self._table: Table

    def open(self, columns: Sequence[Column], state: str | None) -> None:
        """See `Sink`; the state is the number of the last marked batch."""
        import sqlalchemy

        self._columns = columns
        self._check_names([self._name, *(column.name for column in columns)])
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
            schema=self._schema,
        )
        with self._errors("opened"):
            inspector = sqlalchemy.inspect(self._engine)
            if inspector.has_table(self._name, self._schema):
                self._check_columns(inspector.get_columns(self._name, self._schema))
            elif state is not None:
                raise SinkError(
                    f"the table of {self.name} was removed after rows were delivered to it; "
                    "restore it, or begin a new journal"
                )
            else:
                self._table.create(self._engine)

    def _check_names(self, names: Sequence[str]) -> None:
        """Check that the database neither truncates a name nor takes two names for the same.

        Raises:
            SinkError: It does.
        """
        dialect = self._engine.dialect
        if dialect.name == "postgresql":
            for name in names:
                if len(name.encode()) > dialect.max_identifier_length:
                    raise SinkError(
                        f"{self.name} cannot have the name {name!r}: it is longer than "
                        f"{dialect.max_identifier_length} bytes"
                    )
        else:
            known: dict[str, str] = {}
            for name in names[1:]:
                other = known.setdefault(name.lower(), name)
                if other != name:
                    raise SinkError(
                        f"{self.name} cannot have the columns {other!r} and {name!r}: "
                        f"{dialect.name} does not distinguish upper and lower case"
                    )

    def _check_columns(self, found: Sequence[Any]) -> None:
        """Compare the columns of an existing table.

        Raises:
            SinkError: They differ.
        """
        existing = {each["name"]: each["type"] for each in found}
        required = {each["name"] for each in found if not each["nullable"]}
        problems = [f"no column {name!r}" for name, _, _ in self._columns if name not in existing]
        ours = {column.name for column in self._columns}
        problems += [f"a column {name!r} that no row has" for name in existing if name not in ours]
        for name, kind, nullable in self._columns:
            if nullable and name in required:
                problems.append(f"a column {name!r} that cannot be NULL")
            wanted = _type(kind)
            if name in existing and _python_type(existing[name]) != _python_type(wanted):
                problems.append(f"a column {name!r} of type {existing[name]}, not {wanted}")
        if problems:
            raise SinkError(
                f"the table of {self.name} has {', '.join(problems)}; tables are not migrated: "
                "change or remove it, or name another"
            )

    def deliver(self, batch: Batch) -> str:
        """See `Sink`; the state is the number of the batch."""
        with self._errors("written"):
            try:
                with self._engine.begin() as connection:
                    self._store(connection, batch.documents)
            except Exception as error:
                if _is_data_error(error):
                    check_documents(batch.documents, self._refusal)
                raise
        return str(batch.number)

    @contextmanager
    def _errors(self, done: str) -> Generator[None]:
        """Translate SQLAlchemy's errors."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except SQLAlchemyError as error:
            raise SinkError(f"{self.name} cannot be {done}: {_describe(error)}") from error

    def _refusal(self, document: DocumentRows) -> str | None:
        """Why a document cannot be stored; None if it can be. Nothing is stored."""
        with self._engine.connect() as connection:
            try:
                self._store(connection, [document])
            except Exception as error:
                if _is_data_error(error):
                    return _describe(error)
                raise
            finally:
                connection.rollback()
        return None

    def _store(self, connection: Connection, documents: Iterable[DocumentRows]) -> None:
        table = self._table
        for some in _chunks(documents):
            replaced = [document.id for document in some if document.replace]
            if replaced:
                connection.execute(table.delete().where(table.c["document"].in_(replaced)))
            for document in some:
                if not document.replace:
                    self._delete_rows(connection, document)
            for rows in _chunks(row for document in some for row in self._rows(document)):
                connection.execute(table.insert(), rows)

    def _delete_rows(self, connection: Connection, document: DocumentRows) -> None:
        """Delete the rows that the new ones replace, if an earlier run has stored some of them."""
        columns = self._table.c
        for rows in _chunks(document.rows):
            connection.execute(
                self._table.delete().where(
                    columns["document"] == document.id,
                    columns["row"].in_([row.index for row in rows]),
                )
            )

    def _rows(self, document: DocumentRows) -> Iterator[dict[str, Any]]:
        for row in document.rows:
            yield cells(self._columns, document.id, row)

    def close(self) -> None:
        """See `Sink`."""
        self._engine.dispose()


def _file_of(url: URL) -> Path | None:
    """The file of an SQLite database.

    Raises:
        ValueError: The database is in memory: its rows would be lost with the program.
    """
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or ":memory:" in url.database:
        raise ValueError('sink= is a database in memory; name a file, as "sqlite:///rows.db#rows"')
    return Path(url.database)


def _parsed(url: str) -> URL:
    """A URL as SQLAlchemy reads it.

    Raises:
        ValueError: It is not one.
    """
    import sqlalchemy
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = sqlalchemy.make_url(url)
    except ArgumentError as error:
        raise ValueError(f"sink= is not the URL of a database: {error}") from error
    if parsed.drivername == "postgresql" and find_spec("psycopg2") is None:
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL) -> Engine:
    """The engine of a database, which connects later.

    Raises:
        ValueError: SQLAlchemy does not know the kind of database.
        ModuleNotFoundError: The driver of the database is not installed.
    """
    import sqlalchemy
    from sqlalchemy.exc import NoSuchModuleError

    try:
        return sqlalchemy.create_engine(
            url,
            hide_parameters=True,  # errors would quote the rows, and end up in logs
            pool_pre_ping=True,  # minutes may pass between batches, and connections be closed
        )
    except NoSuchModuleError as error:
        meant = "; write postgresql://" if url.drivername == "postgres" else ""
        raise ValueError(
            f"sink= names the database {url.drivername!r}, which SQLAlchemy does not know{meant}"
        ) from error
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"sink= needs {error.name}, the driver of the database, which is not installed",
            name=error.name,
        ) from error


_KEY: Final = ("document", "row")


def _sync_commits(connection: Any, _: Any) -> None:
    """Have SQLite sync the folder as well when a transaction is committed."""
    connection.execute("PRAGMA synchronous = EXTRA")


def _schema_and_name(url: URL, table: str) -> tuple[str | None, str]:
    """The schema, None for the default, and the name of a table; SQLite has no schemas."""
    schema, dot, name = table.partition(".")
    if not dot or url.get_backend_name() == "sqlite":
        return None, table
    return schema, name


def _public_name(url: URL, table: str) -> str:
    """The name of a table, without user, password and driver."""
    file = _file_of(url)
    if file is not None:
        return f"sqlite:///{file}#{table}"
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
    """The Python type of a column's values, None if it is not known."""
    try:
        python_type: type[Any] = type_.python_type
        return python_type
    except NotImplementedError:
        return None


def _is_data_error(error: Exception) -> bool:
    """Whether the rows caused the error, rather than the database or the connection."""
    from sqlalchemy import exc

    if isinstance(error, exc.DBAPIError):
        data_errors = (exc.DataError, exc.IntegrityError, exc.NotSupportedError)
        # Class 54: a limit of the database is exceeded, such as that of an index for a long id.
        state: str = getattr(error.orig, "sqlstate", None) or ""
        return isinstance(error, data_errors) or state.startswith("54")
    # Raised by drivers and column types for values that they do not accept.
    return isinstance(error, (exc.StatementError, ValueError, OverflowError, TypeError))


def _describe(error: Exception) -> str:
    """The first line of the error: what follows, and the statement, may hold rows."""
    inner = getattr(error, "orig", None) or error
    return f"{type(inner).__name__}: {str(inner).partition(chr(10))[0]}"


def _chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(values)
    while some := list(islice(iterator, _CHUNK_SIZE)):
        yield some
