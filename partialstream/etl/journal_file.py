"""The journal's file: a SQLite database that is locked for one run and belongs to one job."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from typing_extensions import Self

from partialstream.etl.errors import JournalError, JournalInUseError, JournalMismatchError
from partialstream.etl.job import describe, differences

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from partialstream.etl.job import Identity

_VERSION: Final = "1"

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS job (part TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL,
    state TEXT NOT NULL,
    run INTEGER NOT NULL,            -- the last run that read it
    batch INTEGER,                   -- the recorded batch that delivers it
    list_complete INTEGER NOT NULL DEFAULT 0,  -- whether its list has ended; repairs may follow
    in_sink INTEGER NOT NULL DEFAULT 0,  -- whether the sink has rows of it
    rows INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    starts INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    error TEXT,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost REAL,
    first_row REAL,
    seconds REAL,
    ended_at TEXT
);
CREATE INDEX IF NOT EXISTS undelivered ON documents (state, number)
    WHERE state = 'done' OR (state = 'failed' AND in_sink);
CREATE TABLE IF NOT EXISTS rows (
    document INTEGER NOT NULL,
    place INTEGER NOT NULL,
    raw TEXT NOT NULL,    -- as the model wrote it
    value TEXT,           -- as delivered; NULL if it did not validate
    reason TEXT,          -- why it did not validate
    PRIMARY KEY (document, place)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letters (
    number INTEGER PRIMARY KEY,
    document TEXT NOT NULL,
    place INTEGER,
    raw TEXT,
    reason TEXT NOT NULL
);
"""


class JournalFile:
    """The journal of one job, open for one run. Thread-safe.

    Args:
        path: The file, created if it does not exist. Beside it are those of SQLite (`-wal`,
            `-shm`) and the lock file (`-lock`).

    Raises:
        JournalInUseError: Another run uses it.
        JournalError: It cannot be opened, or is not a journal.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._lock = threading.RLock()
        self._lock_connection = _acquire_lock(self.path)
        try:
            with sqlite_errors(self.path):
                self._db = sqlite3.connect(
                    self.path, isolation_level=None, check_same_thread=False, timeout=30
                )
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
                self._db.executescript(_TABLES)
        except BaseException:
            self._lock_connection.close()
            raise
        self.run = int(self._get("run") or "0") + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and release the lock."""
        with self._lock:
            self._db.close()
            self._lock_connection.close()

    # -- the job ---------------------------------------------------------------------------

    def begin_run(self, identity: Identity) -> None:
        """Register a run of a job.

        Raises:
            JournalMismatchError: The journal belongs to another job.
        """
        now = {"version": _VERSION, **identity}
        with self._transaction() as db:
            stored = dict(db.execute("SELECT part, value FROM job WHERE part LIKE 'job.%'"))
            journal = {part[4:]: value for part, value in stored.items()}
            if journal:
                found = differences(journal, now)
                if found:
                    listed = "; ".join(describe(name, *pair) for name, pair in found.items())
                    raise JournalMismatchError(
                        f"{self.path} belongs to another job: {listed}", found
                    )
            else:
                db.executemany(
                    "INSERT INTO job VALUES (?, ?)",
                    [(f"job.{name}", value) for name, value in now.items()],
                )
            self._set("run", str(self.run))

    def state(self, name: str) -> str | None:
        """The stored state of a sink, None if there is none."""
        return self._get(f"state.{name}")

    def set_state(self, name: str, state: str) -> None:
        """Store the state of a sink."""
        with self._transaction():
            self._set(f"state.{name}", state)

    # -- SQLite ----------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._lock, sqlite_errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                if self._db.in_transaction:  # a full disk has rolled it back already
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _get(self, part: str) -> str | None:
        with self._lock, sqlite_errors(self.path):
            row = self._db.execute("SELECT value FROM job WHERE part = ?", (part,)).fetchone()
            return None if row is None else str(row[0])

    def _set(self, part: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO job VALUES (?, ?)", (part, value))


def _acquire_lock(path: str) -> sqlite3.Connection:
    """Lock a journal until the returned connection is closed or the process dies.

    The lock is SQLite's, which works on every system. It is on a file of its own, so that the
    journal can be read by others during a run.
    """
    with sqlite_errors(path):
        connection = sqlite3.connect(
            f"{path}-lock", isolation_level=None, check_same_thread=False, timeout=0
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if "locked" in str(error):
                raise JournalInUseError(f"another run uses the journal {path}") from error
            raise
        return connection


@contextmanager
def sqlite_errors(path: str) -> Generator[None]:
    """Translate SQLite's errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"the journal {path} cannot be used: {error}") from error
