"""What a power failure and a crash leave: what was synced, and a batch that was not marked."""

from __future__ import annotations

import os
import stat
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import Row, lines
from extras import needs

from partialstream.etl import Batch, DocumentRows, SinkRow
from partialstream.etl.delivery import DeadLetters, Delivery
from partialstream.etl.journal.journal import Journal, ReadingStats
from partialstream.etl.serialization.row_format import RowFormat
from partialstream.etl.sinks.columns import columns_of
from partialstream.etl.sinks.specs import sink_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="folders are not synced there")

ROW = '{"article":"Lamp","count":1}'
COLUMNS = columns_of(RowFormat(Row, {}).schema())


class Disk:
    """Records what is synced: the size of a file, and the names in a folder."""

    def __init__(self) -> None:
        self._files: dict[int, int] = {}
        self._folders: dict[int, set[str]] = {}

    def fsync(self, handle: int) -> None:
        """Stands in for `os.fsync`."""
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            self._folders[found.st_ino] = set(os.listdir(handle))
        else:
            self._files[found.st_ino] = found.st_size

    def size_of(self, path: Path, root: Path) -> int | None:
        """The size of a file after a power failure; None if it is not found below `root`."""
        for each in [path, *path.parents]:
            if each == root:
                return self._files.get(path.stat().st_ino)
            if each.name not in self._folders.get(each.parent.stat().st_ino, ()):
                return None
        raise ValueError(f"{path} is not below {root}")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(os, "fsync", disk.fsync)
    return disk


def batch(number: int) -> Batch:
    return Batch(number, [DocumentRows(f"d{number}", [SinkRow(0, ROW)])])


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("a/b/rows.jsonl", ["a/b/rows.jsonl"]),
        pytest.param(
            "a/b/rows.parquet",
            ["a/b/rows.parquet/part-000001.parquet", "a/b/rows.parquet/part-000002.parquet"],
            marks=needs("parquet", "pyarrow"),
        ),
    ],
)
def test_a_batch_is_on_the_disk_when_it_is_delivered(
    name: str, files: list[str], disk: Disk, tmp_path: Path
) -> None:
    sink = sink_of(tmp_path / name)
    sink.open(COLUMNS, None)
    for number in (1, 2):
        sink.deliver(batch(number))
        for file in files[:number]:
            size = disk.size_of(tmp_path / file, tmp_path)
            assert size == (tmp_path / file).stat().st_size > 0
    sink.close()


