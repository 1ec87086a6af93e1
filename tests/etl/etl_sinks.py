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


@contextmanager
def postgresql() -> Iterator[str]:
    """A database of its own, while the block lasts; gives its URL."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (str(binaries[-1]) if binaries else None)
    if found is None or shutil.which("runuser") is None or os.geteuid() != 0:
        pytest.skip("PostgreSQL is not installed, or not to be started as its own user")
    try:
        owner = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("there is no user for PostgreSQL")
    bin_ = str(Path(found).resolve().parent)
    folder = tempfile.mkdtemp(prefix="postgres-")
    os.chown(folder, owner.pw_uid, owner.pw_gid)

    def run(*command: str) -> None:
        subprocess.run(
            ["runuser", "-u", "postgres", "--", *command],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    try:
        run(f"{bin_}/initdb", "-A", "trust", "--no-sync", "-D", f"{folder}/data")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run(
            f"{bin_}/pg_ctl",
            "-D",
            f"{folder}/data",
            "-o",
            options,
            "-w",
            "-l",
            f"{folder}/log",
            "start",
        )
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            run(f"{bin_}/pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
