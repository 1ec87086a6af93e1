"""Sinks and journals that are removed or changed between two runs."""

from __future__ import annotations

import json
import shutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from etl_runs import DRIVERS, Model, expected, job, lines
from etl_sinks import SINKS, JSONLPlace, ParquetPlace, Place, PostgreSQLPlace, SQLitePlace
from extras import needs

from partialstream.etl import Document, JournalMismatchError, SinkError
from partialstream.testing import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [needs("parquet", "pyarrow"), needs("sql", "sqlalchemy")]

driver = DRIVERS[0]


@pytest.fixture(params=SINKS, ids=lambda kind: kind.__name__)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where rows go."""
    with request.param(tmp_path) as place:
        yield place


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    """Does the job."""
    with ReplayServer(Model()) as server:
        yield server


def execute(place: Place, statement: str) -> None:
    sqlalchemy: Any = import_module("sqlalchemy")
    url = place.spec.rpartition("#")[0].replace("postgresql://", "postgresql+psycopg://")
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(statement))
    engine.dispose()


def remove(place: Place) -> None:
    """Remove a sink, or a part of it."""
    if isinstance(place, ParquetPlace):
        min(Path(place.spec).glob("part-*.parquet")).unlink()
    elif isinstance(place, JSONLPlace):
        Path(place.spec).unlink()
    elif isinstance(place, PostgreSQLPlace):
        execute(place, "DROP TABLE articles")
    else:
        (place.folder / "rows.db").unlink()


def test_a_removed_sink_is_refused(place: Place, server: ReplayServer, tmp_path: Path) -> None:
    options = {"journal": tmp_path / "run.db", "sink": place.spec}
    driver.run(server, job(3, rows=2), **options)
    remove(place)
    with pytest.raises(SinkError, match=r"removed.*; restore it, or begin a new journal"):
        driver.run(server, job(5, rows=2), **options)
    assert len(server.requests) == 3
    assert place.objects() == []


def test_without_its_journal_a_file_is_refused_and_a_table_is_filled_again(
    place: Place, server: ReplayServer, tmp_path: Path
) -> None:
    options = {"journal": tmp_path / "run.db", "sink": place.spec}
    driver.run(server, [*job(3, rows=2), Document("gone", "9|2")], **options)
    (tmp_path / "run.db").unlink()
    before = place.objects()
    if isinstance(place, (JSONLPlace, ParquetPlace)):
        with pytest.raises(SinkError, match="exists, and this journal did not write it"):
            driver.run(server, job(3, rows=1), **options)
        assert place.objects() == before
        assert len(server.requests) == 4
        return
    bad = Document("gone", "", problem="cannot be read")
    driver.run(server, [*job(3, rows=1), bad], **options)
    assert place.rows() == expected(3, rows=1)
    assert place.count() == 3


@pytest.mark.parametrize(
    "added",
    ['{"note": "by hand"}\n', "by hand", '{"document": "x"}\nby hand\n', "\n"],
)
def test_lines_that_somebody_else_has_added_are_not_truncated(
    added: str, server: ReplayServer, tmp_path: Path
) -> None:
    sink = tmp_path / "rows.jsonl"
    options = {"journal": tmp_path / "run.db", "sink": sink}
    driver.run(server, job(2, rows=2), **options)
    whole = sink.read_text("utf-8")
    sink.write_text(whole + added, "utf-8")
    with pytest.raises(SinkError, match="something other than rows"):
        driver.run(server, job(3, rows=2), **options)
    assert sink.read_text("utf-8") == whole + added
    sink.write_text("x" * len(whole.encode()) + "y", "utf-8")
    with pytest.raises(SinkError, match="something other than rows"):
        driver.run(server, job(3, rows=2), **options)


@pytest.mark.parametrize("left", ["", '{"docu', '{"document":"a","row":0}\n{"document":"b","r'])
def test_lines_that_a_crash_has_left_are_truncated(
    left: str, server: ReplayServer, tmp_path: Path
) -> None:
    sink = tmp_path / "rows.jsonl"
    options = {"journal": tmp_path / "run.db", "sink": sink}
    driver.run(server, job(2, rows=2), **options)
    with sink.open("a", encoding="utf-8") as file:
        file.write(left)
    driver.run(server, job(3, rows=2), **options)
    assert len(lines(sink)) == 6
    with sink.open("ab") as file:
        file.write(bytes(5000))  # as after a power failure
    driver.run(server, job(4, rows=2), **options)
    assert len(lines(sink)) == 8


@pytest.mark.parametrize("how", ["removed", "emptied", "shortened"])
def test_dead_letters_may_be_removed(how: str, server: ReplayServer, tmp_path: Path) -> None:
    letters = tmp_path / "run.dead-letters.jsonl"
    options = {"journal": tmp_path / "run.db", "sink": tmp_path / "rows.jsonl"}
    bad = [Document(f"bad-{number}", "", problem="cannot be read") for number in range(4)]
    driver.run(server, bad[:3], **options)
    first = lines(letters)[0]
    if how == "removed":
        letters.unlink()
    else:
        letters.write_text(f"{json.dumps(first)}\n" if how == "shortened" else "")
    driver.run(server, [*bad, *job(2, rows=1)], **options)
    kept = ["bad-0"] if how == "shortened" else []
    assert [each["document"] for each in lines(letters)] == [*kept, "bad-3"]
    driver.run(server, job(3, rows=1), **options)
    assert len(lines(letters)) == len(kept) + 1
    assert len(lines(tmp_path / "rows.jsonl")) == 3


def test_a_folder_for_dead_letters_is_an_error(server: ReplayServer, tmp_path: Path) -> None:
    (tmp_path / "dead").mkdir()
    options = {"journal": tmp_path / "run.db", "dead_letters": tmp_path / "dead"}
    bad = Document("bad", "", problem="cannot be read")
    with pytest.raises(SinkError, match="dead"):
        driver.run(server, [bad], sink=tmp_path / "rows.jsonl", **options)


def test_a_column_that_cannot_be_null_is_refused(server: ReplayServer, tmp_path: Path) -> None:
    from pydantic import BaseModel

    class Loose(BaseModel):
        article: str | None = None
        count: int

    place = SQLitePlace(tmp_path)
    execute(
        place,
        "CREATE TABLE articles (document TEXT, row BIGINT, article TEXT NOT NULL, count BIGINT)",
    )
    options = {"journal": tmp_path / "run.db", "sink": place.spec, "response_model": Loose}
    with pytest.raises(SinkError, match="a column 'article' that cannot be NULL"):
        driver.run(server, job(1), **options)
    assert not server.requests


def test_the_folders_of_a_sink_are_created(server: ReplayServer, tmp_path: Path) -> None:
    for name in ("a/b/rows.jsonl", "c/d/rows.parquet"):
        journal = tmp_path / f"{name[0]}.db"
        driver.run(server, job(1, rows=1), journal=journal, sink=tmp_path / name)
        assert (tmp_path / name).exists()
    shutil.rmtree(tmp_path / "a")


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet", "sqlite:///{}/rows.db#rows"])
def test_a_journal_and_its_sink_can_be_moved_together(name: str, tmp_path: Path) -> None:
    def files(folder: Path) -> dict[str, Any]:
        sink = name.format(folder) if "{" in name else folder / name
        return {"journal": folder / "run.db", "sink": sink}

    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    with ReplayServer(Model()) as server:
        DRIVERS[0].run(server, job(2, rows=2), **files(before))
        before.rename(after)
        summary = DRIVERS[0].run(server, job(3, rows=2), **files(after))
        assert (summary.known, summary.done) == (2, 1)
        (after / "elsewhere").mkdir()
        with pytest.raises(JournalMismatchError, match="different sink"):
            DRIVERS[0].run(
                server, job(3), **{**files(after / "elsewhere"), "journal": after / "run.db"}
            )
