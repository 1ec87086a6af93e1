"""The state of a job, read from its journal without a run; also while a run is using it."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from partialstream.etl.errors import JournalError
from partialstream.etl.journal.file import has_tables, lock_path
from partialstream.etl.report.figures import count, dollars, plain_table
from partialstream.etl.report.summary import FailedDocument, JobTotals
from partialstream.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

_SHOWN: Final = 20
"""Failed documents that the text lists; JSON has all of them."""


@dataclass(frozen=True, slots=True)
class JournalStatus:
    """The state of a job, from its journal.

    `str(status)` is for people, `status.as_dict()` and `status.to_json()` are for programs.

    Attributes:
        path: The journal.
        job: What identifies the job: `"model"`, `"endpoint"`, `"prompt"`, `"sink"` and others.
            Empty if no run has started yet.
        runs: How many runs there were, the current one included.
        in_use: Whether a run is using the journal now.
        totals: The totals over all runs.
        failed: The failed documents.
    """

    path: str
    job: Mapping[str, str]
    runs: int
    in_use: bool
    totals: JobTotals
    failed: tuple[FailedDocument, ...]

    def as_dict(self) -> dict[str, Any]:
        """All of it, in plain dicts and lists."""
        return {**asdict(self), "failed": [asdict(each) for each in self.failed]}

    def to_json(self, *, indent: int | None = None) -> str:
        """All of it as a JSON object.

        Args:
            indent: Spaces per level; None for one line.
        """
        return json.dumps(self.as_dict(), indent=indent)

    def __str__(self) -> str:
        job, totals = self.job, self.totals
        about = [
            ("journal", f"{self.path}{' (in use)' if self.in_use else ''}"),
            *((name, job[name]) for name in ("model", "endpoint", "sink") if job.get(name)),
            ("runs", str(self.runs)),
        ]
        rows = [
            ("documents", count(totals.documents)),
            ("  delivered", count(totals.delivered)),
            ("  complete, not delivered", count(totals.done)),
            ("  open", count(totals.open)),
            ("  failed", count(totals.failed)),
            ("rows", count(totals.rows)),
            ("rejected rows", count(totals.rejected)),
            ("requests", count(totals.requests)),
            ("input tokens", count(totals.input_tokens)),
            ("output tokens", count(totals.output_tokens)),
        ]
        if totals.cost is not None:
            rows.append(("cost", dollars(totals.cost)))
        width = max(len(name) for name, _ in about)
        lines = [f"{name:{width}}  {printable(text)}" for name, text in about]
        lines += ["", plain_table(rows)]
        if self.failed:
            lines += ["", "failed documents"]
            shown = self.failed[:_SHOWN]
            lines += [f"  {printable(each.id)}: {printable(each.reason)}" for each in shown]
            if len(self.failed) > _SHOWN:
                lines.append(f"  and {count(len(self.failed) - _SHOWN)} more")
        return "\n".join(lines)


def journal_status(path: str | os.PathLike[str]) -> JournalStatus:
    """Read the state of a job from its journal, without changing anything.

    It does not need the client, the documents or the sink, and works while a run is using the
    journal.

    Args:
        path: The journal.

    Raises:
        JournalError: There is no such file, or it is not a journal, or it cannot be read.

    Example:
        >>> status = journal_status("run.db")  # doctest: +SKIP
        >>> status.totals.delivered, status.totals.failed  # doctest: +SKIP
        (90, 7)
        >>> [document.reason for document in status.failed][:1]  # doctest: +SKIP
        ['HTTP 400: too long']
    """
    path = os.fspath(path)
    return _read(path, lambda db: _status(path, db))


def job_totals(path: str) -> JobTotals:
    """The totals of a job.

    Raises:
        JournalError: As for `journal_status`.
    """
    return _read(path, _totals)


_ATTEMPTS: Final = 3


def _read(path: str, query: Callable[[sqlite3.Connection], T]) -> T:
    if not Path(path).is_file():
        raise JournalError(f"there is no journal {path}")
    try:
        for _ in range(_ATTEMPTS):
            before = _version_of(path)
            if before is None:
                break
            result = _query(path, query, immutable=True)
            if _version_of(path) == before:
                return result
        return _query(path, query, immutable=False)
    except sqlite3.OperationalError as error:
        raise JournalError(f"the journal {path} cannot be read: {error}") from error
    except sqlite3.DatabaseError as error:
        raise JournalError(f"{path} is not a journal: {error}") from error


def _version_of(path: str) -> tuple[int, int] | None:
    """The time and size of the last write; None if there is a write-ahead log.

    Without a log, the file is opened as immutable, so that SQLite creates no log for reading. Such
    files would stay behind, and the next run could not write them if they belong to another user.
    """
    if Path(f"{path}-wal").exists():
        return None
    stat = Path(path).stat()
    return stat.st_mtime_ns, stat.st_size


def _query(path: str, query: Callable[[sqlite3.Connection], T], *, immutable: bool) -> T:
    options = "mode=ro&immutable=1" if immutable else "mode=ro"
    uri = f"{Path(path).absolute().as_uri()}?{options}"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)) as db:
        db.execute("BEGIN")  # all queries see the same state
        if not has_tables(db, path):
            raise JournalError(f"{path} is not a journal: it is empty")
        return query(db)


def _status(path: str, db: sqlite3.Connection) -> JournalStatus:
    stored: dict[str, str] = dict(db.execute("SELECT part, value FROM job"))
    failed = db.execute(
        "SELECT id, coalesce(error, '') FROM documents WHERE state = 'failed' ORDER BY number"
    )
    return JournalStatus(
        path=path,
        job={name[4:]: stored[name] for name in stored if name.startswith("job.")},
        runs=int(stored.get("run", "0")),
        in_use=_in_use(path),
        totals=_totals(db),
        failed=tuple(FailedDocument(*row) for row in failed),
    )


def _totals(db: sqlite3.Connection) -> JobTotals:
    states: dict[str, int] = dict(
        db.execute("SELECT state, count(*) FROM documents GROUP BY state")
    )
    sums = db.execute(
        "SELECT coalesce(sum(rows), 0), coalesce(sum(rejected), 0), coalesce(sum(requests), 0), "
        "coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), sum(cost) FROM documents"
    ).fetchone()
    names = ("open", "done", "delivered", "failed")
    return JobTotals(sum(states.values()), *(states.get(name, 0) for name in names), *sums)


def _in_use(path: str) -> bool:
    """Whether a run holds the lock beside the journal."""
    lock = Path(lock_path(path))
    if not lock.exists():
        return False
    uri = f"{lock.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=0)) as db:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    return False
