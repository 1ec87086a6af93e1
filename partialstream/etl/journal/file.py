"""The journal's file: a SQLite database that is locked for one run and belongs to one job."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Final

from typing_extensions import Self

from partialstream.etl.errors import JournalError, JournalInUseError, JournalMismatchError
from partialstream.etl.journal.job import describe, differences

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from partialstream.etl.journal.job import Identity

_APPLICATION: Final = 0x7073746A
"""SQLite's `application_id` of a journal."""

_VERSION: Final = 2
"""The version of the tables, SQLite's `user_version`."""

_TABLES: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE job (part TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL,              -- of the text
    state TEXT NOT NULL,             -- open, done, delivered, failed
    run INTEGER NOT NULL,            -- the last run that read it
    undelivered INTEGER NOT NULL DEFAULT 0,    -- 1 from its end until its batch is marked
    batch INTEGER,                   -- the recorded batch that delivers it
    list_complete INTEGER NOT NULL DEFAULT 0,  -- whether its list has ended; repairs may follow
    rows INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    starts INTEGER NOT NULL DEFAULT 0,         -- runs that read it
    requests INTEGER NOT NULL DEFAULT 0,       -- attempts, over all runs
    outcome TEXT,
    error TEXT,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost REAL,                       -- US dollars
    first_row REAL,                  -- seconds to the first row, in the last run that read it
    seconds REAL,                    -- duration of the last run's call
    ended_at TEXT
);
CREATE INDEX undelivered ON documents (number) WHERE undelivered;
CREATE TABLE rows (
    document INTEGER NOT NULL,
    row_index INTEGER NOT NULL,
    raw TEXT NOT NULL,    -- as the model wrote it
    value TEXT,           -- as delivered; NULL if it did not validate
    reason TEXT,          -- why it did not validate
    batch INTEGER,        -- see batches.py
    PRIMARY KEY (document, row_index)
) WITHOUT ROWID;
CREATE INDEX committed_rows ON rows (batch, document) WHERE batch != 0;
CREATE TABLE dead_letters (
    number INTEGER PRIMARY KEY,
    document TEXT NOT NULL,
    row_index INTEGER,
    raw TEXT,
    reason TEXT NOT NULL
);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
COMMIT;
"""


_CACHE_KIB: Final = 256
"""SQLite's page cache. The default of 2 MB fills slowly, which looks like a leak in a long run, and
the operating system caches the pages as well."""


class JournalFile:
    """The journal of one job, open for one run. Thread-safe.

    Args:
        path: The file, created if it does not exist. Beside it are those of SQLite (`-wal`,
            `-shm`) and the lock file (`-lock`).
        commit_rows: Whether the rows of open documents are delivered, too.

    Raises:
        JournalInUseError: Another run uses it.
        JournalError: It cannot be opened, or is not a journal.
    """

    def __init__(self, path: str | os.PathLike[str], *, commit_rows: bool = False) -> None:
        self.path = os.fspath(path)
        self._commit_rows = commit_rows
        self._lock = threading.RLock()
        _check_file(self.path)
        self._lock_connection = _acquire_lock(self.path)
        with ExitStack() as stack, sqlite_errors(self.path):
            stack.callback(self._lock_connection.close)
            self._db = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=30
            )
            stack.callback(self._db.close)
            self._prepare()
            self.run = int(self._get("run") or "0") + 1
            stack.pop_all()

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

    def _prepare(self) -> None:
        """Create the tables in a new file; refuse a file that is not a journal of this version."""
        is_new = not has_tables(self._db, self.path)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        if is_new:
            self._db.executescript(_TABLES)

    # -- the job ---------------------------------------------------------------------------

    def begin_run(self, identity: Identity) -> None:
        """Register a run of a job.

        Raises:
            JournalMismatchError: The journal belongs to another job.
        """
        with self._transaction() as db:
            stored = dict(db.execute("SELECT part, value FROM job WHERE part LIKE 'job.%'"))
            journal = {part[4:]: value for part, value in stored.items()}
            if journal:
                found = differences(journal, identity)
                if found:
                    listed = "; ".join(describe(name, *pair) for name, pair in found.items())
                    advice = "use another journal"
                    if not self._has_results():
                        advice += ", or delete this one, which has no results"
                    raise JournalMismatchError(
                        f"{self.path} belongs to another job: {listed}; {advice}", found
                    )
            else:
                db.executemany(
                    "INSERT INTO job VALUES (?, ?)",
                    [(f"job.{name}", value) for name, value in identity.items()],
                )
            self._set("run", str(self.run))

    def _has_results(self) -> bool:
        """Whether there is more than documents whose first request has failed."""
        (found,) = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM rows) OR EXISTS "
            "(SELECT 1 FROM documents WHERE state != 'open' OR output_tokens > 0)"
        ).fetchone()
        return bool(found)

    def state(self, name: str) -> str | None:
        """The stored state of the sink, or of the dead letter file; None if there is none."""
        return self._get(f"state.{name}")

    def set_state(self, name: str, state: str) -> None:
        """Store the state of a sink, or of the dead letter file, that was opened; durably.

        If a power failure undid it, the next run would refuse the file as that of another journal.
        """
        with self._transaction():
            self._set(f"state.{name}", state)
        with self._lock, sqlite_errors(self.path):
            self._db.execute("PRAGMA wal_checkpoint(FULL)")

    # -- SQLite ----------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._lock, sqlite_errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have rolled it back already
                    self._db.execute("ROLLBACK")
                raise

    def _get(self, part: str) -> str | None:
        with self._lock, sqlite_errors(self.path):
            row = self._db.execute("SELECT value FROM job WHERE part = ?", (part,)).fetchone()
            return None if row is None else str(row[0])

    def _set(self, part: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO job VALUES (?, ?)", (part, value))


_LOCK_SECONDS: Final = 0.25
"""How long to wait for the lock, which `journal_status` holds for a moment to look at it."""


def lock_path(path: str) -> str:
    """The lock file of a journal, the same for every path that leads to it."""
    return f"{os.path.realpath(path)}-lock"


def _check_file(path: str) -> None:
    """Refuse what cannot be a journal, before a lock file is created beside it.

    By SQLite: to open and close the file in any other way would release locks of this process.
    """
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        raise JournalError(f"the journal {path} cannot be used: there is no folder {folder}")
    if os.path.isdir(path):
        raise JournalError(f"the journal {path} cannot be used: it is a folder; name a file")
    if os.path.exists(path):
        with sqlite_errors(path), closing(sqlite3.connect(path, timeout=30)) as db:
            has_tables(db, path)


def _acquire_lock(path: str) -> sqlite3.Connection:
    """Lock a journal until the returned connection is closed or the process dies.

    The lock is SQLite's, which works on every system. It is on a file of its own, so that the
    journal can be read by others during a run.
    """
    with sqlite_errors(path):
        connection = sqlite3.connect(
            lock_path(path), isolation_level=None, check_same_thread=False, timeout=_LOCK_SECONDS
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if "locked" in str(error):
                raise JournalInUseError(
                    f"another run uses the journal {path}; wait until it has ended"
                ) from error
            raise
        return connection


@contextmanager
def sqlite_errors(path: str) -> Generator[None]:
    """Translate SQLite's errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"the journal {path} cannot be used: {error}") from error


def has_tables(db: sqlite3.Connection, path: str) -> bool:
    """Whether a database has the tables of a journal; False if it has none at all.

    Raises:
        JournalError: It has others, or those of another version.
    """
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if tables and application != _APPLICATION:
        raise JournalError(f"{path} is not a journal, but another program's database")
    if tables and version != _VERSION:
        raise JournalError(
            f"the journal {path} has version {version}, and this release of partialstream "
            f"uses version {_VERSION}: finish the job with the release that began it, or "
            "begin a new journal"
        )
    return bool(tables)
