"""Each kind of sink in a place of its own, and what is in it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RowsFound = set[tuple[str, int, str, int]]


class Place:
    """A sink, by its name in `spec`."""

    spec: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def objects(self) -> Sequence[dict[str, Any]]:
        """Its rows by the names of the columns."""
        raise NotImplementedError

    def rows(self) -> RowsFound:
        """Its rows, as `expected` has them."""
        return {
            (each["document"], each["row"], each["article"], each["count"])
            for each in self.objects()
        }

    def count(self) -> int:
        """How many there are."""
        return len(self.objects())


class JSONLPlace(Place):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.spec = str(folder / "rows.jsonl")

    def objects(self) -> Sequence[dict[str, Any]]:
        return lines(Path(self.spec))


class ParquetPlace(Place):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.spec = str(folder / "rows.parquet")

    def objects(self) -> Sequence[dict[str, Any]]:
        parquet: Any = import_module("pyarrow.parquet")
        if not any(path.name[0] != "." for path in Path(self.spec).glob("*.parquet")):
            return []
        found: list[dict[str, Any]] = parquet.read_table(self.spec).to_pylist()
        return found


class SQLitePlace(Place):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.spec = f"sqlite:///{folder}/rows.db#articles"

    def objects(self) -> Sequence[dict[str, Any]]:
        return select_all(self.spec)


class PostgreSQLPlace(Place):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._database = postgresql()

    def __enter__(self) -> Place:
        self.spec = f"{self._database.__enter__()}#articles"
        return self

    def __exit__(self, *error: Any) -> None:
        self._database.__exit__(*error)

    def objects(self) -> Sequence[dict[str, Any]]:
        return select_all(self.spec)


SINKS: list[type[Place]] = [JSONLPlace, ParquetPlace, SQLitePlace, PostgreSQLPlace]


def select_all(spec: str) -> list[dict[str, Any]]:
    """All rows of a table; none if there is no table yet."""
    import sqlalchemy

    url, _, table = spec.rpartition("#")
    url = url.replace("postgresql://", "postgresql+psycopg://")
    engine = sqlalchemy.create_engine(url)
    try:
        if not sqlalchemy.inspect(engine).has_table(table):
            return []
        with engine.connect() as connection:
            found = sqlalchemy.Table(table, sqlalchemy.MetaData(), autoload_with=engine)
            return [dict(row) for row in connection.execute(found.select()).mappings()]
    finally:
        engine.dispose()


class Cluster:
    """A PostgreSQL server of its own, started when it is first needed; see `postgresql`."""

    def __init__(self) -> None:
        self._folder = ""
        self._databases = 0
        # The server's own programs are not in the PATH with Debian's package.
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        found = str(binaries[-1]) if binaries else shutil.which("initdb")
        self._bin = None if found is None else Path(found).resolve().parent

    def new_database(self) -> str:
        """An empty database; gives its URL."""
        if not self._folder:
            self._start()
        self._databases += 1
        name = f"test_{self._databases}"
        psql = ("-h", self._folder, "-q", "-d", "postgres", "-c", f"CREATE DATABASE {name}")
        self._run("psql", *psql)
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def _start(self) -> None:
        if self._bin is None or shutil.which("runuser") is None:
            pytest.skip("PostgreSQL is not installed")
        if os.geteuid() != 0:
            pytest.skip("PostgreSQL is started as its own user, which takes root")
        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("there is no user for PostgreSQL")
        self._folder = tempfile.mkdtemp(prefix="postgres-")
        os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        data = f"{self._folder}/data"
        self._run("initdb", "-A", "trust", "--no-sync", "-D", data)
        # No port: it listens on a socket in the folder alone.
        options = f"-c listen_addresses= -c unix_socket_directories={self._folder} -c fsync=off"
        log = f"{self._folder}/log"
        self._run("pg_ctl", "-D", data, "-o", options, "-w", "-l", log, "start")

    def stop(self) -> None:
        """Stop the server, and remove its folder."""
        if self._folder:
            self._run("pg_ctl", "-D", f"{self._folder}/data", "-m", "immediate", "stop")
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            ["runuser", "-u", "postgres", "--", f"{self._bin}/{program}", *arguments],
            cwd=self._folder,
            stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT if program != "pg_ctl" else subprocess.DEVNULL,
            text=True,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}"


cluster = Cluster()
"""Of this test process; `conftest.py` stops it."""


@contextmanager
def postgresql() -> Iterator[str]:
    """A database of its own; gives its URL."""
    yield cluster.new_database()