def test_what_is_cut_off_a_file_does_not_come_back(disk: Disk, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    sink = sink_of(path)
    sink.open(COLUMNS, None)
    state = sink.deliver(batch(1))
    sink.deliver(batch(2))
    sink.close()
    sink_of(path).open(COLUMNS, state)
    assert disk.size_of(path, tmp_path) == path.stat().st_size == int(state or 0) > 0


def test_a_file_that_cannot_be_written_is_as_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    sink = sink_of(path)
    sink.open(COLUMNS, None)
    sink.deliver(batch(1))
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            sink.deliver(batch(2))
    assert path.read_bytes() == before
    sink.deliver(batch(2))
    sink.close()
    assert path.read_bytes().startswith(before)
    assert path.read_text().count("\n") == 2


def full(*_: object) -> None:
    raise OSError("No space left on device")


@needs("parquet", "pyarrow")
def test_a_part_file_that_cannot_be_written_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sink = sink_of(tmp_path / "rows.parquet")
    sink.open(COLUMNS, None)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            sink.deliver(batch(1))
    assert list((tmp_path / "rows.parquet").iterdir()) == []
    assert sink.deliver(batch(1)) == "1 1"
    # What a crash has left of the next one.
    (tmp_path / "rows.parquet" / ".part-000002.parquet").touch()
    sink.open(COLUMNS, "1 1")
    assert [path.name for path in (tmp_path / "rows.parquet").iterdir()] == ["part-000001.parquet"]


@needs("sql", "sqlalchemy")
def test_sqlite_syncs_each_transaction(tmp_path: Path) -> None:
    sink: Any = sink_of(f"sqlite:///{tmp_path}/rows.db#rows")
    with sink._engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    sink.close()
    assert found == 3  # EXTRA


class Watching:
    """A sink that looks at what the journal has marked."""

    name = "watching"
    can_replace = False
    batch_rows = 1

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.seen: list[tuple[int, int | None, dict[str, int]]] = []

    def open(self, columns: Any, state: str | None) -> None: ...

    def deliver(self, batch: Batch) -> str:
        self.seen.append((batch.number, self._journal.unmarked_batch(), self._journal.counts()))
        return str(batch.number)

    def close(self) -> None: ...


def test_a_batch_is_recorded_then_stored_then_marked(tmp_path: Path) -> None:
    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        add_document(journal)
        sink = Watching(journal)
        delivery = Delivery(journal, sink, DeadLetters(journal, str(tmp_path / "dead.jsonl")))
        delivery.open(COLUMNS)
        stored = delivery.store()
        assert stored is not None
        assert sink.seen == [(1, 1, {"done": 1})]
        assert (journal.unmarked_batch(), journal.counts()) == (1, {"done": 1})
        delivery.mark(stored)
        assert (journal.unmarked_batch(), journal.counts()) == (None, {"delivered": 1})
        assert journal.state("sink") == "1"


def add_document(journal: Journal) -> None:
    entry = journal.begin("d", b"", resume=True, can_replace=False, retry_failed=False)
    journal.add_row(entry.number, 0, ROW, ROW)
    journal.complete(entry.number, ReadingStats("complete"))


@pytest.mark.parametrize(
    "name", ["rows.jsonl", pytest.param("rows.parquet", marks=needs("parquet", "pyarrow"))]
)
def test_the_first_batch_was_stored_and_not_marked(name: str, tmp_path: Path) -> None:
    """The file is that of the journal all the same, and has the batch once in the end."""

    def files() -> dict[str, int]:
        paths = [*tmp_path.glob(name), *tmp_path.glob(f"{name}/*")]
        return {path.name: path.stat().st_size for path in paths if path.is_file()}

    def open_delivery(journal: Journal) -> Delivery:
        letters = DeadLetters(journal, str(tmp_path / "dead.jsonl"))
        delivery = Delivery(journal, sink_of(tmp_path / name), letters)
        delivery.open(COLUMNS)
        return delivery

    with Journal(tmp_path / "run.db") as journal:
        journal.begin_run({})
        add_document(journal)
        delivery = open_delivery(journal)
        assert delivery.store() is not None
        delivery.close()
        before = files()
        assert before
    with Journal(tmp_path / "run.db") as journal:
        delivery = open_delivery(journal)
        assert files() != before  # it was removed
        stored = delivery.store_unmarked()
        assert stored is not None
        delivery.mark(stored)
        delivery.close()
        assert journal.counts() == {"delivered": 1}
    assert files() == before


def test_dead_letters_were_written_and_not_marked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "dead.jsonl"
    with Journal(tmp_path / "run.db") as journal:
        journal.add_dead_letter("d", "too long")
        letters = DeadLetters(journal, str(path))
        letters.open()
        monkeypatch.setattr(journal, "mark_written", interrupt)
        with pytest.raises(KeyboardInterrupt):
            letters.write()
        letters.close()
        assert path.read_text().count("\n") == 1
    with Journal(tmp_path / "run.db") as journal:
        letters = DeadLetters(journal, str(path))
        letters.open()
        letters.write()
        letters.close()
        assert path.read_text().count("\n") == 1


def test_dead_letters_that_were_shortened_are_not_written_twice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "dead.jsonl"

    def write(*documents: str) -> None:
        letters = DeadLetters(journal, str(path))
        letters.open()
        for document in documents:
            journal.add_dead_letter(document, "too long")
        try:
            letters.write()
        finally:
            letters.close()

    with Journal(tmp_path / "run.db") as journal:
        write("a", "b")
        first = path.read_text().splitlines(keepends=True)[0]
        path.write_text(first)
        with monkeypatch.context() as patch:
            patch.setattr(journal, "mark_written", interrupt)
            with pytest.raises(KeyboardInterrupt):
                write("c")
        write()
        assert path.read_text() == first + first.replace("a", "c", 1)
        assert journal.state("dead_letters") == str(path.stat().st_size)


def test_all_dead_letters_are_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    with Journal(tmp_path / "run.db") as journal:
        letters = DeadLetters(journal, str(path))
        letters.open()
        for number in range(5):
            journal.add_dead_letter(str(number), "too long")
        monkeypatch.setattr(journal, "dead_letters", partial(journal.dead_letters, 2))
        letters.write()
        letters.close()
    assert [each["document"] for each in lines(path)] == ["0", "1", "2", "3", "4"]


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_dead_letter_is_in_the_journal_until_it_is_on_the_disk(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "dead.jsonl"
    with Journal(tmp_path / "run.db") as journal:
        letters = DeadLetters(journal, str(path))
        letters.open()
        journal.add_dead_letter("d", "too long")
        on_disk: list[int | None] = []
        mark = journal.mark_written

        def watch(*arguments: Any) -> None:
            on_disk.append(disk.size_of(path, tmp_path))
            assert len(journal.dead_letters()) == 1
            mark(*arguments)

        monkeypatch.setattr(journal, "mark_written", watch)
        letters.write()
        letters.close()
        assert path.read_bytes() == b'{"document": "d", "reason": "too long"}\n'
        assert on_disk == [path.stat().st_size]
        assert journal.dead_letters() == []
        assert journal.state("dead_letters") == str(path.stat().st_size)
