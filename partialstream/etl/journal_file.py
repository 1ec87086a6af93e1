"""The file of a journal: SQLite, locked for one run, and the job that it belongs to."""

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
    run INTEGER NOT NULL,            -- that touched it last
    batch INTEGER,                   -- in which it is delivered
    listed INTEGER NOT NULL DEFAULT 0,   -- whether the end of its list has come
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
    value TEXT,           -- as the sink gets it; NULL for one that did not validate
    reason TEXT,          -- why it did not
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
    """The journal of one job, open for one run. Any thread may use it.

    Args:
        path: The file; it is made if there is none. Beside it are SQLite's own (`-wal`, `-shm`),
            and one that is locked while the run lasts (`-lock`).

    Raises:
        JournalInUseError: Another run has it.
        JournalError: It cannot be opened, or is no journal.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._lock = threading.RLock()
        self._guard = _locked(self.path)
        try:
            with errors_of(self.path):
                self._db = sqlite3.connect(
                    self.path, isolation_level=None, check_same_thread=False, timeout=30
                )
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
                self._db.executescript(_TABLES)
        except BaseException:
            self._guard.close()
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
        """Let others have it."""
        with self._lock:
            self._db.close()
            self._guard.close()

    # -- the job ---------------------------------------------------------------------------

    def begin_run(self, identity: Identity) -> None:
        """Note that a run begins, if it is one of this journal's job.

        Raises:
            JournalMismatchError: It is another job.
        """
        now = {"version": _VERSION, **identity}
        with self._transaction() as db:
            there = dict(db.execute("SELECT part, value FROM job WHERE part LIKE 'job.%'"))
            journal = {part[4:]: value for part, value in there.items()}
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
        """What a sink has left here, by its name; None if nothing."""
        return self._get(f"state.{name}")

    def set_state(self, name: str, state: str) -> None:
        """Keep what a sink wants to know when it is opened again."""
        with self._transaction():
            self._set(f"state.{name}", state)

    # -- SQLite ----------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._lock, errors_of(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                if self._db.in_transaction:  # a full disk has rolled it back already
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _get(self, part: str) -> str | None:
        with self._lock, errors_of(self.path):
            row = self._db.execute("SELECT value FROM job WHERE part = ?", (part,)).fetchone()
            return None if row is None else str(row[0])

    def _set(self, part: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO job VALUES (?, ?)", (part, value))


def _locked(path: str) -> sqlite3.Connection:
    """Lock a journal for this run; the lock goes with the process, however it dies.

    SQLite's own locks are on every system; they are on a file of their own, as those on the
    journal would keep out whoever wants to look into it.
    """
    with errors_of(path):
        guard = sqlite3.connect(
            f"{path}-lock", isolation_level=None, check_same_thread=False, timeout=0
        )
        try:
            guard.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            guard.close()
            if "locked" in str(error):
                raise JournalInUseError(f"another run uses the journal {path}") from error
            raise
        return guard


@contextmanager
def errors_of(path: str) -> Generator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"the journal {path} cannot be used: {error}") from error
